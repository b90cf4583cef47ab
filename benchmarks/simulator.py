"""How fast shifts are simulated, beside a bare heap and SimPy with the same arrivals. Prints one JSON line a figure.

The bare loop and SimPy know the times alone: attempts arrive as a Poisson process at the shift's own rate, each has its
outcome, and every live answer a talk and the work after it; nobody decides anything. Their rate is the limit that an
engine which decides is compared with. An attempt is about five events to the engine (commands are answered, legs end,
timers are due) and two and a half to them, so the seconds for the same attempts are told as well.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Generator
from heapq import heappop, heappush
from random import Random
from typing import Any

import simpy

from api import say
from trunkcall.domain.instants import SECOND
from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Simulator
from trunkcall.simulation.world import Fate, Fates, Outcome, World


def bare(attempts: int, shift_s: float, seed: int) -> int:
    """Events of a loop over a heap of (instant, number, kind, fate)."""
    random, fates = Random(seed), Fates(World())
    heap: list[tuple[float, int, int, Fate | None]] = [(0.0, 0, 0, None)]
    number = events = 0
    while heap and heap[0][0] <= shift_s:
        now, _, kind, fate = heappop(heap)
        events += 1
        number += 1
        if fate is None:
            heappush(heap, (now + random.expovariate(attempts / shift_s), number, 0, None))
            fate = fates.draw(random)
            number += 1
            heappush(heap, (now + fate.ring / SECOND, number, 1, fate))
        elif kind == 1 and fate.outcome is Outcome.HUMAN:
            heappush(heap, (now + fate.talk / SECOND, number, 2, fate))
        elif kind == 2:
            heappush(heap, (now + fate.wrap / SECOND, number, 3, fate))
    return events


def with_simpy(attempts: int, shift_s: float, seed: int) -> int:
    """The same by SimPy's processes."""
    random, fates, environment = Random(seed), Fates(World()), simpy.Environment()
    events = 0

    def attempt() -> Generator[Any, Any, None]:
        nonlocal events
        fate = fates.draw(random)
        yield environment.timeout(fate.ring / SECOND)
        events += 1
        if fate.outcome is Outcome.HUMAN:
            for length in (fate.talk, fate.wrap):
                yield environment.timeout(length / SECOND)
                events += 1

    def arrivals() -> Generator[Any, Any, None]:
        nonlocal events
        while True:
            events += 1
            environment.process(attempt())
            yield environment.timeout(random.expovariate(attempts / shift_s))

    environment.process(arrivals())
    environment.run(until=shift_s)
    return events


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    scenario = with_values(Scenario(), {"agents": arguments.agents}, "the benchmark")
    shift_s = scenario.hours * 3600
    for seed in range(1, arguments.rounds + 1):
        started = time.perf_counter()
        shift = Simulator(scenario, seed=seed).run()
        ours_s = time.perf_counter() - started
        ours = shift.events / ours_s
        rates, times = {}, {}
        for name, loop in (("bare heap", bare), ("SimPy", with_simpy)):
            started = time.perf_counter()
            events = loop(shift.attempts, shift_s, seed)
            times[name] = time.perf_counter() - started
            rates[name] = events / times[name]
        say(
            f"a shift of {arguments.agents} agents",
            seconds=round(ours_s, 2),
            attempts=shift.attempts,
            events_per_s=round(ours),
            bare_heap_per_s=round(rates["bare heap"]),
            simpy_per_s=round(rates["SimPy"]),
            ratio_to_bare_heap=round(ours / rates["bare heap"], 3),
            ratio_to_simpy=round(ours / rates["SimPy"], 3),
            bare_heap_s=round(times["bare heap"], 2),
            bare_heap_s_over_ours=round(times["bare heap"] / ours_s, 3),
        )


if __name__ == "__main__":
    main()
