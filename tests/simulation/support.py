"""What stories about simulated shifts share: scenarios by their values, and what was dialed when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from trunkcall.domain.changes import AttemptBegun
from trunkcall.domain.instants import Instant
from trunkcall.engine.decision import Decision
from trunkcall.engine.events import Event
from trunkcall.simulation.results import CampaignShift, Shift
from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Simulator, at_hour

C = TypeVar("C")


def scenario(**values: object) -> Scenario:
    return with_values(Scenario(), values, "a test")


@dataclass
class Record:
    """Everything that a shift's engine was told and has decided."""

    turns: list[tuple[tuple[tuple[Event, Instant], ...], Instant, Decision]] = field(default_factory=list)

    def enter(self, events: Sequence[tuple[Event, Instant]], now: Instant, decision: Decision) -> None:
        self.turns.append((tuple(events), now, decision))

    @property
    def told(self) -> list[tuple[Event, Instant]]:
        """What has happened, in order."""
        return [told for events, _, _ in self.turns for told in events]

    def of_kind(self, kind: type[C]) -> list[C]:
        """Changes or deeds of one kind, in order."""
        decided = (decision for _, _, decision in self.turns)
        return [
            found
            for decision in decided
            for found in (*decision.changes, *decision.deeds_to_do(refused=()))
            if isinstance(found, kind)
        ]

    def attempts(self, since_h: float = 0.0, until_h: float = 1e6) -> Counter[str]:
        """Attempts of each campaign in these hours of the shift."""
        return Counter(
            begun.campaign_id for begun in self.of_kind(AttemptBegun) if at_hour(since_h) <= begun.at < at_hour(until_h)
        )


def recorded(seed: int = 1, /, **values: object) -> tuple[Shift, Record]:
    """A shift and its record."""
    record = Record()
    return Simulator(scenario(**values), seed=seed, trace=record.enter).run(), record


def by_name(shift: Shift) -> dict[str, CampaignShift]:
    return {campaign.name: campaign for campaign in shift.campaigns}
