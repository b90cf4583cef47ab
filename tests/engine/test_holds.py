"""Agents who put customers on hold by their telephones. If these fail, nobody can say how long customers hear music."""

from __future__ import annotations

import pytest

from engine.sessions import talking
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.changes import CustomerPutOnHold, CustomerTakenOffHold
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.engine.events import CarrierFound, CarrierLost, LegEnded, LegsBridged, PutOnHold, TakenOffHold


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
