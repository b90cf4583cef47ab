"""Tests of the stores: one conformance suite for all of them, and what is particular to each."""

from __future__ import annotations
