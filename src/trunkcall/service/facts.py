"""What a dialer knows of the queues, agents, routing profiles and trunks around it, read again as they change.

Decides what a change of facts is to the engine: an agent who is new, serves other queues than before, or is gone; other
trunks. It must not know who changes them.
"""

from __future__ import annotations

from collections.abc import Sequence

from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.events import AgentRegistered, AgentRemoved, TrunksChanged
from trunkcall.storage.ports.directory import FactHistory


class KnownFacts:
    """The facts of one instance as of the last reading: none before the first. ``trunks`` are those of an instance that
    has no facts of any; the engine begins with them."""

    def __init__(self, instance: Instance, history: FactHistory, trunks: tuple[Trunk, ...]) -> None:
        self._history = history
        self.version = 0
        """Of the last change that was read."""
        self._served: dict[str, tuple[str, ...]] = {}
        """What the engine was told of each agent."""
        self._if_none = self._trunks = trunks
        """What it knows of trunks, and what it is told where there are none."""
        self.directory = Directory(instance)

    async def read(self) -> Sequence[AgentRegistered | AgentRemoved | TrunksChanged]:
        """Read what has changed, and what of it the engine is to be told."""
        instance_id = self.directory.instance.instance_id
        changes = await self._history.facts_changed(instance_id, after_version=self.version)
        if not changes:
            return ()
        self.version = changes[-1].version
        self.directory = self.directory.after(changes)
        return (*self._of_agents(), *self._of_trunks())

    def _of_agents(self) -> Sequence[AgentRegistered | AgentRemoved]:
        before, agents = self._served, self.directory.agents
        self._served = {agent_id: self.directory.queues_of(agent) for agent_id, agent in agents.items()}
        return (
            *(AgentRemoved(agent_id) for agent_id in before if agent_id not in agents),
            *(
                AgentRegistered(agent_id, queue_ids)
                for agent_id, queue_ids in self._served.items()
                if before.get(agent_id) != queue_ids
            ),
        )

    def _of_trunks(self) -> Sequence[TrunksChanged]:
        before, self._trunks = self._trunks, tuple(self.directory.trunks.values()) or self._if_none
        return (TrunksChanged(self._trunks),) if self._trunks != before else ()
