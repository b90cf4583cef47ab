"""The limits on abandonment: when a live answer counts as abandoned, and how many may be, over which windows of time.

Decides the vocabulary of the limits, the forms and ranges of windows, and how settings have them. It must not know who
counts. The limits follow 47 CFR 64.1200(a)(7) and 16 CFR 310.4(b)(4); other countries count by calendar months.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias, assert_never

from trunkcall.domain.instants import DAY, HOUR, SECOND, Duration, Instant
from trunkcall.domain.months import month_begins

MONTH: Final = "month"
MAX_WINDOWS: Final = 5
SHORTEST: Final[Duration] = HOUR
"""As in Amazon Connect's ``evaluationWindow``."""
LONGEST: Final[Duration] = 366 * DAY


class AbandonmentClock(StrEnum):
    """When the time begins that a live answer may be without an agent (connectionStartPoint of Amazon's second API)."""

    CONNECTED_TO_SYSTEM = "connected_to_system"
    """At the answer."""
    GREETING_START = "greeting_start"
    """When somebody begins to speak; at the answer if the carrier does not tell."""
    GREETING_END = "greeting_end"
    """When that ends, as the rules of the United States have it; at the end of detection if the carrier does not
    tell."""


def clock_start(
    clock: AbandonmentClock,
    answered_at: Instant,
    greeting_started_at: Instant | None,
    greeting_ended_at: Instant | None,
    detected_at: Instant,
) -> Instant:
    """When the clock of a live answer started: never before the answer nor after the end of detection, whatever a
    carrier says of the greeting."""
    match clock:
        case AbandonmentClock.GREETING_END:
            at = greeting_ended_at if greeting_ended_at is not None else detected_at
        case AbandonmentClock.GREETING_START:
            at = greeting_started_at if greeting_started_at is not None else answered_at
        case AbandonmentClock.CONNECTED_TO_SYSTEM:
            at = answered_at
        case _:
            assert_never(clock)
    return max(answered_at, min(at, detected_at))


@dataclass(frozen=True, slots=True)
class RollingWindow:
    """The last so long."""

    length: Duration

    @property
    def name(self) -> str:
        """As in settings, in whole days from two days on: 24h, 30d."""
        if self.length % DAY == 0 and self.length >= 2 * DAY:
            return f"{self.length // DAY}d"
        return f"{self.length // HOUR}h"

    @property
    def longest(self) -> Duration:
        return self.length

    @property
    def words(self) -> str:
        if self.length % DAY == 0 and self.length >= 2 * DAY:
            return f"the last {self.length // DAY} days"
        return f"the last {self.length // HOUR} h"

    def begins(self, now: Instant) -> Instant:
        """The window's first instant, as of ``now``."""
        return now - self.length


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """The calendar month, so far, by the clocks of an IANA time zone."""

    time_zone: str
    name: ClassVar = MONTH
    words: ClassVar = "this calendar month"
    longest: ClassVar[Duration] = 31 * DAY

    def begins(self, now: Instant) -> Instant:
        """The window's first instant, as of ``now``."""
        return month_begins(now, self.time_zone)


AbandonmentWindow: TypeAlias = RollingWindow | CalendarMonth


@dataclass(frozen=True, slots=True)
class AbandonmentLimits:
    """At most ``target_ratio`` of the live answers may be abandoned, in each window of ``windows`` by itself."""

    threshold: Duration = 2 * SECOND
    """A live answer that no agent has reached by then is abandoned (47 CFR 64.1200(a)(7))."""
    clock: AbandonmentClock = AbandonmentClock.GREETING_END
    """When ``threshold`` begins."""
    target_ratio: float = 0.03
    windows: tuple[AbandonmentWindow, ...] = (RollingWindow(DAY), RollingWindow(30 * DAY))
    """One at least."""
    binding: bool = True
    """Whether pacers are held to the ratio. Only a simulation does without."""

    def begins(self, now: Instant) -> Instant:
        """The first instant that matters to any window, as of ``now``."""
        return min(window.begins(now) for window in self.windows)


def parse_windows(text: str, time_zone: str) -> tuple[AbandonmentWindow, ...]:
    """Windows as settings have them, ``24h,30d`` or ``24h,month``, months by the clocks of the time zone; shortest
    first. Raises ValueError with a message that goes on after the setting's name."""
    windows: list[AbandonmentWindow] = []
    for part in (part.strip() for part in text.split(",")):
        window = CalendarMonth(time_zone) if part == MONTH else _rolling(part)
        if window in windows:
            raise ValueError(f"must name each window once: {part} is there twice")
        windows.append(window)
    if len(windows) > MAX_WINDOWS:
        raise ValueError(f"must name at most {MAX_WINDOWS} windows")
    return tuple(sorted(windows, key=lambda window: window.longest))


def _rolling(part: str) -> RollingWindow:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([hd])", part)
    length = int(found[1]) * (HOUR if found[2] == "h" else DAY) if found else 0
    if not SHORTEST <= length <= LONGEST:
        raise ValueError(
            "must be windows such as 24h,30d, parted by commas: each so many hours (h) or days (d), from 1h to 366d, "
            f"or {MONTH}"
        )
    return RollingWindow(length)
