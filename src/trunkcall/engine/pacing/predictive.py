"""Predictive pacing: dial ahead of the agents who will be free, with as much risk as the law leaves.

Decides how many attempts to begin. An attempt begun now that comes to a live answer does so at one of a few instants
ahead (outlook.py). By each of them some agents will have become free and some of the attempts in flight will have been
answered, so the probability is known that this live answer finds nobody:

    P(free agents + agents who become free - waiting live answers - live answers in between <= 0)

Attempts are added one by one for as long as its mean over the instants is at most ``risk``, each counting as one more
that may be answered before the next.

The risk is steered by what happens: every abandonment lowers it, every live answer raises it a little, so that it rests
where abandonments are ``aim`` of the live answers. The ledger scales it down, smoothly and well before there is nothing
left, and while it does the risk is not raised. Until enough was learned, and never fewer than that, attempts are one to
one.

docs/explanation/pacing.md has the mathematics. It must not know carriers, stores or clocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.engine.pacing.base import Forecast, PacingView
from trunkcall.engine.pacing.estimates import Floats, Ratio
from trunkcall.engine.pacing.outlook import ANSWERED, INSTANTS, Outlook

GAIN = 0.08
"""Of the feedback: how much one abandonment lowers the logarithm of the risk."""
LEAST_RISK, MOST_RISK = 0.002, 0.6
FIRST_RISK = 0.025
AIM_SHARE = 0.98
"""The ledger's target that the feedback aims at: what is left is for chance."""
SMOOTH = 4.0
"""Abandonments of headroom below which the ledger scales the risk down."""
RESERVE = 1.0
"""Abandonments of headroom that are never counted on: what is in flight may come to more than is expected of it."""
ENOUGH = 20
"""Contacts handled before anything is predicted."""
EXACT_BELOW = 15
"""Agents below whom the distribution is computed exactly, not by a normal approximation."""
MOST_AT_ONCE = 200
MEMORY_ATTEMPTS = 600.0


@dataclass(frozen=True, slots=True)
class _Prospect:
    """What is to be expected by each of the instants ahead. ``ends`` and ``lives`` have a row for each agent in a
    contact and for each attempt in flight."""

    supply: float
    """Free agents less waiting live answers."""
    ends: Floats
    lives: Floats
    live_ratio: float
    share: float

    @property
    def mean(self) -> Floats:
        """Of free agents, less everybody who needs one."""
        mean: Floats = self.supply + self.ends.sum(0) * self.share - self.lives.sum(0)
        return mean

    @property
    def variance(self) -> Floats:
        variance: Floats = (self.ends * (1 - self.ends)).sum(0) * self.share + (self.lives * (1 - self.lives)).sum(0)
        return variance


class PredictivePacer:
    """See the module. ``target_ratio`` is the ledger's."""

    one_to_one = False
    needs_agents = True
    look_every: Duration = SECOND

    def __init__(self, *, target_ratio: float) -> None:
        self._aim = target_ratio * AIM_SHARE
        self._risk = FIRST_RISK
        self._limited = False
        self._live_ratio = Ratio(memory=MEMORY_ATTEMPTS, prior=0.5, prior_trials=4.0)
        self._outlook = Outlook()

    # --- learning -----------------------------------------------------------------------------------------------------

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        self._live_ratio.enter(live)
        self._outlook.outcomes.enter(age / SECOND)
        if live:
            self._outlook.rings.enter(age / SECOND)
            if not self._limited:
                self._steer(self._aim)

    def talk_ended(self, length: Duration) -> None:
        self._outlook.talks.enter(length / SECOND)

    def work_ended(self, length: Duration) -> None:
        self._outlook.works.enter(length / SECOND)

    def abandoned(self) -> None:
        self._steer(-1.0)

    def _steer(self, by: float) -> None:
        self._risk = min(max(self._risk * math.exp(GAIN * by), LEAST_RISK), MOST_RISK)

    # --- asking -------------------------------------------------------------------------------------------------------

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """See the module."""
        least = max(0, round(view.free_agents * view.share) - view.lines_in_flight)
        if not self._outlook.knows(ENOUGH):
            return least
        prospect, ever = self._look(view, now)
        scale = _scale(view.headroom, prospect, ever)
        self._limited = scale < 0.5
        risk = self._risk * scale
        if risk <= 0.0:
            return least
        if view.staffed_agents < EXACT_BELOW and view.share == 1.0:
            wanted = _exactly(prospect, risk)
        else:
            wanted = _nearly(prospect, risk)
        return max(wanted, least)

    def forecast(self, view: PacingView, now: Instant) -> Forecast | None:
        """What the next look would see. None until enough was learned. Changes nothing that is decided."""
        if not self._outlook.knows(ENOUGH):
            return None
        prospect, ever = self._look(view, now)
        middle = INSTANTS // 2
        return Forecast(
            live_ratio=prospect.live_ratio,
            horizon=round(self._outlook.at_s[middle] * SECOND),
            ends_expected=float(prospect.ends.sum(0)[middle]) * view.share,
            lives_expected=float(ever.sum()),
            risk=self._risk,
            risk_scale=_scale(view.headroom, prospect, ever),
        )

    def _look(self, view: PacingView, now: Instant) -> tuple[_Prospect, Floats]:
        """What is to be expected, and for each attempt in flight the probability that it ever is a live answer."""
        outlook = self._outlook
        outlook.refresh()
        live_ratio = self._live_ratio.value
        lives = outlook.dialing(view.dialing_since, now, live_ratio)
        ends = np.concatenate((outlook.talking(view.talking_since, now), outlook.working(view.working_since, now)))
        supply = view.free_agents * view.share - view.waiting
        return _Prospect(supply, ends, lives[:, :-1], live_ratio, view.share), lives[:, -1]


def _scale(headroom: float, prospect: _Prospect, ever: Floats) -> float:
    """How much of the risk the ledger leaves, after the abandonments to be expected of what is in flight: with z the
    surplus of live answers over agents in standard deviations s, s (phi(z) + z Phi(z))."""
    ends = prospect.ends[:, INSTANTS // 2]
    variance = float((ever * (1 - ever)).sum() + (ends * (1 - ends)).sum() * prospect.share)
    deviation = math.sqrt(variance) or 1e-9
    surplus = (float(ever.sum()) - prospect.supply - float(ends.sum()) * prospect.share) / deviation
    expected = deviation * (_density(surplus) + surplus * _normal(surplus))
    return min(max((headroom - RESERVE - expected) / SMOOTH, 0.0), 1.0)


def _nearly(prospect: _Prospect, risk: float) -> int:
    """How many to begin, by a normal approximation with a continuity correction."""
    means, variances = prospect.mean.tolist(), prospect.variance.tolist()
    answered = (ANSWERED * prospect.live_ratio).tolist()
    allowed = risk * INSTANTS
    for wanted in range(MOST_AT_ONCE):
        nobody = 0.0
        for mean, variance, answer in zip(means, variances, answered, strict=True):
            deviation = math.sqrt(variance + wanted * answer * (1.0 - answer)) or 1e-9
            nobody += _normal((0.5 - mean + wanted * answer) / deviation)
        if nobody > allowed:
            return wanted
    return MOST_AT_ONCE


def _exactly(prospect: _Prospect, risk: float) -> int:
    """How many to begin, by convolution of the Bernoulli trials, at all instants at once."""
    supply = round(prospect.supply)
    free_at_most = np.cumsum(_sum_of_trials(prospect.ends), axis=1)
    met = _sum_of_trials(prospect.lives)
    answered = prospect.live_ratio * ANSWERED
    last = free_at_most.shape[1] - 1
    for wanted in range(MOST_AT_ONCE):
        # Nobody is free where those who became free are at most the live answers met, less the supply.
        most = np.arange(met.shape[1]) - supply
        nobody = np.where(most < 0, 0.0, free_at_most[:, np.clip(most, 0, last)])
        if float((met * nobody).sum()) > risk * INSTANTS:
            return wanted
        met = _one_more(met, answered)
    return MOST_AT_ONCE


def _sum_of_trials(probabilities: Floats) -> Floats:
    """The distributions, a row for each instant, of sums of Bernoulli trials (Poisson binomial)."""
    distribution = np.ones((INSTANTS, 1))
    for row in probabilities:
        distribution = _one_more(distribution, row)
    return distribution


def _one_more(distribution: Floats, probability: Floats) -> Floats:
    """The distributions with one more trial."""
    result = np.zeros((INSTANTS, distribution.shape[1] + 1))
    met = distribution * probability[:, None]
    result[:, :-1] = distribution - met
    result[:, 1:] += met
    return result


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _density(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
