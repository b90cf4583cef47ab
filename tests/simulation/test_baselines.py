"""Pacing methods of others. If these fail, Trunkcall is compared with something that nobody has published."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import MINUTE, SECOND, Instant
from trunkcall.engine.ledger import Standing
from trunkcall.simulation.baselines.optimal import Model, OptimalPacer, optimum
from trunkcall.simulation.baselines.predictors import FixedRatioPacer, IssabelPacer, SamuelsonPacer
from trunkcall.simulation.baselines.vicidial import Adapt, VicidialPacer
from trunkcall.simulation.campaign import BASELINES
from trunkcall.simulation.pacers import model_of, outcome_mean_s, pacers_of
from trunkcall.simulation.results import Shift
from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Simulator
from trunkcall.simulation.world import World

pytestmark = pytest.mark.long

NOW: Instant = 1_000_000 * SECOND


NOTHING_LEFT = Standing(headroom=-100.0, allowance=100.0, target_ratio=0.03)


@dataclass
class View:
    """What a pacer sees."""

    free_agents: int = 0
    staffed_agents: int = 10
    lines_in_flight: int = 0
    lines_free: int = 1000
    waiting: int = 0
    rivals: tuple[()] = ()
    standing: Standing = NOTHING_LEFT
    """None of the baselines may know of it."""
    talking_since: list[Instant] = field(default_factory=list)
    working_since: list[Instant] = field(default_factory=list)
    dialing_since: list[Instant] = field(default_factory=list)


def run(**values: object) -> Shift:
    return Simulator(with_values(Scenario(), values, "a test"), seed=1).run()


# --- VICIdial ---------------------------------------------------------------------------------------------------------


def level_after(pacer: VicidialPacer, view: View, seconds: int, *, start: Instant = NOW) -> float:
    for half in range(2 * seconds + 1):
        pacer.attempts_wanted(view, start + half * SECOND // 2)
    return pacer.level


def test_the_level_doubles_every_fifteen_seconds_while_everybody_is_idle() -> None:
    pacer = VicidialPacer(Adapt.AVERAGE, maximum_level=100.0)
    assert level_after(pacer, View(free_agents=10), 15) == 2.0
    assert level_after(pacer, View(free_agents=10), 15, start=NOW + 15 * SECOND) == 4.0


def test_the_level_grows_by_the_share_of_idle_agents_up_to_its_maximum_and_never_falls_below_one() -> None:
    assert level_after(VicidialPacer(Adapt.AVERAGE), View(free_agents=2), 15) == 1.2
    assert level_after(VicidialPacer(Adapt.AVERAGE), View(free_agents=10), 300) == 3.0
    assert level_after(VicidialPacer(Adapt.AVERAGE), View(waiting=5), 300) == 1.0


def test_it_dials_level_lines_for_each_agent_who_is_ready_or_talks() -> None:
    pacer = VicidialPacer(Adapt.AVERAGE)
    view = View(free_agents=4, talking_since=[NOW] * 3, working_since=[NOW] * 3, lines_in_flight=1)
    assert pacer.attempts_wanted(view, NOW) == 7 - 3 - 1
    assert pacer.attempts_wanted(view, NOW + SECOND) == 0, "the dialing loop passes every 2.5 s"


@pytest.mark.parametrize(
    ("method", "level"),
    [
        (Adapt.HARD_LIMIT, 1.0),
        (Adapt.AVERAGE, 1.5),  # 3 halved
        (Adapt.TAPERED, 3.0 * 0.799),  # 13:01 of a day that ends at 21:00, calculated as 2100 - 1301
    ],
)
def test_above_the_limit_each_method_comes_down_in_its_way(method: Adapt, level: float) -> None:
    pacer = VicidialPacer(method)
    for number in range(100):
        pacer.attempt_ended(SECOND, live=number % 2 == 0)
    for _ in range(2):
        pacer.abandoned()
    assert level_after(pacer, View(free_agents=10), 59) == 3.0, "drops are counted once a minute"
    assert level_after(pacer, View(free_agents=10), 1, start=NOW + 59 * SECOND) == pytest.approx(level)


def test_when_most_of_the_last_minute_was_dropped_the_level_is_halved() -> None:
    pacer = VicidialPacer(Adapt.AVERAGE, dropped_percentage=100.0)
    for _ in range(30):
        pacer.attempt_ended(SECOND, live=True)
    for _ in range(16):
        pacer.abandoned()
    assert level_after(pacer, View(free_agents=10), 60) == 1.5


# --- Issabel ----------------------------------------------------------------------------------------------------------


def test_issabel_divides_what_is_missing_by_the_answered_share_after_taking_off_what_is_in_flight() -> None:
    pacer = IssabelPacer()
    for number in range(100):
        pacer.attempt_ended(10 * SECOND, live=number % 4 == 0)
    assert pacer.attempts_wanted(View(free_agents=2, lines_in_flight=1), NOW) == 4, "units differ: that is how it is"


def test_issabel_takes_nobody_to_answer_less_than_one_in_five_and_forgets_after_half_an_hour() -> None:
    pacer = IssabelPacer()
    for _ in range(100):
        pacer.attempt_ended(10 * SECOND, live=False)
    assert pacer.attempts_wanted(View(free_agents=2), NOW) == 10
    assert pacer.attempts_wanted(View(free_agents=2), NOW + 31 * MINUTE) == 2


def test_issabel_counts_on_calls_that_have_lasted_three_and_a_half_times_the_mean() -> None:
    pacer = IssabelPacer()
    for _ in range(10):
        pacer.talk_ended(100 * SECOND)
        pacer.attempt_ended(8 * SECOND, live=True)
    bound_s = -100 * math.log(0.03) - 8
    before, after = NOW - int((bound_s - 1) * SECOND), NOW - int((bound_s + 1) * SECOND)
    assert pacer.attempts_wanted(View(talking_since=[before]), NOW) == 0
    assert pacer.attempts_wanted(View(talking_since=[after]), NOW) == 1


# --- Samuelson, fixed ratio -------------------------------------------------------------------------------------------


def test_samuelson_counts_who_will_be_free_within_the_transit_time_and_divides_by_the_answered_share() -> None:
    pacer = SamuelsonPacer()
    for number in range(800):
        pacer.attempt_ended(12 * SECOND, live=number % 4 == 0)
        pacer.talk_ended(100 * SECOND)
        pacer.work_ended((20 + number % 20) * SECOND)
    pacer.gain = 1.0
    soon, late = [NOW - 35 * SECOND] * 2, [NOW - SECOND] * 5
    wanted = pacer.attempts_wanted(View(free_agents=1, working_since=[*soon, *late], lines_in_flight=2), NOW)
    assert wanted == pytest.approx(3 / 0.25 - 2, abs=1)
    for _ in range(20):
        pacer.abandoned()
    assert pacer.gain == pytest.approx(math.exp(-1))
    assert pacer.attempts_wanted(View(free_agents=1, working_since=[*soon, *late]), NOW) < wanted


def test_a_fixed_ratio_fills_up_lines() -> None:
    pacer = FixedRatioPacer(lines_per_agent=1.5)
    view = View(staffed_agents=10, lines_in_flight=4, talking_since=[NOW] * 5)
    assert pacer.attempts_wanted(view, NOW) == 6
    assert pacer.attempts_wanted(View(staffed_agents=1, lines_in_flight=4), NOW) == 0


# --- the optimum ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "occupancy"),
    [
        (Model(5), 0.759),
        (Model(10), 0.821),
        (Model(20), 0.879),
        (Model(10, outcome_mean_s=15.0), 0.844),
        (Model(10, outcome_mean_s=15.0, abandonment_ratio=0.01), 0.809),
        (Model(10, outcome_mean_s=15.0, live_ratio=0.10), 0.822),
        (Model(10, outcome_mean_s=15.0, handling_mean_s=60.0), 0.783),
    ],
)
def test_the_optimum_is_what_was_found_independently(model: Model, occupancy: float) -> None:
    """By another solver of the same model, written apart; good to half a point."""
    best = optimum(model)
    assert best.occupancy_ratio == pytest.approx(occupancy, abs=0.005)
    assert best.abandonment_ratio == pytest.approx(model.abandonment_ratio, abs=1e-3)


def test_the_best_levels_fall_as_agents_become_busy() -> None:
    model = Model(10)
    levels = optimum(model).levels[:, 0]
    assert levels[0] > levels[5] > levels[10]
    pacer = OptimalPacer(model)
    assert pacer.attempts_wanted(View(free_agents=10), NOW) == levels[0]
    ringing = [NOW] * 3
    assert pacer.attempts_wanted(View(free_agents=5, dialing_since=ringing), NOW) == optimum(model).levels[5, 3] - 3


def test_the_model_has_the_means_of_the_scenario() -> None:
    assert outcome_mean_s(World()) == pytest.approx(20.45, abs=0.1)
    model = model_of(with_values(Scenario(), {"talk_mean_s": 60, "false_machine_ratio": 0.2}, "a test"))
    assert model.handling_mean_s == 90.0
    assert model.live_ratio == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"agents": 0}, "agents must be at least 1, not 0"),
        ({"human_ratio": 0}, r"human_ratio × .* must be at least 0.01, not 0"),
        ({"false_machine_ratio": 1}, r"false_machine_ratio\) must be at least 0.01, not 0"),
        ({"talk_mean_s": 0, "wrap_mean_s": 0}, r"talk_mean_s \+ wrap_mean_s must be at least 1, not 0"),
        ({"patience_s": 0}, "patience_s must be at least 0.1, not 0"),
        (
            {"human_ratio": 1, "machine_ratio": 0, "failure_ratio": 0, "human_ring_range_s": [0, 0]},
            "the outcome of an attempt must be at least 0.1, not 0",
        ),
        ({"agents": 10_000}, "at most 250,000 states, not .* Fewer agents make it smaller"),
    ],
)
def test_a_scenario_that_has_no_optimum_is_refused_in_words(values: dict[str, object], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        pacers_of(with_values(Scenario(), {"pacer": "optimal", **values}, "a test"))


def test_an_optimum_of_contacts_that_hardly_ever_end_is_found() -> None:
    assert optimum(Model(2, handling_mean_s=1e9)).abandonment_ratio == 0.0


# --- shifts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pacer", BASELINES)
def test_each_can_be_simulated(pacer: str) -> None:
    shift = run(pacer=pacer, agents=10, hours=1)
    assert shift.pacer == pacer
    assert shift.connected > 80
    assert 0.4 < shift.occupancy_ratio < 1.0


def test_ours_abandons_less_than_issabel_and_idles_less_than_vicidial() -> None:
    ours, issabel, vicidial = (run(pacer=p, agents=10) for p in ("predictive", "issabel", "vicidial_hard_limit"))
    assert ours.abandonment_ratio <= 0.03 < issabel.abandonment_ratio
    assert ours.occupancy_ratio > vicidial.occupancy_ratio + 0.1
