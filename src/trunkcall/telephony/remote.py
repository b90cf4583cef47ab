"""A carrier that lives in a process of its own: the dialer's side of a session.

Decides when the carrier counts as lost, and what of an originate is certain: one that was never handed over is void;
the fate of every other is the carrier's to tell. It must not know what kind of carrier is at the other end.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Collection
from typing import Final

from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import Instant
from trunkcall.engine.commands import BridgeLegs, HangUp, Originate, OriginateAgentLeg, ReportLegs
from trunkcall.engine.events import CarrierFound, CarrierLost, OriginateVoided
from trunkcall.telephony import wire
from trunkcall.telephony.carrier import CarrierSink, Destination

log = logging.getLogger(__name__)

CONNECT_S: Final = 3.0
PING_S: Final = 1.0
SILENCE_S: Final = 3.0
"""A carrier that has not answered for so long is lost."""
RETRIES_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""How long to wait before each further attempt to reach it; the last for all that follow."""
MAX_UNSENT_BYTES: Final = 8 * 1024 * 1024
"""A carrier that reads no faster is lost."""


class _NotServedError(Exception):
    """The carrier was reached and does not serve this dialer; the message says why, in words."""


def parse_url(url: str) -> tuple[str, int]:
    """Host and port of ``tcp://host:port``. Raises SettingsError."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":")
    if scheme != "tcp" or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError("The carrier's URL must look like tcp://127.0.0.1:8751.")
    return host.strip("[]"), int(port)


class RemoteCarrier:
    """A Carrier at the other end of a connection, which is made anew whenever it breaks.

    ``on_time`` is told the carrier's time, ``on_agent_done`` an agent who has finished a contact, ``on_busy_agents``,
    when a session begins, who has not.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        key: bytes,
        speed: float,
        on_time: Callable[[Instant], None],
        on_agent_done: Callable[[str], None],
        on_busy_agents: Callable[[Collection[str]], None],
        silence_s: float = SILENCE_S,
    ) -> None:
        self._host = host
        self._port = port
        self._key = key
        self._speed = speed
        self._on_time = on_time
        self._on_agent_done = on_agent_done
        self._on_busy_agents = on_busy_agents
        self._silence_s = silence_s
        self._sink: CarrierSink | None = None
        self._token = 0
        self._writer: StreamWriter | None = None
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

    def bridge(self, command: BridgeLegs) -> None:
        self._send(command)

    def play(self, leg_id: str, prompt: str) -> None:
        self._send(wire.Play(leg_id, prompt))

    def hang_up(self, command: HangUp) -> None:
        self._send(command)

    def report_legs(self, command: ReportLegs) -> None:
        self._send(command)

    def _void(self, leg_id: str) -> None:
        """The originate has not left. That the carrier is lost is told first: no agent has missed a phone that could
        not ring."""
        if self._writer is None or self._writer.transport.is_closing():
            self._lose()
        if self._sink is not None:
            self._sink(OriginateVoided(leg_id))

    def _lose(self) -> None:
        """Tell a loss once."""
        if not self._lost and self._sink is not None:
            self._lost = True
            self._sink(CarrierLost())

    def _send(self, frame: wire.FromDialer) -> bool:
        """Hand a frame over. False if there is no session, or no room for it: then it has provably not left."""
        writer = self._writer
        if writer is None or writer.transport.is_closing():
            return False
        if writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.trouble = "the carrier does not take what it is asked"
            writer.transport.abort()
            return False
        line = wire.encode(frame)
        if len(line) > wire.MAX_BYTES_FROM_DIALER:
            return False
        writer.write(line)
        return True

    # --- the session --------------------------------------------------------------------------------------------------

    async def _run(self, said: asyncio.Event) -> None:
        """Keep a session, until cancelled. ``said`` is set once the sink has been told whether there is one."""
        failures = 0
        while True:
            try:
                reader, writer = await self._open()
                try:
                    welcome = await self._shake_hands(reader, writer)
                    failures = 0
                    self._begin(writer, welcome)
                    said.set()
                    await self._listen(reader)
                finally:
                    self._writer = None
                    writer.transport.abort()
            except _NotServedError as error:
                self.trouble = f"the carrier refuses this dialer: {error}"
            except TimeoutError:
                self.trouble = "the carrier does not answer"
            except (OSError, asyncio.IncompleteReadError):
                self.trouble = "the carrier cannot be reached"
            except (wire.WireError, ValueError):
                self.trouble = "what answers at the carrier's address is no carrier of this version"
            except Exception as error:
                # A session that ends without a word would leave the dialer to ask nobody, for ever. No values: they may
                # hold a phone number.
                self.trouble = f"unforeseen {type(error).__name__} in the carrier's session"
            if not failures:
                log.warning("the carrier is lost", extra={"why": self.trouble})
                self._lose()
                said.set()
            await asyncio.sleep(RETRIES_S[min(failures, len(RETRIES_S) - 1)])
            failures += 1

    async def _open(self) -> tuple[StreamReader, StreamWriter]:
        async with asyncio.timeout(CONNECT_S):
            return await asyncio.open_connection(self._host, self._port, limit=wire.MAX_BYTES)

    async def _shake_hands(self, reader: StreamReader, writer: StreamWriter) -> wire.Welcome:
        async with asyncio.timeout(self._silence_s):
            challenge = wire.decode_from_carrier(await wire.read_line(reader))
            if not isinstance(challenge, wire.Challenge) or challenge.version != wire.VERSION:
                raise wire.WireError
            nonce = secrets.token_hex(16)
            proof = wire.proof(self._key, "dialer", challenge, nonce, self._token)
            writer.write(wire.encode(wire.Hello(nonce, self._token, proof)))
            answer = wire.decode_from_carrier(await wire.read_line(reader))
        match answer:
            case wire.Refused():
                raise _NotServedError(answer.reason)
            case wire.Welcome():
                pass
            case _:
                raise wire.WireError
        if not wire.is_proof(answer.proof, wire.proof(self._key, "carrier", challenge, nonce, self._token)):
            raise _NotServedError("the carrier does not hold this installation's key")
        if answer.speed != self._speed:
            raise _NotServedError(f"it runs at speed {answer.speed:g}, this server at {self._speed:g}; make them equal")
        return answer

    def _begin(self, writer: StreamWriter, welcome: wire.Welcome) -> None:
        self._writer, self._lost = writer, False
        self.trouble = None
        self._on_time(welcome.now)
        if self._sink is not None:
            self._sink(CarrierFound(welcome.legs))
        self._on_busy_agents(welcome.busy_agents)

    async def _listen(self, reader: StreamReader) -> None:
        pinging = asyncio.create_task(self._ping(), name="carrier pings")
        try:
            while True:
                async with asyncio.timeout(self._silence_s):
                    line = await wire.read_line(reader)
                self._take(wire.decode_from_carrier(line))
        finally:
            pinging.cancel()

    async def _ping(self) -> None:
        while True:
            self._send(wire.Ping())
            await asyncio.sleep(min(PING_S, self._silence_s / 3))

    def _take(self, frame: wire.FromCarrier) -> None:
        match frame:
            case wire.Pong():
                return
            case wire.AgentDone():
                self._on_agent_done(frame.agent_id)
            case wire.Challenge() | wire.Welcome() | wire.Refused():
                raise wire.WireError
            case _:
                if self._sink is not None:
                    self._sink(frame)
