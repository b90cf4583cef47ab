"""Abandonments against live answers of one campaign, over windows of time.

Decides how much abandonment a campaign has left. It binds every pacer and must not know which one is at work. The limit
and its windows follow 47 CFR 64.1200(a)(7) and 16 CFR 310.4(b)(4); other countries count by calendar months.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from trunkcall.domain.abandonment import AbandonmentWindow, RollingWindow
from trunkcall.domain.instants import DAY, MINUTE, Instant
from trunkcall.domain.values import quickly_made

RESERVE = 1.0
"""Abandonments that are never counted on: what is in flight may come to more than is expected of it."""
SETPOINT_FACTOR = 0.4
MIN_SETPOINT = 1.0
MAX_SCALE = 2.0


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
        case AbandonmentClock.CONNECTED_TO_SYSTEM:
            at = answered_at
        case AbandonmentClock.GREETING_START:
            at = greeting_started_at if greeting_started_at is not None else answered_at
        case AbandonmentClock.GREETING_END:
            at = greeting_ended_at if greeting_ended_at is not None else detected_at
        case _:
            assert_never(clock)
    return max(answered_at, min(at, detected_at))


@dataclass(frozen=True, slots=True)
class LedgerLimit:
    """At most ``target_ratio`` of the live answers may be abandoned, in each window of ``windows`` by itself."""

    target_ratio: float = 0.03
    windows: tuple[AbandonmentWindow, ...] = (RollingWindow(DAY), RollingWindow(30 * DAY))
    binding: bool = True
    """Whether pacers are held to it. Only a simulation does without."""

    def begins(self, now: Instant) -> Instant:
        """The first instant that matters to any window, as of ``now``."""
        return min(window.begins(now) for window in self.windows)


@quickly_made
@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """Numerator and denominator of the abandonment ratio in one window."""

    window: AbandonmentWindow
    live_answers: int
    abandoned: int

    @property
    def abandonment_ratio(self) -> float:
        return self.abandoned / self.live_answers if self.live_answers else 0.0


@quickly_made
@dataclass(frozen=True, slots=True)
class Standing:
    """What one campaign has left in its tightest window."""

    headroom: float
    """Abandonments left: target × live answers − abandoned. May be negative."""
    allowance: float
    """Abandonments that the live answers allow in all: target × live answers."""
    binding: bool = True

    @property
    def spent(self) -> bool:
        """Whether nothing is left, and that binds: no pacer may begin more than one to one."""
        return self.binding and self.headroom <= 0.0

    def setpoint(self, agents: int) -> float:
        """What the headroom is steered to hold beside the reserve. It grows with the root of the allowance, as chance
        does, and with the team, whose abandonments come in clusters: were it small, each would shake the pacing; but
        what it holds is never used."""
        return max(MIN_SETPOINT, SETPOINT_FACTOR * math.sqrt(self.allowance * math.sqrt(agents)))

    def risk_scale(self, expected: float, agents: int) -> float:
        """By how much a pacer's risk is to be multiplied: the root of what is left, beside the reserve and the
        abandonments ``expected`` of what is in flight, over ``setpoint``; at most MAX_SCALE. At the risk that just
        spends the target what is left stays as it is: it is spent as it comes, and never in advance."""
        setpoint = self.setpoint(agents)
        # Without a limit the target is met on average, in debt as often as not.
        left = self.headroom - expected + (-RESERVE if self.binding else setpoint)
        return min(math.sqrt(max(left, 0.0) / setpoint), MAX_SCALE)


class _Sums:
    """Running totals of one window over whole minutes; a minute leaves once it lies wholly outside the window."""

    __slots__ = ("abandoned", "live_answers", "minutes", "window")

    def __init__(self, window: AbandonmentWindow) -> None:
        self.window = window
        self.live_answers = 0
        self.abandoned = 0
        self.minutes: deque[list[int]] = deque()

    def count(self, at: Instant, live_answers: int, abandoned: int) -> None:
        minute = at - at % MINUTE
        if not self.minutes or self.minutes[-1][0] < minute:
            # Nobody may ever ask for the totals. Whoever does may be a minute behind.
            self.forget(at - MINUTE)
            self.minutes.append([minute, 0, 0])
        self.minutes[-1][1] += live_answers
        self.minutes[-1][2] += abandoned
        self.live_answers += live_answers
        self.abandoned += abandoned

    def forget(self, now: Instant) -> None:
        horizon = self.window.begins(now) - MINUTE
        while self.minutes and self.minutes[0][0] <= horizon:
            _, live_answers, abandoned = self.minutes.popleft()
            self.live_answers -= live_answers
            self.abandoned -= abandoned


class Ledger:
    """The ledger of one campaign."""

    __slots__ = ("_sums", "limit")

    def __init__(self, limit: LedgerLimit) -> None:
        self.limit = limit
        self._sums = [_Sums(window) for window in limit.windows]

    def count(self, at: Instant, *, live_answers: int = 0, abandoned: int = 0) -> None:
        """Enter live answers and abandonments. Instants must not decrease by more than a minute."""
        for sums in self._sums:
            sums.count(at, live_answers, abandoned)

    def totals(self, now: Instant) -> tuple[LedgerTotals, ...]:
        """Numerators and denominators, one a window."""
        for sums in self._sums:
            sums.forget(now)
        return tuple(LedgerTotals(sums.window, sums.live_answers, sums.abandoned) for sums in self._sums)

    def standing(self, now: Instant) -> Standing:
        """How the campaign stands in its tightest window."""
        target = self.limit.target_ratio
        tightest = min(self.totals(now), key=lambda total: target * total.live_answers - total.abandoned)
        allowance = target * tightest.live_answers
        return Standing(allowance - tightest.abandoned, allowance, self.limit.binding)
