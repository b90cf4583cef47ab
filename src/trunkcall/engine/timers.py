"""What the engine wants to be woken for, and when.

Decides the order of timers: by instant, then in the order in which they were set, and which of them nothing can come of
any more. A timer is never cancelled: what it was set for may have happened long before it is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from heapq import heappop, heappush
from typing import assert_never

from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LegState
from trunkcall.domain.transitions import AWAITING_AN_AGENT
from trunkcall.engine.contact import Contact, Leg


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

    def next_at(self, legs: Mapping[str, Leg], contacts: Mapping[str, Contact]) -> Instant | None:
        """When the next timer is due of which something may still come, as these legs and contacts are."""
        heap = self._heap
        while heap and not _awaited(heap[0][2], heap[0][3], legs, contacts):
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: Instant) -> tuple[TimerKind, str] | None:
        """The next timer that is due, removed; None if none is."""
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, kind, key = heappop(self._heap)
        return kind, key


def _awaited(kind: TimerKind, key: str, legs: Mapping[str, Leg], contacts: Mapping[str, Contact]) -> bool:
    """Whether something may come of a timer: false once its leg or contact is past what it was set for, since neither
    goes back there."""
    match kind:
        case TimerKind.PACE | TimerKind.EXPIRY | TimerKind.FORGET_CAMPAIGN:
            return True
        case TimerKind.ORIGINATE_OVERDUE:
            leg = legs.get(key)
            return leg is not None and leg.contact is not None and leg.state is not LegState.UP
        case TimerKind.DETECTION_OVERDUE:
            leg = legs.get(key)
            return leg is not None and leg.contact is not None and leg.contact.state is ContactState.ANSWERED
        case TimerKind.AGENT_RING_OVERDUE:
            leg = legs.get(key)
            return leg is not None and leg.contact is not None and leg.contact.state is ContactState.CONNECTING
        case TimerKind.HANG_UP_OVERDUE:
            leg = legs.get(key)
            return leg is not None and leg.contact is None
        case TimerKind.ABANDONMENT | TimerKind.QUEUE_LIMIT:
            contact = contacts.get(key)
            return contact is not None and contact.state in AWAITING_AN_AGENT
        case _:
            assert_never(kind)
