"""The three adaptive methods of VICIdial: hard limit, average, tapered.

Decides as bin/AST_VDadapt.pl (calculate_dial_level, calculate_drops) and bin/AST_VDauto_dial.pl of the astguiclient
sources do, build 250218-1613. It must not know how a shift is simulated.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Duration, Instant
from trunkcall.engine.pacing.base import LearnsNothing, PacingView

DIAL_EVERY: Duration = 5 * SECOND // 2
ADAPT_EVERY: Duration = 15 * SECOND
COUNT_EVERY: Duration = MINUTE
SAMPLES = 15
SHIFT_BEGINS_H, LATEST_H = 13, 21
"""Of the day. latest_server_time, which the tapered method looks to, is when a shift of eight hours ends."""


class Adapt(StrEnum):
    """What is done once drops are above the limit."""

    HARD_LIMIT = "vicidial_hard_limit"
    AVERAGE = "vicidial_average"
    TAPERED = "vicidial_tapered"


class VicidialPacer(LearnsNothing):
    """``level`` lines for each agent who is ready or talks, adapted every 15 s.

    ``maximum_level`` is adaptive_maximum_level (default 3.0), ``dropped_percentage`` adaptive_dropped_percentage
    (default 3); intensity and dl_diff_target are at their defaults of 0.
    """

    one_to_one = False
    needs_agents = True
    look_every: Duration = SECOND // 2

    def __init__(self, method: Adapt, *, maximum_level: float = 3.0, dropped_percentage: float = 3.0) -> None:
        self.level = 1.0
        self._method = method
        self._maximum = maximum_level
        self._limit = dropped_percentage
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES)
        self._began_at: Instant | None = None
        self._next_sample = self._next_dial = self._next_adapt = self._next_count = 0
        self._calls = self._answers = self._drops = 0
        self._calls_before = self._drops_before = 0
        self._calls_last_minute = self._drops_last_minute = 0
        self._calls_today = self._answers_today = self._drops_today = 0

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        self._calls += 1
        self._answers += live

    def abandoned(self) -> None:
        self._drops += 1

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """As many as are missing to ``level`` lines for each agent, at every pass of the dialing loop."""
        if self._began_at is None:
            self._began_at = now
            self._next_adapt, self._next_count = now + ADAPT_EVERY, now + COUNT_EVERY
        if now >= self._next_sample:
            self._next_sample = now + SECOND
            self._samples.append((view.free_agents - view.waiting, view.staffed_agents))
        if now >= self._next_count:
            self._next_count = now + COUNT_EVERY
            self._count()
        if now >= self._next_adapt:
            self._next_adapt = now + ADAPT_EVERY
            self.level = self._adapted(now)
        if now < self._next_dial:
            return 0
        self._next_dial = now + DIAL_EVERY
        talking = len(view.talking_since)
        goal = round(self.level * (view.free_agents + talking))
        return max(0, goal - talking - view.lines_in_flight)

    def _count(self) -> None:
        """The statistics of drops, which are made anew once a minute."""
        self._calls_last_minute, self._calls_before = self._calls - self._calls_before, self._calls
        self._drops_last_minute, self._drops_before = self._drops - self._drops_before, self._drops
        self._calls_today, self._answers_today, self._drops_today = self._calls, self._answers, self._drops

    def _adapted(self, now: Instant) -> float:
        difference = sum(d for d, _ in self._samples) / len(self._samples)
        agents = sum(n for _, n in self._samples) / len(self._samples)
        level = round(self.level * (1.0 + (difference / agents if agents else 0.0)), 3)
        level = max(min(level, self._maximum), 1.0)
        if self._calls_last_minute > 20 and self._drops_last_minute / self._calls_last_minute > 0.5:
            level /= 2
        if self._calls_today > 50 and 100.0 * self._drops_today > self._limit * self._answers_today:
            match self._method:
                case Adapt.HARD_LIMIT:
                    level = 1.0
                case Adapt.AVERAGE:
                    level /= 2
                case Adapt.TAPERED:
                    left = LATEST_H * 100 - self._clock(now)
                    level = 1.0 if left < 0 else level * min(1.0, left / 1000)
        return max(level, 1.0)

    def _clock(self, now: Instant) -> int:
        """The time of day as an integer of hours and minutes, with which the original calculates."""
        assert self._began_at is not None
        minutes = (now - self._began_at + SHIFT_BEGINS_H * HOUR) // MINUTE
        return minutes // 60 * 100 + minutes % 60
