"""Tests of carriers: one conformance suite, and what is particular to each."""

from __future__ import annotations
