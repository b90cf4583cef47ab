"""What is counted of a day: attempts, numbers shown, money.

Decides when a day begins and ends, under which key each is counted, and what a call is charged until its end is known.
It must not know who may be dialed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from trunkcall.domain.calling_limits import DayCount
from trunkcall.domain.calling_rules import CallingRules, Rate
from trunkcall.domain.clearance import DayLimit, HoldReason
from trunkcall.domain.instants import HOUR, MINUTE, Instant, from_datetime, to_datetime

ATTEMPTS: Final = "attempts"
"""The key under which the attempts of an instance are counted by day."""
_SHOWN: Final = "shown "
_SHORTEST_DAY: Final = 23 * HOUR


def shown_key(caller_id: str) -> str:
    """The key under which attempts are counted by day that show this number, E.164."""
    return f"{_SHOWN}{caller_id}"


def shown_of(count: DayCount) -> str | None:
    """The number that attempts have shown which were counted here; None if something else was counted."""
    of_caller_id = count.reason is HoldReason.CALLER_ID_LIMIT and count.key.startswith(_SHOWN)
    return count.key.removeprefix(_SHOWN) if of_caller_id else None


def day_limits(rules: CallingRules, at: Instant) -> list[DayLimit]:
    """Of all calls that the instance makes. They are counted without a limit too: one may be put in the middle of a
    day."""
    return [_limit(ATTEMPTS, rules, rules.limits.attempts_per_day, HoldReason.DAY_LIMIT, at)]


def shown_limit(rules: CallingRules, caller_id: str, at: Instant) -> DayLimit:
    """Of attempts that show this number, E.164."""
    most = rules.caller_ids.attempts_per_day
    return _limit(shown_key(caller_id), rules, most, HoldReason.CALLER_ID_LIMIT, at)


def spend_limits(rules: CallingRules, number: str, at: Instant) -> tuple[DayLimit, ...]:
    """What may be spent in the day of this instant, by prefixes of the number."""
    spending = rules.limits.spending
    if spending is None:
        return ()
    return tuple(
        _limit(f"spent {prefix}", rules, most, HoldReason.SPEND_LIMIT, at)
        for prefix, most in spending.per_day.items()
        if number.startswith(prefix)
    )


def _limit(key: str, rules: CallingRules, most: int | None, reason: HoldReason, at: Instant) -> DayLimit:
    """With the days of other time zones: by which one days are counted may change, and differ between policies."""
    began_at, ends_at = day_of(at, rules.time_zone)
    day_before_at, _ = day_of(began_at - MINUTE, rules.time_zone)
    return DayLimit(key, began_at, ends_at, most, reason, day_before_at)


def shown_in(counts: Iterable[DayCount], day_began_at: Instant) -> tuple[tuple[str, int], ...]:
    """By how many attempts each number was shown in the day that began then, or in another that was much the same:
    by which time zone days are counted may have changed."""
    shown = Counter[str]()
    for count in counts:
        number = shown_of(count)
        if number is not None and abs(count.began_at - day_began_at) < _SHORTEST_DAY:
            shown[number] += count.attempts
    return tuple(shown.items())


def reserved(rules: CallingRules, rate: Rate | None) -> int:
    """What a call is charged until its end is known."""
    spending = rules.limits.spending
    return -(-spending.reserved // MINUTE) * rate.per_minute if spending is not None and rate is not None else 0


def day_of(at: Instant, time_zone: str) -> tuple[Instant, Instant]:
    """When the day of an instant began, and when it ends, by the clocks of a zone."""
    return _day_of_minute(at // MINUTE, time_zone)


@lru_cache(4096)
def _day_of_minute(minute: int, time_zone: str) -> tuple[Instant, Instant]:
    zone = ZoneInfo(time_zone)
    local = to_datetime(minute * MINUTE).astimezone(zone).date()
    began, ends = (
        from_datetime(datetime.combine(day, time(), zone).astimezone(UTC)) for day in (local, local + timedelta(days=1))
    )
    return began, ends
