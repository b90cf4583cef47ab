"""Agents whose phones stay on the line, when a phone, the carrier, the dialer or a host fails. If these fail, an agent
sits there with a dead phone, or a phone rings all night, and whoever talks is cut off with it."""

from __future__ import annotations

import pytest

from engine.floor import Floor
from engine.recount import check_whoever_is_to_have_a_session_has
from engine.sessions import FAR, NEAR, on_the_line, talking
from engine.support import up
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import SessionBegun, SessionEnded
from trunkcall.domain.contact import DisconnectReason
from trunkcall.domain.leg import HangupCause, LegDifference, LegState, LiveLeg
from trunkcall.engine.commands import BridgeLegs, HangUp, NoteDifference, OriginateSessionLeg
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierFound, CarrierLost, LegEnded, LegsBridged, OriginateVoided

MINUTE_S = 60.0


# --- phones that fail -------------------------------------------------------------------------------------------------


def test_a_session_that_is_lost_is_made_again_and_nobody_is_dialed_for_it_meanwhile() -> None:
    floor = on_the_line("ann")
    floor.tell(LegEnded(floor.session("ann"), HangupCause.FAILED))
    floor.accept(requests=1)
    assert floor.state_of("ann") is AgentState.ERROR
    assert floor.dialed == []
    floor.wait(1)
    floor.session_comes_up("ann")
    assert floor.state_of("ann") is AgentState.AVAILABLE
    assert floor.dialed == ["spring-1"]


def test_a_dial_gets_another_agent_when_the_session_of_its_own_is_lost() -> None:
    floor = on_the_line("ann", "bea", requests=1)
    first = floor.kept_agent("spring-1")
    assert first is not None
    floor.tell(LegEnded(floor.session(first), HangupCause.FAILED))
    assert floor.kept_agent("spring-1") == ({"ann", "bea"} - {first}).pop()


def test_a_phone_that_fails_is_rung_ever_more_rarely_and_then_given_up_until_a_status_is_chosen() -> None:
    floor = Floor()
    floor.campaign()
    floor.agent("ann", persistent=True)
    rung_at = []
    for _ in range(20):
        leg_id = floor.engine.details().agents["ann"].session_leg_id
        if leg_id is not None:
            rung_at.append(floor.now)
            floor.tell(LegEnded(leg_id, HangupCause.UNREACHABLE))
        floor.wait(4)
        check_whoever_is_to_have_a_session_has(floor)
    assert len(rung_at) == 7
    assert floor.engine.next_timer() is None, "a dead phone is rung for ever"
    assert floor.state_of("ann") is AgentState.ERROR
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.session_comes_up("ann")
    assert floor.state_of("ann") is AgentState.AVAILABLE


def test_a_break_that_was_chosen_while_the_phone_is_dead_is_a_break_when_it_works_again() -> None:
    floor = on_the_line("ann")
    floor.tell(LegEnded(floor.session("ann"), HangupCause.FAILED))
    floor.sets("ann", AgentStatus.BREAK)
    floor.session_comes_up("ann")
    assert floor.state_of("ann") is AgentState.ON_BREAK


def test_a_phone_that_nobody_picks_up_is_not_left_ringing() -> None:
    floor = Floor()
    floor.agent("ann", persistent=True)
    leg_id = floor.session("ann")
    floor.wait(20)
    assert HangUp(leg_id) in floor.log
    assert floor.state_of("ann") is AgentState.ERROR
    floor.wait(1)
    assert floor.session("ann") != leg_id


def test_a_session_that_is_cut_during_a_talk_ends_the_talk_and_is_made_again() -> None:
    """As that of a phone from which no sound comes any more. The agent has not hung up, and the record says so."""
    floor, customer, session = talking()
    floor.tell(LegEnded(session, HangupCause.FAILED))
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.TELECOM_PROBLEM
    assert HangUp(customer) in floor.log
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    assert floor.asked(SessionEnded)[-1].leg_id == session
    floor.wait(1)
    assert floor.session_comes_up("ann") != session


def test_a_session_that_ends_before_the_bridge_sends_the_customer_to_another_agent() -> None:
    floor = on_the_line("ann", "bea", requests=1)
    floor.answers("spring-1")
    first = floor.agent_of("spring-1")
    floor.tell(LegEnded(floor.session(first), HangupCause.FAILED))
    assert floor.agent_of("spring-1") == ({"ann", "bea"} - {first}).pop()
    assert floor.state_of(first) is AgentState.ERROR, "the phone has failed: nobody has missed anything"


def test_a_session_into_which_nobody_can_be_bridged_is_given_up() -> None:
    floor = on_the_line("ann", "bea", requests=1)
    floor.answers("spring-1")
    first = floor.agent_of("spring-1")
    session = floor.session(first)
    floor.wait(40)
    assert HangUp(session) in floor.log
    assert floor.agent_of("spring-1") != first


def test_a_session_that_is_gone_untold_costs_one_customer_and_not_the_next() -> None:
    floor = on_the_line("ann", requests=2)
    floor.answers("spring-1")
    dead = floor.session("ann")
    floor.wait(2)
    floor.hangs_up("spring-1")
    assert HangUp(dead) in floor.log, "the carrier may have it after all"
    floor.wait(1)
    assert floor.session_comes_up("ann") != dead
    floor.answers("spring-2")
    assert floor.agent_leg("spring-2") == floor.session("ann")


def test_an_originate_that_never_left_is_a_failure_of_the_phone() -> None:
    floor = Floor()
    floor.agent("ann", persistent=True)
    floor.tell(OriginateVoided(floor.session("ann")))
    assert floor.state_of("ann") is AgentState.ERROR
    floor.wait(1)
    assert len(floor.asked(OriginateSessionLeg)) == 2


# --- the carrier ------------------------------------------------------------------------------------------------------


def test_while_no_host_answers_no_phone_is_rung_and_as_one_does_each_is() -> None:
    floor = Floor()
    floor.tell(CarrierLost())
    floor.agent("ann", persistent=True)
    floor.agent("bea", persistent=True)
    assert floor.asked(OriginateSessionLeg) == []
    floor.tell(CarrierFound(()))
    assert [rung.agent_id for rung in floor.asked(OriginateSessionLeg)] == ["ann", "bea"]


def test_a_carrier_that_is_found_has_sessions_go_on_and_those_that_it_lost_are_made_anew_at_once() -> None:
    floor = on_the_line("ann", "bea")
    ann, bea = floor.session("ann"), floor.session("bea")
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(up(ann, "stranger")))
    assert floor.session("ann") == ann
    assert HangUp("stranger") in floor.log
    assert HangUp(ann) not in floor.log
    assert floor.session("bea") != bea, "it is no fault of the phone"
    assert floor.state_of("bea") is not AgentState.ERROR


def test_a_contact_that_the_agent_ended_while_the_carrier_was_lost_is_over() -> None:
    floor, customer, session = talking()
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(up(customer, session)))
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert floor.session("ann") == session


def test_a_talk_goes_on_that_the_carrier_still_has() -> None:
    floor, customer, session = talking()
    floor.tell(CarrierLost())
    floor.tell(CarrierFound((LiveLeg(customer, LegState.UP, session), LiveLeg(session, LegState.UP, customer))))
    assert floor.state_of("ann") is AgentState.CONNECTED


def test_a_lost_word_of_a_session_is_made_up_for() -> None:
    """That it came up, that the agent ended the contact, and that it was lost."""
    floor = Floor()
    floor.campaign(requests=1)
    floor.agent("ann", persistent=True)
    session = floor.session("ann")
    for _ in range(2):
        floor.compares(*up(session))
        floor.wait(11)
    assert floor.state_of("ann") is AgentState.AVAILABLE
    floor.answers("spring-1")
    customer = floor.leg("spring-1")
    floor.tell(LegsBridged(customer, session))
    for _ in range(2):
        floor.compares(*up(session, customer))
        floor.wait(11)
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    floor.sets("ann", AgentStatus.AVAILABLE)
    for _ in range(2):
        floor.compares()
        floor.wait(MINUTE_S)
    assert floor.memory.sessions["ann"].leg_id != session
    assert [note.difference for note in floor.asked(NoteDifference)] == [
        LegDifference.ANSWERED,
        LegDifference.UNBRIDGED,
        LegDifference.MISSING,
    ]


def test_idle_sessions_that_the_carrier_has_are_no_difference() -> None:
    floor = on_the_line("ann", "bea")
    legs = up(floor.session("ann"), floor.session("bea"))
    for _ in range(5):
        assert floor.compares(*legs) == []
        floor.wait(MINUTE_S)
    assert not floor.asked(NoteDifference)
    assert not floor.asked(HangUp)


# --- a new dialer -----------------------------------------------------------------------------------------------------


def test_a_new_dialer_adopts_sessions_and_bridges_the_next_live_answer_into_them() -> None:
    floor = on_the_line("ann", "bea")
    sessions = {name: floor.session(name) for name in ("ann", "bea")}
    floor.restart(*up(*sessions.values()))
    for name, leg_id in sessions.items():
        assert floor.session(name) == leg_id
        assert HangUp(leg_id) not in floor.log
        floor.sets(name, AgentStatus.AVAILABLE)
    floor.accept(requests=1)
    floor.answers("spring-1")
    assert floor.asked(BridgeLegs)[-1].agent_leg_id in sessions.values()
    assert len(floor.asked(OriginateSessionLeg)) == 2, "no phone was rung again"


def test_sessions_are_kept_for_agents_who_have_not_said_yet_what_to_be() -> None:
    """A new dialer is told everything at once: who there is, what was in progress, and what the carrier has."""
    floor = on_the_line("ann", "bea")
    sessions = {floor.session(name) for name in ("ann", "bea")}
    with floor.backlog():
        floor.restart(*up(*sessions))
    floor.wait(MINUTE_S)
    assert not floor.asked(HangUp), "agents who wait for the next customer are hung up on"
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.sets("bea", AgentStatus.OFFLINE)
    assert floor.session("ann") in sessions
    assert len(floor.asked(HangUp)) == 1


def test_a_talk_on_a_session_outlives_the_dialer_and_the_session_the_talk() -> None:
    floor, customer, session = talking()
    floor.restart(LiveLeg(customer, LegState.UP, session), LiveLeg(session, LegState.UP, customer))
    assert floor.state_of("ann") is AgentState.CONNECTED
    assert floor.session("ann") == session
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    assert HangUp(session) not in floor.log
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.CUSTOMER_DISCONNECT
    floor.accept(requests=1)
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.answers("spring-2")
    assert floor.agent_leg("spring-2") == session


def test_a_bridge_that_the_former_dialer_may_not_have_asked_for_is_asked_for() -> None:
    floor = on_the_line("ann", requests=1)
    floor.answers("spring-1")
    customer, session = floor.leg("spring-1"), floor.session("ann")
    floor.restart(*up(customer, session))
    assert floor.asked(BridgeLegs)[-1] == BridgeLegs(customer, session)
    floor.tell(LegsBridged(customer, session))
    assert floor.state_of("ann") is AgentState.CONNECTED


def test_a_session_that_did_not_outlive_the_dialer_is_forgotten_and_made_anew() -> None:
    floor = on_the_line("ann")
    session = floor.session("ann")
    floor.restart()
    assert floor.memory.sessions == {}
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.session_comes_up("ann") != session


def test_a_session_that_the_former_dialer_had_only_asked_for_is_not_left_ringing() -> None:
    floor = Floor()
    floor.agent("ann", persistent=True)
    session = floor.session("ann")
    floor.restart(LiveLeg(session, LegState.RINGING))
    floor.wait(20)
    assert HangUp(session) in floor.log


@pytest.mark.parametrize("gone", ["the agent", "the connection"])
def test_a_session_of_nobody_is_hung_up(gone: str) -> None:
    floor = on_the_line("ann")
    session = floor.session("ann")
    floor.persistent.discard("ann")
    if gone == "the agent":
        del floor.agents["ann"]
    floor.restart(*up(session))
    assert HangUp(session) in floor.log
    assert floor.memory.sessions == {}


# --- a host that is lost ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trunk_goes", [False, True])
def test_a_phone_that_was_rung_on_a_host_that_is_lost_is_rung_on_another(trunk_goes: bool) -> None:
    """Nobody is to be without contacts for as long as a switch is down that nobody needs."""
    floor = Floor(config=EngineConfig(trunks=(NEAR, FAR)))
    floor.campaign(requests=1)
    floor.agent("ann", persistent=True)
    lost = floor.session("ann")
    floor.tell(CarrierLost("near"))
    if trunk_goes:
        floor.has_trunks(FAR)
    floor.wait(19)
    assert floor.session("ann") == lost, "the phone may ring there"
    floor.wait(1)
    assert floor.asked(OriginateSessionLeg)[-1].host == "far"
    assert floor.state_of("ann") is AgentState.AVAILABLE, "it is no failure of the phone"
    session = floor.session_comes_up("ann")
    assert floor.dialed == ["spring-1"]
    floor.tell(CarrierFound(up(lost), "near"))
    assert floor.log.count(HangUp(lost)) > 1, "the agent is left on a line that nobody knows"
    assert floor.session("ann") == session


def test_a_phone_is_rung_on_the_first_host_that_is_found_of_those_that_were_lost() -> None:
    floor = Floor(config=EngineConfig(trunks=(NEAR, FAR)))
    floor.agent("ann", persistent=True)
    floor.tell(CarrierLost())
    floor.wait(60)
    assert len(floor.asked(OriginateSessionLeg)) == 1
    floor.tell(CarrierFound((), "far"))
    floor.wait(20)
    assert [rung.host for rung in floor.asked(OriginateSessionLeg)] == ["near", "far"]


def test_a_host_that_is_lost_takes_no_session_from_those_on_others() -> None:
    floor = on_the_line("ann", "bea", config=EngineConfig(trunks=(NEAR, FAR)))
    sessions = {floor.engine.details().legs[floor.session(a)].host: a for a in ("ann", "bea")}
    kept, lost = floor.session(sessions["far"]), floor.session(sessions["near"])
    floor.tell(CarrierLost("near"))
    floor.tell(CarrierFound((), "near"))
    assert floor.session(sessions["far"]) == kept
    assert floor.session(sessions["near"]) != lost
    begun = [change.agent_id for change in floor.asked(SessionBegun)]
    assert begun.count(sessions["far"]) == 1
