"""The clocks of one process: they go by the world's time, a little too fast or too slow, and tell another date.

Whoever works with several processes reads several times, and none of them is the true one.
"""

from __future__ import annotations

from random import Random

from service.support import BEGUN_AT
from trunkcall.domain.clock import Seconds
from world.faults import Faults

OFF_BY_S = (0.0, 0.0, 2.0, -2.0, 40.0, -40.0, 300.0, -300.0)
"""What the wall clocks of processes can be set to, beside the true time."""
MOST_APART_S = 700.0
"""The most by which two of them can differ, what they drift in a world's time included."""


class Clocks:
    """``seconds`` that nobody can set, and the ``wall`` clock as the process finds it when it begins."""

    def __init__(self, true_s: Seconds, faults: Faults, random: Random) -> None:
        self._true_s = true_s
        self._rate = 1.0 + random.uniform(-faults.clocks_drift, faults.clocks_drift)
        off_by_s = random.choice(OFF_BY_S) if random.random() < faults.clocks_are_off else 0.0
        self._off_by_ns = round(off_by_s * 1e9)
        self._began_s = random.uniform(0.0, 1e6)

    def seconds(self) -> float:
        return self._began_s + self._true_s() * self._rate

    def wall(self) -> int:
        """Nanoseconds since the epoch."""
        return BEGUN_AT * 1000 + self._off_by_ns + round(self._true_s() * self._rate * 1e9)
