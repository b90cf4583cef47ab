"""One engine, and a world that does what it likes. If this fails, some order of events that nobody thought of dials
somebody twice, books an agent twice, or leaks lines until nothing can be dialed.

``engine.invariants`` says what must be true after every turn, and that every contact's changes come in an order that
the table of contacts allows.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.floor import Floor
from engine.invariants import check_nothing_is_left
from engine.recount import check_allotments, check_whoever_is_to_have_a_session_has, check_whoever_may_dial_has_dialed
from engine.support import MESSAGE, SALES, SPRING, up
from trunkcall.domain.abandonment import AbandonmentClock, AbandonmentLimits, CalendarMonth
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.agent_keys import CODES
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import Refusal
from trunkcall.domain.contact import ContactState, DetectionStatus
from trunkcall.domain.flow import (
    Ask,
    Disconnect,
    Enqueue,
    FlowEvent,
    FlowHook,
    FlowOrder,
    GoOn,
    Hooks,
    Hush,
    Rank,
    Record,
)
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause, LegParty, LegState, LiveLeg
from trunkcall.domain.recording import RecordingWish
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.campaigns import pacer_for
from trunkcall.engine.commands import AnnounceRecording, ReportLegs, StartRecording
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.decision import Decision
from trunkcall.engine.details import EngineDetails, LegDetails
from trunkcall.engine.events import (
    AttemptRefused,
    BeepHeard,
    CarrierFound,
    CarrierLost,
    ChangesLeftOut,
    ComparisonRequested,
    ContactsSwept,
    DetectionEnded,
    Event,
    FlowTold,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    LegsUnbridged,
    OriginateVoided,
    PlaybackEnded,
    PutOnHold,
    RecordingEnded,
    RecordingStarted,
    RecordingWished,
    TakenOffHold,
)
from trunkcall.engine.trace import TraceReader, TraceWriter, Turn, replay

CAMPAIGNS = (SPRING, "autumn", "notices")
DIALERS = dict(zip(CAMPAIGNS, (DialerType.PROGRESSIVE, DialerType.PREDICTIVE, DialerType.AGENTLESS), strict=True))
AGENTS = ("ann", "bea", "cid", "dan")
CONFIG = EngineConfig(
    window_size=6,
    trunks=(Trunk("default", channels=7, attempts_per_s=20),),
    confirms=True,
    answer_tone=((880, 150),),
)
LENIENT = AbandonmentLimits(5 * SECOND, AbandonmentClock.CONNECTED_TO_SYSTEM, 0.05, (CalendarMonth("Europe/Berlin"),))
SERVED: tuple[tuple[str | ServedQueue, ...], ...] = (
    (SALES,),
    ("service",),
    (SALES, "service"),
    (ServedQueue(SALES, 2), "service"),
    (ServedQueue(SALES, delay_s=2),),
    (ServedQueue(SALES, 1, delay_s=5), ServedQueue("service", 2)),
    (),
)
numbers = st.integers(0, 50)
orders: st.SearchStrategy[FlowOrder] = st.sampled_from(
    [
        Disconnect(),
        Enqueue(),
        Enqueue("service"),
        Enqueue("nobody's"),
        Enqueue("service", moved=True),
        Hooks(tuple(FlowHook)),
        Hooks(()),
        GoOn(),
        MESSAGE,
        Hush(),
        Ask(),
        Rank(priority=1),
        Rank(adjustment=9 * SECOND),
        Record(("Agent", "Customer")),
        Record(()),
    ]
)


class World(RuleBasedStateMachine):
    """Carrier, store, flows and agents who keep to no order."""

    config = CONFIG

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor(config=self.config)
        self.floor.may_refuse = True
        self.past_legs: list[str] = []
        self.worked = (0, 0)
        self.lives = self.floor.lives
        self.over: set[str] = set()

    def tell(self, event: Event) -> None:
        """It happens, and may be refused."""
        self.floor.tell(event)

    @property
    def details(self) -> EngineDetails:
        return self.floor.engine.details()

    def _peer(self, leg: LegDetails) -> str | None:
        """The customer's leg of the leg's contact."""
        return self.details.contacts[leg.contact_id].leg_id if leg.contact_id is not None else None

    def a_leg(self, number: int) -> str:
        """A leg that is there; sometimes one that was, or never was."""
        legs = [*self.details.legs, *self.past_legs[-2:], "stranger"]
        return legs[number % len(legs)]

    def a_contact(self, number: int) -> str:
        contacts = [*self.details.contacts, "nobody"]
        return contacts[number % len(contacts)]

    @initialize(detects=st.booleans(), weight=st.sampled_from([0.0, 0.3, 1.0]))
    def open(self, detects: bool, weight: float) -> None:
        self.floor.campaign(SPRING, detects=detects, requests=4)
        self.floor.campaign(
            "autumn", dialer=DialerType.PREDICTIVE, weight=weight, safe_harbour=True, records=True, requests=4
        )
        self.floor.campaign("notices", dialer=DialerType.AGENTLESS, capacity=0.3, requests=2)
        self.floor.agent("ann")
        self.floor.agent("bea", SALES, "service", persistent=True)

    # --- the carrier --------------------------------------------------------------------------------------------------

    @rule(number=numbers)
    def a_phone_rings(self, number: int) -> None:
        self.tell(LegRang(self.a_leg(number)))

    @rule(number=numbers)
    def somebody_answers(self, number: int) -> None:
        self.tell(LegAnswered(self.a_leg(number)))

    @rule(number=numbers, detection=st.sampled_from(list(DetectionStatus)))
    def detection_ends(self, number: int, detection: DetectionStatus) -> None:
        self.tell(DetectionEnded(self.a_leg(number), detection))

    @rule()
    def whoever_can_be_is_bridged(self) -> None:
        for contact in self.details.contacts.values():
            if contact.state is ContactState.CONNECTING and contact.agent_leg_id is not None:
                self.tell(LegsBridged(contact.leg_id, contact.agent_leg_id))

    @rule(number=numbers, other=numbers)
    def two_legs_are_bridged(self, number: int, other: int) -> None:
        self.tell(LegsBridged(self.a_leg(number), self.a_leg(other)))

    @rule()
    def whoever_is_rung_takes_the_call(self) -> None:
        for leg in self.details.legs.values():
            if leg.party is LegParty.AGENT and leg.state is not LegState.UP:
                self.tell(LegAnswered(leg.leg_id))

    @rule(number=numbers)
    def an_agent_ends_the_contact_and_keeps_the_leg(self, number: int) -> None:
        talks = [c for c in self.details.contacts.values() if c.agent_leg_id is not None]
        if talks:
            contact = talks[number % len(talks)]
            assert contact.agent_leg_id is not None
            self.tell(LegsUnbridged(contact.leg_id, contact.agent_leg_id))

    @rule(number=numbers, keys=st.text("0123#*", min_size=1, max_size=3) | st.sampled_from([keys for keys, _ in CODES]))
    def somebody_presses_keys(self, number: int, keys: str) -> None:
        self.floor.presses(self.a_leg(number), keys)

    @rule(keys=st.text("0123#*", min_size=1, max_size=3) | st.sampled_from([keys for keys, _ in CODES]))
    def all_agents_press_keys(self, keys: str) -> None:
        for leg in self.details.legs.values():
            if leg.party is LegParty.AGENT:
                self.floor.presses(leg.leg_id, keys)

    @rule(number=numbers, cause=st.sampled_from(list(HangupCause)))
    def a_session_is_lost(self, number: int, cause: HangupCause) -> None:
        sessions = [a.session_leg_id for a in self.details.agents.values() if a.session_leg_id is not None]
        if sessions:
            self.tell(LegEnded(sessions[number % len(sessions)], cause))

    @rule(number=numbers, cause=st.sampled_from(list(HangupCause)))
    def a_leg_ends(self, number: int, cause: HangupCause) -> None:
        leg = self.a_leg(number)
        self.past_legs.append(leg)
        self.tell(LegEnded(leg, cause))

    @rule(number=numbers)
    def an_originate_never_left(self, number: int) -> None:
        leg = self.a_leg(number)
        self.past_legs.append(leg)
        self.tell(OriginateVoided(leg))

    @rule()
    def the_carrier_is_lost(self) -> None:
        self.tell(CarrierLost())

    @rule(keep=st.integers(0, 1023), stranger=st.booleans())
    def the_carrier_is_found(self, keep: int, stranger: bool) -> None:
        known = enumerate(self.details.legs.values())
        legs = [LiveLeg(leg.leg_id, leg.state) for bit, leg in known if keep >> (bit % 10) & 1]
        self.tell(CarrierFound((*legs, *(up("stranger") if stranger else ()))))

    @rule(confirms=st.booleans())
    def the_carrier_confirms_or_does_not(self, confirms: bool) -> None:
        self.floor.confirms_hang_ups = confirms

    @rule(keep=st.integers(0, 255), further=st.integers(0, 1023), detection=st.sampled_from([None, *DetectionStatus]))
    def the_dialer_is_replaced(self, keep: int, further: int, detection: DetectionStatus | None) -> None:
        """Some legs have gone on meanwhile, some are gone, and some were hung up without a confirmation."""
        legs = []
        for bit, leg in enumerate(self.details.legs.values()):
            if not keep >> (bit % 8) & 1:
                continue
            on = further >> (bit % 10) & 1
            peer = self._peer(leg) if on else None
            legs.append(LiveLeg(leg.leg_id, LegState.UP if on else leg.state, peer, detection if on else None))
        self.past_legs += self.details.legs
        self.floor.restart(*legs)

    @rule()
    def legs_are_to_be_compared(self) -> None:
        self.tell(ComparisonRequested())

    @rule(back=st.integers(0, 2), stranger=st.booleans())
    def the_carrier_answers_some_question(self, back: int, stranger: bool) -> None:
        legs = up("stranger") if stranger else ()
        self.tell(LegsReported(len(self.floor.asked(ReportLegs)) - back, legs))

    @rule(
        keep=st.integers(0, 1023),
        further=st.integers(0, 1023),
        playing=st.sampled_from([None, True, False]),
        apart_s=st.sampled_from([5.0, 11.0, 15.0]),
    )
    def the_carrier_answers_alike_twice(self, keep: int, further: int, playing: bool | None, apart_s: float) -> None:
        legs = [*(up("stranger") if further & 1 else ())]
        for bit, leg in enumerate(self.details.legs.values()):
            if keep >> (bit % 10) & 1:
                on = further >> (bit % 10) & 1
                peer = self._peer(leg) if on else None
                found = DetectionStatus.HUMAN_ANSWERED if on else None
                legs.append(LiveLeg(leg.leg_id, LegState.UP if on else leg.state, peer, found, playing))
        self.past_legs += self.details.legs
        for _ in range(2):
            self.tell(ComparisonRequested())
            self.tell(LegsReported(len(self.floor.asked(ReportLegs)), tuple(legs)))
            self.floor.wait(apart_s)

    # --- the store ----------------------------------------------------------------------------------------------------

    @rule(
        campaign=st.sampled_from(CAMPAIGNS),
        requests=st.integers(1, 8),
        expires_in=st.integers(0, 90),
        due_in=st.none() | st.integers(-5, 60),
    )
    def requests_are_accepted(self, campaign: str, requests: int, expires_in: int, due_in: int | None) -> None:
        due = None if due_in is None else due_in * SECOND
        self.floor.accept(campaign, requests, expires_in=expires_in * SECOND, due_in=due)

    @rule(number=numbers, due_in=st.none() | st.integers(-5, 60))
    def a_contact_is_due_at_another_time(self, number: int, due_in: int | None) -> None:
        waiting = [name for of_campaign in self.floor.store.values() for name in of_campaign]
        if waiting:
            due_at = 0 if due_in is None else self.floor.now + due_in * SECOND
            self.floor.move(waiting[number % len(waiting)], due_at=due_at)

    @rule(number=numbers, refusal=st.sampled_from(list(Refusal)))
    def an_attempt_is_refused(self, number: int, refusal: Refusal) -> None:
        contact = self.a_contact(number)
        state = self.floor.history.states.get(contact)
        if state is ContactState.DIALING:
            self.floor.refuse(contact, refusal)
        else:
            self.tell(AttemptRefused(contact, refusal))

    @rule(number=numbers)
    def a_contact_is_set_aside(self, number: int) -> None:
        self.tell(ChangesLeftOut(self.a_contact(number)))

    @rule(campaign=st.sampled_from(CAMPAIGNS))
    def contacts_are_swept(self, campaign: str) -> None:
        swept = tuple(self.floor.store[campaign])[:1]
        for contact in swept:
            del self.floor.store[campaign][contact]
        self.tell(ContactsSwept(campaign, swept))

    @rule(answers=st.booleans())
    def the_store_takes_its_time(self, answers: bool) -> None:
        self.floor.answers_refills = answers

    @precondition(lambda self: self.floor.refills)
    @rule()
    def the_store_answers(self) -> None:
        self.floor.answer_refill()

    @rule(
        campaign=st.sampled_from(CAMPAIGNS),
        state=st.sampled_from([CampaignState.RUNNING, CampaignState.RUNNING, CampaignState.PAUSED]),
        detects=st.booleans(),
        ring_timeout_s=st.sampled_from([20, 30, 60]),
        limits=st.sampled_from([AbandonmentLimits(), LENIENT]),
    )
    def a_campaign_changes(
        self, campaign: str, state: CampaignState, detects: bool, ring_timeout_s: int, limits: AbandonmentLimits
    ) -> None:
        if campaign not in self.over:
            self.floor.campaign(
                campaign,
                dialer=DIALERS[campaign],
                state=state,
                detects=detects,
                ring_timeout=ring_timeout_s * SECOND,
                limits=limits,
                safe_harbour=campaign != SPRING,
                records=True,
                announces=detects,
            )

    @rule(campaign=st.sampled_from(CAMPAIGNS), often=st.integers(0, 9))
    def a_campaign_stops(self, campaign: str, often: int) -> None:
        if often == 0:
            self.over.add(campaign)
            dialer = DIALERS[campaign]
            self.floor.campaign(campaign, dialer=dialer, state=CampaignState.STOPPED)

    # --- flows and agents ---------------------------------------------------------------------------------------------

    @rule(talks_first=st.booleans(), then=st.sampled_from([Disconnect(), Enqueue(), MESSAGE]))
    def flows_are_like_this(self, talks_first: bool, then: FlowOrder) -> None:
        self.floor.flows.talks_first, self.floor.flows.then = talks_first, then

    @rule(event=st.none() | st.sampled_from(FlowEvent), orders=st.none() | st.lists(orders, max_size=3))
    def flows_answer_like_this(self, event: FlowEvent | None, orders: list[FlowOrder] | None) -> None:
        if orders is None:
            self.floor.flows.answers.pop(event, None)
        else:
            last = next((n for n, order in enumerate(orders, 1) if isinstance(order, Enqueue | Disconnect)), None)
            self.floor.flows.answers[event] = tuple(orders[:last])

    @rule(hook=st.sampled_from(FlowHook), orders=st.none() | st.lists(orders, max_size=2))
    def flows_beside_begin_like_this(self, hook: FlowHook, orders: list[FlowOrder] | None) -> None:
        if orders is None:
            self.floor.flows.hooks.pop(hook, None)
        else:
            self.floor.flows.hooks[hook] = tuple(orders)

    @rule(event=st.none() | st.sampled_from(FlowEvent))
    def flows_are_over_after(self, event: FlowEvent | None) -> None:
        self.floor.flows.over_after = event

    @rule(number=numbers, what=st.sampled_from(FlowEvent))
    def a_flow_is_told(self, number: int, what: FlowEvent) -> None:
        if what not in (FlowEvent.QUEUED, FlowEvent.QUEUE_FULL, FlowEvent.NOT_QUEUED):
            self.tell(FlowTold(self.a_contact(number), what))

    @rule(number=numbers)
    def a_machine_beeps(self, number: int) -> None:
        self.tell(BeepHeard(self.a_leg(number)))

    @rule(most=st.sampled_from([None, 0, 1, 2]))
    def so_many_may_wait(self, most: int | None) -> None:
        self.floor.may_wait(most)

    @rule(back=st.integers(0, 3), begins=st.booleans())
    def a_recording_begins_or_ends(self, back: int, begins: bool) -> None:
        asked = self.floor.asked(StartRecording)
        if asked:
            recording_id = asked[-1 - back % len(asked)].recording_id
            self.tell(RecordingStarted(recording_id) if begins else RecordingEnded(recording_id))

    @rule(back=st.integers(0, 5), heard=st.booleans())
    def an_announcement_ends(self, back: int, heard: bool) -> None:
        asked = self.floor.asked(AnnounceRecording)
        if asked:
            announced = asked[-1 - back % len(asked)]
            self.tell(PlaybackEnded(announced.leg_id, announced.play_id, heard))

    @rule(number=st.integers(0, 7), wish=st.sampled_from(RecordingWish))
    def somebody_wishes_something_of_a_recording(self, number: int, wish: RecordingWish) -> None:
        self.tell(RecordingWished(self.a_contact(number), wish))

    @rule(number=numbers, known=st.booleans())
    def a_message_ends(self, number: int, known: bool) -> None:
        leg = self.a_leg(number)
        self.tell(PlaybackEnded(leg, self.floor.heard.get(leg, "") if known else "a former message"))

    @rule(number=numbers, back=st.booleans())
    def a_party_puts_the_other_on_hold(self, number: int, back: bool) -> None:
        leg = self.a_leg(number)
        self.tell(TakenOffHold(leg) if back else PutOnHold(leg))

    @rule(number=numbers)
    def an_agent_has_heard_what_was_told(self, number: int) -> None:
        told = list(self.floor.hearing.items())
        if told:
            leg, (play, _) = told[number % len(told)]
            self.tell(PlaybackEnded(leg, play))

    @invariant()
    def nobody_is_told_anything_in_a_talk(self) -> None:
        legs = self.details.legs
        talks = {leg for leg in self.floor.hearing if leg in legs and legs[leg].contact_id is not None}
        assert not talks, "an agent is told something while a customer waits"

    @rule(agent=st.sampled_from(AGENTS), status=st.sampled_from([*AgentStatus, AgentStatus.AVAILABLE]))
    def an_agent_wants(self, agent: str, status: AgentStatus) -> None:
        self.floor.sets(agent, status)

    @rule(agent=st.sampled_from(AGENTS))
    def nothing_is_heard_of_an_agent(self, agent: str) -> None:
        self.floor.falls_silent(agent)

    @rule(agent=st.sampled_from(AGENTS), gone=st.booleans())
    def a_phone_is_gone_or_back(self, agent: str, gone: bool) -> None:
        (self.floor.phone_is_gone if gone else self.floor.phone_is_back)(agent)

    @rule(agent=st.sampled_from(AGENTS))
    def an_agent_is_heard_of(self, agent: str) -> None:
        self.floor.is_heard(agent)

    @rule(
        agent=st.sampled_from(AGENTS),
        queues=st.sampled_from(SERVED),
        limit_s=st.sampled_from([0, 0, 1, 30]),
        persistent=st.booleans(),
        by_number=st.booleans(),
    )
    def an_agent_serves(
        self, agent: str, queues: tuple[str | ServedQueue, ...], limit_s: int, persistent: bool, by_number: bool
    ) -> None:
        self.floor.serves(agent, *queues, work_limit=limit_s * SECOND, persistent=persistent, by_number=by_number)

    @rule(agent=st.sampled_from(AGENTS))
    def an_agent_is_removed(self, agent: str) -> None:
        self.floor.removes(agent)

    @rule()
    def all_are_removed_who_are_in_a_contact(self) -> None:
        for agent in self.details.agents.values():
            if agent.contact_id is not None:
                self.floor.removes(agent.agent_id)

    @rule(status=st.sampled_from(AgentStatus))
    def whoever_works_after_a_contact_is_done(self, status: AgentStatus) -> None:
        for agent in self.details.agents.values():
            if agent.state is AgentState.AFTER_CONTACT_WORK:
                self.floor.sets(agent.agent_id, status)

    # --- time -------------------------------------------------------------------------------------------------------

    @rule(more=st.booleans())
    def a_backlog_grows_or_is_told(self, more: bool) -> None:
        self.floor.more = more
        if not more:
            self.floor.turn()

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.0, 5.0, 20.0, 45.0, 120.0]))
    def time_passes(self, seconds: float) -> None:
        self.floor.wait(seconds)

    @rule(seconds=st.integers(1, 7200))
    def the_process_was_asleep(self, seconds: int) -> None:
        self.floor.now += seconds * SECOND
        self.floor.turn()

    @rule()
    def nothing_happens(self) -> None:
        self.floor.more = False
        check_whoever_may_dial_has_dialed(self.floor)
        check_whoever_is_to_have_a_session_has(self.floor)

    @invariant()
    def nobody_counts_on_anothers_agents(self) -> None:
        if not self.floor.untold:
            check_allotments(self.floor)

    @invariant()
    def what_was_done_stays_done(self) -> None:
        """Occupancy is made of these sums, whoever may have gone since; a new dialer begins with none."""
        if self.floor.untold:
            return
        snapshot = self.floor.engine.snapshot(self.floor.now)
        before, self.worked = self.worked, (snapshot.staffed, snapshot.handling)
        assert self.floor.lives > self.lives or (snapshot.staffed >= before[0] and snapshot.handling >= before[1])
        self.lives = self.floor.lives

    # --- the end ----------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        self._drain()
        check_nothing_is_left(self.floor.engine)
        history = self.floor.history
        assert set(history.ends) >= history.attempted - self._waiting_again(), "an attempted contact never ended"
        assert set(history.ends.values()) <= {1}, "a contact ended twice"
        self._same_inputs_give_the_same_decisions()
        self._what_was_refused_changed_nothing()

    def _drain(self) -> None:
        floor = self.floor
        floor.answers_refills, floor.confirms_hang_ups, floor.more = False, True, False
        floor.flows.talks_first, floor.flows.then = False, Disconnect()
        floor.flows.answers.clear()
        floor.flows.hooks.clear()
        floor.turn()
        for campaign in CAMPAIGNS:
            dialer = DIALERS[campaign]
            floor.campaign(campaign, dialer=dialer, state=CampaignState.STOPPED)
        for leg in self.details.legs:
            floor.tell(LegEnded(leg, HangupCause.NORMAL))
        for agent in self.details.agents:
            floor.sets(agent, AgentStatus.OFFLINE)
        # Whoever gave up an agent's leg above may have been put through to another: that ends by itself.
        floor.wait(600)
        for leg in self.details.legs:
            floor.tell(LegEnded(leg, HangupCause.NORMAL))
        for agent in self.details.agents:
            floor.sets(agent, AgentStatus.OFFLINE)
        floor.wait(3 * 3600)
        assert {agent.state for agent in self.details.agents.values()} <= {AgentState.OFFLINE}

    def _waiting_again(self) -> set[str]:
        """Contacts whose only attempts were void."""
        return {contact for contact, state in self.floor.history.states.items() if state is ContactState.WAITING}

    def _same_inputs_give_the_same_decisions(self) -> None:
        """Written down and read again, as a trace."""
        lines: list[str] = []
        writer = TraceWriter(lines.append)
        writer.begin(self.config, {})
        for turn in self.floor.trace:
            writer.enter(*turn)
        writer.end()
        reader = TraceReader([line.encode() for line in lines])
        result = replay(reader.turns(), reader.config, pacer_for)
        assert result.difference is None, result.difference
        assert result.agreed.turns == len(self.floor.trace)

    def _what_was_refused_changed_nothing(self) -> None:
        """An engine that was never told decides the same."""
        turns = []
        for events, now, decision in self.floor.trace:
            refused = {(event, at) for event, at, _ in decision.refused}
            # Of two that are alike, told in one turn, one may have been refused and the other not.
            if all(at == now and events.count((event, at)) == 1 for event, at in refused):
                left = tuple(told for told in events if told not in refused)
                turns.append(Turn(0, left, now, Decision(decision.changes, decision.deeds, decision.steps)))
            else:
                turns.append(Turn(0, events, now, decision))
        assert replay(turns, self.config, pacer_for).difference is None


World.TestCase.settings = settings(
    max_examples=120,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestWhateverHappens = World.TestCase
