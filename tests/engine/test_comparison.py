"""A word of the carrier was lost, and its list of legs shows it. If these fail, a line or an agent is held for ever, or
people who talk are cut off because a word came late."""

from __future__ import annotations

import pytest

from engine.floor import Floor, connected
from engine.support import SPRING, bridged, up
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import ContactAnswered, ContactConnected, ContactEnded
from trunkcall.domain.contact import DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.leg import LegDifference, LegState, LiveLeg
from trunkcall.engine.commands import HangUp, NoteDifference, ReportLegs
from trunkcall.engine.events import (
    CarrierFound,
    CarrierLost,
    ComparisonRequested,
    DialingSuspended,
    LegAnswered,
    LegsBridged,
    LegsReported,
)

MINUTE_S = 60.0


def talking(agents: int = 1) -> tuple[Floor, str, str]:
    """Customer and agent talk; the floor and their legs."""
    floor = Floor(agents=agents)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    return floor, floor.leg("spring-1"), floor.agent_leg("spring-1")


def listening() -> tuple[Floor, str]:
    """A customer hears a message; the floor and the leg."""
    floor = Floor()
    floor.campaign(dialer=DialerType.AGENTLESS, requests=1)
    floor.answers("spring-1")
    return floor, floor.leg("spring-1")


def differences(floor: Floor) -> list[tuple[str, LegDifference]]:
    return [(note.leg_id, note.difference) for note in floor.asked(NoteDifference)]


# --- what the carrier does not have any more --------------------------------------------------------------------------


def test_a_customer_who_has_left_unheard_frees_agent_and_line_when_the_carrier_has_said_so_twice() -> None:
    floor, customer, agent = talking()
    assert [type(command) for command in floor.compares(*up(agent))] == []
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.wait(MINUTE_S)
    floor.compares(*up(agent))
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.CONNECTED_TO_AGENT,
        DisconnectReason.TELECOM_PROBLEM,
    )
    assert HangUp(agent) in floor.log
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK
    assert floor.engine.snapshot(floor.now).lines == 0
    assert differences(floor) == [(customer, LegDifference.MISSING)]


def test_an_agent_who_has_hung_up_unheard_is_free_and_the_customer_is_not_left_alone() -> None:
    floor, customer, agent = talking()
    floor.compares(*up(customer))
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.wait(MINUTE_S)
    floor.compares(*up(customer))
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    assert HangUp(customer) in floor.log
    assert floor.state_of("agent-1") is AgentState.AVAILABLE, "the word after the talk came before its end was known"
    assert differences(floor) == [(agent, LegDifference.MISSING)]


def test_a_talk_of_which_the_carrier_has_neither_leg_ends_once() -> None:
    floor, customer, agent = talking()
    for _ in range(3):
        floor.compares()
        floor.wait(MINUTE_S)
    assert len(floor.asked(ContactEnded)) == 1
    assert differences(floor) == [(customer, LegDifference.MISSING), (agent, LegDifference.MISSING)]


def test_somebody_who_has_left_during_the_message_holds_no_line() -> None:
    floor, _ = listening()
    floor.compares()
    floor.wait(MINUTE_S)
    floor.compares()
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (Disposition.CUSTOMER_HUNG_UP, DisconnectReason.TELECOM_PROBLEM)


def test_a_leg_that_was_hung_up_on_and_whose_end_was_not_heard_holds_no_line() -> None:
    floor, customer, _ = talking()
    floor.confirms_hang_ups = False
    floor.agent_hangs_up("spring-1")
    floor.compares()
    floor.wait(15)
    floor.compares()
    assert floor.engine.snapshot(floor.now).lines == 0
    assert differences(floor) == [(customer, LegDifference.MISSING)]


# --- what one answer does not prove -----------------------------------------------------------------------------------


def test_a_talk_is_not_ended_by_time_as_long_as_the_carrier_has_it() -> None:
    floor, customer, agent = talking()
    for _ in range(600):
        floor.wait(MINUTE_S)
        assert floor.compares(*bridged(customer, agent)) == []
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_a_leg_that_is_missing_now_and_then_goes_on() -> None:
    floor, customer, agent = talking()
    for legs in (bridged(customer, agent)[1:], bridged(customer, agent)) * 5:
        floor.compares(*legs)
        floor.wait(MINUTE_S)
    assert not floor.asked(NoteDifference)


def test_two_answers_at_the_same_moment_prove_no_more_than_one() -> None:
    floor, _, agent = talking()
    floor.compares(*up(agent))
    floor.wait(9)
    floor.compares(*up(agent))
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.wait(1)
    floor.compares(*up(agent))
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK


def test_a_leg_begun_after_the_question_is_not_looked_for_in_the_answer() -> None:
    floor = Floor()
    floor.campaign(requests=1)
    question = floor.asks()
    floor.agent("agent-1")
    floor.hears(question)
    floor.wait(11)
    floor.compares()
    assert not floor.asked(ContactEnded), "the first answer was of a time before it"
    floor.wait(11)
    floor.compares()
    assert floor.end_of("spring-1").disposition is Disposition.ATTEMPT_FAILED
    assert HangUp(floor.leg("spring-1")) in floor.log, "should the originate be on its way still"


def test_an_answer_that_comes_after_the_next_question_does_not_count() -> None:
    """It may be of a time when a leg was not made yet."""
    floor, *_ = talking()
    late = floor.asks()
    for _ in range(5):
        question = floor.asks()
        floor.hears(late)
        floor.wait(MINUTE_S)
        late = question
    assert not floor.asked(NoteDifference)


def test_an_answer_that_is_told_twice_counts_once() -> None:
    floor, *_ = talking()
    question = floor.asks()
    floor.hears(question)
    floor.wait(MINUTE_S)
    floor.hears(question)
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_what_was_seen_before_the_carrier_was_lost_does_not_count() -> None:
    floor, customer, agent = talking()
    question = floor.asks()
    floor.hears(question)
    late = floor.asks()
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(bridged(customer, agent)))
    floor.wait(MINUTE_S)
    floor.hears(late)
    floor.compares()
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_what_a_former_dialer_saw_does_not_count() -> None:
    floor, customer, agent = talking()
    floor.compares()
    floor.restart(*bridged(customer, agent))
    floor.wait(MINUTE_S)
    floor.compares()
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.wait(MINUTE_S)
    floor.compares()
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.TELECOM_PROBLEM


def test_a_process_that_is_about_to_stop_does_not_wait_for_whom_it_has_lost() -> None:
    floor, *_ = talking()
    floor.tell(DialingSuspended())
    for _ in range(2):
        floor.compares()
        floor.wait(MINUTE_S)
    assert floor.engine.snapshot(floor.now).contacts_in_progress == 0


def test_a_carrier_that_is_lost_is_asked_nothing() -> None:
    floor = Floor()
    floor.tell(CarrierLost())
    assert floor.tell(ComparisonRequested()) == []


def test_an_answer_that_nobody_asked_for_changes_nothing() -> None:
    floor, *_ = talking()
    for number in (0, 1, 2):
        floor.tell(LegsReported(number, ()))
        floor.wait(MINUTE_S)
    assert floor.state_of("agent-1") is AgentState.CONNECTED


# --- what the carrier has and nobody knows ----------------------------------------------------------------------------


def test_a_leg_that_nobody_knows_is_hung_up_at_the_second_sight_and_again_until_it_is_gone() -> None:
    floor = Floor()
    assert floor.compares(*up("stranger")) == []
    for _ in range(2):
        floor.wait(MINUTE_S)
        floor.compares(*up("stranger"))
    assert floor.asked(HangUp)[0] == HangUp("stranger")
    floor.wait(MINUTE_S)
    floor.compares(*up("stranger"))
    assert floor.asked(HangUp) == [HangUp("stranger")] * 2
    assert set(differences(floor)) == {("stranger", LegDifference.UNKNOWN)}


def test_a_leg_that_is_about_to_end_is_no_stranger() -> None:
    floor, customer, _ = talking()
    floor.confirms_hang_ups = False
    floor.agent_hangs_up("spring-1")
    floor.compares(*up(customer))
    floor.wait(30)
    floor.compares(*up(customer))
    assert not floor.asked(NoteDifference)


# --- what the carrier knows further -----------------------------------------------------------------------------------


def test_an_answer_that_was_not_heard_is_caught_up_with() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    for _ in range(2):
        floor.wait(11)
        floor.compares(*up(floor.leg("spring-1")))
    assert floor.asked(ContactAnswered)
    assert floor.agent_of("spring-1") == "agent-1"
    assert differences(floor) == [(floor.leg("spring-1"), LegDifference.ANSWERED)]


def test_ringing_that_was_not_heard_is_recorded() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    for _ in range(2):
        floor.wait(11)
        floor.compares(LiveLeg(floor.leg("spring-1"), LegState.RINGING))
    floor.answers("spring-1")
    (answered,) = floor.asked(ContactAnswered)
    assert answered.ring_started_at is not None


def test_a_phone_that_was_seen_ringing_and_then_answered_was_not_seen_twice() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.wait(11)
    floor.compares(LiveLeg(floor.leg("spring-1"), LegState.RINGING))
    floor.wait(11)
    floor.compares(*up(floor.leg("spring-1")))
    assert not floor.asked(ContactAnswered)


def test_what_detection_found_unheard_counts() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    for _ in range(2):
        floor.wait(11)
        floor.compares(LiveLeg(floor.leg("spring-1"), LegState.UP, detection=DetectionStatus.VOICEMAIL_BEEP))
    assert floor.end_of("spring-1").disposition is Disposition.VOICEMAIL


def test_a_message_whose_end_was_not_heard_is_over() -> None:
    floor, leg = listening()
    for _ in range(2):
        floor.wait(MINUTE_S)
        floor.compares(LiveLeg(leg, LegState.UP, playing=False))
    assert floor.end_of("spring-1").disposition is Disposition.MESSAGE_PLAYED
    assert differences(floor) == [(leg, LegDifference.PLAYED)]


@pytest.mark.parametrize("playing", [True, None])
def test_a_message_that_is_played_or_of_which_the_carrier_cannot_tell_goes_on(playing: bool | None) -> None:
    floor, leg = listening()
    for _ in range(60):
        floor.wait(MINUTE_S)
        assert floor.compares(LiveLeg(leg, LegState.UP, playing=playing)) == []


# --- two who talk, and nobody was told --------------------------------------------------------------------------------


def picked_up() -> tuple[Floor, str, str]:
    """The agent's phone was answered, and no word has come that the two are joined."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.tell(LegAnswered(floor.agent_leg("spring-1")))
    return floor, floor.leg("spring-1"), floor.agent_leg("spring-1")


def test_two_who_talk_unheard_are_not_parted_when_the_agents_phone_should_have_rung_out() -> None:
    floor, customer, agent = picked_up()
    for _ in range(2):
        floor.wait(20)
        floor.hears(floor.asked(ReportLegs)[-1].question, *bridged(customer, agent))
    assert floor.asked(ContactConnected)
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.wait(3600)
    assert not floor.asked(HangUp)
    assert differences(floor) == [(agent, LegDifference.BRIDGED)]


def test_two_of_whom_the_carrier_says_that_they_are_not_joined_are_parted() -> None:
    floor, customer, agent = picked_up()
    floor.wait(20)
    floor.hears(floor.asked(ReportLegs)[-1].question, *up(customer, agent))
    floor.wait(20)
    assert HangUp(agent) in floor.log


def test_a_carrier_that_answers_no_question_is_not_waited_for() -> None:
    floor, _, agent = picked_up()
    floor.wait(40)
    assert HangUp(agent) in floor.log


def test_a_bridge_that_is_told_while_the_carrier_is_asked_is_a_talk() -> None:
    floor, customer, agent = picked_up()
    floor.wait(20)
    floor.tell(LegsBridged(customer, agent))
    floor.hears(floor.asked(ReportLegs)[-1].question, *bridged(customer, agent))
    floor.wait(3600)
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    assert floor.snapshot(SPRING).connected == 1


def test_an_agent_who_has_ended_the_talk_unheard_is_on_the_line_with_nobody_for_no_longer() -> None:
    floor, customer, agent = talking()
    for _ in range(2):
        floor.compares(*up(customer, agent))
        floor.wait(11)
    assert {HangUp(customer), HangUp(agent)} <= set(floor.log)
    assert differences(floor) == [(agent, LegDifference.UNBRIDGED)]
