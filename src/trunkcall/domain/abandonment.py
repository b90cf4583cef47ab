"""The windows of time over which abandonments are counted.

Decides their names, forms and ranges, and how settings have them. It must not know who counts, nor any time zone: when
a calendar month begins is asked of a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from trunkcall.domain.instants import DAY, HOUR, Duration, Instant

MONTH: Final = "month"
MAX_WINDOWS: Final = 5
SHORTEST: Final[Duration] = HOUR
"""As in Amazon Connect's ``evaluationWindow``."""
LONGEST: Final[Duration] = 366 * DAY

MonthBegins: TypeAlias = Callable[[Instant], Instant]
"""The instant at which the calendar month of an instant began."""


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
    """The calendar month, so far, in the time zone of ``month_begins``."""

    month_begins: MonthBegins
    name: ClassVar = MONTH
    words: ClassVar = "this calendar month"
    longest: ClassVar[Duration] = 31 * DAY

    def begins(self, now: Instant) -> Instant:
        """The window's first instant, as of ``now``."""
        return self.month_begins(now)


AbandonmentWindow: TypeAlias = RollingWindow | CalendarMonth


def parse_windows(text: str, month_begins: MonthBegins) -> tuple[AbandonmentWindow, ...]:
    """Windows as settings have them, ``24h,30d`` or ``24h,month``; shortest first. Raises ValueError with a message
    that goes on after the setting's name."""
    windows: list[AbandonmentWindow] = []
    for part in (part.strip() for part in text.split(",")):
        window = CalendarMonth(month_begins) if part == MONTH else _rolling(part)
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
