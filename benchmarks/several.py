"""How busy agents are kept within the limit where campaigns share them, on the same seeds for every case.

Prints one JSON line a case. ``lost`` is the occupancy that the same agents would have with one campaign on one queue
and do not have here: what there is to gain by lending agents. ``--against`` names the Python of another checkout, which
plays the same shifts; figures are then paired by seed. Exits non-zero where a campaign abandons more than its limit on
average, or where occupancy is worse than the other's by more than two standard errors and a fifth of a point.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import Pool
from pathlib import Path
from typing import Final

from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Simulator

LIMIT: Final = 0.03
LEEWAY: Final = 0.002
"""Of occupancy: pairs of shifts differ so little that any change would be one for the worse or the better."""


def campaigns(*queues: str, **other: object) -> list[dict[str, object]]:
    """Campaigns with equal shares, one for each queue that is named. ``other`` is what the last of them has."""
    tables: list[dict[str, object]] = [
        {"name": f"campaign-{number}", "queue": queue, "bandwidth_allocation": 0.5}
        for number, queue in enumerate(queues, 1)
    ]
    tables[-1] |= other
    return tables


ALONE: Final = "one campaign"
CASES: Final[Mapping[str, Mapping[str, object]]] = {
    ALONE: {},
    "two campaigns of one queue": {"campaign": campaigns("all", "all")},
    "four campaigns of one queue": {"campaign": campaigns("all", "all", "all", "all")},
    "two queues that share all agents": {"campaign": campaigns("one", "other")},
    "two queues that share 12 agents": {
        "campaign": campaigns("one", "other"),
        "team": [{"agents": 4, "queues": ["one"]}, {"agents": 4, "queues": ["other"]}],
    },
    "two queues, one of a progressive campaign": {"campaign": campaigns("one", "other", pacer="progressive")},
}

Outcome = tuple[float, list[float]]
"""A shift's occupancy, and the abandonment of each campaign."""


def play(task: tuple[str, int, int]) -> Outcome:
    name, agents, seed = task
    shift = Simulator(with_values(Scenario(), {"agents": agents, **CASES[name]}, name), seed=seed).run()
    return shift.occupancy_ratio, [campaign.abandonment_ratio for campaign in shift.campaigns]


def play_all(names: Sequence[str], agents: int, seeds: int) -> dict[str, list[Outcome]]:
    with Pool(2) as pool:
        return {
            name: pool.map(play, [(name, agents, seed) for seed in range(1, seeds + 1)], chunksize=1) for name in names
        }


def of_another(python: Path, names: Sequence[str], agents: int, seeds: int) -> dict[str, list[Outcome]]:
    """What another checkout makes of the same shifts."""
    command = [str(python), __file__, "--raw", "--agents", str(agents), "--seeds", str(seeds), "--cases", *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    outcomes: dict[str, list[Outcome]] = json.loads(done.stdout)
    return outcomes


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    return statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values))


def tell(name: str, played: Sequence[Outcome], alone: Sequence[Outcome], other: Sequence[Outcome] | None) -> bool:
    """Print a case; returns whether it is as it should be."""
    occupancy, error = mean_and_error([ratio for ratio, _ in played])
    abandonment = [statistics.fmean(ratios) for ratios in zip(*(ratios for _, ratios in played), strict=True)]
    told: dict[str, object] = {
        "case": name,
        "occupancy": round(occupancy, 4),
        "standard_error": round(error, 4),
        "lost": round(statistics.fmean(a - b for (a, _), (b, _) in zip(alone, played, strict=True)), 4),
        "abandonment": [round(ratio, 4) for ratio in abandonment],
        "worst_abandonment": round(max(max(ratios) for _, ratios in played), 4),
    }
    well = max(abandonment) <= LIMIT
    if other is not None:
        gained, error = mean_and_error([a - b for (a, _), (b, _) in zip(played, other, strict=True)])
        told |= {
            "over_the_other": round(gained, 4),
            "its_error": round(error, 4),
            "abandonment_of_the_other": [
                round(statistics.fmean(ratios), 4) for ratios in zip(*(ratios for _, ratios in other), strict=True)
            ],
        }
        well = well and gained >= -max(2 * error, LEEWAY)
    print(json.dumps(told | {"met": well}), flush=True)
    return well


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--against", type=Path, metavar="PYTHON", help="the Python of another checkout")
    parser.add_argument("--raw", action="store_true", help="print what was played, for another checkout")
    arguments = parser.parse_args()
    names = list(dict.fromkeys([ALONE, *arguments.cases]))
    played = play_all(names, arguments.agents, arguments.seeds)
    if arguments.raw:
        print(json.dumps(played))
        return
    others = (
        of_another(arguments.against, names, arguments.agents, arguments.seeds) if arguments.against is not None else {}
    )
    met = [tell(name, played[name], played[ALONE], others.get(name)) for name in names]
    if not all(met):
        sys.exit(1)


if __name__ == "__main__":
    main()
