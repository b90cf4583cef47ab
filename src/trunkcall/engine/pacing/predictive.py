"""Predictive pacing: dial ahead of the agents who will be free, with as much risk as the law leaves.

Decides how many attempts to begin, by looking one ring ahead. Let I agents be free and W live answers wait. Each agent
in a contact is free within the horizon with a probability q that follows from how long the contact has lasted; each
attempt in flight is a live answer with a probability r that follows from its age; a new attempt is one with probability
p. The largest n is dialed for which

    P(W + live answers of those in flight + live answers of n more > I + agents who become free) <= risk

The risk is steered by what happens: every abandonment lowers it, every live answer raises it a little, so that it rests
where abandonments are ``aim`` of the live answers. The ledger scales it down, smoothly and well before there is nothing
left, and while it does the risk is not raised. Until enough was learned, and never fewer than that, attempts are one to
one.

docs/explanation/pacing.md has the mathematics. It must not know carriers, stores or clocks.
"""

from __future__ import annotations

import math

import numpy as np

from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.engine.pacing.base import PacingView
from trunkcall.engine.pacing.estimates import Durations, Floats, Ratio

GAIN = 0.05
"""Of the feedback: how much one abandonment lowers the logarithm of the risk."""
LEAST_RISK, MOST_RISK = 0.002, 0.6
FIRST_RISK = 0.025
AIM_SHARE = 0.98
"""The ledger's target that the feedback aims at: what is left is for chance."""
SMOOTH = 4.0
"""Abandonments of headroom below which the ledger scales the risk down."""
ENOUGH = 20
"""Contacts handled before anything is predicted."""
EXACT_BELOW = 15
"""Agents below whom the distribution is computed exactly, not by a normal approximation."""
MOST_AT_ONCE = 200
MEMORY_ATTEMPTS = 400.0
MEMORY_LENGTHS = 600


class PredictivePacer:
    """See the module. ``target_ratio`` is the ledger's; ``grace`` how long a live answer may wait for an agent."""

    one_to_one = False
    needs_agents = True
    look_every: Duration = SECOND

    def __init__(self, *, target_ratio: float, grace: Duration) -> None:
        self._aim = target_ratio * AIM_SHARE
        self._grace_s = grace / SECOND
        self._risk = FIRST_RISK
        self._limited = False
        self._live_ratio = Ratio(memory=MEMORY_ATTEMPTS, prior=0.5, prior_trials=4.0)
        self._rings = Durations(MEMORY_LENGTHS)
        self._outcomes = Durations(2 * MEMORY_LENGTHS)
        self._handling = Durations(MEMORY_LENGTHS)

    # --- learning -----------------------------------------------------------------------------------------------------

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        self._live_ratio.enter(live)
        self._outcomes.enter(age / SECOND)
        if live:
            self._rings.enter(age / SECOND)
            if not self._limited:
                self._steer(self._aim)

    def handling_ended(self, length: Duration) -> None:
        self._handling.enter(length / SECOND)

    def abandoned(self) -> None:
        self._steer(-1.0)

    def _steer(self, by: float) -> None:
        self._risk = min(max(self._risk * math.exp(GAIN * by), LEAST_RISK), MOST_RISK)

    # --- asking -------------------------------------------------------------------------------------------------------

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """See the module."""
        least = max(0, round(view.free_agents * view.share) - view.lines_in_flight)
        if len(self._handling) < ENOUGH or len(self._rings) < ENOUGH:
            return least
        live_ratio = self._live_ratio.value
        horizon_s = self._rings.mean
        free = view.free_agents * view.share
        ends = self._ends(view.handling_since, now, horizon_s) * view.share
        lives = self._lives(view.dialing_since, now, live_ratio)
        waiting = view.waiting
        risk = self._risk * self._scale(view.headroom, free, waiting, ends, lives)
        if view.staffed_agents < EXACT_BELOW and view.share == 1.0:
            wanted = _exactly(round(free) - waiting, ends, lives, live_ratio, risk)
        else:
            wanted = _nearly(free - waiting, ends, lives, live_ratio, risk)
        return max(wanted, least)

    def _ends(self, since: object, now: Instant, horizon_s: float) -> Floats:
        """For each agent in a contact, the probability of being free within the horizon and the grace."""
        ages_s = (now - np.array(since, dtype=np.float64)) / SECOND
        return self._handling.ends_within(ages_s, horizon_s + self._grace_s)

    def _lives(self, since: object, now: Instant, live_ratio: float) -> Floats:
        """For each attempt in flight, the probability that it will be a live answer: p S_R(a) / S_O(a)."""
        ages_s = (now - np.array(since, dtype=np.float64)) / SECOND
        rings = self._rings.surviving(ages_s) / len(self._rings)
        outcomes = (self._outcomes.surviving(ages_s) + 0.5) / (len(self._outcomes) + 0.5)
        return np.minimum(live_ratio * rings / outcomes, 1.0)

    def _scale(self, headroom: float, free: float, waiting: int, ends: Floats, lives: Floats) -> float:
        """How much of the risk the ledger leaves, after the abandonments to be expected of what is in flight."""
        deviation = math.sqrt(float((lives * (1 - lives)).sum() + (ends * (1 - ends)).sum())) or 1e-9
        surplus = (waiting + float(lives.sum()) - free - float(ends.sum())) / deviation
        expected = deviation * (_density(surplus) + surplus * _normal(surplus))
        scale = min(max((headroom - expected) / SMOOTH, 0.0), 1.0)
        self._limited = scale < 0.5
        return scale


def _nearly(supply: float, ends: Floats, lives: Floats, live_ratio: float, risk: float) -> int:
    """The largest n by a normal approximation with a continuity correction."""
    mean = supply + float(ends.sum()) - float(lives.sum())
    variance = float((ends * (1 - ends)).sum() + (lives * (1 - lives)).sum())
    wanted = 0
    while wanted < MOST_AT_ONCE:
        n = wanted + 1
        deviation = math.sqrt(variance + n * live_ratio * (1 - live_ratio)) or 1e-9
        if 1.0 - _normal((mean - n * live_ratio + 0.5) / deviation) > risk:
            return wanted
        wanted = n
    return wanted


def _exactly(supply: int, ends: Floats, lives: Floats, live_ratio: float, risk: float) -> int:
    """The largest n by convolution of the Bernoulli trials."""
    freed = _sum_of_trials(ends)
    met = _sum_of_trials(lives)
    # P(freed <= k), and from it, for each number of live answers, the probability that agents are too few.
    at_most = np.cumsum(freed)
    wanted = 0
    while wanted <= MOST_AT_ONCE:
        needed = np.arange(len(met)) - supply - 1
        too_few = np.where(needed < 0, 0.0, at_most[np.clip(needed, 0, len(at_most) - 1)])
        if float(met @ too_few) > risk:
            return max(wanted - 1, 0)
        met = np.convolve(met, (1 - live_ratio, live_ratio))
        wanted += 1
    return MOST_AT_ONCE


def _sum_of_trials(probabilities: Floats) -> Floats:
    """The distribution of a sum of Bernoulli trials (Poisson binomial)."""
    distribution = np.ones(1)
    for probability in probabilities:
        distribution = np.convolve(distribution, (1 - probability, probability))
    return distribution


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _density(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
