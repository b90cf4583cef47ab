"""Agents whose phones stay on the line. If these fail, an agent with a persistent connection is rung for every customer
as if there were none, stays on the line at night, or hears two customers."""

from __future__ import annotations

import pytest

from engine.floor import Floor
from engine.recount import check_whoever_is_to_have_a_session_has
from engine.sessions import FAR, NEAR, on_the_line, talking
from engine.support import SALES
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    ContactConnected,
    ContactConnecting,
    ContactEnded,
    ContactQueued,
)
from trunkcall.domain.contact import ContactState, DisconnectReason, Disposition
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import BridgeLegs, HangUp, OriginateAgentLeg, OriginateSessionLeg
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierLost, LegAnswered, LegEnded, LegsBridged, LegsUnbridged

# --- one call for all contacts ----------------------------------------------------------------------------------------


def test_an_agent_is_rung_once_and_is_free_when_the_leg_is_up() -> None:
    floor = Floor()
    floor.campaign(requests=1)
    floor.agent("ann", persistent=True)
    (rung,) = floor.asked(OriginateSessionLeg)
    assert (rung.agent_id, rung.host) == ("ann", "local")
    assert floor.memory.sessions["ann"].leg_id == rung.leg_id, "who takes over must know the leg before it rings"
    assert floor.dialed == [], "nobody is dialed for an agent who is not on the line yet"
    floor.tell(LegAnswered(rung.leg_id))
    assert floor.dialed == ["spring-1"]


def test_a_live_answer_is_bridged_into_the_session_at_once() -> None:
    floor = on_the_line("ann", requests=1)
    floor.wait(3)
    floor.answers("spring-1")
    session = floor.session("ann")
    assert floor.asked(BridgeLegs) == [BridgeLegs(floor.leg("spring-1"), session)]
    assert floor.asked(OriginateAgentLeg) == []
    (queued,), (connecting,) = floor.asked(ContactQueued), floor.asked(ContactConnecting)
    assert (connecting.leg_id, connecting.at) == (session, queued.at)
    floor.tell(LegsBridged(floor.leg("spring-1"), session))
    assert floor.asked(ContactConnected)
    assert floor.state_of("ann") is AgentState.CONNECTED


def test_at_the_end_of_a_contact_the_session_stays_and_the_next_customer_is_on_it() -> None:
    floor, customer, session = talking()
    floor.accept(requests=1)
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    assert HangUp(session) not in floor.log, "the agent's phone is hung up with the customer's"
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.answers("spring-2")
    assert floor.asked(BridgeLegs)[-1] == BridgeLegs(floor.leg("spring-2"), session)
    assert len(floor.asked(OriginateSessionLeg)) == 1


def test_the_agent_ends_the_contact_and_keeps_the_leg() -> None:
    floor, customer, session = talking()
    floor.tell(LegsUnbridged(customer, session))
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.CONNECTED_TO_AGENT,
        DisconnectReason.AGENT_DISCONNECT,
    )
    assert HangUp(customer) in floor.log, "the customer listens to nothing"
    assert HangUp(session) not in floor.log
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    assert floor.session("ann") == session


def test_an_agent_without_a_session_who_ends_the_contact_and_keeps_the_leg_is_hung_up() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    floor.tell(LegsUnbridged(floor.leg("spring-1"), floor.agent_leg("spring-1")))
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert HangUp(floor.agent_leg("spring-1")) in floor.log


def test_a_late_word_of_a_contact_that_is_over_ends_no_other() -> None:
    floor, customer, session = talking()
    floor.accept(requests=1)
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.answers("spring-2")
    floor.tell(LegsBridged(floor.leg("spring-2"), session))
    floor.tell(LegsUnbridged(customer, session))
    assert floor.state_of("ann") is AgentState.CONNECTED


def test_a_customer_who_leaves_before_the_bridge_leaves_the_session_alone() -> None:
    floor = on_the_line("ann", requests=2)
    floor.answers("spring-1")
    floor.hangs_up("spring-1")
    assert floor.state_of("ann") is AgentState.AVAILABLE
    assert not floor.asked(HangUp)
    floor.answers("spring-2")
    assert floor.agent_leg("spring-2") == floor.session("ann")


def test_of_two_customers_of_one_turn_the_one_who_is_still_there_is_bridged() -> None:
    floor = on_the_line("ann")
    floor.agent("bea")
    floor.accept(requests=2)
    session = floor.session("ann")
    with floor.backlog():
        floor.answers("spring-1")
        floor.hangs_up("spring-1")
        floor.answers("spring-2")
    bridges = floor.asked(BridgeLegs)
    assert all(bridge.customer_leg_id != floor.leg("spring-1") for bridge in bridges), "somebody who has gone"
    assert len(bridges) + len(floor.asked(OriginateAgentLeg)) == 1
    assert floor.session("ann") == session


def test_a_session_holds_no_line_of_a_trunk() -> None:
    floor = on_the_line("ann", "bea", config=EngineConfig(trunks=(Trunk("one", channels=2),)))
    floor.accept(requests=3)
    assert len(floor.dialed) == 2
    assert floor.engine.floor().lines_in_use == 2


# --- when there is one ------------------------------------------------------------------------------------------------


def test_whoever_is_on_a_break_keeps_the_session_and_whoever_goes_home_does_not() -> None:
    floor = on_the_line("ann")
    session = floor.session("ann")
    floor.sets("ann", AgentStatus.BREAK)
    assert floor.session("ann") == session
    floor.sets("ann", AgentStatus.OFFLINE)
    assert HangUp(session) in floor.log
    assert floor.memory.sessions == {}
    floor.wait(600)
    assert len(floor.asked(OriginateSessionLeg)) == 1, "nobody's phone rings at night"


def test_whoever_goes_home_during_a_talk_finishes_it_on_the_session() -> None:
    floor, customer, session = talking()
    floor.sets("ann", AgentStatus.OFFLINE)
    assert HangUp(session) not in floor.log
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.sets("ann", AgentStatus.OFFLINE)
    assert HangUp(session) in floor.log


def test_an_agent_who_is_removed_has_no_session_once_the_talk_is_over() -> None:
    floor, customer, session = talking()
    floor.removes("ann")
    assert HangUp(session) not in floor.log
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    assert HangUp(session) in floor.log
    floor.agent("bea", persistent=True)
    idle = floor.session_comes_up("bea")
    floor.removes("bea")
    assert HangUp(idle) in floor.log
    assert floor.memory.sessions == {}


@pytest.mark.parametrize("hangs_up_too", [False, True])
def test_an_agent_with_nothing_but_a_phone_who_is_removed_in_a_talk_is_gone_after_it(hangs_up_too: bool) -> None:
    """Nobody will ever say that the work after it is over."""
    floor, customer, session = talking()
    floor.falls_silent("ann")
    floor.removes("ann")
    with floor.backlog():
        floor.tell(LegEnded(customer, HangupCause.NORMAL))
        if hangs_up_too:
            floor.tell(LegEnded(session, HangupCause.NORMAL))
    assert "ann" not in floor.engine.details().agents
    assert [ended.contact_id for ended in floor.asked(AfterContactWorkEnded)] == ["spring-1"]
    assert floor.memory.sessions == {}


def test_an_agent_who_is_removed_in_the_work_after_a_talk_is_on_the_line_no_longer() -> None:
    floor, customer, session = talking()
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.removes("ann")
    assert HangUp(session) in floor.log, "the phone is off the hook for as long as the work lasts"
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert "ann" not in floor.engine.details().agents


def test_an_agent_who_is_back_before_the_work_after_a_talk_is_over_is_on_the_line_again() -> None:
    floor, customer, session = talking()
    floor.removes("ann")
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.serves("ann", SALES, persistent=True)
    check_whoever_is_to_have_a_session_has(floor)
    assert floor.session("ann") != session


def test_an_agent_with_nothing_but_a_phone_who_is_removed_in_the_work_after_a_talk_is_gone() -> None:
    floor, customer, _ = talking()
    floor.falls_silent("ann")
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.removes("ann")
    assert "ann" not in floor.engine.details().agents, "the phone would keep an agent of whom no word will come"
    assert floor.memory.sessions == {}


def test_a_connection_that_is_persistent_no_more_ends_the_session_after_the_contact() -> None:
    floor, customer, session = talking()
    floor.serves("ann", SALES)
    assert HangUp(session) not in floor.log
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    assert HangUp(session) in floor.log
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.accept(requests=1)
    floor.answers("spring-2")
    assert [rung.agent_id for rung in floor.asked(OriginateAgentLeg)] == ["ann"]


def test_a_connection_that_becomes_persistent_in_a_talk_rings_no_phone_that_is_in_use() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    floor.serves("agent-1", SALES, persistent=True)
    assert floor.asked(OriginateSessionLeg) == []
    floor.hangs_up("spring-1")
    assert [rung.agent_id for rung in floor.asked(OriginateSessionLeg)] == ["agent-1"]


def test_an_agent_with_nothing_but_a_phone_is_heard_of() -> None:
    floor = on_the_line("ann", requests=1)
    floor.falls_silent("ann")
    assert floor.engine.details().agents["ann"].heard
    assert floor.kept_agent("spring-1") == "ann"
    floor.tell(LegEnded(floor.session("ann"), HangupCause.FAILED))
    assert not floor.engine.details().agents["ann"].heard, "the phone was all that was heard"


def test_a_dial_gets_another_agent_when_its_own_is_neither_heard_of_nor_on_the_line_any_more() -> None:
    floor = on_the_line("ann", "bea", requests=1)
    first = floor.kept_agent("spring-1")
    assert first is not None
    floor.falls_silent(first)
    assert floor.kept_agent("spring-1") == first
    floor.serves(first, SALES)
    assert floor.kept_agent("spring-1") == ({"ann", "bea"} - {first}).pop()


def test_contacts_in_progress_know_nothing_of_sessions_that_are_made() -> None:
    """An agent whose session is made while somebody waits takes them as it comes up."""
    floor = on_the_line("ann", requests=1)
    floor.agent("bea", persistent=True)
    floor.tell(LegEnded(floor.session("ann"), HangupCause.FAILED))
    floor.answers("spring-1")
    assert floor.engine.details().contacts["spring-1"].state is ContactState.QUEUED
    floor.session_comes_up("bea")
    assert floor.agent_of("spring-1") == "bea"
    assert not floor.asked(ContactEnded)


# --- several hosts ----------------------------------------------------------------------------------------------------


def test_sessions_are_spread_over_the_hosts_that_answer() -> None:
    floor = Floor(config=EngineConfig(trunks=(NEAR, FAR)))
    for agent in ("ann", "bea"):
        floor.agent(agent, persistent=True)
    assert {rung.host for rung in floor.asked(OriginateSessionLeg)} == {"near", "far"}
    floor.tell(CarrierLost("near"))
    for agent in ("cid", "dan"):
        floor.agent(agent, persistent=True)
    assert [rung.host for rung in floor.asked(OriginateSessionLeg)[2:]] == ["far", "far"]


def test_a_contact_on_another_host_takes_the_session_there() -> None:
    """Nobody hears anybody across hosts, and a free agent is not kept from whoever waits longest."""
    floor = on_the_line("ann", config=EngineConfig(trunks=(NEAR, FAR)))
    former = floor.session("ann")
    host = floor.engine.details().legs[former].host
    other = Trunk("other", "far" if host == "near" else "near", attempts_per_s=1000.0)
    floor.has_trunks(other)
    floor.accept(requests=2)
    floor.answers("spring-1")
    assert HangUp(former) in floor.log
    rung = floor.asked(OriginateSessionLeg)[-1]
    assert (rung.agent_id, rung.host) == ("ann", other.host)
    assert floor.memory.sessions["ann"].leg_id == rung.leg_id == floor.agent_leg("spring-1")
    floor.tell(LegAnswered(rung.leg_id))
    assert floor.asked(BridgeLegs)[-1] == BridgeLegs(floor.leg("spring-1"), rung.leg_id)
    floor.tell(LegsBridged(floor.leg("spring-1"), rung.leg_id))
    floor.hangs_up("spring-1")
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.answers("spring-2")
    assert floor.agent_leg("spring-2") == rung.leg_id, "the next one there is bridged at once"


def test_nobody_is_rung_on_another_host_for_a_customer_who_has_gone() -> None:
    floor = on_the_line("ann", config=EngineConfig(trunks=(NEAR,)))
    floor.has_trunks(FAR)
    floor.accept(requests=1)
    floor.answers("spring-1")
    leg_id = floor.agent_leg("spring-1")
    floor.hangs_up("spring-1")
    assert HangUp(leg_id) in floor.log
    assert floor.session("ann") != leg_id, "the agent is to have a session all the same"
    assert floor.state_of("ann") is AgentState.AVAILABLE
