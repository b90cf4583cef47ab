"""Live answers who find as many in their queue as may wait there. If these fail, a limit that somebody has set is not
kept to, or people are turned away whom an agent could have taken, or who waited already."""

from __future__ import annotations

import pytest

from engine.floor import Floor
from engine.support import SALES, SPRING, up
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import ContactAbandoned, ContactConnecting, ContactQueued, LedgerCounted
from trunkcall.domain.contact import ContactState, DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.flow import Enqueue
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.commands import HangUp, SpeakSafeHarbour
from trunkcall.engine.events import CarrierFound, CarrierLost, PlaybackEnded


def ringing(*, may_wait: int | None, safe_harbour: bool = False, requests: int = 3) -> Floor:
    """So many phones ring, and the agents for whom they do have gone home."""
    floor = Floor()
    floor.may_wait(may_wait)
    for number in range(1, requests + 1):
        floor.agent(f"agent-{number}")
    floor.campaign(requests=requests, safe_harbour=safe_harbour)
    assert len(floor.dialed) == requests
    for number in range(1, requests + 1):
        floor.sets(f"agent-{number}", AgentStatus.OFFLINE)
    return floor


def waiting(floor: Floor, queue: str = SALES) -> tuple[str, ...]:
    return floor.engine.details().queues[queue].waiting


def state(floor: Floor, contact: str) -> ContactState:
    return floor.engine.details().contacts[contact].state


def test_who_finds_the_queue_full_is_hung_up_on_at_once_and_was_abandoned() -> None:
    floor = ringing(may_wait=1)
    floor.answers("spring-1")
    assert waiting(floor) == ("spring-1",)
    leg = floor.leg("spring-2")
    floor.answers("spring-2")
    assert floor.asked(HangUp) == [HangUp(leg)]
    end = floor.end_of("spring-2")
    assert (end.disposition, end.disconnect_reason, end.at) == (
        Disposition.ABANDONED,
        DisconnectReason.CONTACT_FLOW_DISCONNECT,
        floor.now,
    )
    assert [change.contact_id for change in floor.asked(ContactAbandoned)] == ["spring-2"]
    assert [change.contact_id for change in floor.asked(ContactQueued)] == ["spring-1"], "it was in no queue"
    assert sum(change.abandoned for change in floor.asked(LedgerCounted)) == 1, "it counts"
    assert waiting(floor) == ("spring-1",), "who was there before stays"
    floor.wait(3)
    assert len(floor.asked(ContactAbandoned)) == 2, "each counts once"


def test_without_a_limit_all_wait() -> None:
    floor = ringing(may_wait=None)
    for contact in floor.dialed:
        floor.answers(contact)
    assert len(waiting(floor)) == 3


def test_there_is_room_again_when_somebody_has_left() -> None:
    floor = ringing(may_wait=1)
    floor.answers("spring-1")
    floor.hangs_up("spring-1")
    floor.answers("spring-2")
    assert waiting(floor) == ("spring-2",)


def test_an_agent_who_is_free_takes_whoever_answers_though_nobody_may_wait() -> None:
    floor = ringing(may_wait=0)
    floor.agent("zoe", SALES)
    floor.answers("spring-1")
    assert floor.agent_of("spring-1") == "zoe"
    floor.answers("spring-2")
    assert floor.end_of("spring-2").disposition is Disposition.ABANDONED


def test_within_a_turn_too_it_counts_who_was_free_when_somebody_answered() -> None:
    floor = ringing(may_wait=0)
    floor.more = True
    floor.answers("spring-1")
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.answers("spring-2")
    floor.more = False
    floor.turn()
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert floor.agent_of("spring-2") == "agent-1"


def test_nobody_is_kept_waiting_for_an_agent_who_would_help_later() -> None:
    floor = ringing(may_wait=0)
    floor.agent("zoe", ServedQueue(SALES, delay_s=2))
    floor.answers("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert floor.state_of("zoe") is AgentState.AVAILABLE


def test_who_was_in_the_queue_has_the_place_kept_while_an_agent_is_rung_in_vain() -> None:
    floor = ringing(may_wait=1)
    floor.answers("spring-1")
    floor.agent("zoe", SALES)
    assert state(floor, "spring-1") is ContactState.CONNECTING
    floor.answers("spring-2")
    assert waiting(floor) == ("spring-2",), "there is room for one"
    floor.agent_hangs_up("spring-1", HangupCause.NO_ANSWER)
    assert waiting(floor) == ("spring-1", "spring-2"), "it is the first, as before"
    floor.answers("spring-3")
    assert floor.end_of("spring-3").disposition is Disposition.ABANDONED


def test_those_who_wait_when_fewer_may_are_not_sent_away() -> None:
    floor = ringing(may_wait=2)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.may_wait(0)
    assert waiting(floor) == ("spring-1", "spring-2")
    floor.answers("spring-3")
    assert floor.end_of("spring-3").disposition is Disposition.ABANDONED
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.agent_of("spring-1") == "agent-1"


def test_as_many_as_there_are_wait_once_the_limit_is_taken_back() -> None:
    floor = ringing(may_wait=0)
    floor.may_wait(None)
    floor.answers("spring-1")
    assert waiting(floor) == ("spring-1",)


def test_another_queue_has_a_limit_of_its_own() -> None:
    floor = ringing(may_wait=0)
    floor.agent("zoe", "service")
    floor.campaign("autumn", queue="service", requests=1)
    floor.sets("zoe", AgentStatus.OFFLINE)
    floor.answers(floor.dialed[-1])
    assert waiting(floor, "service") == (floor.dialed[-1],)


def test_campaigns_of_one_queue_wait_in_the_same_places() -> None:
    floor = ringing(may_wait=1)
    floor.agent("zoe", SALES)
    floor.campaign("autumn", requests=1)
    floor.sets("zoe", AgentStatus.OFFLINE)
    floor.answers(floor.dialed[-1])
    floor.answers("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


@pytest.mark.parametrize("dialer", [DialerType.PREDICTIVE, DialerType.PROGRESSIVE])
def test_it_is_the_same_however_the_campaign_is_paced(dialer: DialerType) -> None:
    floor = Floor(agents=1)
    floor.may_wait(0)
    floor.campaign(requests=1, dialer=dialer)
    floor.wait(1)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


def test_a_machine_for_which_there_is_no_room_was_not_abandoned() -> None:
    """A flow may put machines into the queue too."""
    floor = Floor(agents=1)
    floor.may_wait(0)
    floor.flows.talks_first, floor.flows.then = True, Enqueue()
    floor.campaign(requests=1, detects=True, safe_harbour=True)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.detected("spring-1", DetectionStatus.VOICEMAIL_BEEP)
    floor.message_ends("spring-1")
    assert floor.end_of("spring-1").disposition is Disposition.VOICEMAIL
    assert floor.asked(ContactAbandoned) == []
    assert floor.asked(SpeakSafeHarbour) == []


def test_a_campaign_says_that_its_queue_is_full() -> None:
    floor = ringing(may_wait=1)
    before = floor.engine.explain(SPRING, floor.now)
    assert before is not None
    assert not before.queue_full
    floor.answers("spring-1")
    full = floor.engine.explain(SPRING, floor.now)
    assert full is not None
    assert full.queue_full


# --- the safe-harbour message -----------------------------------------------------------------------------------------


def test_who_finds_the_queue_full_hears_the_message_at_once_and_to_its_end() -> None:
    floor = ringing(may_wait=0, safe_harbour=True)
    floor.answers("spring-1")
    assert state(floor, "spring-1") is ContactState.SAFE_HARBOUR
    (spoken,) = floor.asked(SpeakSafeHarbour)
    assert spoken.leg_id == floor.leg("spring-1")
    assert [change.at for change in floor.asked(ContactAbandoned)] == [floor.now]
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.state_of("agent-1") is AgentState.AVAILABLE, "no agent takes it any more"
    floor.wait(5)
    assert floor.asked(HangUp) == []
    floor.message_ends("spring-1")
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.ABANDONED,
        DisconnectReason.CONTACT_FLOW_DISCONNECT,
    )
    assert len(floor.asked(ContactAbandoned)) == 1


def test_on_a_host_that_is_lost_nothing_can_be_said_so_it_ends() -> None:
    floor = Floor(agents=1)
    floor.may_wait(0)
    floor.flows.talks_first, floor.flows.then = True, Enqueue()
    floor.campaign(requests=1, safe_harbour=True)
    floor.answers("spring-1")
    leg, play = floor.leg("spring-1"), floor.play("spring-1")
    floor.tell(CarrierLost())
    floor.tell(PlaybackEnded(leg, play))
    assert floor.asked(SpeakSafeHarbour) == []
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    floor.tell(CarrierFound(()))
    assert floor.asked(ContactConnecting) == []
    assert floor.state_of("agent-1") is AgentState.AVAILABLE, "who was kept for it is free"


# --- another dialer ---------------------------------------------------------------------------------------------------


def test_those_who_wait_when_another_dialer_takes_over_stay_in_the_queue() -> None:
    floor = ringing(may_wait=2)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.may_wait(1)
    legs = [floor.leg(contact) for contact in floor.dialed]
    floor.restart(*up(*legs[:2]), LiveLeg(legs[2], LegState.RINGING))
    assert waiting(floor) == ("spring-1", "spring-2")
    floor.answers("spring-3")
    assert floor.end_of("spring-3").disposition is Disposition.ABANDONED, "the limit is known again"


def test_another_dialer_hears_the_message_out_of_one_who_was_never_in_the_queue() -> None:
    floor = ringing(may_wait=0, safe_harbour=True)
    floor.answers("spring-1")
    play = floor.play("spring-1")
    legs = [LiveLeg(floor.leg("spring-1"), LegState.UP, playing=True)]
    floor.restart(*legs)
    assert state(floor, "spring-1") is ContactState.SAFE_HARBOUR
    floor.tell(PlaybackEnded(floor.leg("spring-1"), play))
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert len(floor.asked(ContactAbandoned)) == 1
