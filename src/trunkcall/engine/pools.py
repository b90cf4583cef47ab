"""Agents as they are, those who serve the same queues, and queues: who is free, and who of these comes first.

Decides who comes first: by the priority that a queue has for an agent, then whoever has been available longest, but for
agents on whom others count as well. It must not know why an agent is free, nor what becomes of a contact.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final, TypeVar

from trunkcall.domain.agent import HANDLING_STATES, STAFFED_STATES, AgentState, AgentStatus, PhoneTrouble
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.engine.campaigns import Side
from trunkcall.engine.contact import Contact, Leg

T = TypeVar("T")

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_AVAILABLE: Final = AgentState.AVAILABLE
_OFFLINE: Final = AgentState.OFFLINE


class Agent:
    """One agent. ``reserved_for`` is the contact being dialed that this free agent is kept for; ``contact`` the one
    being connected, talked to or worked on afterwards. One who is not ``heard`` of may not be there, whatever the
    state says. One who is ``leaving`` is no agent of the instance any more once that contact is done with. One with a
    ``persistent`` connection is there for contacts only while the ``session``, the agent's leg that stays up from one
    to the next, is up."""

    __slots__ = (
        "agent_id",
        "available_since",
        "by_number",
        "contact",
        "handling",
        "handling_since",
        "heard",
        "hears",
        "key_at",
        "keys",
        "keys_in",
        "leaving",
        "next_status",
        "persistent",
        "phone_lost",
        "phone_trouble",
        "place",
        "pool",
        "reserved_for",
        "session",
        "session_failures",
        "session_up",
        "since",
        "spoke",
        "staffed",
        "state",
        "taken_by",
        "told",
        "work_limit",
    )

    def __init__(self, agent_id: str, pool: Pool, now: Instant) -> None:
        self.agent_id = agent_id
        self.pool = pool
        """Those who serve the same queues in the same way."""
        self.place = 0
        """Among all who are available: whoever has been so longer has a lower one."""
        self.available_since = now
        """When that was begun."""
        self.taken_by: Side | None = None
        """For whose contact the agent is kept, or in whose the agent is, as long as the agent is heard of and stays."""
        self.state = AgentState.OFFLINE
        self.heard = True
        """By words of the agent or the desktop, or since the session is up."""
        self.spoke = True
        """Whether it is by words."""
        self.session: Leg | None = None
        """It may not be up yet. ``Roster.connect`` says."""
        self.session_up = False
        self.session_failures = 0
        """How often in a row it could not be made, or was lost soon."""
        self.phone_lost = False
        """Whether the carrier says that it cannot be rung."""
        self.phone_trouble: PhoneTrouble | None = None
        """What came of ringing it last, where that is a trouble."""
        self.leaving = False
        self.since = now
        self.staffed: Duration = 0
        self.handling: Duration = 0
        self.handling_since: Instant = now
        """Since when the contact at hand has been the agent's."""
        self.reserved_for: Contact | None = None
        self.contact: Contact | None = None
        self.next_status: AgentStatus | None = None
        """What was chosen last since the contact at hand has been the agent's."""
        self.work_limit: Duration = 0
        """How long the work after a contact may last; 0 is until the agent says that it is done."""
        self.persistent = False
        """Whether the agent's leg stays up between contacts."""
        self.by_number = False
        """Whether the agent's phone is called over a trunk."""
        self.keys = ""
        """What has been pressed of a code."""
        self.key_at: Instant = 0
        """When the last of those was."""
        self.keys_in: Contact | None = None
        """Which contact was at hand when the first of them was."""
        self.hears: str | None = None
        """What is being told to the agent on the session, by the id of the play."""
        self.told: AgentState | None = None
        """What the agent was when that was looked at last for this session."""

    @property
    def queue_ids(self) -> tuple[str, ...]:
        """The queues whose contacts the agent takes at once."""
        return self.pool.queue_ids

    @property
    def is_online(self) -> bool:
        """Whether the agent is not logged out."""
        return self.state is not _OFFLINE

    @property
    def is_free(self) -> bool:
        """Whether a live answer or a dial may have the agent."""
        return self.is_ready and self.reserved_for is None

    @property
    def is_ready(self) -> bool:
        """Whether the agent is free, or kept for a dial."""
        return self.state is _AVAILABLE and self.heard and self.has_phone

    @property
    def has_phone(self) -> bool:
        """Whether the agent can be reached, as far as it is known without trying."""
        return not self.phone_lost and (self.session_up or not self.persistent)

    @property
    def is_at_work(self) -> bool:
        """Whether the agent is staffed and heard of, and stays; and is in a contact, works on one or can take one."""
        if not self.heard or self.leaving or self.state not in STAFFED_STATES:
            return False
        return self.state is not _AVAILABLE or self.has_phone

    def staffed_by(self, now: Instant) -> Duration:
        return self.staffed + (now - self.since if self.state in STAFFED_STATES else 0)

    def handling_by(self, now: Instant) -> Duration:
        return self.handling + (now - self.since if self.state in HANDLING_STATES else 0)


class Line:
    """Agents in the order in which they became available."""

    __slots__ = ("_agents", "_places")

    def __init__(self) -> None:
        self._places: list[int] = []
        """In order."""
        self._agents: dict[int, Agent] = {}
        """By place."""

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Agent]:
        return map(self._agents.__getitem__, self._places)

    def __contains__(self, agent: Agent) -> bool:
        return agent.place in self._agents

    def first(self) -> Agent | None:
        """Whoever has been available longest."""
        return self._agents[self._places[0]] if self._places else None

    def add(self, agent: Agent) -> None:
        """One who is not in it."""
        place = agent.place
        self._agents[place] = agent
        insort(self._places, place)

    def discard(self, agent: Agent) -> bool:
        """Returns whether the agent was in it. The place is that of then."""
        place = agent.place
        if self._agents.pop(place, None) is None:
            return False
        del self._places[bisect_left(self._places, place)]
        return True


class Pool:
    """Agents who serve the same queues, with the same priorities and delays. ``queue_ids`` are those whose contacts
    they take at once, which are dialed for them; for others they are a help. ``ready`` holds those who are free or kept
    for a dial (``Agent.is_ready``), ``free`` those of them who are kept for none; ``agents`` counts all, ``online``
    those of them who are not logged out, ``staffed`` those at work (``Agent.is_at_work``), in whatever state; ``taken``
    those of these who are kept for contacts of a side's campaigns or in one, the work after it included.
    ``talking_since`` and ``working_since`` tell, of those who will take another contact, since when they have been in
    one and since when they have worked after it."""

    __slots__ = (
        "agents",
        "by_priority",
        "free",
        "number",
        "online",
        "priority",
        "queue_ids",
        "ready",
        "served",
        "staffed",
        "taken",
        "talking_since",
        "working_since",
    )

    def __init__(self, served: tuple[ServedQueue, ...], number: int) -> None:
        self.served = served
        self.queue_ids = tuple([each.queue_id for each in served if not each.delay_s])
        self.priority = {each.queue_id: each.priority for each in served}
        """Of each queue; the lowest comes first."""
        self.by_priority = _by_priority(served)
        self.number = number
        self.agents = 0
        self.online = 0
        self.staffed = 0
        self.ready = Line()
        self.free = Line()
        self.taken: dict[Side, int] = {}
        self.talking_since: dict[str, Instant] = {}
        self.working_since: dict[str, Instant] = {}


def _by_priority(served: Sequence[ServedQueue]) -> tuple[tuple[tuple[str, Duration], ...], ...]:
    """Queues of which any comes before those of the next part, each with its delay."""
    parts: dict[int, list[tuple[str, Duration]]] = {}
    for each in served:
        parts.setdefault(each.priority, []).append((each.queue_id, each.delay_s * SECOND))
    return tuple([tuple(part) for _, part in sorted(parts.items())])


class Queue:
    """``waiting`` are the contacts that wait for an agent, who is next first, a dict for its order; ``pools`` the
    agents who take them at once, first those for whom the queue comes first, of these those who serve fewest queues.
    ``helpers`` are others with their delays, the least first: agents who take whoever has waited as long as that. What
    the queue tells of agents is as a pool's, and of its ``pools``."""

    __slots__ = ("helpers", "pools", "queue_id", "waiting")

    def __init__(self, queue_id: str) -> None:
        self.queue_id = queue_id
        self.pools: list[Pool] = []
        self.helpers: list[tuple[Duration, Pool]] = []
        self.waiting: dict[str, Contact] = {}

    @property
    def agents(self) -> int:
        return sum([pool.agents for pool in self.pools])

    @property
    def online(self) -> int:
        return sum([pool.online for pool in self.pools])

    @property
    def staffed(self) -> int:
        pools = self.pools
        return pools[0].staffed if len(pools) == 1 else sum([pool.staffed for pool in pools])

    @property
    def free(self) -> int:
        """How many agents are free."""
        pools = self.pools
        return len(pools[0].free) if len(pools) == 1 else sum([len(pool.free) for pool in pools])

    @property
    def free_agents(self) -> list[Agent]:
        """The agents who are free, longest available first."""
        return sorted([agent for pool in self.pools for agent in pool.free], key=_place)

    @property
    def talking_since(self) -> Mapping[str, Instant]:
        pools = self.pools
        return pools[0].talking_since if len(pools) == 1 else _all_of([pool.talking_since for pool in pools])

    @property
    def working_since(self) -> Mapping[str, Instant]:
        pools = self.pools
        return pools[0].working_since if len(pools) == 1 else _all_of([pool.working_since for pool in pools])

    def put(self, contact: Contact, *, first: bool = False) -> None:
        """The contact waits: behind those who come before it by priority and by how long they have waited; with
        ``first`` before all of its priority."""
        rank = (contact.priority, 0) if first else contact.rank
        waiting = self.waiting
        # From the end: whoever was put first may have a higher rank than those behind.
        behind = list(takewhile(lambda other: other.rank > rank, reversed(waiting.values())))
        waiting[contact.contact_id] = contact
        for other in reversed(behind):
            waiting[other.contact_id] = waiting.pop(other.contact_id)

    def take_in(self, pool: Pool, delay: Duration) -> None:
        """The agents of the pool serve the queue from here, with this delay."""
        if delay:
            self.helpers = sorted([*self.helpers, (delay, pool)], key=_delay)
        else:
            self.pools = sorted([*self.pools, pool], key=self._first_to_be_kept)

    def leave_out(self, pool: Pool) -> None:
        """They do not any more."""
        self.pools = [other for other in self.pools if other is not pool]
        self.helpers = [(delay, other) for delay, other in self.helpers if other is not pool]

    def first_free(self, waited: Duration = 0, claims: Callable[[Pool], int] | None = None) -> Agent | None:
        """Who of the free agents takes a contact that has waited so long in the queue: by the queue's priority; then,
        where others have ``claims``, those on whom fewest have; of these whoever has been available longest."""
        pools = self.pools
        if waited and self.helpers:
            pools = [*pools, *[pool for delay, pool in self.helpers if delay <= waited]]
        return first_by_priority(pools, self.queue_id, claims)

    def first_to_keep(self) -> Agent | None:
        """Who of the free agents is kept for a dial: by the queue's priority; then, where some serve other queues as
        well, those who serve fewest, so that the others are left for whom they alone can serve; of these whoever has
        been available longest."""
        free = [pool for pool in self.pools if pool.free]
        if len(free) <= 1:
            return free[0].free.first() if free else None
        first = self._first_to_be_kept(free[0])
        return longest_free([pool for pool in free if self._first_to_be_kept(pool) == first])

    def _first_to_be_kept(self, pool: Pool) -> tuple[int, int]:
        return pool.priority[self.queue_id], len(pool.queue_ids)


def longest_free(pools: Sequence[Pool]) -> Agent | None:
    """Who of these pools' free agents has been available longest; None if nobody is free."""
    return min([agent for pool in pools if (agent := pool.free.first()) is not None], key=_place, default=None)


def first_by_priority(
    pools: Sequence[Pool], queue_id: str, claims: Callable[[Pool], int] | None = None
) -> Agent | None:
    """Who of the free agents of these pools, which all serve the queue, comes first by its priority, is claimed by
    fewest and has been available longest; None if nobody is free."""
    if len(pools) == 1:
        return pools[0].free.first()
    free = [pool for pool in pools if pool.free]
    if len(free) > 1:
        first = min([pool.priority[queue_id] for pool in free])
        free = [pool for pool in free if pool.priority[queue_id] == first]
    if len(free) > 1 and claims is not None:
        fewest = min([claims(pool) for pool in free])
        free = [pool for pool in free if claims(pool) == fewest]
    return longest_free(free)


def _delay(helper: tuple[Duration, Pool]) -> Duration:
    return helper[0]


def _all_of(known: list[dict[str, T]]) -> Mapping[str, T]:
    return {agent_id: what for of_pool in known for agent_id, what in of_pool.items()}


def _place(agent: Agent) -> int:
    return agent.place
