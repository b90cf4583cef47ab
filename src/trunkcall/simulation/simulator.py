"""A shift of the real engine on virtual time: a heap of what happens next, and models of carrier and agents.

Decides what the simulated people do and when. It must not know how an engine decides: the object that dials is the one
that ``serve`` runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from random import Random
from typing import Any, TypeAlias

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AfterContactWorkEnded, Change, ContactConnected, LedgerCounted
from trunkcall.domain.contact import LIVE_DETECTIONS
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Instant, seconds
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.capacity import TrunkLimit
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    PlayMessage,
    RefillWindow,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import (
    AgentRegistered,
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    DetectionEnded,
    Event,
    LegAnswered,
    LegEnded,
    LegsBridged,
    OfferedContact,
    PlaybackEnded,
)
from trunkcall.engine.ledger import LedgerLimit
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.flows.builtin import BuiltinFlow
from trunkcall.simulation.campaign import BASELINES, Campaign
from trunkcall.simulation.campaign_run import CampaignRun
from trunkcall.simulation.pacers import dialer_type_of, pacers_of
from trunkcall.simulation.results import Shift
from trunkcall.simulation.scenario import Scenario
from trunkcall.simulation.world import Fate, Outcome

START: Instant = 1_800_000_000_000_000
"""When every simulated shift begins."""

Trace: TypeAlias = Callable[[Sequence[tuple[Event, Instant]], Instant, Decision], None]
"""Told of every turn of the engine: the events, when it was, and the decision."""

Watch: TypeAlias = Callable[[EngineSnapshot], None]
"""Shown the engine once in every ``WATCH_EVERY`` of the shift."""
WATCH_EVERY = MINUTE


class _Leg:
    __slots__ = ("agent_id", "contact_id", "ended", "fate", "leg_id", "peer", "run", "since")

    def __init__(self, leg_id: str, contact_id: str, run: CampaignRun, fate: Fate, since: Instant) -> None:
        self.leg_id = leg_id
        self.contact_id = contact_id
        self.run = run
        self.fate = fate
        self.since = since
        self.peer: _Leg | None = None
        self.agent_id: str | None = None
        self.ended = False


class Simulator:
    """One shift. ``seed`` decides every draw; the same scenario and seed give the same turns of the engine."""

    def __init__(
        self, scenario: Scenario, *, seed: int, trace: Trace | None = None, watch: Watch | None = None
    ) -> None:
        self._scenario = scenario
        self._seed = seed
        self._random = Random(seed)  # noqa: S311 - a simulation, not a secret
        self._trace = trace
        self._watch = watch
        self._heap: list[tuple[Instant, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._now: Instant = START
        self._end: Instant = at_hour(scenario.hours)
        self._legs: dict[str, _Leg] = {}
        self._leg_number = 0
        self._offered = 0
        self._runs = {campaign.name: CampaignRun(campaign, START) for campaign in scenario.campaigns}
        self._handled: dict[str, tuple[CampaignRun, Instant]] = {}
        """Contacts that an agent is handling: whose they are, and since when."""
        self._latest: dict[str, str] = {}
        """The contact that each agent was rung for last."""
        self._wanted: dict[str, AgentStatus] = {}
        self.engine = Engine(_config(scenario), new_id=self._new_id, flows=BuiltinFlow(), pacer_for=pacers_of(scenario))
        self.events = 0
        self._deeds: Mapping[type, Callable[[Any], None]] = {
            BridgeLegs: self._bridge,
            HangUp: self._hang_up,
            Originate: self._originate,
            OriginateAgentLeg: self._ring_agent,
            RefillWindow: self._refill,
            PlayMessage: self._play,
        }
        """How each deed is done here."""

    def run(self) -> Shift:
        """The whole shift."""
        self._open()
        engine, heap = self.engine, self._heap
        while True:
            due = engine.next_timer()
            if heap and (due is None or heap[0][0] <= due):
                if heap[0][0] > self._end:
                    break
                self._now, _, deed, arguments = heappop(heap)
                deed(*arguments)
            elif due is not None and due <= self._end:
                self._now = max(self._now, due)
                self._turn(())
            else:
                break
        return self._shift()

    def _shift(self) -> Shift:
        snapshot = self.engine.snapshot(self._end)
        for leg in self._legs.values():
            self._give_back_line(leg, self._end)
        for contact_id in list(self._handled):
            self._handling_ends(contact_id, self._end)
        length, handling = self._end - START, snapshot.handling
        campaigns = tuple(run.result(length, handling) for run in self._runs.values())
        connected = sum(campaign.connected for campaign in campaigns)
        idle = (snapshot.staffed - handling) / SECOND
        return Shift(
            agents=self._scenario.agents,
            hours=self._scenario.hours,
            seed=self._seed,
            pacer=", ".join(dict.fromkeys(campaign.pacer for campaign in campaigns)),
            attempts=sum(campaign.attempts for campaign in campaigns),
            live_answers=sum(campaign.live_answers for campaign in campaigns),
            abandoned=sum(campaign.abandoned for campaign in campaigns),
            false_machines=sum(campaign.false_machines for campaign in campaigns),
            connected=connected,
            occupancy_ratio=snapshot.occupancy_ratio,
            mean_idle_s=idle / connected if connected else idle,
            events=self.events,
            campaigns=campaigns,
        )

    # --- the beginning ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        scenario = self._scenario
        names = [f"agent-{number}" for number in range(scenario.agents)]
        for name, queues in zip(names, scenario.queues_of_agents, strict=True):
            self._tell(AgentRegistered(name, queues))
        for run in self._runs.values():
            self._open_campaign(run.campaign)
        late = set(names[max(0, len(names) - scenario.late_agents) :]) if scenario.late_agents else set()
        for name in names:
            if name not in late:
                self._at(START, self._set_status, name, AgentStatus.AVAILABLE)
            elif at_hour(scenario.late_by_h) < self._end:  # nobody comes as the shift ends
                self._at(at_hour(scenario.late_by_h), self._come_late, name)
        for name in names[: scenario.leaving_agents]:
            self._at(at_hour(scenario.leave_at_h), self._set_status, name, AgentStatus.OFFLINE)
        for name in names:
            if name not in late:
                self._plan_break(name)
        if self._watch is not None:
            self._look()

    def _open_campaign(self, campaign: Campaign) -> None:
        if campaign.start_at_h:
            self._at(at_hour(campaign.start_at_h), self._set_state, campaign, CampaignState.RUNNING)
        else:
            self._set_state(campaign, CampaignState.RUNNING)
        for hour, state in (
            (campaign.pause_at_h, CampaignState.PAUSED),
            (campaign.resume_at_h, CampaignState.RUNNING),
            (campaign.stop_at_h, CampaignState.STOPPED),
        ):
            if hour:
                self._at(at_hour(hour), self._set_state, campaign, state)

    def _set_state(self, campaign: Campaign, state: CampaignState) -> None:
        dialer = dialer_type_of(campaign.pacer)
        self._tell(
            CampaignChanged(
                campaign.name,
                state,
                dialer,
                None if dialer is DialerType.AGENTLESS else campaign.queue,
                campaign.bandwidth_allocation,
                campaign.dialing_capacity,
                detects_machines=True,
                awaits_prompt=False,
            )
        )

    def _look(self) -> None:
        assert self._watch is not None
        self._watch(self.engine.snapshot(self._now))
        self._at(self._now + WATCH_EVERY, self._look)

    def _set_status(self, agent_id: str, status: AgentStatus) -> None:
        if self._wanted.get(agent_id) is AgentStatus.OFFLINE:
            return
        self._wanted[agent_id] = status
        self._tell(AgentStatusSet(agent_id, status))

    def _come_late(self, agent_id: str) -> None:
        self._set_status(agent_id, AgentStatus.AVAILABLE)
        self._plan_break(agent_id)

    def _plan_break(self, agent_id: str) -> None:
        if not self._scenario.break_every_h:
            return
        after = self._random.expovariate(1.0) * self._scenario.break_every_h * HOUR
        self._at(self._now + round(after), self._take_break, agent_id)

    def _take_break(self, agent_id: str) -> None:
        self._set_status(agent_id, AgentStatus.BREAK)
        back_at = self._now + seconds(self._scenario.break_length_s)
        self._at(back_at, self._set_status, agent_id, AgentStatus.AVAILABLE)
        self._at(back_at, self._plan_break, agent_id)

    # --- time and the engine ----------------------------------------------------------------------------------------

    def _at(self, at: Instant, deed: Callable[..., None], *arguments: Any) -> None:
        self._sequence += 1
        heappush(self._heap, (at, self._sequence, deed, arguments))

    def _later(self, delay: int, deed: Callable[..., None], *arguments: Any) -> None:
        if self._scenario.carrier_delay_s:
            delay += seconds(self._random.expovariate(1.0) * self._scenario.carrier_delay_s)
        self._at(self._now + delay, deed, *arguments)

    def _tell(self, event: Event) -> None:
        self._turn(((event, self._now),))

    def _turn(self, events: Sequence[tuple[Event, Instant]]) -> None:
        self.events += 1
        decision = self.engine.turn(events, self._now)
        if self._trace is not None:
            self._trace(events, self._now, decision)
        assert not decision.refused, "the simulated world told what cannot be"
        for change in decision.changes:
            self._count_change(change)
        for deed in decision.deeds_to_do(refused=()):
            deed_of = self._deeds.get(type(deed))
            if deed_of is not None:
                deed_of(deed)

    def _new_id(self) -> str:
        self._leg_number += 1
        return f"leg-{self._leg_number}"

    def _count_change(self, change: Change) -> None:
        match change:
            case LedgerCounted():
                self._count(change)
            case ContactConnected():
                self._connected(change)
            case AfterContactWorkEnded():
                self._work_ended(change)
            case _:
                pass

    def _count(self, command: LedgerCounted) -> None:
        run = self._runs[command.campaign_id]
        run.live_answers += command.live_answers
        run.abandoned += command.abandoned

    def _connected(self, command: ContactConnected) -> None:
        run, _ = self._handled[command.contact_id]
        run.connected += 1

    def _work_ended(self, command: AfterContactWorkEnded) -> None:
        self._handling_ends(command.contact_id, command.at)

    # --- the carrier ------------------------------------------------------------------------------------------------

    def _originate(self, command: Originate) -> None:
        run = self._runs[command.campaign_id]
        run.attempts += 1
        fate = self._draw(run)
        leg = self._legs[command.leg_id] = _Leg(command.leg_id, command.contact_id, run, fate, self._now)
        if self._fails():
            self._later(SECOND // 2, self._leg_ends, leg, HangupCause.CONGESTION)
            return
        match fate.outcome:
            case Outcome.BUSY:
                self._later(fate.ring, self._leg_ends, leg, HangupCause.BUSY)
            case Outcome.INVALID:
                self._later(fate.ring, self._leg_ends, leg, HangupCause.INVALID_NUMBER)
            case Outcome.NO_ANSWER:
                self._later(min(fate.ring, command.ring_timeout), self._leg_ends, leg, HangupCause.NO_ANSWER)
            case Outcome.HUMAN | Outcome.MACHINE:
                if fate.ring <= command.ring_timeout:
                    self._later(fate.ring, self._answer, leg)
                else:
                    self._later(command.ring_timeout, self._leg_ends, leg, HangupCause.RING_TIMEOUT)

    def _fails(self) -> bool:
        scenario = self._scenario
        if not scenario.burst_every_h:
            return False
        into = (self._now - START) % max(1, round(scenario.burst_every_h * HOUR))
        first = into == self._now - START
        in_burst = into < seconds(scenario.burst_length_s) and not first
        return in_burst and self._random.random() < scenario.burst_share

    def _draw(self, run: CampaignRun) -> Fate:
        return run.draw(self._now, self._random)

    def _answer(self, leg: _Leg) -> None:
        if leg.ended:
            return
        fate = leg.fate
        self._tell(LegAnswered(leg.leg_id))
        if fate.outcome is Outcome.HUMAN:
            self._at(self._now + fate.patience, self._lose_patience, leg)
        if fate.detection_time:
            self._later(fate.detection_time, self._detect, leg)
        else:
            self._detect(leg)

    def _detect(self, leg: _Leg) -> None:
        if leg.ended:
            return
        fate = leg.fate
        if fate.outcome is Outcome.HUMAN and fate.detection not in LIVE_DETECTIONS:
            leg.run.false_machines += 1
        # Who needs no agents has no ledger that would count them.
        agentless = leg.run.campaign.pacer == DialerType.AGENTLESS
        leg.run.live_answers += agentless and fate.detection in LIVE_DETECTIONS
        self._tell(DetectionEnded(leg.leg_id, fate.detection))

    def _lose_patience(self, leg: _Leg) -> None:
        if leg.peer is None:
            self._leg_ends(leg, HangupCause.NORMAL)

    def _leg_ends(self, leg: _Leg, cause: HangupCause) -> None:
        if leg.ended:
            return
        leg.ended = True
        del self._legs[leg.leg_id]
        bridged = leg.peer is not None
        self._give_back_line(leg, self._now)
        self._tell(LegEnded(leg.leg_id, cause))
        if leg.agent_id is not None and bridged:
            self._at(self._now + leg.fate.wrap, self._wrapped_up, leg.agent_id, leg.contact_id)

    def _give_back_line(self, leg: _Leg, at: Instant) -> None:
        if leg.agent_id is None:
            leg.run.line_time += at - leg.since

    def _wrapped_up(self, agent_id: str, contact_id: str) -> None:
        # A break may have cut this work, and the agent be with somebody else.
        if self._latest[agent_id] == contact_id:
            # Whoever has asked for a break or gone home meanwhile stays away.
            self._tell(AgentStatusSet(agent_id, self._wanted[agent_id]))

    def _hang_up(self, command: HangUp) -> None:
        leg = self._legs.get(command.leg_id)
        if leg is not None:
            self._leg_ends(leg, HangupCause.HUNG_UP_BY_US)

    # --- agents, flow, backlog ----------------------------------------------------------------------------------------

    def _ring_agent(self, command: OriginateAgentLeg) -> None:
        customer = self._legs.get(command.customer_leg_id)
        if customer is None:
            self._tell(LegEnded(command.leg_id, HangupCause.UNREACHABLE))
            return
        leg = self._legs[command.leg_id] = _Leg(
            command.leg_id, customer.contact_id, customer.run, customer.fate, self._now
        )
        leg.agent_id = command.agent_id
        self._latest[command.agent_id] = customer.contact_id
        self._tell(LegAnswered(command.leg_id))

    def _bridge(self, command: BridgeLegs) -> None:
        customer, agent = self._legs.get(command.customer_leg_id), self._legs.get(command.agent_leg_id)
        if customer is None or agent is None:
            return
        customer.peer, agent.peer = agent, customer
        self._handled[customer.contact_id] = (customer.run, self._now)
        self._tell(LegsBridged(command.customer_leg_id, command.agent_leg_id))
        who_ends = agent if customer.fate.agent_hangs_up else customer
        self._at(self._now + customer.fate.talk, self._leg_ends, who_ends, HangupCause.NORMAL)

    def _handling_ends(self, contact_id: str, at: Instant) -> None:
        run, since = self._handled.pop(contact_id)
        run.handling += at - since

    def _play(self, command: PlayMessage) -> None:
        # A message of the usual length.
        self._at(self._now + 10 * SECOND, self._playback_ends, command.leg_id)

    def _playback_ends(self, leg_id: str) -> None:
        self._tell(PlaybackEnded(leg_id))

    def _refill(self, command: RefillWindow) -> None:
        taken = self._runs[command.campaign_id].take(command.limit)
        first = self._offered + 1
        self._offered += taken
        # No request expires in a shift, however long it is.
        expires_at = self._end + HOUR
        contacts = tuple(OfferedContact(f"contact-{n}", n, expires_at) for n in range(first, first + taken))
        self._tell(ContactsOffered(command.campaign_id, contacts, exhausted=taken < command.limit))


def at_hour(hour: float) -> Instant:
    """The instant of an hour of the shift."""
    return START + seconds(hour * 3600)


def _config(scenario: Scenario) -> EngineConfig:
    return EngineConfig(
        trunk=TrunkLimit(scenario.channels, scenario.attempts_per_s),
        ledger=LedgerLimit(
            target_ratio=scenario.abandonment_target_ratio,
            # Other dialers are measured as they were published.
            binding=scenario.ledger and not any(campaign.pacer in BASELINES for campaign in scenario.campaigns),
        ),
    )
