"""A test bed of a real switch: Asterisk, and far ends at the other end of its trunks, in a closed network namespace."""

from __future__ import annotations
