"""Work beside the requests. If these fail, retention can stop for good and nobody is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest

from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.service.background import Background
from trunkcall.service.recording_retention import RecordingsLeftError

pytestmark = pytest.mark.virtual_time


def failing(errors: Iterator[Exception]) -> Callable[[], Awaitable[None]]:
    """Work that fails with each of these at once, and then goes on."""

    async def work() -> None:
        for error in errors:
            raise error
        await asyncio.Event().wait()

    return work


async def watched(*errors: Exception) -> list[str | None]:
    """What is told of such work for as long as something changes."""
    background = Background(monotonic=asyncio.get_running_loop().time)
    task = asyncio.create_task(background.keep_running(failing(iter(errors)), "retention"))
    told: list[str | None] = [background.trouble]
    for _ in range(60):
        await asyncio.sleep(1.0)
        if background.trouble != told[-1]:
            told.append(background.trouble)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return told


async def test_work_that_fails_is_told_of_until_it_goes_on() -> None:
    told = await watched(OverflowError("+12025550100"), OverflowError("+12025550100"))
    assert told == [None, "retention fails and is begun again and again (OverflowError)", None]


async def test_what_the_store_says_of_itself_is_not_said_a_second_time() -> None:
    assert await watched(StoreUnavailableError()) == [None]


async def test_what_is_wrong_is_said_in_the_words_that_there_are_for_it() -> None:
    told = await watched(RecordingsLeftError("Recordings cannot be deleted: Permission denied."))
    assert told[1] == (
        "retention fails and is begun again and again (Recordings cannot be deleted: Permission denied.)"
    )


async def test_work_that_fails_as_it_is_told_to_end_ends() -> None:
    """A server that stops waits for it."""

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OverflowError

    task = asyncio.create_task(Background(monotonic=asyncio.get_running_loop().time).keep_running(work, "retention"))
    await asyncio.sleep(1.0)
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=60.0)
    assert ended == {task}
