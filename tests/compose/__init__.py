"""Tests of what an installation is made of."""

from __future__ import annotations
