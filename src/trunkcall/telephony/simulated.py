"""A carrier that simulates everybody: customers, their phones, answering machines, and agents.

Decides whom an attempt meets, by seed and client token, and when: on the instance's clock; and that nobody is dialed of
whom the journal has no entry. What phones then do is ``trunkcall.simulation.phones``. It must not know campaigns,
queues or pacing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from trunkcall.domain.clock import Clock
from trunkcall.domain.customer_keys import Chances
from trunkcall.domain.directory import Directory
from trunkcall.domain.instants import Duration
from trunkcall.domain.prompt import Prompt
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
from trunkcall.engine.events import CarrierEvent, OriginateVoided
from trunkcall.simulation.failures import Failure
from trunkcall.simulation.legs import LegDeed, SimulatedLeg
from trunkcall.simulation.phones import NO_KEYS, Phones
from trunkcall.simulation.world import World, fate_of, session_drops_after
from trunkcall.telephony.carrier import CarrierSink, Destination
from trunkcall.telephony.journal import OriginateJournal

log = logging.getLogger(__name__)

ONE_HOST: Final[Mapping[str, Failure | None]] = {"local": None}

AgentDone: TypeAlias = Callable[[str], None]
"""Called with an agent's id once the agent has finished the work after a contact."""


class SimulatedCarrier:
    """The default carrier.

    ``seed`` and a contact's client token decide its fate. ``on_agent_done`` is told when a simulated agent would set
    the status back to available; None when nobody simulates the agents' presence. ``hosts`` are the switches that it
    has, and when each of them fails, by the instance's clock from the first start on; None if it does not by itself.
    ``session_drop_per_h`` is how often an hour the leg of an agent's session is lost, ``customer_keys`` what customers
    press after a message.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        world: World,
        seed: int,
        on_agent_done: AgentDone | None = None,
        journal_path: Path | None = None,
        hosts: Mapping[str, Failure | None] = ONE_HOST,
        session_drop_per_h: float = 0.0,
        customer_keys: Chances = NO_KEYS,
    ) -> None:
        self._clock = clock
        self._prompts: Mapping[str, Prompt] | None = None
        """Those that there are; None until that is known."""
        self._world = world
        self._seed = seed
        self._on_agent_done = on_agent_done
        self._journal = OriginateJournal(journal_path) if journal_path is not None else None
        self._phones = Phones(
            tell=self._tell,
            later=self._later,
            agent_done=self._agent_done,
            hosts=tuple(hosts),
            prompts=lambda: self._prompts,
            customer_keys=customer_keys,
        )
        self._hosts = dict(hosts)
        self._session_drop_per_h = session_drop_per_h
        self._sessions = 0
        """How many there have been."""
        self._started = False
        self._journal_fails = False
        self._sink: CarrierSink | None = None

    @property
    def busy_agents(self) -> Collection[str]:
        """Agents who are talking, or working on a contact that is over."""
        return self._phones.busy_agents

    def know(self, directory: Directory) -> None:
        """What there is now."""
        self._prompts = directory.prompts

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        if self._journal is not None:
            self._journal.open()
        if not self._started:
            self._started = True
            for host, failure in self._hosts.items():
                if failure is not None:
                    failure.begin(self._after, partial(self.fail, host), partial(self.find, host))
        self._sink = sink
        for host in self._hosts:
            self._phones.tell_found(host)

    async def close(self) -> None:
        self._sink = None
        if self._journal is not None:
            self._journal.close()

    def fail(self, host: str) -> None:
        """The host cannot be reached any more. Its phones go on."""
        self._phones.lose(host)

    def find(self, host: str) -> None:
        """It can be reached again."""
        self._phones.find(host)

    def originate(self, command: Originate, destination: Destination) -> None:
        if self._sink is None:
            return
        # A witness sees repeats too, so it comes before the phones.
        if self._phones.is_lost(command.host) or not self._entered(command):
            self._tell(OriginateVoided(command.leg_id))
            return
        self._phones.originate(command, fate_of(self._world, self._seed, destination.client_token))

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        if self._sink is not None:
            self._phones.originate_agent_leg(command)

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        if self._sink is not None:
            self._sessions += 1
            drops_after = session_drops_after(self._session_drop_per_h, self._seed, self._sessions)
            self._phones.originate_session_leg(command, drops_after=drops_after)

    def bridge(self, command: BridgeLegs) -> None:
        self._phones.bridge(command)

    def unbridge(self, command: UnbridgeLegs) -> None:
        self._phones.unbridge(command)

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        self._phones.play(leg_id, play_id, saying)

    def play_tone(self, command: PlayTone) -> None:
        self._phones.play_tone(command)

    def stop_playing(self, command: StopPlaying) -> None:
        self._phones.stop_playing(command)

    def start_recording(self, command: StartRecording) -> None:
        self._phones.start_recording(command)

    def suspend_recording(self, command: SuspendRecording) -> None:
        """Nothing is said in a simulated talk."""

    def resume_recording(self, command: ResumeRecording) -> None:
        """The same."""

    def stop_recording(self, command: StopRecording) -> None:
        self._phones.stop_recording(command)

    def press(self, leg_id: str, key: str) -> None:
        """The party of a leg presses a key."""
        self._phones.press(leg_id, key)

    def put_on_hold(self, leg_id: str, *, back: bool = False) -> None:
        """The party of a leg puts the other on hold, or comes back."""
        self._phones.put_on_hold(leg_id, back=back)

    def hang_up(self, command: HangUp) -> None:
        self._phones.hang_up(command)

    def report_legs(self, command: ReportLegs) -> None:
        self._phones.report_legs(command)

    def _entered(self, command: Originate) -> bool:
        """Enter it in the journal, if there is one. False if it cannot be written."""
        if self._journal is None:
            return True
        try:
            self._journal.write(self._clock.now(), command.contact_id, command.leg_id)
        except OSError as error:
            if not self._journal_fails:
                log.warning("the journal cannot be written, and nobody is dialed", extra={"why": error.strerror})
            self._journal_fails = True
            return False
        self._journal_fails = False
        return True

    def _after(self, after: Duration, deed: Callable[[], None]) -> None:
        self._clock.call_at(self._clock.now() + after, deed)

    def _later(self, after: Duration, deed: LegDeed, leg: SimulatedLeg) -> None:
        self._clock.call_at(self._clock.now() + after, partial(deed, leg))

    def _agent_done(self, agent_id: str) -> None:
        if self._on_agent_done is not None:
            self._on_agent_done(agent_id)

    def _tell(self, event: CarrierEvent) -> None:
        if self._sink is not None:
            self._sink(event)
