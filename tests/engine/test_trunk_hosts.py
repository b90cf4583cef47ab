"""Switches that are lost, trunks that come and go, and lines over a takeover. If these fail, a switch that is down
takes the others with it, or more calls are on a trunk than it has lines."""

from __future__ import annotations

from dataclasses import replace

from engine.floor import connected
from engine.support import up
from engine.trunked import NORTH, NOTICES, SOUTH, floor_with, lines, on, over
from trunkcall.domain.agent import AgentState
from trunkcall.domain.changes import ContactEnded, ContactQueued
from trunkcall.domain.contact import Disposition
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import HangUp, OriginateAgentLeg
from trunkcall.engine.events import CarrierFound, CarrierLost, LegEnded, LegsReported

# --- a host that is lost ----------------------------------------------------------------------------------------------


def test_while_a_host_is_lost_the_others_are_dialed_on() -> None:
    floor = floor_with(NORTH, SOUTH)
    floor.tell(CarrierLost("near"))
    floor.campaign(dialer=NOTICES, requests=5)
    assert over(floor) == ["south", "south"]
    assert [trunk.up for trunk in floor.engine.floor().trunks] == [False, True]
    assert not floor.engine.floor().carrier_up
    floor.tell(CarrierFound((), "near"))
    assert over(floor)[2:] == ["north"] * 3


def test_nothing_on_other_hosts_ends_when_one_is_lost_and_found() -> None:
    floor = floor_with(NORTH, SOUTH, agents=3)
    floor.campaign(requests=3)
    near, far, _ = floor.dialed
    connected(floor, near)
    connected(floor, far)
    floor.tell(CarrierLost("far"))
    floor.tell(CarrierFound((), "far"))
    assert [(end.contact_id, end.disposition) for end in floor.asked(ContactEnded)] == [
        (far, Disposition.CONNECTED_TO_AGENT)
    ]
    assert floor.state_of(floor.agent_of(near)) is AgentState.CONNECTED


def test_a_live_answer_on_a_host_that_is_up_gets_an_agent_and_one_on_a_lost_host_when_it_is_found() -> None:
    """An agent's phone is rung from the host of the customer."""
    floor = floor_with(NORTH, SOUTH, agents=2)
    floor.campaign(requests=2, detects=True)
    near, far = floor.dialed
    floor.answers(near)
    floor.answers(far)
    floor.tell(CarrierLost("far"))
    floor.wait(45)
    assert {change.contact_id for change in floor.asked(ContactQueued)} == {near, far}
    assert [deed.customer_leg_id for deed in floor.asked(OriginateAgentLeg)] == [floor.leg(near)]
    floor.tell(CarrierFound(up(floor.leg(far)), "far"))
    assert [deed.customer_leg_id for deed in floor.asked(OriginateAgentLeg)] == [floor.leg(near), floor.leg(far)]


def test_a_dial_on_a_lost_host_gives_its_agent_up_once_nobody_can_be_ringing_there() -> None:
    """An outage of an hour would idle half of the agents."""
    floor = floor_with(NORTH, SOUTH, agents=2)
    floor.campaign(requests=3)
    near, far = floor.dialed
    floor.tell(CarrierLost("far"))
    floor.wait(40)
    assert floor.dialed == [near, far]
    floor.wait(10)
    assert floor.asked(ContactEnded)[0].contact_id == near, "of which nothing was heard"
    assert len(floor.dialed) == 3
    floor.accept(requests=1)
    assert len(floor.dialed) == 4, "both agents are dialed for"
    assert far not in {end.contact_id for end in floor.asked(ContactEnded)}
    floor.tell(CarrierFound((LiveLeg(floor.leg(far), LegState.RINGING),), "far"))
    floor.hangs_up(floor.dialed[2])
    floor.answers(far)
    assert floor.agent_of(far) is not None


def test_an_agents_phone_on_a_lost_host_is_not_taken_for_one_that_nobody_answers() -> None:
    floor = floor_with(NORTH, SOUTH, agents=2)
    floor.campaign(requests=2)
    far = on(floor, "south")[0]
    floor.answers(far)
    agent = floor.agent_of(far)
    floor.tell(CarrierLost("far"))
    floor.wait(60)
    assert floor.state_of(agent) is AgentState.CONNECTING
    floor.tell(CarrierFound(up(floor.leg(far)), "far"))
    assert floor.agent_of(far) is not None
    assert floor.state_of(agent) not in (AgentState.MISSED, AgentState.ERROR)


# --- trunks that come and go ------------------------------------------------------------------------------------------


def test_a_trunk_that_is_no_more_takes_no_attempt_and_its_calls_go_on() -> None:
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=3)
    floor.answers(on(floor, "south")[0])
    floor.has_trunks(NORTH)
    floor.accept(requests=5)
    assert over(floor)[3:] == ["north", "north"]
    assert floor.asked(ContactEnded) == []
    assert floor.engine.snapshot(floor.now).lines == 5
    floor.has_trunks(NORTH, SOUTH)
    assert lines(floor) == {"north": 4, "south": 2}, "the one that was up all the while holds its line"


def test_a_trunk_with_fewer_lines_than_it_holds_ends_none() -> None:
    floor = floor_with(NORTH)
    floor.campaign(dialer=NOTICES, requests=9)
    floor.has_trunks(Trunk("north", "near", channels=2, attempts_per_s=1000.0))
    floor.hangs_up(floor.dialed[0])
    floor.hangs_up(floor.dialed[1])
    assert len(floor.dialed) == 4
    floor.hangs_up(floor.dialed[2])
    assert len(floor.dialed) == 5


# --- another dialer ---------------------------------------------------------------------------------------------------


def test_another_dialer_knows_at_once_which_lines_are_held() -> None:
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=6)
    floor.accept(requests=4)
    floor.restart(*[LiveLeg(leg, LegState.RINGING) for leg in floor.engine.details().legs], hosts=("far", "near"))
    assert lines(floor) == {"north": 4, "south": 2}
    assert len(floor.dialed) == 6, "no line is used twice"


def test_another_dialer_hears_of_one_host_after_the_other() -> None:
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=2)
    near = floor.leg(floor.dialed[0])
    floor.restart(LiveLeg(near, LegState.RINGING), hosts=["near"])
    assert floor.asked(ContactEnded) == [], "the other host has not said that it has lost its leg"
    floor.accept(requests=1)
    assert over(floor) == ["north", "south", "north"]
    floor.tell(CarrierFound((), "far"))
    assert [end.contact_id for end in floor.asked(ContactEnded)] == [floor.dialed[1]]


def test_a_leg_of_whose_trunk_nothing_is_known_is_looked_for_on_every_host() -> None:
    """Its trunk was removed meanwhile, or a version that had one trunk has dialed it."""
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=2)
    far = floor.leg(floor.dialed[1])
    floor.memory.forget_trunks()
    floor.restart(hosts=["near"])
    assert floor.asked(ContactEnded) == []
    floor.tell(CarrierFound(up(far), "far"))
    floor.wait(1)
    assert [end.contact_id for end in floor.asked(ContactEnded)] == [floor.dialed[0]]
    assert floor.engine.details().legs[far].host == "far"


def test_a_talk_goes_on_over_a_restart_on_a_host_that_no_trunk_is_on_any_more() -> None:
    """Whoever takes the last trunk of a switch out of the file and starts the server again would cut everybody off who
    talks there, if another switch of the same carrier has its say first."""
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=2)
    near, far = (floor.leg(contact_id) for contact_id in floor.dialed)
    floor.answers(on(floor, "south")[0])
    floor.has_trunks(NORTH)
    floor.restart(LiveLeg(near, LegState.RINGING), *up(far), hosts=("near", "far"))
    floor.wait(30)
    assert floor.asked(ContactEnded) == []
    assert floor.asked(HangUp) == []


# --- comparison -------------------------------------------------------------------------------------------------------


def test_a_hosts_list_of_legs_says_nothing_of_other_hosts() -> None:
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=2)
    near, far = floor.dialed
    for _ in range(2):
        question = floor.asks()
        floor.tell(LegsReported(question, (), "far"))
        floor.tell(LegsReported(question, up("stranger"), "near"))
        floor.wait(11)
    assert {end.contact_id for end in floor.asked(ContactEnded)} == {near, far}
    floor = floor_with(NORTH, SOUTH)
    floor.campaign(dialer=NOTICES, requests=2)
    for _ in range(3):
        question = floor.asks()
        floor.tell(LegsReported(question, (), "far"))
        floor.wait(11)
    assert [end.contact_id for end in floor.asked(ContactEnded)] == [far]
    assert floor.asked(HangUp) == [HangUp(floor.leg(far))]


# --- agents who are called by number ----------------------------------------------------------------------------------

FEW = Trunk("few", "near", channels=3, attempts_per_s=1000.0)


def test_an_agent_on_a_desk_phone_holds_a_line_of_the_first_trunk_for_as_long_as_the_session() -> None:
    floor = floor_with(FEW, SOUTH)
    for name in ("ann", "bob"):
        floor.agent(name, persistent=True, by_number=True)
        floor.session_comes_up(name)
    floor.agent("cid", persistent=True)
    floor.session_comes_up("cid")
    assert lines(floor) == {"few": 2, "south": 0}
    floor.campaign(dialer=NOTICES, requests=9)
    assert lines(floor) == {"few": 3, "south": 2}, "the trunk has three"
    floor.tell(LegEnded(floor.session("bob"), HangupCause.NORMAL))
    assert over(floor)[3:] == ["few"], "the line that came free is a customer's"


def test_an_agent_on_a_desk_phone_that_rings_for_each_contact_is_called_although_no_line_is_free() -> None:
    """Somebody is on the line already, and the carrier may have more than was said."""
    floor = floor_with(replace(FEW, channels=1))
    floor.agent("ann", by_number=True)
    floor.campaign(requests=9)
    floor.answers("spring-1")
    assert len(floor.asked(OriginateAgentLeg)) == 1
    assert lines(floor) == {"few": 2}
    floor.agent_picks_up("spring-1")
    floor.hangs_up("spring-1")
    assert lines(floor) == {"few": 0}, "both have gone"


def test_lines_of_desk_phones_are_known_to_the_next_dialer() -> None:
    floor = floor_with(FEW)
    floor.agent("ann", persistent=True, by_number=True)
    floor.session_comes_up("ann")
    floor.campaign(requests=9)
    floor.restart(*up(floor.session("ann"), floor.leg("spring-1")))
    assert lines(floor) == {"few": 2}
