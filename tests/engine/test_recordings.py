"""Talks that are recorded. If these fail, somebody is recorded who was not told, a card number is kept, or a recording
that was interrupted is the last that there is of a talk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.floor import Floor
from engine.sessions import on_the_line
from trunkcall.domain.changes import ContactRecorded
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.recording import Recording, RecordingWish, Unrecorded
from trunkcall.engine.commands import (
    AnnounceRecording,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
)
from trunkcall.engine.events import (
    CarrierFound,
    CarrierLost,
    LegEnded,
    LegsBridged,
    PlaybackEnded,
    RecordingEnded,
    RecordingStarted,
    RecordingWished,
)

FIRST, SECOND_PART = "spring-1.1", "spring-1.2"


def on_a_recorded_campaign(*, records: bool = True, announces: bool = False, answers: bool = True) -> Floor:
    """Ann waits for a customer, whose talk is to be recorded."""
    floor = on_the_line("ann")
    floor.campaign(records=records, announces=announces, requests=1)
    if answers:
        floor.answers("spring-1")
    return floor


def they_talk(floor: Floor) -> None:
    floor.tell(LegsBridged(floor.leg("spring-1"), floor.session("ann")))


def talking(*, records: bool = True, announces: bool = False) -> Floor:
    floor = on_a_recorded_campaign(records=records, announces=announces)
    they_talk(floor)
    return floor


def recorded(floor: Floor) -> Floor:
    """Sound is being recorded."""
    floor.tell(RecordingStarted(FIRST))
    return floor


def told(floor: Floor) -> tuple[Recording, ...]:
    """What the record of the contact has."""
    return floor.asked(ContactRecorded)[-1].recordings


def customer_ends(floor: Floor) -> None:
    floor.tell(LegEnded(floor.leg("spring-1"), HangupCause.NORMAL))


# --- from the beginning to the end ------------------------------------------------------------------------------------


def test_a_talk_is_recorded_from_its_beginning_to_its_end() -> None:
    floor = on_a_recorded_campaign()
    assert not floor.asked(StartRecording), "nobody is recorded who waits"
    they_talk(floor)
    assert floor.asked(StartRecording) == [StartRecording(floor.leg("spring-1"), FIRST, floor.now)]
    began_at = floor.now
    floor.wait(0.2)
    recorded(floor)
    floor.wait(60)
    customer_ends(floor)
    assert floor.asked(StopRecording) == [StopRecording(FIRST)]
    [whole] = told(floor)
    assert whole == Recording(FIRST, began_at, began_at + 200_000, floor.now)


def test_nothing_is_recorded_where_nobody_has_asked_for_it() -> None:
    floor = talking(records=False)
    customer_ends(floor)
    assert not floor.asked(StartRecording)
    assert not floor.asked(ContactRecorded)


def test_a_campaign_that_is_not_recorded_any_more_leaves_talks_as_they_began() -> None:
    floor = recorded(talking())
    floor.campaign(records=False)
    assert not floor.asked(StopRecording)


# --- what is said before ----------------------------------------------------------------------------------------------


def test_both_are_told_before_anything_is_recorded() -> None:
    floor = talking(announces=True)
    of_customer, of_agent = floor.asked(AnnounceRecording)
    assert (of_customer.leg_id, of_agent.leg_id) == (floor.leg("spring-1"), floor.session("ann"))
    assert of_customer.play_id != of_agent.play_id
    floor.tell(PlaybackEnded(of_agent.leg_id, of_agent.play_id))
    assert not floor.asked(StartRecording), "the customer has not heard it yet"
    floor.tell(PlaybackEnded(of_customer.leg_id, of_customer.play_id))
    assert floor.asked(StartRecording) == [StartRecording(of_customer.leg_id, FIRST, floor.now)]


def test_who_could_not_be_told_is_not_recorded_and_the_record_says_so() -> None:
    floor = talking(announces=True)
    of_customer, _ = floor.asked(AnnounceRecording)
    floor.tell(PlaybackEnded(of_customer.leg_id, of_customer.play_id, heard=False))
    floor.wait(600)
    assert not floor.asked(StartRecording)
    assert [each.unrecorded for each in told(floor)] == [Unrecorded.NOT_ANNOUNCED]


def test_an_announcement_of_which_nothing_is_heard_any_more_counts_as_not_heard() -> None:
    floor = talking(announces=True)
    of_customer, _ = floor.asked(AnnounceRecording)
    floor.wait(61)
    floor.tell(PlaybackEnded(of_customer.leg_id, of_customer.play_id))
    assert not floor.asked(StartRecording)
    assert [each.unrecorded for each in told(floor)] == [Unrecorded.NOT_ANNOUNCED]


def test_an_announcement_of_what_is_not_wanted_any_more_is_no_matter_of_the_record() -> None:
    floor = talking(announces=True)
    floor.tell(RecordingWished("spring-1", RecordingWish.STOP))
    floor.restart(*legs_of_a_talk(floor))
    customer_ends(floor)
    assert not floor.asked(StartRecording)
    assert told(floor) == ()
    assert len(floor.asked(AnnounceRecording)) == 2, "both were told once"


def test_an_agent_whose_customer_leaves_during_the_announcement_hears_no_more_of_it() -> None:
    floor = talking(announces=True)
    _, of_agent = floor.asked(AnnounceRecording)
    customer_ends(floor)
    assert StopPlaying(floor.session("ann"), of_agent.play_id) in floor.log
    assert [each.unrecorded for each in told(floor)] == [Unrecorded.NOT_ANNOUNCED]


# --- what nobody may keep ---------------------------------------------------------------------------------------------


def test_an_agent_has_nothing_recorded_for_a_while_by_keys() -> None:
    floor = recorded(talking())
    floor.wait(10)
    paused_at = floor.now
    floor.presses(floor.session("ann"), "*4")
    assert floor.asked(SuspendRecording) == [SuspendRecording(FIRST)]
    floor.presses(floor.session("ann"), "*4")
    assert len(floor.asked(SuspendRecording)) == 1
    floor.wait(20)
    floor.presses(floor.session("ann"), "*5")
    assert floor.asked(ResumeRecording) == [ResumeRecording(FIRST)]
    assert [each.suspensions for each in told(floor)] == [((paused_at, floor.now),)]


def test_what_is_suspended_before_it_has_begun_begins_when_it_is_resumed() -> None:
    floor = talking(announces=True)
    of_customer, _ = floor.asked(AnnounceRecording)
    floor.presses(floor.session("ann"), "*4")
    floor.tell(PlaybackEnded(of_customer.leg_id, of_customer.play_id))
    assert not floor.asked(StartRecording)
    floor.presses(floor.session("ann"), "*5")
    assert len(floor.asked(StartRecording)) == 1


def test_a_talk_that_ends_while_nothing_is_recorded_says_so_to_the_end() -> None:
    floor = recorded(talking())
    floor.presses(floor.session("ann"), "*4")
    paused_at = floor.now
    floor.wait(5)
    customer_ends(floor)
    assert [(each.suspensions, each.stopped_at) for each in told(floor)] == [(((paused_at, None),), floor.now)]


# --- what others ask for ----------------------------------------------------------------------------------------------


def test_recording_can_be_asked_for_in_a_talk_and_is_ended_for_good() -> None:
    floor = talking(records=False)
    floor.tell(RecordingWished("spring-1", RecordingWish.START))
    assert len(floor.asked(StartRecording)) == 1
    recorded(floor)
    floor.tell(RecordingWished("spring-1", RecordingWish.STOP))
    assert floor.asked(StopRecording) == [StopRecording(FIRST)]
    floor.tell(RecordingEnded(FIRST))
    floor.tell(RecordingWished("spring-1", RecordingWish.START))
    floor.tell(RecordingWished("spring-1", RecordingWish.RESUME))
    floor.wait(60)
    assert len(floor.asked(StartRecording)) == 1


def test_what_was_ended_for_good_while_it_was_suspended_is_resumed_by_nobody() -> None:
    floor = recorded(talking())
    floor.presses(floor.session("ann"), "*4")
    suspended_at = floor.now
    floor.wait(5)
    floor.tell(RecordingWished("spring-1", RecordingWish.STOP))
    assert [(each.suspensions, each.stopped_at) for each in told(floor)] == [(((suspended_at, floor.now),), floor.now)]
    floor.presses(floor.session("ann"), "*5")
    floor.restart(*legs_of_a_talk(floor))
    floor.presses(floor.session("ann"), "*5")
    floor.wait(60)
    assert len(floor.asked(StartRecording)) == 1


def test_what_is_asked_for_before_the_agent_joins_begins_with_the_talk() -> None:
    floor = on_a_recorded_campaign(records=False, announces=True)
    floor.tell(RecordingWished("spring-1", RecordingWish.START))
    assert not floor.asked(AnnounceRecording)
    they_talk(floor)
    assert len(floor.asked(AnnounceRecording)) == 2, "who asks for it by an operation is bound by the rules too"


def test_what_is_stopped_before_it_has_begun_never_begins() -> None:
    floor = on_a_recorded_campaign()
    floor.tell(RecordingWished("spring-1", RecordingWish.STOP))
    they_talk(floor)
    assert not floor.asked(StartRecording)


# --- what fails -------------------------------------------------------------------------------------------------------


def test_a_recording_that_is_interrupted_goes_on_in_another_part() -> None:
    floor = recorded(talking())
    floor.wait(30)
    broke_at = floor.now
    floor.tell(RecordingEnded(FIRST))
    floor.wait(10)
    assert [each.recording_id for each in floor.asked(StartRecording)] == [FIRST, SECOND_PART]
    floor.tell(RecordingStarted(SECOND_PART))
    customer_ends(floor)
    first, second = told(floor)
    assert first.stopped_at == broke_at
    assert second.stopped_at == floor.now
    assert len(floor.asked(AnnounceRecording)) == 0


def test_a_recording_that_cannot_be_made_is_tried_again_and_then_no_more() -> None:
    floor = talking()
    for part in (1, 2, 3):
        floor.tell(RecordingEnded(f"spring-1.{part}"))
        floor.wait(10)
    floor.wait(600)
    customer_ends(floor)
    assert len(floor.asked(StartRecording)) == 3
    assert [each.unrecorded for each in told(floor)] == [Unrecorded.FAILED] * 3


def test_a_recording_that_is_made_at_the_second_try_goes_on() -> None:
    floor = talking()
    floor.tell(RecordingEnded(FIRST))
    floor.wait(10)
    floor.tell(RecordingStarted(SECOND_PART))
    customer_ends(floor)
    assert [each.unrecorded for each in told(floor)] == [Unrecorded.FAILED, None]


def test_what_was_interrupted_while_suspended_goes_on_when_it_is_resumed() -> None:
    floor = recorded(talking())
    floor.presses(floor.session("ann"), "*4")
    floor.tell(RecordingEnded(FIRST))
    floor.wait(60)
    assert len(floor.asked(StartRecording)) == 1, "it is suspended"
    floor.presses(floor.session("ann"), "*5")
    assert [each.recording_id for each in floor.asked(StartRecording)] == [FIRST, SECOND_PART]


def test_what_is_resumed_soon_after_it_was_interrupted_goes_on_once() -> None:
    floor = recorded(talking())
    floor.tell(RecordingEnded(FIRST))
    floor.presses(floor.session("ann"), "*4*5")
    floor.wait(60)
    assert [each.recording_id for each in floor.asked(StartRecording)] == [FIRST, SECOND_PART]


def legs_of_a_talk(floor: Floor, *recordings: str) -> tuple[LiveLeg, LiveLeg]:
    customer, session = floor.leg("spring-1"), floor.session("ann")
    return (
        LiveLeg(customer, LegState.UP, session, recordings=recordings),
        LiveLeg(session, LegState.UP, customer, recordings=()),
    )


def test_the_next_dialer_goes_on_recording_in_another_part() -> None:
    floor = recorded(talking())
    floor.restart(*legs_of_a_talk(floor))
    assert [each.recording_id for each in floor.asked(StartRecording)] == [FIRST, SECOND_PART]
    assert [each.goes_on for each in told(floor)] == [False, True]


def test_a_recording_that_has_outlived_its_dialer_goes_on() -> None:
    floor = recorded(talking())
    floor.restart(*legs_of_a_talk(floor, FIRST))
    assert len(floor.asked(StartRecording)) == 1
    customer_ends(floor)
    assert floor.asked(StopRecording)[-1] == StopRecording(FIRST)


@pytest.mark.parametrize(
    ("wishes", "asked"),
    [
        ([RecordingWish.SUSPEND], SuspendRecording(FIRST)),
        ([RecordingWish.SUSPEND, RecordingWish.RESUME], ResumeRecording(FIRST)),
        ([RecordingWish.STOP], StopRecording(FIRST)),
    ],
)
def test_the_next_dialer_asks_anew_for_what_a_dialer_that_died_may_not_have_asked_for(
    wishes: list[RecordingWish], asked: StopRecording | SuspendRecording | ResumeRecording
) -> None:
    floor = recorded(talking())
    for wish in wishes:
        floor.tell(RecordingWished("spring-1", wish))
    before = len(floor.asked(type(asked)))
    floor.restart(*legs_of_a_talk(floor, FIRST))
    assert floor.asked(type(asked))[before:] == [asked]
    assert len(floor.asked(StartRecording)) == 1


def test_whoever_does_not_want_to_be_recorded_can_say_so_while_it_is_announced() -> None:
    floor = talking(announces=True)
    (announced, *_) = floor.asked(AnnounceRecording)

    def possible() -> set[RecordingWish]:
        return {wish for wish in RecordingWish if floor.engine.recording_may_be("spring-1", wish)}

    assert possible() == {RecordingWish.STOP, RecordingWish.SUSPEND}
    floor.tell(RecordingWished("spring-1", RecordingWish.SUSPEND))
    assert possible() == {RecordingWish.STOP, RecordingWish.RESUME}
    floor.tell(RecordingWished("spring-1", RecordingWish.STOP))
    assert possible() == set()
    floor.tell(PlaybackEnded(announced.leg_id, announced.play_id, heard=True))
    floor.wait(60)
    assert not floor.asked(StartRecording)


def test_of_a_contact_that_is_not_in_progress_nothing_can_be_asked() -> None:
    floor = recorded(talking())
    assert not floor.engine.recording_may_be("nobody", RecordingWish.STOP)
    customer_ends(floor)
    floor.presses(floor.session("ann"), "#")
    assert not any(floor.engine.recording_may_be("spring-1", wish) for wish in RecordingWish)


def test_a_talk_is_recorded_on_once_a_switch_that_was_lost_is_found_again() -> None:
    floor = recorded(talking())
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(legs_of_a_talk(floor)))
    assert [each.recording_id for each in floor.asked(StartRecording)] == [FIRST, SECOND_PART]
    assert [each.goes_on for each in told(floor)] == [False, True]


def test_the_next_dialer_records_nothing_of_what_was_suspended() -> None:
    floor = recorded(talking())
    floor.presses(floor.session("ann"), "*4")
    floor.restart(*legs_of_a_talk(floor))
    floor.wait(60)
    assert len(floor.asked(StartRecording)) == 1, "the customer may be saying a card number"
    floor.presses(floor.session("ann"), "*5")
    assert len(floor.asked(StartRecording)) == 2


def test_what_the_next_dialer_finds_being_announced_it_announces_anew_before_it_records() -> None:
    """Nobody knows how much of it the customer has heard, and nobody is recorded untold."""
    floor = talking(announces=True)
    assert [each.unrecorded for each in told(floor)] == [Unrecorded.NOT_ANNOUNCED], "until it is"
    floor.wait(2)
    floor.restart(*legs_of_a_talk(floor))
    first, _, again, to_agent = floor.asked(AnnounceRecording)
    assert (again.leg_id, to_agent.leg_id) == (first.leg_id, floor.session("ann"))
    floor.tell(PlaybackEnded(first.leg_id, first.play_id))
    assert not floor.asked(StartRecording), "the customer has not heard all of it"
    floor.tell(PlaybackEnded(again.leg_id, again.play_id))
    assert floor.asked(StartRecording) == [StartRecording(again.leg_id, FIRST, floor.now)]
    assert told(floor) == (Recording(FIRST, floor.now),)


def test_who_leaves_before_it_could_be_announced_anew_is_on_record_as_not_announced() -> None:
    floor = talking(announces=True)
    floor.restart()
    floor.wait(60)
    assert not floor.asked(StartRecording)
    assert [each.unrecorded for each in told(floor)] == [Unrecorded.NOT_ANNOUNCED]
    assert floor.end_of("spring-1").contact_id == "spring-1"


def test_an_announcement_that_was_given_up_is_begun_by_nobody_else() -> None:
    floor = talking(announces=True)
    of_customer, _ = floor.asked(AnnounceRecording)
    floor.tell(PlaybackEnded(of_customer.leg_id, of_customer.play_id, heard=False))
    floor.restart(*legs_of_a_talk(floor))
    floor.presses(floor.session("ann"), "*4*5")
    floor.tell(RecordingWished("spring-1", RecordingWish.START))
    floor.wait(120)
    assert not floor.asked(StartRecording)
    assert len(floor.asked(AnnounceRecording)) == 2


def test_an_announcement_that_is_lost_with_the_switch_is_begun_anew_and_one_that_goes_on_is_not() -> None:
    floor = talking(announces=True)
    floor.tell(CarrierLost())
    customer, session = legs_of_a_talk(floor)
    floor.tell(CarrierFound((replace(customer, playing=True), session)))
    assert len(floor.asked(AnnounceRecording)) == 2
    floor.tell(CarrierLost())
    floor.tell(CarrierFound((customer, session)))
    assert len(floor.asked(AnnounceRecording)) == 4
    *_, again, _ = floor.asked(AnnounceRecording)
    floor.tell(PlaybackEnded(again.leg_id, again.play_id))
    assert len(floor.asked(StartRecording)) == 1


@pytest.mark.parametrize("is_heard_by", ["this dialer", "the next"])
def test_what_is_suspended_while_it_is_announced_stays_so_whatever_crashes(is_heard_by: str) -> None:
    floor = talking(announces=True)
    floor.presses(floor.session("ann"), "*4")
    if is_heard_by == "the next":
        floor.restart(*legs_of_a_talk(floor))
    *_, of_customer, _ = floor.asked(AnnounceRecording)
    floor.tell(PlaybackEnded(of_customer.leg_id, of_customer.play_id))
    assert [each.unrecorded for each in told(floor)] == [None], "it was announced"
    floor.restart(*legs_of_a_talk(floor))
    floor.wait(60)
    assert not floor.asked(StartRecording), "the customer may be saying a card number"
    floor.presses(floor.session("ann"), "*5")
    assert [each.recording_id for each in floor.asked(StartRecording)] == [SECOND_PART]
