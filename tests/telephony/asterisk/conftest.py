"""Dialers of the switch that this worker has, ways to it that can break, and whoever is called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from telephony.asterisk.dialer import Customers, Dialer
from telephony.asterisk.line import AGENTS, addresses, asterisk
from telephony.asterisk.phone import Manner, Phone
from telephony.asterisk.place import ARI_PORT, place_of_this_worker
from telephony.asterisk.switch import Asterisk
from telephony.asterisk.way import Way

_apps = count(1)
AGENT = Manner(answers_after_s=0.02, rings=False)
Called = Callable[..., Coroutine[Any, Any, Customers]]
Started = Callable[..., Coroutine[Any, Any, Dialer]]


@pytest.fixture
def app() -> str:
    """An application of the test's own."""
    return f"dialer_{next(_apps)}"


@pytest.fixture
def switch() -> Asterisk:
    """The switch of this worker, up."""
    return asterisk()


@pytest_asyncio.fixture
async def customers(switch: Asterisk) -> AsyncIterator[Called]:
    """Somebody to be called, of this manner, and an agent at a phone."""
    async with AsyncExitStack() as stack:

        async def open_(manner: Manner) -> Customers:
            made = Customers(manner, Phone(addresses()[AGENTS[0]], AGENT))
            for phone in (made, made.agent):
                await phone.open()
                stack.callback(phone.close)
            return made

        yield open_


@pytest_asyncio.fixture
async def dialers(switch: Asterisk, app: str) -> AsyncIterator[Started]:
    """Starts dialers of one instance."""
    async with AsyncExitStack() as stack:

        async def start(token: int = 1, **how: Any) -> Dialer:
            dialer = Dialer(**{"app": app, "token": token, **how})
            stack.push_async_callback(dialer.close)
            await dialer.start()
            return dialer

        yield start


@pytest_asyncio.fixture
async def way(switch: Asterisk) -> AsyncIterator[Way]:
    """A way to the switch that can be cut."""
    made = Way(_address(), place_of_this_worker().switch, ARI_PORT)
    await made.open()
    yield made
    await made.close()


def _address() -> str:
    # The last of this worker's: those of far ends count up from the first.
    return f"127.0.{place_of_this_worker().number}.254"
