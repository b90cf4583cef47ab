"""Live answers and the agents kept for them. If these fail, somebody picks up the phone and nobody is there."""

from __future__ import annotations

import pytest

from engine.floor import Floor, connected
from engine.support import SALES, SPRING, registered
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    ContactAbandoned,
    ContactConnected,
    ContactConnecting,
    ContactRequeued,
    LedgerCounted,
)
from trunkcall.domain.contact import DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.flow import Enqueue
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.commands import BridgeLegs, HangUp, OriginateAgentLeg
from trunkcall.engine.events import (
    LegAnswered,
    LegsBridged,
    OriginateVoided,
)


def abandonments(floor: Floor) -> list[str]:
    return [change.contact_id for change in floor.asked(ContactAbandoned)]


def test_nobody_is_dialed_until_an_agent_is_there() -> None:
    floor = Floor()
    floor.campaign(requests=3)
    assert floor.dialed == []
    floor.agent("ann")
    assert floor.dialed == ["spring-1"]


def test_one_contact_is_dialed_for_each_free_agent_and_no_more() -> None:
    floor = Floor(agents=3)
    floor.campaign(requests=10)
    assert floor.dialed == ["spring-1", "spring-2", "spring-3"]


def test_nobody_is_dialed_for_an_agent_who_has_left_again_before_the_backlog_was_told() -> None:
    floor = Floor(agents=1)
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.campaign(requests=1)
    with floor.backlog():
        floor.sets("agent-1", AgentStatus.AVAILABLE)
        floor.sets("agent-1", AgentStatus.OFFLINE)
    assert floor.dialed == []


def test_a_live_answer_in_a_backlog_does_not_wait_for_its_end() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    with floor.backlog():
        floor.answers("spring-1")
        floor.now += SECOND
    (connecting,) = floor.asked(ContactConnecting)
    assert connecting.at == floor.now - SECOND


def test_a_live_answer_reaches_the_agent_kept_for_it() -> None:
    floor = Floor(agents=1)
    floor.agent("bea", "service")
    floor.campaign(requests=1)
    floor.campaign("autumn", queue="service", requests=1)
    kept = floor.kept_agent("autumn-2")
    assert kept == "bea"
    floor.answers("autumn-2")
    assert floor.agent_of("autumn-2") == kept
    floor.agent_picks_up("autumn-2")
    (connection,) = floor.asked(ContactConnected)
    assert (connection.contact_id, connection.agent_id) == ("autumn-2", kept)
    assert floor.asked(BridgeLegs) == [BridgeLegs(floor.leg("autumn-2"), floor.agent_leg("autumn-2"))]


def test_an_unanswered_dial_frees_its_agent_for_the_next() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    floor.hangs_up("spring-1", HangupCause.BUSY)
    assert floor.dialed == ["spring-1", "spring-2"]


def test_an_agent_is_dialed_for_again_only_once_the_work_after_the_contact_is_done() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.wait(60)
    floor.hangs_up("spring-1")
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK
    assert floor.dialed == ["spring-1"]
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert [change.contact_id for change in floor.asked(AfterContactWorkEnded)] == ["spring-1"]
    assert floor.dialed == ["spring-1", "spring-2"]


def test_either_party_can_end_a_talk_and_the_record_says_who() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    connected(floor, "spring-2")
    floor.hangs_up("spring-1")
    floor.agent_hangs_up("spring-2")
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.CUSTOMER_DISCONNECT
    assert floor.end_of("spring-2").disconnect_reason is DisconnectReason.AGENT_DISCONNECT
    for contact in ("spring-1", "spring-2"):
        assert floor.end_of(contact).disposition is Disposition.CONNECTED_TO_AGENT
    assert {hang_up.leg_id for hang_up in floor.asked(HangUp)} == {floor.agent_leg("spring-1"), floor.leg("spring-2")}


def test_a_break_asked_for_during_a_contact_takes_effect_after_the_after_contact_work() -> None:
    floor = Floor()
    floor.agent("agent-1", work_limit=30 * SECOND)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.sets("agent-1", AgentStatus.BREAK)
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.hangs_up("spring-1")
    floor.wait(29)
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK
    floor.wait(1)
    assert floor.state_of("agent-1") is AgentState.ON_BREAK
    assert floor.dialed == ["spring-1"]
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.state_of("agent-1") is AgentState.AVAILABLE


@pytest.mark.parametrize("before_the_end", [True, False])
def test_a_break_that_is_taken_back_is_not_taken(before_the_end: bool) -> None:
    floor = Floor()
    floor.agent("agent-1", work_limit=30 * SECOND)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.sets("agent-1", AgentStatus.BREAK)
    if before_the_end:
        floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.hangs_up("spring-1")
    if before_the_end:
        floor.wait(30)
    else:
        floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.state_of("agent-1") is AgentState.AVAILABLE


# --- how long the work after a contact may last -----------------------------------------------------------------------


def working(limit_s: int) -> Floor:
    """An agent who has just hung up on a customer, and may work on it for so long."""
    floor = Floor()
    floor.agent("agent-1", work_limit=limit_s * SECOND)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.hangs_up("spring-1")
    return floor


def test_work_that_has_a_limit_ends_by_itself_and_the_agent_takes_the_next_contact() -> None:
    floor = working(30)
    floor.wait(29)
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK
    floor.wait(1)
    assert [(each.contact_id, each.at) for each in floor.asked(AfterContactWorkEnded)] == [("spring-1", floor.now)]
    assert floor.dialed == ["spring-1", "spring-2"]


def test_work_without_a_limit_goes_on_until_the_agent_is_done() -> None:
    floor = working(0)
    floor.wait(3000)
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK


def test_whoever_is_done_before_the_limit_is_not_called_away_by_it() -> None:
    floor = working(30)
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    connected(floor, "spring-2")
    floor.wait(60)
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.hangs_up("spring-2")
    floor.wait(29)
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK
    assert len(floor.asked(AfterContactWorkEnded)) == 1


@pytest.mark.parametrize(("limit_s", "waits_s"), [(60, 40), (25, 5), (10, 0)])
def test_another_limit_goes_for_the_work_at_hand(limit_s: int, waits_s: int) -> None:
    floor = working(30)
    floor.wait(20)
    floor.tell(registered("agent-1", SALES, work_limit=limit_s * SECOND))
    if waits_s:
        floor.wait(waits_s - 1)
        assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK
        floor.wait(1)
    assert floor.state_of("agent-1") is AgentState.AVAILABLE


def test_a_limit_that_is_taken_away_ends_nothing() -> None:
    floor = working(30)
    floor.tell(registered("agent-1", SALES))
    floor.wait(600)
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK


def test_whoever_is_unheard_of_when_the_work_ends_takes_no_contact() -> None:
    floor = working(30)
    floor.falls_silent("agent-1")
    floor.wait(60)
    assert floor.state_of("agent-1") is AgentState.AVAILABLE
    assert floor.dialed == ["spring-1"]


@pytest.mark.parametrize(
    ("status", "state"), [(AgentStatus.BREAK, AgentState.ON_BREAK), (AgentStatus.OFFLINE, AgentState.OFFLINE)]
)
def test_an_agent_who_goes_during_the_after_contact_work_is_gone_at_once(
    status: AgentStatus, state: AgentState
) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.hangs_up("spring-1")
    floor.sets("agent-1", status)
    assert floor.state_of("agent-1") is state
    assert len(floor.asked(AfterContactWorkEnded)) == 1


def test_a_person_is_not_left_alone_when_the_agents_phone_does_not_answer() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.agent("bea")
    floor.wait(20)
    assert floor.agent_of("spring-1") == "bea"
    assert [change.contact_id for change in floor.asked(ContactRequeued)] == ["spring-1"]
    assert floor.state_of("agent-1") is AgentState.MISSED, "nobody is put through to a phone that is not answered"
    floor.hangs_up("spring-1")
    floor.wait(600)
    assert floor.state_of("agent-1") is AgentState.MISSED, "nobody but the agent can say that somebody is there again"
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.state_of("agent-1") is AgentState.AVAILABLE


def test_a_person_does_not_wait_on_when_the_agents_phone_does_not_answer_and_nobody_else_is_there() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.wait(60)
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.ABANDONED,
        DisconnectReason.CONTACT_FLOW_DISCONNECT,
    )
    assert end.at == floor.now - 40 * SECOND


@pytest.mark.parametrize("cause", [HangupCause.RING_TIMEOUT, HangupCause.UNREACHABLE, HangupCause.LOST])
@pytest.mark.parametrize(
    ("status", "state"), [(AgentStatus.BREAK, AgentState.ON_BREAK), (AgentStatus.OFFLINE, AgentState.OFFLINE)]
)
def test_what_was_chosen_while_the_phone_rang_counts_after_it_whatever_became_of_the_call(
    cause: HangupCause, status: AgentStatus, state: AgentState
) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.sets("agent-1", status)
    floor.agent_hangs_up("spring-1", cause)
    assert floor.state_of("agent-1") is state
    assert len(floor.asked(OriginateAgentLeg)) == 1


@pytest.mark.parametrize("cause", [HangupCause.RING_TIMEOUT, HangupCause.UNREACHABLE, HangupCause.LOST])
def test_whoever_says_while_the_phone_rings_to_be_available_is_rung_again_once(cause: HangupCause) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.agent_hangs_up("spring-1", cause)
    assert len(floor.asked(OriginateAgentLeg)) == 2
    floor.agent_hangs_up("spring-1", HangupCause.UNREACHABLE)
    assert floor.state_of("agent-1") is AgentState.ERROR
    assert len(floor.asked(OriginateAgentLeg)) == 2


def test_whoever_missed_a_contact_and_is_there_again_takes_the_one_that_was_missed_before_others() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    floor.answers("spring-1")
    missing = floor.agent_of("spring-1")
    floor.wait(1)
    other = floor.kept_agent("spring-2")
    assert other is not None
    floor.sets(other, AgentStatus.BREAK)
    floor.answers("spring-2")
    floor.sets(missing, AgentStatus.AVAILABLE)
    floor.agent_hangs_up("spring-1", HangupCause.RING_TIMEOUT)
    assert floor.agent_of("spring-1") == missing
    assert len(floor.asked(OriginateAgentLeg)) == 2


def test_an_agents_phone_that_cannot_be_rung_at_all_costs_the_customer_no_time() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    first = floor.agent_of("spring-1")
    floor.tell(OriginateVoided(floor.agent_leg("spring-1")))
    assert floor.agent_of("spring-1") != first
    assert floor.state_of(first) is AgentState.ERROR, "it would be rung in vain again and again"
    floor.sets(first, AgentStatus.AVAILABLE)
    assert floor.state_of(first) is AgentState.AVAILABLE


def test_an_originate_that_came_to_nothing_keeps_nobody_waiting_who_has_answered() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    floor.tell(OriginateVoided(floor.leg("spring-2")))
    floor.answers("spring-1")
    assert len(floor.asked(OriginateAgentLeg)) == 1
    assert floor.dialed == ["spring-1", "spring-2"], "nobody is dialed meanwhile"
    floor.agent_hangs_up("spring-1", HangupCause.UNREACHABLE)
    assert len(floor.asked(OriginateAgentLeg)) == 2, "nor does anybody wait for the second agent"


def test_an_originate_that_came_to_nothing_keeps_no_agent_from_whoever_waits() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    for agent in ("agent-1", "agent-2"):
        floor.sets(agent, AgentStatus.BREAK)
    floor.answers("spring-1")
    floor.tell(OriginateVoided(floor.leg("spring-2")))
    floor.sets("agent-2", AgentStatus.AVAILABLE)
    assert floor.agent_of("spring-1") == "agent-2"


def test_a_phone_that_answers_after_its_time_meets_nobody() -> None:
    floor = Floor(agents=2)
    floor.confirms_hang_ups = False
    floor.campaign(requests=1)
    floor.answers("spring-1")
    late = floor.agent_leg("spring-1")
    floor.wait(20)
    assert floor.tell(LegAnswered(late)) == [HangUp(late)]
    assert floor.tell(LegsBridged(floor.leg("spring-1"), late)) == []


def test_a_customer_who_hangs_up_while_the_agents_phone_rings_gives_the_agent_back() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    floor.answers("spring-1")
    ringing = floor.agent_leg("spring-1")
    floor.hangs_up("spring-1")
    assert HangUp(ringing) in floor.log
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert abandonments(floor) == ["spring-1"]
    assert floor.dialed == ["spring-1", "spring-2"], "the agent is free for the next"


def test_a_break_asked_for_while_the_phone_rings_is_taken_when_the_customer_leaves() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    floor.answers("spring-1")
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.hangs_up("spring-1")
    assert floor.state_of("agent-1") is AgentState.ON_BREAK
    assert floor.dialed == ["spring-1"]


def test_when_an_agent_leaves_while_a_dial_rings_another_is_kept_for_it() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.agent("bea")
    floor.sets("agent-1", AgentStatus.BREAK)
    assert floor.kept_agent("spring-1") == "bea"


def test_the_next_agent_who_comes_is_kept_for_a_dial_whose_agent_has_left() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=3)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.agent("bea")
    assert floor.kept_agent("spring-1") == "bea"
    assert floor.dialed == ["spring-1"], "bea is not dialed for a second time"


def test_an_answer_for_which_no_agent_is_left_is_counted_as_abandoned_after_two_seconds() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.answers("spring-1")
    floor.wait(1.999)
    assert abandonments(floor) == []
    floor.wait(0.001)
    assert abandonments(floor) == ["spring-1"]
    assert floor.asked(LedgerCounted)[-1] == LedgerCounted(SPRING, floor.now, live_answers=0, abandoned=1)
    floor.hangs_up("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert floor.snapshot().abandoned == 1, "once, although the customer left after the limit"


def test_an_abandoned_person_who_waits_on_still_gets_the_next_agent() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.answers("spring-1")
    floor.wait(3)
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.agent_picks_up("spring-1")
    floor.hangs_up("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.CONNECTED_TO_AGENT
    assert floor.snapshot().abandoned == 1


def test_nobody_waits_in_a_queue_for_ever() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.answers("spring-1")
    floor.wait(20)
    assert floor.end_of("spring-1").disconnect_reason is DisconnectReason.CONTACT_FLOW_DISCONNECT


def test_a_person_on_the_line_takes_the_agent_kept_for_a_dial_that_nobody_has_answered() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    left, stays = floor.kept_agent("spring-1"), floor.kept_agent("spring-2")
    assert left is not None
    floor.sets(left, AgentStatus.OFFLINE)
    floor.answers("spring-1")
    assert floor.agent_of("spring-1") == stays
    assert floor.kept_agent("spring-2") is None


def test_a_person_on_the_line_takes_an_agent_kept_for_another_campaign_of_the_queue_too() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.agent("bea")
    floor.campaign("autumn", requests=1)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    assert floor.agent_of("spring-1") == "bea"


def test_an_agent_of_another_queue_is_left_alone() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.agent("bea", "service")
    floor.campaign("autumn", queue="service", requests=1)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    assert floor.asked(OriginateAgentLeg) == []


def test_whoever_waits_longest_is_served_first() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    for agent in ("agent-1", "agent-2"):
        floor.sets(agent, AgentStatus.BREAK)
    floor.answers("spring-2")
    floor.wait(1)
    floor.answers("spring-1")
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert [c.customer_leg_id for c in floor.asked(OriginateAgentLeg)] == [floor.leg("spring-2")]


def test_somebody_whose_agent_did_not_pick_up_does_not_lose_the_place_in_the_queue() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    floor.answers("spring-1")
    floor.sets(floor.kept_agent("spring-2") or "", AgentStatus.OFFLINE)
    floor.answers("spring-2")
    floor.agent_hangs_up("spring-1", HangupCause.UNREACHABLE)
    floor.agent("bea")
    assert floor.agent_of("spring-1") == "bea"


def test_an_agent_who_is_given_another_queue_takes_whoever_waits_there() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.agent("bea", "service")
    floor.tell(registered("bea", SALES))
    assert floor.agent_of("spring-1") == "bea"


def test_an_agent_who_no_longer_serves_a_queue_is_not_kept_for_its_dials() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.tell(registered("agent-1", "service"))
    assert floor.kept_agent("spring-1") is None
    floor.agent("bea")
    assert floor.kept_agent("spring-1") == "bea"


def test_an_available_agent_without_queues_can_be_given_one_and_is_dialed_for() -> None:
    floor = Floor(agents=1)
    floor.tell(registered("agent-1"))
    floor.campaign(requests=1)
    assert floor.dialed == []
    floor.tell(registered("agent-1", SALES))
    assert floor.dialed == ["spring-1"]


# --- answering machine detection ----------------------------------------------------------------------------------


def test_with_detection_an_answer_is_nobodys_until_it_is_known_to_be_a_person() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    assert floor.flows.begun == []
    assert floor.snapshot().live_answers == 0
    floor.detected("spring-1", DetectionStatus.HUMAN_ANSWERED)
    assert floor.agent_of("spring-1") == "agent-1"
    assert floor.snapshot().live_answers == 1


def test_the_agent_kept_for_a_machine_is_freed_at_once() -> None:
    floor = Floor(agents=1)
    floor.flows.talks_first = True
    floor.campaign(requests=2, detects=True)
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.VOICEMAIL_BEEP)
    assert floor.dialed == ["spring-1", "spring-2"], "while the flow still talks to the machine"


def test_detection_that_never_reports_leaves_nobody_alone_and_counts_as_a_live_answer() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.wait(45)
    assert floor.flows.begun == [("spring-1", DetectionStatus.AMD_UNRESOLVED)]
    assert floor.agent_of("spring-1") == "agent-1"
    assert floor.asked(LedgerCounted) == [LedgerCounted(SPRING, floor.now, live_answers=1, abandoned=0)]


def test_a_second_result_of_detection_changes_nothing() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.HUMAN_ANSWERED)
    floor.detected("spring-1", DetectionStatus.VOICEMAIL_BEEP)
    floor.wait(10)
    assert len(floor.flows.begun) == 1
    assert floor.snapshot().live_answers == 1


def test_a_machine_that_a_flow_put_into_the_queue_is_no_abandonment_when_it_hangs_up() -> None:
    floor = Floor(agents=1)
    floor.flows.talks_first = True
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.VOICEMAIL_BEEP)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.flows.then = Enqueue()
    floor.message_ends("spring-1")
    floor.wait(5)
    floor.hangs_up("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.VOICEMAIL
    assert abandonments(floor) == []
    assert floor.asked(LedgerCounted) == []
