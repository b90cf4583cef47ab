"""A carrier's process, as a dialer reaches it: its address, the handshake, and what silence means.

Decides how a channel is opened, kept and lost, and the words for why there is none. It must not know what is said on
one.
"""

from __future__ import annotations

import asyncio
import secrets
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from trunkcall.domain.errors import SettingsError
from trunkcall.telephony import session as wire

CONNECT_S: Final = 3.0
PING_S: Final = 1.0
"""Often enough for simulated agents, who are heard in the answers, and the least ``agent_state_max_age_s``."""
SILENCE_S: Final = 3.0
"""A carrier that has not answered for so long is lost."""
RETRIES_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""How long to wait before each further attempt to reach it; the last for all that follow."""
MAX_UNSENT_BYTES: Final = 8 * 1024 * 1024
"""A carrier that reads no faster is lost."""


class NotServedError(Exception):
    """The carrier was reached and does not serve this dialer; the message says why, in words."""


def parse_url(url: str) -> tuple[str, int]:
    """Host and port of ``tcp://host:port``. Raises SettingsError."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":")
    if scheme != "tcp" or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError("The carrier's URL must look like tcp://127.0.0.1:8751.")
    return host.strip("[]"), int(port)


def why_lost(error: Exception) -> str:
    """Why there is no session, in words. No values: they may hold a phone number."""
    match error:
        case NotServedError():
            return f"the carrier refuses this dialer: {error}"
        case TimeoutError():
            return "the carrier does not answer"
        case OSError() | asyncio.IncompleteReadError():
            return "the carrier cannot be reached"
        case wire.WireError() | ValueError():
            return "what answers at the carrier's address is no carrier of this version"
        case _:
            return f"unforeseen {type(error).__name__} in the carrier's session"


def retry_s(failures: int) -> float:
    """How long to wait after so many attempts that have failed, before the next."""
    return RETRIES_S[min(failures, len(RETRIES_S) - 1)]


class Line:
    """An open channel."""

    def __init__(self, reader: StreamReader, writer: StreamWriter, silence_s: float) -> None:
        self._reader = reader
        self._writer = writer
        self._silence_s = silence_s

    @property
    def is_up(self) -> bool:
        return not self._writer.transport.is_closing()

    def send(self, frame: object) -> bool:
        """Hand a frame over. False if the line is down, or has no room for it: then it has provably not left."""
        if not self.is_up:
            return False
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._writer.transport.abort()
            return False
        line = wire.encode(frame)
        if len(line) > wire.MAX_BYTES_FROM_DIALER:
            return False
        self._writer.write(line)
        return True

    async def read(self) -> bytes:
        """The next line. Raises what ``why_lost`` has words for."""
        async with asyncio.timeout(self._silence_s):
            return await wire.read_line(self._reader)

    @asynccontextmanager
    async def pinging(self) -> AsyncIterator[None]:
        """Meanwhile there is something to answer, often enough for silence to be a loss."""
        pings = asyncio.create_task(self._ping(), name="carrier pings")
        try:
            yield
        finally:
            pings.cancel()

    async def _ping(self) -> None:
        while True:
            self.send(wire.Ping())
            await asyncio.sleep(min(PING_S, self._silence_s / 3))


@dataclass(frozen=True, slots=True)
class Peer:
    """A carrier's process at an address, as the dialer of one instance reaches it, and the key that both hold.
    ``instance`` is the instance's id, empty for the default one."""

    host: str
    port: int
    key: bytes = field(repr=False)
    instance: str = ""
    silence_s: float = SILENCE_S

    @asynccontextmanager
    async def channel(self, name: str, token: int) -> AsyncIterator[Line]:
        """A channel, as the dialer with this fencing token. Raises what ``why_lost`` has words for."""
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=wire.MAX_BYTES)
        try:
            line = Line(reader, writer, self.silence_s)
            async with asyncio.timeout(self.silence_s):
                await self._shake_hands(line, name, token)
            yield line
        finally:
            writer.transport.abort()

    async def _shake_hands(self, line: Line, name: str, token: int) -> None:
        challenge = wire.decode_challenge(await line.read())
        nonce = secrets.token_hex(16)
        said = (self.instance, name, nonce, token)
        line.send(wire.Hello(*said, wire.proof(self.key, "dialer", challenge, *said)))
        answer = wire.decode_verdict(await line.read())
        if isinstance(answer, wire.Refused):
            raise NotServedError(answer.reason)
        if not wire.is_proof(answer.proof, wire.proof(self.key, "carrier", challenge, *said)):
            raise NotServedError("the carrier does not hold this installation's key")
