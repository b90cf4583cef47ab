"""A store is brought to this version's schema whole or not at all: whoever pulls the plug in the middle of a migration
starts the former Trunkcall again, and misses nobody who was to be called.
"""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from storage.damage import change_rows_alone, change_table
from storage.older import ACCEPTED_AT, contents, make_older_store
from storage.support import LATER, NOW, begin, dial_request, due, put
from trunkcall.domain.changes import Refusal
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.instants import HOUR, SECOND
from trunkcall.storage.sqlite import schema
from trunkcall.storage.sqlite.backup import back_up, restore
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

CONTACTS = 2000
OLDEST = 1
BEFORE_DUE = 5
BEFORE_CENTRE = 7
BEFORE_ATTEMPT_KEYS = 13


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
async def test_everybody_is_still_there(tmp_path: Path, version: int) -> None:
    path = tmp_path / "store.db"
    make_older_store(path, version=version, contacts=CONTACTS)
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    found = [record async for chunk in store.contacts() for record in chunk]
    counts = (await store.contact_counts(["spring"]))["spring"]
    directory = await store.directory("centre")
    await store.close()

    assert [record.contact_id for record in found] == [
        f"{n:08x}-0000-7000-8000-{n:012x}" for n in range(1, CONTACTS + 1)
    ]
    assert {record.trunk_id for record in found} == {None}, "nobody noted it"
    assert sum(record.state is ContactState.WAITING for record in found) == counts.waiting == CONTACTS * 7 // 10
    assert counts.dispositions == {Disposition.BUSY: CONTACTS // 5}
    assert directory is not None
    assert [queue.name for queue in directory.queues.values()] == ["Sales", "Service"]
    assert [agent.username for agent in directory.agents.values()] == ["ada", "bob"]
    assert next(iter(directory.routing_profiles.values())).queue_ids == ("sales", "service")
    assert [flow.name for flow in directory.contact_flows.values()] == ["Default outbound flow"]
    assert [number.phone_number for number in directory.phone_numbers.values()] == ["+12025550100"]
    assert directory.instance == Instance("centre", "default", 0, onboarded=True), "and what was not known of it before"
    assert check_store(path, unused=True).sound


@pytest.mark.parametrize("value", [None, 7, 1.5, b"\xff", "x"])
@pytest.mark.parametrize("column", ["alias", "created_at", "onboarded", "retention_days", "campaigns"])
async def test_no_damage_to_one_instance_stops_it(tmp_path: Path, column: str, value: object) -> None:
    """Nor what is asked of another."""
    path = tmp_path / "store.db"
    make_older_store(path, version=BEFORE_CENTRE, contacts=10)
    change_table(path, "instance", column, value)
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    await store.create_instance(Directory(Instance("other", "other", 0, onboarded=False)))
    assert (await store.change_instance("other", lambda found: replace(found, tags={"a": "b"}))).tags == {"a": "b"}
    await store.put_presence("centre", "ada", "lunch", at=NOW)
    await store.delete_instance("other", at=LATER)
    assert [each.instance_id for each in await store.instances()] == ["centre"]
    await store.close()


@pytest.mark.parametrize("damage", [{"campaign_key": 2}, {"state": "Vaiting"}])
async def test_nobody_becomes_another_campaigns_for_whom_the_old_indexes_know_better(
    tmp_path: Path, damage: Mapping[str, object]
) -> None:
    """New indexes are made from the rows, and a disk may have changed one: somebody would be dialed whom that campaign
    was never given, or wait for ever."""
    path = tmp_path / "store.db"
    make_older_store(path, version=BEFORE_DUE, contacts=10)
    with closing(sqlite3.connect(path)) as connection:
        copy = "INSERT INTO campaign SELECT 2, 'autumn', 'arn:autumn', instance_id, 'Autumn'"
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(campaign)")][5:]
        connection.execute(f"{copy}, {', '.join(columns)} FROM campaign")
        connection.commit()
        (victim,) = connection.execute("SELECT contact_id FROM contact WHERE sequence = 3").fetchone()
    change_rows_alone(path, [(victim, *each) for each in damage.items()])
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    assert [(each.contact_id, each.campaign_id) for each in await store.quarantined()] == [(victim, "spring")]
    assert len(await due(store, "spring")) == 6
    assert await due(store, "autumn") == []
    await store.close()


@pytest.mark.parametrize("value", [None, 7, 1.5, b"\xff", ""])
@pytest.mark.parametrize(
    "column", ["contact_id", "campaign_key", "client_token", "phone_number", "attributes", "state", "expires_at"]
)
async def test_no_damage_to_one_contact_stops_it(tmp_path: Path, column: str, value: object) -> None:
    """SQLite may read all rows of a table that gets a column, and refuse for the sake of one."""
    path = tmp_path / "store.db"
    make_older_store(path, version=BEFORE_DUE - 1, contacts=10)
    with closing(sqlite3.connect(path)) as connection:
        (victim,) = connection.execute("SELECT contact_id FROM contact WHERE sequence = 3").fetchone()
    change_rows_alone(path, [(victim, column, value)])
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    found = {contact.sequence for contact in await due(store, "spring")}
    await store.close()
    assert found - {3} == {1, 2, 4, 5, 6, 10}


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
@pytest.mark.parametrize(
    "damage", [{"ended_at": None}, {"phone_number": None}, {"campaign_key": 7}, {"state": "Vaiting"}, {"attempts": 9}]
)
async def test_a_damaged_contact_keeps_nobody_from_a_backup_before_it(
    tmp_path: Path, version: int, damage: Mapping[str, object]
) -> None:
    """Whoever is told to back a store up and migrate it has to be able to, and to restore what an older version has
    backed up."""
    path = tmp_path / "store.db"
    make_older_store(path, version=version, contacts=10)
    with closing(sqlite3.connect(path)) as connection:
        (victim,) = connection.execute("SELECT contact_id FROM contact WHERE sequence = 7").fetchone()
    change_rows_alone(path, [(victim, *each) for each in damage.items()])
    report = back_up(path, tmp_path / "backup.db", unused=True, force=False)
    assert report.version == version
    assert [each.contact_id for each in report.damaged] == [victim]
    restore(path, tmp_path / "backup.db", name_of_former="former.db", pause=True)


async def test_a_later_attempt_finds_its_place_in_a_store_that_was_migrated(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    make_older_store(path, version=BEFORE_DUE, contacts=10)
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    again = [replace(dial_request(due_at=LATER), client_token=None, previous_contact_id="c-1") for _ in range(2)]
    await put(store, *again, campaign_id="spring")
    answer = await store.due_contacts("spring", now=NOW, held=(), limit=100)
    assert (len(answer.contacts), answer.next_due_at) == (7, LATER)
    await store.close()
    assert check_store(path, unused=True).sound


async def test_who_was_dialed_before_it_is_not_dialed_too_often_after_it(tmp_path: Path) -> None:
    """And a row that the disk has changed stops nothing."""
    path = tmp_path / "store.db"
    make_older_store(path, version=BEFORE_ATTEMPT_KEYS, contacts=10)
    dialed, damaged = (f"{n:08x}-0000-7000-8000-{n:012x}" for n in (7, 8))
    with closing(sqlite3.connect(path)) as connection:
        for contact_id in (dialed, damaged):
            connection.execute("INSERT INTO number_attempt VALUES ('centre', 7, ?, ?)", (ACCEPTED_AT, contact_id))
        connection.commit()
    change_rows_alone(path, [(damaged, "campaign_key", "x")])
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    lease = await store.acquire_lease("centre", "dialer-1", HOUR)
    assert lease is not None
    waiting = [contact.contact_id for contact in await due(store, "spring")][:2]
    clearances = dict(zip(waiting, (Clearance(0, 7, number_gap=HOUR), Clearance(0, 8, number_gap=HOUR)), strict=True))
    attempts = [begin(contact_id, at=ACCEPTED_AT + SECOND, campaign_id="spring") for contact_id in waiting]
    result = await store.commit(lease, attempts, clearances)
    await store.close()
    assert result.refused == {waiting[0]: Refusal.HELD}
    assert result.not_before == {waiting[0]: ACCEPTED_AT + HOUR}


def test_killed_at_any_step_it_leaves_the_old_store_or_the_new(tmp_path: Path) -> None:
    """Killed after ever more steps of SQLite's machine, until a migration comes to its end."""
    older = tmp_path / "older.db"
    make_older_store(older, version=OLDEST, contacts=CONTACTS)
    before, killed, steps = contents(older), 0, 1
    while True:
        path = Path(shutil.copy(older, tmp_path / f"store-{steps}.db"))
        if not killed_while_migrating(path, steps):
            break
        killed += 1
        with closing(schema.connect(path, 5 * SECOND, read_only=False)) as connection:
            version = schema.version_of(connection)
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if version == OLDEST:
            assert contents(path) == before
        else:
            assert version == len(schema.MIGRATIONS)
        assert not killed_while_migrating(path, 10**9)
        assert check_store(path, unused=True).sound
        steps += steps // 4 + 1
    assert killed >= 10


def test_whoever_has_no_room_for_it_is_told_so(tmp_path: Path) -> None:
    """SQLite takes the transaction back by itself then; that it cannot be taken back twice is nobody's trouble."""
    path = tmp_path / "store.db"
    make_older_store(path, version=OLDEST, contacts=CONTACTS)
    before = contents(path)
    pid = os.fork()
    if pid == 0:
        try:
            connection = schema.connect(path, 5 * SECOND, read_only=False)
            # What is not in memory is in the log, which may be no larger than its index is at the least.
            connection.execute("PRAGMA cache_size = 5")
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, 1 << 15))
            schema.migrate_schema(connection)
        except sqlite3.OperationalError as error:
            os._exit(error.sqlite_errorcode & 0xFF)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == sqlite3.SQLITE_IOERR
    assert contents(path) == before


def die_after(taken: Iterator[int], steps: int) -> None:
    if next(taken) == steps:
        os.kill(os.getpid(), signal.SIGKILL)


def killed_while_migrating(path: Path, steps: int) -> bool:
    """Migrate the store in another process that is killed after so many steps of SQLite's, whatever statements they are
    of; whether it was."""
    pid = os.fork()
    if pid == 0:
        try:
            connection = schema.connect(path, 5 * SECOND, read_only=False)
            connection.set_progress_handler(partial(die_after, itertools.count(1), steps), 1)
            schema.migrate_schema(connection)
            connection.set_progress_handler(None, 0)
            connection.close()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)
