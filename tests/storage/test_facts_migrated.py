"""Stores of before there were facts: what was around their campaigns is there still, whatever a disk has done to it.

A user would lose the queues, numbers and agents of an installation to an upgrade, or could not upgrade at all.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.damage import change_table
from storage.support import NOW
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory, Fact
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.domain.user import Agent
from trunkcall.storage.sqlite import schema
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

BEFORE = next(number for number, script in enumerate(schema.MIGRATIONS) if "CREATE TABLE fact" in script)
"""The last schema version without facts."""
OLD = """
INSERT INTO instance (instance_id, alias, created_at, onboarded) VALUES ('i', 'default', 0, 1), ('j', 'other', 0, 1);
INSERT INTO queue VALUES ('i', 'q2', 'Sales', '+12065550100'), ('i', 'q1', 'Support', NULL), ('j', 'q1', 'Far', NULL);
INSERT INTO contact_flow VALUES ('i', 'f2', 'Greeting'), ('i', 'f1', 'Greeting');
INSERT INTO phone_number VALUES ('i', 'p1', '+12065550100');
INSERT INTO routing_profile VALUES ('i', 'r1', 'Everyone', '["q1","q2"]'), ('i', 'r2', 'Nobody', '[]');
INSERT INTO agent VALUES ('i', 'a2', 'bob', 'r1'), ('i', 'a1', 'ann', 'r2'), ('i', 'a3', 'ann', 'r1');
"""
AS_BEFORE: list[Fact] = [
    Queue("q2", "Sales", "+12065550100"),
    Queue("q1", "Support"),
    ContactFlow("f2", "Greeting"),
    ContactFlow("f1", "Greeting"),
    PhoneNumber("p1", "+12065550100"),
    RoutingProfile("r1", "Everyone", alike(("q1", "q2"))),
    RoutingProfile("r2", "Nobody", ()),
    Agent("a2", "bob", "r1"),
    Agent("a1", "ann", "r2"),
    Agent("a3", "ann", "r1"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "trunkcall.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for script in schema.MIGRATIONS[:BEFORE]:
            connection.executescript(script)
        connection.executescript(OLD)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {BEFORE}")
    return path


async def migrated(path: Path) -> tuple[SQLiteStore, Directory]:
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    found = await store.directory("i")
    assert found is not None
    return store, found


async def test_what_was_around_the_campaigns_is_there_in_its_order(path: Path) -> None:
    store, found = await migrated(path)
    assert list(found.facts) == AS_BEFORE
    elsewhere = await store.directory("j")
    assert elsewhere is not None
    assert elsewhere.facts == (Queue("q1", "Far"),)
    await store.close()
    assert check_store(path, unused=True).sound


async def test_it_changes_as_what_came_later_does(path: Path) -> None:
    """Two agents had one name when nobody looked: both keep it, and either may be given another profile."""
    store, found = await migrated(path)
    before = await store.facts_changed("i", after_version=0)
    assert {each.fact for each in before} == set(AS_BEFORE)
    await store.put_facts("i", list(found.facts))
    moved = Agent("a1", "ann", "r1")
    await store.put_facts("i", [moved])
    (change,) = await store.facts_changed("i", after_version=before[-1].version)
    assert change.fact == moved
    await store.remove_facts("i", moved.kind, ["a1"], at=NOW)
    await store.close()


@pytest.mark.parametrize("value", [None, 7, 1.5, b"x", b"\xff", "x", '["q1', "{}", "[1]", '"q1"'])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("queue", "instance_id"),
        ("queue", "queue_id"),
        ("queue", "name"),
        ("queue", "outbound_caller_id"),
        ("contact_flow", "name"),
        ("phone_number", "phone_number_id"),
        ("phone_number", "phone_number"),
        ("routing_profile", "routing_profile_id"),
        ("routing_profile", "queue_ids"),
        ("agent", "instance_id"),
        ("agent", "username"),
        ("agent", "routing_profile_id"),
    ],
)
async def test_no_damage_to_a_row_stops_it(path: Path, table: str, column: str, value: Any) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"DELETE FROM {table} WHERE rowid <> 1")
        connection.commit()
    change_table(path, table, column, value)
    store, found = await migrated(path)
    kept = [fact for fact in AS_BEFORE if fact.kind != table]
    assert [fact for fact in found.facts if fact.kind != table] == kept, "the others are as they were"
    for fact in found.facts:
        if isinstance(fact, RoutingProfile) and fact not in AS_BEFORE:
            assert fact.queue_ids in ((), ("q1", "q2"))
    await store.close()
    assert check_store(path, unused=True).sound
