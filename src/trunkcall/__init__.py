"""Trunkcall: an outbound-campaign dialer that speaks the Amazon Connect Outbound Campaigns API."""

from __future__ import annotations

__version__ = "0.1.0"
