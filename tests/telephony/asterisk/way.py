"""A way to the switch that a test can cut, stall and slow down: what goes wrong between a dialer and its Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

CHUNK = 65536


class Way:
    """Passes on whatever arrives at ``address`` to the same port of another."""

    def __init__(self, address: str, to: str, port: int) -> None:
        self._address, self._to, self._port = address, to, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._flows = _set()
        """Of the connections that are made from now on."""
        self._comes_back = _set()
        self._left_behind: list[asyncio.Event] = []
        self.delay_s = 0.0
        """How long everything takes, in either direction."""

    @property
    def url(self) -> str:
        return f"http://{self._address}:{self._port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._address, self._port)

    def cut(self) -> None:
        """Break every connection; what was on its way is lost. New ones can be made."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def stall(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._flows.clear()

    def hold_back(self) -> None:
        """What the dialer says passes, and nothing that the switch does."""
        self._comes_back.clear()

    def leave_behind(self) -> None:
        """As ``stall``, but connections that are made from now on are not concerned."""
        self.stall()
        self._left_behind.append(self._flows)
        self._flows = _set()

    def flow(self) -> None:
        """What was held up goes on, also where the dialer has let go of its connection meanwhile."""
        for each in (self._flows, self._comes_back, *self._left_behind):
            each.set()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for each in self._pumps:
            each.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(self._to, self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        for source, sink, gates in (
            (reader, back, (self._flows,)),
            (there, writer, (self._flows, self._comes_back)),
        ):
            pump = asyncio.create_task(self._pump(source, sink, gates))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, gates: Sequence[asyncio.Event]
    ) -> None:
        try:
            while data := await source.read(CHUNK):
                await asyncio.sleep(self.delay_s)
                for gate in gates:
                    await gate.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event
