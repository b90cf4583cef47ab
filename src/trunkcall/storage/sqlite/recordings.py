"""Recordings to and from the JSON column of a contact's row.

Decides its form. It must not know rows, nor where sound is kept.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from trunkcall.domain.instants import is_instant
from trunkcall.domain.recording import Recording

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(tuple[Recording, ...]).decode


def recordings_document(recordings: tuple[Recording, ...]) -> str | None:
    """None where nothing is to be recorded any more."""
    return _encode(recordings).decode() if recordings else None


def recordings_of(document: str | None) -> tuple[Recording, ...]:
    """None where nothing was to be recorded. Raises ValueError for what was never written."""
    if document is None:
        return ()
    recordings = _decode(document)
    for each in recordings:
        instants = [each.asked_at, each.started_at, each.stopped_at, *[at for pair in each.suspensions for at in pair]]
        if not all(at is None or is_instant(at) for at in instants):
            raise ValueError("a recording has no instant where one belongs")
    return recordings


def is_recordings(document: Any) -> bool:
    """Whether this is what the column may hold."""
    try:
        recordings_of(document)
    except (ValueError, TypeError):
        return False
    return True
