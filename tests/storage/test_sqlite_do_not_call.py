"""What a process leaves of an import that is killed while it is put on its list, in the file.

If this fails, a register that was loaded at night is half there in the morning, or the file grows with every month's.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from itertools import count
from pathlib import Path

import pytest

from storage.damage import change_table
from storage.older import make_older_store
from storage.support import NOW, directory
from trunkcall.domain.do_not_call import DoNotCallList, ListKind
from trunkcall.domain.errors import ConflictError
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

INSTANCE = "instance-1"
FILE = Origin("register.csv", "", NOW)
STEP = 1 << 50
LEAST, MOST = -(2**63), 2**63 - 1
BEFORE_BY_NUMBER = 12
KEYS = [n * STEP for n in range(-4_000, 4_000)]
"""From one end of the range of keys to the other."""


def slow() -> Iterator[int]:
    return count(step=10)


async def opened(path: Path) -> SQLiteStore:
    """In which every look at the clock is 10 s after the last: whoever finishes an import is told of each part."""
    time = slow()
    store = SQLiteStore(path, monotonic=lambda: next(time))
    await store.open()
    return store


def entries(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        staged = connection.execute("SELECT count(*) FROM dnc_staged").fetchone()[0]
        return int(connection.execute("SELECT count(*) FROM dnc_entry").fetchone()[0]) + int(staged)


@pytest.mark.parametrize("replaces", [True, False])
async def test_an_import_that_was_killed_half_way_can_be_finished_or_done_again(tmp_path: Path, replaces: bool) -> None:
    path = tmp_path / "trunkcall.db"
    store = await opened(path)
    await store.create_instance(directory())
    await store.put_facts(INSTANCE, [DoNotCallList(1, "register", ListKind.REGISTRY)])
    first = await store.begin_import(INSTANCE, 1, FILE, as_of=date(2026, 11, 1), replaces=replaces)
    await store.append_to_import(INSTANCE, first, [5, 6])
    while (await store.finish_import(INSTANCE, first)).left:
        pass

    killed = await store.begin_import(INSTANCE, 1, FILE, as_of=date(2026, 12, 1), replaces=replaces)
    for start in range(0, len(KEYS), 1_000):
        await store.append_to_import(INSTANCE, killed, KEYS[start : start + 1_000])
    lefts = [(await store.finish_import(INSTANCE, killed)).left for _ in range(5)]
    assert lefts == sorted(set(lefts), reverse=True), "it gets on"
    assert lefts[-1] > 0
    shutil.copy(path, copy := tmp_path / "copy.db")
    shutil.copy(path.with_name("trunkcall.db-wal"), copy.with_name("copy.db-wal"))
    await store.close()

    for path_of, again in ((path, False), (copy, True)):
        store = await opened(path_of)
        there = await store.listed(INSTANCE, [1], [5, 6, *KEYS])
        assert set(there) >= {5, 6}
        if replaces:
            assert set(there) == {5, 6}, "until all of it is there"
        number = killed
        if again:
            number = await store.begin_import(INSTANCE, 1, FILE, as_of=date(2026, 12, 1), replaces=replaces)
            with pytest.raises(ConflictError):
                await store.finish_import(INSTANCE, killed)
            await store.append_to_import(INSTANCE, number, KEYS)
        while (await store.finish_import(INSTANCE, number)).left:
            pass
        expected = set(KEYS) if replaces else {5, 6, *KEYS}
        assert set(await store.listed(INSTANCE, [1], [5, 6, *KEYS])) == expected
        found = await store.directory(INSTANCE)
        assert found is not None
        assert found.do_not_call_lists["1"].entries == len(expected)
        assert found.do_not_call_lists["1"].as_of == date(2026, 12, 1)
        while await store.sweep_entries():
            pass
        assert set(await store.listed(INSTANCE, [1], [5, 6, *KEYS])) == expected
        await store.close()
        assert entries(path_of) == len(expected), "what is on no list any more takes no room"
        assert check_store(path_of, unused=True).sound


async def fill(store: SQLiteStore, list_number: int, keys: Sequence[int]) -> None:
    number = await store.begin_import(INSTANCE, list_number, FILE, as_of=date(2026, 11, 1), replaces=True)
    await store.append_to_import(INSTANCE, number, keys)
    while (await store.finish_import(INSTANCE, number)).left:
        pass


async def test_what_a_new_file_lacks_goes_from_among_the_numbers_of_other_lists(tmp_path: Path) -> None:
    """They lie side by side, so that one look finds all lists of a number."""
    path = tmp_path / "trunkcall.db"
    store = await opened(path)
    await store.create_instance(directory())
    await store.put_facts(INSTANCE, [DoNotCallList(n, f"list-{n}", ListKind.REGISTRY) for n in (1, 2)])
    every = [LEAST, LEAST + 1, *KEYS[1:], MOST - 1, MOST]
    await fill(store, 1, every)
    await fill(store, 2, every)
    await fill(store, 1, [LEAST, 7, MOST])
    pieces = 0
    while await store.sweep_entries():
        pieces += 1
    assert pieces > 2, "nobody waits for all of it"
    found = await store.listed(INSTANCE, [1, 2], [7, *every])
    assert found == {7: [1], **{key: [2] for key in every}, LEAST: [1, 2], MOST: [1, 2]}
    await store.close()
    assert entries(path) == len(every) + 3
    with closing(sqlite3.connect(path)) as connection:
        assert len(connection.execute("SELECT * FROM dnc_edition").fetchall()) == 2, "nothing is looked for again"


@pytest.mark.parametrize("damaged", [None, "number_key", "edition", "import_number"])
async def test_who_was_on_a_list_is_on_it_after_a_migration(tmp_path: Path, damaged: str | None) -> None:
    """Damage to one row stops nothing. What is of an older edition of the list goes."""
    path = tmp_path / "trunkcall.db"
    make_older_store(path, version=BEFORE_BY_NUMBER, contacts=10)
    lists, imports = ((1, 3, 3), (2, 2, 2)), ((1, 1), (2, 2), (3, 1))
    rows = [(1, LEAST, 1), (1, 5, 1), (2, 5, 2), (2, MOST, 2), (3, -7, 3), (3, 5, 3)]
    with closing(sqlite3.connect(path)) as connection:
        for list_number, edition, last in lists:
            connection.execute("INSERT INTO dnc_list VALUES ('centre', ?, ?, ?, 2)", (list_number, edition, last))
        for number, of in imports:
            values = (number, of, number, NOW)
            connection.execute("INSERT INTO dnc_import VALUES (?, 'centre', ?, ?, 'f', '', ?, NULL, 16, 16, 2)", values)
        connection.execute("INSERT INTO dnc_entry VALUES (1, 99, 1)")
        connection.commit()
    if damaged is not None:
        change_table(path, "dnc_entry", damaged, "x")
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany("INSERT INTO dnc_entry VALUES (?, ?, ?)", rows)
        connection.commit()
    store = SQLiteStore(path)
    await store.migrate()
    await store.open()
    while await store.sweep_entries():
        pass
    found = await store.listed("centre", [1, 2], [LEAST, -7, 5, MOST])
    assert found == {-7: [1], 5: [1, 2], MOST: [2]}
    assert [entry.list_number for entry in await store.entries_of("centre", 5)] == [1, 2]
    await store.close()
    assert entries(path) == 4


async def test_of_a_list_that_was_deleted_nothing_is_left_in_the_file_but_that_it_was(tmp_path: Path) -> None:
    path = tmp_path / "trunkcall.db"
    store = await opened(path)
    await store.create_instance(directory())
    await store.put_facts(INSTANCE, [DoNotCallList(n, f"list-{n}", ListKind.REGISTRY) for n in (1, 2)])
    await fill(store, 1, KEYS)
    await fill(store, 2, [5])
    begun = await store.begin_import(INSTANCE, 1, FILE, as_of=date(2026, 11, 1), replaces=True)
    await store.append_to_import(INSTANCE, begun, KEYS)
    await store.delete_list(INSTANCE, 1, at=NOW, by="AKIA")
    await store.close()
    store = await opened(path)
    while await store.sweep_entries():
        pass
    found = await store.directory(INSTANCE)
    assert found is not None
    assert [each.name for each in found.do_not_call_lists.values()] == ["list-1#1", "list-2"]
    assert await store.listed(INSTANCE, [1, 2], [5, *KEYS]) == {5: [2]}
    await store.close()
    assert entries(path) == 1
    assert check_store(path, unused=True).sound
