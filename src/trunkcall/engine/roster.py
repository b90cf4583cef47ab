"""Every agent and queue of an instance: what agents are doing, who is kept for whom, who serves which queues.

Decides which agent a contact gets for whom another was kept, and keeps the sums that occupancy is made of. Who comes
first is for ``pools`` to say; nobody is free of whom nothing is heard. It must not know why a contact is in a queue.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, TypeVar

from trunkcall.domain.agent import STAFFED_STATES, AgentState, AgentStatus
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import LegParty
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.domain.transitions import AGENT, AgentEvent, after
from trunkcall.engine.campaigns import Side
from trunkcall.engine.contact import Contact, Leg
from trunkcall.engine.pools import Agent, Pool, Queue

T = TypeVar("T")


# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_AVAILABLE: Final = AgentState.AVAILABLE
_OFFLINE: Final = AgentState.OFFLINE
_AFTER_CONTACT_WORK: Final = AgentState.AFTER_CONTACT_WORK
_TO_BE_AVAILABLE: Final = AgentStatus.AVAILABLE
_CUSTOMER_LEFT: Final = AgentEvent.CUSTOMER_LEFT
_AGENT: Final = LegParty.AGENT


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
        "_max_contacts",
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
        self._max_contacts: dict[str, int] = {}
        """How many may wait at once in queues that have a limit, whether anybody speaks of them or not."""
        self._overlaps: dict[str, QueueOverlap] = {}
        """What ``overlap`` has found, as long as queues are served together as they are."""
        self._pools: dict[tuple[ServedQueue, ...], Pool] = {(): Pool((), 0)}
        """By what they serve: thousands of agents serve few such. Those who serve nothing are always one."""
        self._numbers = 0
        """How many pools there have been."""
        self._places = 0
        """How often somebody has become available."""
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
            queue = self.queues[queue_id] = Queue(queue_id)
        return queue

    def limit_queue(self, queue_id: str, max_contacts: int | None) -> None:
        """So many contacts may wait in the queue at once; None is as many as there are."""
        if max_contacts is None:
            self._max_contacts.pop(queue_id, None)
        else:
            self._max_contacts[queue_id] = max_contacts

    def is_full(self, queue_id: str) -> bool:
        """Whether as many wait in the queue as may."""
        most, queue = self._max_contacts.get(queue_id), self.queues.get(queue_id)
        return most is not None and (len(queue.waiting) if queue is not None else 0) >= most

    def register(
        self, agent_id: str, served: tuple[ServedQueue, ...], now: Instant, *, persistent: bool = False
    ) -> Agent:
        """Make the agent known, offline at first, or give a known one its new queues and connection."""
        agent = self.agents.get(agent_id)
        if agent is None:
            agent = self.agents[agent_id] = Agent(agent_id, self._pools[()], now)
            agent.pool.agents += 1
        if agent.pool.served != served:
            self._give_queues(agent, served)
        if agent.leaving:
            agent.leaving = False
            self.leaving.remove(agent_id)
            self._count_at_work(agent, int(agent.is_at_work))
            self.sessions_due[agent_id] = agent
        if agent.persistent is not persistent:
            before = agent.is_at_work
            agent.persistent = persistent
            self._recount(agent, before)
            # A session that a former dialer has left is kept for whoever has not said yet what to be.
            if agent.state is not AgentState.OFFLINE or not persistent:
                self.sessions_due[agent_id] = agent
        self._keep_true(agent)
        return agent

    def leave(self, agent: Agent) -> None:
        """The agent is no agent of the instance any more once the contact in progress is done with."""
        self._count_at_work(agent, -agent.is_at_work)
        agent.leaving = True
        self.leaving.add(agent.agent_id)
        if agent.session is not None:
            self.sessions_due[agent.agent_id] = agent
        self._keep_true(agent)

    def remove(self, agent: Agent, now: Instant) -> None:
        """Let go of an agent who is in no contact and kept for none."""
        self._give_queues(agent, ())
        agent.pool.agents -= 1
        agent.pool.online -= agent.is_online
        self._staffed += agent.staffed_by(now)
        self._handling += agent.handling_by(now)
        self.leaving.discard(agent.agent_id)
        del self.agents[agent.agent_id]

    def _give_queues(self, agent: Agent, served: tuple[ServedQueue, ...]) -> None:
        """The agent serves these queues and no other. Whoever calls it makes the pool's lists true."""
        before, at_work = agent.pool, int(agent.is_at_work)
        self._take_from_lists(agent)
        self._count_taken(agent, None)
        before.agents -= 1
        before.online -= agent.is_online
        self._count_at_work(agent, -at_work)
        if not before.agents and before.served:
            self._dissolve(before)
        pool = agent.pool = self._pool(served)
        pool.agents += 1
        pool.online += agent.is_online
        self._count_at_work(agent, at_work)

    def _count_at_work(self, agent: Agent, change: int) -> None:
        agent.pool.staffed += change
        self.restaffed[agent.pool] = None

    def _pool(self, served: tuple[ServedQueue, ...]) -> Pool:
        """Those who serve these queues so, made when the first does."""
        pool = self._pools.get(served)
        if pool is None:
            self._numbers += 1
            pool = self._pools[served] = Pool(served, self._numbers)
            for each in served:
                self.queue(each.queue_id).take_in(pool, each.delay_s * SECOND)
            self._forget_overlaps(pool.queue_ids)
        return pool

    def _dissolve(self, pool: Pool) -> None:
        """Nobody serves these queues so any more."""
        self._forget_overlaps(pool.queue_ids)
        del self._pools[pool.served]
        for each in pool.served:
            self.queues[each.queue_id].leave_out(pool)

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
        return queue is not None and not queue.pools and not queue.helpers and not queue.waiting

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

    def agent_on(self, leg: Leg) -> Agent | None:
        """Whose telephone the leg is to; None of a customer's, and of one of which only the end is awaited."""
        agent_id = leg.session_of
        if agent_id is None and leg.contact is not None and leg.party is _AGENT:
            agent_id = leg.contact.agent_id
        return self.agents.get(agent_id) if agent_id is not None else None

    def step(self, agent: Agent, event: AgentEvent, now: Instant) -> None:
        """Move the agent along its table, keep the sums, and keep the queues true. Its contact, since when, and what it
        intends are set before."""
        state = after(AGENT, agent.state, event)
        if state is _AVAILABLE and agent.phone_lost:
            state = after(AGENT, state, AgentEvent.FAIL)
        agent.staffed = agent.staffed_by(now)
        agent.handling = agent.handling_by(now)
        agent.since = now
        before = agent.is_at_work
        if state is _AVAILABLE and event is not _CUSTOMER_LEFT:
            # Whose customer has left is still next; of a call that failed the next one may fail as well.
            self._places += 1
            agent.place = self._places
            agent.available_since = now
        agent.pool.online += (state is not _OFFLINE) - agent.is_online
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

    def lose_phone(self, agent: Agent, *, lost: bool) -> None:
        """The agent's phone cannot be rung, or can again."""
        before = agent.is_at_work
        agent.phone_lost = lost
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
        agent = self.queue(queue_id).first_to_keep()
        if agent is None:
            return False
        self.keep(agent, contact)
        return True

    def keep(self, agent: Agent, contact: Contact) -> None:
        """Keep a free agent for a contact that is being dialed."""
        agent.pool.free.discard(agent)
        agent.reserved_for = contact
        contact.reserved_agent_id = agent.agent_id
        self._count_taken(agent, contact.campaign.side)

    def longest_available(self, contact: Contact, queue_id: str) -> Agent | None:
        """Keep for the contact, which goes to the queue and has an agent, whoever comes first there by priority and has
        been available longest, if nobody loses by that: an agent who serves no queue that the other does not, and who
        is kept for a dial or in the same pool. Returns the agent."""
        kept = self.agents[contact.reserved_agent_id] if contact.reserved_agent_id is not None else None
        if kept is None or queue_id not in kept.pool.queue_ids:
            return kept
        pool, first = kept.pool, kept
        before = pool.priority[queue_id], kept.place
        for other_pool in self.queue(queue_id).pools:
            other = other_pool.ready.first()
            if other is None or (place := (other_pool.priority[queue_id], other.place)) >= before:
                continue
            spared = other.reserved_for is not None and set(other_pool.queue_ids).issubset(pool.queue_ids)
            if other_pool is pool or spared:
                first, before = other, place
        if first is not kept:
            self._exchange(contact, kept, first)
        return first

    def longest_available_like(self, agent: Agent) -> Agent:
        """Who of a free agent's pool has been available longest, and is free from here: one who is kept for a dial
        changes places with the agent."""
        first = agent.pool.ready.first()
        dial = first.reserved_for if first is not None else None
        if first is None or dial is None:
            return agent
        first.reserved_for, agent.reserved_for, dial.reserved_agent_id = None, dial, agent.agent_id
        self._keep_true(first)
        self._keep_true(agent)
        return first

    def _exchange(self, contact: Contact, kept: Agent, other: Agent) -> None:
        """The other is kept for this contact, and whoever was for that of the other."""
        dial = other.reserved_for
        other.reserved_for, contact.reserved_agent_id = contact, other.agent_id
        kept.reserved_for = dial
        if dial is not None:
            dial.reserved_agent_id = kept.agent_id
        self._keep_true(other)
        self._keep_true(kept)

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
        queue = self.queue(queue_id)
        if queue.staffed or any(pool.staffed for _, pool in queue.helpers):
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

    def failed(self, queue_id: str) -> int:
        """How many agents of the queue are there and have a phone that failed."""
        failed = (a for a in self.agents.values() if a.state is AgentState.ERROR and not a.leaving)
        return sum(queue_id in agent.queue_ids for agent in failed)

    def _keep_true(self, agent: Agent) -> None:
        """What the agent's pool knows of it."""
        pool, agent_id = agent.pool, agent.agent_id
        stays = not agent.leaving and agent.next_status in (None, _TO_BE_AVAILABLE)
        handling = agent.contact is not None and agent.heard and stays
        working = handling and agent.state is _AFTER_CONTACT_WORK
        if not agent.is_ready:
            if pool.ready.discard(agent):
                pool.free.discard(agent)
        else:
            if agent not in pool.ready:
                pool.ready.add(agent)
            if agent.reserved_for is not None:
                pool.free.discard(agent)
            elif agent not in pool.free:
                pool.free.add(agent)
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
        pool.ready.discard(agent)
        pool.free.discard(agent)
        pool.talking_since.pop(agent_id, None)
        pool.working_since.pop(agent_id, None)


def _put(known: dict[str, T], agent_id: str, what: T, *, there: bool) -> None:
    """Whoever is there already keeps the place."""
    if there:
        known[agent_id] = what
    else:
        known.pop(agent_id, None)
