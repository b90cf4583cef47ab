"""Campaigns and their waiting contacts: what is dialed, when, in what order, and what never is. If these fail, somebody
is dialed who must not be, or somebody waits for ever."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from engine.floor import Floor, connected
from engine.support import SPRING
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, AttemptVoided, ContactEnded, ContactExpired, Refusal
from trunkcall.domain.contact import DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.instants import HOUR, SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import HangUp, Originate, OriginateSessionLeg, RefillWindow
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    CarrierLost,
    ContactsOffered,
    ContactsSwept,
    DialingSuspended,
    LedgerRestored,
    LegRang,
    OfferedContact,
    OriginateVoided,
    PlaybackEnded,
    RequestsAccepted,
    RingingCalledOff,
)
from trunkcall.engine.window import Window

STOPPED, PAUSED, RUNNING = CampaignState.STOPPED, CampaignState.PAUSED, CampaignState.RUNNING


@pytest.mark.parametrize("state", [CampaignState.INITIALIZED, PAUSED, STOPPED, CampaignState.FAILED])
def test_only_a_running_campaign_dials(state: CampaignState) -> None:
    floor = Floor(agents=1)
    floor.campaign(state=state, requests=1)
    floor.accept()
    assert floor.dialed == []


def test_a_paused_campaign_dials_nobody_but_its_waiting_contacts_wait_on() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=3)
    floor.campaign(state=PAUSED)
    floor.hangs_up("spring-1", HangupCause.BUSY)
    floor.wait(600)
    assert floor.dialed == ["spring-1"]
    floor.campaign(state=RUNNING)
    assert floor.dialed == ["spring-1", "spring-2"]


def test_the_contacts_of_a_paused_campaign_expire_in_time() -> None:
    floor = Floor()
    floor.campaign(requests=1)
    floor.campaign(state=PAUSED)
    floor.wait(3600)
    assert floor.asked(ContactExpired) == [ContactExpired("spring-1", SPRING, floor.now)]


@pytest.mark.parametrize("state", [PAUSED, STOPPED])
def test_contacts_in_progress_go_on_when_their_campaign_does_not(state: CampaignState) -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=5)
    connected(floor, "spring-1")
    floor.campaign(state=state)
    floor.answers("spring-2")
    floor.agent_picks_up("spring-2")
    floor.hangs_up("spring-1")
    floor.hangs_up("spring-2")
    assert floor.dialed == ["spring-1", "spring-2"]
    assert {end.disposition for end in floor.asked(ContactEnded)} == {Disposition.CONNECTED_TO_AGENT}


def test_a_campaign_that_is_over_cannot_be_begun_again() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.campaign(state=STOPPED)
    before = floor.snapshot()
    floor.may_refuse = True
    floor.campaign(state=RUNNING)
    assert len(floor.refused) == 1
    assert floor.snapshot() == before


def test_a_process_that_is_about_to_stop_begins_no_attempt_and_finishes_those_begun() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=1)
    floor.tell(DialingSuspended())
    floor.accept(requests=2)
    connected(floor, "spring-1")
    floor.hangs_up("spring-1")
    assert floor.dialed == ["spring-1"]
    assert floor.end_of("spring-1").disposition is Disposition.CONNECTED_TO_AGENT


def test_a_process_that_stops_lets_no_phone_ring_on_and_leaves_whoever_has_answered() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.tell(LegRang(floor.leg("spring-2")))
    floor.agent("ann", persistent=True)
    (rung,) = floor.asked(OriginateSessionLeg)
    floor.tell(RingingCalledOff())
    assert {HangUp(floor.leg("spring-2")), HangUp(rung.leg_id)} <= set(floor.log)
    assert HangUp(floor.leg("spring-1")) not in floor.log
    end = floor.end_of("spring-2")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.ATTEMPT_FAILED,
        DisconnectReason.OUTBOUND_ATTEMPT_FAILED,
    ), "it has not rung for as long as it should have"
    floor.wait(60)
    assert len(floor.asked(OriginateSessionLeg)) == 1


def test_what_rings_on_a_host_that_is_lost_is_left_to_the_next_process_to_find_out() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.tell(CarrierLost())
    floor.tell(RingingCalledOff())
    assert not floor.asked(ContactEnded), "they may be talking by now"


def test_whoever_heard_nothing_of_the_message_is_not_on_record_as_one_to_whom_it_was_played() -> None:
    floor = Floor()
    floor.campaign(dialer=DialerType.AGENTLESS, requests=2)
    for contact, heard in (("spring-1", True), ("spring-2", False)):
        floor.answers(contact)
        floor.tell(PlaybackEnded(floor.leg(contact), floor.play(contact), heard=heard))
    assert floor.end_of("spring-1").disposition is Disposition.MESSAGE_PLAYED
    assert floor.end_of("spring-2").disposition is Disposition.ATTEMPT_FAILED


# --- expiry -----------------------------------------------------------------------------------------------------------


def test_an_expired_request_is_never_dialed() -> None:
    floor = Floor()
    floor.campaign()
    floor.accept(requests=2, expires_in=60 * SECOND)
    floor.accept(requests=1, expires_in=61 * SECOND)
    floor.wait(60)
    assert [change.contact_id for change in floor.asked(ContactExpired)] == ["spring-1", "spring-2"]
    floor.agent("ann")
    assert floor.dialed == ["spring-3"]


def test_a_request_that_expires_at_this_very_instant_is_not_dialed_even_before_its_timer_is_due() -> None:
    floor = Floor()
    floor.campaign()
    floor.accept(requests=1, expires_in=60 * SECOND)
    floor.now += 60 * SECOND
    floor.agent("ann")
    assert floor.dialed == []
    assert len(floor.asked(ContactExpired)) == 1


def test_a_request_that_expires_first_is_seen_behind_one_that_expires_later() -> None:
    floor = Floor()
    floor.campaign()
    floor.accept(requests=1, expires_in=HOUR)
    floor.accept(requests=1, expires_in=10 * SECOND)
    floor.wait(10)
    assert [change.contact_id for change in floor.asked(ContactExpired)] == ["spring-2"]


def test_a_contact_that_the_store_has_swept_is_not_dialed() -> None:
    floor = Floor()
    floor.campaign(requests=2)
    floor.tell(ContactsSwept(SPRING, ("spring-1",)))
    floor.agent("ann")
    assert floor.dialed == ["spring-2"]


# --- attempts that never were -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("refusal", [Refusal.NOT_WAITING, Refusal.EXPIRED])
def test_a_refused_attempt_frees_its_agent_and_its_line_and_is_not_made_again(refusal: Refusal) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    floor.refuse("spring-1", refusal)
    assert floor.dialed == ["spring-1", "spring-2"]
    assert floor.snapshot().attempts == 1
    assert floor.engine.snapshot(floor.now).lines == 1


def test_when_the_store_says_the_campaign_does_not_run_nothing_is_dialed_until_its_change_arrives() -> None:
    floor = Floor(agents=3)
    floor.campaign(requests=5)
    for contact in ("spring-1", "spring-2", "spring-3"):
        floor.refuse(contact, Refusal.CAMPAIGN_NOT_RUNNING)
    floor.wait(5)
    assert len(floor.dialed) == 3
    floor.campaign(state=PAUSED)
    floor.campaign(state=RUNNING)
    assert floor.dialed[3:] == ["spring-1", "spring-2", "spring-3"], "in the order of acceptance"


def test_a_void_originate_is_the_next_one_again_after_a_back_off() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    floor.tell(OriginateVoided(floor.leg("spring-1")))
    assert floor.asked(AttemptVoided) == [AttemptVoided("spring-1", SPRING, floor.now)]
    assert (floor.snapshot().attempts, floor.engine.snapshot(floor.now).lines) == (0, 0)
    floor.wait(0.999)
    assert floor.dialed == ["spring-1"]
    floor.wait(0.001)
    assert floor.dialed == ["spring-1", "spring-1"]
    assert len({attempt.leg_id for attempt in floor.asked(AttemptBegun)}) == 2, "leg ids are never used twice"


def test_several_void_originates_keep_the_order_of_acceptance() -> None:
    floor = Floor(agents=3)
    floor.campaign(requests=5)
    for leg in [command.leg_id for command in floor.asked(Originate)]:
        floor.tell(OriginateVoided(leg))
    floor.wait(1)
    assert floor.dialed[3:] == ["spring-1", "spring-2", "spring-3"]


def test_a_void_originate_of_a_stopped_campaign_is_not_dialed_again() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.campaign(state=STOPPED)
    floor.tell(OriginateVoided(floor.leg("spring-1")))
    floor.wait(60)
    assert floor.dialed == ["spring-1"]


# --- the window -------------------------------------------------------------------------------------------------------


def test_contacts_are_dialed_in_the_order_of_acceptance_across_refills() -> None:
    floor = Floor(agents=1, config=EngineConfig(window_size=4))
    floor.campaign(requests=20)
    for number in range(1, 20):
        floor.hangs_up(f"spring-{number}", HangupCause.BUSY)
    assert floor.dialed == [f"spring-{number}" for number in range(1, 21)]


def test_the_window_is_refilled_at_half_its_size_so_that_dialing_never_waits_for_the_store() -> None:
    floor = Floor(agents=1, config=EngineConfig(window_size=4))
    floor.campaign(requests=20)
    floor.answers_refills = False
    assert floor.asked(RefillWindow) == [RefillWindow(SPRING, 4, ())]
    floor.hangs_up("spring-1", HangupCause.BUSY)
    assert floor.refills == [RefillWindow(SPRING, 2, (3, 4))]
    floor.hangs_up("spring-2", HangupCause.BUSY)
    assert len(floor.refills) == 1, "one question at a time"


def test_a_window_that_the_store_could_not_fill_asks_again_only_when_there_is_more() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    asked = len(floor.asked(RefillWindow))
    floor.hangs_up("spring-1", HangupCause.BUSY)
    floor.hangs_up("spring-2", HangupCause.BUSY)
    assert len(floor.asked(RefillWindow)) == asked
    floor.accept()
    assert floor.dialed[-1] == "spring-3"


def test_a_request_accepted_while_the_store_answers_is_not_overlooked() -> None:
    floor = Floor(agents=1)
    floor.answers_refills = False
    floor.campaign()
    floor.accept()
    floor.tell(ContactsOffered(SPRING, (), next_due_at=None))
    floor.refills.pop(0)
    floor.answer_refill()
    assert floor.dialed == ["spring-1"]


def test_a_campaign_paused_while_the_store_answers_keeps_the_answer_for_later() -> None:
    floor = Floor(agents=1)
    floor.answers_refills = False
    floor.campaign(requests=2)
    floor.campaign(state=PAUSED)
    floor.answer_refill()
    assert floor.dialed == []
    floor.campaign(state=RUNNING)
    assert floor.dialed == ["spring-1"]


def test_a_campaign_stopped_while_the_store_answers_dials_nobody() -> None:
    floor = Floor(agents=1)
    floor.answers_refills = False
    floor.campaign(requests=2)
    floor.campaign(state=STOPPED)
    floor.answer_refill()
    assert floor.dialed == []
    assert floor.snapshot().in_window == 0


def test_settings_changed_while_a_contact_is_in_progress_are_those_of_the_next() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2, detects=True)
    floor.campaign(detects=False)
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.VOICEMAIL_BEEP)
    floor.answers("spring-2")
    assert floor.agent_of("spring-2") == "agent-1"


def bytes_of(fill: Callable[[Window, int], None], contacts: int) -> int:
    """What a window holds when so many contacts have gone through it."""
    tracemalloc.start()
    try:
        window = Window(10)
        for sequence in range(1, contacts + 1):
            fill(window, sequence)
        held, _ = tracemalloc.get_traced_memory()
        del window
    finally:
        tracemalloc.stop()
    return held


def grows(fill: Callable[[Window, int], None]) -> float:
    """By how many bytes a window grows with each contact."""
    return (bytes_of(fill, contacts=5000) - bytes_of(fill, contacts=100)) / 4900


def test_a_window_of_contacts_that_all_expired_undialed_does_not_grow() -> None:
    def expires(window: Window, sequence: int) -> None:
        window.offer([OfferedContact(f"c{sequence}", sequence, sequence)], None, ())
        window.expire(sequence)
        assert len(window) == 0

    assert grows(expires) < 1


def test_a_window_whose_contacts_were_dialed_long_before_their_expiry_does_not_grow() -> None:
    def is_dialed(window: Window, sequence: int) -> None:
        window.offer([OfferedContact(f"c{sequence}", sequence, HOUR if sequence > 1 else 1)], None, ())
        if sequence > 1:
            first = window.first()
            assert first is not None
            window.discard(first.contact_id)
            window.offer([], None, ())

    assert grows(is_dialed) < 1


# --- campaigns that are over ------------------------------------------------------------------------------------------


def test_the_sums_of_a_stopped_campaign_can_be_read_for_an_hour_and_are_then_forgotten() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.hangs_up("spring-1")
    floor.campaign(state=STOPPED)
    floor.wait(3599)
    assert floor.snapshot().connected == 1
    floor.wait(1)
    assert floor.engine.snapshot(floor.now).campaigns == ()


def test_a_campaign_is_not_forgotten_while_somebody_is_on_the_line_for_it() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.campaign(state=STOPPED)
    floor.wait(3 * 3600)
    floor.hangs_up("spring-1")
    assert floor.snapshot().dispositions == {Disposition.CONNECTED_TO_AGENT: 1}
    floor.wait(3600)
    assert floor.engine.snapshot(floor.now).campaigns == ()


def test_what_the_store_still_tells_of_a_forgotten_campaign_does_no_harm() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.campaign(state=STOPPED)
    floor.wait(3600)
    offered = OfferedContact("spring-9", 9, floor.now + HOUR)
    for event in (
        ContactsSwept(SPRING, ("spring-1",)),
        RequestsAccepted(SPRING),
        ContactsOffered(SPRING, (offered,), next_due_at=None),
    ):
        assert floor.tell(event) == []
    floor.campaign(state=STOPPED)
    assert floor.engine.snapshot(floor.now).campaigns == ()


def test_a_campaign_that_was_over_before_this_engine_is_not_taken_up() -> None:
    floor = Floor()
    floor.campaign(state=STOPPED)
    assert floor.engine.snapshot(floor.now).campaigns == ()
    assert "never made known" in floor.refusal_of(LedgerRestored(SPRING, ((0, 1, 0),)))


# --- agentless --------------------------------------------------------------------------------------------------------


def test_an_agentless_campaign_needs_no_agents_and_fills_the_lines() -> None:
    floor = Floor(config=EngineConfig(trunks=(Trunk("default", channels=4, attempts_per_s=1000),)))
    floor.campaign(dialer=DialerType.AGENTLESS, requests=10)
    assert floor.dialed == ["spring-1", "spring-2", "spring-3", "spring-4"]
    floor.hangs_up("spring-3", HangupCause.NO_ANSWER)
    assert floor.dialed[4:] == ["spring-5"]
