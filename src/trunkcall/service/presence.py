"""The use cases of agents who set a status and confirm that it still holds, and what is remembered of both.

Decides when an agent is unheard: nothing was heard for longer than a maximum age. Decides nothing about dialing: what
is heard goes to the engine, and is told again to an engine that replaces it. Age is real time, however
fast the instance's clock runs, and goes on while the process is stopped or the machine asleep.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.clock import Seconds
from trunkcall.domain.errors import NotFoundError
from trunkcall.engine.events import AgentHeard, AgentStatusSet, AgentUnheard
from trunkcall.service.clock import since_boot_s

ASLEEP_S: Final = 2.0
"""Who has not looked for so long, and looks every second, was stopped: what agents said meanwhile may be unread."""

PresenceEvent: TypeAlias = AgentStatusSet | AgentUnheard | AgentHeard


class Presence:
    """The agents of one instance, as they want to be, and when each was last heard of.

    ``max_age_s`` is how long a word of an agent is relied on; 0 is for ever.
    """

    def __init__(self, *, max_age_s: float = 0.0, monotonic: Seconds = since_boot_s) -> None:
        self._max_age_s = max_age_s
        self._monotonic = monotonic
        self._looked_s = monotonic()
        self._statuses: dict[str, AgentStatus] = {}
        self._heard_s: dict[str, float] = {}
        """When each agent was last heard of, longest ago first. Whoever is not in it is unheard."""
        self._known: frozenset[str] = frozenset()
        self._listener: Callable[[PresenceEvent], None] | None = None

    # --- what agents say ----------------------------------------------------------------------------------------------

    def put_user_status(self, agent_id: str, status: AgentStatus) -> None:
        """Set an agent's status: at once, or after the contact in progress. Repeating it is no mere sign of life: it
        ends the work after a contact; for that there is ``confirm``. Raises NotFoundError."""
        self._check_known([agent_id])
        self._statuses[agent_id] = status
        self._tell(AgentStatusSet(agent_id, status))
        # The status comes first: whoever is heard of again with the word that he leaves is not dialed for.
        self._hear(agent_id)

    def restore(self, agent_id: str, status: AgentStatus) -> None:
        """The agent has chosen this status before, as the store has it. That is no word of anybody."""
        if agent_id in self._known:
            self._statuses[agent_id] = status

    def confirm(self, agent_ids: Collection[str]) -> None:
        """These agents are still there and want what they wanted. Raises NotFoundError; then nobody is confirmed."""
        self._check_known(agent_ids)
        for agent_id in agent_ids:
            self._hear(agent_id)

    def _check_known(self, agent_ids: Collection[str]) -> None:
        if not self._known.issuperset(agent_ids):
            raise NotFoundError("No agent with this id exists in the instance.")

    def _hear(self, agent_id: str) -> None:
        unheard = self._heard_s.pop(agent_id, None) is None
        self._heard_s[agent_id] = self._monotonic()
        if unheard and self._max_age_s:
            self._tell(AgentHeard(agent_id))

    # --- what is told of them -----------------------------------------------------------------------------------------

    def know(self, agent_ids: frozenset[str]) -> None:
        """These are the instance's agents, or have a contact to finish. Whatever others said is forgotten; whoever is
        new was never heard of."""
        before, self._known = self._known, agent_ids
        for agent_id in before - agent_ids:
            self._statuses.pop(agent_id, None)
            self._heard_s.pop(agent_id, None)
        for agent_id in sorted(agent_ids - before - self._heard_s.keys()) if self._max_age_s else ():
            self._tell(AgentUnheard(agent_id))

    def chosen(self, agent_id: str) -> AgentStatus | None:
        """What the agent has asked for last; None of one who has not said a word."""
        return self._statuses.get(agent_id)

    def knows(self, agent_id: str) -> bool:
        """Whether this is such an agent."""
        return agent_id in self._known

    def listen(self, listener: Callable[[PresenceEvent], None] | None) -> tuple[PresenceEvent, ...]:
        """Tell this listener every change from now on; returns what it has missed. Agents who were never heard of are
        unheard: a former process may have left them in a contact."""
        self._listener = listener
        unheard = sorted(self._known - self._heard_s.keys()) if self._max_age_s else ()
        return (
            *(AgentUnheard(agent_id) for agent_id in unheard),
            *(AgentStatusSet(agent_id, status) for agent_id, status in self._statuses.items()),
        )

    def look(self) -> None:
        """Tell the listener of whom nothing was heard for too long. Nothing may be begun for agents on what is known
        from before it."""
        self._looked_s = self._monotonic()
        while (agent_id := self._overdue(self._looked_s)) is not None:
            del self._heard_s[agent_id]
            self._tell(AgentUnheard(agent_id))

    @property
    def is_recent(self) -> bool:
        """Whether what the last look has found may still be acted on."""
        return not self._max_age_s or self._monotonic() - self._looked_s <= self._max_age_s

    @property
    def has_slept(self) -> bool:
        """Whether agents would become unheard at this look although they may have spoken: this process was stopped, and
        could not read it."""
        now_s = self._monotonic()
        return now_s - self._looked_s > ASLEEP_S and self._overdue(now_s) is not None

    def _overdue(self, now_s: float) -> str | None:
        """Who was last heard of longest ago, if that is too long."""
        agent_id = next(iter(self._heard_s), None)
        if agent_id is None or not self._max_age_s or now_s - self._heard_s[agent_id] <= self._max_age_s:
            return None
        return agent_id

    def _tell(self, event: PresenceEvent) -> None:
        if self._listener is not None:
            self._listener(event)
