"""Personal data is kept as long as was said, and no longer, whatever becomes of the instance that it came by."""

from __future__ import annotations

from dataclasses import replace

from storage.support import LATER, NOW, accept, begin, record_of, stand_up
from trunkcall.domain.changes import ContactEnded
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.instants import DAY, SECOND
from trunkcall.service.privacy import Privacy
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.store import Store


async def deleted(store: Store) -> str:
    """A contact of an instance that is deleted, which ended when it was ``NOW``."""
    lease = await stand_up(store)
    contact_id = await accept(store)
    await store.commit(lease, [begin(contact_id)])
    reason = (Disposition.BUSY, DisconnectReason.TELECOM_BUSY)
    await store.commit(lease, [ContactEnded(contact_id, "campaign-1", NOW, *reason)])
    await store.set_retention("instance-1", 30)
    await store.delete_campaign("campaign-1", at=LATER)
    await store.offboard("instance-1")
    await store.delete_instance("instance-1", at=LATER)
    return contact_id


async def test_retention_goes_on_once_the_instance_is_deleted() -> None:
    store = MemoryStore(lambda: NOW)
    contact_id = await deleted(store)
    kept = await record_of(store, contact_id)
    assert await Privacy(store, store, lambda _: NOW + 30 * DAY).erase_due() == 0
    assert await record_of(store, contact_id) == kept
    now = NOW + 30 * DAY + SECOND
    assert await Privacy(store, store, lambda _: now).erase_due() == 1
    erased = replace(kept, phone_number="", attributes={})
    assert replace(await record_of(store, contact_id), updated_at=kept.updated_at) == erased


async def test_attempts_to_a_number_are_forgotten_whose_contacts_were_erased_before() -> None:
    """By the key that they are counted by: no contact tells it any more."""
    store = MemoryStore(lambda: NOW)
    lease = await stand_up(store)
    limited = Clearance(0, 7, number_gap=30 * DAY)
    first, second = await accept(store), await accept(store)
    number = (await record_of(store, first)).phone_number
    await store.commit(lease, [begin(first)], {first: limited})
    await store.commit(lease, [ContactEnded(first, "campaign-1", NOW, Disposition.BUSY, DisconnectReason.TELECOM_BUSY)])
    await store.erase_ended("instance-1", before=LATER, at=NOW, limit=10)
    keys = {number: 7}
    assert await Privacy(store, store, lambda _: NOW, number_key=keys.__getitem__).forget(number) == 0
    assert not (await store.commit(lease, [begin(second)], {second: limited})).refused


async def test_whoever_is_to_be_forgotten_is_forgotten_there_too() -> None:
    store = MemoryStore(lambda: NOW)
    contact_id = await deleted(store)
    number = (await record_of(store, contact_id)).phone_number
    assert await Privacy(store, store, lambda _: LATER).forget(number) == 1
    found = await record_of(store, contact_id)
    assert (found.phone_number, found.updated_at) == ("", LATER)
