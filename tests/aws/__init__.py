"""Tests of the wire, without a server: botocore is the other half of every round trip."""

from __future__ import annotations
