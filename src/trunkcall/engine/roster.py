"""Agents, pools and queues: who is free, who is handling, who waits for whom.

Decides which agent takes the next live answer (the one who has been free longest, among those who serve fewest queues;
nobody of whom nothing is heard) and keeps the sums that occupancy is made of. It must not know why a contact is in a
queue.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from trunkcall.domain.agent import HANDLING_STATES, STAFFED_STATES, AgentState, AgentStatus
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.instants import Duration, Instant
from trunkcall.domain.transitions import AGENT, AgentEvent, after
from trunkcall.engine.campaigns import Side
from trunkcall.engine.contact import Contact, Leg

T = TypeVar("T")


# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_AVAILABLE: Final = AgentState.AVAILABLE
_AFTER_CONTACT_WORK: Final = AgentState.AFTER_CONTACT_WORK
_TO_BE_AVAILABLE: Final = AgentStatus.AVAILABLE


class Agent:
    """One agent. ``reserved_for`` is the contact being dialed that this free agent is kept for; ``contact`` the one
    being connected, talked to or worked on afterwards. One who is not ``heard`` of may not be there, whatever the
    state says. One who is ``leaving`` is no agent of the instance any more once that contact is done with. One with a
    ``persistent`` connection is there for contacts only while the ``session``, the agent's leg that stays up from one
    to the next, is up."""

    __slots__ = (
        "agent_id",
        "contact",
        "handling",
        "handling_since",
        "heard",
        "leaving",
        "next_status",
        "persistent",
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
        "work_limit",
    )

    def __init__(self, agent_id: str, pool: Pool, now: Instant) -> None:
        self.agent_id = agent_id
        self.pool = pool
        """Those who serve the same queues."""
        self.place = 0
        """Among all who are free: whoever has been so longer has a lower one."""
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

    @property
    def queue_ids(self) -> tuple[str, ...]:
        return self.pool.queue_ids

    @property
    def is_free(self) -> bool:
        """Whether a live answer or a dial may have the agent."""
        return self.state is _AVAILABLE and self.heard and self.reserved_for is None and self.has_phone

    @property
    def has_phone(self) -> bool:
        """Whether the agent can be reached, as far as it is known without trying."""
        return self.session_up or not self.persistent

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


class Pool:
    """Agents who serve the same queues. ``free`` holds those who are free, longest free first; ``agents`` counts all,
    ``staffed`` those of them at work (``Agent.is_at_work``), in whatever state; ``taken`` those of these who are
    kept for contacts of a side's campaigns or in one, the work after it included. ``talking_since`` and
    ``working_since`` tell, of those who will take another contact, since when they have been in one and since when they
    have worked after it."""

    __slots__ = ("agents", "free", "number", "queue_ids", "staffed", "taken", "talking_since", "working_since")

    def __init__(self, queue_ids: tuple[str, ...], number: int) -> None:
        self.queue_ids = queue_ids
        self.number = number
        self.agents = 0
        self.staffed = 0
        self.free: dict[str, Agent] = {}
        self.taken: dict[Side, int] = {}
        self.talking_since: dict[str, Instant] = {}
        self.working_since: dict[str, Instant] = {}


class Queue:
    """``waiting`` are the contacts that wait for an agent, longest waiting first, a dict for its order; ``pools`` the
    agents who serve the queue, those who serve fewest queues first. What it tells of agents is as a pool's."""

    __slots__ = ("pools", "waiting")

    def __init__(self) -> None:
        self.pools: list[Pool] = []
        self.waiting: dict[str, Contact] = {}

    @property
    def agents(self) -> int:
        return sum([pool.agents for pool in self.pools])

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
        """The agents who are free, longest free first."""
        return sorted([agent for pool in self.pools for agent in pool.free.values()], key=_place)

    @property
    def talking_since(self) -> Mapping[str, Instant]:
        pools = self.pools
        return pools[0].talking_since if len(pools) == 1 else _all_of([pool.talking_since for pool in pools])

    @property
    def working_since(self) -> Mapping[str, Instant]:
        pools = self.pools
        return pools[0].working_since if len(pools) == 1 else _all_of([pool.working_since for pool in pools])


@dataclass(frozen=True, slots=True)
class QueueOverlap:
    """Queues that have agents in common with one queue, which is among them."""

    some_agents: frozenset[str]
    """Those with some of its agents."""
    same_agents: frozenset[str]
    """Those with the very same agents."""


class Roster:
    """All agents and queues of one instance."""

    __slots__ = (
        "_handling",
        "_numbers",
        "_overlaps",
        "_places",
        "_pools",
        "_staffed",
        "agents",
        "eased",
        "leaving",
        "queues",
        "regrouped",
        "restaffed",
        "sessions_due",
    )

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.leaving: set[str] = set()
        """Those of them who are leaving."""
        self._staffed: Duration = 0
        """How long those who are gone were staffed; what was done while they were here stays done."""
        self._handling: Duration = 0
        self.queues: dict[str, Queue] = {}
        self._overlaps: dict[str, QueueOverlap] = {}
        """What ``overlap`` has found, as long as queues are served together as they are."""
        self._pools: dict[tuple[str, ...], Pool] = {(): Pool((), 0)}
        """By the queues that they serve: thousands of agents serve few such. Those who serve none are always one."""
        self._numbers = 0
        """How many pools there have been."""
        self._places = 0
        """How often somebody has become free."""
        self.eased: dict[Pool, None] = {}
        """Pools in which somebody has become free, or is no longer kept for a campaign or in its contact; here and
        below, since whoever is concerned has looked and cleared it."""
        self.restaffed: dict[Pool, None] = {}
        """Pools with more or fewer agents at work."""
        self.sessions_due: dict[str, Agent] = {}
        """Agents whose session may have to be made or ended."""
        self.regrouped: set[str] = set()
        """Queues that are served together with others than they were."""

    def queue(self, queue_id: str) -> Queue:
        """The queue, made when it is first spoken of."""
        queue = self.queues.get(queue_id)
        if queue is None:
            queue = self.queues[queue_id] = Queue()
        return queue

    def register(self, agent_id: str, queue_ids: tuple[str, ...], now: Instant, *, persistent: bool = False) -> Agent:
        """Make the agent known, offline at first, or give a known one its new queues and connection."""
        agent = self.agents.get(agent_id)
        if agent is None:
            agent = self.agents[agent_id] = Agent(agent_id, self._pools[()], now)
            agent.pool.agents += 1
        if agent.queue_ids != queue_ids:
            self._give_queues(agent, queue_ids)
        if agent.leaving:
            agent.leaving = False
            self.leaving.remove(agent_id)
            self._count_at_work(agent, int(agent.is_at_work))
        if agent.persistent is not persistent:
            before = agent.is_at_work
            agent.persistent = persistent
            self._recount(agent, before)
            self.sessions_due[agent_id] = agent
        self._keep_true(agent)
        return agent

    def leave(self, agent: Agent) -> None:
        """The agent is no agent of the instance any more once the contact in progress is done with."""
        self._count_at_work(agent, -agent.is_at_work)
        agent.leaving = True
        self.leaving.add(agent.agent_id)
        self._keep_true(agent)

    def remove(self, agent: Agent, now: Instant) -> None:
        """Let go of an agent who is in no contact and kept for none."""
        self._give_queues(agent, ())
        agent.pool.agents -= 1
        self._staffed += agent.staffed_by(now)
        self._handling += agent.handling_by(now)
        self.leaving.discard(agent.agent_id)
        del self.agents[agent.agent_id]

    def _give_queues(self, agent: Agent, queue_ids: tuple[str, ...]) -> None:
        """The agent serves these queues and no other. Whoever calls it makes the pool's lists true."""
        before, at_work = agent.pool, int(agent.is_at_work)
        self._take_from_lists(agent)
        self._count_taken(agent, None)
        before.agents -= 1
        self._count_at_work(agent, -at_work)
        if not before.agents and before.queue_ids:
            self._dissolve(before)
        pool = agent.pool = self._pool(queue_ids)
        pool.agents += 1
        self._count_at_work(agent, at_work)

    def _count_at_work(self, agent: Agent, change: int) -> None:
        agent.pool.staffed += change
        self.restaffed[agent.pool] = None

    def _pool(self, queue_ids: tuple[str, ...]) -> Pool:
        """Those who serve these queues, made when the first does."""
        pool = self._pools.get(queue_ids)
        if pool is None:
            self._numbers += 1
            pool = self._pools[queue_ids] = Pool(queue_ids, self._numbers)
            for queue_id in queue_ids:
                queue = self.queue(queue_id)
                queue.pools = sorted([*queue.pools, pool], key=lambda each: len(each.queue_ids))
            self._forget_overlaps(queue_ids)
        return pool

    def _dissolve(self, pool: Pool) -> None:
        """Nobody serves these queues together any more."""
        self._forget_overlaps(pool.queue_ids)
        del self._pools[pool.queue_ids]
        for queue_id in pool.queue_ids:
            self.queues[queue_id].pools.remove(pool)

    def _forget_overlaps(self, queue_ids: tuple[str, ...]) -> None:
        """Other agents serve these queues: what was found of them, and of those that have some of their agents."""
        self.regrouped.update(queue_ids)
        for queue_id in queue_ids:
            for pool in self.queues[queue_id].pools:
                for other_id in pool.queue_ids:
                    self._overlaps.pop(other_id, None)

    def is_idle(self, queue_id: str) -> bool:
        """Whether there is such a queue, and nobody serves it or waits in it."""
        queue = self.queues.get(queue_id)
        return queue is not None and not queue.pools and not queue.waiting

    def forget_queue(self, queue_id: str) -> None:
        """Let go of an idle queue."""
        del self.queues[queue_id]
        self._overlaps.pop(queue_id, None)

    def staffed_by(self, now: Instant) -> Duration:
        """How long all agents, those who are gone included, have been staffed."""
        return self._staffed + sum(agent.staffed_by(now) for agent in self.agents.values())

    def handling_by(self, now: Instant) -> Duration:
        """How long of that they have handled contacts."""
        return self._handling + sum(agent.handling_by(now) for agent in self.agents.values())

    def overlap(self, queue_id: str) -> QueueOverlap:
        """Which queues have agents of this one."""
        found = self._overlaps.get(queue_id)
        if found is None:
            served = [pool.queue_ids for pool in self.queue(queue_id).pools]
            some = {queue_id}.union(*served)
            # Whoever serves this queue serves these, and the other way round.
            every = {q for q in some.intersection(*served) if self._all_serve(q, queue_id)}
            found = self._overlaps[queue_id] = QueueOverlap(frozenset(some), frozenset(every | {queue_id}))
        return found

    def pools_of(self, queue_ids: Collection[str]) -> list[Pool]:
        """Those who serve any of these queues, as they became known."""
        pools = {pool.number: pool for queue_id in queue_ids for pool in self.queue(queue_id).pools}
        return [pool for _, pool in sorted(pools.items())]

    def connected(self, queue_id: str) -> frozenset[str]:
        """The queues that agents connect with this one, by way of others too."""
        found, ahead = {queue_id}, [queue_id]
        while ahead:
            some = self.overlap(ahead.pop()).some_agents - found
            found |= some
            ahead += some
        return frozenset(found)

    def _all_serve(self, queue_id: str, other_id: str) -> bool:
        """Whether all agents of the one queue serve the other as well."""
        return all(other_id in pool.queue_ids for pool in self.queue(queue_id).pools)

    def agent(self, agent_id: str) -> Agent:
        try:
            return self.agents[agent_id]
        except KeyError:
            raise NotFoundError("the engine has no such agent; nothing was changed") from None

    def step(self, agent: Agent, event: AgentEvent, now: Instant) -> None:
        """Move the agent along its table, keep the sums, and keep the queues true. Its contact, since when, and what it
        intends are set before."""
        state = after(AGENT, agent.state, event)
        agent.staffed = agent.staffed_by(now)
        agent.handling = agent.handling_by(now)
        agent.since = now
        before = agent.is_at_work
        agent.state = state
        self._recount(agent, before)
        self._keep_true(agent)
        if agent.persistent or agent.session is not None:
            self.sessions_due[agent.agent_id] = agent

    def hear(self, agent: Agent, *, heard: bool) -> None:
        """The agent has spoken again, or has not for too long."""
        before = agent.is_at_work
        agent.spoke = heard
        agent.heard = heard or agent.session_up
        self._recount(agent, before)
        self._keep_true(agent)

    def connect(self, agent: Agent, session: Leg | None, *, up: bool) -> None:
        """The agent has this session from here, which is up or being made; or none."""
        before = agent.is_at_work
        agent.session, agent.session_up = session, up
        agent.heard = agent.spoke or up
        self._recount(agent, before)
        self._keep_true(agent)

    def _recount(self, agent: Agent, before: bool) -> None:
        """The agent may be at work who was not, or the other way round."""
        at_work = agent.is_at_work
        if at_work is not before:
            self._count_at_work(agent, 1 if at_work else -1)

    def intend(self, agent: Agent, status: AgentStatus) -> None:
        """The agent will have this status once the contact is done with."""
        agent.next_status = status
        self._keep_true(agent)

    def reserve(self, queue_id: str, contact: Contact) -> bool:
        """Keep the next free agent of the queue for a contact that is being dialed. False if there is none."""
        agent = self.first_free(queue_id)
        if agent is None:
            return False
        self.keep(agent, contact)
        return True

    def keep(self, agent: Agent, contact: Contact) -> None:
        """Keep a free agent for a contact that is being dialed."""
        self._take_from_lists(agent)
        agent.reserved_for = contact
        contact.reserved_agent_id = agent.agent_id
        self._count_taken(agent, contact.campaign.side)

    def first_free(self, queue_id: str) -> Agent | None:
        """Who of the queue's free agents is next: whoever has been free longest; where some serve other queues as well,
        first those who serve fewest, so that the others are left for whom they alone can serve."""
        pools = self.queue(queue_id).pools
        if len(pools) == 1:
            return next(iter(pools[0].free.values()), None)
        fewest = min([len(pool.queue_ids) for pool in pools if pool.free], default=0)
        return longest_free([pool for pool in pools if len(pool.queue_ids) == fewest])

    def unreserve(self, contact: Contact) -> Agent | None:
        """End the contact's reservation, if it has one. The agent is free again."""
        if contact.reserved_agent_id is None:
            return None
        agent = self.agents[contact.reserved_agent_id]
        contact.reserved_agent_id = None
        agent.reserved_for = None
        self._keep_true(agent)
        return agent

    def last_resort(self, queue_id: str) -> Agent | None:
        """An available agent of whom nothing is heard, if nobody else is at work for the queue. One with a persistent
        connection has a phone that does not answer."""
        if self.queue(queue_id).staffed:
            return None
        for agent in self.agents.values():
            if agent.state is _AVAILABLE and not agent.heard and agent.has_phone and queue_id in agent.queue_ids:
                return agent
        return None

    def in_state(self) -> dict[AgentState, int]:
        """How many agents are in each state."""
        counts = dict.fromkeys(AgentState, 0)
        for agent in self.agents.values():
            counts[agent.state] += 1
        return counts

    def unheard(self, queue_id: str) -> int:
        """How many agents of the queue are staffed and not leaving, and nothing is heard of them."""
        staffed = (a for a in self.agents.values() if a.state in STAFFED_STATES and not a.heard and not a.leaving)
        return sum(queue_id in agent.queue_ids for agent in staffed)

    def _keep_true(self, agent: Agent) -> None:
        """What the agent's pool knows of it."""
        pool, agent_id = agent.pool, agent.agent_id
        stays = not agent.leaving and agent.next_status in (None, _TO_BE_AVAILABLE)
        handling = agent.contact is not None and agent.heard and stays
        working = handling and agent.state is _AFTER_CONTACT_WORK
        if not agent.is_free:
            pool.free.pop(agent_id, None)
        elif agent_id not in pool.free:
            self._places += 1
            agent.place = self._places
            pool.free[agent_id] = agent
            self.eased[pool] = None
        _put(pool.talking_since, agent_id, agent.handling_since, there=handling and not working)
        _put(pool.working_since, agent_id, agent.since, there=working)
        has = agent.contact or agent.reserved_for
        side = has.campaign.side if has is not None and agent.heard and not agent.leaving else None
        if side != agent.taken_by:
            self._count_taken(agent, side)

    def _count_taken(self, agent: Agent, side: Side | None) -> None:
        """The agent is there for the campaigns of this side from here, or for nobody's."""
        before, taken = agent.taken_by, agent.pool.taken
        if before is not None:
            taken[before] -= 1
            self.eased[agent.pool] = None
        if side is not None:
            taken[side] = taken.get(side, 0) + 1
        agent.taken_by = side

    def count_taken_anew(self) -> None:
        """Campaigns have changed sides while agents were there for them."""
        for agent in self.agents.values():
            self._keep_true(agent)

    def _take_from_lists(self, agent: Agent) -> None:
        pool, agent_id = agent.pool, agent.agent_id
        pool.free.pop(agent_id, None)
        pool.talking_since.pop(agent_id, None)
        pool.working_since.pop(agent_id, None)


def longest_free(pools: Sequence[Pool]) -> Agent | None:
    """Who of these pools has been free longest; None if nobody is free."""
    return min([next(iter(pool.free.values())) for pool in pools if pool.free], key=_place, default=None)


def _put(known: dict[str, T], agent_id: str, what: T, *, there: bool) -> None:
    """Whoever is there already keeps the place."""
    if there:
        known[agent_id] = what
    else:
        known.pop(agent_id, None)


def _all_of(known: list[dict[str, T]]) -> Mapping[str, T]:
    return {agent_id: what for of_pool in known for agent_id, what in of_pool.items()}


def _place(agent: Agent) -> int:
    return agent.place
