"""A dialer takes over what another left in progress. If these fail, a restart cuts off people who are talking, rings
somebody twice, or leaves somebody on the line with nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.floor import Floor, connected
from engine.support import SALES, SPRING, bridged, everything, registered, up
from trunkcall.domain.abandonment import AbandonmentClock, AbandonmentLimits
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import ContactSetAside
from trunkcall.domain.contact import ContactState, DetectionStatus, DisconnectReason, Disposition, LiveContact
from trunkcall.domain.leg import LegState, LiveLeg
from trunkcall.engine.commands import BridgeLegs, HangUp, Originate, PlayMessage
from trunkcall.engine.events import (
    AgentStatusSet,
    CarrierFound,
    CarrierLost,
    ContactsRestored,
    Event,
    LegsBridged,
    OriginateVoided,
    PlaybackEnded,
)


def end(floor: Floor, contact: str) -> tuple[Disposition, DisconnectReason]:
    ended = floor.end_of(contact)
    return ended.disposition, ended.disconnect_reason


def test_an_agent_keeps_talking_through_a_restart_of_the_dialer() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.restart(*bridged(floor.leg("spring-1"), floor.agent_leg("spring-1")))
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    assert not [command for command in floor.log if isinstance(command, HangUp)]
    floor.wait(300)
    floor.hangs_up("spring-1")
    assert end(floor, "spring-1") == (Disposition.CONNECTED_TO_AGENT, DisconnectReason.CUSTOMER_DISCONNECT)
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK


def test_an_agent_who_asked_for_a_break_gets_it_after_the_talk_that_was_taken_over() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.restart(*bridged(floor.leg("spring-1"), floor.agent_leg("spring-1")))
    floor.sets("agent-1", AgentStatus.BREAK)
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.hangs_up("spring-1")
    floor.sets("agent-1", AgentStatus.BREAK)
    assert floor.state_of("agent-1") is AgentState.ON_BREAK


def test_a_phone_that_rang_meanwhile_and_was_answered_is_put_through() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.restart(*up(floor.leg("spring-1")))
    assert floor.memory.live["spring-1"].state is ContactState.QUEUED
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.agent_picks_up("spring-1")
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_a_phone_that_still_rings_goes_on_ringing_and_nobody_is_dialed_again() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    leg = floor.leg("spring-1")
    floor.restart(LiveLeg(leg, LegState.RINGING))
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.kept_agent("spring-1") == "agent-1"
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    assert [c.contact_id for c in floor.asked(Originate)] == ["spring-1"]


def test_what_detection_found_meanwhile_counts() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True)
    floor.answers("spring-1")
    found = LiveLeg(floor.leg("spring-1"), LegState.UP, detection=DetectionStatus.VOICEMAIL_BEEP)
    floor.restart(found)
    assert end(floor, "spring-1")[0] is Disposition.VOICEMAIL


def test_the_time_that_somebody_has_listened_to_nothing_counts_through_a_restart() -> None:
    """From the answer on, where the law has the clock begin there: otherwise too few are counted as abandoned."""
    floor = Floor(agents=1)
    floor.campaign(requests=1, detects=True, limits=AbandonmentLimits(clock=AbandonmentClock.CONNECTED_TO_SYSTEM))
    floor.answers("spring-1")
    floor.restart(*up(floor.leg("spring-1")))
    floor.wait(2.5)
    floor.detected("spring-1", DetectionStatus.HUMAN_ANSWERED)
    floor.wait(0.1)
    assert floor.history.abandoned["spring-1"] == 1


def test_legs_that_did_not_live_on_end_and_say_why() -> None:
    floor = Floor(agents=3)
    floor.campaign(requests=3)
    connected(floor, "spring-1")
    floor.answers("spring-2")
    floor.restart()
    assert end(floor, "spring-1") == (Disposition.CONNECTED_TO_AGENT, DisconnectReason.TELECOM_PROBLEM)
    assert end(floor, "spring-2") == (Disposition.ABANDONED, DisconnectReason.TELECOM_PROBLEM)
    assert end(floor, "spring-3") == (Disposition.ATTEMPT_FAILED, DisconnectReason.OUTBOUND_ATTEMPT_FAILED)
    assert floor.dialed.count("spring-3") == 1


def test_a_leg_that_the_store_does_not_hold_is_hung_up() -> None:
    floor = Floor()
    floor.restart(*up("stranger"))
    assert floor.log[-1] == HangUp("stranger")


def test_customer_and_agent_who_were_about_to_be_joined_are_bridged() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    customer, agent = floor.leg("spring-1"), floor.agent_leg("spring-1")
    floor.restart(*up(customer, agent))
    assert floor.log[-1] == BridgeLegs(customer, agent)
    floor.tell(LegsBridged(customer, agent))
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_customer_and_agent_who_were_joined_meanwhile_are_talking() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    customer, agent = floor.leg("spring-1"), floor.agent_leg("spring-1")
    floor.restart(LiveLeg(customer, LegState.UP, agent), LiveLeg(agent, LegState.UP, customer))
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_an_agent_whose_leg_the_carrier_lost_has_missed_nothing() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.restart(*up(floor.leg("spring-1")))
    assert floor.memory.live["spring-1"].state is ContactState.CONNECTING
    assert floor.state_of("agent-1") is AgentState.CONNECTING


def test_whoever_waits_for_an_agent_keeps_the_place_and_is_abandoned_no_later() -> None:
    floor = Floor()
    floor.agent("early")
    floor.campaign(requests=1)
    floor.agent("late")
    floor.campaign("autumn", requests=1)
    floor.answers("spring-1")
    floor.wait(0.5)
    floor.answers("autumn-2")
    for name in ("early", "late"):
        floor.sets(name, AgentStatus.BREAK)
    floor.agent_hangs_up("spring-1")
    floor.agent_hangs_up("autumn-2")
    floor.restart(*up(floor.leg("spring-1"), floor.leg("autumn-2")))
    assert floor.snapshot(SPRING).in_state[ContactState.QUEUED] == 1
    floor.sets("late", AgentStatus.AVAILABLE)
    assert floor.agent_of("spring-1") == "late"
    floor.wait(2)
    assert floor.memory.live["autumn-2"].abandoned


def test_an_abandonment_is_counted_once_however_often_the_dialer_dies() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.answers("spring-1")
    floor.wait(3)
    assert floor.memory.live["spring-1"].abandoned
    floor.restart(*up(floor.leg("spring-1")))
    floor.wait(30)
    assert end(floor, "spring-1")[0] is Disposition.ABANDONED
    assert floor.history.abandoned["spring-1"] == 1


def test_a_flow_whose_progress_nobody_knows_begins_anew() -> None:
    floor = Floor()
    floor.campaign(dialer=DialerType.AGENTLESS, requests=1)
    floor.answers("spring-1")
    floor.restart(LiveLeg(floor.leg("spring-1"), LegState.UP, playing=True))
    first, again = floor.asked(PlayMessage)
    assert replace(again, play_id=first.play_id) == first


def test_the_end_of_a_former_dialers_message_is_not_that_of_the_one_begun_anew() -> None:
    floor = Floor()
    floor.campaign(dialer=DialerType.AGENTLESS, requests=1)
    floor.answers("spring-1")
    former = floor.play("spring-1")
    floor.wait(1)
    floor.restart(LiveLeg(floor.leg("spring-1"), LegState.UP, playing=True))
    floor.tell(PlaybackEnded(floor.leg("spring-1"), former))
    assert floor.in_progress == ["spring-1"], "it would be hung up on in the middle of the message"
    floor.message_ends("spring-1")
    assert floor.in_progress == []


def test_a_message_that_this_dialer_has_begun_anew_is_not_begun_over_itself() -> None:
    floor = Floor()
    floor.campaign(dialer=DialerType.AGENTLESS, requests=1)
    floor.answers("spring-1")
    heard = LiveLeg(floor.leg("spring-1"), LegState.UP, playing=True)
    floor.restart(heard)
    begun = len(floor.flows.begun)
    floor.tell(CarrierLost())
    assert floor.tell(CarrierFound((heard,))) == []
    assert len(floor.flows.begun) == begun == 2


def test_contacts_of_a_campaign_that_is_over_come_to_their_end() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    floor.campaign(state=CampaignState.STOPPED)
    floor.restart(*bridged(floor.leg("spring-1"), floor.agent_leg("spring-1")))
    floor.hangs_up("spring-1")
    assert end(floor, "spring-1")[0] is Disposition.CONNECTED_TO_AGENT
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.wait(2 * 3600)
    assert not floor.engine.knows_campaign(SPRING)


def test_an_agent_who_is_none_any_more_ends_the_talk() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    del floor.agents["agent-1"]
    floor.restart(*bridged(floor.leg("spring-1"), floor.agent_leg("spring-1")))
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.agent_hangs_up("spring-1")
    assert end(floor, "spring-1") == (Disposition.CONNECTED_TO_AGENT, DisconnectReason.AGENT_DISCONNECT)


def test_nobody_can_say_that_a_former_dialers_originate_never_left() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    leg = floor.leg("spring-1")
    floor.restart(LiveLeg(leg, LegState.ORIGINATING))
    floor.tell(OriginateVoided(leg))
    assert end(floor, "spring-1")[0] is Disposition.ATTEMPT_FAILED
    assert floor.dialed == ["spring-1"]


def test_an_attempt_that_lies_ahead_by_a_clock_that_was_set_back_ends_all_the_same() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    leg = floor.leg("spring-1")
    floor.now -= 3600 * 1_000_000
    floor.restart(LiveLeg(leg, LegState.RINGING))
    floor.wait(60)
    assert end(floor, "spring-1")[0] is Disposition.ATTEMPT_FAILED


def test_whoever_waits_longest_gets_the_agent_who_became_free_while_the_carrier_was_lost() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    floor.sets("agent-2", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.agent_picks_up("spring-1")
    floor.tell(CarrierLost())
    floor.agent_hangs_up("spring-1")
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.engine.details().queues[SALES].waiting == ("spring-2",)
    floor.tell(CarrierFound(up(floor.leg("spring-2"))))
    assert floor.agent_of("spring-2") == "agent-1"


def test_nobody_is_put_through_while_the_carrier_is_lost_and_everybody_after() -> None:
    floor = Floor()
    floor.agent("agent-1", SALES)
    floor.campaign(requests=1)
    leg = floor.leg("spring-1")
    floor.answers("spring-1")
    floor.agent_hangs_up("spring-1")
    floor.restart(*up(leg))
    assert floor.snapshot().in_state[ContactState.QUEUED] == 1
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.state_of("agent-1") is AgentState.CONNECTING


@pytest.mark.parametrize("agents", [1, 2])
@pytest.mark.parametrize("early", [True, False], ids=["who was there before", "who comes meanwhile"])
def test_an_agent_is_for_whoever_waits_before_being_kept_for_a_phone_that_rings(early: bool, agents: int) -> None:
    """A customer of a predictive campaign has nobody else: an agent who is kept for a dial stays so until it ends."""
    floor = Floor()
    floor.campaign("ahead", dialer=DialerType.PREDICTIVE)
    floor.campaign("slow")
    floor.tell(CarrierLost())
    dial = replace(LIVE, contact_id="slow-1", campaign_id="slow", leg_id="leg-b", attempted_at=floor.now)
    waits = replace(dial, contact_id="ahead-1", campaign_id="ahead", leg_id="leg-a", state=ContactState.QUEUED)
    waits = replace(waits, answered_at=floor.now, queued_at=floor.now)
    events: list[Event] = [ContactsRestored((waits, dial))]
    for number in range(1, agents + 1):
        there: list[Event] = [
            registered(f"agent-{number}", SALES),
            AgentStatusSet(f"agent-{number}", AgentStatus.AVAILABLE),
        ]
        events = [*events[:-1], *there, events[-1]] if early else [*events, *there]
    legs = (*up("leg-a"), LiveLeg("leg-b", LegState.RINGING))
    floor.engine.turn([(event, floor.now) for event in (*events, CarrierFound(legs))], floor.now)
    contacts = floor.engine.details().contacts
    assert contacts["ahead-1"].agent_id == "agent-1"
    assert contacts["slow-1"].kept_agent_id == ("agent-2" if agents == 2 else None), "who is left is kept for the dial"


LIVE = LiveContact("spring-1", SPRING, 1, 2**60, ContactState.DIALING, "leg", 0)


def test_contacts_that_cannot_be_in_progress_are_refused_and_change_nothing() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    before = floor.engine.snapshot(floor.now), floor.engine.details()
    assert "nothing was changed" in floor.refusal_of(ContactsRestored((LIVE,)))
    assert (floor.engine.snapshot(floor.now), floor.engine.details()) == before


def talk(contact: str, agent: str, leg: str, *, at: int = 1, campaign: str = SPRING) -> LiveContact:
    state = ContactState.CONNECTED
    return LiveContact(
        contact, campaign, at + 1, 2**60, state, leg, at, None, at, None, None, at, agent, f"{leg}-agent"
    )


NOT_TO_BE_TAKEN_OVER = {
    "of a campaign that nobody knows": talk("odd-1", "agent-2", "odd", campaign="autumn"),
    "with an agent who talks to another": talk("odd-1", "agent-1", "odd", at=5),
    "with nobody": replace(talk("odd-1", "agent-2", "odd"), agent_id=None),
    "on the leg of another": talk("odd-1", "agent-2", "good", at=5),
    "answered at no time": replace(talk("odd-1", "agent-2", "odd"), answered_at=None),
    "queued at no time": replace(talk("odd-1", "agent-2", "odd", at=5), queued_at=None),
}


@pytest.mark.parametrize("odd", NOT_TO_BE_TAKEN_OVER.values(), ids=NOT_TO_BE_TAKEN_OVER)
def test_a_contact_that_cannot_be_taken_over_is_set_aside_and_the_rest_go_on(odd: LiveContact) -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=0)
    good = talk("good-1", "agent-1", "good")
    commands = everything(floor.engine.turn([(ContactsRestored((odd, good)), floor.now)], floor.now))
    assert [c for c in commands if isinstance(c, ContactSetAside)] == [
        ContactSetAside("odd-1", odd.sequence, floor.now)
    ]
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    legs = bridged("good", "good-agent") + bridged("odd", "odd-agent")
    commands = everything(floor.engine.turn([(CarrierFound(tuple(legs)), floor.now)], floor.now))
    hung_up = {c.leg_id for c in commands if isinstance(c, HangUp)}
    assert hung_up == {"odd", "odd-agent"}, "and nobody else's"
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_a_talk_that_the_agent_has_ended_meanwhile_is_over() -> None:
    """The agent has kept the leg, and nobody was there to hear of it: both would be left on the line with nobody."""
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    connected(floor, "spring-1")
    customer, agent = floor.leg("spring-1"), floor.agent_leg("spring-1")
    floor.restart(*up(customer, agent))
    assert {HangUp(customer), HangUp(agent)} <= set(floor.log)
    assert end(floor, "spring-1") == (Disposition.CONNECTED_TO_AGENT, DisconnectReason.AGENT_DISCONNECT)
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK
