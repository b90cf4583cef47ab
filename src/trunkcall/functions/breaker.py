"""When a function that does not answer is spared: a circuit breaker.

Decides that nobody waits for a function that has kept some waiting in vain, and when it is tried again. Time is an
argument; it must not know what is asked.
"""

from __future__ import annotations

from typing import Final

FAILURES: Final = 5
"""In a row, after which it is spared."""
SPARED_S: Final = 30.0
"""After so long one is let through. By its outcome all others are, or it is spared for as long again."""


class Breaker:
    """Of one function. Times are seconds of one clock that is never set back."""

    def __init__(self) -> None:
        self._failures = 0
        self._spared_until_s: float | None = None
        self._is_tried = False

    @property
    def is_open(self) -> bool:
        """Whether the function is spared, but for whoever tries it."""
        return self._spared_until_s is not None

    def lets_through(self, now_s: float) -> bool:
        """Whether it may be asked now; whoever may has to tell what came of it."""
        if self._spared_until_s is None:
            return True
        if self._is_tried or now_s < self._spared_until_s:
            return False
        self._is_tried = True
        return True

    def succeeded(self) -> None:
        """It is there."""
        self._failures, self._spared_until_s, self._is_tried = 0, None, False

    def failed(self, now_s: float) -> None:
        """It has kept somebody waiting in vain. Whoever asked before it was spared changes nothing."""
        self._failures += 1
        tried_in_vain = self._is_tried
        if tried_in_vain or (self._spared_until_s is None and self._failures >= FAILURES):
            self._spared_until_s, self._is_tried = now_s + SPARED_S, False
