"""What stories about simulated shifts share: scenarios by their values, and what was dialed when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from trunkcall.domain.instants import Instant
from trunkcall.engine.commands import Command, Originate
from trunkcall.engine.events import Event
from trunkcall.simulation.results import CampaignShift, Shift
from trunkcall.simulation.scenario import Scenario, with_values
from trunkcall.simulation.simulator import Simulator, at_hour

C = TypeVar("C")


def scenario(**values: object) -> Scenario:
    return with_values(Scenario(), values, "a test")


@dataclass
class Record:
    """Everything that a shift's engine was told and wanted."""

    calls: list[tuple[Instant, Event | None, list[Command]]] = field(default_factory=list)

    def enter(self, at: Instant, event: Event | None, commands: list[Command]) -> None:
        self.calls.append((at, event, list(commands)))

    def of_kind(self, kind: type[C]) -> list[C]:
        """Commands of one kind, in order."""
        return [command for _, _, commands in self.calls for command in commands if isinstance(command, kind)]

    def attempts(self, since_h: float = 0.0, until_h: float = 1e6) -> Counter[str]:
        """Attempts of each campaign in these hours of the shift."""
        return Counter(
            command.campaign_id
            for at, _, commands in self.calls
            if at_hour(since_h) <= at < at_hour(until_h)
            for command in commands
            if isinstance(command, Originate)
        )


def recorded(seed: int = 1, /, **values: object) -> tuple[Shift, Record]:
    """A shift and its record."""
    record = Record()
    return Simulator(scenario(**values), seed=seed, trace=record.enter).run(), record


def by_name(shift: Shift) -> dict[str, CampaignShift]:
    return {campaign.name: campaign for campaign in shift.campaigns}
