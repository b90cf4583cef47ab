"""A file that a disk has changed behind the store's back.

What a user would lose otherwise: a stranger is called because a digit is another one, and nobody is told.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storage.support import begin, campaign, dial_request, dispositions, due, put, records, stand_up
from trunkcall.domain.contact import ContactRecord, Damage, DialRequest
from trunkcall.domain.errors import (
    ContactDamagedError,
    SchemaMismatchError,
    StoreDamagedError,
    StoreError,
    TrunkcallError,
)
from trunkcall.storage.ports.maintenance import StoreReport
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

CAMPAIGN = "campaign-1"
PAGE = 4096
DAMAGES = int(os.environ.get("TRUNKCALL_FAULT_ROUNDS", "5")) * 12


async def filled(path: Path, contacts: int = 400) -> dict[str, DialRequest]:
    """A store with contacts that wait and some that are dialed; what was accepted, by contact id."""
    store = SQLiteStore(path)
    await store.open()
    lease = await stand_up(store)
    requests = [dial_request(attributes={"note": f"note {number} " * 9}) for number in range(contacts)]
    await put(store, *requests)
    await store.commit(lease, [begin(request.contact_id) for request in requests[::10]])
    await store.close()
    return {request.contact_id: request for request in requests}


def damage(path: Path, chance: random.Random) -> str:
    """Do to the file what disks do. Returns what it was, for whoever reads a failed test."""
    size = path.stat().st_size
    kind = chance.choice(["a flipped bit", "a few wrong bytes", "a lost sector", "a page of something else"])
    with path.open("r+b") as file:
        match kind:
            case "a flipped bit":
                offset = chance.randrange(size)
                file.seek(offset)
                (byte,) = file.read(1)
                content = bytes([byte ^ 1 << chance.randrange(8)])
            case "a few wrong bytes":
                offset = chance.randrange(size - 16)
                content = chance.randbytes(16)
            case "a lost sector":
                offset = chance.randrange(size // 512) * 512
                content = bytes(512)
            case _:
                offset = chance.randrange(size // PAGE) * PAGE
                content = chance.randbytes(PAGE)
        file.seek(offset)
        file.write(content)
    return f"{kind} at {offset}"


def as_sent(record: ContactRecord) -> DialRequest:
    return DialRequest(
        record.contact_id, record.client_token, record.phone_number, record.expires_at, dict(record.attributes)
    )


def checked(path: Path) -> StoreReport | None:
    """What `db check` says; None if it refuses, in words, to look any further."""
    try:
        return check_store(path, unused=True)
    except StoreError:
        return None


async def answered(question: Callable[[], Awaitable[Any]]) -> Any:
    """The answer, or None where the store refused it in words. Anything else is a failure."""
    try:
        return await question()
    except TrunkcallError:
        return None


async def use(store: SQLiteStore, sent: dict[str, DialRequest], what: str) -> set[str] | None:
    """Read all that there is; whatever is told is what was sent. Returns the contacts found, None if any reading was
    refused."""
    await answered(lambda: store.campaign(CAMPAIGN))
    await answered(lambda: store.directory("instance-1"))
    await answered(lambda: dispositions(store, CAMPAIGN))
    await answered(lambda: store.live_contacts("instance-1"))
    await answered(lambda: store.live_sessions("instance-1"))
    waiting = await answered(lambda: due(store, CAMPAIGN, limit=1000))
    for contact in waiting or ():
        first = sent[contact.contact_id]
        assert (contact.phone_number, contact.client_token) == (first.phone_number, first.client_token), what
        assert contact.expires_at == first.expires_at, what
    found = await answered(lambda: records(store))
    for record in (found or {}).values():
        assert as_sent(record) == sent[record.contact_id], what
    another = dial_request()
    await answered(lambda: put(store, another))
    sent[another.contact_id] = another
    return None if found is None or waiting is None else set(found)


async def test_a_damaged_file_is_refused_or_tells_nothing_wrong(tmp_path: Path) -> None:
    sent = await filled(tmp_path / "sound.db")
    sound = (tmp_path / "sound.db").read_bytes()
    path = tmp_path / "trunkcall.db"
    refused = 0
    for seed in range(DAMAGES):
        path.write_bytes(sound)
        what = damage(path, random.Random(seed))
        report = checked(path)
        store = SQLiteStore(path)
        if await answered(partial(_opened, store)) is None:
            refused += 1
            continue
        found = await use(store, dict(sent), what)
        await store.close()
        if found != set(sent):
            refused += 1
            assert report is None or not report.sound or report.damaged, f"{what} went unnoticed"
    assert refused > DAMAGES / 5, "there was something to notice"


async def _opened(store: SQLiteStore) -> bool:
    await store.open()
    return True


async def test_a_file_damaged_under_an_open_store_tells_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "trunkcall.db"
    sent = await filled(path)
    sound = path.read_bytes()
    for seed in range(DAMAGES // 3):
        for file in tmp_path.iterdir():
            file.unlink()
        path.write_bytes(sound)
        store = SQLiteStore(path)
        await store.open()
        chance = random.Random(1000 + seed)
        what = ", ".join(damage(path, chance) for _ in range(4))
        assert store.trouble is None
        await use(store, sent, what)
        await use(store, sent, what)
        await store.close()


async def test_a_changed_digit_is_noticed_before_anybody_is_dialed(tmp_path: Path) -> None:
    path = tmp_path / "trunkcall.db"
    sent = await filled(path, contacts=1)
    (request,) = sent.values()
    content = path.read_bytes()
    other = request.phone_number[:-1] + str((int(request.phone_number[-1]) + 1) % 10)
    await _dialed_back(path)
    assert content.count(request.phone_number.encode()) == 1
    path.write_bytes(path.read_bytes().replace(request.phone_number.encode(), other.encode()))
    report = check_store(path, unused=True)
    assert [(contact.contact_id, contact.damage) for contact in report.damaged] == [
        (request.contact_id, Damage.NOT_AS_ACCEPTED)
    ]
    store = SQLiteStore(path)
    await store.open()
    assert await due(store, CAMPAIGN, limit=10) == []
    assert await records(store) == {}
    with pytest.raises(ContactDamagedError, match=r"trunkcall db quarantine") as damaged:
        await store.contact(request.contact_id)
    assert other not in damaged.value.message
    await store.close()


async def _dialed_back(path: Path) -> None:
    """Have the one contact wait again."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE contact SET state = 'Waiting', attempts = 0")
        connection.execute("UPDATE backlog SET waiting = 1")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def test_damage_is_told_until_the_server_is_started_anew(tmp_path: Path) -> None:
    path = tmp_path / "trunkcall.db"
    await filled(path)
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'contact'").fetchone()
    store = SQLiteStore(path)
    await store.open()
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(bytes(PAGE))
    with pytest.raises(StoreDamagedError):
        await records(store)
    await store.create_campaign(campaign("another"))
    assert store.trouble == "The store file is damaged: run `trunkcall db check`."
    await store.close()


class TestCheck:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "trunkcall.db"

    async def spoiled(self, path: Path, sql: str) -> StoreReport:
        await filled(path, contacts=20)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.executescript(sql)
            connection.commit()
        return check_store(path, unused=True)

    async def test_a_sound_store_is_called_so_and_nothing_is_changed(self, path: Path) -> None:
        await filled(path)
        before = path.read_bytes()
        report = check_store(path, unused=True)
        assert report.sound, report.faults
        assert not report.outdated
        assert report.contacts == 400
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == [path.name]

    async def test_a_store_in_use_is_checked_as_well(self, path: Path) -> None:
        await filled(path)
        store = SQLiteStore(path)
        await store.open()
        await put(store, dial_request())
        assert check_store(path, unused=False).contacts == 401
        await put(store, dial_request())
        await store.close()

    @pytest.mark.parametrize(
        ("where", "sql", "told"),
        [
            ("counters", "UPDATE backlog SET waiting = waiting - 3", "campaign campaign-1: accepted is off by 0"),
            ("counters", "UPDATE backlog SET accepted = 7", "campaign campaign-1: accepted is off by -13"),
            ("counters", "UPDATE instance SET campaigns = 5", "instance instance-1: the count of campaigns"),
            ("counters", "UPDATE counter SET value = 0", "the counter contact_sequence is behind"),
            ("counters", "UPDATE fact SET version = 99", "the counter fact_version is behind"),
            ("counters", "INSERT INTO disposition_count VALUES (1, 'busy', 2)", "the count of busy is off by 2"),
            ("campaigns", "UPDATE campaign SET tags = 'none'", "campaign campaign-1 holds what was never written"),
            ("campaigns", "UPDATE campaign SET state = 'Lost'", "campaign campaign-1 holds what was never written"),
            ("foreign keys", "DELETE FROM instance", "belongs to a instance that does not exist"),
            ("schema", "DROP INDEX contact_live", "the index contact_live is missing"),
            ("schema", "CREATE TABLE mine (a)", "the table mine is none of Trunkcall's"),
            ("schema", "ALTER TABLE fact ADD COLUMN b TEXT", "the table fact is not as it should be"),
        ],
    )
    async def test_every_kind_of_fault_is_told_by_name(self, path: Path, where: str, sql: str, told: str) -> None:
        report = await self.spoiled(path, sql)
        assert not report.sound
        assert any(told in fault for fault in report.faults[where]), report.faults

    @pytest.mark.parametrize(
        ("sql", "damage"),
        [
            ("UPDATE contact SET state = 'Lost' WHERE sequence = 2", Damage.UNREADABLE),
            ("UPDATE contact SET attempts = 2 WHERE sequence = 1", Damage.UNREADABLE),
            ("UPDATE contact SET disposition = 'bust' WHERE sequence = 3", Damage.UNREADABLE),
            ("UPDATE contact SET attributes = '{', seal = NULL WHERE sequence = 4", Damage.UNREADABLE),
            ("UPDATE contact SET attributes = '{}' WHERE sequence = 4", Damage.NOT_AS_ACCEPTED),
            ("UPDATE contact SET expires_at = 1 WHERE sequence = 5", Damage.NOT_AS_ACCEPTED),
            ("UPDATE contact SET campaign_key = 77 WHERE sequence = 6", Damage.UNREADABLE),
            ("UPDATE contact SET updated_at = 9000000000000000000 WHERE sequence = 6", Damage.UNREADABLE),
            ("UPDATE contact SET due_at = 9000000000000000000 WHERE sequence = 5", Damage.UNREADABLE),
            ("UPDATE contact SET phone_number = '+1206555O100', seal = NULL WHERE sequence = 8", Damage.UNREADABLE),
            ("UPDATE contact SET phone_number = CAST(x'2B31FF' AS TEXT) WHERE sequence = 7", Damage.UNREADABLE),
        ],
    )
    async def test_a_damaged_contact_is_told_and_the_store_is_sound_but_for_it(
        self, path: Path, sql: str, damage: Damage
    ) -> None:
        report = await self.spoiled(path, sql)
        assert report.sound, report.faults
        assert [contact.damage for contact in report.damaged] == [damage]

    async def test_a_newer_store_and_other_files_are_refused(self, path: Path) -> None:
        await filled(path, contacts=1)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
        with pytest.raises(SchemaMismatchError, match="Upgrade Trunkcall"):
            check_store(path, unused=True)
        for content in (b"", b"name,phone\n" * 1000):
            path.write_bytes(content)
            with pytest.raises(SchemaMismatchError):
                check_store(path, unused=True)
