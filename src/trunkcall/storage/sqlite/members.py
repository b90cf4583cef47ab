"""Members of the JSON documents that an SQLite store keeps.

Decides what comes of a member that is not there or cannot be read: its default, or nothing, and no error. It must not
know what any document is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from trunkcall.domain.instants import Instant, is_instant

E = TypeVar("E", bound=StrEnum)

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def members_of(document: Any) -> Mapping[str, Any]:
    """Those of a document; none of one that cannot be read."""
    try:
        return _decode(document)
    except (ValueError, TypeError, msgspec.MsgspecError):
        return {}


def text(members: Mapping[str, Any], name: str, default: str = "") -> str:
    value = members.get(name)
    return value if type(value) is str else default


def optional_text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if type(value) is str else None


def texts(members: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = members.get(name)
    return tuple(values) if isinstance(values, list) and all(type(value) is str for value in values) else ()


def objects(members: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    values = members.get(name)
    return values if isinstance(values, list) and all(isinstance(value, dict) for value in values) else []


def flag(members: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """One that is there and says nothing is off."""
    return members.get(name, default) is True


def whole(members: Mapping[str, Any], name: str, default: int) -> int:
    value = members.get(name)
    return value if type(value) is int and value >= 0 else default


def optional_whole(members: Mapping[str, Any], name: str) -> int | None:
    value = members.get(name)
    return value if type(value) is int and value >= 0 else None


def optional_instant(members: Mapping[str, Any], name: str) -> Instant | None:
    value = members.get(name)
    return value if is_instant(value) else None


def one_of(kind: type[E], members: Mapping[str, Any], name: str) -> E | None:
    try:
        return kind(text(members, name))
    except ValueError:
        return None


def text_map(members: Mapping[str, Any], name: str) -> Mapping[str, str]:
    values = members.get(name)
    return values if isinstance(values, dict) and all(type(value) is str for value in values.values()) else {}
