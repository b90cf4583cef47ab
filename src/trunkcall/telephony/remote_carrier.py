"""A carrier that lives in a process of its own: the dialer's side of the carrier's channel.

Decides when the carrier counts as lost, with all its hosts, and what of an originate is certain: one that was never
handed over is void; the fate of every other is the carrier's to tell. It must not know what kind of carrier is at the
other end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from trunkcall.domain.instants import Instant
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
from trunkcall.engine.events import CarrierEvent, CarrierFound, CarrierLost, OriginateVoided, PlaybackEnded
from trunkcall.telephony import carrier_wire as wire
from trunkcall.telephony.carrier import CarrierSink, Destination
from trunkcall.telephony.peer import Line, Peer, retry_s, why_lost

log = logging.getLogger(__name__)


class RemoteCarrier:
    """A Carrier at the other end of a connection, which is made anew whenever it breaks.

    ``on_time`` is told the carrier's time. ``beside`` is called with the fencing token when the carrier is found, and
    entered before a session begins; if it raises, none does. It is left when the session ends.
    """

    def __init__(
        self,
        peer: Peer,
        *,
        on_time: Callable[[Instant], None],
        beside: Callable[[int], AbstractAsyncContextManager[None]] = lambda token: nullcontext(),
    ) -> None:
        self._peer = peer
        self._on_time = on_time
        self._beside = beside
        self._sink: CarrierSink | None = None
        self._token = 0
        self._line: Line | None = None
        self._task: asyncio.Task[None] | None = None
        self._lost = False
        """Whether the sink knows that there is no session."""
        self.trouble: str | None = None
        """Why the carrier cannot be used at the moment, in words; None while it can."""

    # --- Carrier ------------------------------------------------------------------------------------------------------

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        await self.close()
        self._sink, self._token, self._lost = sink, token, False
        said = asyncio.Event()
        self._task = asyncio.create_task(self._run(said), name="carrier session")
        await said.wait()

    async def close(self) -> None:
        self._sink = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def originate(self, command: Originate, destination: Destination) -> None:
        if not self._send(wire.Dial(command, destination)):
            self._void(command.leg_id)

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        if not self._send(command):
            self._void(command.leg_id)

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        if not self._send(command):
            self._void(command.leg_id)

    def bridge(self, command: BridgeLegs) -> None:
        self._send(command)

    def unbridge(self, command: UnbridgeLegs) -> None:
        self._send(command)

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        if not self._send(wire.Play(leg_id, play_id, saying)) and self._line is not None and self._line.is_up:
            # It is longer than can be handed over, and somebody waits for its end.
            self._told(PlaybackEnded(leg_id, play_id, heard=False))

    def play_tone(self, command: PlayTone) -> None:
        self._send(command)

    def stop_playing(self, command: StopPlaying) -> None:
        self._send(command)

    def start_recording(self, command: StartRecording) -> None:
        self._send(command)

    def suspend_recording(self, command: SuspendRecording) -> None:
        self._send(command)

    def resume_recording(self, command: ResumeRecording) -> None:
        self._send(command)

    def stop_recording(self, command: StopRecording) -> None:
        self._send(command)

    def hang_up(self, command: HangUp) -> None:
        self._send(command)

    def report_legs(self, command: ReportLegs) -> None:
        self._send(command)

    def _void(self, leg_id: str) -> None:
        """The originate has not left. That the carrier is lost is told first: no agent has missed a phone that could
        not ring."""
        if self._line is None or not self._line.is_up:
            self._lose()
        self._told(OriginateVoided(leg_id))

    def _told(self, event: CarrierEvent) -> None:
        if self._sink is not None:
            self._sink(event)

    def _lose(self) -> None:
        """Tell a loss once."""
        if not self._lost and self._sink is not None:
            self._lost = True
            self._sink(CarrierLost())

    def _send(self, frame: wire.FromDialer) -> bool:
        """Hand a frame over. False if it has provably not left."""
        return self._line is not None and self._line.send(frame)

    # --- the session --------------------------------------------------------------------------------------------------

    async def _run(self, said: asyncio.Event) -> None:
        """Keep a session, until cancelled. ``said`` is set once the sink has been told whether there is one."""
        failures = 0
        while True:
            try:
                async with self._peer.channel(wire.CHANNEL, self._token) as line:
                    welcome = wire.decode_welcome(await line.read())
                    async with self._beside(self._token):
                        failures = 0
                        try:
                            self._begin(line, welcome)
                            said.set()
                            await self._listen(line)
                        finally:
                            self._line = None
            except Exception as error:
                # A session that ends without a word would leave the dialer to ask nobody, for ever.
                self.trouble = why_lost(error)
            if not failures:
                log.warning("the carrier is lost", extra={"why": self.trouble})
                self._lose()
                said.set()
            await asyncio.sleep(retry_s(failures))
            failures += 1

    def _begin(self, line: Line, welcome: wire.Welcome) -> None:
        self._line, self._lost = line, False
        self.trouble = None
        self._on_time(welcome.now)
        if self._sink is not None:
            for each in welcome.hosts:
                self._sink(CarrierLost(each.host) if each.legs is None else CarrierFound(each.legs, each.host))

    async def _listen(self, line: Line) -> None:
        async with line.pinging():
            while True:
                self._take(wire.decode_from_carrier(await line.read()))

    def _take(self, frame: wire.FromCarrier) -> None:
        match frame:
            case wire.Pong():
                return
            case _:
                self._told(frame)
