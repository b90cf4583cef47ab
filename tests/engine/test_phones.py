"""Agents whose phones the carrier cannot ring: not registered, or silent. If these fail, people are dialed for agents
who are not reached, and nobody is told why; or an agent whose phone is back sits there and gets no contact."""

from __future__ import annotations

import pytest

from engine.floor import Floor
from engine.sessions import on_the_line, talking
from trunkcall.domain.agent import AgentState, AgentStatus, PhoneTrouble
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.commands import OriginateAgentLeg, OriginateSessionLeg
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import LegAnswered, LegEnded


def test_nobody_is_dialed_for_an_agent_whose_phone_is_gone_until_it_is_back() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.phone_is_gone("ann")
    floor.campaign(requests=1)
    assert floor.state_of("ann") is AgentState.ERROR
    assert floor.engine.phone_troubles() == {"ann": PhoneTrouble.GONE}
    assert floor.dialed == []

    floor.phone_is_back("ann")

    assert floor.state_of("ann") is AgentState.AVAILABLE
    assert floor.engine.phone_troubles() == {}
    assert floor.dialed == ["spring-1"]


def test_who_comes_to_work_without_a_phone_has_failed_at_once_and_is_available_once_it_is_there() -> None:
    floor = Floor()
    floor.phone_is_gone("ann")  # of whom nobody has heard
    floor.agent("ann", status=AgentStatus.OFFLINE)
    floor.phone_is_gone("ann")
    assert floor.state_of("ann") is AgentState.OFFLINE
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.state_of("ann") is AgentState.ERROR
    floor.sets("ann", AgentStatus.BREAK)
    assert floor.state_of("ann") is AgentState.ON_BREAK
    floor.phone_is_back("ann")
    assert floor.state_of("ann") is AgentState.ON_BREAK, "who is on a break stays there"
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.state_of("ann") is AgentState.AVAILABLE


def test_a_dial_gets_another_agent_when_the_phone_of_its_own_is_gone() -> None:
    floor = Floor()
    for agent in ("ann", "bea"):
        floor.agent(agent)
    floor.campaign(requests=1)
    first = floor.kept_agent("spring-1")
    assert first is not None
    floor.phone_is_gone(first)
    assert floor.kept_agent("spring-1") == ({"ann", "bea"} - {first}).pop()


def test_a_talk_goes_on_and_what_comes_after_it_is_no_contact() -> None:
    floor, customer, _ = talking(EngineConfig())
    floor.accept(requests=1)
    floor.phone_is_gone("ann")
    assert floor.state_of("ann") is AgentState.CONNECTED
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.state_of("ann") is AgentState.ERROR
    assert floor.dialed == ["spring-1"]
    floor.phone_is_back("ann")
    assert floor.state_of("ann") is AgentState.AVAILABLE, "the session was up all the time"
    assert floor.dialed == ["spring-1", "spring-2"]


def test_a_session_is_not_rung_for_while_the_phone_is_gone_and_at_once_when_it_is_back() -> None:
    floor = on_the_line("ann")
    floor.phone_is_gone("ann")
    floor.tell(LegEnded(floor.session("ann"), HangupCause.FAILED))
    floor.wait(300)
    assert len(floor.asked(OriginateSessionLeg)) == 1, "a phone that is not there is rung again and again"

    floor.phone_is_back("ann")

    assert len(floor.asked(OriginateSessionLeg)) == 2
    assert floor.state_of("ann") is AgentState.ERROR
    floor.session_comes_up("ann")
    assert floor.state_of("ann") is AgentState.AVAILABLE


def test_a_phone_that_was_given_up_is_rung_once_it_has_been_away_and_is_back() -> None:
    floor = Floor()
    floor.agent("ann", persistent=True)
    for pause_s in (1, 2, 4, 8, 16, 32, 0):
        floor.tell(LegEnded(floor.session("ann"), HangupCause.RING_TIMEOUT))
        floor.wait(pause_s)
    rung = len(floor.asked(OriginateSessionLeg))
    floor.phone_is_gone("ann")
    floor.phone_is_back("ann")
    assert len(floor.asked(OriginateSessionLeg)) == rung + 1


@pytest.mark.parametrize(
    ("cause", "trouble"),
    [
        (HangupCause.REJECTED, PhoneTrouble.REFUSES),
        (HangupCause.BUSY, PhoneTrouble.REFUSES),
        (HangupCause.RING_TIMEOUT, PhoneTrouble.UNANSWERED),
        (HangupCause.UNREACHABLE, PhoneTrouble.GONE),
        (HangupCause.LOST, None),
    ],
)
def test_what_came_of_ringing_a_phone_is_told_until_it_answers(
    cause: HangupCause, trouble: PhoneTrouble | None
) -> None:
    floor = Floor()
    floor.agent("ann", persistent=True)
    floor.tell(LegEnded(floor.session("ann"), cause))
    told = {} if trouble is None else {"ann": trouble}
    assert floor.engine.phone_troubles() == told
    floor.wait(1)
    floor.tell(LegAnswered(floor.session("ann")))
    assert floor.engine.phone_troubles() == {}


def test_a_phone_that_refuses_a_contact_is_told_until_its_agent_chooses_a_status() -> None:
    floor = Floor()
    floor.agent("ann")
    floor.campaign(requests=2)
    floor.answers("spring-1")
    (rung,) = floor.asked(OriginateAgentLeg)
    floor.tell(LegEnded(rung.leg_id, HangupCause.REJECTED))
    assert floor.state_of("ann") is AgentState.MISSED
    assert floor.engine.phone_troubles() == {"ann": PhoneTrouble.REFUSES}
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.engine.phone_troubles() == {}


def test_phones_that_are_gone_are_gone_for_whoever_takes_over() -> None:
    floor = on_the_line("ann")
    floor.phone_is_gone("ann")
    floor.restart()
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.state_of("ann") is AgentState.ERROR
    assert floor.engine.phone_troubles() == {"ann": PhoneTrouble.GONE}
