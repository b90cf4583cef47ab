"""The best that a dialer can do that knows counts alone: a constrained Markov decision process, solved.

Decides how many attempts to have in flight for each number of live callers, so that agents are as busy as they can be
while at most a given share of the live answers is abandoned. The model: N agents, handling exponential of mean H,
outcome of an attempt exponential of mean L, live with probability p, a waiting caller leaves after an exponential time
of mean w. Attempts are begun at once and never cancelled. Method: uniformisation, relative value iteration, a Lagrange
multiplier on abandonments found by bisection, and the mixture of the two policies beside it (Altman, Constrained Markov
Decision Processes, 1999). It must not know how a shift is simulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trunkcall.domain.instants import Duration, Instant
from trunkcall.engine.pacing.base import LearnsNothing, PacingView
from trunkcall.engine.pacing.estimates import Floats

Levels = NDArray[np.int64]
TOLERANCE = 1e-7
MAX_SWEEPS = 60_000


@dataclass(frozen=True, slots=True)
class Model:
    """Times are seconds; ratios are shares."""

    agents: int
    outcome_mean_s: float = 20.45
    handling_mean_s: float = 150.0
    live_ratio: float = 0.25
    patience_mean_s: float = 2.0
    abandonment_ratio: float = 0.03

    @property
    def max_callers(self) -> int:
        """More live callers than this are not told apart."""
        return self.agents + 8 + math.isqrt(self.agents)

    @property
    def max_dials(self) -> int:
        """More attempts in flight are never ordered."""
        busiest = self.agents * self.outcome_mean_s / (self.handling_mean_s * self.live_ratio)
        # To keep few agents busy from idleness takes 1/p attempts for each of them.
        return math.ceil(busiest + 4.0 * math.sqrt(busiest) + min(self.agents, 12) / self.live_ratio)

    @property
    def states(self) -> int:
        """How many there are."""
        return (self.max_callers + 1) * (self.max_dials + 1)


@dataclass(frozen=True, slots=True)
class Optimum:
    """``levels[x, d]``: how many attempts to have in flight with ``x`` live callers (talking, worked on or waiting) and
    ``d`` in flight already. The ratios are of the model's optimum, the mixture of two policies included."""

    model: Model
    levels: Levels
    occupancy_ratio: float
    abandonment_ratio: float


class _Chain:
    """The uniformised chain, of states after a decision: callers by attempts in flight."""

    def __init__(self, model: Model) -> None:
        self.model = model
        agents = model.agents
        self.max_callers, self.max_dials = model.max_callers, model.max_dials
        callers = np.arange(self.max_callers + 1.0)[:, None]
        dials = np.arange(self.max_dials + 1.0)[None, :]
        ending = dials / model.outcome_mean_s
        live = np.where(callers < self.max_callers, model.live_ratio, 0.0)
        self.busy = np.minimum(callers, agents) + 0.0 * dials
        self.leaving = np.maximum(callers - agents, 0.0) / model.patience_mean_s + 0.0 * dials
        self.answers = ending * live
        self.failures = ending * (1.0 - live)
        self.departures = self.busy / model.handling_mean_s + self.leaving
        self.rate = float((self.answers + self.failures + self.departures).max()) * 1.01
        self.staying = 1.0 - (self.answers + self.failures + self.departures) / self.rate

    def solve(self, price: float, values: Floats) -> tuple[Levels, Floats]:
        """The best levels if an abandonment costs ``price`` agent-seconds, by relative value iteration from
        ``values``."""
        reward = (self.busy - price * self.leaving) / self.rate
        worth = best = values
        for _ in range(MAX_SWEEPS):
            worth = reward + self._expected(values)
            best = np.maximum.accumulate(worth[:, ::-1], axis=1)[:, ::-1]
            change = best - values
            values = best - best[0, 0]
            if change.max() - change.min() < TOLERANCE * self.model.agents:
                break
        return self._levels(worth, best), values

    def _expected(self, values: Floats) -> Floats:
        expected: Floats = self.staying * values
        expected[:-1, 1:] += self.answers[:-1, 1:] / self.rate * values[1:, :-1]
        expected[:, 1:] += self.failures[:, 1:] / self.rate * values[:, :-1]
        expected[1:, :] += self.departures[1:, :] / self.rate * values[:-1, :]
        return expected

    def _levels(self, worth: Floats, best: Floats) -> Levels:
        """For each state the fewest attempts in flight, at least those there are, that are worth the most."""
        reached = worth >= best - 1e-12 * np.abs(best).max()
        dials = np.where(reached, np.arange(worth.shape[1]), worth.shape[1] - 1)
        levels: Levels = np.minimum.accumulate(dials[:, ::-1], axis=1)[:, ::-1]
        return levels

    def ratios(self, levels: Levels, share: Floats) -> tuple[float, float, Floats]:
        """Occupancy and abandonment of a policy, and the stationary shares of its states, by power iteration from
        ``share``."""
        width = self.max_dials + 1
        state = np.arange(share.size).reshape(share.shape)
        after = (np.arange(share.shape[0])[:, None] * width + levels).ravel()
        answers, failures, departures = (
            (self.answers[:-1, 1:] / self.rate, after[(state[1:, :-1]).ravel()]),
            (self.failures[:, 1:] / self.rate, after[(state[:, :-1]).ravel()]),
            (self.departures[1:, :] / self.rate, after[(state[:-1, :]).ravel()]),
        )
        targets = np.concatenate((answers[1], failures[1], departures[1]))
        for _ in range(MAX_SWEEPS):
            flows = np.concatenate(
                (
                    (share[:-1, 1:] * answers[0]).ravel(),
                    (share[:, 1:] * failures[0]).ravel(),
                    (share[1:, :] * departures[0]).ravel(),
                )
            )
            moved = np.bincount(targets, weights=flows, minlength=share.size).reshape(share.shape)
            following = self.staying * share + moved
            change = float(np.abs(following - share).sum())
            share = following
            if change < TOLERANCE:
                break
        occupancy = float((share * self.busy).sum()) / self.model.agents
        answers_per_s = float((share * self.answers).sum())
        # Where contacts last for ever, nobody answers any more in the end.
        abandonment = float((share * self.leaving).sum()) / answers_per_s if answers_per_s else 0.0
        return occupancy, abandonment, share


@lru_cache(maxsize=32)
def optimum(model: Model) -> Optimum:
    """Solve the model: some seconds for 20 agents, more for more."""
    chain = _Chain(model)
    shape = (chain.max_callers + 1, chain.max_dials + 1)
    values, share = np.zeros(shape), np.zeros(shape)
    share[0, 0] = 1.0
    low, high = 0.0, 60.0 * model.handling_mean_s
    bold = careful = (0.0, 0.0)
    levels = np.zeros(shape, dtype=np.int64)
    for _ in range(14):
        price = (low + high) / 2.0
        tried, values = chain.solve(price, values)
        share = np.zeros(shape)
        share[model.agents, 0] = 1.0
        occupancy, abandonment, share = chain.ratios(tried, share)
        if abandonment > model.abandonment_ratio:
            low, bold = price, (occupancy, abandonment)
        else:
            high, careful, levels = price, (occupancy, abandonment), tried
    if bold[1] <= careful[1]:
        return Optimum(model, levels, *careful)
    mixed = (model.abandonment_ratio - careful[1]) / (bold[1] - careful[1])
    occupancy = careful[0] + mixed * (bold[0] - careful[0])
    return Optimum(model, levels, occupancy, model.abandonment_ratio)


class OptimalPacer(LearnsNothing):
    """Orders up to the optimum's levels. It is told the true means of the world, but not that it changes."""

    one_to_one = False
    needs_agents = True

    def __init__(self, model: Model) -> None:
        self._agents = model.agents
        self._levels = optimum(model).levels
        self.look_every: Duration = 0

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """As many as are missing to the level of this state."""
        callers = min(max(self._agents - view.free_agents + view.waiting, 0), self._levels.shape[0] - 1)
        dials = min(len(view.dialing_since), self._levels.shape[1] - 1)
        missing: int = self._levels[callers, dials].item() - dials
        return missing
