"""What it costs the engine that agents change their state while it dials: 1,000 agents, 10 changes a second in all,
beside 20 attempts a second, over the same without them.

Both dial in one run, by turns, a stretch of simulated time each. A change is a word of an agent's who takes a break,
and comes back some seconds later; changes are at random instants. Only the engine's turns count, as in ``scale.py``.
Prints one JSON line, and exits non-zero if a bar is missed.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
from functools import partial
from random import Random
from typing import Final

from api import interval, say
from scale import Case, Centre
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.engine.events import AgentStatusSet

CASE: Final = Case(progressive=1, predictive=1, queues=1, agents=1_000, attempts_per_s=20, stretch_s=20)
CHANGES_PER_S: Final = 10
ON_BREAK_S: Final = 10
STRETCHES: Final = 9
CPU_BAR: Final = 1.5
"""CPU of an attempt over that without changes, of which there is one for every two attempts."""
TURN_BAR: Final = 2.0
"""How many times as long the 99th of a hundred turns may take."""


class Restless(Centre):
    """A centre whose agents take breaks."""

    def __init__(self, case: Case, seed: int) -> None:
        super().__init__(case, seed)
        self.changes = 0
        self._breaks = Random(seed)

    def be_restless(self, until: Instant) -> None:
        """Dial until then, while agents come and go."""
        while self.now < until:
            leaves = f"agent-{self._breaks.randrange(self.case.agents)}"
            self._say(AgentStatusSet(leaves, AgentStatus.BREAK))
            self.call_later(ON_BREAK_S * SECOND, partial(self._say, AgentStatusSet(leaves, AgentStatus.AVAILABLE)))
            # One comes back for each who leaves.
            self.pass_time(min(until, self.now + round(self._breaks.expovariate(CHANGES_PER_S / 2) * SECOND)))

    def _say(self, event: AgentStatusSet) -> None:
        self.changes += 1
        self.tell(event)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a third of the time, held to no bar")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    calm, restless = Centre(CASE, arguments.seed), Restless(CASE, arguments.seed)
    calm.open()
    restless.open()
    restless.be_restless(restless.now + ON_BREAK_S * SECOND)
    gc.collect()
    gc.freeze()
    cpu: list[float] = []
    slow: list[float] = []
    turns: dict[str, list[float]] = {"calm": [], "restless": []}
    attempts = {"calm": 0, "restless": 0}
    restless.changes = 0
    stretches = STRETCHES // 3 if arguments.quick else STRETCHES
    for stretch in range(stretches):
        for name in ("calm", "restless") if stretch % 2 else ("restless", "calm"):
            centre = calm if name == "calm" else restless
            centre.begin_anew()
            until = centre.now + round(CASE.stretch_s * SECOND)
            if name == "calm":
                centre.pass_time(until)
            else:
                restless.be_restless(until)
            turns[name] += centre.turns_s
            attempts[name] += len(centre.attempts)
        cpu.append(_per_attempt(restless) / _per_attempt(calm))
        slow.append(_slowest(restless.turns_s) / _slowest(calm.turns_s))
    seconds = stretches * CASE.stretch_s
    ratio, slowness = statistics.median(cpu), statistics.median(slow)
    say(
        "engine CPU of an attempt while agents change their state, over that while they do not",
        ratio=round(ratio, 2),
        interval=interval(cpu, 2),
        bar=CPU_BAR,
        p99_turn_ratio=round(slowness, 2),
        p99_turn_interval=interval(slow, 2),
        p99_turn_bar=TURN_BAR,
        changes_per_s=round(restless.changes / seconds, 1),
        attempts_per_s={name: round(number / seconds, 1) for name, number in attempts.items()},
        cpu_over_simulated_time={name: round(sum(of) / seconds, 4) for name, of in turns.items()},
        median_turn_ms={name: round(1000 * statistics.median(of), 3) for name, of in turns.items()},
        p99_turn_ms={name: round(1000 * _slowest(of), 3) for name, of in turns.items()},
        longest_turn_ms={name: round(1000 * max(of), 1) for name, of in turns.items()},
    )
    sys.exit(not arguments.quick and (ratio > CPU_BAR or slowness > TURN_BAR))


def _per_attempt(centre: Centre) -> float:
    return sum(centre.turns_s) / max(1, len(centre.attempts))


def _slowest(turns_s: list[float]) -> float:
    """Of a hundred turns the slowest but one."""
    return statistics.quantiles(turns_s, n=100)[98]


if __name__ == "__main__":
    main()
