"""The simulator against queueing theory, the real engine included. If these fail, no figure of a simulated shift can be
trusted.

Requests arrive as a Poisson process, everybody answers at once, handling times are exponential: the floor is then a
queue whose measures are known (Erlang 1917; Palm 1957; Gans, Koole and Mandelbaum 2003).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from random import Random
from typing import Any

import pytest

from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import HOUR, SECOND, Duration, Instant
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import CampaignChanged, Event
from trunkcall.engine.pacing.base import LearnsNothing, PacingView
from trunkcall.flows.builtin import BuiltinFlow
from trunkcall.simulation import simulator
from trunkcall.simulation.campaign_run import CampaignRun
from trunkcall.simulation.results import Shift
from trunkcall.simulation.scenario import Scenario
from trunkcall.simulation.simulator import Simulator
from trunkcall.simulation.world import Fate, Outcome

pytestmark = pytest.mark.long

same_shifts = pytest.mark.xdist_group("the shifts of Erlang B")
"""Tests that simulate them once if they run in the same process."""

AGENTS = 10
HANDLING_S = 100.0
SHIFTS = 12
HOURS = 24.0
QUANTILE = 4.44
"""Student's t with 11 degrees of freedom, two-sided 99.9 %."""
UNLIKE = "the shifts are not what theory says"


class PoissonPacer(LearnsNothing):
    """Dials at the instants of a Poisson process, whoever is free."""

    one_to_one = False
    needs_agents = True

    def __init__(self, per_s: float, seed: int) -> None:
        self._random = Random(seed)
        self._per_s = per_s
        self.look_every: Duration = self.gap()

    def gap(self) -> Duration:
        return max(1, round(self._random.expovariate(self._per_s) * SECOND))

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        """One now; the next when the next gap has passed."""
        self.look_every = self.gap()
        return 1


@dataclass(frozen=True, slots=True)
class Callers:
    """Those who answer: how long they wait on average; inf is for ever, 0 not at all."""

    per_s: float
    patience_s: float


class PatientEngine(Engine):
    """An engine for which waiting counts as an abandonment from ``threshold`` on."""

    def __init__(self, threshold: Duration, config: EngineConfig, **parts: Any) -> None:
        super().__init__(config, **parts)
        self.limits = AbandonmentLimits(threshold=threshold, binding=False)

    def turn(self, events: Iterable[tuple[Event, Instant]], now: Instant) -> Decision:
        return super().turn([(self.limited(event), at) for event, at in events], now)

    def limited(self, event: Event) -> Event:
        if isinstance(event, CampaignChanged):
            return replace(event, dialing=replace(event.dialing, abandonment=self.limits))
        return event


def floor(callers: Callers, *, seed: int, threshold: Duration) -> Simulator:
    """A shift of such a queue. ``threshold`` is from when on waiting counts as an abandonment."""
    draws = Random(seed + 1000)

    class Calling(CampaignRun):
        def draw(self, now: Instant, random: Random) -> Fate:
            patience_s = callers.patience_s
            if math.isfinite(patience_s) and patience_s:
                patience_s = draws.expovariate(1 / patience_s)
            return Fate(
                outcome=Outcome.HUMAN,
                ring=0,
                detection=DetectionStatus.HUMAN_ANSWERED,
                detection_time=0,
                prompt=0,
                patience=round(min(patience_s, 1e6) * SECOND),
                talk=round(draws.expovariate(1 / HANDLING_S) * SECOND),
                wrap=0,
                agent_hangs_up=False,
            )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(simulator, "CampaignRun", Calling)
        shift = Simulator(Scenario(agents=AGENTS, hours=HOURS, ledger=False), seed=seed)
    pacer, legs = PoissonPacer(callers.per_s, seed), count(1)
    shift.engine = PatientEngine(
        threshold,
        EngineConfig(queue_limit=1000 * HOUR, lines_per_agent=1000.0),
        new_id=lambda: f"leg-{next(legs)}",
        flows=BuiltinFlow(),
        pacer_for=lambda settings: pacer,
    )
    return shift


def birth_and_death(offered: float, patience_s: float) -> list[float]:
    """The shares of time with so many callers: arrivals at rate λ = offered / H; with n of them departures at
    min(n, c) / H + (n - c)+ / patience."""
    arrivals = offered / HANDLING_S
    shares = [1.0]
    most = AGENTS if patience_s == 0 else AGENTS + 400
    for n in range(1, most + 1):
        leaving = max(n - AGENTS, 0) / patience_s if patience_s else 0.0
        shares.append(shares[-1] * arrivals / (min(n, AGENTS) / HANDLING_S + leaving))
    total = sum(shares)
    return [share / total for share in shares]


def erlang_b(agents: int, offered: float) -> float:
    """The share that is turned away, by its recursion."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked


def erlang_c(agents: int, offered: float) -> float:
    """The share that has to wait."""
    blocked = erlang_b(agents, offered)
    return blocked / (1.0 - offered / agents * (1.0 - blocked))


@cache
def shifts(offered: float, patience_s: float, threshold: Duration) -> list[Shift]:
    callers = Callers(offered / HANDLING_S, patience_s)
    return [floor(callers, seed=seed, threshold=threshold).run() for seed in range(SHIFTS)]


def agrees(values: list[float], expected: float, *, within: float) -> None:
    """The expected value lies in the confidence interval of the mean, and that is narrower than ``within`` of it."""
    margin = QUANTILE * statistics.stdev(values) / math.sqrt(len(values))
    assert margin < within * expected, "too few shifts to tell right from wrong"
    assert abs(statistics.fmean(values) - expected) < margin, UNLIKE


def test_the_formulas_agree_with_each_other_and_with_printed_tables() -> None:
    assert erlang_b(10, 8.0) == pytest.approx(0.1217, abs=1e-4)
    assert erlang_c(10, 8.0) == pytest.approx(0.4092, abs=1e-4)
    assert birth_and_death(8.0, 0.0)[AGENTS] == pytest.approx(erlang_b(AGENTS, 8.0))
    assert sum(birth_and_death(8.0, 1e9)[AGENTS:]) == pytest.approx(erlang_c(AGENTS, 8.0), rel=1e-4)


@same_shifts
def test_with_no_patience_so_many_are_lost_as_erlang_b_says() -> None:
    offered = 8.0
    runs = shifts(offered, 0.0, 2 * SECOND)
    blocked = erlang_b(AGENTS, offered)
    agrees([run.abandonment_ratio for run in runs], blocked, within=0.08)
    agrees([run.occupancy_ratio for run in runs], offered * (1 - blocked) / AGENTS, within=0.02)


def test_with_endless_patience_so_many_wait_and_so_long_as_erlang_c_says() -> None:
    """Waiting longer than t has the probability C exp(-(c - a) t / H); the engine counts it as an abandonment."""
    offered = 7.0
    for threshold_s in (2.0, 20.0):
        runs = shifts(offered, math.inf, round(threshold_s * SECOND))
        longer = erlang_c(AGENTS, offered) * math.exp(-(AGENTS - offered) * threshold_s / HANDLING_S)
        agrees([run.abandonment_ratio for run in runs], longer, within=0.3)
        agrees([run.occupancy_ratio for run in runs], offered / AGENTS, within=0.03)


@pytest.mark.parametrize(("offered", "patience_s"), [(9.0, 30.0), (14.0, 60.0)])
def test_with_some_patience_so_many_leave_as_the_chain_says(offered: float, patience_s: float) -> None:
    """M/M/c+M: callers who leave are (n - c)+ / patience a second, over those who come."""
    runs = shifts(offered, patience_s, 1000 * HOUR)
    shares = birth_and_death(offered, patience_s)
    leaving = sum(share * max(n - AGENTS, 0) / patience_s for n, share in enumerate(shares))
    busy = sum(share * min(n, AGENTS) for n, share in enumerate(shares)) / AGENTS
    agrees([run.abandonment_ratio for run in runs], leaving / (offered / HANDLING_S), within=0.2)
    agrees([run.occupancy_ratio for run in runs], busy, within=0.03)


@same_shifts
def test_a_wrong_floor_would_be_found() -> None:
    """One agent fewer, and the check of Erlang B fails."""
    runs = shifts(8.0, 0.0, 2 * SECOND)
    with pytest.raises(AssertionError, match=UNLIKE):
        agrees([run.abandonment_ratio for run in runs], erlang_b(AGENTS - 1, 8.0), within=0.08)
