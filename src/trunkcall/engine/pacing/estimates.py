"""What a pacer learns from the campaign it dials, and forgets again.

Decides how much of the past counts. It must not know what an estimate is used for.
"""

from __future__ import annotations

import math
from array import array

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ages = NDArray[np.int64]
"""Whole seconds."""

STALE_SHARE = 0.05
"""Of a sample: so many new values make it be sorted again."""
MIN_SURVIVAL = 1e-300
"""So that what lasts longer than anything can be divided by it."""
DOUBT = 0.5
"""Lengths that are thought to end at a constant rate, beside those that were seen: what decides where none was seen."""


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

    @property
    def deviation(self) -> float:
        """The standard deviation of ``value``, for trials that are independent."""
        value = self.value
        return math.sqrt(value * (1.0 - value) / (self._trials + 1.0))


class Durations:
    """The last ``memory`` lengths, in seconds, and their survival function. What is read of them is as of ``version``,
    which changes when enough new lengths have come."""

    __slots__ = ("_fresh", "_memory", "_oldest", "_sorted", "_values", "version")

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._values: array[float] = array("d")
        self._oldest = 0
        """Which of the values the next one takes the place of, once there are as many as are kept."""
        self._sorted: Floats = np.empty(0)
        self._fresh = 0
        self.version = 0

    def __len__(self) -> int:
        return len(self._values)

    def enter(self, length_s: float) -> None:
        values = self._values
        if len(values) < self._memory:
            values.append(max(length_s, 0.0))
        else:
            values[self._oldest] = max(length_s, 0.0)
            self._oldest = (self._oldest + 1) % self._memory
        self._fresh += 1
        if self._fresh >= STALE_SHARE * len(values):
            self._sorted = np.array(values)
            self._sorted.sort()
            self._fresh = 0
            self.version += 1

    def survival(self, ages_s: Floats) -> Floats:
        """The share of the lengths that are longer than each age. There must be some."""
        longer: Floats = len(self._sorted) - np.searchsorted(self._sorted, ages_s, side="right").astype(np.float64)
        return longer / len(self._sorted)

    def survival_by_second(self, seconds: int, ongoing: Ages) -> Floats:
        """The share that lasts for at least 0, 1, ... ``seconds`` seconds, with what still goes on counted for as long
        as it has: at the beginning mostly short ones have ended (the product-limit estimator: Kaplan and Meier 1958).
        It never comes to nothing, and where nothing was seen it falls at a constant rate. There must be some."""
        last = seconds - 1
        ended = np.bincount(np.minimum(self._sorted, last).astype(np.int64), minlength=seconds)
        goes_on = np.bincount(np.minimum(ongoing, last), minlength=seconds)
        at_risk = np.cumsum((ended + goes_on)[::-1])[::-1]
        rate = 1.0 / max(1.0, float(np.add.reduce(self._sorted)) / len(self._sorted))
        survival = np.ones(seconds + 1)
        np.cumprod(1.0 - np.minimum((ended + DOUBT * rate) / (at_risk + DOUBT), 0.999), out=survival[1:])
        return np.maximum(survival, MIN_SURVIVAL)

    def quantiles(self, shares: Floats) -> Floats:
        """The lengths below which such shares of them are. There must be some."""
        found: Floats = np.interp(shares * (len(self._sorted) - 1), np.arange(len(self._sorted)), self._sorted)
        return found

    @property
    def longest(self) -> float:
        return float(self._sorted[-1]) if len(self._sorted) else 0.0
