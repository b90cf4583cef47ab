"""Hours of operation: when a queue is open.

Decides what is known of them. It must not know what follows from a queue being closed. Time zones are known by their
IANA names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant


class Day(StrEnum):
    """The days of a week, in the order in which ``datetime.weekday`` counts them."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


@dataclass(frozen=True, slots=True)
class OpenHours:
    """Hours of one day, from and until a minute of it, 0 to 1439. Those that end no later than they begin end on the
    next day."""

    day: Day
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class HoursOverride:
    """Hours that count in place of the usual ones on some dates, both inclusive, each as ``yyyy-mm-dd``. Without any
    hours it is closed then."""

    override_id: str
    name: str
    description: str
    config: tuple[OpenHours, ...]
    effective_from: str
    effective_till: str


@dataclass(frozen=True, slots=True)
class HoursOfOperation:
    """When something is open in an ordinary week, and on which dates otherwise."""

    kind: ClassVar[FactKind] = FactKind.HOURS_OF_OPERATION

    hours_of_operation_id: str
    name: str
    time_zone: str
    config: tuple[OpenHours, ...]
    description: str = ""
    overrides: tuple[HoursOverride, ...] = ()
    """In the order of creation."""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    changed_at: Instant | None = field(default=None, compare=False)
    """When it was made or changed last; None if nobody has since it came with the instance or from the settings."""

    @property
    def fact_id(self) -> str:
        return self.hours_of_operation_id
