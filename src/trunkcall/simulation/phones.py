"""The phones of a simulated world: those of customers, what answers them, and those of agents.

Decides what a phone does with each deed of a dialer, which events follow, after how long, and when an agent is done
with the work after a contact. It must not know what time it is, whom an attempt meets, nor where events go: its driver
has the clock, draws the fates and takes the events.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.customer_keys import Chances
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.saying import Saying, length
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayTone,
    ReportLegs,
    StartRecording,
    StopPlaying,
    StopRecording,
    UnbridgeLegs,
)
from trunkcall.engine.events import (
    BeepHeard,
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    DetectionEnded,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    LegsUnbridged,
    OriginateVoided,
)
from trunkcall.simulation.legs import Later, SimulatedLeg
from trunkcall.simulation.media import Media
from trunkcall.simulation.world import Fate, Outcome

RINGS_AFTER: Final[Duration] = SECOND // 2
"""How long after the originate a phone is heard ringing."""
CONGESTED_AFTER: Final[Duration] = SECOND // 2
"""How long it takes to hear that the network has no circuit."""

NO_KEYS: Final[Chances] = MappingProxyType({})

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_ORIGINATING: Final = LegState.ORIGINATING
_RINGING: Final = LegState.RINGING
_UP: Final = LegState.UP
_ENDED: Final = LegState.ENDED
_HUMAN: Final = Outcome.HUMAN
_MACHINE: Final = Outcome.MACHINE
_BEEP: Final = DetectionStatus.VOICEMAIL_BEEP
_BUSY: Final = Outcome.BUSY
_INVALID: Final = Outcome.INVALID
_NO_ANSWER: Final = Outcome.NO_ANSWER
_NORMAL: Final = HangupCause.NORMAL
_BY_US: Final = HangupCause.HUNG_UP_BY_US


class Phones:
    """Every phone that a dialer can reach, and the legs to them. The contract of its deeds and events is that of
    ``trunkcall.telephony.carrier``.

    ``tell`` takes the events. ``later`` is the driver's clock, ``reported_later`` the same for what the network sees of
    a customer's phone and may be late to report. ``agent_done`` is told of an agent who has finished the work after a
    contact, and would set the status back to available.

    Legs are on one of ``hosts``; what is asked of another is asked of the first. A host that is lost hears nothing and
    nothing is heard of it, but its phones go on: what they did is told when it is found. A single host has no name to
    those who are told. ``prompts`` are those that there are, None where that is not known; ``customer_keys`` what is
    pressed after a message.
    """

    def __init__(
        self,
        *,
        tell: Callable[[CarrierEvent], None],
        later: Later,
        reported_later: Later | None = None,
        agent_done: Callable[[str], None],
        hosts: Sequence[str] = ("local",),
        prompts: Callable[[], Mapping[str, Prompt] | None] = lambda: None,
        customer_keys: Chances = NO_KEYS,
    ) -> None:
        self._tell = tell
        self._hosts = tuple(hosts)
        self._lost: set[str] = set()
        self._unsaid: list[tuple[str, SimulatedLeg]] = []
        """Agents who are done with the work after a contact on a lost host, each with its customer."""
        self._later = later
        self._reported_later = reported_later or later
        self._agent_done = agent_done
        self._legs: dict[str, SimulatedLeg] = {}
        self._busy: dict[str, SimulatedLeg] = {}
        """Agents who are in a contact or the work after it, each with its customer."""
        self._media = Media(self._say, later, lambda saying: length(saying, prompts()), customer_keys)

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
        for agent_id, customer in unsaid:
            self._finish_work(agent_id, customer)

    def tell_found(self, host: str) -> None:
        """Tell which legs the host has, or that it is lost."""
        name = self._name(host)
        self._tell(CarrierLost(name) if host in self._lost else CarrierFound(self.live(host), name))

    def _host(self, host: str) -> str:
        return host if host in self._hosts else self._hosts[0]

    def _name(self, host: str) -> str | None:
        return host if len(self._hosts) > 1 else None

    def _say(self, leg: SimulatedLeg, event: CarrierEvent) -> None:
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
            given_up_after = RINGS_AFTER + command.ring_timeout
            if ring > given_up_after:
                leg.cause = HangupCause.RING_TIMEOUT
                self._reported_later(given_up_after, self._end, leg)
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
        self._agent_accepts(command.leg_id, command.agent_id, customer.host)
        # A break may have cut the work after the contact before; whoever takes another does not come back to it.
        self._busy.pop(command.agent_id, None)
        self._tell(LegAnswered(command.leg_id))

    def originate_session_leg(self, command: OriginateSessionLeg, *, drops_after: Duration | None = None) -> None:
        """Agents accept a session at once. ``drops_after`` is when the network loses it, None if it does not."""
        if command.leg_id in self._legs:
            return
        if self.is_lost(command.host):
            self._tell(OriginateVoided(command.leg_id))
            return
        leg = self._agent_accepts(command.leg_id, command.agent_id, self._host(command.host))
        leg.in_session = True
        self._tell(LegAnswered(command.leg_id))
        if drops_after is not None:
            self._later(drops_after, self._drop, leg)

    def _agent_accepts(self, leg_id: str, agent_id: str, host: str) -> SimulatedLeg:
        leg = self._legs[leg_id] = SimulatedLeg(leg_id, host, None, None, agent_id)
        leg.state = _UP
        return leg

    def bridge(self, command: BridgeLegs) -> None:
        """Join customer and agent; they talk, and one of them hangs up, or ends the contact where the agent is in a
        session. Nothing happens unless both are up, and with nobody else."""
        customer, agent = self._leg_up(command.customer_leg_id), self._leg_up(command.agent_leg_id)
        if customer is None or agent is None or customer.peer is not None or agent.peer is not None:
            return
        fate, agent_id = customer.fate, agent.agent_id
        if fate is None or agent_id is None:
            return
        self._media.moves(customer)
        self._media.moves(agent)
        customer.peer, agent.peer = agent, customer
        agent.served = self._busy[agent_id] = customer
        self._say(customer, LegsBridged(customer.leg_id, agent.leg_id))
        if not fate.agent_hangs_up:
            self._later(fate.talk, self._end, customer)
        elif agent.in_session:
            self._later(fate.talk, self._end_contact, customer)
        else:
            self._later(fate.talk, self._end, agent)

    def unbridge(self, command: UnbridgeLegs) -> None:
        """Part two who are joined."""
        customer, agent = self._leg_up(command.customer_leg_id), self._leg_up(command.agent_leg_id)
        if customer is not None and agent is not None and customer.peer is agent:
            self._part(customer, agent)

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        """Say something to a leg that is up."""
        leg = self._leg_up(leg_id)
        if leg is not None:
            self._media.play(leg, play_id, saying)

    def play_tone(self, command: PlayTone) -> None:
        """Have the party of a leg that is up hear a tone."""
        leg = self._leg_up(command.leg_id)
        if leg is not None:
            self._media.play_tone(leg, command.play_id, command.tone)

    def stop_playing(self, command: StopPlaying) -> None:
        """Break a prompt off."""
        leg = self._leg_up(command.leg_id)
        if leg is not None:
            self._media.stop_playing(leg, command.play_id)

    def start_recording(self, command: StartRecording) -> None:
        """Record a leg that is up."""
        leg = self._leg_up(command.leg_id)
        if leg is not None:
            self._media.start_recording(leg, command.recording_id)

    def stop_recording(self, command: StopRecording) -> None:
        """End a recording."""
        leg = self._media.recorded(command.recording_id)
        if leg is not None and leg.host not in self._lost:
            self._media.stop_recording(leg, command.recording_id)

    def press(self, leg_id: str, key: str) -> None:
        """The party of a leg that is up presses a key: one of 0 to 9, A to D, * and #."""
        leg = self._legs.get(leg_id)
        if leg is not None and leg.state is _UP:
            self._media.press(leg, key)

    def put_on_hold(self, leg_id: str, *, back: bool = False) -> None:
        """The party of a leg that is up puts the other on hold, or comes back."""
        leg = self._legs.get(leg_id)
        if leg is not None and leg.state is _UP:
            self._media.put_on_hold(leg, back=back)

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

    def _leg_up(self, leg_id: str) -> SimulatedLeg | None:
        """The leg, if it is up and can be reached."""
        leg = self._legs.get(leg_id)
        return leg if leg is not None and leg.state is _UP and leg.host not in self._lost else None

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
        assert fate is not None
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
        fate, command = leg.fate, leg.command
        assert command is not None
        assert fate is not None
        leg.detection = fate.detection
        self._say(leg, DetectionEnded(leg.leg_id, leg.detection))
        if fate.detection is _BEEP and fate.outcome is _MACHINE and not command.await_prompt:
            self._later(fate.prompt, self._beep, leg)

    def _beep(self, leg: SimulatedLeg) -> None:
        if leg.state is _UP:
            self._say(leg, BeepHeard(leg.leg_id))

    def _lose_patience(self, leg: SimulatedLeg) -> None:
        """Silence is what drives people off the line; somebody who is spoken to stays."""
        if leg.peer is None and not leg.listening:
            self._end(leg)

    def _end_contact(self, customer: SimulatedLeg) -> None:
        """The agent, in a session, is done with the customer."""
        if customer.peer is not None:
            self._part(customer, customer.peer)

    def _part(self, customer: SimulatedLeg, agent: SimulatedLeg) -> None:
        customer.peer = agent.peer = None
        self._say(customer, LegsUnbridged(customer.leg_id, agent.leg_id))
        if agent.in_session:
            self._work(agent)

    def _drop(self, leg: SimulatedLeg) -> None:
        leg.cause = HangupCause.FAILED
        self._end(leg)

    def _end(self, leg: SimulatedLeg) -> None:
        if leg.state is _ENDED:
            return
        leg.state = _ENDED
        del self._legs[leg.leg_id]
        if leg.recordings:
            self._media.end(leg)
        self._say(leg, LegEnded(leg.leg_id, leg.cause))
        peer, leg.peer = leg.peer, None
        if peer is not None:
            peer.peer = None
            if peer.in_session:
                self._work(peer)
        self._work(leg)

    def _work(self, leg: SimulatedLeg) -> None:
        """An agent has left a contact, and has work to do after it."""
        customer, agent_id = leg.served, leg.agent_id
        if customer is not None and agent_id is not None:
            leg.served = None
            assert customer.fate is not None
            self._later(customer.fate.wrap, partial(self._finish_work, agent_id), customer)

    def _finish_work(self, agent_id: str, customer: SimulatedLeg) -> None:
        if customer.host in self._lost:
            # To the dialer the talk is not over.
            self._unsaid.append((agent_id, customer))
            return
        if self._busy.get(agent_id) is customer:
            del self._busy[agent_id]
            self._agent_done(agent_id)
