"""On what loop a story is told, and of which instances one is that says nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from service.instances import Installation
from virtual_time import VirtualLoop


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    virtual = item.get_closest_marker("virtual_time") is not None
    return {"virtual time": VirtualLoop} if virtual else {"real time": asyncio.new_event_loop}


@pytest.fixture
async def installation() -> AsyncIterator[Installation]:
    """Two instances in one store."""
    found = Installation()
    await found.found("north", "south")
    yield found
    await found.store.close()
