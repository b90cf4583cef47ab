"""The clocks of an instance. Where a simulated carrier is in the process, a slow disk at 120 times real time must not
look like a customer who lost patience; where the carrier is apart, nobody there waits for this one's disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeAlias

import pytest

from trunkcall.domain.instants import MINUTE, SECOND, Instant
from trunkcall.service.clock import InstanceClock, steady_clock
from trunkcall.service.self_paced_clock import STEP, SelfPacedClock
from trunkcall.service.wall_paced_clock import WallPacedClock

START: Instant = 1_700_000_000 * SECOND


class Wall:
    """Real time as the test tells it."""

    def __init__(self) -> None:
        self.s = 100.0

    def monotonic(self) -> float:
        return self.s


def self_paced(wall: Wall, *, speed: float = 60.0) -> SelfPacedClock:
    return SelfPacedClock(speed=speed, wall=lambda: START * 1000, monotonic=wall.monotonic)


def wall_paced(wall: Wall, *, speed: float = 60.0) -> WallPacedClock:
    return WallPacedClock(speed=speed, wall=lambda: START * 1000, monotonic=wall.monotonic)


Make: TypeAlias = Callable[[Wall], InstanceClock]
either = pytest.mark.parametrize("clock_at", [self_paced, wall_paced])


@asynccontextmanager
async def ticking(clock: InstanceClock) -> AsyncIterator[None]:
    task = asyncio.create_task(clock.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def let_run() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


# --- both -------------------------------------------------------------------------------------------------------------


@either
def test_it_starts_at_the_wall_clock_and_runs_at_its_speed(clock_at: Make) -> None:
    wall = Wall()
    clock = clock_at(wall)
    assert clock.now() == START
    wall.s += 2.0
    assert clock.now() == START + 2 * MINUTE


@either
async def test_calls_come_in_order_and_not_before_their_instants(clock_at: Make) -> None:
    wall = Wall()
    clock = clock_at(wall)
    seen: list[str] = []

    def note(name: str, at: Instant) -> None:
        assert clock.now() >= at
        seen.append(name)

    def ask(name: str, at_s: int) -> None:
        clock.call_at(START + at_s * SECOND, partial(note, name, START + at_s * SECOND))

    for name, at_s in (("late", 30), ("first", 10), ("second", 10), ("past", -5), ("never", 40)):
        ask(name, at_s)
    async with ticking(clock):
        await let_run()
        assert seen == ["past"]
        wall.s += 0.5
        ask("at once", 0)
        await let_run()
    assert seen == ["past", "at once", "first", "second", "late"]


@either
async def test_a_call_made_by_a_call_is_in_order_too(clock_at: Make) -> None:
    wall = Wall()
    clock = clock_at(wall)
    seen: list[str] = []

    def first() -> None:
        seen.append("first")
        clock.call_at(START + 2 * SECOND, lambda: seen.append("second"))

    clock.call_at(START + SECOND, first)
    clock.call_at(START + 3 * SECOND, lambda: seen.append("third"))
    wall.s += 1.0
    async with ticking(clock):
        await let_run()
    assert seen == ["first", "second", "third"]


@pytest.mark.parametrize("clock", [SelfPacedClock, WallPacedClock])
async def test_a_clock_wakes_by_itself_when_something_is_due(clock: type[SelfPacedClock | WallPacedClock]) -> None:
    """By a real clock: otherwise nothing would ever happen while nobody asks for the time."""
    real, woken = clock(), asyncio.Event()
    async with ticking(real):
        await let_run()
        real.call_at(real.now() + SECOND // 100, woken.set)
        async with asyncio.timeout(10):
            await woken.wait()
    assert real.behind_s() < 10


def test_a_steady_clock_is_set_by_nobody_and_goes_on() -> None:
    wall, offset_s = Wall(), 0.0
    steady = steady_clock(lambda: round(offset_s * 1e9) + START * 1000, wall.monotonic)
    assert steady() == START
    offset_s = 3600.0
    wall.s += 7.0
    assert steady() == START + 7 * SECOND


# --- the clock that paces itself --------------------------------------------------------------------------------------


def test_time_does_not_pass_what_is_due_and_not_done() -> None:
    wall = Wall()
    clock = self_paced(wall)
    clock.call_at(START + 30 * SECOND, lambda: None)
    wall.s += 2.0
    assert clock.now() == START + 30 * SECOND


async def test_during_a_call_it_is_the_instant_that_the_call_was_asked_for() -> None:
    wall = Wall()
    clock = self_paced(wall)
    seen: list[Instant] = []
    for at_s in (3, 1, -5):
        clock.call_at(START + at_s * SECOND, lambda: seen.append(clock.now() - START))
    wall.s += 0.5
    async with ticking(clock):
        await let_run()
    assert seen == [0, SECOND, 3 * SECOND]


async def test_time_stands_still_until_what_happened_is_dealt_with() -> None:
    """The dialer commits before it acts; while it waits for the disk, nobody's patience runs."""
    wall = Wall()
    clock = self_paced(wall)
    dealt_with = asyncio.Event()
    seen: list[str] = []

    async def settled() -> None:
        await dealt_with.wait()

    clock.settle_with(settled)
    clock.call_at(START + SECOND, lambda: seen.append("answered"))
    clock.call_at(START + 3 * SECOND, lambda: seen.append("lost patience"))
    wall.s += 1.0
    async with ticking(clock):
        await let_run()
        assert seen == ["answered"]
        assert clock.now() == START + SECOND
        dealt_with.set()
        await let_run()
        assert seen == ["answered", "lost patience"]


async def test_what_was_decided_is_done_at_the_instant_of_the_decision() -> None:
    """At 2,000 times real time a commit of 25 ms is 50 s: a phone that is rung after it would be given up as lost by
    the timer that was set before it."""
    wall = Wall()
    clock = self_paced(wall)
    seen: list[Instant] = []
    clock.call_at(START + 10 * SECOND, lambda: seen.append(clock.now()))
    wall.s += 0.1
    async with ticking(clock):
        with clock.standing_still():
            decided_at = clock.now()
            wall.s += 1.0
            await let_run()
            assert clock.now() == decided_at == START + 6 * SECOND
            assert seen == []
            clock.call_at(decided_at + SECOND, lambda: seen.append(clock.now()))
        assert clock.now() == decided_at + SECOND
        await let_run()
    assert seen == [START + 7 * SECOND, START + 10 * SECOND]


async def test_what_is_due_almost_together_is_done_together() -> None:
    """When the machine lags, one commit serves several events."""
    wall = Wall()
    clock = self_paced(wall)
    settlements = 0

    async def settled() -> None:
        nonlocal settlements
        settlements += 1

    clock.settle_with(settled)
    for n in range(5):
        clock.call_at(START + SECOND + n * STEP // 5, lambda: None)
    wall.s += 1.0
    async with ticking(clock):
        await let_run()
    assert settlements == 1


async def test_a_clock_that_was_held_up_slips_instead_of_racing() -> None:
    """A laptop that slept for an hour does not live through sixty hours of calls when it wakes."""
    wall = Wall()
    clock = self_paced(wall)
    clock.call_at(START + SECOND, lambda: None)
    wall.s += 3600.0
    async with ticking(clock):
        await let_run()
    assert clock.now() - START < 3 * MINUTE


def test_it_tells_how_far_it_is_behind_the_wall_clock() -> None:
    wall, offset_s = Wall(), 0.0

    def wall_ns() -> int:
        return START * 1000 + round((wall.s - 100.0 + offset_s) * 1e9)

    clock = SelfPacedClock(wall=wall_ns, monotonic=wall.monotonic)
    wall.s += 5.0
    assert clock.behind_s() == 0.0
    clock.call_at(START + 6 * SECOND, lambda: None)
    wall.s += 162.0
    assert clock.behind_s() == 161.0, "what was due then was not yet done"
    clock = SelfPacedClock(wall=wall_ns, monotonic=wall.monotonic)
    offset_s = -3600.0
    assert clock.behind_s() == -3600.0, "the wall clock was set back"


def test_at_another_speed_it_is_behind_what_it_would_be() -> None:
    wall = Wall()
    clock = self_paced(wall)
    clock.call_at(START + 30 * SECOND, lambda: None)
    wall.s += 2.0
    assert clock.behind_s() == 90.0


# --- the clock beside the wall clock ----------------------------------------------------------------------------------


def test_time_goes_on_whatever_is_due() -> None:
    wall = Wall()
    clock = wall_paced(wall)
    clock.call_at(START + SECOND, lambda: None)
    wall.s += 5.0
    assert clock.now() == START + 300 * SECOND


async def test_it_stands_still_and_waits_for_nobody() -> None:
    """A customer at the other end of a real trunk does not wait for this machine's disk."""
    wall = Wall()
    clock = wall_paced(wall)
    seen: list[str] = []

    async def settled() -> None:
        await asyncio.get_running_loop().create_future()

    clock.settle_with(settled)
    clock.call_at(START + SECOND, lambda: seen.append("answered"))
    clock.call_at(START + MINUTE, lambda: seen.append("lost patience"))
    async with ticking(clock):
        with clock.standing_still():
            wall.s += 0.5
            await let_run()
            assert (clock.now(), seen) == (START + 30 * SECOND, ["answered"])
            wall.s += 0.5
            clock.call_at(START, lambda: seen.append("at once"))
            await let_run()
    assert seen == ["answered", "at once", "lost patience"]


def test_a_clock_that_is_behind_its_carriers_catches_up_and_one_that_is_ahead_stays() -> None:
    """A contact that the carrier has talked to for a minute has not answered in the future."""
    wall = Wall()
    clock = wall_paced(wall)
    clock.catch_up(START + MINUTE)
    assert clock.now() == START + MINUTE
    wall.s += 1.0
    assert clock.now() == START + 2 * MINUTE
    clock.catch_up(START)
    assert clock.now() == START + 2 * MINUTE


async def test_what_is_due_by_the_carriers_time_is_done_at_once() -> None:
    wall = Wall()
    clock = wall_paced(wall)
    seen: list[Instant] = []
    clock.call_at(START + MINUTE, lambda: seen.append(clock.now()))
    async with ticking(clock):
        await let_run()
        assert seen == []
        clock.catch_up(START + MINUTE)
        await let_run()
    assert seen == [START + MINUTE]


def test_it_is_ahead_of_the_wall_clock_once_it_has_caught_up_with_a_carrier_that_is() -> None:
    wall = Wall()
    clock = wall_paced(wall)
    wall.s += 5.0
    assert clock.behind_s() == 0.0
    clock.catch_up(clock.now() + 7 * SECOND)
    assert clock.behind_s() == -7.0
