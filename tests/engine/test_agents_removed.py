"""Agents who are no agents of the instance any more. A user would lose a talk that somebody is in, or dial for somebody
who is gone for ever."""

from __future__ import annotations

from time import process_time

import pytest

from engine.floor import Floor, connected
from engine.support import NOW, SALES, SPRING, bridged, dialing, new_engine, registered
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AfterContactWorkEnded, ContactEnded
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.instants import HOUR, MINUTE, SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    AgentRemoved,
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    Event,
    OfferedContact,
)


@pytest.fixture
def floor() -> Floor:
    return Floor()


def talk(floor: Floor) -> str:
    """Ann talks to somebody; the contact."""
    floor.agent("ann")
    floor.campaign(requests=1)
    (contact,) = floor.dialed
    connected(floor, contact)
    assert floor.state_of("ann") is AgentState.CONNECTED
    return contact


def names(floor: Floor) -> set[str]:
    return set(floor.engine.details().agents)


@pytest.mark.parametrize("status", AgentStatus)
def test_whoever_is_in_no_contact_is_gone_at_once(floor: Floor, status: AgentStatus) -> None:
    floor.agent("ann", status=status)
    floor.removes("ann")
    assert not names(floor)
    assert sum(floor.engine.floor().agents.values()) == 0
    floor.campaign(requests=3)
    assert floor.dialed == []


def test_whoever_is_unheard_is_gone_at_once(floor: Floor) -> None:
    floor.agent("ann")
    floor.falls_silent("ann")
    floor.removes("ann")
    assert not names(floor)


def test_a_talk_goes_on_to_its_end_and_the_work_after_it(floor: Floor) -> None:
    contact = talk(floor)
    floor.accept(requests=2)
    floor.removes("ann")
    floor.wait(30)
    assert floor.state_of("ann") is AgentState.CONNECTED
    assert floor.engine.leaving_agents == {"ann"}
    floor.hangs_up(contact)
    assert floor.end_of(contact).disposition is Disposition.CONNECTED_TO_AGENT
    assert floor.state_of("ann") is AgentState.AFTER_CONTACT_WORK
    floor.wait(10)
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert [each.contact_id for each in floor.asked(AfterContactWorkEnded)] == [contact]
    assert not names(floor)
    assert floor.dialed == [contact], "nobody more is dialed for an agent who is gone"


def test_work_that_nobody_will_call_done_is_not_waited_for(floor: Floor) -> None:
    contact = talk(floor)
    floor.removes("ann")
    floor.hangs_up(contact)
    floor.falls_silent("ann")
    assert not names(floor)
    assert [each.contact_id for each in floor.asked(AfterContactWorkEnded)] == [contact]


def test_nor_is_it_begun_by_one_who_was_silent_in_the_talk(floor: Floor) -> None:
    contact = talk(floor)
    floor.falls_silent("ann")
    floor.removes("ann")
    assert floor.state_of("ann") is AgentState.CONNECTED
    floor.hangs_up(contact)
    assert not names(floor)


def test_nobody_waits_for_an_agent_who_will_not_take_another_contact(floor: Floor) -> None:
    """A phone that may ring in vain is better than nobody at all."""
    floor.agent("ann")
    floor.agent("bea")
    floor.campaign(requests=2)
    first, second = floor.dialed
    connected(floor, first)
    floor.falls_silent("bea")
    floor.removes("ann")
    floor.answers(second)
    assert floor.agent_of(second) == "bea"


def test_whoever_is_leaving_is_no_agent_to_hold_lines_for(floor: Floor) -> None:
    talk(floor)
    assert floor.snapshot().staffed_agents == 1
    floor.removes("ann")
    assert floor.snapshot().staffed_agents == 0
    floor.agent("ann")
    assert floor.snapshot().staffed_agents == 1


def test_whoever_is_rung_may_still_answer(floor: Floor) -> None:
    floor.agent("ann")
    floor.campaign(requests=1)
    (contact,) = floor.dialed
    floor.answers(contact)
    floor.removes("ann")
    assert floor.state_of("ann") is AgentState.CONNECTING
    floor.agent_picks_up(contact)
    floor.hangs_up(contact)
    assert floor.end_of(contact).disposition is Disposition.CONNECTED_TO_AGENT


@pytest.mark.parametrize("cause", [HangupCause.NO_ANSWER, HangupCause.LOST])
def test_whoever_is_rung_in_vain_is_gone_and_another_is_rung(floor: Floor, cause: HangupCause) -> None:
    floor.agent("ann")
    floor.campaign(requests=1)
    (contact,) = floor.dialed
    floor.answers(contact)
    floor.removes("ann")
    floor.agent("bea")
    floor.agent_hangs_up(contact, cause)
    assert names(floor) == {"bea"}
    assert floor.agent_of(contact) == "bea"


def test_a_customer_who_leaves_first_leaves_nobody_behind(floor: Floor) -> None:
    floor.agent("ann")
    floor.campaign(requests=1)
    (contact,) = floor.dialed
    floor.answers(contact)
    floor.removes("ann")
    floor.hangs_up(contact)
    assert not names(floor)


def test_whoever_was_kept_for_a_dial_is_replaced(floor: Floor) -> None:
    floor.agent("ann")
    floor.campaign(requests=1)
    (contact,) = floor.dialed
    floor.agent("bea")
    assert floor.kept_agent(contact) == "ann"
    floor.removes("ann")
    assert floor.kept_agent(contact) == "bea"
    floor.removes("bea")
    assert floor.kept_agent(contact) is None
    floor.agent("cid")
    assert floor.kept_agent(contact) == "cid"


def test_whoever_comes_back_before_the_talk_has_ended_stays(floor: Floor) -> None:
    contact = talk(floor)
    floor.removes("ann")
    floor.tell(registered("ann", SALES, "service"))
    assert not floor.engine.leaving_agents
    floor.hangs_up(contact)
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.state_of("ann") is AgentState.AVAILABLE
    floor.accept(requests=1)
    assert len(floor.dialed) == 2


def test_whoever_comes_back_later_begins_anew(floor: Floor) -> None:
    floor.agent("ann")
    floor.removes("ann")
    floor.tell(registered("ann", SALES))
    assert floor.state_of("ann") is AgentState.OFFLINE


def test_a_pacer_does_not_count_on_whoever_is_leaving(floor: Floor) -> None:
    talk(floor)
    assert floor.engine.details().queues[SALES].talking_since
    floor.removes("ann")
    assert not floor.engine.details().queues[SALES].talking_since


def test_the_time_that_was_worked_stays_in_the_sums(floor: Floor) -> None:
    contact = talk(floor)
    floor.wait(60)
    floor.removes("ann")
    floor.hangs_up(contact)
    floor.sets("ann", AgentStatus.AVAILABLE)
    before = floor.engine.snapshot(floor.now)
    assert before.handling == MINUTE
    assert before.staffed >= MINUTE + 5 * SECOND
    floor.wait(600)
    after = floor.engine.snapshot(floor.now)
    assert (after.staffed, after.handling) == (before.staffed, before.handling)


def test_the_last_agent_of_a_queue_takes_it_along_unless_somebody_dials_for_it(floor: Floor) -> None:
    floor.agent("ann", SALES, "service")
    floor.campaign(requests=0)
    floor.removes("ann")
    assert set(floor.engine.details().queues) == {SALES}
    floor.campaign(state=CampaignState.STOPPED)
    floor.wait(3 * 3600)
    assert not floor.engine.details().queues


def test_a_queue_that_nobody_serves_any_more_is_as_one_where_nobody_is(floor: Floor) -> None:
    """The queue was removed: whoever waits there leaves as nobody comes."""
    floor.agent("ann")
    floor.campaign(dialer=DialerType.PREDICTIVE, requests=1)
    floor.wait(1)
    (contact,) = floor.dialed
    floor.sets("ann", AgentStatus.BREAK)
    floor.answers(contact)
    floor.tell(registered("ann"))
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert floor.engine.details().queues[SALES].waiting == (contact,)
    floor.wait(3600)
    assert floor.end_of(contact).disconnect_reason is DisconnectReason.CONTACT_FLOW_DISCONNECT
    assert floor.end_of(contact).disposition is not Disposition.CONNECTED_TO_AGENT


def test_a_talk_is_taken_over_though_its_agent_was_removed_meanwhile(floor: Floor) -> None:
    contact = talk(floor)
    legs = bridged(floor.leg(contact), floor.agent_leg(contact))
    floor.agents.pop("ann")
    floor.restart(*legs)
    assert floor.state_of("ann") is AgentState.CONNECTED
    assert floor.engine.leaving_agents == {"ann"}
    floor.accept(requests=3)
    floor.hangs_up(contact)
    assert floor.end_of(contact).disposition is Disposition.CONNECTED_TO_AGENT
    floor.sets("ann", AgentStatus.AVAILABLE)
    assert not names(floor)
    assert len(floor.dialed) == 1


def test_an_agent_who_never_was_is_not_removed(floor: Floor) -> None:
    floor.may_refuse = True
    floor.tell(AgentRemoved("nobody"))
    floor.sets("nobody", AgentStatus.AVAILABLE)
    assert len(floor.refused) == 2
    floor.agent("ann")
    floor.campaign(requests=1)
    assert len(floor.asked(ContactEnded)) == 0
    assert len(floor.dialed) == 1
    assert floor.snapshot(SPRING).in_flight == 1


def test_thousands_who_get_another_profile_or_go_hold_nobody_up() -> None:
    """All in one turn, while phones ring for them: what it takes grows with their number, not with its square."""
    names = [f"agent-{number}" for number in range(3000)]
    engine = new_engine(EngineConfig(trunks=(Trunk("default", channels=len(names), attempts_per_s=100_000),)))
    offered = tuple(OfferedContact(f"contact-{number}", number, NOW + HOUR, 0) for number in range(2000))
    begun: list[Event] = [
        *(registered(name, SALES) for name in names),
        *(AgentStatusSet(name, AgentStatus.AVAILABLE) for name in names),
        CampaignChanged(SPRING, CampaignState.RUNNING, dialing()),
        ContactsOffered(SPRING, offered, next_due_at=None),
    ]
    engine.turn([(event, NOW) for event in begun], NOW)
    assert len(engine.details().contacts) == 2000
    for changes in (
        [registered(name, "service") for name in names],
        [registered(name, SALES, "service") for name in names],
        [AgentRemoved(name) for name in names],
    ):
        began_s = process_time()
        engine.turn([(event, NOW) for event in changes], NOW)
        assert process_time() - began_s < 3
    assert not engine.details().agents
