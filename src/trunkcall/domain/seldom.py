"""What may happen hundreds of times a second, told once a minute.

Decides when a kind of it is told, and of how many. It must not know what it is, nor who is told in which words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from trunkcall.domain.clock import Seconds

Kind = TypeVar("Kind", bound=Hashable)
TELL_EVERY_S: Final = 60.0


class Seldom(Generic[Kind]):
    """What happens of some kinds, each of which is told by itself. Several threads may tell of it."""

    def __init__(self, monotonic: Seconds) -> None:
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
        # Another thread may have taken it to tell of in this moment.
        return self._untold.pop(kind, 0)
