"""The carrier is lost and found, and input that cannot be. If these fail, a switch's restart costs contacts, or a
confused client corrupts the engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.floor import Floor, connected
from engine.support import SPRING, bridged, up
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import ContactAbandoned, ContactAnswered, ContactConnecting, ContactEnded, Refusal
from trunkcall.domain.contact import DetectionStatus, DisconnectReason, Disposition
from trunkcall.domain.instants import SECOND, seconds
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.engine.commands import BridgeLegs, HangUp, OriginateAgentLeg
from trunkcall.engine.events import (
    AgentStatusSet,
    AttemptRefused,
    CarrierFound,
    CarrierLost,
    ChangesLeftOut,
    Event,
    LedgerRestored,
    LegAnswered,
    LegEnded,
    OriginateVoided,
    PlaybackEnded,
)


def test_nobody_is_dialed_while_the_carrier_does_not_answer() -> None:
    floor = Floor(agents=1)
    floor.tell(CarrierLost())
    floor.campaign(requests=1)
    assert floor.dialed == []
    assert not floor.engine.snapshot(floor.now).carrier_up
    floor.tell(CarrierFound(()))
    assert floor.dialed == ["spring-1"]


def test_legs_that_the_carrier_still_has_go_on() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.tell(CarrierLost())
    assert floor.tell(CarrierFound(bridged(floor.leg("spring-1"), floor.agent_leg("spring-1")))) == []
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_a_message_that_is_still_heard_when_the_carrier_is_found_is_not_begun_over_itself() -> None:
    floor = Floor()
    floor.campaign(dialer=DialerType.AGENTLESS, requests=1)
    floor.answers("spring-1")
    floor.tell(CarrierLost())
    assert floor.tell(CarrierFound((LiveLeg(floor.leg("spring-1"), LegState.UP, playing=True),))) == []
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(up(floor.leg("spring-1"))))
    assert len(floor.flows.begun) == 2, "one that nobody knows of begins anew"


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.STOPPED])
def test_a_phone_that_begins_to_ring_late_rings_no_shorter(state: CampaignState) -> None:
    """Rules ask for 15 s of ringing at least; nobody is dialed for less, whatever becomes of the campaign."""
    floor = Floor(agents=1)
    floor.campaign(requests=1, ring_timeout=15 * SECOND)
    floor.wait(28)
    floor.rings("spring-1")
    floor.campaign(state=state, ring_timeout=15 * SECOND)
    floor.wait(29)
    assert floor.asked(HangUp) == []
    assert floor.asked(ContactEnded) == []
    floor.wait(2)
    assert floor.end_of("spring-1").disposition is Disposition.ATTEMPT_FAILED, "the carrier was to end it in time"


def test_a_phone_that_rings_while_the_carrier_is_lost_is_not_given_up_before_the_carrier_has_told_of_it() -> None:
    """Somebody may have answered, and would be hung up on."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.wait(20)
    floor.tell(CarrierLost())
    floor.wait(600)
    assert floor.asked(ContactEnded) == []
    floor.tell(CarrierFound((LiveLeg(floor.leg("spring-1"), LegState.RINGING),)))
    floor.wait(20)
    assert floor.asked(ContactEnded) == [], "it may have begun to ring right before"
    floor.answers("spring-1")
    assert floor.agent_of("spring-1") == "agent-1"


def test_a_phone_of_which_the_carrier_does_not_tell_after_it_was_found_is_given_up() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.tell(CarrierLost())
    floor.wait(100)
    floor.tell(CarrierFound((LiveLeg(floor.leg("spring-1"), LegState.RINGING),)))
    floor.wait(45)
    assert floor.end_of("spring-1").disposition is Disposition.ATTEMPT_FAILED


def test_contacts_whose_legs_the_carrier_has_lost_end_and_say_so() -> None:
    floor = Floor(agents=3)
    floor.campaign(requests=3)
    connected(floor, "spring-1")
    floor.answers("spring-2")
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(()))
    assert [(e.contact_id, e.disposition, e.disconnect_reason) for e in floor.asked(ContactEnded)] == [
        ("spring-1", Disposition.CONNECTED_TO_AGENT, DisconnectReason.TELECOM_PROBLEM),
        ("spring-2", Disposition.ABANDONED, DisconnectReason.TELECOM_PROBLEM),
        ("spring-3", Disposition.ATTEMPT_FAILED, DisconnectReason.OUTBOUND_ATTEMPT_FAILED),
    ]
    assert floor.engine.snapshot(floor.now).lines == 0


def test_a_customer_whose_agents_leg_was_lost_gets_another_agent() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    first = floor.agent_of("spring-1")
    floor.tell(CarrierLost())
    floor.tell(CarrierFound(up(floor.leg("spring-1"))))
    assert floor.agent_of("spring-1") != first


def test_a_customer_whose_agent_left_while_the_carrier_was_lost_gets_another_once_it_is_found() -> None:
    """Nobody is freed when the carrier is found, so nothing else would bring the two together."""
    floor = Floor(agents=2)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    first = floor.agent_of("spring-1")
    floor.sets(first, AgentStatus.OFFLINE)
    floor.tell(CarrierLost())
    floor.tell(OriginateVoided(floor.agent_leg("spring-1")))
    floor.tell(CarrierFound(up(floor.leg("spring-1"))))
    assert floor.agent_of("spring-1") != first


def test_each_phone_that_rings_has_an_agent_once_the_carrier_is_found_whoever_came_first() -> None:
    """Whoever answers the second would wait for an agent while one who was to be kept is free for others."""
    floor = Floor()
    floor.agent("ann")
    floor.agent("bea")
    floor.campaign(requests=2)
    legs = [LiveLeg(floor.leg(contact), LegState.RINGING) for contact in ("spring-1", "spring-2")]
    floor.tell(CarrierLost())
    for status in (AgentStatus.OFFLINE, AgentStatus.AVAILABLE):
        floor.sets("bea", status)
        floor.sets("ann", status)
    floor.tell(CarrierFound(tuple(legs)))
    assert {floor.kept_agent("spring-1"), floor.kept_agent("spring-2")} == {"ann", "bea"}


def test_a_leg_that_nobody_here_knows_is_hung_up() -> None:
    floor = Floor()
    assert floor.tell(CarrierFound(up("stranger"))) == [HangUp("stranger")]


def test_an_originate_that_reaches_the_carrier_after_it_counted_its_legs_is_taken_back() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    leg = floor.leg("spring-1")
    floor.tell(CarrierFound(()))
    assert HangUp(leg) in floor.log
    assert floor.tell(LegAnswered(leg)) == [HangUp(leg)]


def test_a_clock_set_back_stops_nothing_and_repeats_nothing() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    floor.now -= 3600 * 1_000_000
    floor.hangs_up("spring-1")
    assert floor.end_of("spring-1").at > floor.now
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.dialed == ["spring-1", "spring-2"]


ILLEGAL: dict[str, Event] = {
    "a status of an unknown agent": AgentStatusSet("nobody", AgentStatus.AVAILABLE),
    "a refusal of an unknown contact": AttemptRefused("nobody", Refusal.NOT_WAITING),
    "a refusal of a contact that was answered": AttemptRefused("spring-1", Refusal.NOT_WAITING),
    "a ledger of an unknown campaign": LedgerRestored("nothing", ((0, 1, 1),)),
}


@pytest.mark.parametrize("event", ILLEGAL.values(), ids=ILLEGAL)
def test_an_event_that_cannot_be_changes_nothing_and_is_returned_as_refused(event: Event) -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=5)
    connected(floor, "spring-1")
    before, timer = floor.engine.snapshot(floor.now), floor.engine.next_timer()
    assert "nothing was changed" in floor.refusal_of(event)
    assert floor.trace[-1][2].refused[0][:2] == (event, floor.now)
    assert floor.engine.snapshot(floor.now) == before
    assert floor.engine.next_timer() == timer
    assert floor.tell(CarrierLost()) == [], "nothing of it comes out with the next turn"


def test_the_other_events_of_a_turn_stand() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.may_refuse = True
    with floor.backlog():
        floor.rings("spring-1")
        floor.tell(AttemptRefused("nobody", Refusal.NOT_WAITING))
        floor.answers("spring-1")
    assert len(floor.trace[-1][2].refused) == 1
    assert floor.agent_of("spring-1") == "agent-1"


def test_each_event_of_a_turn_keeps_its_instant() -> None:
    """The two seconds of an abandonment run from the answer, whenever the dialer comes to hear of it."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    with floor.backlog():
        floor.now += seconds(3)
        floor.answers("spring-1")
        floor.now += seconds(4)
    (answered,) = floor.asked(ContactAnswered)
    assert answered.at == floor.now - seconds(4)
    assert [abandoned.contact_id for abandoned in floor.asked(ContactAbandoned)] == ["spring-1"]


def test_no_agent_is_rung_for_whom_the_same_turn_knows_to_be_gone() -> None:
    """After a stall the answer and the hanging up are told at once."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    with floor.backlog():
        floor.answers("spring-1")
        floor.hangs_up("spring-1")
    assert floor.asked(ContactConnecting), "it is on record that an agent was chosen"
    assert floor.asked(OriginateAgentLeg) == []


def test_legs_that_are_joined_already_are_not_joined_again_when_the_carrier_is_found() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    customer, agent = floor.leg("spring-1"), floor.agent_leg("spring-1")
    joined = LiveLeg(customer, LegState.UP, bridged_to=agent), LiveLeg(agent, LegState.UP, bridged_to=customer)
    floor.restart(*joined)
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    assert floor.asked(BridgeLegs) == []


def test_whoever_cannot_be_written_of_any_more_is_hung_up_and_the_agent_is_free() -> None:
    """What would be done for them nobody could account for, and nobody is left on the line with nobody."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.tell(ChangesLeftOut("spring-1"))
    assert {deed.leg_id for deed in floor.asked(HangUp)} == {floor.leg("spring-1"), floor.agent_leg("spring-1")}
    assert floor.state_of("agent-1") is AgentState.AVAILABLE


def test_a_talk_that_cannot_be_written_of_any_more_goes_on_to_its_end() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    assert floor.tell(ChangesLeftOut("spring-1")) == []
    floor.hangs_up("spring-1")
    floor.tell(ChangesLeftOut("spring-1"))
    assert [deed.leg_id for deed in floor.asked(HangUp)] == [floor.agent_leg("spring-1")]


@pytest.mark.parametrize(("after_s", "abandonments"), [(1.9, 0), (2.1, 1)])
def test_what_was_due_before_an_event_counts_though_one_turn_has_both(after_s: float, abandonments: int) -> None:
    """An agent who came after the limit has come too late, even if the dialer was busy meanwhile."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    with floor.backlog():
        floor.now += seconds(after_s)
        floor.agent_picks_up("spring-1")
        floor.now += seconds(1)
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    assert len(floor.asked(ContactAbandoned)) == abandonments


LATE: dict[str, Callable[[Floor], Event]] = {
    "message": lambda floor: PlaybackEnded(floor.leg("spring-1"), "a message"),
    "answer": lambda floor: LegAnswered(floor.leg("spring-1")),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_a_word_about_a_contact_that_has_ended_changes_nothing(late: Callable[[Floor], Event]) -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.hangs_up("spring-1")
    before = floor.snapshot(SPRING)
    floor.tell(late(floor))
    assert floor.snapshot(SPRING) == before


# --- late, repeated, silent -----------------------------------------------------------------------------------------


def test_late_and_repeated_reports_change_nothing() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    before = floor.snapshot()
    floor.rings("spring-1")
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    assert floor.snapshot() == before
    floor.hangs_up("spring-1")
    end = floor.end_of("spring-1")
    floor.tell(LegEnded(floor.leg("spring-1"), HangupCause.BUSY))
    floor.tell(OriginateVoided(floor.leg("spring-1")))
    floor.rings("spring-1")
    assert floor.end_of("spring-1") == end


def test_an_answer_on_a_leg_that_nobody_knows_is_hung_up() -> None:
    floor = Floor(agents=1)
    assert floor.tell(LegAnswered("leg-of-a-former-engine")) == [HangUp("leg-of-a-former-engine")]


@pytest.mark.parametrize("detects", [True, False])
def test_an_attempt_of_which_the_carrier_never_reports_ends_as_failed_and_frees_its_line_in_the_end(
    detects: bool,
) -> None:
    floor = Floor(agents=1)
    floor.confirms_hang_ups = False
    floor.campaign(requests=1, detects=detects)
    floor.wait(45)
    end = floor.end_of("spring-1")
    assert (end.disposition, end.disconnect_reason) == (
        Disposition.ATTEMPT_FAILED,
        DisconnectReason.OUTBOUND_ATTEMPT_FAILED,
    )
    assert end.detection is (DetectionStatus.AMD_NOT_APPLICABLE if detects else None)
    assert floor.asked(HangUp) == [HangUp(floor.leg("spring-1"))]
    assert floor.engine.snapshot(floor.now).lines == 1, "its line is held until the carrier confirms"
    floor.wait(60)
    assert floor.engine.snapshot(floor.now).lines == 0


def test_an_originate_that_turns_out_void_after_its_contact_was_given_up_frees_its_line() -> None:
    floor = Floor(agents=1)
    floor.confirms_hang_ups = False
    floor.campaign(requests=1)
    floor.wait(45)
    floor.tell(OriginateVoided(floor.leg("spring-1")))
    assert floor.engine.snapshot(floor.now).lines == 0
    assert floor.dialed == ["spring-1"], "its contact is over"
