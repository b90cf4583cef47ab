"""Which status each agent has chosen, over restarts.

Decides what is kept of it. What follows from a status is not the store's to say. See ``storage.ports`` for what is
promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from trunkcall.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class ChosenStatus:
    """The status that an agent has chosen last, and when."""

    agent_id: str
    status_id: str
    chosen_at: Instant


class AgentPresences(Protocol):
    """The statuses that agents have chosen."""

    async def put_presence(self, instance_id: str, agent_id: str, status_id: str, *, at: Instant) -> None:
        """Note that the agent has chosen this status, in place of what was noted before. Raises NotFoundError without
        the instance."""

    async def presences(self, instance_id: str) -> Sequence[ChosenStatus]:
        """What was noted of each of the instance's agents, but for those who were removed since, by agent id. What
        cannot be read is left out."""
