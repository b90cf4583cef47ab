"""When a customer was on hold, to and from the column of a contact's row.

Decides how it is written: what has happened is added at the end, in the order in which it was told. It must not know
rows, nor what counts as a hold.
"""

from __future__ import annotations

from typing import Any, Final

from trunkcall.domain.customer_holds import CustomerHolds, with_begun, with_ended
from trunkcall.domain.instants import is_instant

BEGUN: Final = "+"
ENDED: Final = "-"


def holds_of(column: str | None) -> CustomerHolds:
    """Raises ValueError for what was never written."""
    holds: CustomerHolds = ()
    for note in (column or "").split():
        what, at = note[:1], int(note[1:])
        if what not in (BEGUN, ENDED) or not is_instant(at):
            raise ValueError("a hold of a customer begins or ends at no instant")
        holds = with_begun(holds, at) if what == BEGUN else with_ended(holds, at)
    return holds


def are_holds(column: Any) -> bool:
    """Whether it is what the column may have."""
    try:
        holds_of(column)
    except (ValueError, AttributeError):
        return False
    return column is None or isinstance(column, str)
