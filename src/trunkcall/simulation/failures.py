"""When a simulated host fails, and for how long.

Decides the instants. It must not know what becomes of its legs meanwhile, nor who is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from trunkcall.domain.instants import Duration

After: TypeAlias = Callable[[Duration, Callable[[], None]], None]
"""Has something done after so long."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A host fails after it has been up for so long, and is back after so long; again and again. None: it stays
    away."""

    after: Duration
    lasts: Duration | None = None

    def begin(self, after: After, fail: Callable[[], None], find: Callable[[], None]) -> None:
        """Have the host fail and be found, by its driver's clock. It is up now."""

        def failed() -> None:
            fail()
            if self.lasts is not None:
                after(self.lasts, found)

        def found() -> None:
            find()
            after(self.after, failed)

        after(self.after, failed)
