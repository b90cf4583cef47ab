"""What a pacer learns from the campaign it dials, and forgets again.

Decides how much of the past counts. It must not know what an estimate is used for.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STALE_SHARE = 0.05
"""Of a sample: so many new values make it be sorted again."""


class Ratio:
    """A share of successes that forgets: each trial counts ``1 - 1/memory`` as much as the next. It begins with
    ``prior`` in ``prior_trials``, which are forgotten as well."""

    __slots__ = ("_keep", "_successes", "_trials")

    def __init__(self, *, memory: float, prior: float, prior_trials: float) -> None:
        self._keep = 1.0 - 1.0 / memory
        self._trials = prior_trials
        self._successes = prior * prior_trials

    def enter(self, success: bool) -> None:
        self._trials = self._trials * self._keep + 1.0
        self._successes = self._successes * self._keep + success

    @property
    def value(self) -> float:
        """Never 0 nor 1: what was not seen yet may come."""
        return (self._successes + 0.05) / (self._trials + 0.1)


class Durations:
    """The last ``memory`` lengths, in seconds, and their survival function."""

    __slots__ = ("_fresh", "_sorted", "_values")

    def __init__(self, memory: int) -> None:
        self._values: deque[float] = deque(maxlen=memory)
        self._sorted: Floats = np.empty(0)
        self._fresh = 0

    def __len__(self) -> int:
        return len(self._values)

    def enter(self, length_s: float) -> None:
        self._values.append(length_s)
        self._fresh += 1

    @property
    def mean(self) -> float:
        ordered = self._ordered()
        return float(ordered.mean()) if len(ordered) else 0.0

    def surviving(self, ages_s: Floats) -> Floats:
        """How many of the lengths are longer than each age."""
        ordered = self._ordered()
        found: Floats = len(ordered) - np.searchsorted(ordered, ages_s, side="right").astype(np.float64)
        return found

    def ends_within(self, ages_s: Floats, horizon_s: float) -> Floats:
        """For each age, the probability that what has lasted so long ends within the horizon. Half a length is added
        to either count, so that what has lasted longer than anything before is not thought immortal."""
        later = self.surviving(ages_s + horizon_s)
        now = self.surviving(ages_s)
        ending: Floats = 1.0 - (later + 0.25) / (now + 0.5)
        return ending

    def _ordered(self) -> Floats:
        if self._fresh and (self._fresh >= STALE_SHARE * len(self._values) or len(self._sorted) == 0):
            self._sorted = np.sort(np.fromiter(self._values, np.float64, len(self._values)))
            self._fresh = 0
        return self._sorted
