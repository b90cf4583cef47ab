"""The use case of setting an agent's status, and what is remembered of it.

Decides nothing about dialing: statuses go to the engine, and are told again to an engine that replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.errors import NotFoundError
from trunkcall.engine.events import AgentStatusSet


class Presence:
    """The agents of one instance, as they want to be."""

    def __init__(self) -> None:
        self._statuses: dict[str, AgentStatus] = {}
        self._known: frozenset[str] = frozenset()
        self._listener: Callable[[AgentStatusSet], None] | None = None

    def put_user_status(self, agent_id: str, status: AgentStatus) -> None:
        """Set an agent's status: at once, or after the contact in progress. Raises NotFoundError."""
        if agent_id not in self._known:
            raise NotFoundError("No agent with this id exists in the instance.")
        self._statuses[agent_id] = status
        if self._listener is not None:
            self._listener(AgentStatusSet(agent_id, status))

    def know(self, agent_ids: frozenset[str]) -> None:
        """These are the instance's agents."""
        self._known = agent_ids

    def listen(self, listener: Callable[[AgentStatusSet], None] | None) -> Mapping[str, AgentStatus]:
        """Tell this listener every change from now on; returns the statuses until now."""
        self._listener = listener
        return dict(self._statuses)
