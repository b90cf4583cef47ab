"""Tests of the ASGI side, over a caller in the same process."""

from __future__ import annotations
