"""Predictive pacing. If these fail, a shift abandons more people than the law allows, or agents wait for no reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.pacing.estimates import Durations, Ratio
from trunkcall.engine.pacing.predictive import ENOUGH, PredictivePacer, _exactly, _nearly

NOW: Instant = 1_000_000 * SECOND
probabilities = st.lists(st.floats(0.0, 1.0), max_size=12).map(lambda values: np.array(values, dtype=np.float64))


@dataclass
class View:
    """What a pacer sees."""

    free_agents: int = 0
    staffed_agents: int = 10
    lines_in_flight: int = 0
    lines_free: int = 1000
    waiting: int = 0
    share: float = 1.0
    headroom: float = 100.0
    handling_since: list[Instant] = field(default_factory=list)
    dialing_since: list[Instant] = field(default_factory=list)


def experienced(*, abandons: int = 0) -> PredictivePacer:
    """A pacer that has seen one attempt in four come to a live answer, and contacts of 150 s."""
    pacer = PredictivePacer(target_ratio=0.03, grace=2 * SECOND)
    for number in range(400):
        live = number % 4 == 0
        pacer.attempt_ended((12 if live else 28) * SECOND, live=live)
        pacer.handling_ended((60 + number % 180) * SECOND)
    for _ in range(abandons):
        pacer.abandoned()
    return pacer


def test_until_it_has_learned_enough_it_dials_one_to_one() -> None:
    pacer = PredictivePacer(target_ratio=0.03, grace=2 * SECOND)
    assert pacer.attempts_wanted(View(free_agents=7, lines_in_flight=3), NOW) == 4
    for _ in range(ENOUGH):
        pacer.handling_ended(100 * SECOND)
    assert pacer.attempts_wanted(View(free_agents=7), NOW) == 7, "attempts have not come to anything yet"


def test_it_dials_more_than_one_to_one_when_few_answer() -> None:
    assert experienced().attempts_wanted(View(free_agents=8), NOW) > 12


def test_it_dials_ahead_of_agents_who_will_be_free() -> None:
    long_ago, just_now = [NOW - 235 * SECOND] * 8, [NOW - SECOND] * 8
    assert experienced().attempts_wanted(View(handling_since=long_ago), NOW) > 5
    assert experienced().attempts_wanted(View(handling_since=just_now), NOW) == 0


def test_what_rings_already_counts() -> None:
    ringing = [NOW - SECOND] * 30
    pacer = experienced()
    assert pacer.attempts_wanted(View(free_agents=8, dialing_since=ringing, lines_in_flight=30), NOW) == 0
    long = [NOW - 27 * SECOND] * 30
    assert pacer.attempts_wanted(View(free_agents=8, dialing_since=long, lines_in_flight=30), NOW) > 5, (
        "phones that have rung for so long will not be answered by people any more"
    )


def test_a_ledger_with_nothing_left_has_it_dial_one_to_one() -> None:
    pacer = experienced()
    assert pacer.attempts_wanted(View(free_agents=8, headroom=-1.0), NOW) == 8
    assert pacer.attempts_wanted(View(free_agents=8, headroom=math.inf), NOW) > 12


def test_the_ledger_scales_the_risk_before_it_is_gone() -> None:
    wanted = [experienced().attempts_wanted(View(free_agents=20, staffed_agents=40, headroom=h), NOW) for h in range(7)]
    assert wanted == sorted(wanted)
    assert len(set(wanted)) > 2


def test_abandonments_make_it_careful_and_live_answers_bold_again() -> None:
    view = View(free_agents=10)
    bold, careful = experienced(), experienced(abandons=40)
    assert careful.attempts_wanted(view, NOW) < bold.attempts_wanted(view, NOW)
    for _ in range(3000):
        careful.attempt_ended(12 * SECOND, live=True)
        for _ in range(3):
            careful.attempt_ended(28 * SECOND, live=False)
    assert careful.attempts_wanted(view, NOW) >= bold.attempts_wanted(view, NOW) - 1


def test_somebody_who_waits_comes_first() -> None:
    pacer = experienced()
    assert pacer.attempts_wanted(View(free_agents=0, waiting=5), NOW) == 0
    free, served = View(free_agents=8), View(free_agents=8, waiting=6)
    assert pacer.attempts_wanted(served, NOW) < pacer.attempts_wanted(free, NOW) or served.free_agents == 8


def test_a_campaign_counts_on_its_share_of_the_agents() -> None:
    pacer = experienced()
    whole = pacer.attempts_wanted(View(free_agents=20, staffed_agents=40), NOW)
    half = pacer.attempts_wanted(View(free_agents=20, staffed_agents=40, share=0.5), NOW)
    assert 0 < half < whole


@given(
    supply=st.integers(-3, 10),
    ends=probabilities,
    lives=probabilities,
    live_ratio=st.floats(0.05, 0.95),
    risk=st.floats(0.0, 0.6),
)
def test_the_exact_answer_is_the_largest_that_keeps_the_risk(
    supply: int, ends: np.ndarray, lives: np.ndarray, live_ratio: float, risk: float
) -> None:
    wanted = _exactly(supply, ends, lives, live_ratio, risk)
    if wanted > 0:
        assert too_many(supply, ends, lives, live_ratio, wanted) <= risk + 1e-9
    assert too_many(supply, ends, lives, live_ratio, wanted + 1) > risk - 1e-9


def too_many(supply: int, ends: np.ndarray, lives: np.ndarray, live_ratio: float, n: int) -> float:
    """P(live answers > agents), summed over every combination of counts."""
    agents, answers = [1.0], [1.0]
    for q in ends:
        agents = list(np.convolve(agents, [1 - q, q]))
    for r in [*lives, *[live_ratio] * n]:
        answers = list(np.convolve(answers, [1 - r, r]))
    return sum(a * b for freed, a in enumerate(agents) for live, b in enumerate(answers) if live > supply + freed)


@pytest.mark.parametrize("supply", [5, 20, 60])
def test_the_approximation_is_near_the_exact_answer(supply: int) -> None:
    ends, lives = np.full(30, 0.2), np.full(20, 0.2)
    exact = _exactly(supply, ends, lives, 0.25, 0.05)
    assert abs(_nearly(float(supply), ends, lives, 0.25, 0.05) - exact) <= max(2, exact * 0.06)


def test_a_ratio_follows_the_world_and_forgets() -> None:
    ratio = Ratio(memory=400, prior=0.5, prior_trials=4)
    for number in range(2000):
        ratio.enter(number % 10 == 0)
    assert ratio.value == pytest.approx(0.10, abs=0.01)
    for number in range(2000):
        ratio.enter(number % 4 == 0)
    assert ratio.value == pytest.approx(0.25, abs=0.01)


def test_lengths_tell_what_will_end() -> None:
    durations = Durations(100)
    for _ in range(3):
        for length in range(1, 101):
            durations.enter(float(length))
    ends = durations.ends_within(np.array([0.0, 50.0, 99.0, 500.0]), 25.0)
    assert ends[0] == pytest.approx(0.25, abs=0.01)
    assert ends[1] == pytest.approx(0.5, abs=0.02)
    assert ends[2] > 0.7
    assert 0 < ends[3] < 1
    assert len(durations) == 100
