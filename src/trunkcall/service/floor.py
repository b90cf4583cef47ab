"""Simulated agents: they come when the server starts, confirm again and again that they are there, and are available
again once their work after a contact is done. Whoever was given another status by somebody else keeps to it.

Decides nothing of what they do or how fast, which is the simulated world's. They are a client of the same use cases
that real agents use; their phones are the simulated carrier's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Final

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.clock import Sleep
from trunkcall.service.presence import Presence

TELL_EVERY_S: Final = 1.0
"""By the wall clock: often enough for the least ``agent_state_max_age_s`` that can be set."""


class SimulatedFloor:
    """The simulated agents of one instance, if it has any. They are there as long as the simulated world tells of them
    (``busy``): always, where it is in this process (``run``)."""

    def __init__(self, presence: Presence, *, sleep: Sleep = asyncio.sleep) -> None:
        self._presence = presence
        self._sleep = sleep
        self._staff: dict[str, None] = {}
        """Who has come in. Other agents are somebody else's: nobody says anything in their place."""

    def staff(self, agent_ids: Iterable[str]) -> None:
        """These agents come in and want to work."""
        self._staff = dict.fromkeys(agent_ids)
        for agent_id in self._staff:
            self._presence.put_user_status(agent_id, AgentStatus.AVAILABLE)

    async def run(self, busy_agents: Callable[[], Collection[str]]) -> None:
        """Have a world in this process tell again and again who is busy, until cancelled. What the agents of a former
        process were busy with has ended with it, and nobody else would say so."""
        while True:
            self.busy(busy_agents())
            await self._sleep(TELL_EVERY_S)

    def busy(self, agent_ids: Collection[str]) -> None:
        """All are there, but those who are no agents any more; these are in a contact or working on one, nobody else
        is. Whoever is not says the status again: words that were lost, or that came before what they were about, are
        made up for, and so is a contact that was missed."""
        staff = [agent_id for agent_id in self._staff if self._presence.knows(agent_id)]
        self._presence.confirm(staff)
        busy = frozenset(agent_ids)
        for agent_id in staff:
            if agent_id not in busy:
                self._say_status(agent_id)

    def agent_done(self, agent_id: str) -> None:
        """The agent has finished the work after a contact. The simulated world has phones for others too, whose work
        ends when they say so, and a carrier apart may have agents of a server that was here before."""
        if agent_id in self._staff and self._presence.knows(agent_id):
            self._say_status(agent_id)

    def _say_status(self, agent_id: str) -> None:
        status = self._presence.chosen(agent_id)
        self._presence.put_user_status(agent_id, AgentStatus.AVAILABLE if status is None else status)
