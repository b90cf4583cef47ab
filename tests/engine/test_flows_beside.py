"""Flows that run beside a contact's own: what is heard by whoever waits, and what agent and customer are told before
they are joined. If these fail, customers wait in silence, or agents talk into a whisper that goes on."""

from __future__ import annotations

import pytest

from engine.floor import Floor
from engine.sessions import on_the_line
from engine.support import SALES, WAITS, Command, up
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.changes import ContactAbandoned, ContactQueued
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.flow import Disconnect, Enqueue, FlowEvent, FlowHook, FlowOrder, GoOn, Hooks, Rank, Say
from trunkcall.domain.instants import to_seconds
from trunkcall.domain.leg import LegState, LiveLeg
from trunkcall.engine.beside import WHISPERS_FOR
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    NoteDifference,
    PlayMessage,
    PlayTone,
    SpeakSafeHarbour,
    StopPlaying,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierFound, CarrierLost, FlowTold, LegAnswered, LegsBridged, PlaybackEnded
from trunkcall.engine.flow_steps import MOVES

SERVICE = "service"
MUSIC = Say("scripted", "music")
TO_AGENT = Say("scripted", "to the agent")
TO_CUSTOMER = Say("scripted", "to the customer")


def floor_with(hooks: dict[FlowHook, tuple[FlowOrder, ...]], *, safe_harbour: bool = False) -> Floor:
    """An agent, and a customer whose phone rings and who will go to the queue with these flows."""
    floor = Floor(agents=1)
    floor.flows.hooks = hooks
    floor.flows.answers[None] = (Hooks(tuple(hooks)), Enqueue())
    floor.flows.answers[FlowEvent.SAID] = (GoOn(),)
    floor.flows.over_after = FlowEvent.SAID
    floor.campaign(requests=1, safe_harbour=safe_harbour)
    return floor


def waits(hooks: dict[FlowHook, tuple[FlowOrder, ...]], *, safe_harbour: bool = False) -> Floor:
    """The same, and no agent is there when the customer answers."""
    floor = floor_with(hooks, safe_harbour=safe_harbour)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    return floor


def state(floor: Floor) -> ContactState:
    return floor.engine.details().contacts["spring-1"].state


def done(floor: Floor, *kinds: type[Command]) -> list[Command]:
    """Deeds of these kinds, in their order."""
    return [each for each in floor.log if isinstance(each, kinds)]


def ends(floor: Floor, play: PlayMessage) -> None:
    floor.tell(PlaybackEnded(play.leg_id, play.play_id))


# --- while somebody waits ---------------------------------------------------------------------------------------------


def test_who_waits_hears_the_queues_flow_until_an_agent_is_there() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    (music,) = floor.asked(PlayMessage)
    assert (music.leg_id, music.action_id) == (floor.leg("spring-1"), MUSIC.action_id)
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.asked(StopPlaying) == [], "it is heard while the agent's phone rings"
    floor.agent_picks_up("spring-1")
    stopped, bridged = done(floor, StopPlaying, BridgeLegs)
    assert stopped == StopPlaying(music.leg_id, music.play_id)
    assert isinstance(bridged, BridgeLegs)
    assert state(floor) is ContactState.CONNECTED


def test_a_flow_is_told_once_that_it_goes_on_no_more_since_an_agent_is_rung() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    assert floor.flows.broken_off_of == []
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.agent_picks_up("spring-1")
    floor.hangs_up("spring-1")
    assert floor.flows.broken_off_of == ["spring-1"]


def test_who_finds_an_agent_at_once_hears_no_flow_of_the_queue() -> None:
    floor = floor_with({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.answers("spring-1")
    assert floor.flows.beside_of == []


def test_a_queues_flow_is_over_once_an_agent_is_rung() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: ()})
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    floor.agent_picks_up("spring-1")
    floor.hangs_up("spring-1")
    floor.wait(to_seconds(WAITS))
    assert [event for _, event in floor.flows.heard_of] == [FlowEvent.QUEUED]


def test_whose_agent_does_not_come_hears_the_flow_again() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.agent_hangs_up("spring-1")
    first, second = floor.asked(PlayMessage)
    assert floor.asked(StopPlaying) == [StopPlaying(first.leg_id, first.play_id)]
    assert second.action_id == MUSIC.action_id


def test_a_queues_flow_may_end_the_wait() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.flows.answers[FlowEvent.PRESSED] = (Disconnect(),)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED
    assert len(floor.asked(ContactAbandoned)) == 1


def test_a_queues_flow_that_is_over_leaves_the_customer_waiting() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.message_ends("spring-1")
    assert state(floor) is ContactState.QUEUED
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert [event for _, event in floor.flows.heard_of] == [FlowEvent.QUEUED, FlowEvent.SAID]


def test_a_queues_flow_may_move_its_customer_to_another_queue_and_begins_anew_there() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.agent("sam", SERVICE, status=AgentStatus.BREAK)
    floor.flows.answers[FlowEvent.PRESSED] = (Enqueue(SERVICE, moved=True),)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert floor.engine.details().queues[SERVICE].waiting == ("spring-1",)
    assert floor.engine.details().queues[SALES].waiting == ()
    assert [hook for _, hook, _ in floor.flows.beside_of] == [FlowHook.CUSTOMER_QUEUE] * 2
    assert [change.queue_id for change in floor.asked(ContactQueued)] == [SALES, SERVICE]
    floor.sets("sam", AgentStatus.AVAILABLE)
    assert floor.agent_of("spring-1") == "sam"


def test_nothing_is_left_of_a_queue_out_of_which_the_last_one_was_moved() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: ()})
    floor.flows.answers[FlowEvent.PRESSED] = (Enqueue(SERVICE, moved=True),)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    floor.flows.answers[FlowEvent.PRESSED] = (Enqueue(moved=True),)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert list(floor.engine.details().queues) == [SALES]


def test_who_is_moved_again_and_again_waits_no_longer_than_anybody() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.wait(1800)
    floor.flows.answers[FlowEvent.PRESSED] = (Enqueue(SERVICE, moved=True),)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    floor.wait(1799)
    assert state(floor) is ContactState.QUEUED
    floor.wait(1)
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


def test_who_hears_a_flow_waits_for_as_long_as_it_goes_on_and_not_in_silence() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    limit = to_seconds(floor.engine.config.queue_limit)
    floor.wait(10 * limit + 1)
    assert state(floor) is ContactState.QUEUED
    floor.message_ends("spring-1")
    floor.wait(limit)
    assert floor.end_of("spring-1").disposition is Disposition.ABANDONED


@pytest.mark.parametrize("after_s", [0, 10])
def test_another_dialer_leaves_whoever_has_heard_a_flow_for_long_in_the_queue(after_s: float) -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.wait(100)
    floor.restart(*up(floor.leg("spring-1")), after_s=after_s)
    floor.wait(30)
    assert state(floor) is ContactState.QUEUED


def test_flows_that_move_a_customer_round_and_round_come_to_an_end() -> None:
    floor = floor_with({FlowHook.CUSTOMER_QUEUE: (Enqueue(SERVICE, moved=True),)})
    floor.flows.most = 10_000
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    assert len(floor.asked(ContactQueued)) == MOVES + 1


def test_who_cannot_be_moved_since_the_other_queue_is_full_waits_where_they_were() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.may_wait(0, SERVICE)
    floor.flows.answers[FlowEvent.PRESSED] = (Enqueue(SERVICE, moved=True),)
    floor.flows.answers[FlowEvent.QUEUE_FULL] = (MUSIC,)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert floor.engine.details().queues[SALES].waiting == ("spring-1",)
    assert floor.asked(ContactAbandoned) == []


def test_who_gets_another_priority_while_waiting_has_another_place() -> None:
    floor = Floor(agents=2)
    floor.flows.hooks = {FlowHook.CUSTOMER_QUEUE: (MUSIC,)}
    floor.flows.answers[None] = (Hooks((FlowHook.CUSTOMER_QUEUE,)), Enqueue())
    floor.campaign(requests=2)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.sets("agent-2", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.flows.answers[FlowEvent.PRESSED] = (Rank(priority=1),)
    floor.tell(FlowTold("spring-2", FlowEvent.PRESSED))
    assert floor.engine.details().queues[SALES].waiting == ("spring-2", "spring-1")


def test_who_is_told_that_nobody_will_come_does_not_hear_the_queues_flow_as_well() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)}, safe_harbour=True)
    floor.wait(3)
    stopped, spoken = done(floor, StopPlaying, SpeakSafeHarbour)
    assert isinstance(stopped, StopPlaying)
    assert isinstance(spoken, SpeakSafeHarbour)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert [event for _, event in floor.flows.heard_of] == [FlowEvent.QUEUED]


def test_who_waits_for_another_dialer_hears_the_flow_anew() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.restart(*up(floor.leg("spring-1")))
    assert [hook for _, hook, _ in floor.flows.beside_of] == [FlowHook.CUSTOMER_QUEUE] * 2
    assert floor.asked(PlayMessage)[-1].action_id == MUSIC.action_id


def test_whose_agent_does_not_come_for_another_dialer_hears_the_flow_anew() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,)})
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.restart(*up(floor.leg("spring-1")), LiveLeg(floor.agent_leg("spring-1"), LegState.ORIGINATING))
    assert len(floor.flows.beside_of) == 1
    floor.agent_hangs_up("spring-1")
    assert [hook for _, hook, _ in floor.flows.beside_of] == [FlowHook.CUSTOMER_QUEUE] * 2
    assert floor.asked(PlayMessage)[-1].action_id == MUSIC.action_id


def test_another_dialer_knows_what_place_a_flow_has_given_whoever_waits() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.sets("agent-2", AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.flows.chosen["spring-2"] = (Rank(priority=1),)
    floor.restart(*up(floor.leg("spring-1"), floor.leg("spring-2")))
    assert floor.engine.details().queues[SALES].waiting == ("spring-2", "spring-1")


# --- whispers ---------------------------------------------------------------------------------------------------------

BOTH = {
    FlowHook.CUSTOMER_QUEUE: (MUSIC,),
    FlowHook.AGENT_WHISPER: (TO_AGENT,),
    FlowHook.CUSTOMER_WHISPER: (TO_CUSTOMER,),
}


def whispered_to() -> Floor:
    """A customer has waited, and the agent has just picked up."""
    floor = waits(dict(BOTH))
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    floor.tell(LegAnswered(floor.agent_leg("spring-1")))
    return floor


def test_the_agent_hears_a_whisper_then_the_customer_and_then_they_are_joined() -> None:
    floor = whispered_to()
    music, to_agent = floor.asked(PlayMessage)
    assert (to_agent.leg_id, to_agent.action_id) == (floor.agent_leg("spring-1"), TO_AGENT.action_id)
    assert floor.asked(StopPlaying) == [], "the customer waits yet"
    ends(floor, to_agent)
    to_customer = floor.asked(PlayMessage)[-1]
    assert (to_customer.leg_id, to_customer.action_id) == (floor.leg("spring-1"), TO_CUSTOMER.action_id)
    assert floor.asked(StopPlaying) == [StopPlaying(music.leg_id, music.play_id)]
    assert floor.asked(BridgeLegs) == []
    ends(floor, to_customer)
    assert floor.asked(BridgeLegs) == [BridgeLegs(floor.leg("spring-1"), floor.agent_leg("spring-1"))]
    floor.tell(LegsBridged(floor.leg("spring-1"), floor.agent_leg("spring-1")))
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.wait(to_seconds(2 * WHISPERS_FOR))
    assert state(floor) is ContactState.CONNECTED, "what is over is not broken off later"


def whispered_to_in_a_session() -> tuple[Floor, PlayMessage]:
    """An agent whose leg stays up hears a whisper; and what that is."""
    floor = on_the_line("ann", requests=1, config=EngineConfig(answer_tone=((880, 150),)))
    floor.flows.hooks = {FlowHook.AGENT_WHISPER: (TO_AGENT,)}
    floor.flows.answers[None] = (Hooks((FlowHook.AGENT_WHISPER,)), Enqueue())
    floor.flows.answers[FlowEvent.SAID] = (GoOn(),)
    floor.flows.over_after = FlowEvent.SAID
    floor.answers("spring-1")
    (whisper,) = floor.asked(PlayMessage)
    return floor, whisper


def test_an_agent_who_is_on_the_line_already_hears_the_whisper_too() -> None:
    floor, whisper = whispered_to_in_a_session()
    assert whisper.leg_id == floor.session("ann")
    assert floor.asked(BridgeLegs) == []
    floor.wait(5)
    floor.hangs_up("spring-1")
    assert StopPlaying(whisper.leg_id, whisper.play_id) in floor.asked(StopPlaying)
    assert floor.asked(HangUp) == [], "the session stays up"
    assert floor.state_of("ann") is AgentState.AVAILABLE


def test_an_agent_who_is_on_the_line_already_hears_the_tone_of_a_live_answer_after_the_whisper() -> None:
    floor, whisper = whispered_to_in_a_session()
    assert floor.asked(PlayTone) == []
    ends(floor, whisper)
    bridged, tone = done(floor, BridgeLegs, PlayTone)
    assert isinstance(bridged, BridgeLegs)
    assert isinstance(tone, PlayTone)
    assert tone.leg_id == floor.session("ann")


def test_an_agents_leg_stays_up_where_the_customer_hangs_up_right_after_a_long_whisper() -> None:
    floor, whisper = whispered_to_in_a_session()
    floor.wait(60)
    ends(floor, whisper)
    floor.hangs_up("spring-1")
    assert floor.asked(HangUp) == []
    assert floor.state_of("ann") is AgentState.AVAILABLE


def test_an_agent_on_the_line_to_whom_a_queues_flow_moves_its_customer_hears_the_whisper_too() -> None:
    floor = waits({FlowHook.CUSTOMER_QUEUE: (MUSIC,), FlowHook.AGENT_WHISPER: (TO_AGENT,)})
    floor.agent("sam", SERVICE, persistent=True)
    floor.session_comes_up("sam")
    floor.flows.answers[FlowEvent.PRESSED] = (Enqueue(SERVICE, moved=True),)
    floor.tell(FlowTold("spring-1", FlowEvent.PRESSED))
    assert floor.agent_of("spring-1") == "sam"
    whisper = floor.asked(PlayMessage)[-1]
    assert (whisper.leg_id, whisper.action_id) == (floor.session("sam"), TO_AGENT.action_id)
    assert floor.asked(BridgeLegs) == []


def test_an_agent_who_hangs_up_in_the_whisper_sends_the_customer_back_to_the_head_of_the_queue() -> None:
    floor = whispered_to()
    floor.agent_hangs_up("spring-1")
    assert floor.engine.details().queues[SALES].waiting == ("spring-1",)
    assert floor.asked(BridgeLegs) == []
    assert floor.flows.beside_of[-1][1] is FlowHook.CUSTOMER_QUEUE
    floor.wait(to_seconds(WHISPERS_FOR) + 1)
    assert floor.asked(BridgeLegs) == []


def test_whispers_that_do_not_end_are_broken_off() -> None:
    floor = whispered_to()
    to_agent = floor.asked(PlayMessage)[-1]
    floor.wait(to_seconds(WHISPERS_FOR) - 1)
    assert floor.asked(BridgeLegs) == []
    floor.wait(1)
    music, *_ = floor.asked(PlayMessage)
    *stopped, bridged = done(floor, StopPlaying, BridgeLegs)
    assert stopped == [StopPlaying(each.leg_id, each.play_id) for each in (to_agent, music)]
    assert isinstance(bridged, BridgeLegs)
    assert floor.flows.broken_off_of == ["spring-1"] * 2, "that of the queue before"


def test_a_whisper_whose_flow_is_over_before_all_is_said_is_broken_off() -> None:
    floor = whispered_to()
    to_agent = floor.asked(PlayMessage)[-1]
    floor.flows.answers[FlowEvent.ANSWERED] = (Disconnect(),)
    floor.tell(FlowTold("spring-1", FlowEvent.ANSWERED))
    assert floor.asked(PlayMessage)[-1].action_id == TO_CUSTOMER.action_id
    assert StopPlaying(to_agent.leg_id, to_agent.play_id) in floor.asked(StopPlaying)


def test_a_customer_whose_agent_has_no_whisper_hears_the_own_one_at_once() -> None:
    floor = floor_with({FlowHook.CUSTOMER_WHISPER: (TO_CUSTOMER,)})
    floor.answers("spring-1")
    floor.tell(LegAnswered(floor.agent_leg("spring-1")))
    assert floor.flows.beside_of == [("spring-1", FlowHook.CUSTOMER_WHISPER, floor.leg("spring-1"))]


def test_who_cannot_be_joined_after_the_whispers_waits_no_longer_for_it_than_without_any() -> None:
    floor = floor_with({FlowHook.AGENT_WHISPER: (TO_AGENT,)})
    floor.answers("spring-1")
    floor.tell(LegAnswered(floor.agent_leg("spring-1")))
    leg_id = floor.agent_leg("spring-1")
    ends(floor, floor.asked(PlayMessage)[-1])
    assert len(floor.asked(BridgeLegs)) == 1
    config = floor.engine.config
    floor.wait(to_seconds(config.agent_ring_timeout + config.originate_grace))
    assert HangUp(leg_id) in floor.asked(HangUp)


def test_those_in_whispers_whose_switch_was_lost_for_a_moment_are_joined_without_more_words() -> None:
    floor = whispered_to()
    agent_leg, to_agent = floor.agent_leg("spring-1"), floor.asked(PlayMessage)[-1]
    floor.tell(CarrierLost())
    floor.tell(CarrierFound((LiveLeg(floor.leg("spring-1"), LegState.UP), LiveLeg(agent_leg, LegState.UP))))
    assert floor.asked(BridgeLegs) == [BridgeLegs(floor.leg("spring-1"), agent_leg)]
    ends(floor, to_agent)
    assert floor.asked(PlayMessage)[-1] == to_agent, "the customer's whisper does not come"


def test_silence_on_the_customers_leg_does_not_end_a_whisper_to_the_agent() -> None:
    floor = whispered_to()
    legs = LiveLeg(floor.leg("spring-1"), LegState.UP, playing=False), *up(floor.agent_leg("spring-1"))
    floor.compares(*legs)
    floor.wait(11)
    floor.compares(*legs)
    assert FlowEvent.SAID not in [event for _, event in floor.flows.heard_of]
    assert floor.asked(NoteDifference) == []


def test_the_time_of_whispers_counts_towards_the_abandonment() -> None:
    floor = floor_with({FlowHook.AGENT_WHISPER: (TO_AGENT,)})
    floor.answers("spring-1")
    floor.tell(LegAnswered(floor.agent_leg("spring-1")))
    floor.wait(3)
    assert len(floor.asked(ContactAbandoned)) == 1


def test_a_whisper_that_wants_to_hang_up_does_not() -> None:
    floor = floor_with({FlowHook.AGENT_WHISPER: (Disconnect(),)})
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    assert state(floor) is ContactState.CONNECTED


def test_without_flows_of_their_own_nobody_waits_for_whispers() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.answers("spring-1")
    floor.tell(LegAnswered(floor.agent_leg("spring-1")))
    assert len(floor.asked(BridgeLegs)) == 1
    assert floor.flows.beside_of == []


def test_another_dialer_joins_those_who_were_in_whispers() -> None:
    floor = whispered_to()
    agent_leg = floor.agent_leg("spring-1")
    floor.restart(*up(floor.leg("spring-1")), LiveLeg(agent_leg, LegState.UP))
    floor.tell(LegAnswered(agent_leg))
    assert floor.asked(BridgeLegs)[-1] == BridgeLegs(floor.leg("spring-1"), agent_leg)


def test_another_dialer_has_an_agent_who_picks_up_then_hear_the_whisper() -> None:
    floor = waits(dict(BOTH))
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    agent_leg = floor.agent_leg("spring-1")
    floor.restart(*up(floor.leg("spring-1")), LiveLeg(agent_leg, LegState.RINGING))
    floor.tell(LegAnswered(agent_leg))
    assert (floor.asked(PlayMessage)[-1].leg_id, floor.asked(BridgeLegs)) == (agent_leg, [])
