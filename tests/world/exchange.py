"""The carrier's process: the simulated carrier, whose legs outlive the servers, and what goes wrong at it.

It serves the line of the greatest token; what others ask for is not done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeAlias, assert_never

from trunkcall.domain.clock import Seconds
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayTone,
    ReportLegs,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.engine.events import (
    CarrierEvent,
    CarrierFound,
    CarrierLost,
    LegEnded,
    LegsReported,
    LegsUnbridged,
    OriginateVoided,
)
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.simulation.world import World
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.simulated import SimulatedCarrier
from world.faults import Faults
from world.loop import Process
from world.story import Story
from world.witness import Witness

if TYPE_CHECKING:
    from world.line import Session


@dataclass(frozen=True, slots=True)
class Dial:
    """An originate, with whom it reaches."""

    command: Originate
    destination: Destination


@dataclass(frozen=True, slots=True)
class Play:
    """A prompt for a leg."""

    leg_id: str
    play_id: str
    saying: Saying


Asked: TypeAlias = (
    Dial
    | OriginateAgentLeg
    | OriginateSessionLeg
    | BridgeLegs
    | UnbridgeLegs
    | Play
    | PlayTone
    | StopPlaying
    | StartRecording
    | SuspendRecording
    | ResumeRecording
    | StopRecording
    | HangUp
    | ReportLegs
)
"""What a line can carry to the exchange."""

OWN_QUESTION = -1
PEOPLE = World(
    human_ratio=0.5,
    machine_ratio=0.2,
    human_ring_scale_s=1.5,
    machine_ring_mean_s=8.0,
    no_answer_s=12.0,
    talk_mean_s=15.0,
    wrap_mean_s=4.0,
    machine_prompt_mean_s=4.0,
    patience_s=4.0,
)
"""They answer, talk and work faster than people do, so that more happens in a minute."""


class Exchange:
    """Every phone, and who may have them rung."""

    def __init__(
        self,
        process: Process,
        *,
        wall: Callable[[], int],
        seconds: Seconds,
        seed: int,
        hosts: Sequence[str],
        faults: Faults,
        witness: Witness,
        story: Story,
        random: Random,
    ) -> None:
        self.process = process
        self.faults = faults
        # Who was stopped finds that a phone has rung too long before it hears what the phone did.
        self._words_arrive = not (
            faults.words_lost or faults.words_late or faults.servers_stop_every_s or faults.stops_at_commits
        )
        self._witness = witness
        self._story = story
        self._random = random
        self.clock = WallPacedClock(wall=wall, monotonic=seconds)
        self._carrier = SimulatedCarrier(self.clock, world=PEOPLE, seed=seed, hosts=dict.fromkeys(hosts))
        self._hosts = tuple(hosts)
        self._lost_hosts: set[str] = set()
        self._host_of: dict[str, str] = {}
        """Of every leg, those that have ended included."""
        self._session: Session | None = None
        self._token = 0
        self._legs: dict[str | None, Sequence[LiveLeg]] = {}
        """As each host last told."""
        self._trunk_of: dict[str, str] = {}
        """Of every leg to a customer, those that have ended included."""
        self._lost: str | None = None
        """The leg that is just being lost: nobody hears of it."""

        witness.leg_is_heard = self._is_heard

    async def open(self) -> None:
        await self._carrier.start(self._hear, token=0)
        self.process.spawn(self.clock.run())

    @property
    def busy_agents(self) -> frozenset[str]:
        return frozenset(self._carrier.busy_agents)

    def legs(self) -> Sequence[LiveLeg]:
        """Those of all hosts that are not lost."""
        self._legs.clear()
        self._carrier.report_legs(ReportLegs(OWN_QUESTION))
        return [leg for legs in self._legs.values() for leg in legs]

    def _is_heard(self, leg_id: str) -> bool:
        return self._words_arrive and any(leg.leg_id == leg_id for leg in self.legs())

    def hosts_as_they_are(self) -> Sequence[CarrierFound | CarrierLost]:
        """What whoever is newly served is told."""
        self.legs()
        names = self._hosts if len(self._hosts) > 1 else (None,)
        return [
            CarrierFound(tuple(self._legs[name]), name) if name in self._legs else CarrierLost(name) for name in names
        ]

    # --- lines --------------------------------------------------------------------------------------------------------

    def serve(self, session: Session, token: int) -> bool:
        """Whether the line is served. A former one is not any more."""
        if token < self._token:
            return False
        former, self._session, self._token = self._session, session, token
        if former is not None:
            former.break_off(noticed_after_s=0.0)
        return True

    def leave(self, session: Session) -> None:
        if self._session is session:
            self._session = None

    def _hear(self, event: CarrierEvent) -> None:
        match event:
            case LegsReported(question=question) if question == OWN_QUESTION:
                self._legs[event.host] = event.legs
                return
            case LegEnded():
                self._witness.ends(event.leg_id)
                if event.leg_id == self._lost:
                    return
            case LegsUnbridged():
                self._witness.parts(event.agent_leg_id)
            case CarrierFound(found, name):
                for leg in found:
                    if leg.bridged_to is None:
                        self._witness.parts(leg.leg_id)
                # A single host has no name.
                there = {leg.leg_id for leg in found}
                for leg_id, host in self._host_of.items():
                    if name in (None, host) and leg_id not in there:
                        self._witness.ends(leg_id)
            case _:
                pass
        self._say(event)

    def _say(self, event: CarrierEvent) -> None:
        if self._session is not None:
            self._session.say(event)

    # --- deeds, as they arrive ----------------------------------------------------------------------------------------

    def do(self, deed: Asked, session: Session) -> None:
        """A deed of whoever is served."""
        if session is not self._session:
            return
        match deed:
            case Dial():
                self._originate(deed.command, deed.destination)
            case OriginateAgentLeg():
                self._ring_agent(deed)
            case BridgeLegs():
                self._bridge(deed)
            case HangUp():
                self._carrier.hang_up(deed)
            case ReportLegs():
                self._carrier.report_legs(deed)
            case Play():
                self._carrier.play(deed.leg_id, deed.play_id, deed.saying)
            case OriginateSessionLeg():
                self._ring_for_a_session(deed)
            case UnbridgeLegs():
                self._carrier.unbridge(deed)
            case PlayTone():
                self._carrier.play_tone(deed)
            case StopPlaying():
                self._carrier.stop_playing(deed)
            case StartRecording():
                self._carrier.start_recording(deed)
            case SuspendRecording():
                self._carrier.suspend_recording(deed)
            case ResumeRecording():
                self._carrier.resume_recording(deed)
            case StopRecording():
                self._carrier.stop_recording(deed)
            case _:
                assert_never(deed)

    def _originate(self, command: Originate, destination: Destination) -> None:
        if self._random.random() < self.faults.originates_voided:
            self._story.tell("carrier", f"{command.leg_id} to {command.contact_id} never leaves")
            self._say(OriginateVoided(command.leg_id))
            return
        self._story.tell("carrier", f"{command.leg_id} dials {command.contact_id} by {command.trunk_id}")
        self._carrier.originate(command, destination)
        if command.host in self._lost_hosts:
            return
        self._host_of[command.leg_id] = command.host
        self._trunk_of[command.leg_id] = command.trunk_id
        lines = sum(self._trunk_of.get(leg.leg_id) == command.trunk_id for leg in self.legs())
        self._witness.dials(command, destination, self.now(), lines)

    def _ring_agent(self, command: OriginateAgentLeg) -> None:
        self._witness.rings_agent(command)
        if self._random.random() < self.faults.agents_miss:
            self._story.tell("carrier", f"{command.agent_id} does not take {command.leg_id}")
            self._say(LegEnded(command.leg_id, HangupCause.NO_ANSWER))
            return
        self._story.tell("carrier", f"{command.leg_id} rings {command.agent_id} for {command.customer_leg_id}")
        self._host_of[command.leg_id] = self._host_of.get(command.customer_leg_id, self._hosts[0])
        self._carrier.originate_agent_leg(command)

    def _ring_for_a_session(self, command: OriginateSessionLeg) -> None:
        self._witness.rings_for_a_session(command)
        if self._random.random() < self.faults.agents_miss:
            self._story.tell("carrier", f"{command.agent_id} does not take the session {command.leg_id}")
            self._say(LegEnded(command.leg_id, HangupCause.NO_ANSWER))
            return
        self._story.tell("carrier", f"{command.agent_id} is in the session {command.leg_id}")
        self._host_of[command.leg_id] = command.host
        self._carrier.originate_session_leg(command)

    def _bridge(self, command: BridgeLegs) -> None:
        up = {leg.leg_id: leg for leg in self.legs() if leg.state is LegState.UP}
        customer = up.get(command.customer_leg_id)
        if customer is not None and command.agent_leg_id in up and customer.bridged_to != command.agent_leg_id:
            self._story.tell("carrier", f"{command.customer_leg_id} and {command.agent_leg_id} talk")
            self._witness.joins(command)
        self._carrier.bridge(command)

    def now(self) -> Instant:
        return self.clock.now()

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def break_line(self) -> None:
        """The line that is served breaks, and its server finds out at once or late."""
        if self._session is not None:
            after_s = self._random.choice((0.0, 1.0, 10.0))
            self._story.tell("carrier", f"the line breaks; it is noticed after {after_s} s")
            self._session.break_off(noticed_after_s=after_s)

    def lose_host(self) -> None:
        """A host fails for a while, and its phones go on; what they did is told when it is found."""
        host = self._random.choice(self._hosts)
        if host not in self._lost_hosts:
            for_s = self._random.choice((2.0, 10.0, 40.0, 90.0))
            self._story.tell("carrier", f"{host} fails for {for_s} s")
            self._lost_hosts.add(host)
            self._carrier.fail(host)
            asyncio.get_running_loop().call_later(for_s, self._find_host, host, context=self.process.context)

    def _find_host(self, host: str) -> None:
        if host in self._lost_hosts:
            self._story.tell("carrier", f"{host} is found")
            self._lost_hosts.discard(host)
            self._carrier.find(host)

    def find_hosts(self) -> None:
        """All of them answer again."""
        for host in self._hosts:
            self._find_host(host)

    def press(self, leg_id: str, keys: str) -> None:
        """The party of a leg presses them."""
        for key in keys:
            self._carrier.press(leg_id, key)

    def lose_leg(self) -> None:
        """One of its legs is gone, told or untold."""
        legs = self.legs()
        if not legs:
            return
        leg_id = self._random.choice(legs).leg_id
        told = self._random.random() < 0.5
        self._story.tell("carrier", f"{leg_id} is lost, {'told' if told else 'untold'}")
        self._lost = leg_id
        self._carrier.hang_up(HangUp(leg_id))
        self._lost = None
        if told:
            self._say(LegEnded(leg_id, HangupCause.LOST))
