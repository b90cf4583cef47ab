"""Every store that the conformance suite runs against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storage.support import ManualClock
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
