"""Agents who put customers on hold by their telephones. If these fail, nobody can say how long customers hear music,
and the flow that is for them on hold is not heard, or goes on in the talk."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.floor import Floor
from engine.sessions import on_the_line, talking
from engine.support import WAITS
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.changes import CustomerPutOnHold, CustomerTakenOffHold
from trunkcall.domain.contact import ContactState
from trunkcall.domain.flow import Disconnect, Enqueue, FlowEvent, FlowHook, FlowOrder, GoOn, Hooks, Record, Say
from trunkcall.domain.instants import to_seconds
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.recording import RecordingWish
from trunkcall.engine.commands import HangUp, PlayMessage, StartRecording, StopPlaying, StopRecording
from trunkcall.engine.events import (
    CarrierFound,
    CarrierLost,
    LegEnded,
    LegsBridged,
    LegsUnbridged,
    PlaybackEnded,
    PutOnHold,
    RecordingWished,
    TakenOffHold,
)


def joined(customer: str, session: str, *, holds: bool | None) -> tuple[LiveLeg, LiveLeg]:
    """What the carrier has of a talk; whether the agent's telephone has put the customer on hold."""
    return LiveLeg(customer, LegState.UP, session), LiveLeg(session, LegState.UP, customer, holds=holds)


def test_a_hold_is_noted_from_its_beginning_to_its_end() -> None:
    floor, _, session = talking()
    began_at = floor.now
    floor.tell(PutOnHold(session))
    floor.wait(30)
    floor.tell(TakenOffHold(session))
    assert floor.asked(CustomerPutOnHold) == [CustomerPutOnHold("spring-1", began_at)]
    assert floor.asked(CustomerTakenOffHold) == [CustomerTakenOffHold("spring-1", floor.now)]


def test_a_word_that_comes_twice_counts_once() -> None:
    floor, _, session = talking()
    floor.tell(PutOnHold(session))
    floor.tell(PutOnHold(session))
    assert len(floor.asked(CustomerPutOnHold)) == 1


@pytest.mark.parametrize("holds", [True, None])
def test_the_end_of_a_hold_that_a_former_dialer_has_heard_the_beginning_of_is_noted_once(holds: bool | None) -> None:
    floor, customer, session = talking()
    floor.tell(PutOnHold(session))
    floor.restart(*joined(customer, session, holds=holds))
    floor.wait(30)
    floor.tell(TakenOffHold(session))
    floor.tell(TakenOffHold(session))
    assert floor.asked(CustomerTakenOffHold) == [CustomerTakenOffHold("spring-1", floor.now)]


def test_a_hold_that_ends_while_no_dialer_is_there_has_ended_once_there_is() -> None:
    floor, customer, session = talking()
    floor.tell(PutOnHold(session))
    floor.wait(30)
    floor.restart(*joined(customer, session, holds=False))
    assert floor.asked(CustomerTakenOffHold) == [CustomerTakenOffHold("spring-1", floor.now)]


def test_a_hold_that_begins_while_no_dialer_is_there_is_noted_once_there_is() -> None:
    floor, customer, session = talking()
    floor.restart(*joined(customer, session, holds=True))
    assert floor.asked(CustomerPutOnHold) == [CustomerPutOnHold("spring-1", floor.now)]


def test_of_a_telephone_that_held_nobody_the_next_dialer_notes_nothing_when_the_carrier_is_found_again() -> None:
    floor, customer, session = talking()
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(joined(customer, session, holds=False)))
    assert floor.asked(CustomerTakenOffHold) == []


def test_whoever_is_joined_after_a_takeover_with_a_telephone_on_hold_is_on_hold_from_there() -> None:
    floor, customer, session = talking()
    floor.tell(PutOnHold(session))
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.presses(session, "#")
    floor.restart(LiveLeg(session, LegState.UP, holds=True))
    floor.sets("ann", AgentStatus.AVAILABLE)
    floor.accept(requests=1)
    floor.answers("spring-2")
    floor.tell(LegsBridged(floor.leg("spring-2"), session))
    assert floor.asked(CustomerPutOnHold)[-1] == CustomerPutOnHold("spring-2", floor.now)


def test_a_customer_who_puts_the_agent_on_hold_is_none() -> None:
    floor, customer, _ = talking()
    floor.tell(PutOnHold(customer))
    floor.tell(TakenOffHold(customer))
    assert floor.asked(CustomerPutOnHold) == []
    assert floor.asked(CustomerTakenOffHold) == []


def test_whoever_is_joined_with_a_telephone_on_hold_is_on_hold_from_there() -> None:
    floor, customer, session = talking()
    floor.tell(PutOnHold(session))
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.accept(requests=1)
    floor.presses(session, "#")
    floor.answers("spring-2")
    floor.wait(1)
    floor.tell(LegsBridged(floor.leg("spring-2"), session))
    assert floor.asked(CustomerPutOnHold)[-1] == CustomerPutOnHold("spring-2", floor.now)


def test_a_telephone_on_hold_between_two_talks_holds_nobody() -> None:
    floor, customer, session = talking()
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    floor.tell(PutOnHold(session))
    floor.tell(TakenOffHold(session))
    floor.tell(PutOnHold("stranger"))
    assert floor.asked(CustomerPutOnHold) == []
    assert floor.asked(CustomerTakenOffHold) == []


# --- flows ------------------------------------------------------------------------------------------------------------

TO_CUSTOMER = Say("scripted", "to a customer on hold")
TO_AGENT = Say("scripted", "to an agent on hold")
HOLDS = {FlowHook.CUSTOMER_HOLD: (TO_CUSTOMER,), FlowHook.AGENT_HOLD: (TO_AGENT,)}


def talking_with(hooks: Mapping[FlowHook, tuple[FlowOrder, ...]], *, records: bool = False) -> tuple[Floor, str, str]:
    """Ann talks to a customer whose flow has chosen these for holds: the floor, the customer's leg, the session's."""
    floor = on_the_line("ann")
    floor.campaign(requests=1, records=records)
    floor.flows.hooks = dict(hooks)
    floor.flows.answers[None] = (Hooks(tuple(hooks)), Enqueue())
    floor.flows.answers[FlowEvent.SAID] = (GoOn(),)
    floor.flows.over_after = FlowEvent.SAID
    floor.answers("spring-1")
    customer, session = floor.leg("spring-1"), floor.session("ann")
    floor.tell(LegsBridged(customer, session))
    return floor, customer, session


def said(floor: Floor) -> list[tuple[str, str]]:
    """On which leg each action was said."""
    return [(each.leg_id, each.action_id) for each in floor.asked(PlayMessage)]


def broken_off(floor: Floor) -> list[str]:
    """What was said and is heard no more."""
    stopped = {each.play_id for each in floor.asked(StopPlaying)}
    return [each.action_id for each in floor.asked(PlayMessage) if each.play_id in stopped]


def test_a_customer_on_hold_hears_the_flow_that_is_for_it_until_the_agent_is_back() -> None:
    floor, customer, session = talking_with(HOLDS)
    assert said(floor) == []
    floor.tell(PutOnHold(session))
    assert said(floor) == [(customer, TO_CUSTOMER.action_id)]
    assert broken_off(floor) == []
    floor.tell(TakenOffHold(session))
    assert broken_off(floor) == [TO_CUSTOMER.action_id]
    assert floor.flows.broken_off_of == ["spring-1"] * 2, "its own before, once an agent was there"


def test_every_hold_begins_the_flow_anew() -> None:
    floor, customer, session = talking_with(HOLDS)
    for _ in range(2):
        floor.tell(PutOnHold(session))
        floor.tell(TakenOffHold(session))
    assert said(floor) == [(customer, TO_CUSTOMER.action_id)] * 2
    assert broken_off(floor) == [TO_CUSTOMER.action_id] * 2


def test_a_hold_that_is_over_before_anybody_could_look_is_followed_by_no_words() -> None:
    floor, _, session = talking_with(HOLDS)
    with floor.backlog():
        floor.tell(PutOnHold(session))
        floor.tell(TakenOffHold(session))
    assert said(floor) == [], "what has come to nothing by the end of the turn is not done"


def test_who_is_joined_with_a_telephone_on_hold_hears_the_flow_at_once() -> None:
    floor = on_the_line("ann", requests=1)
    session = floor.session("ann")
    floor.flows.hooks = dict(HOLDS)
    floor.flows.answers[None] = (Hooks(tuple(HOLDS)), Enqueue())
    floor.tell(PutOnHold(session))
    floor.answers("spring-1")
    assert said(floor) == []
    floor.tell(LegsBridged(floor.leg("spring-1"), session))
    assert said(floor) == [(floor.leg("spring-1"), TO_CUSTOMER.action_id)]


def test_a_contact_that_has_chosen_no_flow_for_holds_hears_none() -> None:
    floor, customer, session = talking_with({FlowHook.CUSTOMER_QUEUE: ()})
    for leg_id in (session, customer):
        floor.tell(PutOnHold(leg_id))
        floor.tell(TakenOffHold(leg_id))
    assert said(floor) == []
    assert floor.flows.beside_of == []


def test_a_hold_goes_on_without_words_after_the_end_of_its_flow() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(session))
    (message,) = floor.asked(PlayMessage)
    floor.tell(PlaybackEnded(customer, message.play_id))
    floor.wait(to_seconds(2 * WAITS))
    assert said(floor) == [(customer, TO_CUSTOMER.action_id)]
    assert floor.engine.details().contacts["spring-1"].state is ContactState.CONNECTED
    floor.tell(TakenOffHold(session))
    floor.tell(PutOnHold(session))
    assert len(said(floor)) == 2


@pytest.mark.parametrize("order", [Disconnect(), Enqueue("service", moved=True), Enqueue()])
def test_no_flow_takes_a_customer_on_hold_from_the_agent(order: FlowOrder) -> None:
    floor, _, session = talking_with({FlowHook.CUSTOMER_HOLD: (order,)})
    floor.tell(PutOnHold(session))
    floor.wait(to_seconds(2 * WAITS))
    assert floor.asked(HangUp) == []
    assert floor.engine.details().contacts["spring-1"].state is ContactState.CONNECTED
    assert floor.agent_of("spring-1") == "ann"


def test_a_flow_for_holds_may_end_the_recording_of_the_talk() -> None:
    floor, _, session = talking_with({FlowHook.CUSTOMER_HOLD: (Record(()),)}, records=True)
    assert len(floor.asked(StartRecording)) == 1
    floor.tell(PutOnHold(session))
    assert len(floor.asked(StopRecording)) == 1


def test_an_agent_whom_the_customer_puts_on_hold_hears_a_flow_of_its_own() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(customer))
    assert said(floor) == [(session, TO_AGENT.action_id)]
    floor.tell(TakenOffHold(customer))
    assert broken_off(floor) == [TO_AGENT.action_id]


def test_where_both_have_the_other_on_hold_the_customer_is_the_one_who_waits() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(customer))
    floor.tell(PutOnHold(session))
    floor.tell(TakenOffHold(customer))
    floor.tell(PutOnHold(customer))
    assert said(floor) == [(session, TO_AGENT.action_id), (customer, TO_CUSTOMER.action_id)]
    assert broken_off(floor) == [TO_AGENT.action_id]
    floor.tell(TakenOffHold(session))
    assert said(floor)[2:] == [(session, TO_AGENT.action_id)]
    assert broken_off(floor) == [TO_AGENT.action_id, TO_CUSTOMER.action_id]


def test_an_agent_on_hold_whose_customer_hangs_up_hears_no_more_of_the_flow() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(customer))
    (message,) = floor.asked(PlayMessage)
    floor.tell(LegEnded(customer, HangupCause.NORMAL))
    assert floor.asked(StopPlaying) == [StopPlaying(session, message.play_id)]
    floor.tell(PlaybackEnded(session, message.play_id, heard=False))
    assert [event for _, event in floor.flows.heard_of] == [FlowEvent.QUEUED]


@pytest.mark.parametrize("who", ["customer", "agent"])
def test_nothing_is_left_of_a_hold_after_the_end_of_its_contact(who: str) -> None:
    floor, customer, session = talking_with({FlowHook.CUSTOMER_HOLD: (TO_CUSTOMER, Record(()))})
    floor.tell(PutOnHold(session))
    leg_id = customer if who == "customer" else session
    floor.tell(LegEnded(leg_id, HangupCause.NORMAL))
    floor.tell(TakenOffHold(session))
    floor.wait(to_seconds(2 * WAITS))
    assert floor.end_of("spring-1") is not None
    assert FlowEvent.TIMER not in [event for _, event in floor.flows.heard_of]
    assert floor.flows.ended_of == ["spring-1"]


def test_a_customer_on_hold_whose_agent_ends_the_contact_hears_no_more() -> None:
    floor, customer, session = talking_with({FlowHook.CUSTOMER_HOLD: ()})
    floor.tell(PutOnHold(session))
    floor.tell(LegsUnbridged(customer, session))
    assert HangUp(customer) in floor.asked(HangUp)
    floor.wait(to_seconds(2 * WAITS))
    assert FlowEvent.TIMER not in [event for _, event in floor.flows.heard_of]


def test_an_agent_may_end_the_contact_by_the_keys_of_the_telephone_while_the_customer_is_on_hold() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(session))
    floor.presses(session, "**")
    assert HangUp(customer) in floor.asked(HangUp)
    assert HangUp(session) not in floor.asked(HangUp)
    floor.tell(TakenOffHold(session))
    floor.wait(to_seconds(2 * WAITS))
    assert len(said(floor)) == 1
    assert floor.flows.ended_of == ["spring-1"]


# --- for the next dialer, and after a lost switch ---------------------------------------------------------------------


def test_another_dialer_begins_the_flow_of_a_hold_anew() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(session))
    floor.wait(1)
    floor.restart(*joined(customer, session, holds=True))
    assert said(floor) == [(customer, TO_CUSTOMER.action_id)] * 2
    floor.tell(TakenOffHold(session))
    assert broken_off(floor) == [TO_CUSTOMER.action_id]
    assert len(floor.asked(CustomerTakenOffHold)) == 1


def test_a_hold_that_has_ended_while_no_dialer_was_there_is_followed_by_no_words() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(session))
    floor.restart(*joined(customer, session, holds=False))
    assert said(floor) == [(customer, TO_CUSTOMER.action_id)]


@pytest.mark.parametrize("customer_first", [True, False])
def test_another_dialer_begins_the_flow_of_an_agent_on_hold_anew(customer_first: bool) -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(customer))
    floor.wait(1)
    legs = LiveLeg(customer, LegState.UP, session, holds=True), LiveLeg(session, LegState.UP, customer)
    floor.restart(*(legs if customer_first else reversed(legs)))
    assert said(floor) == [(session, TO_AGENT.action_id)] * 2
    assert floor.flows.beside_of == [("spring-1", FlowHook.AGENT_HOLD, session)] * 2, "once by each dialer"


def test_a_talk_whose_recording_was_ended_is_not_recorded_again_because_its_flow_had_chosen_that() -> None:
    floor, customer, session = talking_with(HOLDS, records=True)
    assert len(floor.asked(StartRecording)) == 1
    floor.tell(RecordingWished("spring-1", RecordingWish.STOP))
    floor.flows.chosen["spring-1"] = (Hooks(tuple(HOLDS)), Record(("Agent", "Customer")))
    floor.wait(1)
    floor.restart(*joined(customer, session, holds=True))
    assert len(floor.asked(StartRecording)) == 1
    assert len(said(floor)) == 1


def test_who_is_on_hold_after_the_switch_was_lost_hears_the_flow_anew() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(session))
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(joined(customer, session, holds=True)))
    assert said(floor) == [(customer, TO_CUSTOMER.action_id)] * 2
    assert broken_off(floor) == [TO_CUSTOMER.action_id]
    assert len(floor.asked(CustomerPutOnHold)) == 1, "it is the same hold"


def test_an_agent_who_came_back_while_the_switch_was_lost_talks() -> None:
    floor, customer, session = talking_with(HOLDS)
    floor.tell(PutOnHold(session))
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(joined(customer, session, holds=False)))
    assert broken_off(floor) == [TO_CUSTOMER.action_id]
    assert len(said(floor)) == 1
    assert len(floor.asked(CustomerTakenOffHold)) == 1
