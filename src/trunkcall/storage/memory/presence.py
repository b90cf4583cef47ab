"""Statuses that agents have chosen, in memory (``ports.presence``)."""

from __future__ import annotations

from collections.abc import Sequence

from trunkcall.domain.instants import Instant
from trunkcall.storage.memory.state import Part
from trunkcall.storage.ports.presence import ChosenStatus


class PresenceInMemory(Part):
    """What each agent has chosen last."""

    async def put_presence(self, instance_id: str, agent_id: str, status_id: str, *, at: Instant) -> None:
        self._state.there(instance_id)
        self._state.presences[instance_id][agent_id] = ChosenStatus(agent_id, status_id, at)

    async def presences(self, instance_id: str) -> Sequence[ChosenStatus]:
        return sorted(self._state.presences[instance_id].values(), key=lambda chosen: chosen.agent_id)
