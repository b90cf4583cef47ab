"""The statuses that the agents of one instance have chosen, kept in the store over restarts.

Decides what a status is to whoever dials, and that the store is written where something has changed alone. That an
agent has chosen a status goes to ``presence``. It must not know what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.clock import Clock
from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.user_status import UserStatus, UserStatusType, built_in_statuses
from trunkcall.service.presence import Presence
from trunkcall.storage.ports.presence import AgentPresences

_AGENT_STATUSES: Mapping[UserStatusType, AgentStatus] = MappingProxyType(
    {
        UserStatusType.ROUTABLE: AgentStatus.AVAILABLE,
        UserStatusType.CUSTOM: AgentStatus.BREAK,
        UserStatusType.OFFLINE: AgentStatus.OFFLINE,
    }
)
"""What a status is to whoever dials."""


class ChosenStatuses:
    """Has agents' choices told at once and kept."""

    def __init__(self, instance_id: str, store: AgentPresences, presence: Presence, clock: Clock) -> None:
        self._instance_id = instance_id
        self._store = store
        self._presence = presence
        self._clock = clock
        self._kept: dict[str, str] = {}
        """The id of the status that the store has of each agent, as far as that is known."""
        self._chosen_since: set[str] = set()
        """Agents who have chosen a status since the store's were asked for."""

    async def choose(self, agent_id: str, status: UserStatus) -> None:
        """The agent chooses this status, which is told at once, and kept when this returns. Raises NotFoundError for
        one whom no dialer has read yet, StoreUnavailableError."""
        self._presence.put_user_status(agent_id, _AGENT_STATUSES[status.status_type])
        self._chosen_since.add(agent_id)
        if self._kept.get(agent_id) != status.status_id:
            await self._store.put_presence(self._instance_id, agent_id, status.status_id, at=self._clock.now())
            self._kept[agent_id] = status.status_id

    async def choose_by_phone(self, agent_id: str, status: AgentStatus) -> None:
        """The agent chooses on the telephone, by that which every instance has of these statuses. One who is no agent
        any more has chosen nothing. Raises StoreUnavailableError."""
        statuses = built_in_statuses(self._instance_id).values()
        chosen = next(each for each in statuses if _AGENT_STATUSES[each.status_type] is status)
        with suppress(NotFoundError):
            await self.choose(agent_id, chosen)

    async def restore(self, directory: Directory) -> None:
        """Have agents want what they have chosen before, which is no word of theirs, but for those who choose something
        just then."""
        self._chosen_since.clear()
        for chosen in await self._store.presences(self._instance_id):
            status = directory.user_statuses.get(chosen.status_id)
            if status is not None and chosen.agent_id not in self._chosen_since:
                self._kept[chosen.agent_id] = chosen.status_id
                self._presence.restore(chosen.agent_id, _AGENT_STATUSES[status.status_type])
