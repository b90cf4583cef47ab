"""What CPU a simulated shift costs here, over what it costs in another checkout that has been set up (`make setup`).

Shifts are run in pairs, one of each checkout, in processes of their own that take turns to be first: what else the
machine does meanwhile befalls both. Prints the median of the pairs' ratios, and an interval in which the true median is
with 95 % (order statistics), as one JSON line. Ends with 1 if the median is above ``--most``.

    python benchmarks/against.py ../other --most 1.0
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
from pathlib import Path

from api import interval, say

HERE = Path(__file__).parents[1]
SHIFT = """
import sys, time
from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Simulator
values = {"agents": int(sys.argv[1]), "hours": float(sys.argv[2])}
simulator = Simulator(with_values(Scenario(), values, "the benchmark"), seed=int(sys.argv[3]))
started = time.process_time()
simulator.run()
print(time.process_time() - started)
"""


def cpu_s(checkout: Path, agents: int, hours: float, seed: int) -> float:
    """Seconds of CPU that a shift takes there, without what the process needs to start."""
    done = subprocess.run(
        [checkout / ".venv/bin/python", "-c", SHIFT, str(agents), str(hours), str(seed)],
        env=os.environ | {"PYTHONPATH": str(checkout / "src")},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--most", type=float, default=math.inf)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--hours", type=float, default=1.5)
    arguments = parser.parse_args()
    checkouts = [HERE, arguments.other.resolve()]
    pairs = []
    for pair in range(arguments.pairs):
        taken = {
            checkout: cpu_s(checkout, arguments.agents, arguments.hours, seed=pair + 1)
            for checkout in (checkouts if pair % 2 else reversed(checkouts))
        }
        pairs.append((taken[checkouts[0]], taken[checkouts[1]]))
    ratios = [here / there for here, there in pairs]
    ratio = statistics.median(ratios)
    say(
        f"CPU of a shift of {arguments.agents} agents, over that of {arguments.other}",
        ratio=round(ratio, 3),
        interval=interval(ratios, 3),
        pairs=len(pairs),
        seconds=round(statistics.median(here for here, _ in pairs), 2),
        seconds_there=round(statistics.median(there for _, there in pairs), 2),
    )
    raise SystemExit(ratio > arguments.most)


if __name__ == "__main__":
    main()
