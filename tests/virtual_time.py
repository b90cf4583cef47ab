"""An event loop whose time passes at once whenever nobody has anything to do.

Whatever goes by the loop's time (asyncio.sleep, asyncio.timeout, call_later) goes by it as it is; whatever else asks
for the time is given ``VirtualLoop.time``. It is of use only where nothing waits for a thread, a file or a socket: that
looks to the loop like nothing to do.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Final

LONGEST_S: Final = 40.0
"""Whoever waits in a circle gets nowhere, and no time-out of virtual time would say so: when so much was computed, the
story ends."""


class _Skipping(selectors.DefaultSelector):
    """A selector that waits for nothing."""

    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip
        self._until_s = time.process_time() + LONGEST_S

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if time.process_time() > self._until_s:
            self._until_s += LONGEST_S
            raise AssertionError(f"the story goes on and on: {LONGEST_S:.0f} s of computing")
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits, and nothing is due: nothing would ever happen again"
            self._skip(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module. Its time begins at 0."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_Skipping(self._pass))

    def time(self) -> float:
        return self._now_s

    def _pass(self, seconds: float) -> None:
        self._now_s += seconds
