"""What a switch with too much to do has happen hundreds of times a second, told once a minute.

Decides when a kind of it is told, and of how many. It must not know what it is, nor in which words.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

Kind = TypeVar("Kind", bound=Hashable)
TELL_EVERY_S: Final = 60.0


class Seldom(Generic[Kind]):
    """What happens of some kinds. ``monotonic`` tells seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._untold: Counter[Kind] = Counter()
        self._tell_at_s: dict[Kind, float] = {}

    def happened(self, kind: Kind) -> int:
        """How often it has since it was told last, where it is to be told now; else 0."""
        self._untold[kind] += 1
        now_s = self._monotonic()
        if now_s < self._tell_at_s.get(kind, now_s):
            return 0
        self._tell_at_s[kind] = now_s + TELL_EVERY_S
        return self._untold.pop(kind)
