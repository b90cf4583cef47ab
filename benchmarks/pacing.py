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
from trunkcall.simulation.baselines.optimal import optimum
from trunkcall.simulation.campaign import BASELINES
from trunkcall.simulation.pacers import model_of
from trunkcall.simulation.results import Shift
from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Simulator

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


def shifts(values: Mapping[str, object], seeds: int) -> list[tuple[Shift, float]]:
    with Pool(2) as pool:
        return pool.map(one, [(values, seed) for seed in range(1, seeds + 1)], chunksize=1)


def measure(values: Mapping[str, object], seeds: int, bar: float | None) -> None:
    done = shifts(values, seeds)
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


def tuned_lines(agents: int, seeds: int) -> float:
    """The most lines for each agent, to a hundredth or so, with which these very shifts abandon at most 3 % on
    average: an advantage that nobody has who must choose before the day."""
    low, high = 0.8, 2.0
    for _ in range(7):
        lines = (low + high) / 2
        done = shifts({"pacer": "fixed_ratio", "agents": agents, "lines_per_agent": lines}, seeds)
        if statistics.fmean(shift.abandonment_ratio for shift, _ in done) > 0.03:
            high = lines
        else:
            low = lines
    return round(low, 3)


def measure_baselines(agents: int, seeds: int) -> None:
    for pacer in BASELINES:
        values: dict[str, object] = {"pacer": pacer, "agents": agents}
        if pacer == "fixed_ratio":
            values["lines_per_agent"] = tuned_lines(agents, seeds)
        measure(values, seeds, None)
    best = optimum(model_of(with_values(Scenario(), {"agents": agents}, "the benchmark")))
    say(f"optimum of the Markov model, agents={agents}", occupancy=round(best.occupancy_ratio, 4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--agents", type=int, nargs="+", choices=list(BARS), default=list(BARS))
    parser.add_argument("--only", choices=["bars", "worlds", "ledger", "progressive", "baselines"])
    arguments = parser.parse_args()
    only, seeds = arguments.only, arguments.seeds
    for agents in arguments.agents:
        bar = BARS[agents]
        if only in (None, "bars"):
            measure({"pacer": "predictive", "agents": agents}, seeds, bar)
        if only in (None, "ledger"):
            measure({"pacer": "predictive", "agents": agents, "ledger": False}, seeds, None)
        if only in (None, "progressive"):
            measure({"pacer": "progressive", "agents": agents}, seeds, None)
        if only in (None, "baselines"):
            measure_baselines(agents, seeds)
    if only in (None, "worlds"):
        for agents, world_bar, world in OTHER_WORLDS:
            measure({"pacer": "predictive", "agents": agents, **world}, seeds, world_bar)


if __name__ == "__main__":
    main()
