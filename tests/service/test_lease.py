"""Who may dial, and until when. If these fail, two servers dial the same people, or one that was stopped dials people
whom its successor has already closed."""

from __future__ import annotations

import asyncio

import pytest

from trunkcall.domain.errors import LeaseLostError, StoreUnavailableError
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.service.lease import LeaseHolder
from trunkcall.storage.ports.ownership import Lease

pytestmark = pytest.mark.virtual_time


class LeaseStore:
    """A store that gives its lease to whoever asks, and takes its time."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.answers_in_s = 0.0
        self.fails = False
        self.owner: str | None = None
        self.token = 0

    async def acquire_lease(self, instance_id: str, owner: str, ttl: Duration, *, sole: bool = False) -> Lease | None:
        self.now_s += self.answers_in_s
        if self.owner is not None and not sole:
            return None
        self.owner = owner
        self.token += 1
        return Lease(instance_id, owner, self.token)

    async def renew_lease(self, lease: Lease, ttl: Duration) -> None:
        self.now_s += self.answers_in_s
        if lease.token != self.token:
            raise LeaseLostError

    async def release_lease(self, lease: Lease) -> None:
        if self.fails:
            raise StoreUnavailableError
        if lease.token == self.token:
            self.owner = None

    def holder(self, owner: str, *, sole: bool = False, length: Duration = 30 * SECOND) -> LeaseHolder:
        return LeaseHolder(self, "instance", owner, sole=sole, length=length, monotonic=lambda: self.now_s)


@pytest.fixture
def store() -> LeaseStore:
    return LeaseStore()


async def test_who_does_not_hold_the_lease_does_not_originate(store: LeaseStore) -> None:
    first, second = store.holder("host:1"), store.holder("host:2")
    assert await first.acquire() is not None
    assert await second.acquire() is None
    assert first.may_originate
    assert not second.may_originate


async def test_nothing_is_originated_in_the_last_third_of_the_lease(store: LeaseStore) -> None:
    """An attempt that is handed over then may reach the carrier when another owner has closed its contact."""
    holder = store.holder("host:1")
    await holder.acquire()
    store.now_s += 19.9
    assert holder.may_originate
    store.now_s += 0.2
    assert not holder.may_originate
    assert holder.left_s == pytest.approx(9.9)


async def test_the_lease_is_counted_from_when_it_was_asked_for(store: LeaseStore) -> None:
    """When the answer comes, the store's time may have run for as long as it was on its way."""
    store.answers_in_s = 12.0
    holder = store.holder("host:1")
    await holder.acquire()
    assert holder.left_s == pytest.approx(18.0)


async def test_a_lease_that_is_kept_lasts_until_another_owner_comes(store: LeaseStore) -> None:
    holder = store.holder("host:1")
    lease = await holder.acquire()
    assert lease is not None
    store.now_s += 3600.0
    keeping = asyncio.create_task(holder.keep(lease))
    async with asyncio.timeout(60):
        while not holder.may_originate:
            await asyncio.sleep(1.0)
        assert not keeping.done()
        assert await store.holder("host:2", sole=True).acquire() is not None
        with pytest.raises(LeaseLostError):
            await keeping


async def test_the_next_owner_comes_in_at_once_when_a_lease_is_let_go(store: LeaseStore) -> None:
    first, second = store.holder("host:1"), store.holder("host:2")
    await first.acquire()
    await first.let_go()
    assert await second.acquire() is not None
    await first.let_go()
    assert store.owner == "host:2", "who holds it no more let somebody else's lease go"


async def test_a_store_that_fails_does_not_keep_a_server_from_stopping(store: LeaseStore) -> None:
    holder = store.holder("host:1")
    await holder.acquire()
    store.fails = True
    await holder.let_go()
