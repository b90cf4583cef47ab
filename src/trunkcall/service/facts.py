"""What a dialer knows of the queues, agents, routing profiles and trunks around it, read again as they change.

Decides what a change of facts is to the engine: an agent who is new, serves other queues than before or in another way,
is reached otherwise, or is gone; a queue in which more or fewer may wait; other trunks. It must not know who changes
them.
"""

from __future__ import annotations

from collections.abc import Sequence

from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.instants import SECOND
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent
from trunkcall.engine.events import AgentRegistered, AgentRemoved, QueueLimited, TrunksChanged
from trunkcall.storage.ports.directory import FactHistory


class KnownFacts:
    """The facts of one instance as of the last reading: none before the first. ``trunks`` are those of an instance that
    has no facts of any; the engine begins with them."""

    def __init__(self, instance: Instance, history: FactHistory, trunks: tuple[Trunk, ...]) -> None:
        self._history = history
        self.version = 0
        """Of the last change that was read."""
        self._agents: dict[str, AgentRegistered] = {}
        """What the engine was told of each agent."""
        self._limits: dict[str, int] = {}
        """How many may wait at once, as far as the engine was told of a limit."""
        self._if_none = self._trunks = trunks
        """What it knows of trunks, and what it is told where there are none."""
        self.directory = Directory(instance)

    async def read(self) -> Sequence[AgentRegistered | AgentRemoved | QueueLimited | TrunksChanged]:
        """Read what has changed, and what of it the engine is to be told."""
        instance_id = self.directory.instance.instance_id
        changes = await self._history.facts_changed(instance_id, after_version=self.version)
        if not changes:
            return ()
        self.version = max(self.version, *[each.version for each in changes])
        self.directory = self.directory.after(changes)
        return (*self._of_agents(), *self._of_queues(), *self._of_trunks())

    def _of_agents(self) -> Sequence[AgentRegistered | AgentRemoved]:
        before, agents = self._agents, self.directory.agents
        self._agents = {agent_id: self._registered(agent) for agent_id, agent in agents.items()}
        return (
            *(AgentRemoved(agent_id) for agent_id in before if agent_id not in agents),
            *(event for agent_id, event in self._agents.items() if before.get(agent_id) != event),
        )

    def _registered(self, agent: Agent) -> AgentRegistered:
        phone = agent.phone
        return AgentRegistered(
            agent.agent_id,
            self.directory.served_by(agent),
            phone.after_contact_work_limit_s * SECOND,
            phone.persistent_connection,
            by_number=phone.number is not None,
        )

    def _of_queues(self) -> Sequence[QueueLimited]:
        before, queues = self._limits, self.directory.queues
        self._limits = {k: most for k, queue in queues.items() if (most := queue.max_contacts) is not None}
        return (
            *(QueueLimited(queue_id, None) for queue_id in before if queue_id not in self._limits),
            *(QueueLimited(k, most) for k, most in self._limits.items() if before.get(k) != most),
        )

    def _of_trunks(self) -> Sequence[TrunksChanged]:
        before, self._trunks = self._trunks, tuple(self.directory.trunks.values()) or self._if_none
        return (TrunksChanged(self._trunks),) if self._trunks != before else ()
