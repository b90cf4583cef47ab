"""How long the limits of a clearance hold a contact back.

Decides by what was counted before, for every store alike. It must not know where that is kept, nor which limits a
policy has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trunkcall.domain.clearance import Clearance, DayLimit, Hold, HoldReason
from trunkcall.domain.instants import MINUTE, Duration, Instant


@dataclass(frozen=True, slots=True)
class DayCount:
    """What was counted of a day for the limits of one reason, under one key. ``spend`` is in millionths of the
    currency."""

    reason: HoldReason
    key: str
    began_at: Instant
    attempts: int = 0
    spend: int = 0


def counted_back(clearance: Clearance) -> tuple[Duration, int]:
    """For how long before an attempt the attempts to the same number matter, and how many of the last ones."""
    limits = clearance.number_limits
    gap = clearance.number_gap
    within = max((limit.within for limit in limits), default=0)
    most = max((limit.most for limit in limits), default=0)
    return max(within, gap), max(most, 1) if limits or gap else 0


def held_by(
    clearance: Clearance, at: Instant, attempts: Sequence[Instant], counted: Callable[[DayLimit], DayCount]
) -> Hold | None:
    """The hold that ends last; None if there is room for one attempt more. ``attempts`` are those to the number that
    ``counted_back`` asks for, the last one first."""
    held = [
        *((clearance.hold,) if clearance.hold is not None else ()),
        *_by_number(clearance, at, attempts),
        *_by_day(clearance, counted),
    ]
    return max(held, key=lambda hold: hold.until, default=None)


def _by_number(clearance: Clearance, at: Instant, attempts: Sequence[Instant]) -> list[Hold]:
    held: list[Hold] = []
    if clearance.number_gap and attempts and attempts[0] + clearance.number_gap > at:
        held.append(Hold(HoldReason.NUMBER_GAP, attempts[0] + clearance.number_gap))
    for limit in clearance.number_limits:
        if limit.most <= 0:
            held.append(Hold(HoldReason.NUMBER_LIMIT, at + limit.within))
        elif len(attempts) >= limit.most and attempts[limit.most - 1] + limit.within > at:
            held.append(Hold(HoldReason.NUMBER_LIMIT, attempts[limit.most - 1] + limit.within))
    return held


def _by_day(clearance: Clearance, counted: Callable[[DayLimit], DayCount]) -> list[Hold]:
    full = [limit for limit in clearance.day_limits if limit.most is not None and counted(limit).attempts >= limit.most]
    spent = [
        limit
        for limit in clearance.spend_limits
        if limit.most is not None and counted(limit).spend + clearance.spend > limit.most
    ]
    return [Hold(limit.reason, limit.ends_at) for limit in (*full, *spent)]


def cost(per_minute: int, answered_at: Instant | None, ended_at: Instant) -> int:
    """What a call has cost: each begun minute after the answer is charged whole, as most carriers do at most."""
    if answered_at is None or ended_at <= answered_at:
        return 0
    return per_minute * -(-(ended_at - answered_at) // MINUTE)
