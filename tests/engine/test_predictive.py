"""Predictive pacing. If these fail, a shift abandons more people than the law allows, or agents wait for no reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.ledger import Standing
from trunkcall.engine.pacing.base import Rival
from trunkcall.engine.pacing.experience import ENOUGH
from trunkcall.engine.pacing.predictive import PredictivePacer

NOW: Instant = 1_000_000 * SECOND
AS_IT_SHOULD_BE = Standing(headroom=1.0 + Standing(0.0, 100.0, 0.03).setpoint(10), allowance=100.0, target_ratio=0.03)
"""A ledger from which the pacer takes just the risk that it would take."""


@dataclass
class View:
    """What a pacer sees."""

    free_agents: int = 0
    staffed_agents: int = 10
    lines_in_flight: int = 0
    lines_free: int = 1000
    waiting: int = 0
    rivals: list[Rival] = field(default_factory=list)
    standing: Standing = AS_IT_SHOULD_BE
    talking_since: list[Instant] = field(default_factory=list)
    working_since: list[Instant] = field(default_factory=list)
    dialing_since: list[Instant] = field(default_factory=list)


def experienced() -> PredictivePacer:
    """A pacer that has seen one attempt in four come to a live answer, and talks of 150 s with work of 30 s."""
    pacer = PredictivePacer()
    for number in range(400):
        live = number % 4 == 0
        pacer.attempt_ended((12 if live else 28) * SECOND, live=live)
        pacer.talk_ended((60 + number % 180) * SECOND)
        pacer.work_ended((20 + number % 20) * SECOND)
    return pacer


def test_who_knows_nothing_dials_one_to_one() -> None:
    pacer = PredictivePacer()
    assert pacer.attempts_wanted(View(free_agents=7, lines_in_flight=3, dialing_since=[NOW] * 3), NOW) == 4
    for _ in range(ENOUGH):
        pacer.talk_ended(100 * SECOND)
        pacer.work_ended(20 * SECOND)
    assert pacer.attempts_wanted(View(free_agents=7), NOW) == 7, "attempts have not come to anything yet"


def test_once_most_attempts_are_seen_to_fail_it_dials_more_for_agents_who_are_all_free() -> None:
    """A hundred agents who begin their shift would wait for minutes until one-to-one dialing has found all somebody."""
    pacer = PredictivePacer()
    for _ in range(80):
        pacer.attempt_ended(4 * SECOND, live=False)
    for _ in range(ENOUGH - 1):
        pacer.attempt_ended(4 * SECOND, live=True)
    view = View(free_agents=90, staffed_agents=100, lines_in_flight=90, dialing_since=[NOW - 5 * SECOND] * 90)
    assert pacer.attempts_wanted(view, NOW) > 100
    nobody_free = View(staffed_agents=100, working_since=[NOW - 60 * SECOND] * 100)
    assert pacer.attempts_wanted(nobody_free, NOW) == 0, "it has not seen yet that anybody becomes free"


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
    assert experienced().attempts_wanted(View(free_agents=8, standing=Standing(-1.0, 100.0, 0.03)), NOW) == 8
    assert experienced().attempts_wanted(View(free_agents=8), NOW) > 12


def test_the_ledger_scales_the_risk_before_it_is_gone() -> None:
    view = View(free_agents=20, staffed_agents=40)
    wanted = []
    for headroom in range(1, 16):
        view.standing = Standing(headroom, 100.0, 0.03)
        wanted.append(experienced().attempts_wanted(view, NOW))
    assert wanted == sorted(wanted)
    assert len(set(wanted)) > 3


def test_with_little_left_it_still_begins_what_hardly_anybody_finds_nobody_by() -> None:
    """Where one attempt in four is answered, one to one leaves most agents idle, although next to no risk is enough for
    many more."""
    wanted = experienced().attempts_wanted(
        View(free_agents=20, staffed_agents=40, standing=Standing(0.5, 100.0, 0.03)), NOW
    )
    assert 30 < wanted < experienced().attempts_wanted(View(free_agents=20, staffed_agents=40), NOW)


def live_answers(pacer: PredictivePacer, view: View, number: int) -> None:
    for _ in range(number):
        pacer.attempts_wanted(view, NOW)
        pacer.attempt_ended(12 * SECOND, live=True)
        for _ in range(3):
            pacer.attempt_ended(28 * SECOND, live=False)


def test_it_finds_the_risk_that_spends_what_may_be_spent() -> None:
    """Its idea of the risk may be wrong for a team or a list: what the ledger comes to says so."""
    view = View(free_agents=20, staffed_agents=40)
    plenty, little = View(standing=Standing(60.0, 100.0, 0.03)), View(standing=Standing(2.0, 100.0, 0.03))
    bold, careful = experienced(), experienced()
    live_answers(bold, plenty, 2000)
    live_answers(careful, little, 2000)
    assert careful.attempts_wanted(view, NOW) < experienced().attempts_wanted(view, NOW)
    assert bold.attempts_wanted(view, NOW) > experienced().attempts_wanted(view, NOW)
    live_answers(careful, plenty, 4000)
    assert careful.attempts_wanted(view, NOW) > experienced().attempts_wanted(view, NOW)


def test_with_a_rival_that_has_nothing_left_no_more_is_risked_than_its_own_target_allows() -> None:
    """However much the campaign itself may abandon: the rival's live answers find nobody where its own do, and what the
    rival has abandoned too many would never be made good."""

    def risk(of_rival: float) -> float:
        rival = Rival(experienced(), [NOW - SECOND] * 8, Standing(-50.0, 100.0, of_rival))
        view = View(free_agents=8, rivals=[rival], standing=Standing(900.0, 1000.0, 0.9))
        pacer = experienced()
        pacer.attempts_wanted(view, NOW)
        forecast = pacer.forecast(view, NOW)
        assert forecast is not None
        return forecast.risk_allowed

    assert risk(of_rival=0.9) == pytest.approx(0.03)
    assert risk(of_rival=0.03) == pytest.approx(0.001)


def test_somebody_who_waits_comes_first() -> None:
    pacer = experienced()
    assert pacer.attempts_wanted(View(free_agents=0, waiting=5), NOW) == 0
    free, served = View(free_agents=8), View(free_agents=8, waiting=6)
    assert pacer.attempts_wanted(served, NOW) < pacer.attempts_wanted(free, NOW)


def test_the_forecast_tells_what_the_pacer_goes_by_and_changes_nothing() -> None:
    pacer = experienced()
    view = View(free_agents=3, working_since=[NOW - 30 * SECOND] * 8, dialing_since=[NOW - SECOND] * 8)
    assert PredictivePacer().forecast(view, NOW) is None, "it has learned nothing yet"
    wanted = pacer.attempts_wanted(view, NOW)
    forecast = pacer.forecast(view, NOW)
    assert forecast is not None
    assert forecast.live_ratio == pytest.approx(0.25, abs=0.03), "and a little more, for what it does not know"
    assert forecast.horizon == 12 * SECOND
    assert forecast.live_answers_expected == pytest.approx(8 * forecast.live_ratio)
    assert 4 < forecast.agents_expected < 8
    assert forecast.risk_scale == pytest.approx(1.0, abs=0.05)
    assert forecast.rivals_scale == math.inf
    for _ in range(50):
        pacer.talk_ended(SECOND)
    assert pacer.forecast(view, NOW) == forecast, "whoever asks has nothing learned"
    assert experienced().attempts_wanted(view, NOW) == wanted
