"""When the customer of a talk was on hold, by the telephone of the agent.

Decides what counts as a hold where a word was lost: one that begins twice has begun once, and one of whose end nothing
was heard lasts to the end of the contact. It must not know telephones, nor how holds are kept.
"""

from __future__ import annotations

from typing import TypeAlias

from trunkcall.domain.instants import Duration, Instant

CustomerHolds: TypeAlias = tuple[tuple[Instant, Instant | None], ...]
"""Each from its beginning to its end, None of one that goes on, which is the last."""


def with_begun(holds: CustomerHolds, at: Instant) -> CustomerHolds:
    """The same, and one that begins."""
    return holds if holds and holds[-1][1] is None else (*holds, (at, None))


def with_ended(holds: CustomerHolds, at: Instant) -> CustomerHolds:
    """The same, and the last one has ended."""
    return (*holds[:-1], (holds[-1][0], at)) if holds and holds[-1][1] is None else holds


def lengths(holds: CustomerHolds, ended_at: Instant | None) -> list[Duration]:
    """How long each has lasted by the end of the contact; one that goes on is left out until then. None is less than
    0: the clock may have been set back."""
    ends = [(begun_at, end if end is not None else ended_at) for begun_at, end in holds]
    return [max(0, end - begun_at) for begun_at, end in ends if end is not None]
