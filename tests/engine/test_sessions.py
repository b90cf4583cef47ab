"""Agents whose phones stay on the line. If these fail, an agent with a persistent connection is rung for every customer
as if there were none, sits there all day with a dead phone, or hears two customers."""

from __future__ import annotations

import pytest

from engine.floor import Floor
from engine.recount import check_whoever_is_to_have_a_session_has
from engine.support import SALES, up
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    ContactConnected,
    ContactConnecting,
    ContactEnded,
    ContactQueued,
    SessionBegun,
    SessionEnded,
)
from trunkcall.domain.contact import ContactState, DisconnectReason, Disposition
from trunkcall.domain.leg import HangupCause, LegDifference, LegState, LiveLeg
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    NoteDifference,
    OriginateAgentLeg,
    OriginateSessionLeg,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    CarrierFound,
    CarrierLost,
    LegAnswered,
    LegEnded,
    LegsBridged,
    LegsUnbridged,
    OriginateVoided,
)

MINUTE_S = 60.0
NEAR = Trunk("north", "near", attempts_per_s=1000.0)
FAR = Trunk("south", "far", attempts_per_s=1000.0)


def on_the_line(*agents: str, requests: int = 0, config: EngineConfig | None = None) -> Floor:
    """Each of these agents is available and in a session; so many contacts are dialed for them."""
    floor = Floor(config=config)
    for agent in agents:
        floor.agent(agent, persistent=True)
        floor.session_comes_up(agent)
    floor.campaign(requests=requests)
    return floor


def talking(config: EngineConfig | None = None) -> tuple[Floor, str, str]:
    """Ann talks to a customer in her session: the floor, the customer's leg, the session's."""
    floor = on_the_line("ann", requests=1, config=config)
    floor.answers("spring-1")
    customer, session = floor.leg("spring-1"), floor.session("ann")
    floor.tell(LegsBridged(customer, session))
    return floor, customer, session


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
    floor.tell(LegEnded(floor.session("ann"), HangupCause.NORMAL))
    assert not floor.engine.details().agents["ann"].heard, "the phone was all that was heard"


def test_a_dial_gets_another_agent_when_its_own_is_neither_heard_of_nor_on_the_line_any_more() -> None:
    floor = on_the_line("ann", "bea", requests=1)
    first = floor.kept_agent("spring-1")
    assert first is not None
    floor.falls_silent(first)
    assert floor.kept_agent("spring-1") == first
    floor.serves(first, SALES)
    assert floor.kept_agent("spring-1") == ({"ann", "bea"} - {first}).pop()


# --- phones that fail -------------------------------------------------------------------------------------------------


def test_a_session_that_is_lost_is_made_again_and_nobody_is_dialed_for_it_meanwhile() -> None:
    floor = on_the_line("ann")
    floor.tell(LegEnded(floor.session("ann"), HangupCause.NORMAL))
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
    floor.tell(LegEnded(floor.session(first), HangupCause.NORMAL))
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
    floor.tell(LegEnded(floor.session("ann"), HangupCause.NORMAL))
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


def test_a_session_that_ends_during_a_talk_ends_the_talk_and_is_made_again() -> None:
    floor, customer, session = talking()
    floor.tell(LegEnded(session, HangupCause.NORMAL))
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert HangUp(customer) in floor.log
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    assert floor.asked(SessionEnded)[-1].leg_id == session
    floor.wait(1)
    assert floor.session_comes_up("ann") != session


def test_a_session_that_ends_before_the_bridge_sends_the_customer_to_another_agent() -> None:
    floor = on_the_line("ann", "bea", requests=1)
    floor.answers("spring-1")
    first = floor.agent_of("spring-1")
    floor.tell(LegEnded(floor.session(first), HangupCause.NORMAL))
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


def test_a_session_holds_no_line_of_a_trunk() -> None:
    floor = on_the_line("ann", "bea", config=EngineConfig(trunks=(Trunk("one", channels=2),)))
    floor.accept(requests=3)
    assert len(floor.dialed) == 2
    assert floor.engine.floor().lines_in_use == 2


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


def test_contacts_in_progress_know_nothing_of_sessions_that_are_made() -> None:
    """An agent whose session is made while somebody waits takes them as it comes up."""
    floor = on_the_line("ann", requests=1)
    floor.agent("bea", persistent=True)
    floor.tell(LegEnded(floor.session("ann"), HangupCause.NORMAL))
    floor.answers("spring-1")
    assert floor.engine.details().contacts["spring-1"].state is ContactState.QUEUED
    floor.session_comes_up("bea")
    assert floor.agent_of("spring-1") == "bea"
    assert not floor.asked(ContactEnded)
