"""How fast attempts may follow each other, and how what is scarce is divided at one moment.

Decides that by numbers alone. It must not know what they are used for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from trunkcall.domain.instants import SECOND, Duration, Instant

K = TypeVar("K")


class RateLimit:
    """Attempts per second, by the generic cell rate algorithm (ITU-T I.371): at most a second's worth in a burst."""

    __slots__ = ("_due_at", "_interval", "_tolerance")

    def __init__(self, per_s: float) -> None:
        self._due_at: Instant = 0
        self.change(per_s)

    def change(self, per_s: float) -> None:
        """Another rate holds from here. What was spent stays spent."""
        self._interval: Duration = max(1, round(SECOND / per_s))
        self._tolerance: Duration = max(0, SECOND - self._interval)

    def allows_at(self) -> Instant:
        """The earliest instant at which the next attempt is within the rate."""
        return self._due_at - self._tolerance

    def allows(self, now: Instant) -> int:
        """How many attempts are within the rate now."""
        return max(0, (now + self._tolerance - max(self._due_at, now)) // self._interval + 1)

    def is_unspent(self, now: Instant) -> bool:
        """Whether nothing that was spent counts any more: a new limit of the same rate would allow as much."""
        return self._due_at <= now

    def spend(self, now: Instant) -> None:
        """Count one attempt."""
        self._due_at = max(self._due_at, now) + self._interval


def water_fill(free: float, held: Mapping[K, float], weights: Mapping[K, float]) -> dict[K, float]:
    """Weighted max-min fair grants by water-filling. They add up to ``free``: the level (what one has over its weight)
    is raised until they do. Each joins at what it holds; there is one at least."""
    level = given = slope = 0.0
    for at, weight in sorted([(held[name] / weight, weight) for name, weight in weights.items()]):
        if slope > 0 and given + (at - level) * slope >= free:
            break
        given += (at - level) * slope
        level = at
        slope += weight
    level += (free - given) / slope
    return {name: max(0.0, level * weight - held[name]) for name, weight in weights.items()}
