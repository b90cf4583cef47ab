"""A carrier that simulates everybody: customers, their phones, answering machines, and agents.

Decides when simulated things happen, on the instance's clock. It must not know campaigns, queues or pacing; what a
world is like is ``trunkcall.simulation.world``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from trunkcall.domain.clock import Clock
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.engine.commands import BridgeLegs, HangUp, Originate, OriginateAgentLeg, ReportLegs
from trunkcall.engine.events import (
    CarrierFound,
    DetectionEnded,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
)
from trunkcall.simulation.world import Fate, Outcome, World, fate_of
from trunkcall.telephony.carrier import CarrierEvent, CarrierSink, Destination, PlaybackEnded
from trunkcall.telephony.journal import OriginateJournal

AgentDone: TypeAlias = Callable[[str], None]
"""Called with an agent's id once the agent has finished the work after a contact."""

PROMPT_CHARACTERS_PER_S = 15.0
"""How fast a prompt is spoken: about 150 words a minute."""


@dataclass(slots=True)
class _SimulatedLeg:
    leg_id: str
    fate: Fate
    agent_id: str | None = None
    state: LegState = LegState.ORIGINATING
    peer_id: str | None = None
    listening: bool = False
    """Whether somebody or something has spoken to it."""
    prompts: int = 0
    """How many are being played to it."""
    detection: DetectionStatus | None = None
    """What detection has come to."""

    def as_live(self) -> LiveLeg:
        return LiveLeg(self.leg_id, self.state, self.peer_id, self.detection, self.prompts > 0)


class SimulatedCarrier:
    """The default carrier.

    ``seed`` and a contact's client token decide its fate. ``on_agent_done`` is told when a simulated agent would set
    the status back to available; None when nobody simulates the agents' presence.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        world: World,
        seed: int,
        on_agent_done: AgentDone | None = None,
        journal_path: Path | None = None,
    ) -> None:
        self._clock = clock
        self._world = world
        self._seed = seed
        self._on_agent_done = on_agent_done
        self._journal = OriginateJournal(journal_path) if journal_path is not None else None
        self._legs: dict[str, _SimulatedLeg] = {}
        self._sink: CarrierSink | None = None

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        if self._journal is not None:
            self._journal.open()
        self._sink = sink
        sink(CarrierFound(self._live()))

    async def close(self) -> None:
        self._sink = None
        if self._journal is not None:
            self._journal.close()

    def originate(self, command: Originate, destination: Destination) -> None:
        if self._sink is None:
            return
        if self._journal is not None:
            # A witness sees repeats too, so it comes first.
            self._journal.write(self._clock.now(), command.contact_id, command.leg_id)
        if command.leg_id in self._legs:
            return
        fate = fate_of(self._world, self._seed, destination.client_token)
        leg = self._legs[command.leg_id] = _SimulatedLeg(command.leg_id, fate)
        if fate.outcome in (Outcome.BUSY, Outcome.INVALID):
            cause = HangupCause.BUSY if fate.outcome is Outcome.BUSY else HangupCause.INVALID_NUMBER
            self._later(leg, fate.ring, lambda: self._end(leg, cause))
            return
        self._later(leg, SECOND // 2, lambda: self._ring(leg))
        answers = fate.outcome in (Outcome.HUMAN, Outcome.MACHINE) and fate.ring <= command.ring_timeout
        if answers:
            self._later(leg, fate.ring, lambda: self._answer(leg, command))
        elif fate.outcome is Outcome.NO_ANSWER and fate.ring <= command.ring_timeout:
            self._later(leg, fate.ring, lambda: self._end(leg, HangupCause.NO_ANSWER))
        else:
            self._later(leg, command.ring_timeout, lambda: self._end(leg, HangupCause.RING_TIMEOUT))

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        """Simulated agents accept at once, as agents with auto-accept do."""
        customer = self._legs.get(command.customer_leg_id)
        if command.leg_id in self._legs or self._sink is None:
            return
        if customer is None:
            # The customer has hung up meanwhile; the dialer will hear of it and end this leg.
            self._tell(LegEnded(command.leg_id, HangupCause.UNREACHABLE))
            return
        leg = self._legs[command.leg_id] = _SimulatedLeg(command.leg_id, customer.fate, agent_id=command.agent_id)
        leg.state = LegState.UP
        self._tell(LegAnswered(command.leg_id))

    def bridge(self, command: BridgeLegs) -> None:
        customer = self._legs.get(command.customer_leg_id)
        agent = self._legs.get(command.agent_leg_id)
        if customer is None or agent is None or customer.peer_id in self._legs:
            return
        if customer.state is not LegState.UP or agent.state is not LegState.UP:
            return
        customer.peer_id, agent.peer_id = agent.leg_id, customer.leg_id
        self._tell(LegsBridged(customer.leg_id, agent.leg_id))
        who_ends = agent if customer.fate.agent_hangs_up else customer
        self._later(who_ends, customer.fate.talk, lambda: self._end(who_ends, HangupCause.NORMAL))

    def play(self, leg_id: str, prompt: str) -> None:
        leg = self._legs.get(leg_id)
        if leg is None or leg.state is not LegState.UP:
            return
        leg.listening = True
        leg.prompts += 1
        length = round(len(prompt) / PROMPT_CHARACTERS_PER_S * SECOND)
        self._later(leg, length, lambda: self._end_prompt(leg))

    def hang_up(self, command: HangUp) -> None:
        leg = self._legs.get(command.leg_id)
        if leg is not None:
            self._end(leg, HangupCause.HUNG_UP_BY_US)

    def report_legs(self, command: ReportLegs) -> None:
        self._tell(LegsReported(command.question, self._live()))

    def _live(self) -> tuple[LiveLeg, ...]:
        return tuple(leg.as_live() for leg in self._legs.values())

    def _ring(self, leg: _SimulatedLeg) -> None:
        if leg.state is LegState.ORIGINATING:
            leg.state = LegState.RINGING
            self._tell(LegRang(leg.leg_id))

    def _answer(self, leg: _SimulatedLeg, command: Originate) -> None:
        leg.state = LegState.UP
        self._tell(LegAnswered(leg.leg_id))
        fate = leg.fate
        if fate.outcome is Outcome.HUMAN:
            self._later(leg, fate.patience, lambda: self._lose_patience(leg))
        if command.detect_machines:
            wait = fate.detection_time + (fate.prompt if command.await_prompt else 0)
            self._later(leg, wait, lambda: self._detect(leg))

    def _detect(self, leg: _SimulatedLeg) -> None:
        leg.detection = leg.fate.detection
        self._tell(DetectionEnded(leg.leg_id, leg.detection))

    def _end_prompt(self, leg: _SimulatedLeg) -> None:
        leg.prompts -= 1
        self._tell(PlaybackEnded(leg.leg_id))

    def _lose_patience(self, leg: _SimulatedLeg) -> None:
        """Silence is what drives people off the line; somebody who is spoken to stays."""
        if leg.peer_id is None and not leg.listening:
            self._end(leg, HangupCause.NORMAL)

    def _end(self, leg: _SimulatedLeg, cause: HangupCause) -> None:
        del self._legs[leg.leg_id]
        was_bridged = leg.peer_id is not None
        leg.state = LegState.ENDED
        self._tell(LegEnded(leg.leg_id, cause))
        if leg.agent_id is not None and was_bridged and self._on_agent_done is not None:
            agent_id, done = leg.agent_id, self._on_agent_done
            self._clock.call_at(self._clock.now() + leg.fate.wrap, lambda: done(agent_id))

    def _later(self, leg: _SimulatedLeg, after: Duration, deed: Callable[[], None]) -> None:
        """Do it after a while, unless the leg has ended by then."""

        def due() -> None:
            if self._legs.get(leg.leg_id) is leg:
                deed()

        self._clock.call_at(self._clock.now() + after, due)

    def _tell(self, event: CarrierEvent) -> None:
        if self._sink is not None:
            self._sink(event)
