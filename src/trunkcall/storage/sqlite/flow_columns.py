"""What flows have done to a contact, to and from the columns of its row.

Decides how a trail is written: each word of it is added at the end, an action on a line. It must not know rows, nor
what an action is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from trunkcall.domain.contact import CalledContact
from trunkcall.domain.flow import Taken
from trunkcall.storage.sqlite.rows import readable, to_json
from trunkcall.storage.sqlite.statements import Row

_encode: Final = msgspec.json.Encoder().encode
_decode_taken: Final = msgspec.json.Decoder(tuple[str, str, str, str | None]).decode
_decode_attributes: Final = msgspec.json.Decoder(dict[str, str]).decode


def trail_document(taken: tuple[Taken, ...]) -> str:
    """Lines to be added to the column. An action of the same flow as the one before has no flow of its own there."""
    lines = []
    before = ""
    for each in taken:
        flow_id = each.flow_id if each.flow_id != before else ""
        lines.append(_encode((flow_id, each.action_id, each.action, each.branch)).decode())
        before = each.flow_id
    return "\n".join(lines)


def trail_of(column: str | None) -> tuple[Taken, ...]:
    """Raises ValueError for what was never written."""
    trail: list[Taken] = []
    for line in (column or "").split("\n"):
        if line:
            flow_id, action_id, action, branch = _decode_taken(line)
            trail.append(Taken(flow_id or (trail[-1].flow_id if trail else ""), action_id, action, branch))
    return tuple(trail)


def is_trail(column: Any) -> bool:
    """Whether it is what the column may have."""
    try:
        trail_of(column)
    except (ValueError, AttributeError, TypeError):
        return False
    return True


def attributes_document(attributes: Mapping[str, str] | None) -> str | None:
    return None if attributes is None else to_json(attributes)


def attributes_of(column: str | None) -> Mapping[str, str] | None:
    """Raises ValueError for what was never written."""
    return None if column is None else _decode_attributes(column)


def are_attributes(column: Any) -> bool:
    """Whether it is what the column may have."""
    try:
        attributes_of(column)
    except (ValueError, TypeError):
        return False
    return True


def sound_attributes(column: Any) -> Mapping[str, str]:
    """The attributes of a column; none of one that the disk has made unreadable."""
    try:
        return attributes_of(column) or {}
    except (ValueError, TypeError):
        return {}


def called_from_row(row: Row) -> CalledContact:
    """What its flow may look up. ``live_contacts`` has those set aside that cannot be taken over."""
    return CalledContact(
        readable(row.contact_id),
        readable(row.campaign_id),
        readable(row.phone_number),
        row.source_phone_number if type(row.source_phone_number) is str else None,
        sound_attributes(row.attributes),
        sound_attributes(row.flow_attributes) or None,
        row.flow_progress if type(row.flow_progress) is str else None,
        len(trail_of(row.flow_trail)) if is_trail(row.flow_trail) else 0,
    )
