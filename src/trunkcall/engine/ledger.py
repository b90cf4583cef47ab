"""Abandonments against live answers of one campaign, over windows of time.

Decides how much abandonment a campaign has left by its limits (``domain.abandonment``). It binds every pacer and must
not know which one is at work.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from trunkcall.domain.abandonment import AbandonmentLimits, AbandonmentWindow
from trunkcall.domain.instants import MINUTE, Instant
from trunkcall.domain.values import quickly_made

RESERVE = 1.0
"""Abandonments that are never counted on: what is in flight may come to more than is expected of it."""
SETPOINT_FACTOR = 0.4
MIN_SETPOINT = 1.0
MAX_SCALE = 2.0


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
    target_ratio: float
    """Most abandonments per live answer."""
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

    def restore(self, minutes: Sequence[tuple[Instant, int, int]], now: Instant) -> None:
        """Enter whole minutes, oldest first, up to the first that is counted here already."""
        first = self.minutes[0][0] if self.minutes else math.inf
        older = [list(entry) for entry in minutes if entry[0] < first]
        self.minutes.extendleft(reversed(older))
        self.live_answers += sum(live_answers for _, live_answers, _ in older)
        self.abandoned += sum(abandoned for _, _, abandoned in older)
        self.forget(now)

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

    __slots__ = ("_sums", "limits")

    def __init__(self, limits: AbandonmentLimits) -> None:
        self.limits = limits
        self._sums = [_Sums(window) for window in limits.windows]

    def change(self, limits: AbandonmentLimits, now: Instant) -> None:
        """Hold to other limits. Each window begins with what any window before it remembers."""
        if limits.windows != self.limits.windows:
            # All of them have counted the same minutes, and forget the oldest first.
            longest = max(self._sums, key=lambda sums: len(sums.minutes)).minutes
            remembered = [(minute_at, live_answers, abandoned) for minute_at, live_answers, abandoned in longest]
            self._sums = [_Sums(window) for window in limits.windows]
            self.restore(remembered, now)
        self.limits = limits

    def restore(self, minutes: Sequence[tuple[Instant, int, int]], now: Instant) -> None:
        """Enter what was counted before the first minute that is remembered: (minute, live answers, abandonments),
        oldest first."""
        for sums in self._sums:
            sums.restore(minutes, now)

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
        target = self.limits.target_ratio
        headroom = allowance = math.inf
        for sums in self._sums:
            sums.forget(now)
            allowed = target * sums.live_answers
            if allowed - sums.abandoned < headroom:
                headroom, allowance = allowed - sums.abandoned, allowed
        return Standing(headroom, allowance, target, self.limits.binding)
