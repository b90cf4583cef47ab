"""Contacts that SQLite itself refuses to change: a column of another type, or an index that has them elsewhere.

What a user would lose otherwise: a commit that fails for one contact fails for all, every second, for ever.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage.damage import change_indexes_alone, change_row_alone, change_rows_alone
from storage.support import LATER, NOW, begin, campaign, dial_request, dispositions, due, put, records, stand_up
from trunkcall.domain.changes import ContactAnswered, ContactEnded, Refusal
from trunkcall.domain.contact import ContactState, DialRequest, DisconnectReason, Disposition
from trunkcall.domain.instants import HOUR
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.sqlite.backup import back_up
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.schema import SCHEMA
from trunkcall.storage.sqlite.store import SQLiteStore

CAMPAIGN = "campaign-1"
BUSY = Disposition.BUSY, DisconnectReason.TELECOM_BUSY
REQUESTS = [dial_request(attributes={"a": "b"}) for _ in range(10)]
VICTIM = REQUESTS[4].contact_id
OTHERS = [request.contact_id for request in REQUESTS if request.contact_id != VICTIM]

OF_ANOTHER_KIND = [
    pytest.param(change_row_alone, column, value, id=f"{column}-{type(value).__name__}")
    for column, value in (
        ("accepted_at", 1.5),
        ("accepted_at", "x"),
        ("queue_id", b"x"),
        ("greeting_started_at", "x"),
        ("abandoned", 0.5),
        ("after_contact_work_ended_at", "x"),
        ("agent_leg_id", b"x"),
        ("due_at", "x"),
        ("due_at", 1.5),
        ("previous_contact_id", b"x"),
        ("hold", b"x"),
        ("asked_due_at", "x"),
        ("agent_disposition", b"x"),
        ("customer_holds", b"x"),
        ("flow_progress", b"x"),
        ("flow_trail", b"x"),
        ("flow_attributes", b"x"),
        ("recordings", b"x"),
        ("recordings_deleted_at", "x"),
    )
]
"""One bit of the row's header makes another type of a value. None of these columns has a seal."""
TAKEN = [
    pytest.param(change_row_alone, column, value, id=f"{column}-{type(value).__name__}")
    for column, value in (
        ("accepted_at", None),
        ("updated_at", "x"),
        ("leg_id", b"x"),
        ("abandoned", None),
        ("clearance", b"x"),
        ("clearance", "{"),
        ("time_zone", "Europe/Paris"),
    )
]
"""What SQLite does not look at, or writes over."""
ELSEWHERE = [
    pytest.param(change_indexes_alone, "expires_at", LATER - 1, id="expires_at-of-an-index"),
    pytest.param(change_indexes_alone, "due_at", 1, id="due_at-of-an-index"),
    pytest.param(change_row_alone, "due_at", 1, id="due_at-of-the-row"),
    pytest.param(change_row_alone, "hold", "{", id="hold-of-the-row"),
]
MISPLACED = [
    pytest.param(change_row_alone, "contact_id", "another", id="contact_id-of-the-row"),
    pytest.param(change_row_alone, "state", "Ended", id="state-of-the-row"),
    pytest.param(change_row_alone, "state", "Vaiting", id="no-state-of-the-row"),
    pytest.param(change_indexes_alone, "client_token", "another", id="client_token-of-an-index"),
    pytest.param(change_indexes_alone, "contact_id", "another", id="contact_id-of-an-index"),
    pytest.param(change_indexes_alone, "state", "Dialing", id="state-of-an-index"),
]


@dataclass
class House:
    path: Path
    store: SQLiteStore
    lease: Lease

    async def damaged(self, change: Any, column: str, value: Any) -> None:
        """Have the disk do it while nobody looks."""
        await self.store.close()
        change(self.path, VICTIM, column, value)
        self.store = SQLiteStore(self.path)
        await self.store.open()
        lease = await self.store.acquire_lease("instance-1", "dialer-2", HOUR, sole=True)
        assert lease is not None
        self.lease = lease

    async def adds_up(self, *, ended: int) -> None:
        """After the victim is ended by hand, each contact has a record, every count is right and the store is sound."""
        assert await self.store.quarantined_count() == 1
        assert self.store.trouble is None
        assert await self.store.end_quarantined(None, at=LATER) == 1
        assert {*await records(self.store)} == {request.contact_id for request in REQUESTS}
        counts = (await self.store.contact_counts([CAMPAIGN]))[CAMPAIGN]
        assert (counts.accepted, sum(counts.dispositions.values()), counts.set_aside) == (10, ended, 0)
        await self.store.close()
        report = check_store(self.path, unused=True)
        assert report.sound, report.faults
        assert report.damaged == ()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = SQLiteStore(tmp_path / "trunkcall.db")
    await store.open()
    lease = await stand_up(store)
    await put(store, *REQUESTS)
    it = House(tmp_path / "trunkcall.db", store, lease)
    yield it
    await it.store.close()


@pytest.mark.parametrize(("change", "column", "value"), OF_ANOTHER_KIND + ELSEWHERE)
class TestOneThatWaits:
    async def test_all_others_are_attempted(self, house: House, change: Any, column: str, value: Any) -> None:
        await house.damaged(change, column, value)
        result = await house.store.commit(house.lease, [begin(request.contact_id) for request in REQUESTS])
        assert result.refused == {VICTIM: Refusal.NOT_WAITING}
        live = await house.store.live_contacts("instance-1")
        assert [contact.contact_id for contact in live] == OTHERS
        await house.adds_up(ended=1)

    async def test_all_others_are_swept(self, house: House, change: Any, column: str, value: Any) -> None:
        await house.damaged(change, column, value)
        await house.store.delete_campaign(CAMPAIGN, at=NOW)
        swept = await house.store.expire_waiting(house.lease, now=NOW, limit=100)
        assert [contact.contact_id for contact in swept] == OTHERS
        await house.adds_up(ended=10)


@pytest.mark.parametrize(("change", "column", "value"), OF_ANOTHER_KIND + TAKEN + ELSEWHERE + MISPLACED)
async def test_it_is_told_as_one_contact_and_backed_up(house: House, change: Any, column: str, value: Any) -> None:
    await house.damaged(change, column, value)
    await house.store.close()
    report = check_store(house.path, unused=True)
    assert report.sound, report.faults
    assert len(report.damaged) == 1
    copy = house.path.with_name("copy.db")
    assert back_up(house.path, copy, unused=True, force=False).contacts == 10


@pytest.mark.parametrize(("change", "column", "value"), OF_ANOTHER_KIND + TAKEN)
async def test_exports_leave_it_out(house: House, change: Any, column: str, value: Any) -> None:
    await house.damaged(change, column, value)
    left_out: list[int] = []
    found = [record async for chunk in house.store.contacts(on_left_out=left_out.append) for record in chunk]
    assert [record.contact_id for record in found] == OTHERS
    assert left_out == [1]


@pytest.mark.parametrize(("change", "column", "value"), OF_ANOTHER_KIND)
async def test_one_in_progress_is_left_out_and_all_others_go_on_as_ever(
    house: House, change: Any, column: str, value: Any
) -> None:
    await house.store.commit(house.lease, [begin(request.contact_id) for request in REQUESTS])
    await house.damaged(change, column, value)
    answered = [ContactAnswered(request.contact_id, NOW, None) for request in REQUESTS]
    assert set((await house.store.commit(house.lease, answered)).left_out) == {VICTIM}
    states = {contact.contact_id: contact.state for contact in await house.store.live_contacts("instance-1")}
    assert states == dict.fromkeys(OTHERS, ContactState.ANSWERED)
    ended = [ContactEnded(request.contact_id, CAMPAIGN, NOW, *BUSY) for request in REQUESTS]
    assert set((await house.store.commit(house.lease, ended)).left_out) == {VICTIM}
    assert await dispositions(house.store, CAMPAIGN) == {Disposition.BUSY: 9, None: 1}
    await house.adds_up(ended=10)


@pytest.mark.parametrize("state", ["Dyaling", b"Dialing", 1.5])
async def test_one_in_progress_that_cannot_tell_its_state_stops_no_other(house: House, state: Any) -> None:
    await house.store.commit(house.lease, [begin(request.contact_id) for request in REQUESTS])
    await house.damaged(change_row_alone, "state", state)
    answered = [ContactAnswered(request.contact_id, NOW, None) for request in REQUESTS]
    await house.store.commit(house.lease, answered)
    states = {contact.contact_id: contact.state for contact in await house.store.live_contacts("instance-1")}
    assert states == dict.fromkeys(OTHERS, ContactState.ANSWERED)
    await house.store.commit(house.lease, [ContactEnded(contact_id, CAMPAIGN, NOW, *BUSY) for contact_id in OTHERS])
    await house.adds_up(ended=10)


async def test_whatever_shares_a_transaction_with_a_refused_contact_is_done(house: House) -> None:
    await house.store.create_campaign(campaign("campaign-2"))
    others = [dial_request() for _ in range(5)]
    await put(house.store, *others, campaign_id="campaign-2")
    await house.damaged(change_indexes_alone, "expires_at", LATER - 1)
    await house.store.delete_campaign(CAMPAIGN, at=NOW)
    begun = [begin(request.contact_id, campaign_id="campaign-2") for request in others]
    # The first has the writer busy while the others queue up.
    _, swept, result = await asyncio.gather(
        house.store.set_retention("instance-1", 30),
        house.store.expire_waiting(house.lease, now=NOW, limit=100),
        house.store.commit(house.lease, begun),
    )
    assert len(swept) == 9
    assert not result.refused
    assert len(await house.store.live_contacts("instance-1")) == 5


@pytest.mark.parametrize(
    ("change", "due_at"),
    [
        (change_row_alone, "x"),
        *((change, at) for change in (change_row_alone, change_indexes_alone) for at in (NOW + HOUR, 2**62, -(2**62))),
    ],
)
async def test_one_that_is_due_at_another_time_than_its_index_has_is_not_dialed(
    house: House, change: Any, due_at: Any
) -> None:
    """It may be a time at which nobody must be called. Whoever is due beside it is dialed."""
    await house.damaged(change, "due_at", due_at)
    for now in (NOW, NOW + HOUR):
        answer = await house.store.due_contacts(CAMPAIGN, now=now, held=(), limit=100)
        assert [contact.contact_id for contact in answer.contacts] == OTHERS
        assert answer.next_due_at in (None, NOW + HOUR)
    assert len(await house.store.expire_waiting(house.lease, now=LATER, limit=100)) == 9
    await house.adds_up(ended=10)


@pytest.mark.parametrize("change", [change_row_alone, change_indexes_alone])
async def test_all_others_are_moved(house: House, change: Any) -> None:
    await house.damaged(change, "due_at", 1)
    everybody = [request.contact_id for request in REQUESTS]
    assert await house.store.change_due(CAMPAIGN, everybody, due_at=NOW + HOUR) == 9
    assert await due(house.store, CAMPAIGN) == []
    assert [contact.contact_id for contact in await due(house.store, CAMPAIGN, now=NOW + HOUR)] == OTHERS
    assert await house.store.quarantined_count() == 1


async def test_new_indexes_give_no_contact_to_another_campaign(house: House) -> None:
    """Somebody would be dialed whom that campaign was never given."""
    await house.store.create_campaign(campaign("campaign-2"))
    await house.damaged(change_row_alone, "contact_id", "another")
    await house.store.close()
    misled = OTHERS[-1]
    change_row_alone(house.path, misled, "campaign_key", 2)
    await house.store.open()
    # The first is met and ended by hand, for which the indexes are made anew; the second was not met before.
    await house.store.quarantine_damaged()
    (victim,) = [each.sequence for each in await house.store.quarantined() if each.contact_id == "another"]
    assert await house.store.end_quarantined([victim], at=NOW) == 1
    assert await due(house.store, "campaign-2", limit=10) == []
    waiting = await due(house.store, CAMPAIGN, limit=10)
    assert [contact.contact_id for contact in waiting] == OTHERS[:-1]
    assert await house.store.quarantined_count() == 1


async def test_one_that_had_ended_is_set_aside_no_more_once_what_was_wrong_is_erased(house: House) -> None:
    await house.store.expire_waiting(house.lease, now=LATER, limit=100)
    await house.damaged(change_row_alone, "attributes", '{"a":"c"}')
    assert await house.store.quarantine_damaged() == 1
    assert await house.store.erase_ended("instance-1", before=LATER + 1, at=LATER, limit=100) == 10
    assert await house.store.quarantined_count() == 0


ANYTHING = (None, "x", b"\xff", 1.5, -1, 1 << 62)


@dataclass
class Ruin:
    """A store in which every column of contacts has held everything it should not, each of another contact."""

    path: Path
    victims: list[DialRequest]
    others: list[DialRequest]
    store: SQLiteStore
    lease: Lease

    @property
    def every(self) -> list[str]:
        return [request.contact_id for request in (*self.victims, *self.others)]


async def ruin(path: Path, state: str) -> Ruin:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(contact)") if name != "sequence"]
    damage = [(column, value) for column in columns for value in ANYTHING]
    store = SQLiteStore(path)
    await store.open()
    lease = await stand_up(store)
    victims, others = ([dial_request() for _ in damage] for _ in range(2))
    it = Ruin(path, victims, others, store, lease)
    await put(store, *victims, *others)
    if state != "waiting":
        await store.commit(lease, [begin(contact_id) for contact_id in it.every])
    if state == "ended":
        await store.commit(lease, [ContactEnded(contact_id, CAMPAIGN, NOW, *BUSY) for contact_id in it.every])
    await store.close()
    change_rows_alone(path, [(request.contact_id, *each) for request, each in zip(victims, damage, strict=True)])
    it.store = SQLiteStore(path)
    await it.store.open()
    new = await it.store.acquire_lease("instance-1", "dialer-2", HOUR, sole=True)
    assert new is not None
    it.lease = new
    return it


@pytest.mark.parametrize("state", ["waiting", "in progress", "ended"])
async def test_whatever_any_column_holds_everything_adds_up_in_the_end(tmp_path: Path, state: str) -> None:
    it = await ruin(tmp_path / "trunkcall.db", state)
    store, others = it.store, [request.contact_id for request in it.others]
    for record in (await records(store)).values():
        # Exports write all of these.
        assert (record.state is ContactState.ENDED) is isinstance(record.disposition, Disposition)
        assert isinstance(record.disconnect_reason, DisconnectReason | None)
        assert isinstance(record.contact_id + record.phone_number, str)
    # A takeover, a refill, attempts, their ends, a sweep; then somebody looks, and ends what is damaged.
    live = {contact.contact_id for contact in await store.live_contacts("instance-1")}
    waiting = {contact.contact_id for contact in await due(store, CAMPAIGN, limit=9999)}
    refused = (await store.commit(it.lease, [begin(contact_id) for contact_id in sorted(waiting)])).refused
    assert not refused.keys() & set(others)
    begun = (waiting - refused.keys()) | live
    await store.commit(it.lease, [ContactEnded(contact_id, CAMPAIGN, NOW, *BUSY) for contact_id in sorted(begun)])
    assert not await store.expire_waiting(it.lease, now=LATER, limit=9999)
    for _ in range(2):
        await store.quarantine_damaged()
        assert await store.quarantined_count() <= len(it.victims)
        await store.end_quarantined(None, at=LATER)
    found = await records(store)
    assert len(found) == len(it.every)
    assert {found[contact_id].disposition for contact_id in others} == {Disposition.BUSY}
    assert {record.phone_number for record in found.values()} <= {
        request.phone_number for request in (*it.victims, *it.others)
    } | {""}
    counts = (await store.contact_counts([CAMPAIGN]))[CAMPAIGN]
    assert (counts.accepted, sum(counts.dispositions.values())) == (len(it.every), len(it.every))
    await store.close()
    report = check_store(it.path, unused=True)
    assert report.sound, report.faults
    assert report.damaged == ()


async def test_whatever_any_column_holds_retention_erases_all_that_ended(tmp_path: Path) -> None:
    it = await ruin(tmp_path / "trunkcall.db", "ended")
    for _ in range(10):
        if not await it.store.erase_ended("instance-1", before=LATER, at=LATER, limit=100):
            break
    else:
        raise AssertionError("it never comes to an end")
    await it.store.quarantine_damaged()
    # Whose end nobody can tell any more ends by hand, and its retention begins then.
    await it.store.end_quarantined(None, at=LATER)
    await it.store.erase_ended("instance-1", before=LATER + 1, at=LATER, limit=100)
    assert {record.phone_number for record in (await records(it.store)).values()} == {""}
    await it.store.close()
    report = check_store(it.path, unused=True)
    assert report.sound, report.faults


@pytest.mark.parametrize("state", ["waiting", "ended"])
async def test_whatever_any_column_holds_a_number_is_forgotten(tmp_path: Path, state: str) -> None:
    it = await ruin(tmp_path / "trunkcall.db", state)
    for request in (*it.victims, *it.others):
        await it.store.forget_number(request.phone_number, at=LATER)
    with closing(sqlite3.connect(it.path)) as connection:
        left = {number for (number,) in connection.execute("SELECT CAST(phone_number AS BLOB) FROM contact")}
    assert not left & {request.phone_number.encode() for request in (*it.victims, *it.others)}
    await it.store.close()
