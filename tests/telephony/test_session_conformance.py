"""What every carrier must do with the legs of agents' sessions (``trunkcall.telephony.carrier``). If these fail for an
adapter, an agent's phone rings for every contact, or the agent hears the last customer on when the next is there.

Scenarios ask the far end for a behaviour and wait; they know no adapter.
"""

from __future__ import annotations

from functools import partial

import pytest

from telephony.support import Behaviour, Line, answered, bridge, comes, ends, hang_up, in_session, session_leg, told
from trunkcall.domain.leg import HangupCause, LegState
from trunkcall.engine.commands import ReportLegs, UnbridgeLegs
from trunkcall.engine.events import (
    CarrierFound,
    LegAnswered,
    LegEnded,
    LegsBridged,
    LegsReported,
    LegsUnbridged,
    OriginateVoided,
)

HOUR_S = 3600.0


def unbridge(line: Line, customer: str, session: str) -> None:
    line.carrier.unbridge(UnbridgeLegs(customer, session))


async def talking(line: Line, customer: str, behaviour: Behaviour = Behaviour.ANSWERS_AS_A_HUMAN) -> None:
    """In the session, with this customer."""
    await answered(line, customer, behaviour)
    bridge(line, customer, "session")
    await comes(line, lambda: LegsBridged(customer, "session") in told(line, LegsBridged)[-1:])


async def test_a_session_is_up_without_a_customer_and_for_long(line: Line) -> None:
    await in_session(line)
    await line.wait(HOUR_S)
    assert len(told(line, LegAnswered, "session")) == 1
    assert ends(line, "session") == []
    line.carrier.report_legs(ReportLegs(1))
    await comes(line, lambda: told(line, LegsReported))
    (report,) = told(line, LegsReported)
    assert [(leg.leg_id, leg.state, leg.bridged_to) for leg in report.legs] == [("session", LegState.UP, None)]
    hang_up(line, "session")
    await comes(line, lambda: ends(line, "session"))
    await line.wait(1)
    assert ends(line, "session") == [LegEnded("session", HangupCause.HUNG_UP_BY_US)]


async def test_a_session_that_is_there_already_is_not_begun_again(line: Line) -> None:
    await in_session(line)
    line.carrier.originate_session_leg(session_leg("session"))
    await line.wait(2)
    assert len(told(line, LegAnswered, "session")) == 1
    assert ends(line, "session") == []


async def test_one_session_serves_one_contact_after_the_other(line: Line) -> None:
    await in_session(line)
    for customer in ("first", "second", "third"):
        await talking(line, customer)
        hang_up(line, customer)
        await comes(line, partial(ends, line, customer))
        await line.wait(1)
        assert len(ends(line, customer)) == 1
    assert ends(line, "session") == [], "the agent's phone need not ring again"
    assert told(line, LegsUnbridged) == [], "a leg that is gone is no leg that is parted"
    line.carrier.report_legs(ReportLegs(1))
    await comes(line, lambda: told(line, LegsReported))
    (report,) = told(line, LegsReported)
    assert [leg.bridged_to for leg in report.legs] == [None]


async def test_an_agent_who_ends_the_contact_keeps_the_leg_and_so_does_the_customer(line: Line) -> None:
    await in_session(line)
    await talking(line, "customer", Behaviour.ANSWERS_AND_IS_LEFT)
    await line.wait(HOUR_S)
    assert told(line, LegsUnbridged) == [LegsUnbridged("customer", "session")]
    assert told(line, LegEnded) == [], "whose leg ends is the dialer's to say"
    hang_up(line, "customer")
    await line.wait(1)
    assert told(line, LegEnded) == [LegEnded("customer", HangupCause.HUNG_UP_BY_US)]


async def test_a_customer_who_leaves_ends_no_session(line: Line) -> None:
    await in_session(line)
    await talking(line, "customer")
    await line.wait(HOUR_S)
    await comes(line, lambda: told(line, LegEnded))
    assert told(line, LegEnded) == [LegEnded("customer", HangupCause.NORMAL)]
    assert told(line, LegsUnbridged) == []


async def test_two_who_talk_can_be_parted_and_joined_again(line: Line) -> None:
    await in_session(line)
    await talking(line, "customer")
    for _ in range(2):
        unbridge(line, "customer", "session")
    await comes(line, lambda: told(line, LegsUnbridged))
    await line.wait(1)
    assert told(line, LegsUnbridged) == [LegsUnbridged("customer", "session")]
    assert told(line, LegEnded) == []
    bridge(line, "customer", "session")
    await comes(line, lambda: len(told(line, LegsBridged)) > 1)
    await line.wait(1)
    assert told(line, LegsBridged) == [LegsBridged("customer", "session")] * 2


@pytest.mark.parametrize("parted", [("customer", "stranger"), ("stranger", "session"), ("other", "session")])
async def test_only_two_who_are_joined_can_be_parted(line: Line, parted: tuple[str, str]) -> None:
    await in_session(line)
    await answered(line, "other")
    await talking(line, "customer")
    unbridge(line, *parted)
    await line.wait(1)
    assert told(line, LegsUnbridged) == []


async def test_an_agent_in_a_talk_is_joined_with_nobody_else(line: Line) -> None:
    await in_session(line)
    await talking(line, "customer")
    await answered(line, "other")
    bridge(line, "other", "session")
    await line.wait(1)
    assert told(line, LegsBridged) == [LegsBridged("customer", "session")]


async def test_a_session_outlives_its_dialer_and_says_with_whom_it_talks(line: Line) -> None:
    await in_session(line)
    await talking(line, "customer")
    await line.start()
    (found,) = told(line, CarrierFound)
    assert {(leg.leg_id, leg.bridged_to) for leg in found.legs} == {("session", "customer"), ("customer", "session")}


async def test_no_session_is_begun_on_a_host_that_is_lost(switches: Line) -> None:
    await in_session(switches, "near")
    await in_session(switches, "far", host="east")
    switches.fail("east")
    await switches.wait(0.1)
    switches.carrier.originate_session_leg(session_leg("late", host="east"))
    await switches.wait(1)
    assert told(switches, OriginateVoided) == [OriginateVoided("late")]
    switches.find("east")
    await switches.wait(1)
    found = [each for each in told(switches, CarrierFound) if each.host == "east"][-1]
    assert [leg.leg_id for leg in found.legs] == ["far"]
    assert told(switches, LegEnded) == []
