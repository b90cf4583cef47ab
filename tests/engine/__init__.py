"""Tests of the engine: stories in the words of a call centre, and properties that hold whatever happens."""

from __future__ import annotations
