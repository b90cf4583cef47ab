"""The sound process of a test: it is started when it is first needed, as most tests need none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from telephony.asterisk.configuration import PASSWORD, USER
from trunkcall.telephony.sound import wire
from trunkcall.telephony.sound.client import SoundProcess


class SoundsOnDemand:
    """Sound for the switch at this address."""

    def __init__(self, url: str) -> None:
        self.process = SoundProcess(url, USER, PASSWORD)
        self._running: asyncio.Task[None] | None = None
        self._opening: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Have it there before it is needed."""
        if self._running is None:
            self._running = asyncio.create_task(self.process.run())
        await self.process.is_up()

    async def close(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            tasks = (running, *self._opening)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def open(self, stream_id: str, connection_id: str, hear: Callable[[wire.OfStream], None]) -> None:
        if self._running is not None and self.process.process_id is not None:
            self.process.open(stream_id, connection_id, hear)
            return

        async def opened() -> None:
            await self.start()
            self.process.open(stream_id, connection_id, hear)

        task = asyncio.create_task(opened())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def say(self, frame: wire.OnStream) -> None:
        self.process.say(frame)

    def close_stream(self, stream_id: str) -> None:
        self.process.close_stream(stream_id)
