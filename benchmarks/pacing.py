"""How busy agents are kept within the limit, by every pacer on the same seeds. Prints one JSON line a figure.

Occupancy is the mean over the shifts with its standard error; abandonment the worst shift's.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Mapping
from multiprocessing import Pool

from api import say
from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Shift, Simulator

BARS: Mapping[int, float] = {5: 0.755, 10: 0.815, 20: 0.870, 50: 0.924, 100: 0.949}
OTHER_WORLDS: tuple[tuple[int, float | None, Mapping[str, object]], ...] = (
    (10, 0.775, {"human_ratio": 0.10, "machine_ratio": 0.45}),
    (50, 0.908, {"human_ratio": 0.10, "machine_ratio": 0.45}),
    (20, 0.862, {"human_ratio": 0.20, "drift": 0.5}),
    (20, 0.845, {"human_ratio": 0.10, "machine_ratio": 0.30, "step_at_h": 4, "step_factor": 2.5}),
    (20, None, {"talk_mean_s": 60, "wrap_mean_s": 15}),
    (20, None, {"false_machine_ratio": 0.05}),
)


def one(task: tuple[Mapping[str, object], int]) -> tuple[Shift, float]:
    values, seed = task
    started = time.perf_counter()
    shift = Simulator(with_values(Scenario(), values, "the benchmark"), seed=seed).run()
    return shift, time.perf_counter() - started


def measure(values: Mapping[str, object], seeds: int, bar: float | None) -> None:
    with Pool(2) as pool:
        done = pool.map(one, [(values, seed) for seed in range(1, seeds + 1)], chunksize=1)
    occupancies = [shift.occupancy_ratio for shift, _ in done]
    say(
        ", ".join(f"{name}={value}" for name, value in values.items()),
        occupancy=round(statistics.fmean(occupancies), 4),
        standard_error=round(statistics.stdev(occupancies) / math.sqrt(seeds), 4),
        bar=bar,
        worst_abandonment=round(max(shift.abandonment_ratio for shift, _ in done), 4),
        mean_abandonment=round(statistics.fmean(shift.abandonment_ratio for shift, _ in done), 4),
        seconds_per_shift=round(statistics.fmean(seconds for _, seconds in done), 2),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", choices=["bars", "worlds", "ledger", "progressive"])
    arguments = parser.parse_args()
    only, seeds = arguments.only, arguments.seeds
    for agents, bar in BARS.items():
        if only in (None, "bars"):
            measure({"pacer": "predictive", "agents": agents}, seeds, bar)
        if only in (None, "ledger"):
            measure({"pacer": "predictive", "agents": agents, "ledger": False}, seeds, None)
        if only in (None, "progressive"):
            measure({"pacer": "progressive", "agents": agents}, seeds, None)
    if only in (None, "worlds"):
        for agents, world_bar, world in OTHER_WORLDS:
            measure({"pacer": "predictive", "agents": agents, **world}, seeds, world_bar)


if __name__ == "__main__":
    main()
