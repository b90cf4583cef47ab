"""The clock of an instance whose simulated carrier lives in the same process: it paces itself.

Decides that time never passes something that is due and not yet dealt with, and stands still from a decision to the
deed: when the machine cannot keep up, the instance's time slips, instead of simulated people hanging up because a disk
was slow. It must not know what it is pacing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from trunkcall.domain.clock import Seconds
from trunkcall.domain.instants import MILLISECOND, Duration, Instant
from trunkcall.service.clock import CallQueue, Timeline, since_boot_s

STEP: Duration = 50 * MILLISECOND
"""Things due within so short a time of one another, on a clock that is behind, are done together."""

LARGEST_LAG_S = 1.0
"""How far behind, in real seconds, the clock may fall before it stops trying to catch up."""


class SelfPacedClock:
    """An InstanceClock that runs ``speed`` times as fast as the wall clock, or as fast as it is kept up with."""

    def __init__(
        self,
        *,
        speed: float = 1.0,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Seconds = since_boot_s,
    ) -> None:
        self._timeline = Timeline(speed, wall, monotonic)
        self._calls = CallQueue()
        self._last: Instant = self._timeline.now()
        self._still = 0
        """How many have the clock stand still; its own steps are among them."""
        self._settled: Callable[[], Awaitable[None]] | None = None

    def now(self) -> Instant:
        if not self._still:
            reached, next_at = self._timeline.now(), self._calls.next_at
            self._last = max(self._last, reached if next_at is None else min(reached, next_at))
        return self._last

    def behind_s(self) -> float:
        return self._timeline.behind_s(self.now())

    def call_at(self, at: Instant, callback: Callable[[], None]) -> None:
        self._calls.add(max(at, self._last), callback)

    def settle_with(self, settled: Callable[[], Awaitable[None]] | None) -> None:
        """After every step, the clock stands still until this has been awaited."""
        self._settled = settled

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Meanwhile the clock stands still, and what becomes due waits."""
        self.now()
        self._still += 1
        try:
            yield
        finally:
            self._still -= 1
            self._calls.wake()

    async def run(self) -> None:
        while True:
            next_at, reached = self._calls.next_at, self._timeline.now()
            if self._still or next_at is None:
                await self._calls.wait(None)
            elif next_at > reached:
                await self._calls.wait(self._timeline.real_s(reached, next_at))
            else:
                await self._step(next_at)
                await asyncio.sleep(0)

    async def _step(self, first_at: Instant) -> None:
        """Make the calls that are due, a step of them at most, and have them dealt with."""
        largest_lag_at = self._timeline.after(first_at, LARGEST_LAG_S)
        if self._timeline.now() > largest_lag_at:
            self._timeline.move_to(largest_lag_at)
        until = min(self._timeline.now(), first_at + STEP)
        with self.standing_still():
            while (next_at := self._calls.next_at) is not None and next_at <= until:
                at, callback = self._calls.pop()
                self._last = max(self._last, at)
                callback()
            if self._settled is not None:
                await self._settled()
