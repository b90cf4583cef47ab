"""The clock of an instance: the wall clock, or one that paces itself.

Decides when callbacks run. A pacing clock runs ``speed`` times as fast as the wall clock, but never past something that
is due and not yet dealt with, and it stands still from a decision to the deed: when the machine cannot keep up, the
instance's time slips, instead of simulated people hanging up because a disk was slow. It must not know what it is
pacing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush

from trunkcall.domain.instants import MILLISECOND, SECOND, Duration, Instant

STEP: Duration = 50 * MILLISECOND
"""Things due within so short a time of one another, on a clock that is behind, are done together."""

LARGEST_LAG_S = 1.0
"""How far behind, in real seconds, a pacing clock may fall before it stops trying to catch up."""


def since_boot_s() -> float:
    """Seconds by a clock that nobody sets and that goes on while the machine sleeps (time.monotonic may not)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def steady_clock(
    wall: Callable[[], int] = time.time_ns, since_boot: Callable[[], float] = since_boot_s
) -> Callable[[], Instant]:
    """A clock for what lasts so and so long, such as leases: the wall clock's time when it was made, and from then on
    seconds that nobody can set forward or back."""
    began_at, began_s = wall() // 1000, since_boot()
    return lambda: began_at + round((since_boot() - began_s) * SECOND)


class InstanceClock:
    """See the module. ``pacing`` is false for a real carrier, whose events come when they come."""

    def __init__(
        self,
        *,
        speed: float = 1.0,
        pacing: bool = True,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = since_boot_s,
    ) -> None:
        self._speed = speed
        self._pacing = pacing
        self._wall = wall
        self._monotonic = monotonic
        self._base_at: Instant = wall() // 1000
        self._base_s = monotonic()
        self._began_at, self._began_s = self._base_at, self._base_s
        self._last: Instant = self._base_at
        self._stepping = False
        self._still = 0
        """How many have the clock stand still."""
        self._heap: list[tuple[Instant, int, Callable[[], None]]] = []
        self._sequence = 0
        self._woken = asyncio.Event()
        self._settled: Callable[[], Awaitable[None]] | None = None

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> Instant:
        if self._stepping or self._still:
            return self._last
        reached = self._target()
        if self._pacing and self._heap:
            reached = min(reached, self._heap[0][0])
        self._last = max(self._last, reached)
        return self._last

    def behind_s(self) -> float:
        """How many seconds the instance's time is behind the wall clock's; less than 0 if it is ahead. At another speed
        than 1, where no wall clock goes along: behind what it would be if it had always kept up."""
        if self._speed == 1.0:
            due = self._wall() // 1000
        else:
            due = self._began_at + round((self._monotonic() - self._began_s) * self._speed * SECOND)
        return (due - self.now()) / SECOND

    def call_at(self, at: Instant, callback: Callable[[], None]) -> None:
        self._sequence += 1
        earlier = not self._heap or at < self._heap[0][0]
        heappush(self._heap, (max(at, self._last), self._sequence, callback))
        if earlier:
            self._woken.set()

    def catch_up(self, at: Instant) -> None:
        """Be at this instant at least: somebody whose time this is, is there already. It never goes back."""
        if at > self.now():
            self._base_at += at - self._target()
            self._woken.set()

    def settle_with(self, settled: Callable[[], Awaitable[None]] | None) -> None:
        """After every step, a pacing clock stands still until this has been awaited."""
        self._settled = settled

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Meanwhile a pacing clock stands still, and what becomes due waits: what was decided at an instant is done at
        that instant, however long the disk takes between the two."""
        if not self._pacing:
            yield
            return
        self.now()
        self._still += 1
        try:
            yield
        finally:
            self._still -= 1
            self._woken.set()

    async def run(self) -> None:
        """Make the calls that were asked for, until cancelled."""
        while True:
            self._woken.clear()
            if self._still or not self._heap:
                await self._woken.wait()
            elif self._heap[0][0] <= self._target():
                await self._step()
            else:
                delay = (self._heap[0][0] - self._target()) / SECOND / self._speed
                try:
                    async with asyncio.timeout(delay):
                        await self._woken.wait()
                except TimeoutError:
                    pass

    def _target(self) -> Instant:
        return self._base_at + round((self._monotonic() - self._base_s) * self._speed * SECOND)

    async def _step(self) -> None:
        lag_s = (self._target() - self._heap[0][0]) / SECOND / self._speed
        if self._pacing and lag_s > LARGEST_LAG_S:
            self._base_s += lag_s - LARGEST_LAG_S
        until = min(self._target(), self._heap[0][0] + STEP)
        self._stepping = self._pacing
        try:
            while self._heap and self._heap[0][0] <= until:
                at, _, callback = heappop(self._heap)
                self._last = max(self._last, at)
                callback()
            if self._pacing and self._settled is not None:
                await self._settled()
        finally:
            self._stepping = False
        await asyncio.sleep(0)
