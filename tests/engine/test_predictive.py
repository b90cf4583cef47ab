"""Predictive pacing. If these fail, a shift abandons more people than the law allows, or agents wait for no reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.pacing.estimates import Durations, Floats, Ratio
from trunkcall.engine.pacing.outlook import ANSWERED, INSTANTS, Outlook
from trunkcall.engine.pacing.predictive import ENOUGH, MOST_AT_ONCE, PredictivePacer, _exactly, _nearly, _Prospect

NOW: Instant = 1_000_000 * SECOND
rows = st.lists(st.floats(0.0, 1.0), min_size=INSTANTS, max_size=INSTANTS).map(sorted)
probabilities = st.lists(rows, max_size=8).map(lambda values: np.array(values, dtype=np.float64).reshape(-1, INSTANTS))
"""For each agent or attempt, those of the instants ahead: they never decrease."""


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
    talking_since: list[Instant] = field(default_factory=list)
    working_since: list[Instant] = field(default_factory=list)
    dialing_since: list[Instant] = field(default_factory=list)


def experienced(*, abandons: int = 0) -> PredictivePacer:
    """A pacer that has seen one attempt in four come to a live answer, and talks of 150 s with work of 30 s."""
    pacer = PredictivePacer(target_ratio=0.03)
    for number in range(400):
        live = number % 4 == 0
        pacer.attempt_ended((12 if live else 28) * SECOND, live=live)
        pacer.talk_ended((60 + number % 180) * SECOND)
        pacer.work_ended((20 + number % 20) * SECOND)
    for _ in range(abandons):
        pacer.abandoned()
    return pacer


def test_until_it_has_learned_enough_it_dials_one_to_one() -> None:
    pacer = PredictivePacer(target_ratio=0.03)
    assert pacer.attempts_wanted(View(free_agents=7, lines_in_flight=3), NOW) == 4
    for _ in range(ENOUGH):
        pacer.talk_ended(100 * SECOND)
        pacer.work_ended(20 * SECOND)
    assert pacer.attempts_wanted(View(free_agents=7), NOW) == 7, "attempts have not come to anything yet"


def test_it_dials_more_than_one_to_one_when_few_answer() -> None:
    assert experienced().attempts_wanted(View(free_agents=8), NOW) > 12


def test_it_dials_ahead_of_agents_who_will_be_free() -> None:
    long_ago, just_now = [NOW - 38 * SECOND] * 8, [NOW - SECOND] * 8
    assert experienced().attempts_wanted(View(working_since=long_ago), NOW) > 5
    assert experienced().attempts_wanted(View(working_since=just_now), NOW) == 0


def test_who_works_after_a_contact_will_be_free_before_who_talks() -> None:
    same = [NOW - 30 * SECOND] * 8
    working = experienced().attempts_wanted(View(working_since=same), NOW)
    assert working > experienced().attempts_wanted(View(talking_since=same), NOW) == 0


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
    supply: int, ends: Floats, lives: Floats, live_ratio: float, risk: float
) -> None:
    prospect = _Prospect(supply, ends, lives, live_ratio, 1.0)
    wanted = _exactly(prospect, risk)
    if wanted > 0:
        assert finds_nobody(prospect, wanted - 1) <= risk + 1e-9
    assert wanted == MOST_AT_ONCE or finds_nobody(prospect, wanted) > risk - 1e-9


def finds_nobody(prospect: _Prospect, others: int) -> float:
    """The probability that an attempt which is begun beside so many others, if it is answered, finds no free agent:
    summed over every combination of counts, as a mean over the instants."""
    total = 0.0
    for k in range(INSTANTS):
        agents, answers = [1.0], [1.0]
        for q in prospect.ends[:, k]:
            agents = list(np.convolve(agents, [1 - q, q]))
        for r in [*prospect.lives[:, k], *[prospect.live_ratio * ANSWERED[k]] * others]:
            answers = list(np.convolve(answers, [1 - r, r]))
        total += sum(
            a * b
            for freed, a in enumerate(agents)
            for live, b in enumerate(answers)
            if prospect.supply + freed - live <= 0
        )
    return total / INSTANTS


@pytest.mark.parametrize("supply", [5, 20, 60])
def test_the_approximation_is_near_the_exact_answer(supply: int) -> None:
    ends, lives = np.outer(np.full(30, 0.2), ANSWERED), np.outer(np.full(20, 0.2), ANSWERED)
    prospect = _Prospect(supply, ends, lives, 0.25, 1.0)
    exact = _exactly(prospect, 0.05)
    assert abs(_nearly(prospect, 0.05) - exact) <= max(2, exact * 0.06)


def test_the_forecast_tells_what_the_pacer_goes_by_and_changes_nothing() -> None:
    pacer = experienced()
    view = View(free_agents=3, working_since=[NOW - 30 * SECOND] * 8, dialing_since=[NOW - SECOND] * 8)
    assert PredictivePacer(target_ratio=0.03).forecast(view, NOW) is None, "it has learned nothing yet"
    forecast = pacer.forecast(view, NOW)
    assert forecast is not None
    assert forecast.live_ratio == pytest.approx(0.25, abs=0.01)
    assert forecast.horizon == 12 * SECOND
    assert forecast.lives_expected == pytest.approx(8 * 0.25, rel=0.02)
    assert 4 < forecast.ends_expected < 8
    assert forecast.risk_scale == 1.0
    again = experienced()
    assert pacer.attempts_wanted(view, NOW) == again.attempts_wanted(view, NOW)


def test_a_ratio_follows_the_world_and_forgets() -> None:
    ratio = Ratio(memory=400, prior=0.5, prior_trials=4)
    for number in range(2000):
        ratio.enter(number % 10 == 0)
    assert ratio.value == pytest.approx(0.10, abs=0.01)
    for number in range(2000):
        ratio.enter(number % 4 == 0)
    assert ratio.value == pytest.approx(0.25, abs=0.01)


def test_a_sample_forgets_what_is_long_ago() -> None:
    durations = Durations(100)
    for length in [*range(1001, 1101), *range(1, 101), *range(1, 101)]:
        durations.enter(float(length))
    assert len(durations) == 100
    assert durations.longest == 100
    assert durations.survival(np.array([0.0, 50.0, 100.0])) == pytest.approx([1.0, 0.5, 0.0], abs=0.06)
    assert durations.quantiles(np.array([0.5]))[0] == pytest.approx(50, abs=4)


@pytest.fixture(scope="module")
def outlook() -> Outlook:
    """Talks that end at a constant rate, work of 10 to 50 s, answers after 2 to 22 s; nobody answers after that."""
    generator = np.random.default_rng(1)
    outlook = Outlook()
    for talk, work, ring in zip(
        generator.exponential(120.0, 600), generator.uniform(10, 50, 600), generator.uniform(2, 22, 600), strict=True
    ):
        outlook.talks.enter(talk)
        outlook.works.enter(work)
        outlook.rings.enter(ring)
        outlook.outcomes.enter(ring)
        outlook.outcomes.enter(28.0)
    outlook.refresh()
    return outlook


def test_work_ends_as_it_did_before(outlook: Outlook) -> None:
    t = outlook.at_s
    rows = outlook.working([NOW, NOW - 30 * SECOND, NOW - 600 * SECOND], NOW)
    assert rows[0] == pytest.approx(np.clip((t - 10) / 40, 0, 1), abs=0.06)
    assert rows[1] == pytest.approx(np.clip(t / 20, 0, 1), abs=0.08)
    assert (rows[2] > 0).all(), "nothing lasts for ever"
    assert (rows[2] < 1).all()


def test_a_talk_is_followed_by_work(outlook: Outlook) -> None:
    """P(free by t) is the integral over the end u of the talk, at rate 1/120 s, of P(work <= t - u)."""
    row = outlook.talking([NOW - 60 * SECOND], NOW)[0]
    for t, found in zip(outlook.at_s, row, strict=True):
        u = np.linspace(0, t, 400)
        density = np.exp(-u / 120) / 120 * np.clip((t - u - 10) / 40, 0, 1)
        assert found == pytest.approx(float(np.trapezoid(density, u)), abs=0.006)


def test_attempts_come_to_live_answers_by_their_age(outlook: Outlook) -> None:
    rows = outlook.dialing([NOW, NOW - 12 * SECOND, NOW - 25 * SECOND], NOW, 0.5)
    assert rows[0, -1] == pytest.approx(0.5, abs=0.01)
    assert rows[0, :-1] == pytest.approx(0.5 * ANSWERED, abs=0.02)
    assert rows[1, -1] == pytest.approx(0.25 / 0.75, abs=0.04), "half of those who would answer have not yet"
    assert rows[2, -1] == 0.0, "nobody answers after 22 s"
