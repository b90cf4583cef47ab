"""What the engine wants to be woken for, and when.

Decides the order of timers: by instant, then in the order in which they were set. A timer is named by its kind and a
key; there is one of each name at most. It is set anew or stopped as what it was set for goes on or ends, so one that is
due always means something. It must not know what.
"""

from __future__ import annotations

from enum import StrEnum, auto
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from trunkcall.domain.instants import Instant

MAX_STOPPED: Final = 64
"""Stopped timers that may be kept however few others there are."""
NEVER: Final[Instant] = 2**63 - 1


class TimerKind(StrEnum):
    """What a timer is about. The key names a leg, a contact, a campaign or an agent."""

    ORIGINATE_OVERDUE = auto()
    DETECTION_OVERDUE = auto()
    AGENT_RING_OVERDUE = auto()
    HANG_UP_OVERDUE = auto()
    NOT_FOUND = auto()
    SESSION_DUE = auto()
    CONFIRMATION_OVERDUE = auto()
    ABANDONMENT = auto()
    QUEUE_LIMIT = auto()
    SAFE_HARBOUR_LIMIT = auto()
    HELP = auto()
    AFTER_CONTACT_WORK = auto()
    EXPIRY = auto()
    DUE = auto()
    PACE = auto()
    FORGET_CAMPAIGN = auto()
    RECORDING = auto()
    FLOW = auto()
    WHISPERS = auto()


_Timer: TypeAlias = tuple[Instant, int, TimerKind, str]
"""When it is due, the how manieth it is, and its name."""


class Timers:
    """A heap. A timer that was stopped stays in it until it is at the top, or most are stopped: to look for it costs
    more. Keys are ids: what is of one kind has another than what is of another."""

    __slots__ = ("_heap", "_number", "_running", "_stopped", "not_before")

    def __init__(self) -> None:
        self._heap: list[_Timer] = []
        self._running: dict[str, dict[TimerKind, _Timer]] = {}
        self._number = 0
        self._stopped: set[int] = set()
        """Which of the heap are, by number."""
        self.not_before: Instant = NEVER
        """Nothing is due before this."""

    def set(self, at: Instant, kind: TimerKind, key: str = "") -> None:
        """Ask to be woken at ``at``, or as soon after as may be, and not when it was set for before."""
        timers = self._running.get(key)
        if timers is None:
            timers = self._running[key] = {}
        elif kind in timers:
            self._stopped.add(timers[kind][1])
        self._number += 1
        timer = timers[kind] = (at, self._number, kind, key)
        heappush(self._heap, timer)
        if at < self.not_before:
            self.not_before = at

    def stop(self, kind: TimerKind, key: str) -> None:
        """This is not awaited any more, if it was."""
        timers = self._running.get(key)
        if timers and kind in timers:
            self._stopped.add(timers.pop(kind)[1])
            if len(self._stopped) > MAX_STOPPED:
                self._tidy()

    def stop_all(self, key: str) -> None:
        """Nothing is awaited for the key any more."""
        timers = self._running.pop(key, None)
        if timers:
            for timer in timers.values():
                self._stopped.add(timer[1])
            if len(self._stopped) > MAX_STOPPED:
                self._tidy()

    def at(self, kind: TimerKind, key: str = "") -> Instant | None:
        """When the timer is due, None if it is not set."""
        timer = self._running.get(key, {}).get(kind)
        return timer[0] if timer is not None else None

    def next_at(self) -> Instant | None:
        """When the next timer is due, None if none is set."""
        heap, stopped = self._heap, self._stopped
        while heap:
            at, number, _, _ = heap[0]
            if number not in stopped:
                self.not_before = at
                return at
            heappop(heap)
            stopped.remove(number)
        self.not_before = NEVER
        return None

    def pop_due(self, now: Instant) -> tuple[TimerKind, str] | None:
        """The next timer that is due, removed; None if none is."""
        at = self.next_at()
        if at is None or at > now:
            return None
        _, _, kind, key = heappop(self._heap)
        self.not_before = self._heap[0][0] if self._heap else NEVER
        del self._running[key][kind]
        return kind, key

    def _tidy(self) -> None:
        """Let go of stopped timers, once they are most of the heap."""
        stopped = self._stopped
        if len(stopped) * 2 > len(self._heap):
            self._heap = [timer for timer in self._heap if timer[1] not in stopped]
            heapify(self._heap)
            stopped.clear()
