"""A queue, where live answers wait for agents.

Decides what is known of one. It must not know who waits, nor who serves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class Queue:
    """Where live answers wait for agents. Which number customers see is ``Directory.outbound_caller_id_of``."""

    kind: ClassVar[FactKind] = FactKind.QUEUE

    queue_id: str
    name: str
    outbound_caller_id: str | None = None
    """A number in E.164, shown where ``outbound_caller_id_number_id`` names none that is there."""
    description: str = ""
    hours_of_operation_id: str | None = None
    enabled: bool = True
    """Whether agents serve it."""
    max_contacts: int | None = None
    """Contacts that may wait at once, at least 0; None is as many as there are."""
    outbound_caller_id_name: str | None = None
    outbound_caller_id_number_id: str | None = None
    outbound_flow_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    changed_at: Instant | None = field(default=None, compare=False)
    """When it was made or changed last; None if nobody has since it came with the instance or from the settings."""

    @property
    def fact_id(self) -> str:
        return self.queue_id
