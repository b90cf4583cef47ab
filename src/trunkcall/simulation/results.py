"""What a simulated shift comes to, as values.

Decides names and units. It must not know how a shift is run or shown.
"""

from __future__ import annotations

from dataclasses import dataclass


class _Ratios:
    """Shares of the people who answered."""

    __slots__ = ()

    live_answers: int
    abandoned: int
    false_machines: int
    """People whom detection took for machines, so that they were hung up on. They are no live answers."""

    @property
    def abandonment_ratio(self) -> float:
        return self.abandoned / self.live_answers if self.live_answers else 0.0

    @property
    def false_machine_ratio(self) -> float:
        """How many were taken for machines."""
        return self.false_machines / self._people if self._people else 0.0

    @property
    def lost_ratio(self) -> float:
        """How many found nobody or were taken for machines: the abandonment of those who count false machines."""
        return (self.abandoned + self.false_machines) / self._people if self._people else 0.0

    @property
    def _people(self) -> int:
        return self.live_answers + self.false_machines


@dataclass(frozen=True, slots=True)
class CampaignShift(_Ratios):
    """What came of one campaign in a simulated shift."""

    name: str
    pacer: str
    attempts: int
    live_answers: int
    abandoned: int
    false_machines: int
    connected: int
    handling_share: float
    """Of all the time that agents spent on contacts and the work after them, how much was this campaign's, 0 to 1."""
    mean_lines: float
    """Lines that it held, on average over the whole shift."""


@dataclass(frozen=True, slots=True)
class Shift(_Ratios):
    """What came of a simulated shift, all campaigns together. Times are seconds."""

    agents: int
    hours: float
    seed: int
    pacer: str
    """Of the campaigns; where they have several, their names in order."""
    attempts: int
    live_answers: int
    abandoned: int
    false_machines: int
    connected: int
    occupancy_ratio: float
    mean_idle_s: float
    events: int
    """How many events the engine was told, and how often it was woken without any."""
    campaigns: tuple[CampaignShift, ...]
    """Each campaign by itself, in the order of the scenario."""
