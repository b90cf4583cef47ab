"""What flows order, and what they are told. If these fail, callers press keys and nothing happens, wait in queues that
nobody serves, or listen to nothing until they hang up."""

from __future__ import annotations

import pytest

from engine.floor import Floor, connected
from engine.support import MESSAGE, SALES, WAITS, up
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import ContactAbandoned, ContactQueued, LedgerCounted
from trunkcall.domain.contact import ContactState, DetectionStatus, Disposition
from trunkcall.domain.flow import Ask, Enqueue, FlowEvent, FlowStep, Hush, Rank, Record, Say
from trunkcall.domain.instants import SECOND, to_seconds
from trunkcall.domain.leg import LegState, LiveLeg
from trunkcall.engine.commands import (
    AskFunction,
    NoteDifference,
    PlayMessage,
    SpeakSafeHarbour,
    StartRecording,
    StopPlaying,
)
from trunkcall.engine.events import (
    BeepHeard,
    CarrierFound,
    CarrierLost,
    FlowTold,
    LegAnswered,
    LegsBridged,
    PlaybackEnded,
)

SERVICE = "service"
OTHER = Say("scripted", "other")


def told(floor: Floor, contact: str = "spring-1") -> list[FlowEvent]:
    """What the contact's flow was told."""
    return [event for contact_id, event in floor.flows.heard_of if contact_id == contact]


def state(floor: Floor, contact: str = "spring-1") -> ContactState:
    return floor.engine.details().contacts[contact].state


def waiting(floor: Floor, queue: str = SALES) -> tuple[str, ...]:
    return floor.engine.details().queues[queue].waiting


def answered(*, dialer: DialerType = DialerType.AGENTLESS, agents: int = 0, requests: int = 1) -> Floor:
    """A floor on which customers have answered, whose flows say something first."""
    floor = Floor(agents=agents)
    floor.flows.talks_first = True
    floor.campaign(dialer=dialer, requests=requests)
    while floor.dialed != [f"spring-{n + 1}" for n in range(requests)]:
        floor.wait(1)
    for contact in floor.dialed:
        floor.answers(contact)
    return floor


# --- what is said -----------------------------------------------------------------------------------------------------


def test_a_flow_is_told_that_what_it_said_was_heard() -> None:
    floor = answered()
    floor.message_ends("spring-1")
    assert told(floor) == [FlowEvent.SAID]


def test_a_message_that_cannot_be_played_is_told_as_such() -> None:
    floor = answered()
    floor.tell(PlaybackEnded(floor.leg("spring-1"), floor.play("spring-1"), heard=False))
    assert told(floor) == [FlowEvent.NOT_SAID]
    assert floor.end_of("spring-1").disposition is Disposition.ATTEMPT_FAILED


def test_a_message_that_is_heard_after_one_that_was_not_counts_as_heard() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.NOT_SAID] = (OTHER,)
    floor.tell(PlaybackEnded(floor.leg("spring-1"), floor.play("spring-1"), heard=False))
    floor.message_ends("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.MESSAGE_PLAYED


def test_of_what_was_broken_off_nobody_waits_for_the_end() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.PRESSED] = (Hush(),)
    play = floor.play("spring-1")
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert floor.asked(StopPlaying) == [StopPlaying(floor.leg("spring-1"), play)]
    floor.tell(PlaybackEnded(floor.leg("spring-1"), play, heard=False))
    assert told(floor) == [FlowEvent.PRESSED]


def test_what_is_said_takes_the_place_of_what_is_being_said() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.PRESSED] = (OTHER,)
    first = floor.play("spring-1")
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert [deed.play_id for deed in floor.asked(StopPlaying)] == [first]
    floor.tell(PlaybackEnded(floor.leg("spring-1"), first, heard=False))
    floor.message_ends("spring-1")
    assert told(floor) == [FlowEvent.PRESSED, FlowEvent.SAID]


def test_messages_that_begin_at_one_instant_are_told_apart() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.PRESSED] = (OTHER,)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    plays = [deed.play_id for deed in floor.asked(PlayMessage)]
    assert len(plays) == 3
    assert len(set(plays)) == 3


def test_what_was_said_and_broken_off_within_a_turn_is_never_heard() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.PRESSED] = (OTHER, Hush())
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert [deed.action_id for deed in floor.asked(PlayMessage)] == [MESSAGE.action_id]


# --- beeps ------------------------------------------------------------------------------------------------------------


def machine() -> Floor:
    floor = Floor()
    floor.flows.talks_first = True
    floor.flows.answers[FlowEvent.BEEP] = (MESSAGE,)
    floor.campaign(dialer=DialerType.AGENTLESS, detects=True, requests=1)
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.VOICEMAIL_NO_BEEP)
    return floor


def test_a_message_to_a_machine_begins_anew_at_its_beep() -> None:
    floor = machine()
    floor.wait(2)
    floor.tell(BeepHeard(floor.leg("spring-1")))
    first, second = floor.asked(PlayMessage)
    assert [deed.play_id for deed in floor.asked(StopPlaying)] == [first.play_id]
    assert second.action_id == first.action_id
    floor.message_ends("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.VOICEMAIL


def test_a_machine_that_does_nothing_but_beep_is_left_alone_in_the_end() -> None:
    floor = machine()
    for _ in range(10):
        floor.wait(1)
        floor.tell(BeepHeard(floor.leg("spring-1")))
    assert len(floor.asked(PlayMessage)) == 4


def test_a_beep_while_nothing_is_said_or_on_the_phone_of_a_person_is_nothing() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.BEEP] = (OTHER,)
    floor.tell(BeepHeard(floor.leg("spring-1")))
    silent = machine()
    silent.flows.answers[FlowEvent.SAID] = ()
    silent.message_ends("spring-1")
    silent.tell(BeepHeard(silent.leg("spring-1")))
    assert told(floor) == []
    assert told(silent) == [FlowEvent.SAID]


# --- what is waited for -----------------------------------------------------------------------------------------------


def test_a_flow_is_told_when_its_time_is_over_and_no_earlier() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.SAID] = ()
    floor.message_ends("spring-1")
    floor.wait(to_seconds(WAITS) - 0.1)
    assert told(floor) == [FlowEvent.SAID]
    floor.wait(0.1)
    assert told(floor) == [FlowEvent.SAID, FlowEvent.TIMER]


def test_a_flow_that_has_gone_on_is_not_told_of_a_time_that_it_waited_for_before() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.SAID] = ()
    floor.flows.answers[FlowEvent.PRESSED] = (OTHER,)
    floor.message_ends("spring-1")
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    floor.wait(60)
    assert FlowEvent.TIMER not in told(floor)


def test_a_function_is_asked_and_its_answer_told() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.SAID] = (Ask(),)
    floor.message_ends("spring-1")
    assert floor.asked(AskFunction) == [AskFunction("spring-1")]
    floor.tell(FlowTold("spring-1", FlowEvent.ANSWERED))
    assert told(floor) == [FlowEvent.SAID, FlowEvent.ANSWERED]


def test_keys_of_whoever_has_no_flow_any_more_are_nothing() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    floor.tell(FlowTold("nobody", FlowEvent.PRESSED))
    assert told(floor) == [FlowEvent.QUEUED]


def test_a_flow_is_told_once_that_its_contact_is_over() -> None:
    floor = answered()
    floor.message_ends("spring-1")
    gone = answered()
    gone.hangs_up("spring-1")
    assert floor.flows.ended_of == gone.flows.ended_of == ["spring-1"]


def test_a_contact_whose_flow_is_over_and_says_nothing_of_it_is_ended() -> None:
    """Nobody is left to silence, whatever a flow does."""
    floor = answered()
    floor.flows.then = Hush()
    floor.flows.over_after = FlowEvent.SAID
    floor.message_ends("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.MESSAGE_PLAYED


# --- other queues -----------------------------------------------------------------------------------------------------


def elsewhere(*, requests: int = 1) -> Floor:
    """One agent, and a customer whose flow has put them into a queue that this agent does not serve."""
    floor = Floor(agents=1)
    floor.flows.answers[None] = (Enqueue(SERVICE),)
    floor.campaign(requests=requests)
    floor.answers("spring-1")
    return floor


def test_a_flow_puts_its_contact_into_another_queue_than_the_campaigns() -> None:
    floor = Floor(agents=1)
    floor.agent("sam", SERVICE)
    floor.flows.answers[None] = (Enqueue(SERVICE),)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    assert floor.agent_of("spring-1") == "sam"
    assert [change.queue_id for change in floor.asked(ContactQueued)] == [SERVICE]
    assert floor.dialed == ["spring-1"], "the agent who was kept for it is free, and there is nobody left to dial"
    floor.agent_picks_up("spring-1")
    floor.hangs_up("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.CONNECTED_TO_AGENT


def test_the_agent_who_was_kept_for_whoever_goes_to_another_queue_is_kept_for_the_next() -> None:
    floor = elsewhere(requests=2)
    assert floor.dialed == ["spring-1", "spring-2"]
    assert floor.kept_agent("spring-2") == "agent-1"
    assert waiting(floor, SERVICE) == ("spring-1",)


def test_who_waits_in_a_queue_that_nobody_serves_ends_in_time_and_nothing_is_left_of_the_queue() -> None:
    floor = elsewhere()
    floor.wait(to_seconds(floor.engine.config.queue_limit))
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert SERVICE not in floor.engine.details().queues


def test_whose_agent_does_not_come_is_the_first_again_in_the_queue_that_the_flow_has_chosen() -> None:
    floor = Floor(agents=2)
    floor.agent("sam", SERVICE)
    floor.flows.answers[None] = (Enqueue(SERVICE),)
    floor.campaign(requests=2)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.agent_hangs_up("spring-1")
    assert waiting(floor, SERVICE) == ("spring-1", "spring-2")
    floor.hangs_up("spring-1")
    assert waiting(floor, SERVICE) == ("spring-2",)


def test_whoever_has_come_to_a_queue_hears_no_more_of_a_message() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.PRESSED] = (Enqueue(SERVICE),)
    play = floor.play("spring-1")
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert waiting(floor, SERVICE) == ("spring-1",)
    assert floor.asked(StopPlaying) == [StopPlaying(floor.leg("spring-1"), play)]


def test_another_dialer_has_whoever_waits_in_the_queue_that_the_flow_has_chosen() -> None:
    floor = elsewhere()
    floor.restart(*up(floor.leg("spring-1")))
    assert waiting(floor, SERVICE) == ("spring-1",)
    floor.agent("sam", SERVICE)
    assert floor.agent_of("spring-1") == "sam"


def test_who_asks_an_agentless_campaign_for_an_agent_gets_one_and_is_no_matter_of_the_ledger() -> None:
    floor = answered()
    floor.agent("sam", SERVICE, status=AgentStatus.BREAK)
    floor.flows.answers[FlowEvent.PRESSED] = (Hush(), Enqueue(SERVICE))
    floor.wait(20)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    floor.wait(10)
    floor.sets("sam", AgentStatus.AVAILABLE)
    assert floor.agent_of("spring-1") == "sam"
    floor.agent_picks_up("spring-1")
    floor.agent_hangs_up("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.CONNECTED_TO_AGENT
    assert floor.asked(LedgerCounted) == []
    assert floor.asked(ContactAbandoned) == []


def test_a_live_answer_in_another_queue_counts_against_the_limit_of_its_campaign() -> None:
    floor = elsewhere()
    floor.wait(3)
    assert [count.abandoned for count in floor.asked(LedgerCounted)] == [0, 1]


# --- who is next ------------------------------------------------------------------------------------------------------


def test_who_has_a_lower_priority_number_comes_before_whoever_has_waited_longer() -> None:
    floor = answered(requests=3)
    floor.flows.answers[FlowEvent.SAID] = (Enqueue(SALES),)
    floor.message_ends("spring-1")
    floor.flows.answers[FlowEvent.SAID] = (Rank(priority=1), Enqueue(SALES))
    floor.message_ends("spring-2")
    floor.wait(1)
    floor.message_ends("spring-3")
    assert waiting(floor) == ("spring-2", "spring-3", "spring-1")


def test_who_counts_as_waiting_longer_comes_before_whoever_has_waited_less() -> None:
    floor = answered(requests=3)
    floor.flows.answers[FlowEvent.SAID] = (Enqueue(SALES),)
    floor.message_ends("spring-1")
    floor.wait(10)
    floor.message_ends("spring-2")
    floor.flows.answers[FlowEvent.SAID] = (Rank(adjustment=5 * SECOND), Enqueue(SALES))
    floor.message_ends("spring-3")
    assert waiting(floor) == ("spring-1", "spring-3", "spring-2")


def test_whose_agent_does_not_come_is_not_the_cause_that_others_change_places() -> None:
    floor = answered(requests=4)
    floor.agent("ann", SALES)
    for each, earlier_s in (("spring-1", 0), ("spring-2", 60), ("spring-3", 20), ("spring-4", 40)):
        floor.flows.answers[FlowEvent.SAID] = (Rank(adjustment=earlier_s * SECOND), Enqueue(SALES))
        floor.message_ends(each)
        if each == "spring-2":
            floor.agent_hangs_up("spring-1")
    assert waiting(floor) == ("spring-1", "spring-2", "spring-4", "spring-3")


def test_whose_agent_does_not_come_stays_behind_those_of_a_lower_number() -> None:
    floor = answered(requests=3)
    floor.agent("ann", SALES)
    floor.flows.answers[FlowEvent.SAID] = (Enqueue(SALES),)
    floor.message_ends("spring-1")
    floor.message_ends("spring-2")
    floor.flows.answers[FlowEvent.SAID] = (Rank(priority=1), Enqueue(SALES))
    floor.message_ends("spring-3")
    floor.agent_hangs_up("spring-1")
    assert waiting(floor) == ("spring-3", "spring-1", "spring-2")


# --- full queues ------------------------------------------------------------------------------------------------------


def full(*, safe_harbour: bool = False) -> Floor:
    floor = Floor(agents=1)
    floor.may_wait(0)
    floor.flows.answers[None] = (Enqueue(),)
    floor.campaign(requests=1, safe_harbour=safe_harbour)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    return floor


def test_who_finds_the_queue_full_may_go_to_another_and_is_not_abandoned() -> None:
    floor = full()
    floor.flows.answers[FlowEvent.QUEUE_FULL] = (Enqueue(SERVICE),)
    floor.answers("spring-1")
    assert told(floor) == [FlowEvent.QUEUE_FULL, FlowEvent.QUEUED]
    assert waiting(floor, SERVICE) == ("spring-1",)
    assert floor.asked(ContactAbandoned) == []


def test_who_finds_the_queue_full_and_is_spoken_to_is_abandoned_from_then() -> None:
    floor = full()
    floor.flows.answers[FlowEvent.QUEUE_FULL] = (MESSAGE,)
    floor.answers("spring-1")
    assert [change.at for change in floor.asked(ContactAbandoned)] == [floor.now]
    floor.message_ends("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


def test_the_flow_of_whoever_found_the_queue_full_does_not_end_the_contact_without_the_safe_harbour_message() -> None:
    floor = full(safe_harbour=True)
    floor.flows.answers[FlowEvent.QUEUE_FULL] = (MESSAGE,)
    floor.answers("spring-1")
    floor.message_ends("spring-1")
    assert len(floor.asked(SpeakSafeHarbour)) == 1
    floor.message_ends("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


def test_who_found_the_queue_full_may_be_put_into_it_later() -> None:
    floor = full()
    floor.flows.answers[FlowEvent.QUEUE_FULL] = (MESSAGE,)
    floor.flows.then = Enqueue()
    floor.answers("spring-1")
    floor.may_wait(None)
    floor.message_ends("spring-1")
    assert waiting(floor) == ("spring-1",)
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.agent_of("spring-1") == "agent-1"


# --- recording --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("records", [True, False])
def test_what_a_flow_says_of_the_recording_counts_for_the_talk(records: bool) -> None:
    floor = Floor(agents=1)
    floor.flows.answers[None] = (Record(()), Record(("Agent", "Customer") if not records else ()), Enqueue())
    floor.campaign(requests=1, records=records)
    connected(floor, "spring-1")
    assert bool(floor.asked(StartRecording)) is not records


@pytest.mark.parametrize("records", [True, False])
def test_another_dialer_knows_what_a_flow_has_said_of_the_recording(records: bool) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, records=records)
    floor.answers("spring-1")
    agent_leg = floor.agent_leg("spring-1")
    floor.flows.chosen["spring-1"] = (Record(("Agent", "Customer") if not records else ()),)
    floor.restart(*up(floor.leg("spring-1")), LiveLeg(agent_leg, LegState.RINGING))
    floor.tell(LegAnswered(agent_leg))
    floor.tell(LegsBridged(floor.leg("spring-1"), agent_leg))
    assert bool(floor.asked(StartRecording)) is not records


def test_a_talk_of_which_one_side_alone_is_to_be_recorded_is_not_recorded() -> None:
    """A recording is always of both, and the other one was not to be."""
    floor = Floor(agents=1)
    floor.flows.answers[None] = (Record(("Agent",)), Enqueue())
    floor.campaign(requests=1, records=True)
    connected(floor, "spring-1")
    assert floor.asked(StartRecording) == []


# --- another dialer, and a carrier that was lost ----------------------------------------------------------------------


def test_the_next_dialer_hears_a_message_out_that_is_still_being_said() -> None:
    floor = answered()
    leg, play, said_at = floor.leg("spring-1"), floor.play("spring-1"), floor.now
    floor.flows.resumes = FlowStep(said_at=said_at)
    floor.wait(3)
    floor.restart(LiveLeg(leg, LegState.UP, playing=True))
    assert floor.flows.resumed_with == [("spring-1", True)]
    floor.tell(PlaybackEnded(leg, play))
    assert told(floor) == [FlowEvent.SAID]


def test_the_next_dialer_has_a_flow_wait_for_as_long_as_it_wanted_to() -> None:
    floor = answered()
    floor.flows.resumes = FlowStep(until=floor.now + 10 * SECOND)
    floor.wait(3)
    floor.restart(*up(floor.leg("spring-1")))
    floor.wait(6.9)
    assert told(floor) == []
    floor.wait(0.1)
    assert told(floor) == [FlowEvent.TIMER]


def test_a_flow_goes_on_where_it_was_when_its_host_is_found() -> None:
    floor = answered()
    floor.flows.resumes = FlowStep((OTHER,))
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(up(floor.leg("spring-1"))))
    assert floor.flows.begun == [("spring-1", None)]
    assert [deed.action_id for deed in floor.asked(PlayMessage)] == [MESSAGE.action_id, OTHER.action_id]


def test_a_message_that_is_known_to_be_said_yet_when_its_host_is_found_is_waited_for() -> None:
    floor = answered()
    floor.tell(CarrierLost())
    floor.tell(CarrierFound((LiveLeg(floor.leg("spring-1"), LegState.UP, playing=True),)))
    assert floor.flows.resumed_with == []
    floor.message_ends("spring-1")
    assert told(floor) == [FlowEvent.SAID]


def test_a_contact_whose_host_comes_back_without_it_ends_with_a_reason() -> None:
    floor = answered()
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(()))
    assert floor.end_of("spring-1").disposition is Disposition.CUSTOMER_HUNG_UP


def test_silence_that_a_flow_wanted_is_not_taken_for_the_end_of_a_message() -> None:
    floor = answered()
    floor.flows.answers[FlowEvent.SAID] = (Ask(),)
    floor.message_ends("spring-1")
    silent = LiveLeg(floor.leg("spring-1"), LegState.UP, playing=False)
    floor.compares(silent)
    floor.flows.answers[FlowEvent.TIMER] = ()
    floor.wait(11)
    floor.compares(silent)
    assert told(floor).count(FlowEvent.SAID) == 1
    assert floor.asked(NoteDifference) == []
