"""Predictive pacing: dial ahead of the agents who will be free, with as much risk as the law leaves.

Decides how many attempts to begin. An attempt begun now that comes to a live answer does so at one of a few instants
ahead (experience.py). By each of them some agents will have become free and some of the attempts in flight will have
been answered, so the probability is known that this live answer finds nobody:

    P(free agents + agents who become free - waiting live answers - live answers in between <= 0)

Attempts are added one by one for as long as its mean over the instants is at most a risk, each counting as one more
that may be answered before the next (chances.py).

The risk is ``centre`` times what the ledger leaves (``Standing.risk_scale``). Where that is more than one, live answers
raise the centre a little, where it is less they lower it: so the centre comes to rest at the risk that spends the
ledger's target as it comes, and the ledger at what it should hold. Campaigns that look ahead for the same agents lose
live answers where the others do, so the ledger that has least left counts for all of them. However little is left, an
attempt may be begun that hardly anybody can find nobody by; and never fewer than one to one.

docs/explanation/pacing.md has the mathematics. It must not know carriers, stores or clocks.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.values import quickly_made
from trunkcall.engine.ledger import Standing
from trunkcall.engine.pacing.base import Forecast, PacingView
from trunkcall.engine.pacing.chances import Expectation, attempts_exactly, attempts_nearly
from trunkcall.engine.pacing.estimates import Floats, Ratio
from trunkcall.engine.pacing.experience import EVER, MIDDLE, Experience, Probabilities

FIRST_CENTRE = 0.03
MIN_CENTRE, MAX_CENTRE = 0.004, 0.3
PULL = 0.004
"""Of the feedback, at most: how much one live answer moves the logarithm of the centre."""
SLOW = 4.0
"""How much slower the centre moves than the ledger does: the two would swing otherwise."""
SAFE_SHARE = 1.0 / 30.0
"""Of the target, the least where rivals have others: the risk that is always taken. It earns more headroom than it
costs."""
EXACT_BELOW = 15
"""Agents below whom the distribution is computed exactly, not by a normal approximation."""
EXACT_TRIALS = 200
"""Agents and attempts below which that takes no longer than a look may: a team that has just shrunk holds more."""
MEMORY_ATTEMPTS = 600.0
AT_STAKE = 0.1
"""Live answers that a rival must have in flight for its ledger to count."""


@quickly_made
@dataclass(frozen=True, slots=True)
class _Look:
    """What one look has seen. ``safe_risk`` may be taken whatever the ledgers leave."""

    probabilities: Probabilities
    expectation: Expectation
    live_ratio: float
    scale: float
    rivals_scale: float
    safe_risk: float


class PredictivePacer:
    """See the module."""

    one_to_one = False
    needs_agents = True
    look_every: Duration = SECOND

    def __init__(self) -> None:
        self._centre = FIRST_CENTRE
        self._pull = 0.0
        self._live_ratio = Ratio(memory=MEMORY_ATTEMPTS, prior=0.5, prior_trials=4.0)
        self._experience = Experience()

    # --- learning -----------------------------------------------------------------------------------------------------

    def attempt_ended(self, age: Duration, *, live: bool) -> None:
        self._live_ratio.enter(live)
        self._experience.outcomes.enter(age / SECOND)
        if live:
            self._experience.rings.enter(age / SECOND)
            self._centre = min(max(self._centre * math.exp(self._pull), MIN_CENTRE), MAX_CENTRE)

    def talk_ended(self, length: Duration) -> None:
        self._experience.talks.enter(length / SECOND)

    def work_ended(self, length: Duration) -> None:
        self._experience.works.enter(length / SECOND)

    def abandoned(self) -> None:
        """Nothing: the ledger tells."""

    # --- asking -------------------------------------------------------------------------------------------------------

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """See the module."""
        in_flight = view.lines_in_flight + sum([len(rival.dialing_since) for rival in view.rivals])
        least = max(0, view.free_agents - in_flight)
        standing = view.standing
        if standing.spent:
            self._pull = 0.0
            return least
        look = self._look(view, standing, now)
        slowly = standing.target_ratio / (SLOW * standing.setpoint(view.staffed_agents))
        self._pull = (look.scale - 1.0) * min(slowly, PULL)
        risk = self._risk_allowed(look)
        exact = view.staffed_agents < EXACT_BELOW and look.expectation.trials < EXACT_TRIALS
        wanted = attempts_exactly(look.expectation, risk) if exact else attempts_nearly(look.expectation, risk)
        return max(wanted, least)

    def forecast(self, view: PacingView, now: Instant) -> Forecast | None:
        """What the next look would see. None until enough was learned. Changes nothing that is decided."""
        if not self._experience.can_predict:
            return None
        look = self._look(view, view.standing, now, learn=False)
        return Forecast(
            live_ratio=look.live_ratio,
            horizon=round(self._experience.at_s[MIDDLE] * SECOND),
            agents_expected=float(look.probabilities.agents_free[:, MIDDLE].sum()),
            live_answers_expected=float(look.probabilities.live_answers[:, EVER].sum()),
            risk=self._centre,
            risk_scale=look.scale,
            rivals_scale=look.rivals_scale,
            risk_allowed=self._risk_allowed(look),
        )

    def _risk_allowed(self, look: _Look) -> float:
        return max(self._centre * min(look.scale, look.rivals_scale), look.safe_risk)

    def live_answer_probabilities(self, dialing_since: Collection[Instant], now: Instant) -> Floats:
        return self._experience.live_answers(now, dialing_since, self._cautious_live_ratio)

    @property
    def _cautious_live_ratio(self) -> float:
        """Dialing too many for want of knowledge costs more than dialing too few."""
        return min(self._live_ratio.value + self._live_ratio.deviation, 1.0)

    def _look(self, view: PacingView, standing: Standing, now: Instant, *, learn: bool = True) -> _Look:
        live_ratio = self._cautious_live_ratio
        probabilities = self._experience.look(
            now,
            talking_since=view.talking_since,
            working_since=view.working_since,
            dialing_since=view.dialing_since,
            live_ratio=live_ratio,
            learn=learn,
        )
        agents, rivals = view.staffed_agents, view.rivals
        of_rivals = [rival.pacer.live_answer_probabilities(rival.dialing_since, now) for rival in rivals]
        live_answers = (
            np.concatenate((probabilities.live_answers, *of_rivals)) if of_rivals else probabilities.live_answers
        )
        expectation = Expectation(
            view.free_agents - view.waiting, probabilities.agents_free, live_answers, probabilities.answered
        )
        # Of the live answers that find nobody, each campaign has its share.
        answers = expectation.answers_expected[EVER]
        expected = expectation.expected_shortfall(MIDDLE, EVER) / (answers or 1.0)
        own = answers
        rivals_scale, least_target = math.inf, standing.target_ratio
        for rival, rows in zip(rivals, of_rivals, strict=True):
            in_flight = float(rows[:, EVER].sum())
            own -= in_flight
            if in_flight >= AT_STAKE:
                rivals_scale = min(rivals_scale, rival.standing.risk_scale(expected * in_flight, agents))
                least_target = min(least_target, rival.standing.target_ratio)
        return _Look(
            probabilities=probabilities,
            expectation=expectation,
            live_ratio=live_ratio,
            scale=standing.risk_scale(expected * own, agents),
            rivals_scale=rivals_scale,
            safe_risk=SAFE_SHARE * least_target,
        )
