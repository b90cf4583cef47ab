"""The store as one process has it: verbs take long, fail before anything is written, or fail after all is; and for a
while it may answer nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from trunkcall.domain.changes import Change
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import WaitingContact
from trunkcall.domain.errors import IllegalTransitionError, StoreUnavailableError, TrunkcallError
from trunkcall.domain.instants import Duration, Instant
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, Lease
from world.faults import Faults
from world.loop import Process
from world.story import Story
from world.witness import Witness

AT_ONCE = 0.85
"""Of the verbs, how many take no time at all: the others have something happen meanwhile."""


@dataclass(slots=True)
class Keeper:
    """Who keeps the store for everybody, and who looks at what is written of each instance. Nobody is answered before
    ``gone_until_s``."""

    kept: MemoryStore
    process: Process
    witnesses: Mapping[str, Witness]
    gone_until_s: float = 0.0


class StoreLink:
    """A Store. What it was asked for it does, whatever becomes of who has asked."""

    def __init__(self, keeper: Keeper, user: Process, story: Story, random: Random) -> None:
        self._kept = keeper.kept
        self._keeper = keeper
        self._user = user
        self._story = story
        self._random = random
        self.faults = Faults()
        self.on_stop: Callable[[], None] = lambda: None
        """Has the user be stopped for a while."""
        self.on_crash: Callable[[], None] = lambda: None
        """Has the user be killed."""

    def __getattr__(self, name: str) -> Any:
        verb: Callable[..., Awaitable[Any]] = getattr(self._kept, name)

        async def asked(*arguments: Any, **named: Any) -> Any:
            return await self._asked(name, lambda: verb(*arguments, **named))

        return asked

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        async def carried_out() -> CommitResult:
            try:
                result = await self._keeper.witnesses[lease.instance_id].commit(lease, changes, clearances)
            except IllegalTransitionError as error:
                self._story.accuse(f"the store calls a commit impossible: {error.message}")
                raise
            what = ", ".join(_told(change, result) for change in changes)
            self._story.tell("store", f"{self._user.name} token {lease.token}: {what}")
            return result

        if self._random.random() < self.faults.stops_at_commits:
            return await self._meanwhile(self.on_stop, carried_out)
        if self._random.random() < self.faults.crashes_at_commits:
            return await self._meanwhile(self.on_crash, carried_out)

        result: CommitResult = await self._asked("commit", carried_out)
        return result

    async def _meanwhile(self, do: Callable[[], None], commit: Callable[[], Awaitable[CommitResult]]) -> CommitResult:
        """Before or after it is carried out this is done, and in any case before its answer is read."""

        async def carried_out() -> CommitResult:
            before = self._random.random() < 0.5
            if before:
                do()
            result = await commit()
            if not before:
                do()
            return result

        task = self._keeper.process.spawn(carried_out())
        task.add_done_callback(_heard)
        return await asyncio.shield(task)

    async def acquire_lease(self, instance_id: str, owner: str, ttl: Duration, *, sole: bool = False) -> Lease | None:
        async def carried_out() -> Lease | None:
            lease = await self._kept.acquire_lease(instance_id, owner, ttl, sole=sole)
            if lease is not None:
                self._story.tell("store", f"{owner} owns the instance by token {lease.token}")
                self._keeper.witnesses[instance_id].owner_came(lease)
            return lease

        lease: Lease | None = await self._asked("acquire_lease", carried_out)
        return lease

    async def expire_waiting(self, lease: Lease, *, now: Instant, limit: int) -> Sequence[WaitingContact]:
        async def carried_out() -> Sequence[WaitingContact]:
            return await self._keeper.witnesses[lease.instance_id].expire_waiting(lease, now=now, limit=limit)

        expired: Sequence[WaitingContact] = await self._asked("expire_waiting", carried_out)
        return expired

    async def _asked(self, name: str, verb: Callable[[], Awaitable[Any]]) -> Any:
        if self._user.killed:
            raise StoreUnavailableError
        random, faults = self._random, self.faults
        if asyncio.get_running_loop().time() < self._keeper.gone_until_s:
            await asyncio.sleep(random.uniform(0.0, 1.0))
            raise StoreUnavailableError
        fails = random.random() < faults.store_fails
        slow = random.random() < faults.store_is_slow
        if random.random() < AT_ONCE and not fails and not slow:
            return await verb()
        longest_s = 10.0 if slow else 0.05
        before_s, after_s = random.uniform(0.0, longest_s), random.uniform(0.0, longest_s)
        when = random.choice(("before", "after")) if fails else None
        task = self._keeper.process.spawn(self._take_long(name, verb, before_s, after_s, when))
        task.add_done_callback(_heard)
        return await asyncio.shield(task)

    async def _take_long(
        self, name: str, verb: Callable[[], Awaitable[Any]], before_s: float, after_s: float, fails: str | None
    ) -> Any:
        await asyncio.sleep(before_s)
        if fails is not None:
            self._story.tell("store", f"{name} of {self._user.name} fails {fails} anything is written")
        if fails == "before":
            raise StoreUnavailableError
        result = await verb()
        await asyncio.sleep(after_s)
        if fails == "after":
            raise StoreUnavailableError
        return result


def _heard(task: asyncio.Task[Any]) -> None:
    """Nobody may be left who wants to know why it failed."""
    error = None if task.cancelled() else task.exception()
    assert error is None or isinstance(error, TrunkcallError | AssertionError), error


def _told(change: Change, result: CommitResult) -> str:
    contact_id = getattr(change, "contact_id", "")
    refused = result.refused.get(contact_id) if type(change).__name__ == "AttemptBegun" else None
    extra = [getattr(change, name, None) for name in ("leg_id", "agent_id", "disposition")]
    told = " ".join(str(each) for each in (type(change).__name__, contact_id, *extra) if each)
    return f"{told} REFUSED {refused}" if refused is not None else told
