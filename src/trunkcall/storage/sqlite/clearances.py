"""Holds and clearances to and from the JSON columns of a contact's row.

Decides what of a clearance is kept with the contact: what its record tells, and what its counts are taken back by. It
must not know rows, nor what is checked of a clearance.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from trunkcall.domain.clearance import Cleared, Hold, LocalTime, Prohibition
from trunkcall.domain.instants import is_instant


class KeptClearance(msgspec.Struct, frozen=True, omit_defaults=True):
    """A clearance as the column has it."""

    policy_version: int = 0
    local: LocalTime | None = None
    lists: tuple[int, ...] = ()
    spend: int = 0
    forbidden: Prohibition | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode_hold: Final = msgspec.json.Decoder(Hold).decode
_decode_kept: Final = msgspec.json.Decoder(KeptClearance).decode


def hold_document(hold: Hold) -> str:
    return _encode(hold).decode()


def hold_of(document: str) -> Hold:
    """Raises ValueError for what was never written."""
    hold = _decode_hold(document)
    if not is_instant(hold.until):
        raise ValueError("a hold ends at no instant")
    return hold


def cleared_document(cleared: Cleared) -> str:
    kept = KeptClearance(cleared.policy_version, cleared.local, cleared.lists, cleared.spend, cleared.forbidden)
    return _encode(kept).decode()


def cleared_of(document: str) -> Cleared:
    """What a record tells of it. Raises ValueError for what was never written."""
    kept = _decode_kept(document)
    return Cleared(kept.policy_version, kept.local, kept.lists, kept.spend, kept.forbidden)


def is_hold(document: Any) -> bool:
    """Whether this is what the column may hold."""
    try:
        return document is None or hold_of(document) is not None
    except (ValueError, TypeError):
        return False


def is_clearance(document: Any) -> bool:
    """Whether this is what the column may hold."""
    try:
        return document is None or _decode_kept(document) is not None
    except (ValueError, TypeError):
        return False
