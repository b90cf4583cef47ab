"""What a process leaves of an import that is killed while it is put on its list, in the file.

If this fails, a register that was loaded at night is half there in the morning, or the file grows with every month's.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import count
from pathlib import Path

import pytest

from storage.support import NOW, directory
from trunkcall.domain.do_not_call import DoNotCallList, ListKind
from trunkcall.domain.errors import ConflictError
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

INSTANCE = "instance-1"
FILE = Origin("register.csv", "", NOW)
STEP = 1 << 50
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
