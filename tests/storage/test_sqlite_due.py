"""What contacts that are due later cost an SQLite store: nothing, as long as they are not due.

If these fail, a campaign with a million requests for tomorrow dials today's ever more slowly. Costs are counted in
steps of SQLite's machine, which are the same on every computer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage.support import LATER, NOW, dial_request, put, stand_up
from trunkcall.domain.instants import LATEST, SECOND
from trunkcall.storage.sqlite import schema
from trunkcall.storage.sqlite.rows import to_json
from trunkcall.storage.sqlite.statements import QUERIES
from trunkcall.storage.sqlite.store import SQLiteStore

CAMPAIGN = "campaign-1"
DUE = 300
MANY = 10_000


async def filled(path: Path, *, later: int) -> Path:
    """A store of contacts that are due, and many more that are not."""
    store = SQLiteStore(path)
    await store.open()
    await stand_up(store)
    await put(store, *(dial_request(due_at=LATER + n) for n in range(later)))
    await put(store, *(dial_request() for _ in range(DUE)))
    await store.close()
    return path


def steps(path: Path, query: str, parameters: Mapping[str, Any]) -> tuple[int, int]:
    """How many rows a statement finds, and how many steps SQLite takes."""
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    with closing(schema.connect(path, SECOND, read_only=True)) as connection:
        # What the schema takes to read is read before.
        connection.execute(f"EXPLAIN {QUERIES[query]}", parameters).fetchall()
        connection.set_progress_handler(count, 1)
        found = connection.execute(QUERIES[query], parameters).fetchall()
    return len(found), taken


@pytest.mark.parametrize(("held", "limit"), [(0, 100), (100, 100), (200, 200)])
async def test_a_refill_reads_nobody_who_is_due_later(tmp_path: Path, held: int, limit: int) -> None:
    taken = []
    for later in (0, MANY):
        path = await filled(tmp_path / f"{later}.db", later=later)
        first = later + 1
        of_refill = {
            "campaign_id": CAMPAIGN,
            "now": NOW,
            "held": to_json(list(range(first, first + held))),
            "limit": limit,
        }
        found, number = steps(path, "due_contacts", of_refill)
        assert found == min(limit, DUE - held)
        taken.append(number)
    assert taken[1] < 1.05 * taken[0]


async def test_when_the_next_is_due_is_found_at_once(tmp_path: Path) -> None:
    asked = {"campaign_id": CAMPAIGN, "now": NOW, "latest": LATEST}
    _, few = steps(await filled(tmp_path / "few.db", later=1), "next_due_at", asked)
    found, many = steps(await filled(tmp_path / "many.db", later=MANY), "next_due_at", asked)
    assert found == 1
    assert many <= few


@pytest.mark.parametrize("due_at", [0, NOW])
async def test_whoever_waits_first_is_told_so_without_a_look_at_who_comes_later(tmp_path: Path, due_at: int) -> None:
    """`trunkcall explain` asks it of any contact."""
    taken = []
    for others in (1, MANY):
        store = SQLiteStore(tmp_path / f"{others}.db")
        await store.open()
        await stand_up(store)
        await put(store, dial_request(contact_id="first", due_at=due_at))
        await put(store, *(dial_request(due_at=due_at) for _ in range(others)))
        await store.close()
        taken.append(steps(tmp_path / f"{others}.db", "waiting_before", {"contact_id": "first"}))
    assert taken[0] == taken[1]


async def test_what_is_due_at_once_takes_no_room(tmp_path: Path) -> None:
    """Nearly every contact is. A byte says so in the row and one in the index; an instant takes eight more in each."""
    sizes = {}
    for due_at in (0, NOW):
        path = tmp_path / f"{due_at}.db"
        store = SQLiteStore(path)
        await store.open()
        await stand_up(store)
        await put(store, *(dial_request(f"token-{n}", contact_id=f"contact-{n}", due_at=due_at) for n in range(5000)))
        await store.close()
        with closing(sqlite3.connect(path)) as connection:
            sizes[due_at] = connection.execute("PRAGMA page_count").fetchone()[0] * 4096
    assert sizes[NOW] - sizes[0] > 5000 * 10
