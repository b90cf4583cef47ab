"""What the engine wants to be woken for, and when.

Decides the order of timers: by instant, then in the order in which they were set. A timer is never cancelled; whoever
set it checks, when it is due, whether it still means something.
"""

from __future__ import annotations

from enum import Enum, auto
from heapq import heappop, heappush

from trunkcall.domain.instants import Instant


class TimerKind(Enum):
    """What a timer is about. The key names a leg, a contact or a campaign."""

    ORIGINATE_OVERDUE = auto()
    DETECTION_OVERDUE = auto()
    AGENT_RING_OVERDUE = auto()
    HANG_UP_OVERDUE = auto()
    ABANDONMENT = auto()
    QUEUE_LIMIT = auto()
    EXPIRY = auto()
    PACE = auto()
    FORGET_CAMPAIGN = auto()


class Timers:
    """A heap of timers."""

    __slots__ = ("_heap", "_sequence")

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, TimerKind, str]] = []
        self._sequence = 0

    def set(self, at: Instant, kind: TimerKind, key: str = "") -> None:
        """Ask to be woken at ``at``, or as soon after as may be."""
        self._sequence += 1
        heappush(self._heap, (at, self._sequence, kind, key))

    @property
    def next_at(self) -> Instant | None:
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: Instant) -> tuple[TimerKind, str] | None:
        """The next timer that is due, removed; None if none is."""
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, kind, key = heappop(self._heap)
        return kind, key
