"""Lines: how many originates the trunks still carry, how fast, and who among competing campaigns gets them.

Decides shares of a scarce resource. It must not know what the lines are used for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

    def spend(self, now: Instant) -> None:
        """Count one attempt."""
        self._due_at = max(self._due_at, now) + self._interval


@dataclass(frozen=True, slots=True)
class LineDemand:
    """One campaign's wish: lines it holds, lines it wants more, and its ``dialing_capacity`` (0.01…1)."""

    held: int
    wanted: int
    capacity: float


def share_lines(channels: int, demands: Mapping[str, LineDemand]) -> dict[str, int]:
    """How many more lines each campaign may take now.

    While there are lines for everybody, everybody gets what it wants. Otherwise free lines are filled up like water: to
    whoever holds fewest for its ``capacity``, until nobody wants more or none is left. A campaign goes above its
    capacity × channels only once nobody below wants a line. So a lone campaign has all lines, and nothing idles while
    somebody wants it (Amazon Connect's "Dialing capacity allocation"). Lines in use are never taken away.
    """
    free = channels - sum(demand.held for demand in demands.values())
    if free <= 0:
        return dict.fromkeys(demands, 0)
    if sum(demand.wanted for demand in demands.values()) <= free:
        return {name: demand.wanted for name, demand in demands.items()}
    held = {name: float(demand.held) for name, demand in demands.items()}
    wanted = {name: float(demand.wanted) for name, demand in demands.items()}
    return _whole(free, water_fill(free, held, wanted, {name: demand.capacity for name, demand in demands.items()}))


def water_fill(
    free: float, held: Mapping[K, float], wanted: Mapping[K, float], weights: Mapping[K, float]
) -> dict[K, float]:
    """Weighted max-min fair grants by water-filling. They add up to ``free``, which is no more than what is wanted: the
    level (what one has over its weight) is raised until they do. Each joins at what it holds and leaves at what it
    wants."""
    joins = [(held[name] / weight, weight) for name, weight in weights.items()]
    leaves = [((held[name] + wanted[name]) / weight, -weight) for name, weight in weights.items()]
    level = given = slope = 0.0
    for at, change in sorted(joins + leaves):
        if slope > 0 and given + (at - level) * slope >= free:
            break
        given += (at - level) * slope
        level = at
        slope += change
    if slope > 0:
        level += (free - given) / slope
    return {name: min(max(0.0, level * weight - held[name]), wanted[name]) for name, weight in weights.items()}


def _whole(free: int, grants: Mapping[str, float]) -> dict[str, int]:
    """Whole lines out of fractions: rounded down, the rest to the largest remainders, ties by name."""
    whole = {name: int(grant) for name, grant in grants.items()}
    left = free - sum(whole.values())
    for name in sorted(grants, key=lambda name: (whole[name] - grants[name], name))[: max(0, left)]:
        whole[name] += 1
    return whole
