"""Time, as the gateway is given it."""

from __future__ import annotations

from datetime import UTC, datetime

from trunkcall.domain.instants import Instant, from_datetime


def wall_clock() -> Instant:
    return from_datetime(datetime.now(UTC))
