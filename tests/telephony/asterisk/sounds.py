"""The sound process of a test: it is started when it is first needed, as most tests need none."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from telephony.asterisk.configuration import PASSWORD, USER
from telephony.support import until
from trunkcall.telephony.sound import wire
from trunkcall.telephony.sound.client import SoundProcess


class SoundsOnDemand:
    """Sound for the switch at this address."""

    def __init__(self, url: str) -> None:
        self.process = SoundProcess(url, USER, PASSWORD)
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Have it there before it is needed."""
        self._run()
        await until(lambda: self.process.process_id is not None)

    def _run(self) -> None:
        if self._running is None:
            self._running = asyncio.create_task(self.process.run())

    async def dies(self) -> None:
        """It is killed, and there is another. That the first is no more is known by its own end alone: of its channels
        Asterisk may tell before."""
        dead = self.process.process_id
        assert dead is not None
        os.kill(dead, signal.SIGKILL)
        await until(lambda: self.process.process_id not in (None, dead))

    async def close(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def open(self, stream_id: str, connection_id: str, hear: Callable[[wire.OfStream], None]) -> None:
        self._run()
        self.process.open(stream_id, connection_id, hear)

    def say(self, frame: wire.OnStream) -> None:
        self.process.say(frame)

    def close_stream(self, stream_id: str) -> None:
        self.process.close_stream(stream_id)
