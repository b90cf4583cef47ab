"""What dialing needs of the clock of an instance, and what its two kinds are made of.

Decides the contract, how time passes at a speed, and the order of calls. When a call is made is each clock's to decide:
``service.wall_paced_clock`` beside the wall clock, ``service.self_paced_clock`` no faster than the machine can keep up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from heapq import heappop, heappush
from typing import Protocol

from trunkcall.domain.clock import Clock, Seconds
from trunkcall.domain.instants import SECOND, Instant


def since_boot_s() -> float:
    """Seconds by a clock that nobody sets and that goes on while the machine sleeps (time.monotonic may not)."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class InstanceClock(Clock, Protocol):
    """The clock of an instance, as its dialer and its owner need it."""

    def behind_s(self) -> float:
        """How many seconds the instance's time is behind the wall clock's; less than 0 if it is ahead. At another speed
        than 1, where no wall clock goes along: behind what it would be if it had always kept up."""

    def settle_with(self, settled: Callable[[], Awaitable[None]] | None) -> None:
        """A clock that paces itself awaits this after what it has made happen, and stands still until then."""

    def standing_still(self) -> AbstractContextManager[None]:
        """Meanwhile a clock that paces itself stands still: what was decided at an instant is done at that instant,
        however long the disk takes between the two."""

    async def run(self) -> None:
        """Make the calls that were asked for, until cancelled."""


class Timeline:
    """Time that begins at the wall clock's and runs ``speed`` times as fast, by seconds that nobody can set."""

    def __init__(self, speed: float, wall: Callable[[], int], monotonic: Seconds) -> None:
        self._speed = speed
        self._wall = wall
        self._monotonic = monotonic
        self._began_at: Instant = wall() // 1000
        self._began_s = monotonic()
        self._base_at = self._began_at

    def now(self) -> Instant:
        return self._base_at + self._passed()

    def move_to(self, at: Instant) -> None:
        """Go on from this instant."""
        self._base_at = at - self._passed()

    def real_s(self, since: Instant, until: Instant) -> float:
        """How many real seconds there are from one instant to the other."""
        return (until - since) / SECOND / self._speed

    def after(self, at: Instant, real_s: float) -> Instant:
        """The instant that comes so many real seconds after this one."""
        return at + round(real_s * self._speed * SECOND)

    def behind_s(self, at: Instant) -> float:
        """How many seconds an instant is behind what time it would be if this had never been moved; at speed 1, behind
        the wall clock's."""
        due = self._wall() // 1000 if self._speed == 1.0 else self._began_at + self._passed()
        return (due - at) / SECOND

    def _passed(self) -> int:
        return round((self._monotonic() - self._began_s) * self._speed * SECOND)


def steady_clock(wall: Callable[[], int] = time.time_ns, since_boot: Seconds = since_boot_s) -> Callable[[], Instant]:
    """A clock for what lasts so and so long, such as leases: the wall clock's time when it was made, and from then on
    seconds that nobody can set forward or back."""
    return Timeline(1.0, wall, since_boot).now


class CallQueue:
    """Calls to be made, by their instants; those of one instant in the order in which they were asked for."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, Callable[[], None]]] = []
        self._sequence = 0
        self._woken = asyncio.Event()

    @property
    def next_at(self) -> Instant | None:
        """The instant of the first; None if there is none."""
        return self._heap[0][0] if self._heap else None

    def add(self, at: Instant, callback: Callable[[], None]) -> None:
        self._sequence += 1
        heappush(self._heap, (at, self._sequence, callback))
        if self._heap[0][1] == self._sequence:
            self.wake()

    def pop(self) -> tuple[Instant, Callable[[], None]]:
        at, _, callback = heappop(self._heap)
        return at, callback

    def wake(self) -> None:
        """Have whoever waits look again."""
        self._woken.set()

    async def wait(self, real_s: float | None) -> None:
        """Wait for so many real seconds, or for ever, or until another call is the first, or somebody wakes it."""
        self._woken.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(real_s):
                await self._woken.wait()
