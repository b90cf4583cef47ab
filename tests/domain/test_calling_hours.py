"""Whether somebody may be called goes by the clocks on the wall wherever the person may be.

If this fails, people are woken, or a campaign stands still while it may dial.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from trunkcall.domain.calling_hours import callable_until, matching_rules, opens_at
from trunkcall.domain.calling_rules import HoursRule, Window
from trunkcall.domain.instants import DAY, HOUR, SECOND, Instant, from_datetime

DAYTIME = HoursRule((), {day: (Window(8 * 60, 21 * 60),) for day in range(7)})
RING = 25 * SECOND


def local(zone: str, written: str, fold: int = 0) -> Instant:
    return from_datetime(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone), fold=fold))


def test_an_attempt_may_begin_while_its_ringing_ends_inside() -> None:
    nine = local("America/New_York", "2026-11-30 09:00")
    until = callable_until((DAYTIME,), ("America/New_York",), nine, RING)
    assert until == local("America/New_York", "2026-11-30 21:00") - RING
    assert callable_until((DAYTIME,), ("America/New_York",), until - 1, RING) == until
    assert callable_until((DAYTIME,), ("America/New_York",), until, RING) is None
    assert opens_at((DAYTIME,), ("America/New_York",), until, RING, until + DAY) == nine + 23 * HOUR


def test_all_zones_must_allow() -> None:
    both = ("America/Chicago", "America/New_York")
    assert callable_until((DAYTIME,), both, local("America/New_York", "2026-11-30 08:30"), RING) is None
    opens = opens_at((DAYTIME,), both, local("America/New_York", "2026-11-30 08:30"), RING, 2**62)
    assert opens == local("America/Chicago", "2026-11-30 08:00")
    assert callable_until((DAYTIME,), both, opens, RING) == local("America/New_York", "2026-11-30 21:00") - RING


def test_nothing_is_open_without_rules_or_zones() -> None:
    noon = local("UTC", "2026-11-30 12:00")
    for rules, zones in (((), ("UTC",)), ((DAYTIME,), ()), ((DAYTIME,), ("Mars/Olympus",))):
        assert callable_until(rules, zones, noon, RING) is None
        assert opens_at(rules, zones, noon, RING, noon + 1000 * DAY) is None


def test_rules_bind_the_numbers_under_their_prefixes() -> None:
    florida = HoursRule(("+1305", "+1786"), {})
    assert matching_rules((DAYTIME, florida), "+13055550100") == (DAYTIME, florida)
    assert matching_rules((DAYTIME, florida), "+12125550100") == (DAYTIME,)
    assert matching_rules((florida,), "+12125550100") == ()
