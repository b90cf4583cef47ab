"""The dialer's side of its sound process: it is started, watched, and started anew when it has died.

Decides when it counts as dead, and what is lost then: every stream that was connected, each of which is told Closed.
What was not connected yet waits for the next one. It must not know switches, legs or sounds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeAlias

from trunkcall.telephony import session
from trunkcall.telephony.session import WireError
from trunkcall.telephony.sound import wire

log = logging.getLogger(__name__)

Hear: TypeAlias = Callable[[wire.OfStream], None]

ASK_EVERY_S: Final = 1.0
SILENCE_S: Final = 5.0
"""A process of which nothing was heard for so long is ended."""
START_S: Final = 30.0
RETRY_S: Final = 0.5
MAX_LINE: Final = 1024 * 1024
MAX_UNSENT_BYTES: Final = 4 * 1024 * 1024
DIED: Final = "The sound process has ended, and is started anew."
PROGRAM: Final = ("-P", "-m", "trunkcall.telephony.sound.process")


class SoundProcess:
    """Sound for one switch, whose HTTP server is at ``url``."""

    def __init__(self, url: str, user: str, password: str, *, silence_s: float = SILENCE_S) -> None:
        self._reach = wire.Reach(url, user, password)
        self._silence_s = silence_s
        self._streams: dict[str, Hear] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._heard_s = 0.0
        self._waiting: dict[str, str] = {}
        """Connections of streams that are not connected yet, by stream."""
        self._tried: set[str] = set()
        """Those of them that a process was asked for which has died."""
        self.process_id: int | None = None
        """While there is one that can be told something."""

    async def run(self) -> None:
        """Have a process, until cancelled. Raises OSError where none can be started."""
        while True:
            try:
                why = await self._live()
            finally:
                self._lose()
            log.warning("the sound process has ended", extra={"why": why})
            await asyncio.sleep(RETRY_S)

    def open(self, stream_id: str, connection_id: str, hear: Hear) -> None:
        """Connect a stream. ``hear`` is told all that the process says of it, up to its Closed. Where there is no
        process, or it dies before it has connected, the next one does, unless that cannot be started or dies too."""
        self._streams[stream_id] = hear
        self._waiting[stream_id] = connection_id
        self._say(wire.Open(stream_id, connection_id))

    def say(self, frame: wire.OnStream) -> None:
        """Have something done on a stream that was opened; nothing if it is closed."""
        if frame.stream_id in self._streams:
            self._say(frame)

    def close_stream(self, stream_id: str) -> None:
        """Let go of a stream, of which nothing is told any more."""
        if self._streams.pop(stream_id, None) is not None:
            self._waiting.pop(stream_id, None)
            self._say(wire.Close(stream_id))

    def _say(self, frame: wire.FromDialer) -> bool:
        writer = self._writer
        if writer is None or writer.transport.is_closing():
            return False
        if writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            # It reads no more.
            writer.transport.abort()
            return False
        writer.write(session.encode(frame))
        return True

    async def _live(self) -> str:
        """One process, from its start to its end; what it was ended by."""
        ours, its = socket.socketpair()
        was_silent, why = False, ""
        with ours, its:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *PROGRAM, stdin=its.fileno(), stdout=asyncio.subprocess.DEVNULL, env=_environment(),
                # What ends the server with Ctrl-C lets it end its streams in peace.
                start_new_session=True,
            )  # fmt: skip
            its.close()
            try:
                reader, writer = await asyncio.open_connection(sock=ours.dup(), limit=MAX_LINE)
                writer.write(session.encode(self._reach))
                async with asyncio.timeout(START_S):
                    self._take(await session.read_line(reader))
                self._writer, self.process_id = writer, process.pid
                for stream_id, connection_id in self._waiting.items():
                    self._say(wire.Open(stream_id, connection_id))
                watch = asyncio.create_task(self._watch(writer), name="sound process's silence")
                try:
                    while True:
                        self._take(await session.read_line(reader))
                finally:
                    was_silent = watch.done()
                    watch.cancel()
                    writer.transport.abort()
            except (OSError, asyncio.IncompleteReadError, TimeoutError, WireError, ValueError) as error:
                why = type(error).__name__
            finally:
                if process.returncode is None:
                    # By its own kill() asyncio may lose track of one that is dead already.
                    with suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGKILL)
                code = await process.wait()
        return "nothing was heard of it" if was_silent else f"{why}, exit code {code}"

    async def _watch(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() - self._heard_s < self._silence_s:
            self._say(wire.Ask())
            asked_s = loop.time()
            await asyncio.sleep(ASK_EVERY_S)
            if loop.time() - asked_s > 2 * ASK_EVERY_S:
                # It was we who were stopped.
                self._heard_s = loop.time()
        writer.transport.abort()

    def _take(self, line: bytes) -> None:
        frame = session.decode(line, wire.FROM_PROCESS)
        self._heard_s = asyncio.get_running_loop().time()
        match frame:
            case wire.Here():
                pass
            case wire.Closed():
                self._waiting.pop(frame.stream_id, None)
                hear = self._streams.pop(frame.stream_id, None)
                if hear is not None:
                    hear(frame)
            case (
                wire.Opened() | wire.Played() | wire.Beeped() | wire.GreetingOver() | wire.Recording() | wire.Recorded()
            ):
                self._waiting.pop(frame.stream_id, None)
                hear = self._streams.get(frame.stream_id)
                if hear is not None:
                    hear(frame)

    def _lose(self) -> None:
        if self._writer is None:
            # It has not come up. Whoever waits must not do so for ever.
            self._waiting.clear()
        for stream_id in self._tried & self._waiting.keys():
            # Nor for one process after the other.
            del self._waiting[stream_id]
        self._tried = set(self._waiting)
        self._writer, self.process_id = None, None
        streams, self._streams = self._streams, {}
        for stream_id in self._waiting:
            self._streams[stream_id] = streams.pop(stream_id)
        for stream_id, hear in streams.items():
            hear(wire.Closed(stream_id, DIED))


def _environment() -> Mapping[str, str]:
    """What the process may know: what it has to of secrets it is told."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TRUNKCALL_")}
