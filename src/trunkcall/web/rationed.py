"""A page that is costly to make, made off the event loop and not too often.

Decides how fresh a page is. Making it may take a tenth of one processor's time: after it was made, nobody makes it
again for ten times as long as that took. Who asks meanwhile waits for a new one if that is soon, and gets the last one
if not. So a page that is cheap is always fresh, and one that is not is a few seconds old. It must not know what is on
the page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from trunkcall.domain.clock import Seconds, Sleep

T = TypeVar("T")

REST: Final = 10.0
"""How many times as long as making a page took it is not made again."""
LONGEST_REST_S: Final = 5.0
PATIENCE_S: Final = 0.5
"""Who would wait longer for a fresh page gets the last one."""


class RationedPage(Generic[T]):
    """``take`` gathers what is to be shown, on the event loop; ``render`` makes the page of it, in a thread. ``cpu`` is
    the time that the calling thread has computed, in seconds: on a busy machine a page takes long and costs the same.
    """

    def __init__(
        self,
        take: Callable[[], T],
        render: Callable[[T], bytes],
        *,
        monotonic: Seconds = time.monotonic,
        cpu: Seconds = time.thread_time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._take = take
        self._render = render
        self._monotonic = monotonic
        self._cpu = cpu
        self._sleep = sleep
        self._making = asyncio.Lock()
        self._page: bytes | None = None
        self._taken = 0
        self._shown = 0
        """Which gathering the page is of."""
        self._rested_at_s = float("-inf")
        self.cost_s = 0.0
        """Computing time of the last page."""

    async def get(self) -> bytes:
        """The page: of now, or one that is ten times as old as it was costly, 5 s at most."""
        taken_before = self._taken
        if self._page is not None and self._rests_for_s() > PATIENCE_S:
            return self._page
        async with self._making:
            # Others may have had it made meanwhile, from what was gathered after this one asked.
            if self._page is not None and (self._shown > taken_before or self._rests_for_s() > PATIENCE_S):
                return self._page
            rest_s = self._rests_for_s()
            if rest_s > 0:
                await self._sleep(rest_s)
            self._taken += 1
            began_s = self._cpu()
            taken = self._take()
            taking_s = self._cpu() - began_s
            page, rendering_s = await asyncio.to_thread(self._timed, taken)
            self.cost_s = taking_s + rendering_s
            self._rested_at_s = self._monotonic() + min(REST * self.cost_s, LONGEST_REST_S)
            self._page, self._shown = page, self._taken
            return page

    def _rests_for_s(self) -> float:
        return self._rested_at_s - self._monotonic()

    def _timed(self, taken: T) -> tuple[bytes, float]:
        began_s = self._cpu()
        page = self._render(taken)
        return page, self._cpu() - began_s
