"""Event loops that do not go by any clock: by the test's hand, or on to what is due next.

Whatever goes by the loop's time (asyncio.sleep, asyncio.timeout, call_later) goes by it as it is; whatever else asks
for the time is given the loop's ``time``.
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


class HandLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when the test says so. Threads work on."""

    def __init__(self) -> None:
        super().__init__()
        self.hand_s = 0.0

    def time(self) -> float:
        return self.hand_s


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
    """A loop whose time passes at once whenever nobody has anything to do, beginning at 0. It is of use only where
    nothing waits for a thread, a file or a socket: that looks like nothing to do."""

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_Skipping(self._pass))

    def time(self) -> float:
        return self._now_s

    def _pass(self, seconds: float) -> None:
        self._now_s += seconds
