"""A carrier's process, as dialers reach it: one port, and for each instance a channel for each kind of session.

Decides whom the process serves, on all channels of an instance: the dialer that holds the key and the instance's
greatest fencing token, with one session a channel. The dialers of other instances are nothing to it. It must not know
what a channel is about.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, Protocol

from trunkcall.telephony import session as wire

log = logging.getLogger(__name__)

HANDSHAKE_S: Final = 5.0
SILENCE_S: Final = 10.0
"""A dialer that has not said a word for so long is gone."""
TICK_S: Final = 0.5
ASLEEP_S: Final = 2.0
"""A process that has not run for so long was stopped: what it is asked now may have been asked long ago."""
MAX_UNSENT_BYTES: Final = 2 * wire.MAX_BYTES
"""A dialer that reads no faster is let go; it will come again and learn what it missed."""


class Session:
    """One dialer that is served, until it is ``over``."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer
        self.over = False

    def send(self, frame: object) -> None:
        """Say it, if anybody is there to hear it."""
        if self.over or self._writer.transport.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.end()
            return
        self._writer.write(wire.encode(frame))

    def end(self) -> None:
        """What was asked for and is not done yet is not done."""
        self.over = True
        self._writer.transport.abort()


class Channel(Protocol):
    """What is said in an instance's sessions of one kind. There is one at a time."""

    async def begin(self, session: Session, *, token: int) -> None:
        """From now on this session is served, and none before it. It may be over at any ``await``."""

    def take(self, line: bytes) -> None:
        """Do what the dialer says. Raises WireError."""


class _Served:
    """What is served of one instance: its channels, by their names, to one dialer at a time."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self.channels = channels
        self.token = 0
        self._sessions: dict[str, Session] = {}
        """Who is served, by channel."""

    def admit(self, channel: str, token: int, session: Session) -> None:
        """Whoever was served before on this channel is not any more, a former dialer on none."""
        if token > self.token:
            self.end_sessions()
        elif channel in self._sessions:
            self._sessions[channel].end()
        self.token = token
        self._sessions[channel] = session

    def end_sessions(self) -> None:
        for session in self._sessions.values():
            session.end()
        self._sessions.clear()


class Host:
    """Serves the instances that dialers come for. ``open_channels`` makes the channels of one, by their names, when its
    dialer first comes; ``new_nonce`` makes what nobody can guess."""

    def __init__(
        self, open_channels: Callable[[str], Mapping[str, Channel]], *, key: bytes, new_nonce: Callable[[], str]
    ) -> None:
        self._open_channels = open_channels
        self._key = key
        self._new_nonce = new_nonce
        self._served: dict[str, _Served] = {}
        """By instance."""
        self._connections: set[StreamWriter] = set()
        self._awake_s: float | None = None
        """When this process was last seen to run, by the loop's time; None while nobody watches."""

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
        for served in self._served.values():
            served.end_sessions()
        for writer in list(self._connections):
            writer.transport.abort()

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, from its opening to its end."""
        self._connections.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                await self._serve(reader, writer)
        except (wire.WireError, ValueError):
            log.warning("a connection was closed: what it sent is not of a carrier session")
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        challenge = wire.Challenge(wire.VERSION, self._new_nonce())
        writer.write(wire.encode(challenge))
        async with asyncio.timeout(HANDSHAKE_S):
            hello = wire.decode_hello(await wire.read_line(reader))
        if not wire.is_proof(hello.proof, self._proof("dialer", challenge, hello)):
            log.warning("a dialer was refused: it does not hold this carrier's key")
            writer.write(wire.encode(wire.Refused("it does not hold the carrier's key")))
            return
        served = self._served.get(hello.instance)
        if served is None:
            served = self._served[hello.instance] = _Served(self._open_channels(hello.instance))
        reason = _refusal(served, hello)
        if reason is not None:
            writer.write(wire.encode(wire.Refused(reason)))
            return
        session, channel = Session(writer), served.channels[hello.channel]
        served.admit(hello.channel, hello.token, session)
        try:
            session.send(wire.Accepted(self._proof("carrier", challenge, hello)))
            await channel.begin(session, token=hello.token)
            while True:
                async with asyncio.timeout(SILENCE_S):
                    line = await wire.read_line(reader)
                if self._has_slept():
                    # On waking, what was sent meanwhile may be read before ``watch`` runs.
                    self.drop()
                if session.over:
                    return
                channel.take(line)
        finally:
            session.over = True

    def _proof(self, side: str, challenge: wire.Challenge, hello: wire.Hello) -> str:
        return wire.proof(self._key, side, challenge, hello.instance, hello.channel, hello.nonce, hello.token)


def _refusal(served: _Served, hello: wire.Hello) -> str | None:
    """Why a dialer that holds the key is not served, in words; None if it is."""
    if hello.channel not in served.channels:
        return "it asks for what this carrier does not have"
    if hello.token < served.token:
        return "another dialer has taken over"
    return None
