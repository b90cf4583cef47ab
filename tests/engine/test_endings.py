"""How contacts end: dispositions, disconnect reasons and detection statuses as the records will show them. If these
fail, reports are wrong, and whoever retries unanswered numbers retries the wrong ones."""

from __future__ import annotations

import pytest

from engine.floor import Floor, connected
from engine.support import NOW, SPRING
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import ContactAbandoned, ContactAnswered, ContactEnded, LedgerCounted
from trunkcall.domain.contact import LIVE_DETECTIONS, DetectionStatus, Disposition
from trunkcall.domain.contact import DetectionStatus as S
from trunkcall.domain.contact import DisconnectReason as R
from trunkcall.domain.contact import Disposition as D
from trunkcall.domain.flow import Disconnect, Enqueue, FlowEvent, Say
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.leg import HangupCause as H
from trunkcall.engine.commands import HangUp
from trunkcall.engine.dispositions import MACHINES
from trunkcall.flows.builtin import BuiltinFlow

UNANSWERED = [
    (H.NORMAL, D.NO_ANSWER, R.TELECOM_UNANSWERED, S.AMD_UNANSWERED),
    (H.HUNG_UP_BY_US, D.ATTEMPT_FAILED, R.OUTBOUND_ATTEMPT_FAILED, S.AMD_NOT_APPLICABLE),
    (H.BUSY, D.BUSY, R.TELECOM_BUSY, S.SIT_TONE_BUSY),
    (H.INVALID_NUMBER, D.INVALID_NUMBER, R.TELECOM_NUMBER_INVALID, S.SIT_TONE_INVALID_NUMBER),
    (H.NO_ANSWER, D.NO_ANSWER, R.TELECOM_UNANSWERED, S.AMD_UNANSWERED),
    (H.RING_TIMEOUT, D.NO_ANSWER, R.TELECOM_TIMEOUT, S.AMD_UNANSWERED),
    (H.REJECTED, D.REJECTED, R.TELECOM_POTENTIAL_BLOCKING, S.AMD_NOT_APPLICABLE),
    (H.CONGESTION, D.NETWORK_FAILURE, R.TELECOM_PROBLEM, S.AMD_NOT_APPLICABLE),
    (H.UNREACHABLE, D.NETWORK_FAILURE, R.TELECOM_PROBLEM, S.AMD_NOT_APPLICABLE),
    (H.FAILED, D.NETWORK_FAILURE, R.TELECOM_PROBLEM, S.AMD_NOT_APPLICABLE),
    (H.NO_SOUND, D.NETWORK_FAILURE, R.TELECOM_PROBLEM, S.AMD_NOT_APPLICABLE),
    (H.LOST, D.ATTEMPT_FAILED, R.OUTBOUND_ATTEMPT_FAILED, S.AMD_NOT_APPLICABLE),
]

ANSWERED = [
    (H.NORMAL, R.CUSTOMER_DISCONNECT),
    (H.BUSY, R.CUSTOMER_DISCONNECT),
    (H.INVALID_NUMBER, R.CUSTOMER_DISCONNECT),
    (H.NO_ANSWER, R.CUSTOMER_DISCONNECT),
    (H.RING_TIMEOUT, R.CUSTOMER_DISCONNECT),
    (H.REJECTED, R.CUSTOMER_DISCONNECT),
    (H.HUNG_UP_BY_US, R.OTHER),
    (H.CONGESTION, R.TELECOM_PROBLEM),
    (H.UNREACHABLE, R.TELECOM_PROBLEM),
    (H.FAILED, R.TELECOM_PROBLEM),
    (H.NO_SOUND, R.TELECOM_PROBLEM),
    (H.LOST, R.TELECOM_PROBLEM),
]


def test_the_tables_here_leave_out_no_cause() -> None:
    assert {row[0] for row in UNANSWERED} == {row[0] for row in ANSWERED} == set(HangupCause)


@pytest.mark.parametrize("detects", [True, False])
@pytest.mark.parametrize(("cause", "disposition", "reason", "status"), UNANSWERED)
def test_an_attempt_that_nobody_answers(
    cause: HangupCause, disposition: Disposition, reason: R, status: S, detects: bool
) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=detects)
    floor.wait(1)
    floor.rings("spring-1")
    rang_at = floor.now
    floor.wait(5)
    floor.hangs_up("spring-1", cause)
    assert floor.end_of("spring-1") == ContactEnded(
        "spring-1", SPRING, floor.now, disposition, reason, status if detects else None, rang_at
    )
    assert floor.asked(LedgerCounted) == []


@pytest.mark.parametrize(("cause", "reason"), ANSWERED)
def test_a_talk_that_ends_on_the_customers_side(cause: HangupCause, reason: R) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.hangs_up("spring-1", cause)
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason, end.detection) == (D.CONNECTED_TO_AGENT, reason, None)


def test_a_customer_who_hangs_up_during_detection_is_no_live_answer() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.hangs_up("spring-1")
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason, end.detection) == (
        D.CUSTOMER_HUNG_UP,
        R.CUSTOMER_DISCONNECT,
        S.AMD_UNRESOLVED,
    )
    assert floor.snapshot().live_answers == 0
    assert floor.asked(LedgerCounted) == []


def test_an_answer_of_which_nothing_is_heard_is_no_live_answer_and_the_record_says_why() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.hangs_up("spring-1", H.NO_SOUND)
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason, end.detection) == (
        D.NETWORK_FAILURE,
        R.TELECOM_PROBLEM,
        S.AMD_ERROR,
    )
    assert floor.snapshot().live_answers == 0
    assert floor.state_of("agent-1") is AgentState.AVAILABLE
    assert floor.asked(LedgerCounted) == []


def test_whoever_talks_to_an_agent_of_whom_nothing_is_heard_is_let_go_and_nobody_else_gets_that_agent() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.agent_hangs_up("spring-1", H.NO_SOUND)
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (D.CONNECTED_TO_AGENT, R.TELECOM_PROBLEM)
    assert HangUp(floor.leg("spring-1")) in floor.log
    floor.wait(60)
    assert floor.state_of("agent-1") is AgentState.ERROR
    assert floor.dialed == ["spring-1"]
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.dialed == ["spring-1", "spring-2"]


def test_a_status_that_such_an_agent_has_chosen_meanwhile_takes_effect() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.agent_hangs_up("spring-1", H.NO_SOUND)
    assert floor.state_of("agent-1") is AgentState.ON_BREAK


@pytest.mark.parametrize("detection", list(DetectionStatus))
def test_what_becomes_of_an_answer_is_decided_by_its_detection(detection: S) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.detected("spring-1", detection)
    ((_, told),) = floor.flows.begun
    if told in LIVE_DETECTIONS:
        assert floor.agent_of("spring-1") == "agent-1"
        assert floor.snapshot().live_answers == 1
    else:
        assert told is detection
        assert floor.end_of("spring-1").disposition is MACHINES[detection]
        assert floor.end_of("spring-1").disconnect_reason is R.CONTACT_FLOW_DISCONNECT
        assert floor.snapshot().live_answers == 0


@pytest.mark.parametrize("impossible", [S.AMD_UNANSWERED, S.AMD_NOT_APPLICABLE])
def test_a_result_that_an_answered_leg_cannot_have_leaves_nobody_alone(impossible: S) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.detected("spring-1", impossible)
    assert floor.flows.begun == [("spring-1", S.AMD_UNRESOLVED)]


@pytest.mark.parametrize("detection", list(MACHINES))
def test_a_machine_that_hangs_up_first_is_a_machine_all_the_same(detection: S) -> None:
    floor = Floor(agents=1)
    floor.flows.talks_first = True
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.detected("spring-1", detection)
    floor.hangs_up("spring-1")
    assert floor.end_of("spring-1").disposition is MACHINES[detection]


def test_the_answer_and_its_ringing_are_recorded() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.wait(1)
    floor.rings("spring-1")
    rang_at = floor.now
    floor.wait(4)
    floor.answers("spring-1")
    assert floor.asked(ContactAnswered) == [ContactAnswered("spring-1", floor.now, rang_at)]


def test_the_connected_contact_shows_when_it_rang() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.rings("spring-1")
    rang_at = floor.now
    floor.wait(3)
    floor.answers("spring-1")
    floor.hangs_up("spring-1")
    assert floor.end_of("spring-1").ring_started_at == rang_at


# --- agentless --------------------------------------------------------------------------------------------------------


def agentless() -> Floor:
    floor = Floor()
    floor.campaign(dialer=DialerType.AGENTLESS, requests=1)
    floor.answers("spring-1")
    return floor


def test_a_message_that_was_played_ends_the_contact() -> None:
    floor = agentless()
    floor.message_ends("spring-1")
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (D.MESSAGE_PLAYED, R.CONTACT_FLOW_DISCONNECT)
    assert HangUp(floor.leg("spring-1")) in floor.log


def test_a_customer_who_hangs_up_during_the_message_did_so() -> None:
    floor = agentless()
    floor.hangs_up("spring-1")
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (D.CUSTOMER_HUNG_UP, R.CUSTOMER_DISCONNECT)


def test_a_message_to_somebody_of_whom_nothing_is_heard_is_a_failure_of_the_network() -> None:
    floor = agentless()
    floor.hangs_up("spring-1", H.NO_SOUND)
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (D.NETWORK_FAILURE, R.TELECOM_PROBLEM)


def test_agentless_live_answers_are_counted_but_are_no_matter_of_the_ledger() -> None:
    floor = agentless()
    floor.wait(60)
    assert floor.snapshot().live_answers == 1
    assert floor.asked(LedgerCounted) == []
    assert floor.asked(ContactAbandoned) == []


def test_a_flow_that_wants_a_queue_where_there_is_none_ends_the_contact() -> None:
    floor = agentless()
    floor.flows.then = Enqueue()
    floor.message_ends("spring-1")
    assert floor.end_of("spring-1").disconnect_reason is R.CONTACT_FLOW_DISCONNECT


# --- the built-in flow -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("detection", [None, *DetectionStatus])
def test_the_builtin_flow_serves_people_and_hangs_up_on_machines(detection: S | None) -> None:
    flow = BuiltinFlow()
    begun = flow.started("spring-1", "spring", "leg-1", detection=detection, now=NOW)
    if detection not in LIVE_DETECTIONS:
        assert begun.orders == (Disconnect(),)
        return
    assert begun.orders == (Enqueue(),)
    assert flow.heard("spring-1", FlowEvent.QUEUED, NOW).is_over
    (message,) = flow.heard("spring-1", FlowEvent.NOT_QUEUED, NOW).orders
    assert isinstance(message, Say)
    assert flow.text(message.action_id)
    assert flow.heard("spring-1", FlowEvent.SAID, NOW).orders == (Disconnect(),)


# --- agents who are on the line when it ends --------------------------------------------------------------------------


def test_an_agent_who_went_offline_during_a_contact_is_not_given_another() -> None:
    floor = Floor()
    floor.agent("agent-1", work_limit=30 * SECOND)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.hangs_up("spring-1")
    floor.wait(30)
    assert floor.state_of("agent-1") is AgentState.OFFLINE
    assert floor.dialed == ["spring-1"]
