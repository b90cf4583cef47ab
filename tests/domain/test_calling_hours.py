"""Whether somebody may be called goes by the clocks on the wall wherever the person may be.

If this fails, people are woken, or a campaign stands still while it may dial.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkcall.domain.calling_hours import callable_until, matching_rules, opens_at
from trunkcall.domain.calling_rules import HoursRule, Window
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant, from_datetime, to_datetime

DAYTIME = HoursRule((), {day: (Window(8 * 60, 21 * 60),) for day in range(7)})
ALWAYS = HoursRule((), {day: (Window(0, 24 * 60),) for day in range(7)})
RING = 25 * SECOND
NEW_YORK = ("America/New_York",)

CHANGES = (
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/St_Johns", "2006-04-02"),  # at 00:01
    ("America/St_Johns", "2006-10-29"),
    ("America/Havana", "2026-03-08"),  # at midnight
    ("America/Havana", "2026-11-01"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Santiago", "2026-04-05"),  # at 24:00, back across midnight
    ("America/Caracas", "2016-05-01"),  # by half an hour, for good
    ("America/Nuuk", "2024-03-31"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-30"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Antarctica/Troll", "2026-03-29"),  # by two hours
    ("Asia/Kathmandu", "1986-01-01"),  # by a quarter of an hour
    ("Asia/Pyongyang", "2018-05-05"),
    ("Asia/Gaza", "2026-10-24"),
    ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Australia/Eucla", "2008-10-26"),
    ("Pacific/Chatham", "2026-04-05"),
    ("Pacific/Chatham", "2026-09-27"),
    ("Pacific/Apia", "2011-12-30"),  # a day that was not
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Europe/London", "2026-03-29"),
    ("Europe/London", "2026-10-25"),
    ("Europe/Dublin", "2026-10-25"),
    ("Asia/Kolkata", "2026-06-15"),
    ("America/Phoenix", "2026-07-01"),
)
"""Zones, and dates on which their clocks were changed or will be; of the last two, not."""


def local(zone: str, written: str, fold: int = 0) -> Instant:
    return from_datetime(datetime.fromisoformat(written).replace(tzinfo=ZoneInfo(zone), fold=fold))


# --- by hand ------------------------------------------------------------------------------------------------------


def test_an_attempt_may_begin_while_its_ringing_ends_inside() -> None:
    nine = local("America/New_York", "2026-11-30 09:00")
    until = callable_until((DAYTIME,), NEW_YORK, nine, RING)
    assert until == local("America/New_York", "2026-11-30 21:00") - RING
    assert callable_until((DAYTIME,), NEW_YORK, until - 1, RING) == until
    assert callable_until((DAYTIME,), NEW_YORK, until, RING) is None
    assert opens_at((DAYTIME,), NEW_YORK, until, RING, until + DAY) == nine + 23 * HOUR
    assert callable_until((DAYTIME,), NEW_YORK, nine, 13 * HOUR) is None, "nobody rings for so long"
    assert opens_at((DAYTIME,), NEW_YORK, nine, 13 * HOUR, nine + 1000 * DAY) is None


def test_it_opens_at_a_microsecond() -> None:
    eight = local("America/New_York", "2026-11-30 08:00")
    assert callable_until((DAYTIME,), NEW_YORK, eight - 1, RING) is None
    assert callable_until((DAYTIME,), NEW_YORK, eight, RING) == eight + 13 * HOUR - RING
    assert opens_at((DAYTIME,), NEW_YORK, eight - 1, RING, eight + 1) == eight
    assert opens_at((DAYTIME,), NEW_YORK, eight - 1, RING, eight) is None, "a contact that expires as it opens"


def test_all_zones_must_allow() -> None:
    both = ("America/Chicago", "America/New_York")
    assert callable_until((DAYTIME,), both, local("America/New_York", "2026-11-30 08:30"), RING) is None
    opens = opens_at((DAYTIME,), both, local("America/New_York", "2026-11-30 08:30"), RING, 2**60)
    assert opens == local("America/Chicago", "2026-11-30 08:00")
    assert callable_until((DAYTIME,), both, opens, RING) == local("America/New_York", "2026-11-30 21:00") - RING


def test_all_rules_must_allow() -> None:
    late = HoursRule((), {day: (Window(10 * 60, 22 * 60),) for day in range(7)})
    opens = opens_at((DAYTIME, late), NEW_YORK, local("America/New_York", "2026-11-30 00:00"), RING, 2**60)
    assert opens == local("America/New_York", "2026-11-30 10:00")
    assert callable_until((DAYTIME, late), NEW_YORK, opens, 0) == local("America/New_York", "2026-11-30 21:00")


def test_nothing_is_open_without_rules_or_zones() -> None:
    noon = local("UTC", "2026-11-30 12:00")
    for rules, zones in (((), ("UTC",)), ((DAYTIME,), ()), ((DAYTIME,), ("Mars/Olympus",)), ((DAYTIME,), ("../UTC",))):
        assert callable_until(rules, zones, noon, RING) is None
        assert opens_at(rules, zones, noon, RING, noon + 1000 * DAY) is None


def test_hours_that_touch_are_one() -> None:
    """Nobody is let go at noon, or at midnight, only because two windows meet there."""
    halves = HoursRule((), {day: (Window(0, 720), Window(720, 0)) for day in range(7)})
    at = local("America/New_York", "2026-11-30 11:59")
    for rule in (halves, ALWAYS):
        until = callable_until((rule,), NEW_YORK, at, RING)
        assert until is not None
        assert until > at + 2 * DAY
    weekend = HoursRule((), {4: (Window(20 * 60, 0),), 5: (Window(0, 6 * 60),)})
    night = local("America/New_York", "2026-12-04 23:59:59")
    assert callable_until((weekend,), NEW_YORK, night, 0) == local("America/New_York", "2026-12-05 06:00")


def test_holidays_have_windows_of_their_own() -> None:
    """The one of the evening before goes on into the holiday: it belongs to the day on which it begins."""
    nights = HoursRule((), {day: (Window(22 * 60, 2 * 60),) for day in range(7)}, frozenset({date(2026, 12, 25)}))
    eve = local("America/New_York", "2026-12-24 23:00")
    assert callable_until((nights,), NEW_YORK, eve, 0) == local("America/New_York", "2026-12-25 02:00")
    assert opens_at((nights,), NEW_YORK, eve + 3 * HOUR, 0, 2**60) == local("America/New_York", "2026-12-26 22:00")
    short = HoursRule(
        (), DAYTIME.windows, holidays=frozenset({date(2026, 12, 25)}), holiday_windows=(Window(600, 720),)
    )
    noon = local("America/New_York", "2026-12-25 11:00")
    assert callable_until((short,), NEW_YORK, noon, 0) == local("America/New_York", "2026-12-25 12:00")
    assert callable_until((short,), ("Asia/Tokyo",), noon, 0) is None, (
        "there the holiday is over, and it is one at night"
    )


def test_a_year_of_holidays_opens_after_it() -> None:
    closed = frozenset(date(2026, 12, 1) + timedelta(days=day) for day in range(365))
    rule = HoursRule((), DAYTIME.windows, holidays=closed)
    opens = opens_at((rule,), NEW_YORK, local("America/New_York", "2026-11-30 21:00"), RING, 2**60)
    assert opens == local("America/New_York", "2027-12-01 08:00")


def test_rules_bind_the_numbers_under_their_prefixes() -> None:
    florida = HoursRule(("+1305", "+1786"), {})
    assert matching_rules((DAYTIME, florida), "+13055550100") == (DAYTIME, florida)
    assert matching_rules((DAYTIME, florida), "+12125550100") == (DAYTIME,)
    assert matching_rules((florida,), "+12125550100") == ()


# --- against a watch and a calendar -------------------------------------------------------------------------------

MINUTES = st.integers(0, 24 * 60) | st.integers(0, 4 * 60) | st.integers(23 * 60, 24 * 60)
"""Often about the time of night at which clocks are changed."""
WINDOWS = st.lists(st.builds(Window, MINUTES, MINUTES), max_size=2).map(tuple)
WHOLE_DAYS = st.sampled_from([(), (Window(0, 1440),), (Window(480, 1260),), (Window(1320, 120),), (Window(0, 0),)])
NIGHTS = st.builds(Window, st.integers(20 * 60, 24 * 60), st.integers(0, 4 * 60)).map(lambda window: (window,))
DAYS = WINDOWS | WHOLE_DAYS | NIGHTS
WEEKS: st.SearchStrategy[Mapping[int, tuple[Window, ...]]] = st.one_of(
    DAYS.map(lambda windows: dict.fromkeys(range(7), windows)),
    st.fixed_dictionaries(dict.fromkeys(range(7), DAYS)),
    st.dictionaries(st.integers(0, 6), DAYS),
)


@st.composite
def rules_and_zones(draw: st.DrawFn) -> tuple[tuple[HoursRule, ...], tuple[str, ...], Instant]:
    """Rules and zones, and a minute not long before clocks are changed in the first of them."""
    zone, day = draw(st.sampled_from(CHANGES))
    changed = date.fromisoformat(day)
    others = draw(st.lists(st.sampled_from([name for name, _ in CHANGES]), max_size=1))
    near = st.integers(-2, 2).map(lambda days: changed + timedelta(days=days))
    rule = st.builds(
        HoursRule,
        st.just(()),
        WEEKS,
        holidays=st.frozensets(near, max_size=2),
        holiday_windows=DAYS,
    )
    rules = tuple(draw(st.lists(rule, min_size=1, max_size=2)))
    begin = from_datetime(datetime(changed.year, changed.month, changed.day, tzinfo=UTC) - timedelta(days=1))
    return rules, (zone, *others), begin + draw(st.integers(0, 1439)) * MINUTE


def allowed(rules: tuple[HoursRule, ...], zones: tuple[str, ...], minute: Instant) -> bool:
    """By what the clocks show in a minute, nothing else."""
    return all(any(shown(rule, to_datetime(minute).astimezone(ZoneInfo(zone)))) for zone in zones for rule in rules)


def shown(rule: HoursRule, clock: datetime) -> Iterator[bool]:
    minute = clock.hour * 60 + clock.minute
    today, yesterday = (
        rule.holiday_windows if day in rule.holidays else rule.windows.get(day.weekday(), ())
        for day in (clock.date(), clock.date() - timedelta(days=1))
    )
    for window in today:
        yield window.start_minute <= minute and (minute < window.end_minute or window.end_minute <= window.start_minute)
    for window in yesterday:
        yield window.end_minute <= window.start_minute and minute < window.end_minute


def minutes_left(open_at: list[bool]) -> list[int]:
    """Of each minute, how many are open from it on, itself counted."""
    left = [0] * (len(open_at) + 1)
    for place in range(len(open_at) - 1, -1, -1):
        left[place] = left[place + 1] + 1 if open_at[place] else 0
    return left


@settings(max_examples=60)
@given(rules_and_zones(), st.sampled_from([0, 1, 25 * SECOND, 10 * MINUTE, 3 * HOUR]))
def test_it_is_open_while_the_clocks_say_so(
    given_rules: tuple[tuple[HoursRule, ...], tuple[str, ...], Instant], ring: Duration
) -> None:
    rules, zones, begin = given_rules
    count = 5 * 1440
    open_at = [allowed(rules, zones, begin + place * MINUTE) for place in range(count)]
    left = minutes_left(open_at)
    opens: Instant | None = None
    for place in range(2 * 1440 - 1, -1, -1):
        at = begin + place * MINUTE
        until = callable_until(rules, zones, at, ring)
        # Hours are not followed for ever.
        ends = min(at + left[place] * MINUTE, (at // DAY + 3) * DAY)
        assert until == (ends - ring if ends - ring > at else None)
        # An instant between the minutes, and the first that opens from there.
        between = at + 1
        later = callable_until(rules, zones, between, ring)
        assert later == (until if until is not None and until > between else None)
        opens = at if until is not None else opens
        if opens is not None:
            assert opens_at(rules, zones, at, ring, opens + 1) == opens
            assert opens_at(rules, zones, at, ring, opens) is None


@settings(max_examples=200)
@given(rules_and_zones(), st.integers(0, 60 * 1440), st.integers(0, 3600))
def test_what_opens_is_open_and_was_not_before(
    given_rules: tuple[tuple[HoursRule, ...], tuple[str, ...], Instant], minutes: int, seconds: int
) -> None:
    rules, zones, begin = given_rules
    after, ring = begin + minutes * MINUTE + 7, seconds * SECOND
    opens = opens_at(rules, zones, after, ring, after + 50 * DAY)
    if opens is None:
        assert callable_until(rules, zones, after, ring) is None
        return
    assert after <= opens < after + 50 * DAY
    until = callable_until(rules, zones, opens, ring)
    assert until is not None
    assert callable_until(rules, zones, until - 1, ring) is not None
    if opens > after:
        assert callable_until(rules, zones, opens - 1, ring) is None
    assert opens_at(rules, zones, opens, ring, opens + 1) == opens, "who asks then is told so again"


@pytest.mark.parametrize(("zone", "day"), CHANGES[:-2])
def test_clocks_are_changed_on_the_days_that_are_meant(zone: str, day: str) -> None:
    """Else the tests above say less than they seem to."""
    about = local("UTC", f"{day} 00:00")
    ahead = {to_datetime(about + hour * HOUR).astimezone(ZoneInfo(zone)).utcoffset() for hour in range(-30, 31)}
    assert len(ahead) == 2
