"""When calendar months begin in a time zone.

Decides what a month is for those who count by it. Time zones are known here and not in the engine, which is handed the
function.
"""

from __future__ import annotations

from datetime import UTC, tzinfo

from trunkcall.domain.abandonment import MonthBegins
from trunkcall.domain.instants import Instant, from_datetime, to_datetime


def months_in(zone: tzinfo) -> MonthBegins:
    """The beginnings of the months in a time zone: midnight before the first day, by the zone's own clocks."""

    def month_begins(at: Instant) -> Instant:
        local = to_datetime(at).astimezone(zone)
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        # Where clocks are put forward across midnight, its instant may come out after the month's first.
        return min(from_datetime(first.astimezone(UTC)), at)

    return month_begins
