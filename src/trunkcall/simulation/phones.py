"""The phones of a simulated world: those of customers, what answers them, and those of agents.

Decides what a phone does with each deed of a dialer, which events follow, after how long, and when an agent is done
with the work after a contact. It must not know what time it is, whom an attempt meets, nor where events go: its driver
has the clock, draws the fates and takes the events.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.engine.commands import BridgeLegs, HangUp, Originate, OriginateAgentLeg, ReportLegs
from trunkcall.engine.events import (
    CarrierFound,
    CarrierLost,
    DetectionEnded,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    OriginateVoided,
    PlaybackEnded,
)
from trunkcall.simulation.world import Fate, Outcome

RINGS_AFTER: Final[Duration] = SECOND // 2
"""How long after the originate a phone is heard ringing."""
CONGESTED_AFTER: Final[Duration] = SECOND // 2
"""How long it takes to hear that the network has no circuit."""
PROMPT_CHARACTERS_PER_S: Final = 15.0
"""How fast a prompt is spoken: about 150 words a minute."""


# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_ORIGINATING: Final = LegState.ORIGINATING
_RINGING: Final = LegState.RINGING
_UP: Final = LegState.UP
_ENDED: Final = LegState.ENDED
_HUMAN: Final = Outcome.HUMAN
_BUSY: Final = Outcome.BUSY
_INVALID: Final = Outcome.INVALID
_NO_ANSWER: Final = Outcome.NO_ANSWER
_NORMAL: Final = HangupCause.NORMAL
_BY_US: Final = HangupCause.HUNG_UP_BY_US


class SimulatedLeg:
    """A leg to one phone. ``command`` is None for an agent's, ``agent_id`` for a customer's."""

    __slots__ = (
        "agent_id",
        "cause",
        "command",
        "detection",
        "fate",
        "host",
        "leg_id",
        "listening",
        "peer_id",
        "prompts",
        "state",
    )

    def __init__(self, leg_id: str, host: str, fate: Fate, command: Originate | None, agent_id: str | None) -> None:
        self.leg_id = leg_id
        self.host = host
        self.fate = fate
        """Of the contact: an agent's leg has that of its customer."""
        self.command = command
        self.agent_id = agent_id
        self.state = _ORIGINATING
        self.cause = _NORMAL
        """Why it will end, unless somebody asks for it before."""
        self.peer_id: str | None = None
        self.listening = False
        """Whether somebody or something has spoken to it."""
        self.prompts = 0
        """How many are being played to it."""
        self.detection: DetectionStatus | None = None
        """What detection has come to."""

    def as_live(self) -> LiveLeg:
        return LiveLeg(self.leg_id, self.state, self.peer_id, self.detection, self.prompts > 0)


PhoneEvent: TypeAlias = (
    LegRang
    | LegAnswered
    | DetectionEnded
    | LegsBridged
    | LegEnded
    | PlaybackEnded
    | LegsReported
    | OriginateVoided
    | CarrierLost
    | CarrierFound
)
LegDeed: TypeAlias = Callable[[SimulatedLeg], None]
Later: TypeAlias = Callable[[Duration, LegDeed, SimulatedLeg], None]
"""Has something done with a leg after so long. What is asked for first comes first at the same instant."""


class Phones:
    """Every phone that a dialer can reach, and the legs to them. The contract of its deeds and events is that of
    ``trunkcall.telephony.carrier``.

    ``tell`` takes the events. ``later`` is the driver's clock, ``reported_later`` the same for what the network sees of
    a customer's phone and may be late to report. ``agent_done`` is told of an agent who has finished the work after a
    contact, and would set the status back to available.

    Legs are on one of ``hosts``; what is asked of another is asked of the first. A host that is lost hears nothing and
    nothing is heard of it, but its phones go on: what they did is told when it is found. A single host has no name to
    those who are told.
    """

    def __init__(
        self,
        *,
        tell: Callable[[PhoneEvent], None],
        later: Later,
        reported_later: Later | None = None,
        agent_done: Callable[[str], None],
        hosts: Sequence[str] = ("local",),
    ) -> None:
        self._tell = tell
        self._hosts = tuple(hosts)
        self._lost: set[str] = set()
        self._unsaid: list[SimulatedLeg] = []
        """Agents' legs on lost hosts, once the work after their contacts is done."""
        self._later = later
        self._reported_later = reported_later or later
        self._agent_done = agent_done
        self._legs: dict[str, SimulatedLeg] = {}
        self._busy: dict[str, SimulatedLeg] = {}
        """Agents who are in a contact or the work after it, by the leg on which they were joined to it."""

    @property
    def busy_agents(self) -> Collection[str]:
        """Who is talking, or working on a contact that is over."""
        return self._busy.keys()

    def live(self, host: str | None = None) -> tuple[LiveLeg, ...]:
        """Every leg that there is on the host, or on all, oldest first."""
        return tuple(leg.as_live() for leg in self._legs.values() if host is None or leg.host == host)

    # --- hosts --------------------------------------------------------------------------------------------------------

    def is_lost(self, host: str) -> bool:
        """Whether nothing gets to the host."""
        return bool(self._lost) and self._host(host) in self._lost

    def lose(self, host: str) -> None:
        """Nothing gets to the host any more, nor from it."""
        self._lost.add(host)
        self._tell(CarrierLost(self._name(host)))

    def find(self, host: str) -> None:
        """The host can be reached again."""
        self._lost.discard(host)
        self.tell_found(host)
        unsaid, self._unsaid = self._unsaid, []
        for leg in unsaid:
            self._finish_work(leg)

    def tell_found(self, host: str) -> None:
        """Tell which legs the host has, or that it is lost."""
        name = self._name(host)
        self._tell(CarrierLost(name) if host in self._lost else CarrierFound(self.live(host), name))

    def _host(self, host: str) -> str:
        return host if host in self._hosts else self._hosts[0]

    def _name(self, host: str) -> str | None:
        return host if len(self._hosts) > 1 else None

    def _say(self, leg: SimulatedLeg, event: PhoneEvent) -> None:
        """Tell what a leg has done, if its host can be heard."""
        if not self._lost or leg.host not in self._lost:
            self._tell(event)

    # --- what a dialer has done -------------------------------------------------------------------------------------

    def originate(self, command: Originate, fate: Fate, *, congested: bool = False) -> None:
        """Dial a customer who will do as ``fate`` says, from a host that is not lost; ``congested`` says that the
        network has no circuit to there."""
        if command.leg_id in self._legs:
            return
        leg = self._legs[command.leg_id] = SimulatedLeg(command.leg_id, self._host(command.host), fate, command, None)
        outcome, ring = fate.outcome, fate.ring
        if congested:
            leg.cause = HangupCause.CONGESTION
            self._reported_later(CONGESTED_AFTER, self._end, leg)
        elif outcome is _BUSY or outcome is _INVALID:
            leg.cause = HangupCause.BUSY if outcome is _BUSY else HangupCause.INVALID_NUMBER
            self._reported_later(ring, self._end, leg)
        else:
            self._later(RINGS_AFTER, self._ring, leg)
            if ring > command.ring_timeout:
                leg.cause = HangupCause.RING_TIMEOUT
                self._reported_later(command.ring_timeout, self._end, leg)
            elif outcome is _NO_ANSWER:
                leg.cause = HangupCause.NO_ANSWER
                self._reported_later(ring, self._end, leg)
            else:
                self._reported_later(ring, self._answer, leg)

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        """Agents accept at once, as those with auto-accept do."""
        if command.leg_id in self._legs:
            return
        customer = self._legs.get(command.customer_leg_id)
        if customer is None:
            # The customer has hung up meanwhile; the dialer will hear of it and end this leg.
            self._tell(LegEnded(command.leg_id, HangupCause.UNREACHABLE))
            return
        if customer.host in self._lost:
            self._tell(OriginateVoided(command.leg_id))
            return
        leg = SimulatedLeg(command.leg_id, customer.host, customer.fate, None, command.agent_id)
        self._legs[command.leg_id] = leg
        leg.state = _UP
        # A break may have cut the work after the contact before; whoever takes another does not come back to it.
        self._busy.pop(command.agent_id, None)
        self._tell(LegAnswered(command.leg_id))

    def bridge(self, command: BridgeLegs) -> None:
        """Join customer and agent; they talk, and one of them hangs up. Nothing happens unless both are up, and the
        customer with nobody else."""
        customer, agent = self._legs.get(command.customer_leg_id), self._legs.get(command.agent_leg_id)
        if customer is None or agent is None or customer.peer_id in self._legs:
            return
        if customer.state is not _UP or agent.state is not _UP or customer.host in self._lost:
            return
        customer.peer_id, agent.peer_id = agent.leg_id, customer.leg_id
        if agent.agent_id is not None:
            self._busy[agent.agent_id] = agent
        fate = customer.fate
        self._say(customer, LegsBridged(customer.leg_id, agent.leg_id))
        self._later(fate.talk, self._end, agent if fate.agent_hangs_up else customer)

    def play(self, leg_id: str, prompt: str) -> None:
        """Speak a prompt to a leg that is up."""
        leg = self._legs.get(leg_id)
        if leg is None or leg.state is not _UP or leg.host in self._lost:
            return
        leg.listening = True
        leg.prompts += 1
        self._later(round(len(prompt) / PROMPT_CHARACTERS_PER_S * SECOND), self._end_prompt, leg)

    def hang_up(self, command: HangUp) -> None:
        """End a leg, whatever it does."""
        leg = self._legs.get(command.leg_id)
        if leg is not None and leg.host not in self._lost:
            leg.cause = _BY_US
            self._end(leg)

    def report_legs(self, command: ReportLegs) -> None:
        """Tell which legs there are on each host that can be heard."""
        for host in self._hosts:
            if host not in self._lost:
                self._tell(LegsReported(command.question, self.live(host), self._name(host)))

    # --- what phones do by themselves: asked for in advance, it comes to nothing once the leg has ended --------------

    def _ring(self, leg: SimulatedLeg) -> None:
        if leg.state is _ORIGINATING:
            leg.state = _RINGING
            self._say(leg, LegRang(leg.leg_id))

    def _answer(self, leg: SimulatedLeg) -> None:
        if leg.state is _ENDED:
            return
        leg.state = _UP
        fate, command = leg.fate, leg.command
        assert command is not None
        self._say(leg, LegAnswered(leg.leg_id))
        if fate.outcome is _HUMAN:
            self._later(fate.patience, self._lose_patience, leg)
        if command.detect_machines:
            wait = fate.detection_time + fate.prompt if command.await_prompt else fate.detection_time
            if wait:
                self._reported_later(wait, self._detect, leg)
            else:
                self._detect(leg)

    def _detect(self, leg: SimulatedLeg) -> None:
        if leg.state is _ENDED:
            return
        leg.detection = leg.fate.detection
        self._say(leg, DetectionEnded(leg.leg_id, leg.detection))

    def _lose_patience(self, leg: SimulatedLeg) -> None:
        """Silence is what drives people off the line; somebody who is spoken to stays."""
        if leg.peer_id is None and not leg.listening:
            self._end(leg)

    def _end_prompt(self, leg: SimulatedLeg) -> None:
        if leg.state is _ENDED:
            return
        leg.prompts -= 1
        self._say(leg, PlaybackEnded(leg.leg_id))

    def _end(self, leg: SimulatedLeg) -> None:
        if leg.state is _ENDED:
            return
        leg.state = _ENDED
        del self._legs[leg.leg_id]
        self._say(leg, LegEnded(leg.leg_id, leg.cause))
        if leg.agent_id is not None and leg.peer_id is not None:
            self._later(leg.fate.wrap, self._finish_work, leg)

    def _finish_work(self, leg: SimulatedLeg) -> None:
        if leg.host in self._lost:
            # To the dialer the talk is not over.
            self._unsaid.append(leg)
            return
        agent_id = leg.agent_id
        if agent_id is not None and self._busy.get(agent_id) is leg:
            del self._busy[agent_id]
            self._agent_done(agent_id)
