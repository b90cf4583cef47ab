"""Every store that the conformance suite runs against, and the one in a file by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storage.support import ManualClock
from trunkcall.domain.instants import MILLISECOND
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest_asyncio.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    opened: Store
    match request.param:
        case "sqlite":
            opened = SQLiteStore(tmp_path / "trunkcall.db", clock=clock)
        case "memory":
            opened = MemoryStore(clock)
        case other:
            raise ValueError(other)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "trunkcall.db"


@pytest_asyncio.fixture
async def sqlite(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, busy_timeout=20 * MILLISECOND)
    _: Store = store
    await store.open()
    yield store
    await store.close()
