"""One contact that a disk has changed, among others that it has not.

What a user would lose otherwise: one digit that is another one, and nobody is dialed any more.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from storage.support import (
    LATER,
    NOW,
    begin,
    campaign,
    dial_request,
    dispositions,
    due,
    put,
    record_of,
    records,
    stand_up,
    token_of,
)
from trunkcall.aws.iam import InvalidPolicyError, parse_policy
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import ContactEnded, ContactExpired, ContactSetAside, Refusal
from trunkcall.domain.contact import ContactState, Damage, DialRequest, DisconnectReason, Disposition
from trunkcall.domain.directory import AccessKey
from trunkcall.domain.errors import InvalidCampaignStateError, StoreDamagedError
from trunkcall.domain.instants import HOUR, to_record_time
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

CAMPAIGN = "campaign-1"


@dataclass(frozen=True)
class Row:
    """Where a contact's row lies in the file: the beginning of its header and of its values."""

    header: int
    values: int
    request: DialRequest

    def offset(self, column: str) -> int:
        """Of a byte of the column's value."""
        before = len(self.request.contact_id)
        token, number = len(token_of(self.request)), len(self.request.phone_number)
        attributes = len('{"a":"b"}')
        match column:
            case "contact_id":
                return self.values + before - 1
            case "campaign_key":
                # The value 1 takes no room: it is a type of its own, in the header after those of two columns.
                return self.header + 3
            case "client_token":
                return self.values + before + token - 1
            case "phone_number":
                return self.values + before + token + number - 1
            case "attributes":
                return self.values + before + token + number + attributes - 3
            case "state":
                return self.values + before + token + number + attributes + 2
            case "expires_at":
                state_and_accepted_at = len("Waiting") + 8
                return self.values + before + token + number + attributes + state_and_accepted_at + 1
            case _:
                raise ValueError(column)


def row_of(path: Path, request: DialRequest) -> Row:
    content = path.read_bytes()
    values = (request.contact_id + token_of(request) + request.phone_number + '{"a":"b"}').encode()
    assert content.count(values) == 1
    at = content.index(values)
    # Its length, the NULL of the column that the row's key stands for, the contact id's type, and that of the value 1.
    header = (length for length in range(28, 48) if content[at - length] == length and content[at - length + 1] == 0)
    (length,) = (length for length in header if content[at - length + 3] == 9)
    return Row(at - length, at, request)


def flip(path: Path, request: DialRequest, column: str, bits: int) -> None:
    """Change one byte of the file, behind the back of whoever has it open."""
    at = row_of(path, request).offset(column)
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ bits]))


@dataclass
class House:
    """A store with ten contacts that wait, of which the fifth is going to be damaged."""

    path: Path
    requests: list[DialRequest]
    store: SQLiteStore
    lease: Lease

    @property
    def victim(self) -> DialRequest:
        return self.requests[4]

    @property
    def others(self) -> list[str]:
        return [request.contact_id for request in self.requests if request is not self.victim]

    async def damaged(self, column: str, bits: int) -> None:
        """Have the disk change a byte while nobody looks."""
        await self.store.close()
        flip(self.path, self.victim, column, bits)
        self.store = SQLiteStore(self.path)
        await self.store.open()
        lease = await self.store.acquire_lease("instance-1", "dialer-2", HOUR, sole=True)
        assert lease is not None
        self.lease = lease

    async def waiting(self, limit: int = 100) -> list[str]:
        found = await due(self.store, CAMPAIGN, limit=limit)
        return [contact.contact_id for contact in found]


async def house(path: Path) -> House:
    store = SQLiteStore(path)
    await store.open()
    lease = await stand_up(store)
    requests = [dial_request(attributes={"a": "b"}) for _ in range(10)]
    await put(store, *requests)
    return House(path, requests, store, lease)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trunkcall.db"


A_DIGIT, NO_TEXT = 1, 0x80
EVERYWHERE = [
    pytest.param(column, bits, id=f"{column}-{bits:#x}")
    for column in ("contact_id", "client_token", "phone_number", "attributes", "state")
    for bits in (A_DIGIT, NO_TEXT)
] + [pytest.param("expires_at", 1, id="expires_at"), pytest.param("campaign_key", 1, id="campaign_key")]
"""One byte of any column that says who is dialed, until when and for what: another letter, and one that is no text."""


@pytest.mark.parametrize(("column", "bits"), EVERYWHERE)
class TestOneByteOfOneWaitingContact:
    async def test_it_is_set_aside_and_all_the_others_are_dialed(self, path: Path, column: str, bits: int) -> None:
        it = await house(path)
        await it.damaged(column, bits)
        assert await it.waiting() == it.others
        assert await it.store.quarantined_count() == 1
        assert await it.store.waiting_count(CAMPAIGN) == 9
        result = await it.store.commit(it.lease, [begin(contact_id) for contact_id in it.others])
        assert not result.refused
        assert await it.waiting() == []
        await it.store.close()

    async def test_the_others_are_swept_and_it_is_ended_by_hand(self, path: Path, column: str, bits: int) -> None:
        it = await house(path)
        await it.damaged(column, bits)
        await it.store.delete_campaign(CAMPAIGN, at=NOW)
        swept = await it.store.expire_waiting(it.lease, now=NOW, limit=9)
        assert [contact.contact_id for contact in swept] == it.others
        assert await it.store.expire_waiting(it.lease, now=NOW, limit=9) == []
        assert await it.store.quarantined_count() == 1
        await everything_adds_up(it)

    async def test_the_others_expire_in_time_and_it_is_ended_by_hand(self, path: Path, column: str, bits: int) -> None:
        it = await house(path)
        await it.damaged(column, bits)
        swept = await it.store.expire_waiting(it.lease, now=LATER, limit=100)
        assert {contact.contact_id for contact in swept} == set(it.others)
        assert await it.store.quarantined_count() == 1
        await everything_adds_up(it)

    async def test_it_is_found_by_looking_and_told_by_the_check(self, path: Path, column: str, bits: int) -> None:
        it = await house(path)
        await it.damaged(column, bits)
        await it.waiting()
        await it.store.close()
        assert len(check_store(path, unused=True).damaged) == 1


async def everything_adds_up(it: House) -> None:
    """After the damaged contact is ended, each of the ten has a record and the store is sound."""
    assert await it.store.end_quarantined(None, at=LATER) == 1
    assert await it.store.quarantined_count() == 0
    left_out: list[int] = []
    found = [record async for chunk in it.store.contacts(on_left_out=left_out.append) for record in chunk]
    assert left_out == []
    assert {record.contact_id for record in found} == {request.contact_id for request in it.requests}
    assert {record.client_token for record in found} == {request.client_token for request in it.requests}
    assert {record.disposition for record in found} == {Disposition.EXPIRED}
    assert await dispositions(it.store, CAMPAIGN) == {Disposition.EXPIRED: 10}
    counts = (await it.store.contact_counts([CAMPAIGN]))[CAMPAIGN]
    assert (counts.accepted, counts.waiting, counts.in_progress, counts.set_aside) == (10, 0, 0, 0)
    told = {request.phone_number for request in it.requests} | {""}
    assert {record.phone_number for record in found} <= told, "nobody whom nobody asked to dial is in an export"
    await it.store.close()
    report = check_store(it.path, unused=True)
    assert report.sound, report.faults
    assert report.damaged == ()


async def test_a_window_of_damaged_contacts_starves_nobody(path: Path) -> None:
    store = SQLiteStore(path)
    await store.open()
    lease = await stand_up(store)
    requests = [dial_request() for _ in range(50)]
    await put(store, *requests)
    change(path, "UPDATE contact SET phone_number = '+12065550100' WHERE sequence <= 40")
    found = await due(store, CAMPAIGN, limit=10)
    assert [contact.contact_id for contact in found] == [request.contact_id for request in requests[40:]]
    assert await due(store, CAMPAIGN, held=[contact.sequence for contact in found]) == []
    assert await store.quarantined_count() == 40
    await store.change_campaign_state(CAMPAIGN, allowed_from=list(CampaignState), to=CampaignState.STOPPED)
    assert len(await store.expire_waiting(lease, now=NOW, limit=100)) == 10
    await store.close()


async def test_what_is_set_aside_is_never_dialed_and_its_token_stays_taken(path: Path) -> None:
    it = await house(path)
    change(path, f"UPDATE contact SET attributes = '{{}}' WHERE contact_id = '{it.victim.contact_id}'")
    assert await it.store.quarantine_damaged() == 1
    result = await it.store.commit(it.lease, [begin(request.contact_id) for request in it.requests])
    assert result.refused == {it.victim.contact_id: Refusal.NOT_WAITING}
    result = await it.store.commit(it.lease, [ContactExpired(it.victim.contact_id, CAMPAIGN, NOW)])
    assert result.not_waiting == [it.victim.contact_id], "nor does it expire"
    assert await it.store.waiting_count(CAMPAIGN) == 0
    (again,) = (await put(it.store, dial_request(it.victim.client_token))).accepted
    assert again is not None
    assert (again.contact_id, again.repeated) == (it.victim.contact_id, True)
    assert await it.store.end_quarantined(None, at=NOW) == 1
    record = await record_of(it.store, it.victim.contact_id)
    assert (record.phone_number, record.attributes) == (it.victim.phone_number, {}), "the number is as accepted"
    assert (record.disposition, record.disconnect_reason) == (Disposition.EXPIRED, DisconnectReason.EXPIRED)
    (again,) = (await put(it.store, dial_request(it.victim.client_token))).accepted
    assert again is not None
    assert again.repeated
    await it.store.close()


async def test_one_of_several_is_ended_and_all_that_is_personal_erased(path: Path) -> None:
    it = await house(path)
    change(path, "UPDATE contact SET expires_at = expires_at + 1 WHERE sequence IN (2, 5)")
    await it.waiting()
    assert [contact.sequence for contact in await it.store.quarantined(CAMPAIGN)] == [2, 5]
    assert await it.store.quarantined("another") == []
    assert await it.store.end_quarantined([5], at=NOW, erase=True) == 1
    assert [contact.sequence for contact in await it.store.quarantined()] == [2]
    record = await record_of(it.store, it.victim.contact_id)
    assert (record.phone_number, record.attributes, record.client_token) == ("", {}, "erased-5")
    await it.store.close()
    assert it.victim.phone_number.encode() not in path.read_bytes()
    assert token_of(it.victim).encode() not in path.read_bytes()


LIVE_DAMAGE = {
    "an unknown state": "state = 'Diaking'",
    "no leg": "leg_id = NULL",
    "no attempt": "attempted_at = NULL",
    "answered at no time": "state = 'Answered'",
    "no text": "leg_id = CAST(x'FF' AS TEXT)",
    "an unknown detection": "detection = 'HUMAN'",
}


@pytest.mark.parametrize("damage", LIVE_DAMAGE.values(), ids=LIVE_DAMAGE)
async def test_a_damaged_contact_in_progress_is_set_aside_and_the_others_taken_over(path: Path, damage: str) -> None:
    it = await house(path)
    await it.store.commit(it.lease, [begin(request.contact_id) for request in it.requests])
    change(path, f"UPDATE contact SET {damage} WHERE contact_id = '{it.victim.contact_id}'")
    live = await it.store.live_contacts("instance-1")
    assert [contact.contact_id for contact in live] == it.others
    (aside,) = await it.store.quarantined()
    assert (aside.contact_id, aside.damage) == (it.victim.contact_id, Damage.UNREADABLE)
    busy = Disposition.BUSY, DisconnectReason.TELECOM_BUSY
    await it.store.commit(it.lease, [ContactEnded(contact_id, CAMPAIGN, NOW, *busy) for contact_id in it.others])
    assert (await it.store.contact_counts([CAMPAIGN]))[CAMPAIGN].in_progress == 0
    await it.store.end_quarantined(None, at=NOW)
    counts = await dispositions(it.store, CAMPAIGN)
    assert counts == {Disposition.BUSY: 9, Disposition.ATTEMPT_FAILED: 1}
    assert len(await records(it.store)) == 10
    await it.store.close()
    assert check_store(path, unused=True).sound


@pytest.mark.parametrize("column", ["contact_id", "campaign_key", "state"])
@pytest.mark.parametrize("bits", [A_DIGIT, NO_TEXT])
async def test_one_byte_of_one_contact_in_progress_stops_no_takeover(path: Path, column: str, bits: int) -> None:
    it = await house(path)
    await it.store.commit(it.lease, [begin(request.contact_id) for request in it.requests])
    await it.damaged(column, bits if column != "campaign_key" else 1)
    live = await it.store.live_contacts("instance-1")
    assert [contact.contact_id for contact in live] == it.others
    assert await it.store.quarantined_count() == 1
    assert await it.store.end_quarantined(None, at=LATER) == 1
    assert it.store.trouble is None, "what was damaged is made anew"
    record = await record_of(it.store, it.victim.contact_id)
    assert record.disposition is Disposition.ATTEMPT_FAILED
    assert record.campaign_id == CAMPAIGN
    await it.store.close()
    report = check_store(path, unused=True)
    assert report.sound, report.faults


async def test_a_contact_that_no_dialer_can_take_over_is_set_aside_for_good(path: Path) -> None:
    it = await house(path)
    await it.store.commit(it.lease, [begin(request.contact_id) for request in it.requests])
    sequence = 5
    await it.store.commit(it.lease, [ContactSetAside(it.victim.contact_id, sequence, NOW)] * 2)
    assert [contact.contact_id for contact in await it.store.live_contacts("instance-1")] == it.others
    (aside,) = await it.store.quarantined()
    assert (aside.damage, aside.state, aside.waiting) == (Damage.NOT_TAKEN_OVER, ContactState.DIALING, False)
    counts = (await it.store.contact_counts([CAMPAIGN]))[CAMPAIGN]
    assert (counts.in_progress, counts.set_aside, counts.attempts) == (9, 1, 10)
    await it.store.end_quarantined([sequence], at=NOW)
    record = await record_of(it.store, it.victim.contact_id)
    assert record.disposition is Disposition.ATTEMPT_FAILED
    assert record.phone_number == it.victim.phone_number
    await it.store.close()


class TestErasing:
    async def test_a_damaged_contact_is_forgotten_by_its_number_and_is_none_any_more(self, path: Path) -> None:
        it = await house(path)
        change(path, f"UPDATE contact SET attributes = 'x' WHERE contact_id = '{it.victim.contact_id}'")
        await it.waiting()
        assert await it.store.quarantined_count() == 1
        assert await it.store.forget_number(it.victim.phone_number, at=NOW) == 1
        assert await it.store.quarantined_count() == 0
        assert await it.store.waiting_count(CAMPAIGN) == 9
        assert len(await records(it.store)) == 10
        await it.store.close()
        assert check_store(path, unused=True).damaged == ()

    @pytest.mark.parametrize("bits", [A_DIGIT, NO_TEXT])
    @pytest.mark.parametrize("column", ["phone_number", "client_token", "attributes", "contact_id"])
    async def test_retention_erases_it_with_all_the_others(self, path: Path, column: str, bits: int) -> None:
        it = await house(path)
        await it.store.expire_waiting(it.lease, now=LATER, limit=100)
        await it.store.close()
        ended(path, it.victim, column, bits)
        it.store = SQLiteStore(path)
        await it.store.open()
        erased = await it.store.erase_ended("instance-1", before=LATER + 1, at=LATER, limit=100)
        assert erased == 10
        found = [record async for chunk in it.store.contacts() for record in chunk]
        assert {(record.phone_number, len(record.attributes)) for record in found} == {("", 0)}
        again = (await put(it.store, *(dial_request(request.client_token) for request in it.requests))).accepted
        assert all(accepted is not None and accepted.repeated for accepted in again), "no token was lost"
        await it.store.close()
        if column != "contact_id":
            report = check_store(path, unused=True)
            assert report.sound, report.faults

    async def test_retention_erases_what_is_set_aside_and_was_never_ended(self, path: Path) -> None:
        it = await house(path)
        await it.damaged("phone_number", A_DIGIT)
        await it.waiting()
        assert await it.store.erase_ended("instance-1", before=LATER, at=LATER, limit=100) == 0
        assert await it.store.erase_ended("instance-1", before=LATER + 1, at=LATER, limit=100) == 1
        assert await it.store.erase_ended("instance-1", before=LATER + 1, at=LATER, limit=100) == 0
        assert await it.store.quarantined_count() == 1, "it is still nobody to be dialed"
        assert await it.store.end_quarantined(None, at=LATER) == 1
        record = await record_of(it.store, it.victim.contact_id)
        assert (record.phone_number, record.client_token) == ("", it.victim.client_token)
        await it.store.close()

    async def test_one_whose_campaign_is_damaged_is_erased_as_well(self, path: Path) -> None:
        it = await house(path)
        change(path, "UPDATE campaign SET state = 'Lost'")
        assert await it.store.forget_number(it.victim.phone_number, at=NOW) == 1
        await it.store.close()


class TestCampaigns:
    async def test_a_damaged_one_is_out_of_use_by_itself(self, path: Path) -> None:
        it = await house(path)
        for name in ("a", "b", "c"):
            await it.store.create_campaign(campaign(name))
        change(path, "UPDATE campaign SET dialer_type = 'predictable' WHERE campaign_id IN ('a', 'b')")
        changed = await it.store.campaigns_changed("instance-1", after_version=0)
        assert [one.campaign_id for one in changed] == [CAMPAIGN, "c"]
        first = await it.store.campaigns(instance_id="instance-1", after=None, limit=2)
        assert {one.campaign_id for one in first} == {"c", CAMPAIGN}, "a page is filled"
        with pytest.raises(StoreDamagedError):
            await it.store.campaign("a")
        await it.store.close()

    async def test_contacts_of_one_that_cannot_tell_its_state_expire_and_none_is_dialed(self, path: Path) -> None:
        it = await house(path)
        change(path, "UPDATE campaign SET state = 'Rumming'")
        with pytest.raises(InvalidCampaignStateError):
            await put(it.store, dial_request())
        result = await it.store.commit(it.lease, [begin(it.victim.contact_id)])
        assert result.refused == {it.victim.contact_id: Refusal.CAMPAIGN_NOT_RUNNING}
        assert len(await it.store.expire_waiting(it.lease, now=LATER, limit=100)) == 10
        await it.store.close()


class TestAccessKeys:
    async def test_a_damaged_one_opens_nothing_and_can_be_revoked_and_the_others_work(self, path: Path) -> None:
        it = await house(path)
        for name in ("AKIAGOOD", "AKIABAD", "AKIALOST"):
            await it.store.put_access_key(AccessKey(name, b"sealed", "{}", NOW))
        change(path, "UPDATE access_key SET policy = CAST(x'7BFF' AS TEXT), created_at = 1 << 62 WHERE rowid = 2")
        change(path, "UPDATE access_key SET revoked_at = 1 << 62 WHERE rowid = 3")
        good, bad, lost = sorted(await it.store.access_keys(), key=lambda key: "GBL".index(key.access_key_id[4]))
        assert good == AccessKey("AKIAGOOD", b"sealed", "{}", NOW)
        with pytest.raises(InvalidPolicyError):
            parse_policy(bad.policy)
        assert to_record_time(bad.created_at)
        assert lost.revoked_at is not None, "what may have been revoked is"
        await it.store.put_access_key(replace(bad, revoked_at=NOW))
        key = await it.store.access_key("AKIABAD")
        assert key is not None
        assert key.revoked_at == NOW
        await it.store.close()


async def test_agents_of_a_damaged_routing_profile_serve_no_queue_and_the_others_do(path: Path) -> None:
    it = await house(path)
    broken = RoutingProfile("r2", "Broken", alike(("q1",)))
    await it.store.put_facts("instance-1", [broken])
    change(path, "UPDATE fact SET document = '{\"queue_ids\": [\"q1' WHERE id = 'r2'")
    directory = await it.store.directory("instance-1")
    assert directory is not None
    assert directory.routing_profiles["r1"].queue_ids == ("q1", "q2")
    assert directory.routing_profiles["r2"].queue_ids == ()
    await it.store.close()


def change(path: Path, sql: str) -> None:
    """What a disk does, where the indexes change with it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql)
        connection.commit()


def ended(path: Path, request: DialRequest, column: str, bits: int) -> None:
    """Flip a byte of a contact that has ended: its row has grown and may lie elsewhere, its beginning is the same."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    flip(path, request, column, bits)
