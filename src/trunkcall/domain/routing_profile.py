"""A routing profile: which queues its agents serve, and which of them first.

Decides what is known of one. It must not know who has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class ServedQueue:
    """A queue as a profile has it served: a lower ``priority``, from 1, comes first; ``delay_s``, from 0, is how long a
    contact has waited before these agents take it."""

    queue_id: str
    priority: int = 1
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class RoutingProfile:
    """Which queues an agent serves. One that does not exist is served by nobody."""

    kind: ClassVar[FactKind] = FactKind.ROUTING_PROFILE

    routing_profile_id: str
    name: str
    queues: tuple[ServedQueue, ...]
    description: str = ""
    default_outbound_queue_id: str | None = None
    voice_concurrency: int = 1
    """0 or 1: whether its agents take contacts by voice."""
    agent_availability_timer: str = "TIME_SINCE_LAST_ACTIVITY"
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    changed_at: Instant | None = field(default=None, compare=False)
    """When it was made or changed last; None if nobody has since it came with the instance or from the settings."""

    @property
    def fact_id(self) -> str:
        return self.routing_profile_id

    @property
    def queue_ids(self) -> tuple[str, ...]:
        """In the profile's order."""
        return tuple(queue.queue_id for queue in self.queues)


def alike(queue_ids: Iterable[str]) -> tuple[ServedQueue, ...]:
    """These queues, none before another and each at once."""
    return tuple(ServedQueue(queue_id) for queue_id in queue_ids)
