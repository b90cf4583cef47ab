"""The clock of an instance whose carrier's events come when they come: a switch, or a carrier in a process of its own.

Decides that time passes beside the wall clock, whatever is due and not yet dealt with: nobody at the other end waits.
It must not know what carrier that is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

from trunkcall.domain.clock import Seconds
from trunkcall.domain.instants import Instant
from trunkcall.service.clock import CallQueue, Timeline, since_boot_s


class WallPacedClock:
    """An InstanceClock that runs ``speed`` times as fast as the wall clock and makes calls when they are due."""

    def __init__(
        self,
        *,
        speed: float = 1.0,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Seconds = since_boot_s,
    ) -> None:
        self._timeline = Timeline(speed, wall, monotonic)
        self._calls = CallQueue()

    def now(self) -> Instant:
        return self._timeline.now()

    def behind_s(self) -> float:
        return self._timeline.behind_s(self.now())

    def call_at(self, at: Instant, callback: Callable[[], None]) -> None:
        self._calls.add(at, callback)

    def catch_up(self, at: Instant) -> None:
        """Be at this instant at least: somebody whose time this is, is there already. It never goes back."""
        if at > self.now():
            self._timeline.move_to(at)
            self._calls.wake()

    def settle_with(self, settled: Callable[[], Awaitable[None]] | None) -> None:
        """Nothing waits for anybody here."""

    def standing_still(self) -> AbstractContextManager[None]:
        """Time goes on."""
        return nullcontext()

    async def run(self) -> None:
        while True:
            next_at, now = self._calls.next_at, self.now()
            if next_at is None:
                await self._calls.wait(None)
            elif next_at > now:
                await self._calls.wait(self._timeline.real_s(now, next_at))
            else:
                self._make_calls(until=now)
                await asyncio.sleep(0)

    def _make_calls(self, *, until: Instant) -> None:
        while (next_at := self._calls.next_at) is not None and next_at <= until:
            _, callback = self._calls.pop()
            callback()
