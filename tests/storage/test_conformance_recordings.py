"""What every store promises of recordings: which contacts have some that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from storage.support import NOW, accept, begin, dial_request, record_of, stand_up
from trunkcall.domain.changes import (
    Change,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactQueued,
    ContactRecorded,
)
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.recording import Recording
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.ports.recordings import RecordedContact
from trunkcall.storage.store import Store

CAMPAIGN, AT = "campaign-1", NOW + 10
ANN, BOB = "+12125550101", "+12125550102"


async def talked(store: Store, lease: Lease, number: str, *, ended_at: int | None, recorded: bool = True) -> str:
    """Somebody at this number talks to an agent, until then or still."""
    contact_id = await accept(store, replace(dial_request(), phone_number=number))
    changes: list[Change] = [
        begin(contact_id, at=AT),
        ContactAnswered(contact_id, AT, None),
        ContactDetected(contact_id, AT, None),
        ContactQueued(contact_id, "q1", AT),
        ContactConnecting(contact_id, f"agent-of-{contact_id}", f"agent-leg-of-{contact_id}", AT),
        ContactConnected(contact_id, f"agent-of-{contact_id}", AT),
    ]
    changes.append(ContactRecorded(contact_id, (Recording(f"{contact_id}.1", AT, AT, ended_at),), AT))
    if not recorded:
        # It was to be, and is not any more.
        changes.append(ContactRecorded(contact_id, (), AT))
    if ended_at is not None:
        how = Disposition.CONNECTED_TO_AGENT, DisconnectReason.CUSTOMER_DISCONNECT
        changes.append(ContactEnded(contact_id, CAMPAIGN, ended_at, *how))
    await store.commit(lease, changes)
    return contact_id


def ids(found: Sequence[RecordedContact]) -> list[str]:
    return [each.contact_id for each in found]


async def test_recorded_contacts_are_listed_in_the_order_of_their_ends_page_by_page(store: Store) -> None:
    lease = await stand_up(store)
    late = await talked(store, lease, ANN, ended_at=AT + 9)
    early = await talked(store, lease, ANN, ended_at=AT + 5)
    same = await talked(store, lease, BOB, ended_at=AT + 9)
    await talked(store, lease, BOB, ended_at=AT + 7, recorded=False)
    await talked(store, lease, BOB, ended_at=None)
    found = await store.recorded("instance-1", limit=2)
    assert ids(found) == [early, late]
    assert found[0].recordings == (Recording(f"{early}.1", AT, AT, AT + 5),)
    assert (found[0].campaign_id, found[0].ended_at) == (CAMPAIGN, AT + 5)
    assert ids(await store.recorded("instance-1", after=found[-1].place, limit=2)) == [same]
    assert ids(await store.recorded("instance-1", campaign_id=CAMPAIGN, limit=9)) == [early, late, same]
    assert ids(await store.recorded("instance-1", campaign_id="another", limit=9)) == []
    assert ids(await store.recorded("another", limit=9)) == []


async def test_what_was_deleted_is_listed_no_more_and_the_record_says_when(store: Store) -> None:
    lease = await stand_up(store)
    over = await talked(store, lease, ANN, ended_at=AT + 9)
    on = await talked(store, lease, ANN, ended_at=None)
    both = await store.recorded_of_number(ANN)
    assert sorted(ids(both)) == sorted([over, on])
    await store.note_deleted_recordings([each.sequence for each in both], at=AT + 20)
    assert ids(await store.recorded("instance-1", limit=9)) == []
    assert ids(await store.recorded_of_number(ANN)) == [on], "of whoever still talks something is yet to come"
    assert (await record_of(store, over)).recordings_deleted_at == AT + 20
    assert (await record_of(store, over)).recordings != ()
    assert (await record_of(store, on)).recordings_deleted_at is None


async def test_whoever_was_erased_is_found_by_what_was_recorded(store: Store) -> None:
    lease = await stand_up(store)
    forgotten = await talked(store, lease, ANN, ended_at=AT + 9)
    still = await talked(store, lease, ANN, ended_at=None)
    await talked(store, lease, BOB, ended_at=AT + 9)
    await store.forget_number(ANN, at=AT + 20)
    assert ids(await store.recorded_and_erased("instance-1", limit=9)) == [forgotten]
    how = Disposition.CONNECTED_TO_AGENT, DisconnectReason.CUSTOMER_DISCONNECT
    await store.commit(lease, [ContactEnded(still, CAMPAIGN, AT + 30, *how)])
    assert sorted(ids(await store.recorded_and_erased("instance-1", limit=9))) == sorted([forgotten, still])
    assert len(await store.recorded_and_erased("instance-1", limit=1)) == 1
    assert await store.recorded_of_number(ANN) == []
