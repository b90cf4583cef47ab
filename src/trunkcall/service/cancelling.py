"""How work that goes on after failures ends.

Decides that whoever is cancelled ends, whatever fails in that moment. It must not know what the work is. A TaskGroup
will not do here: before Python 3.13 it raises what its tasks failed with and drops a cancellation that came meanwhile.
A loop that goes on after failures would never end then, nor would whoever waits for its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


async def together(**works: Coroutine[object, object, None]) -> None:
    """Do all of these, by name, until one of them ends; then the others are cancelled. Raises what that one failed
    with."""
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


def raise_if_cancelled() -> None:
    """Raise CancelledError if this task was cancelled and has heard of a failure alone, as where a ``finally``
    fails."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
