"""A shift of the real engine on virtual time: a heap of what happens next.

Decides when agents come and go, and how late and how badly the carrier works. What phones do is ``phones``, what it
comes to ``tally``. It must not know how an engine decides: the object that dials is the one that ``serve`` runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Any, TypeAlias

from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.instants import HOUR, MINUTE, Duration, Instant, seconds
from trunkcall.domain.routing_profile import alike
from trunkcall.domain.saying import CHARACTERS_PER_S, plain
from trunkcall.engine.commands import (
    BridgeLegs,
    ChooseStatus,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayMessage,
    PlayTone,
    RefillWindow,
    ReportLegs,
    ResumeRecording,
    SpeakSafeHarbour,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import (
    AgentRegistered,
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    Event,
    LegRang,
    OfferedContact,
    OriginateVoided,
    QueueLimited,
)
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.flows.builtin import BuiltinFlow
from trunkcall.simulation.campaign import BASELINES, MANY_CONTACTS, Campaign
from trunkcall.simulation.campaign_run import CampaignRun
from trunkcall.simulation.legs import LegDeed, SimulatedLeg
from trunkcall.simulation.pacers import dialer_type_of, pacers_of
from trunkcall.simulation.phones import Phones
from trunkcall.simulation.results import Shift
from trunkcall.simulation.scenario import Scenario
from trunkcall.simulation.tally import Tally
from trunkcall.simulation.trunks import trunks_of
from trunkcall.simulation.world import session_drops_after

START: Instant = 1_800_000_000_000_000
"""When every simulated shift begins."""

Trace: TypeAlias = Callable[[Sequence[tuple[Event, Instant]], Instant, Decision], None]
"""Told of every turn of the engine: the events, when it was, and the decision."""

Watch: TypeAlias = Callable[[EngineSnapshot], None]
"""Shown the engine once in every ``WATCH_EVERY`` of the shift."""
WATCH_EVERY = MINUTE


class Simulator:
    """One shift. ``seed`` decides every draw; the same scenario and seed give the same turns of the engine."""

    def __init__(
        self, scenario: Scenario, *, seed: int, trace: Trace | None = None, watch: Watch | None = None
    ) -> None:
        self._scenario = scenario
        self._seed = seed
        self._random = Random(seed)
        self._trace = trace
        self._watch = watch
        self._heap: list[tuple[Instant, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._now: Instant = START
        self._end: Instant = at_hour(scenario.hours)
        self._leg_number = 0
        self._sessions = 0
        self._offered = 0
        self._runs = {campaign.name: CampaignRun(campaign, START) for campaign in scenario.campaigns}
        self._tally = Tally(self._runs)
        self._wanted: dict[str, AgentStatus] = {}
        self._flows = BuiltinFlow()
        trunks, self._hosts = trunks_of(
            scenario.trunks, channels=scenario.channels, attempts_per_s=scenario.attempts_per_s
        )
        self.engine = Engine(
            EngineConfig(trunks=trunks), new_id=self._new_id, flows=self._flows, pacer_for=pacers_of(scenario)
        )
        self.events = 0
        self._told: deque[tuple[Event, Instant]] = deque()
        """What the engine is to be told, in turns of this instant."""
        self._rang: list[tuple[Event, Instant]] = []
        """Phones that have rung since the last turn."""
        self._phones = Phones(
            tell=self._tell,
            later=self._later,
            reported_later=self._reported_later if scenario.carrier_delay_s else None,
            agent_done=self._agent_done,
            hosts=tuple(self._hosts),
        )
        self._deeds: Mapping[type, Callable[[Any], None]] = {
            BridgeLegs: self._phones.bridge,
            ChooseStatus: self._choose_status,
            HangUp: self._phones.hang_up,
            Originate: self._originate,
            OriginateAgentLeg: self._phones.originate_agent_leg,
            OriginateSessionLeg: self._open_session,
            PlayMessage: self._play,
            PlayTone: self._phones.play_tone,
            RefillWindow: self._refill,
            ReportLegs: self._phones.report_legs,
            ResumeRecording: self._nothing,
            SpeakSafeHarbour: self._speak_safe_harbour,
            StartRecording: self._phones.start_recording,
            StopPlaying: self._phones.stop_playing,
            StopRecording: self._phones.stop_recording,
            SuspendRecording: self._nothing,
            UnbridgeLegs: self._phones.unbridge,
        }
        """How each deed is done here."""

    def run(self) -> Shift:
        """The whole shift."""
        self._open()
        engine, heap, told = self.engine, self._heap, self._told
        due = engine.next_timer()
        while True:
            if heap and (due is None or heap[0][0] <= due):
                if heap[0][0] > self._end:
                    break
                self._now, _, deed, arguments = heappop(heap)
                deed(*arguments)
                if not told:
                    continue
            elif due is not None and due <= self._end:
                self._now = max(self._now, due)
                self._turn()
            else:
                break
            self._tell_engine()
            due = engine.next_timer()
        return self._shift()

    def _shift(self) -> Shift:
        return self._tally.shift(
            agents=self._scenario.agents,
            hours=self._scenario.hours,
            seed=self._seed,
            events=self.events,
            start=START,
            end=self._end,
            last=self.engine.snapshot(self._end),
        )

    # --- the beginning ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        scenario = self._scenario
        names = [f"agent-{number}" for number in range(scenario.agents)]
        for name, queues in zip(names, scenario.queues_of_agents, strict=True):
            self._tell(AgentRegistered(name, alike(queues), persistent=scenario.persistent_connections))
        for queue, most in {run.campaign.queue: run.campaign.max_contacts for run in self._runs.values()}.items():
            if most < MANY_CONTACTS:
                self._tell(QueueLimited(queue, most))
        self._tell_engine()
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
        for host, failure in self._hosts.items():
            if failure is not None:
                failure.begin(self._after, partial(self._phones.lose, host), partial(self._phones.find, host))
        if self._watch is not None:
            self._look()

    def _open_campaign(self, campaign: Campaign) -> None:
        if campaign.start_at_h:
            self._at(at_hour(campaign.start_at_h), self._set_state, campaign, CampaignState.RUNNING)
        else:
            self._set_state(campaign, CampaignState.RUNNING)
            self._tell_engine()
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
                DialingSettings(
                    dialer_type=dialer,
                    queue_id=None if dialer is DialerType.AGENTLESS else campaign.queue,
                    bandwidth_allocation=campaign.bandwidth_allocation,
                    dialing_capacity=campaign.dialing_capacity,
                    detects_machines=campaign.detects_machines,
                    awaits_prompt=campaign.awaits_prompt,
                    # Other dialers are measured as they were published.
                    abandonment=AbandonmentLimits(
                        target_ratio=campaign.abandonment_target_ratio,
                        binding=self._scenario.ledger and campaign.pacer not in BASELINES,
                    ),
                    safe_harbour=campaign.safe_harbour_s > 0,
                ),
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

    def _nothing(self, command: SuspendRecording | ResumeRecording) -> None:
        """Nothing is said in a simulated talk."""

    def _choose_status(self, command: ChooseStatus) -> None:
        self._set_status(command.agent_id, command.status)

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

    def _after(self, after: Duration, deed: Callable[[], None]) -> None:
        self._at(self._now + after, deed)

    def _later(self, after: Duration, deed: LegDeed, leg: SimulatedLeg) -> None:
        self._sequence += 1
        heappush(self._heap, (self._now + after, self._sequence, deed, (leg,)))

    def _reported_later(self, after: Duration, deed: LegDeed, leg: SimulatedLeg) -> None:
        late = seconds(self._random.expovariate(1.0) * self._scenario.carrier_delay_s)
        self._later(after + late, deed, leg)

    def _tell(self, event: Event) -> None:
        """Something has happened, and the engine is to be told. Nothing is done about a phone that rings: it is told
        with what comes next."""
        (self._rang if type(event) is LegRang else self._told).append((event, self._now))

    def _tell_engine(self) -> None:
        """Tell what has happened and what follows from it at this instant, each event in a turn of its own."""
        told = self._told
        while told:
            self._turn((told.popleft(),))

    def _turn(self, events: tuple[tuple[Event, Instant], ...] = ()) -> None:
        if self._rang:
            events = (*self._rang, *events)
            self._rang.clear()
        self.events += len(events) or 1
        decision = self.engine.turn(events, self._now)
        if self._trace is not None:
            self._trace(events, self._now, decision)
        assert not decision.refused, "the simulated world told what cannot be"
        if decision.changes:
            self._tally.count(decision.changes)
        if decision.deeds:
            deeds = self._deeds
            for deed in decision.deeds_to_do(refused=()):
                deeds[type(deed)](deed)

    def _new_id(self) -> str:
        self._leg_number += 1
        return f"leg-{self._leg_number}"

    # --- phones -----------------------------------------------------------------------------------------------------

    def _originate(self, command: Originate) -> None:
        if self._phones.is_lost(command.host):
            self._tell(OriginateVoided(command.leg_id))
            return
        run = self._runs[command.campaign_id]
        fate = run.draw(self._now, self._random)
        self._tally.attempt(command.contact_id, run, self._now, fate)
        if self._scenario.burst_every_h and self._fails():
            self._phones.originate(command, fate, congested=True)
        else:
            self._phones.originate(command, fate)

    def _fails(self) -> bool:
        scenario = self._scenario
        into = (self._now - START) % max(1, round(scenario.burst_every_h * HOUR))
        first = into == self._now - START
        in_burst = into < seconds(scenario.burst_length_s) and not first
        return in_burst and self._random.random() < scenario.burst_share

    def _open_session(self, command: OriginateSessionLeg) -> None:
        self._sessions += 1
        drops_after = session_drops_after(self._scenario.session_drop_per_h, self._seed, self._sessions)
        self._phones.originate_session_leg(command, drops_after=drops_after)

    def _play(self, command: PlayMessage) -> None:
        self._phones.play(command.leg_id, command.play_id, plain(self._flows.text(command.action_id)))

    def _speak_safe_harbour(self, command: SpeakSafeHarbour) -> None:
        lasts_s = self._runs[command.campaign_id].campaign.safe_harbour_s
        self._phones.play(command.leg_id, command.play_id, plain("x" * max(1, round(lasts_s * CHARACTERS_PER_S))))

    def _agent_done(self, agent_id: str) -> None:
        # Whoever has asked for a break or gone home meanwhile stays away.
        self._tell(AgentStatusSet(agent_id, self._wanted[agent_id]))

    # --- the backlog ------------------------------------------------------------------------------------------------

    def _refill(self, command: RefillWindow) -> None:
        taken = self._runs[command.campaign_id].take(command.limit)
        first = self._offered + 1
        self._offered += taken
        # No request expires in a shift, however long it is.
        expires_at = self._end + HOUR
        contacts = tuple(OfferedContact(f"contact-{n}", n, expires_at) for n in range(first, first + taken))
        # All that there are, are due, and whoever was offered is not in the list any more.
        self._tell(ContactsOffered(command.campaign_id, contacts, next_due_at=None))


def at_hour(hour: float) -> Instant:
    """The instant of an hour of the shift."""
    return START + seconds(hour * 3600)
