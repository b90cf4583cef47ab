"""How many attempts a risk allows. If these fail, people who answer find nobody more often than the ledger thinks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.engine.pacing.chances import (
    MAX_EXACTLY,
    Expectation,
    attempts_exactly,
    attempts_nearly,
    expected_shortfall,
)
from trunkcall.engine.pacing.estimates import Floats
from trunkcall.engine.pacing.experience import ANSWERED, INSTANTS

rows = st.lists(st.floats(0.0, 1.0), min_size=INSTANTS, max_size=INSTANTS).map(sorted)
probabilities = st.lists(rows, max_size=8).map(lambda values: np.array(values, dtype=np.float64).reshape(-1, INSTANTS))
"""A row for each agent or attempt, of those of the instants ahead: they never decrease."""


@given(
    supply=st.integers(-40, 40),
    agents_free=probabilities,
    live_answers=probabilities,
    live_ratio=st.floats(0.05, 0.95),
    risk=st.floats(0.0, 0.6),
)
def test_the_exact_answer_is_the_largest_that_keeps_the_risk(
    supply: int, agents_free: Floats, live_answers: Floats, live_ratio: float, risk: float
) -> None:
    expectation = Expectation(supply, agents_free, live_answers, ANSWERED * live_ratio)
    wanted = attempts_exactly(expectation, risk)
    if wanted > 0:
        assert finds_nobody(expectation, wanted - 1) <= risk + 1e-9
    assert wanted == MAX_EXACTLY or finds_nobody(expectation, wanted) > risk - 1e-9


def finds_nobody(expectation: Expectation, others: int) -> float:
    """The probability that an attempt which is begun beside so many others, if it is answered, finds no free agent:
    summed over every combination of counts, as a mean over the instants."""
    total = 0.0
    for k, answered in enumerate(expectation.answered):
        agents, answers = [1.0], [1.0]
        for q in expectation.agents_free[:, k]:
            agents = list(np.convolve(agents, [1 - q, q]))
        for r in [*expectation.live_answers[:, k], *[answered] * others]:
            answers = list(np.convolve(answers, [1 - r, r]))
        total += sum(
            a * b
            for freed, a in enumerate(agents)
            for live, b in enumerate(answers)
            if expectation.supply + freed - live <= 0
        )
    return total / len(expectation.answered)


@pytest.mark.parametrize(("supply", "in_flight"), [(5, 30), (20, 90), (60, 300)])
def test_the_approximation_is_near_the_exact_answer(supply: int, in_flight: int) -> None:
    agents_free, live_answers = np.outer(np.full(30, 0.2), ANSWERED), np.outer(np.full(in_flight, 0.2), ANSWERED)
    expectation = Expectation(supply, agents_free, live_answers, 0.25 * ANSWERED)
    exact = attempts_exactly(expectation, 0.05)
    assert 3 < exact < MAX_EXACTLY
    assert abs(attempts_nearly(expectation, 0.05) - exact) <= 2


@pytest.mark.parametrize("mean", [-4.0, -0.5, 0.0, 2.0, 6.0])
def test_the_shortfall_that_is_expected_is_the_mean_of_what_is_short(mean: float) -> None:
    drawn = np.random.default_rng(1).normal(mean, 2.0, 400_000)
    assert expected_shortfall(mean, 4.0) == pytest.approx(float(np.maximum(-drawn, 0.0).mean()), abs=0.01)
    assert expected_shortfall(mean, 0.0) == pytest.approx(max(-mean, 0.0), abs=1e-6)
