"""What a simulated shift comes to, as values.

Decides names and units. It must not know how a shift is run or shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shift:
    """What came of a simulated shift. Times are seconds."""

    agents: int
    hours: float
    seed: int
    pacer: str
    attempts: int
    live_answers: int
    abandoned: int
    connected: int
    occupancy_ratio: float
    mean_idle_s: float
    events: int
    """How many calls the engine took."""

    @property
    def abandonment_ratio(self) -> float:
        return self.abandoned / self.live_answers if self.live_answers else 0.0
