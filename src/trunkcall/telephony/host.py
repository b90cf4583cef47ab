"""A carrier as a process of its own: its side of a session.

Decides whom the carrier serves: the dialer that holds the key and the greatest fencing token. Legs go on while nobody
is served, and what they do meanwhile is in the next Welcome. It must not know what kind of carrier it is.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from typing import Final, assert_never

from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LiveLeg
from trunkcall.engine.commands import BridgeLegs, HangUp, OriginateAgentLeg, ReportLegs
from trunkcall.engine.events import CarrierFound, CarrierLost, LegEnded, LegsBridged
from trunkcall.telephony import wire
from trunkcall.telephony.carrier import Carrier, CarrierEvent

log = logging.getLogger(__name__)

HANDSHAKE_S: Final = 5.0
SILENCE_S: Final = 10.0
"""A dialer that has not said a word for so long is gone."""
TICK_S: Final = 0.5
ASLEEP_S: Final = 2.0
"""A process that has not run for so long was stopped: what it is asked now may have been asked long ago."""
MAX_UNSENT_BYTES: Final = 2 * wire.MAX_BYTES
"""A dialer that reads no faster is let go; it will come again and learn what it missed."""


class CarrierHost:
    """Serves one carrier to one dialer at a time. ``new_nonce`` makes what nobody can guess."""

    def __init__(
        self, carrier: Carrier, *, key: bytes, speed: float, now: Callable[[], Instant], new_nonce: Callable[[], str]
    ) -> None:
        self._carrier = carrier
        self._key = key
        self._speed = speed
        self._now = now
        self._new_nonce = new_nonce
        self._token = 0
        self._served: StreamWriter | None = None
        self._connections: set[StreamWriter] = set()
        self._agents: dict[str, str] = {}
        """Agents by the legs that were made for them."""
        self._busy: set[str] = set()
        self._found: tuple[LiveLeg, ...] = ()
        self._awake_s: float | None = None
        """When this process was last seen to run, by the loop's time; None while nobody watches."""

    async def start(self) -> None:
        """Have the carrier tell everything from now on, whether anybody listens or not."""
        await self._carrier.start(self._told, token=0)

    async def watch(self) -> None:
        """Notice, until cancelled, that this process was stopped for a while, and let everybody go who waited."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if self._has_slept():
                    self.drop()
                self._awake_s = loop.time()
                await asyncio.sleep(TICK_S)
        finally:
            self._awake_s = None

    def _has_slept(self) -> bool:
        return self._awake_s is not None and asyncio.get_running_loop().time() - self._awake_s > ASLEEP_S

    def drop(self) -> None:
        """End every connection. What was asked for on them and is not done yet is not done."""
        self._served = None
        for writer in list(self._connections):
            writer.transport.abort()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, from its opening to its end."""
        self._connections.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._session(reader, writer)
        except (wire.WireError, ValueError):
            log.warning("a connection was closed: what it sent is not of a carrier session")
        finally:
            self._connections.discard(writer)
            if self._served is writer:
                self._served = None
            writer.close()

    def agent_done(self, agent_id: str) -> None:
        """A simulated agent is done with a contact."""
        self._busy.discard(agent_id)
        self._send(wire.AgentDone(agent_id))

    async def _session(self, reader: StreamReader, writer: StreamWriter) -> None:
        challenge = wire.Challenge(wire.VERSION, self._new_nonce())
        writer.write(wire.encode(challenge))
        async with asyncio.timeout(HANDSHAKE_S):
            hello = wire.decode_from_dialer(await wire.read_line(reader))
        if not isinstance(hello, wire.Hello):
            raise wire.WireError
        if not wire.is_proof(hello.proof, wire.proof(self._key, "dialer", challenge, hello.nonce, hello.token)):
            log.warning("a dialer was refused: it does not hold this carrier's key")
            writer.write(wire.encode(wire.Refused("it does not hold the carrier's key")))
            return
        if hello.token < self._token:
            writer.write(wire.encode(wire.Refused("another dialer has taken over")))
            return
        if self._served is not None:
            # What it sent and nobody has read yet is not done.
            self._served.transport.abort()
        self._served, self._token = writer, hello.token
        await self._carrier.start(self._told, token=hello.token)
        answer = wire.proof(self._key, "carrier", challenge, hello.nonce, hello.token)
        self._send(wire.Welcome(answer, self._now(), self._speed, self._found, tuple(self._busy)))
        while True:
            async with asyncio.timeout(SILENCE_S):
                line = await wire.read_line(reader)
            if self._has_slept():
                # On waking, what was sent meanwhile may be read before ``watch`` runs.
                self.drop()
            if self._served is not writer:
                return
            self._do(wire.decode_from_dialer(line))

    def _do(self, frame: wire.FromDialer) -> None:
        match frame:
            case wire.Dial():
                self._carrier.originate(frame.command, frame.destination)
            case OriginateAgentLeg():
                self._agents[frame.leg_id] = frame.agent_id
                self._carrier.originate_agent_leg(frame)
            case BridgeLegs():
                self._carrier.bridge(frame)
            case wire.Play():
                self._carrier.play(frame.leg_id, frame.prompt)
            case HangUp():
                self._carrier.hang_up(frame)
            case ReportLegs():
                self._carrier.report_legs(frame)
            case wire.Ping():
                self._send(wire.Pong())
            case wire.Hello():
                raise wire.WireError
            case _:
                assert_never(frame)

    def _told(self, event: CarrierEvent) -> None:
        match event:
            case CarrierFound():
                self._found = event.legs
                return
            case CarrierLost():
                # What it lost it tells when it is found; until then the dialer is told nothing, and asked to wait.
                self.drop()
                return
            case LegsBridged() if event.agent_leg_id in self._agents:
                self._busy.add(self._agents[event.agent_leg_id])
            case LegEnded():
                self._agents.pop(event.leg_id, None)
            case _:
                pass
        self._send(event)

    def _send(self, frame: wire.FromCarrier) -> None:
        writer = self._served
        if writer is None or writer.transport.is_closing():
            return
        if writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._served = None
            writer.transport.abort()
            return
        writer.write(wire.encode(frame))
