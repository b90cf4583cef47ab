"""When calendar months begin in a time zone.

Decides what a month is for those who count by it. It must not know what is counted. Zones are known by their names, so
that whoever counts by one can be written down, compared and made anew; what a name means is the time zone database's.
"""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

from trunkcall.domain.instants import Instant, from_datetime, to_datetime


def month_begins(at: Instant, time_zone: str) -> Instant:
    """When the calendar month of an instant began: midnight before its first day, by the clocks of the IANA time zone
    of this name. Raises an error of ``zoneinfo`` if there is none."""
    local = to_datetime(at).astimezone(ZoneInfo(time_zone))
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    # Where clocks are put forward across midnight, its instant may come out after the month's first.
    return min(from_datetime(first.astimezone(UTC)), at)
