"""What is needed of time: an instance's clock, and the real time beside it.

Decides the contracts. The clocks of an instance are ``service.self_paced_clock`` and ``service.wall_paced_clock``. Real
time, for ages, time-outs and retries, is two functions: whoever needs it is given them, and a test gives its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from trunkcall.domain.instants import Instant

Seconds: TypeAlias = Callable[[], float]
"""Real seconds since some moment, by a clock that nobody sets and that never goes back."""
Sleep: TypeAlias = Callable[[float], Awaitable[None]]
"""Lets so many real seconds pass, however fast an instance's clock runs."""
NowOf: TypeAlias = Callable[[str], Instant]
"""What time it is for an instance, by its id."""


class Clock(Protocol):
    """The clock of one instance. It never goes back."""

    def now(self) -> Instant: ...

    def call_at(self, at: Instant, callback: Callable[[], None]) -> None:
        """Call back at that instant, or at once if it has passed. Calls are made in the order of their instants, those
        of one instant in the order in which they were asked for. During a call ``now`` is its instant on a clock that
        paces itself, and not before it on any."""
