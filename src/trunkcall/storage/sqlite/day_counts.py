"""What a write transaction counts by the day for calling limits, and has yet to write.

Decides how such counts stay right and cheap: each is read once, changed in memory, and written once before the commit.
It must not know limits.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from trunkcall.domain.calling_limits import DayCount
from trunkcall.domain.clearance import DayLimit, HoldReason
from trunkcall.domain.instants import DAY, Instant
from trunkcall.storage.sqlite.clearances import Day
from trunkcall.storage.sqlite.statements import QUERIES, Row, fetch_all

FULL: Final = 1 << 62
"""What a damaged count is taken for: nobody is dialed for its sake whom a limit would have held back."""


@dataclass(slots=True)
class _Counted:
    attempts: int
    spend: int
    more_attempts: int = 0
    more_spend: int = 0


class DayCounts:
    """Of all instances."""

    __slots__ = ("_connection", "_counted", "_days")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._counted: dict[tuple[str, Day], _Counted] = {}
        self._days: dict[str, set[Instant]] = {}
        """Of each instance: when the days began for which anything was counted, as far back as any limit looks."""

    def count(self, instance_id: str, limit: DayLimit) -> DayCount:
        """What was counted, by this transaction too."""
        day = limit.reason, limit.key, limit.began_at
        there = self._days_of(instance_id, limit.began_at)
        days = [(limit.reason, limit.key, each) for each in there if limit.counts_day_of(each)]
        counted = [self._read(instance_id, each) for each in days]
        return DayCount(*day, sum(each.attempts for each in counted), sum(each.spend for each in counted))

    def add(self, instance_id: str, day: Day, attempts: int, spend: int) -> None:
        """Count so many attempts more, and so much more spent; fewer and less, if it is below 0."""
        self._days_of(instance_id, day[2]).add(day[2])
        counted = self._read(instance_id, day)
        counted.attempts += attempts
        counted.spend += spend
        counted.more_attempts += attempts
        counted.more_spend += spend

    def flush(self) -> None:
        """Write what was counted."""
        for (instance_id, day), counted in self._counted.items():
            if counted.more_attempts or counted.more_spend:
                values = {
                    **_parameters(instance_id, day),
                    "attempts": counted.more_attempts,
                    "spend": counted.more_spend,
                    "full": FULL,
                }
                self._connection.execute(QUERIES["add_to_day"], values)
                counted.more_attempts = counted.more_spend = 0

    def _days_of(self, instance_id: str, began_at: Instant) -> set[Instant]:
        days = self._days.get(instance_id)
        if days is None:
            found = fetch_all(
                self._connection, "counted_days", {"instance_id": instance_id, "after": began_at - 3 * DAY}
            )
            days = self._days[instance_id] = {row.day_at for row in found if type(row.day_at) is int}
        return days

    def _read(self, instance_id: str, day: Day) -> _Counted:
        counted = self._counted.get((instance_id, day))
        if counted is None:
            found = fetch_all(self._connection, "day_count", _parameters(instance_id, day))
            numbers = (_number(found[0].attempts), _number(found[0].spend)) if found else (0, 0)
            counted = self._counted[instance_id, day] = _Counted(*numbers)
        return counted


def _parameters(instance_id: str, day: Day) -> dict[str, Any]:
    reason, key, began_at = day
    return {"instance_id": instance_id, "kind": reason.value, "key": key, "day_at": began_at}


def _number(value: Any) -> int:
    return value if type(value) is int else FULL


def day_count_from_row(row: Row) -> DayCount | None:
    """None of one for a reason that there is not."""
    if row.kind not in set(HoldReason) or type(row.key) is not str or type(row.day_at) is not int:
        return None
    return DayCount(HoldReason(row.kind), row.key, row.day_at, _number(row.attempts), _number(row.spend))
