"""Simulated agents: they come when the server starts and are available again once their work after a contact is done.

Decides nothing of their speed, which is the simulated world's. They are a client of the same use case that real agents
use (PutUserStatus); their phones are the simulated carrier's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.errors import NotFoundError
from trunkcall.service.presence import Presence


class SimulatedFloor:
    """The simulated agents of one instance."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._staff: tuple[str, ...] = ()

    def staff(self, agent_ids: Iterable[str]) -> None:
        """These agents come in and want to work."""
        self._staff = tuple(agent_ids)
        for agent_id in self._staff:
            self._presence.put_user_status(agent_id, AgentStatus.AVAILABLE)

    def busy(self, agent_ids: Collection[str]) -> None:
        """These are in a contact or working on one, nobody else is: words of theirs that were lost are made up for."""
        for agent_id in self._staff:
            if agent_id not in agent_ids:
                self._presence.put_user_status(agent_id, AgentStatus.AVAILABLE)

    def agent_done(self, agent_id: str) -> None:
        """The agent has finished the work after a contact. A carrier apart may have agents of a server that was here
        before; nobody waits for those."""
        with suppress(NotFoundError):
            self._presence.put_user_status(agent_id, AgentStatus.AVAILABLE)
