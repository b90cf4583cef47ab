"""What the dialer needs of a clock.

Decides the contract; the clocks of an instance are ``service.self_paced_clock`` and ``service.wall_paced_clock``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from trunkcall.domain.instants import Instant


class Clock(Protocol):
    """The clock of one instance. It never goes back."""

    def now(self) -> Instant: ...

    def call_at(self, at: Instant, callback: Callable[[], None]) -> None:
        """Call back at that instant, or at once if it has passed. Calls are made in the order of their instants, those
        of one instant in the order in which they were asked for. During a call ``now`` is its instant on a clock that
        paces itself, and not before it on any."""
