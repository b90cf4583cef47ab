"""What every carrier must do (``trunkcall.telephony.carrier``). If these fail for an adapter, the dialer loses legs
on it, counts lines wrong, or dials somebody twice.

Scenarios ask the far end for a behaviour and wait; they know no adapter.
"""

from __future__ import annotations

import pytest

from telephony.support import Behaviour, Line, agent_leg, answered, bridge, comes, ends, hang_up, told
from trunkcall.domain.contact import LIVE_DETECTIONS
from trunkcall.domain.leg import HangupCause, LegState
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import ReportLegs
from trunkcall.engine.events import (
    CarrierFound,
    DetectionEnded,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    OriginateVoided,
    PlaybackEnded,
)

HUMAN = Behaviour.ANSWERS_AS_A_HUMAN
MACHINE = Behaviour.ANSWERS_AS_A_MACHINE
RINGS = Behaviour.RINGS_FOR_EVER


async def test_the_first_word_is_that_the_carrier_is_found_and_has_no_legs(line: Line) -> None:
    assert line.events == [CarrierFound(())]


async def test_a_carrier_found_again_names_the_legs_that_are_up_or_being_made(line: Line) -> None:
    line.dial(HUMAN, "up")
    await comes(line, lambda: told(line, LegAnswered, "up"))
    line.dial(RINGS, "ringing")
    line.dial(Behaviour.BUSY, "busy")
    await comes(line, lambda: told(line, LegRang, "ringing") and ends(line, "busy"))
    await line.start()
    (found,) = line.events
    assert isinstance(found, CarrierFound)
    assert {(leg.leg_id, leg.state) for leg in found.legs} == {("up", LegState.UP), ("ringing", LegState.RINGING)}
    hang_up(line, "ringing")
    await comes(line, lambda: ends(line, "ringing"))
    await line.wait(1)
    assert len(ends(line, "ringing")) == 1, "after which events go on"


async def test_a_person_rings_once_and_answers_once(line: Line) -> None:
    line.dial(HUMAN, "leg")
    await line.wait(29)
    await comes(line, lambda: told(line, LegAnswered))
    kinds = [type(event) for event in line.events[1:]]
    assert kinds == [LegRang, LegAnswered]


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [
        (Behaviour.BUSY, HangupCause.BUSY),
        (Behaviour.INVALID, HangupCause.INVALID_NUMBER),
        (RINGS, HangupCause.RING_TIMEOUT),
    ],
)
async def test_a_leg_that_nobody_answers_ends_once_and_says_why(
    line: Line, behaviour: Behaviour, cause: HangupCause
) -> None:
    line.dial(behaviour, "leg")
    await line.wait(60)
    await comes(line, lambda: ends(line, "leg"))
    assert ends(line, "leg") == [LegEnded("leg", cause)]
    assert told(line, LegAnswered, "leg") == []
    assert len(told(line, LegRang, "leg")) <= 1


async def test_ringing_ends_at_the_ring_timeout_that_was_asked_for(line: Line) -> None:
    """A phone that rings late rings no shorter: rules ask for 15 s of ringing at least."""
    line.dial(RINGS, "leg")
    await comes(line, lambda: told(line, LegRang, "leg"))
    await line.wait(29.8)
    assert ends(line, "leg") == []
    await line.wait(12)
    await comes(line, lambda: ends(line, "leg"))
    assert ends(line, "leg") == [LegEnded("leg", HangupCause.RING_TIMEOUT)]
    assert len(told(line, LegRang, "leg")) == 1


async def test_a_leg_that_is_there_already_is_not_made_again(line: Line) -> None:
    line.dial(RINGS, "leg")
    await comes(line, lambda: told(line, LegRang, "leg"))
    line.dial(HUMAN, "leg")
    await line.wait(60)
    await comes(line, lambda: ends(line, "leg"))
    assert len(told(line, LegRang, "leg")) == 1
    assert told(line, LegAnswered, "leg") == []
    assert len(ends(line, "leg")) == 1


async def test_an_agents_leg_that_is_there_already_is_not_made_again(line: Line) -> None:
    await talking(line)
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await line.wait(2)
    assert len(told(line, LegAnswered, "agent")) == 1
    assert ends(line, "agent") == []


@pytest.mark.parametrize("behaviour", [HUMAN, MACHINE])
async def test_detection_ends_once_after_the_answer(line: Line, behaviour: Behaviour) -> None:
    line.dial(behaviour, "leg", detect=True)
    await line.wait(45)
    await comes(line, lambda: told(line, DetectionEnded, "leg"))
    (detected,) = told(line, DetectionEnded, "leg")
    assert (detected.detection in LIVE_DETECTIONS) == (behaviour is HUMAN)
    answered = told(line, LegAnswered, "leg")
    assert line.events.index(answered[0]) < line.events.index(detected)


async def test_nothing_is_detected_unasked(line: Line) -> None:
    line.dial(MACHINE, "leg", detect=False)
    await line.wait(45)
    assert told(line, DetectionEnded) == []


async def test_a_leg_that_ends_before_its_detection_has_none(line: Line) -> None:
    line.dial(MACHINE, "leg", detect=True)
    await comes(line, lambda: told(line, LegAnswered, "leg"))
    hang_up(line, "leg")
    await line.wait(30)
    await comes(line, lambda: ends(line, "leg"))
    assert told(line, DetectionEnded, "leg") == []
    assert len(ends(line, "leg")) == 1


@pytest.mark.parametrize(("behaviour", "after_s"), [(RINGS, 0.0), (RINGS, 5.0), (HUMAN, 29.0), (MACHINE, 31.0)])
async def test_a_leg_can_be_hung_up_in_any_state_and_ends_once(
    line: Line, behaviour: Behaviour, after_s: float
) -> None:
    line.dial(behaviour, "leg", detect=True)
    await line.wait(after_s)
    hang_up(line, "leg")
    hang_up(line, "leg")
    await line.wait(90)
    await comes(line, lambda: ends(line, "leg"))
    assert ends(line, "leg") == [LegEnded("leg", HangupCause.HUNG_UP_BY_US)]
    assert told(line, OriginateVoided) == []


async def test_hanging_up_a_leg_that_is_not_there_does_nothing(line: Line) -> None:
    hang_up(line, "stranger")
    await line.wait(5)
    assert line.events == [CarrierFound(())]


async def talking(line: Line) -> None:
    await answered(line, "customer")
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await comes(line, lambda: told(line, LegAnswered, "agent"))
    bridge(line, "customer", "agent")
    await comes(line, lambda: told(line, LegsBridged))


async def test_customer_and_agent_are_joined(line: Line) -> None:
    await talking(line)
    assert told(line, LegsBridged) == [LegsBridged("customer", "agent")]
    await line.wait(30)
    assert told(line, LegEnded) == []


async def test_joining_twice_joins_once(line: Line) -> None:
    await talking(line)
    bridge(line, "customer", "agent")
    await line.wait(1)
    assert len(told(line, LegsBridged)) == 1


@pytest.mark.parametrize(("leaves", "stays"), [("customer", "agent"), ("agent", "customer")])
async def test_one_leg_of_a_talk_can_end_without_the_other(line: Line, leaves: str, stays: str) -> None:
    await talking(line)
    hang_up(line, leaves)
    await comes(line, lambda: ends(line, leaves))
    await line.wait(1)
    assert len(ends(line, leaves)) == 1
    assert ends(line, stays) == [], "whether it ends is the dialer's to say"
    hang_up(line, stays)
    await comes(line, lambda: ends(line, stays))
    await line.wait(1)
    assert len(ends(line, stays)) == 1


async def test_a_leg_that_is_not_up_cannot_be_joined(line: Line) -> None:
    line.dial(RINGS, "customer")
    await line.wait(2)
    line.carrier.originate_agent_leg(agent_leg("agent", "customer"))
    await line.wait(2)
    bridge(line, "customer", "agent")
    bridge(line, "stranger", "agent")
    await line.wait(2)
    assert told(line, LegsBridged) == []


async def test_an_agents_leg_for_a_customer_who_has_gone_does_not_last(line: Line) -> None:
    line.carrier.originate_agent_leg(agent_leg("agent", "gone"))
    await line.wait(5)
    hang_up(line, "agent")
    await comes(line, lambda: ends(line, "agent"))
    await line.wait(5)
    assert len(ends(line, "agent")) == 1


async def test_the_legs_that_there_are_can_be_asked_for_and_nothing_is_lost_by_it(line: Line) -> None:
    await talking(line)
    line.dial(RINGS, "ringing")
    line.dial(Behaviour.BUSY, "busy")
    await comes(line, lambda: told(line, LegRang, "ringing") and ends(line, "busy"))
    line.carrier.report_legs(ReportLegs(7))
    await comes(line, lambda: told(line, LegsReported))
    (report,) = told(line, LegsReported)
    assert report.question == 7
    assert {leg.leg_id: (leg.state, leg.bridged_to) for leg in report.legs} == {
        "customer": (LegState.UP, "agent"),
        "agent": (LegState.UP, "customer"),
        "ringing": (LegState.RINGING, None),
    }
    hang_up(line, "ringing")
    await comes(line, lambda: ends(line, "ringing"))
    await line.wait(1)
    assert len(ends(line, "ringing")) == 1, "events go on"
    line.carrier.report_legs(ReportLegs(8))
    await comes(line, lambda: len(told(line, LegsReported)) > 1)
    _, second = told(line, LegsReported)
    assert second.question == 8
    assert {leg.leg_id for leg in second.legs} == {"customer", "agent"}
    assert len(told(line, CarrierFound)) == 1


async def test_what_was_asked_for_before_its_legs_is_among_them(line: Line) -> None:
    line.dial(RINGS, "leg")
    line.carrier.report_legs(ReportLegs(1))
    await comes(line, lambda: told(line, LegsReported))
    (report,) = told(line, LegsReported)
    assert [leg.leg_id for leg in report.legs] == ["leg"]


async def test_a_leg_that_hears_a_prompt_is_said_to(line: Line) -> None:
    """A carrier that cannot tell says so."""
    await answered(line, "leg")
    line.carrier.play("leg", "play", plain("Hello. This is a test."))
    line.carrier.report_legs(ReportLegs(1))
    await line.wait(80)
    await comes(line, lambda: told(line, PlaybackEnded))
    line.carrier.report_legs(ReportLegs(2))
    await comes(line, lambda: len(told(line, LegsReported)) > 1)
    ((during,), (after,)) = [report.legs for report in told(line, LegsReported)]
    assert (during.playing, after.playing) in ((True, False), (None, None))


async def test_closing_twice_is_closing_once_and_nothing_is_told_afterwards(line: Line) -> None:
    line.dial(RINGS, "leg")
    await line.wait(2)
    await line.carrier.close()
    await line.carrier.close()
    number = len(line.events)
    line.dial(HUMAN, "late")
    hang_up(line, "leg")
    line.carrier.report_legs(ReportLegs(1))
    await line.wait(60)
    assert len(line.events) == number
