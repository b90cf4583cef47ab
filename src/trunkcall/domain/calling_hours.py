"""When a person may be called, by the clocks of all places where the person may be.

Decides from rules of hours, time zones and an instant whether an attempt may begin, until when, and else from when on.
It must not know numbers beyond their first digits, nor whence the zones are known.

A rule speaks of what the clock on the wall shows. Where clocks are put back, an hour that is shown twice is open twice
or not at all; where they are put forward, or a date is left out, what is never shown is never open. What is shown where
is the time zone database's word, by ``zoneinfo``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from trunkcall.domain.calling_rules import HoursRule, Window
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, Duration, Instant, to_datetime

Span: TypeAlias = tuple[Instant, Instant]
"""From an instant until before another."""

_AHEAD: Final = 2
"""Days after that of an instant for which hours that go on are followed."""
_SEARCHED: Final = 400
"""Days in which an opening is looked for: any rule whose week has one opens within them, whatever its holidays."""
_TOGETHER: Final = 16
"""Days that are remembered together of rules and zones that never open."""
_CHANGES_APART: Final = 6 * HOUR
"""No zone changes its clocks twice within so short a time."""
_REMEMBERED: Final = 8_192
"""Days of rules in zones: about 300 bytes each. There are fewer than 500 combinations of zones in the world."""
_EPOCH: Final = date(1970, 1, 1)
_MINUTES_OF_DAY: Final = 1440


def matching_rules(hours: Iterable[HoursRule], number: str) -> tuple[HoursRule, ...]:
    """The rules that bind an E.164 number. With none of them it may never be called, where there are any ``hours``."""
    return tuple(rule for rule in hours if not rule.prefixes or number.startswith(rule.prefixes))


def callable_until(rules: tuple[HoursRule, ...], zones: tuple[str, ...], at: Instant, ring: Duration) -> Instant | None:
    """Before which instant attempts may begin that ring at most so long, if one may begin at this; else None.

    All rules must allow in all zones, IANA names, during the whole of ``ring``; without rules or zones nothing is
    allowed, nor in a zone that does not exist. Hours that end later than two days after the day of ``at``, UTC, are
    told as if they ended there.
    """
    for begins, ends in _spans(rules, zones, at // DAY):
        if begins <= at < ends:
            return ends - ring if at < ends - ring else None
    return None


def shown_at(zone: str, at: Instant) -> datetime | None:
    """What the clocks of a zone show at an instant; None if there is no such zone."""
    info = _zone(zone)
    return to_datetime(at).astimezone(info) if info is not None else None


def opens_at(
    rules: tuple[HoursRule, ...], zones: tuple[str, ...], after: Instant, ring: Duration, before: Instant
) -> Instant | None:
    """The first instant, not before ``after``, at which an attempt may begin (``callable_until``); None if there is
    none before ``before``, or none within 400 days."""
    day = after // DAY
    last = min(day + _SEARCHED, (before - 1) // DAY)
    opening = _within(_spans(rules, zones, day), after, ring)
    while opening is None and day < last:
        day += 1
        if day % _TOGETHER == 0:
            opening = _first_opening(rules, zones, day, ring)
            day += _TOGETHER - 1
        else:
            opening = _within(_spans(rules, zones, day), day * DAY, ring)
    return opening if opening is not None and opening < before else None


def _within(spans: Iterable[Span], after: Instant, ring: Duration) -> Instant | None:
    for begins, ends in spans:
        opening = max(begins, after)
        if opening < ends - ring:
            return opening
    return None


@lru_cache(_REMEMBERED)
def _first_opening(rules: tuple[HoursRule, ...], zones: tuple[str, ...], day: int, ring: Duration) -> Instant | None:
    """The first within some days from this one on."""
    for each in range(day, day + _TOGETHER):
        opening = _within(_spans(rules, zones, each), each * DAY, ring)
        if opening is not None:
            return opening
    return None


@lru_cache(_REMEMBERED)
def _spans(rules: tuple[HoursRule, ...], zones: tuple[str, ...], day: int) -> tuple[Span, ...]:
    """When a day, counted from 1970-01-01, UTC, is open, in order; the last goes on into the next days."""
    spans = list(_open(rules, zones, day))
    for each in range(day + 1, day + 1 + _AHEAD):
        if not spans or spans[-1][1] < each * DAY:
            break
        following = _open(rules, zones, each)
        if not following or following[0][0] > each * DAY:
            break
        spans[-1] = spans[-1][0], following[0][1]
    return tuple(spans)


@lru_cache(_REMEMBERED)
def _open(rules: tuple[HoursRule, ...], zones: tuple[str, ...], day: int) -> tuple[Span, ...]:
    """When a day, UTC, is open by all rules in all zones."""
    if not rules or not zones:
        return ()
    spans: Sequence[Span] = ((day * DAY, (day + 1) * DAY),)
    for zone in zones:
        for rule in rules:
            if not spans:
                return ()
            spans = _both(spans, _open_by(rule, zone, day))
    return tuple(spans)


def _both(some: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    shared = (
        (max(begins, other_begins), min(ends, other_ends))
        for begins, ends in some
        for other_begins, other_ends in others
    )
    return sorted((begins, ends) for begins, ends in shared if begins < ends)


@lru_cache(_REMEMBERED)
def _open_by(rule: HoursRule, zone: str, day: int) -> tuple[Span, ...]:
    """When a day, UTC, is open by one rule in one zone: in order, and apart from each other."""
    found: list[Span] = []
    for begins, ends, ahead in _clock(zone, day):
        # By the wall, as if its clock were UTC.
        shown = begins + ahead, ends + ahead
        for open_from, open_until in _by_the_wall(rule, shown):
            opens, closes = max(open_from, shown[0]) - ahead, min(open_until, shown[1]) - ahead
            if opens < closes:
                found.append((opens, closes))
    return tuple(_joined(sorted(found)))


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    last: Span | None = None
    for begins, ends in spans:
        if last is None:
            last = begins, ends
        elif begins <= last[1]:
            last = last[0], max(last[1], ends)
        else:
            yield last
            last = begins, ends
    if last is not None:
        yield last


def _by_the_wall(rule: HoursRule, shown: Span) -> Iterator[Span]:
    """The windows that may touch this stretch of wall time, from the day before on: one may end on the next day."""
    for number in range(shown[0] // DAY - 1, (shown[1] - 1) // DAY + 1):
        for window in _windows(rule, _EPOCH + timedelta(days=number)):
            ends = window.end_minute
            if ends <= window.start_minute:
                ends += _MINUTES_OF_DAY
            yield number * DAY + window.start_minute * MINUTE, number * DAY + ends * MINUTE


def _windows(rule: HoursRule, local: date) -> tuple[Window, ...]:
    return rule.holiday_windows if local in rule.holidays else rule.windows.get(local.weekday(), ())


@lru_cache(_REMEMBERED)
def _clock(zone: str, day: int) -> tuple[tuple[Instant, Instant, Duration], ...]:
    """How far a zone's clocks are ahead of UTC in a day, UTC: stretches from, until, and by how much. None if there is
    no such zone."""
    info = _zone(zone)
    if info is None:
        return ()
    stretches = []
    began, ahead = day * DAY, _ahead(info, day * DAY)
    for each in range(day * DAY, (day + 1) * DAY, _CHANGES_APART):
        if _ahead(info, each + _CHANGES_APART) != ahead:
            changes = _change(info, each, each + _CHANGES_APART)
            if changes < (day + 1) * DAY:
                stretches.append((began, changes, ahead))
                began, ahead = changes, _ahead(info, changes)
    return (*stretches, (began, (day + 1) * DAY, ahead))


def _change(info: ZoneInfo, before: Instant, after: Instant) -> Instant:
    """When clocks were changed, to the second, as the database has it: at ``before`` not yet, at ``after`` they are."""
    ahead = _ahead(info, before)
    while after - before > SECOND:
        middle = (before + after) // 2 // SECOND * SECOND
        if _ahead(info, middle) == ahead:
            before = middle
        else:
            after = middle
    return after


def _ahead(info: ZoneInfo, at: Instant) -> Duration:
    offset = datetime.fromtimestamp(at // SECOND, UTC).astimezone(info).utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * SECOND


@lru_cache(1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
