"""On what loop a story is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from virtual_time import VirtualLoop


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    virtual = item.get_closest_marker("virtual_time") is not None
    return {"virtual time": VirtualLoop} if virtual else {"real time": asyncio.new_event_loop}
