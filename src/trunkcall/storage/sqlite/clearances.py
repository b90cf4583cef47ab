"""Holds and clearances to and from the JSON columns of a contact's row.

Decides what of a clearance is kept with the contact: what its record tells, and what its counts are taken back by. It
must not know rows, nor what is checked of a clearance.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from trunkcall.domain.clearance import Clearance, Cleared, DayLimit, Hold, HoldReason, LocalTime, Prohibition
from trunkcall.domain.instants import Instant, is_instant

Day: TypeAlias = tuple[HoldReason, str, Instant]
"""What an attempt is counted under: for the limits of which reason, under which key, and when the day began."""


class KeptClearance(msgspec.Struct, frozen=True, omit_defaults=True):
    """A clearance as the column has it. ``number_key`` goes when the number is erased: it is made from it."""

    policy_version: int = 0
    local: LocalTime | None = None
    lists: tuple[int, ...] = ()
    number_key: int | None = None
    days: tuple[Day, ...] = ()
    spend_days: tuple[Day, ...] = ()
    per_minute: int = 0
    spend: int = 0
    forbidden: Prohibition | None = None
    list_versions: tuple[int, ...] = ()


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


def kept_of_attempt(clearance: Clearance) -> KeptClearance:
    """What is kept with a contact that is dialed under this clearance."""
    return KeptClearance(
        clearance.policy_version,
        clearance.local,
        clearance.lists,
        clearance.number_key,
        tuple(map(_day_of, clearance.day_limits)),
        tuple(map(_day_of, clearance.spend_limits)),
        clearance.per_minute,
        clearance.spend,
        list_versions=clearance.list_versions,
    )


def _day_of(limit: DayLimit) -> Day:
    return limit.reason, limit.key, limit.began_at


def kept_of_forbidden(clearance: Clearance, prohibition: Prohibition) -> KeptClearance:
    """What is kept with a contact that ends for what its clearance says, or the lists."""
    return KeptClearance(
        clearance.policy_version,
        clearance.local,
        clearance.lists,
        forbidden=prohibition,
        list_versions=clearance.list_versions,
    )


def kept_document(kept: KeptClearance) -> str:
    return _encode(kept).decode()


def kept_of(document: Any) -> KeptClearance | None:
    """What was kept; None where there is nothing, or nothing that can be read."""
    try:
        return None if document is None else _decode_kept(document)
    except (ValueError, TypeError):
        return None


def cleared_of(document: str) -> Cleared:
    """What a record tells of it. Raises ValueError for what was never written."""
    kept = _decode_kept(document)
    return Cleared(kept.policy_version, kept.local, kept.lists, kept.list_versions, kept.spend, kept.forbidden)


def is_hold(document: Any) -> bool:
    """Whether this is what the column may hold."""
    try:
        return document is None or hold_of(document) is not None
    except (ValueError, TypeError):
        return False
