"""The sound process: it holds the websockets of the switch's sound channels, and sends what is to be heard.

Decides nothing of its own: what is played is the dialer's to say, by ``wire``, and how, ``websocket``'s. It must not
know legs, contacts or the store. It lives as long as the socket on its standard input: when that is closed, its dialer
has gone, and with the websockets go the channels.

How to listen to a stream: frames that arrive on its websocket (20 ms of what its channel hears, 160 octets of mu-law)
are handed to ``_Stream.consumers``, each called with the octets and the loop's time. A frame such as Record or Listen
(``wire``) is a case of ``Process.take`` that adds a consumer to its stream; what comes of it, a consumer says by
``Process.say``. Consumers must be quick, a millisecond at most, since every stream waits for them; what writes files
collects octets and writes some seconds at a time. ``ulaw.decoded`` makes samples of octets. A stream that is closed
calls ``end()`` of each consumer, whatever it is closed for.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol, assert_never

import aiohttp
import uvloop

from trunkcall.telephony import session
from trunkcall.telephony.sound import ulaw, wire
from trunkcall.telephony.sound.listening import Listening
from trunkcall.telephony.sound.recorder import STALLED_S, TICK_S, WRITE_EVERY_S, Recorders, Work, write
from trunkcall.telephony.sound.websocket import AGAIN_S, RATE, Speaker

CONNECT_S: Final = 3.0
KEEPS_BYTES: Final = 32 * 1024 * 1024
"""Of sounds that were played last: more than an hour."""
MAX_LINE: Final = 1024 * 1024
NOT_CONNECTED: Final = (
    "Asterisk does not let sound in: chan_websocket is to be loaded, and ari_user may not be read_only."
)
ENDED: Final = "Asterisk has ended the sound channel."


class Consumer(Protocol):
    """Takes what is heard on a stream."""

    def hear(self, octets: bytes, at_s: float) -> None:
        """Some of it, mu-law, by the loop's time."""

    def end(self) -> None:
        """There will be no more."""


class _Stream:
    """One websocket."""

    def __init__(self, process: Process, opens: wire.Open) -> None:
        self._process = process
        self.stream_id = opens.stream_id
        self._connection_id = opens.connection_id
        self.speaker = Speaker()
        self.consumers: list[Consumer] = []
        self._changed = asyncio.Event()
        self._why = ""
        self.task = asyncio.create_task(self._run(), name="stream")
        # One that is closed before it has begun runs nothing.
        self.task.add_done_callback(lambda _: self._over())

    def changed(self) -> None:
        """There may be something to be sent."""
        self._changed.set()

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                websocket = await self._process.connect(self._connection_id)
            async with websocket:
                self._process.say(wire.Opened(self.stream_id))
                writing = asyncio.create_task(self._write(websocket), name="stream's sound")
                try:
                    await self._read(websocket)
                finally:
                    writing.cancel()
                    await asyncio.gather(writing, return_exceptions=True)
            self._why = ENDED
        except (aiohttp.ClientError, OSError, TimeoutError):
            self._why = NOT_CONNECTED

    def _over(self) -> None:
        for consumer in self.consumers:
            consumer.end()
        self._process.closed(self.stream_id, self._why)

    async def _read(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        async for message in websocket:
            if message.type is aiohttp.WSMsgType.BINARY:
                for consumer in self.consumers:
                    consumer.hear(message.data, loop.time())
            elif message.type is aiohttp.WSMsgType.TEXT:
                play_id = self.speaker.hears(message.data)
                if play_id is not None:
                    self._process.say(wire.Played(self.stream_id, play_id))
                self.changed()

    async def _write(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        with suppress(aiohttp.ClientError, OSError):
            while True:
                self._changed.clear()
                for message in self.speaker.due(loop.time()):
                    await (websocket.send_str(message) if isinstance(message, str) else websocket.send_bytes(message))
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S if self.speaker.playing is not None else None):
                        await self._changed.wait()


class Process:
    """The streams of one dialer, whose socket this is."""

    def __init__(self, writer: asyncio.StreamWriter, http: aiohttp.ClientSession, url: str) -> None:
        self._writer = writer
        self._http = http
        self._url = url
        self._streams: dict[str, _Stream] = {}
        self.recorders = Recorders(self.say)
        self._sounds: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        """By path, when it was changed last and its octets; that which was played last is the last."""

    def say(self, frame: wire.FromProcess) -> None:
        """Tell the dialer."""
        self._writer.write(session.encode(frame))

    async def connect(self, connection_id: str) -> aiohttp.ClientWebSocketResponse:
        """The websocket of a sound channel."""
        return await self._http.ws_connect(f"{self._url}/media/{connection_id}", protocols=("media",), autoping=True)

    def take(self, frame: wire.FromDialer) -> None:
        """Do what the dialer says. What is said of a stream that is not there is too late."""
        match frame:
            case wire.Open():
                if frame.stream_id not in self._streams:
                    self._streams[frame.stream_id] = _Stream(self, frame)
            case wire.Play():
                self._play(frame)
            case wire.Stop():
                stream = self._streams.get(frame.stream_id)
                if stream is not None and stream.speaker.playing == frame.play_id:
                    stream.speaker.stop()
                    stream.changed()
                    self.say(wire.Played(frame.stream_id, frame.play_id))
            case wire.Listen():
                stream = self._streams.get(frame.stream_id)
                if stream is not None:
                    stream.consumers.append(Listening(frame.stream_id, self.say))
            case wire.Record():
                self._record(frame)
            case wire.Mute():
                self.recorders.mute(frame.stream_id, muted=frame.muted)
            case wire.Finish():
                self.recorders.finish(frame.stream_id)
            case wire.Close():
                stream = self._streams.get(frame.stream_id)
                if stream is not None:
                    stream.task.cancel()
            case wire.Ask():
                self.say(wire.Here())
            case wire.Reach():
                pass
            case _:
                assert_never(frame)

    def closed(self, stream_id: str, why: str) -> None:
        """A stream is over."""
        del self._streams[stream_id]
        self.say(wire.Closed(stream_id, why))

    async def close(self) -> None:
        """Let go of all streams. What was recorded by now is kept."""
        self.recorders.cut()
        tasks = [stream.task for stream in self._streams.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _record(self, frame: wire.Record) -> None:
        said, heard = self._streams.get(frame.stream_id), self._streams.get(frame.heard_id)
        if said is None or heard is None:
            self.say(wire.Recorded(frame.stream_id))
            return
        recorder = self.recorders.begin(frame, asyncio.get_running_loop().time())
        for stream, ear in zip((said, heard), recorder.ears, strict=True):
            stream.consumers.append(ear)

    async def write_recordings(self) -> None:
        """Have what is recorded be written, every second, and as each begins and ends, until cancelled; then all that
        is left."""
        loop = asyncio.get_running_loop()
        due_s = write_s = loop.time()
        writing: asyncio.Task[None] | None = None
        try:
            while True:
                due_s = max(due_s + TICK_S, loop.time())
                await asyncio.sleep(due_s - loop.time())
                now_s = loop.time()
                if now_s - due_s < STALLED_S:
                    self.recorders.tick(now_s)
                if writing is None or writing.done():
                    settled = now_s >= write_s
                    if settled:
                        write_s = now_s + WRITE_EVERY_S
                    works = self.recorders.due(settled=settled)
                    writing = asyncio.create_task(self._write(works), name="recordings") if works else None
        finally:
            if writing is not None:
                await asyncio.gather(writing, return_exceptions=True)
            write(self.recorders.due(settled=False))

    async def _write(self, works: Sequence[Work]) -> None:
        self.recorders.written(works, await asyncio.to_thread(write, works))

    def _play(self, frame: wire.Play) -> None:
        stream = self._streams.get(frame.stream_id)
        if stream is None:
            return
        try:
            octets = b"".join(map(self._sound, frame.paths))[: ulaw.MAX_S * RATE]
        except (OSError, ulaw.NoSoundError) as error:
            why = error.strerror if isinstance(error, OSError) else str(ulaw.NoSoundError.__doc__)
            self.say(wire.Played(frame.stream_id, frame.play_id, f"A sound cannot be played: {why}"))
            return
        before = stream.speaker.play(frame.play_id, octets, loop=frame.loop)
        stream.changed()
        if before is not None:
            self.say(wire.Played(frame.stream_id, before))

    def _sound(self, path: str) -> bytes:
        changed_at = os.stat(path).st_mtime_ns
        known = self._sounds.pop(path, None)
        if known is None or known[0] != changed_at:
            known = changed_at, ulaw.read(path)
        self._sounds[path] = known
        kept = sum(len(octets) for _, octets in self._sounds.values())
        while kept > KEEPS_BYTES and len(self._sounds) > 1:
            _, (_, octets) = self._sounds.popitem(last=False)
            kept -= len(octets)
        return known[1]


async def serve(connection: socket.socket) -> None:
    """Do what the dialer at the other end says, until it has gone."""
    reader, writer = await asyncio.open_connection(sock=connection, limit=MAX_LINE)
    first = session.decode(await session.read_line(reader), wire.FROM_DIALER)
    assert isinstance(first, wire.Reach), "the first word"
    headers = {"Authorization": aiohttp.encode_basic_auth(first.user, first.password)}
    # One connection for each stream, however many there are.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as http:
        process = Process(writer, http, first.url)
        process.say(wire.Here())
        recordings = asyncio.create_task(process.write_recordings(), name="recordings")
        try:
            with suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    process.take(session.decode(await session.read_line(reader), wire.FROM_DIALER))
        finally:
            await process.close()
            recordings.cancel()
            await asyncio.gather(recordings, return_exceptions=True)


def main() -> None:
    """Run as ``python -m trunkcall.telephony.sound.process``, with the socket as standard input."""
    connection = socket.socket(fileno=sys.stdin.fileno())
    connection.setblocking(False)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(connection))


if __name__ == "__main__":
    main()
