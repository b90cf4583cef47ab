"""Pacing that counts the agents who are free or soon will be, and divides by the share of attempts that are answered.

Decides as Issabel's call center module and as Samuelson's patent do, and with a fixed number of lines for each agent.
It must not know how a shift is simulated.
"""

from __future__ import annotations

import math
from collections import deque

from trunkcall.domain.instants import MINUTE, SECOND, Duration, Instant
from trunkcall.engine.pacing.base import LearnsNothing, PacingView
from trunkcall.engine.pacing.estimates import Ratio
from trunkcall.engine.pacing.experience import MIDDLE, Experience


class FixedRatioPacer(LearnsNothing):
    """So many lines for each agent at work, whatever happens. The number has to be tuned offline."""

    one_to_one = False
    needs_agents = True
    look_every: Duration = SECOND

    def __init__(self, *, lines_per_agent: float) -> None:
        self._lines_per_agent = lines_per_agent

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """As many as are missing."""
        lines = view.lines_in_flight + len(view.talking_since)
        return max(0, round(self._lines_per_agent * view.staffed_agents) - lines)


class IssabelPacer(LearnsNothing):
    """Issabel's predictive dialing with overcommit (Predictor.class.php and CampaignProcess.class.php of
    issabel-callcenter): n = free agents + those soon free - callers waiting - attempts in flight, over the share that
    was answered in the last half hour, which counts as at least 0.2.

    An agent is soon free if 1 - exp(-(time in call + mean ring) / mean call) >= 0.97, the probability that the module
    calls its service level.
    """

    one_to_one = False
    needs_agents = True
    look_every: Duration = 3 * SECOND
    SERVICE_LEVEL = 0.97
    MIN_ANSWERED = 0.20
    WINDOW: Duration = 30 * MINUTE
    ENOUGH = 10

    def __init__(self) -> None:
        self._ended: list[bool] = []
        self._recent: deque[tuple[Instant, int, int]] = deque()
        self._ring_s = self._call_s = 0.0
        self._rings = self._calls = 0

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        self._ended.append(live)
        if live:
            self._rings += 1
            self._ring_s += (age / SECOND - self._ring_s) / self._rings

    def talk_ended(self, length: Duration) -> None:
        self._calls += 1
        self._call_s += (length / SECOND - self._call_s) / self._calls

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """See the class."""
        if self._ended:
            self._recent.append((now, len(self._ended), sum(self._ended)))
            self._ended = []
        while self._recent and self._recent[0][0] < now - self.WINDOW:
            self._recent.popleft()
        soon = sum(self._soon_free((now - since) / SECOND) for since in view.talking_since)
        wanted = max(0, view.free_agents + soon - view.waiting)
        wanted = max(0, wanted - view.lines_in_flight)
        placed = sum(count for _, count, _ in self._recent)
        if wanted and placed >= self.ENOUGH:
            answered = sum(live for _, _, live in self._recent) / placed
            wanted = round(wanted / max(self.MIN_ANSWERED, answered))
        return wanted

    def _soon_free(self, in_call_s: float) -> bool:
        if self._calls < self.ENOUGH or self._call_s <= 0.0:
            return False
        return 1.0 - math.exp(-(in_call_s + self._ring_s) / self._call_s) >= self.SERVICE_LEVEL


class SamuelsonPacer(LearnsNothing):
    """US patent 4,858,120 (Samuelson 1987, expired): attempts = (free agents + busy ones whose estimated remaining time
    is within the transit time - callers waiting) / answered share, less the attempts in flight. The number of agents is
    multiplied by a gain, which every abandonment lowers and every live answer raises so that it rests at ``aim``: the
    patent has no such feedback, and abandons a fifth of the answers without it.
    """

    one_to_one = False
    needs_agents = True
    look_every: Duration = SECOND
    GAIN = 0.05
    MIN, MAX = 0.05, 3.0
    ENOUGH = 20

    def __init__(self, *, aim: float = 0.028) -> None:
        self._aim = aim
        self.gain = 1.0
        self._live_ratio = Ratio(memory=400.0, prior=0.5, prior_trials=4.0)
        self._experience = Experience()

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        self._live_ratio.enter(live)
        self._experience.outcomes.enter(age / SECOND)
        if live:
            self._experience.rings.enter(age / SECOND)
            self._steer(self._aim)

    def talk_ended(self, length: Duration) -> None:
        self._experience.talks.enter(length / SECOND)

    def work_ended(self, length: Duration) -> None:
        self._experience.works.enter(length / SECOND)

    def abandoned(self) -> None:
        self._steer(-1.0)

    def _steer(self, by: float) -> None:
        self.gain = min(max(self.gain * math.exp(self.GAIN * by), self.MIN), self.MAX)

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """See the class. One to one until enough was learned."""
        if min(len(self._experience.talks), len(self._experience.works), len(self._experience.rings)) < self.ENOUGH:
            return max(0, view.free_agents - view.lines_in_flight)
        probabilities = self._experience.look(
            now,
            talking_since=view.talking_since,
            working_since=view.working_since,
            dialing_since=view.dialing_since,
            live_ratio=self._live_ratio.value,
        )
        soon = int((probabilities.agents_free[:, MIDDLE] >= 0.5).sum())
        agents = view.free_agents + soon - view.waiting
        return max(0, math.floor(self.gain * agents / self._live_ratio.value - view.lines_in_flight))
