"""The use case of agents, or their desktops, who say that they are still there.

Decides whom that may be said of. It must not know what follows from it, nor the wire's names.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from trunkcall.domain.errors import NotFoundError
from trunkcall.storage.ports.directory import Directories


class AgentsFloor(Protocol):
    """Whoever dials for an instance, and counts on its agents."""

    def confirm_agents(self, instance_id: str, agent_ids: Collection[str]) -> None: ...


class Confirmations:
    """Has agents heard of who have nothing else to say. ``floor`` hears of them."""

    def __init__(self, directories: Directories, floor: AgentsFloor) -> None:
        self._directories = directories
        self._floor = floor

    async def confirm_agents(self, instance_id: str, agent_ids: Collection[str]) -> None:
        """These agents are still there, and want to be what they have chosen. Raises NotFoundError, and then nobody is
        confirmed; InvalidStateError while nobody dials for the instance."""
        directory = await self._directories.directory(instance_id)
        if directory is None or directory.instance.deleted_at is not None:
            raise NotFoundError("No Connect instance with this id exists.")
        if not directory.agents.keys() >= set(agent_ids):
            raise NotFoundError("No agent with one of these ids exists in the instance; nobody was confirmed.")
        self._floor.confirm_agents(instance_id, agent_ids)
