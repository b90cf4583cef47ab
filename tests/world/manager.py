"""Who changes what is around the campaigns: agents, queues and routing profiles come, change and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from trunkcall.domain.directory import Fact
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.storage.memory import MemoryStore
from world.story import Story


def served_somehow(queue_ids: Sequence[str], random: Random) -> tuple[ServedQueue, ...]:
    """These queues, some before others, and some only as a help."""
    return tuple(ServedQueue(each, random.randint(1, 3), random.choice((0, 0, 0, 1, 5))) for each in queue_ids)


def some_phone(random: Random) -> PhoneConfig:
    """One with a limit for the work after a contact, or none."""
    return PhoneConfig(after_contact_work_limit_s=random.choice((0, 0, 5, 60)))


class Manager:
    """Changes one fact now and then. ``facts`` are what there is when all is well."""

    def __init__(
        self,
        store: MemoryStore,
        instance_id: str,
        facts: Sequence[Fact],
        now: Callable[[], Instant],
        story: Story,
        random: Random,
    ) -> None:
        self._store = store
        self._instance_id = instance_id
        self._facts = [fact for fact in facts if isinstance(fact, Agent | Queue | RoutingProfile)]
        self._queue_ids = [fact.queue_id for fact in self._facts if isinstance(fact, Queue)]
        self._now = now
        self._story = story
        self._random = random

    async def run(self, until_s: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until_s:
            await asyncio.sleep(self._random.uniform(0.0, 60.0))
            fact = self._random.choice(self._facts)
            if self._random.random() < 0.5:
                await self._remove(fact.kind, fact.fact_id)
            else:
                await self._put(self._another(fact))

    def _another(self, fact: Fact) -> Fact:
        if isinstance(fact, RoutingProfile):
            served = tuple(each for each in self._queue_ids if self._random.random() < 0.5)
            return RoutingProfile(fact.routing_profile_id, fact.name, served_somehow(served, self._random))
        if isinstance(fact, Agent):
            return replace(fact, phone=some_phone(self._random))
        if isinstance(fact, Queue):
            return replace(fact, max_contacts=self._random.choice((None, 0, 0, 1, 2)))
        return fact

    async def _remove(self, kind: FactKind, fact_id: str) -> None:
        self._story.tell("manager", f"removes {kind} {fact_id}")
        await self._store.remove_facts(self._instance_id, kind, [fact_id], at=self._now())

    async def _put(self, fact: Fact) -> None:
        self._story.tell("manager", f"puts {fact.kind} {fact.fact_id}")
        await self._store.put_facts(self._instance_id, [fact])

    async def all_is_well(self) -> None:
        self._story.tell("manager", "puts everything as it was")
        await self._store.put_facts(self._instance_id, self._facts)
