"""Where a contact stands in its flow, as a text that outlives the process.

Decides the form of that text and its version: what one version has written, a later one reads or refuses in words, and
never takes for something else. Attributes are not in it: the contact has them already. It must not know where the text
is kept, nor what an action is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import Instant
from trunkcall.flows.progress import Await, Ending, Progress, Purpose

VERSION: Final = 1
"""Of the form. Raise it where a text of the form before would be read as something else than was meant."""


class UnreadableProgressError(TrunkcallError):
    """What is kept of a contact's flow cannot be read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a contact in a flow. ``said_at`` is when what is being said was begun, None while nothing is."""

    progress: Progress = field(repr=False)
    said_at: Instant | None = None


def to_text(kept: Kept) -> str:
    """What is kept, as a text of ASCII alone. What is as at the beginning is left out."""
    at: dict[str, Any] = {}
    for each in fields(Progress):
        value = getattr(kept.progress, each.name)
        if each.name != _ATTRIBUTES and value != _FIRST[each.name]:
            at[each.name] = value.name if isinstance(value, Purpose | Await | Ending | DetectionStatus) else value
    whole = {"version": VERSION, "progress": at}
    if kept.said_at is not None:
        whole["said_at"] = kept.said_at
    return json.dumps(whole, separators=(",", ":"))


def from_text(text: str, attributes: Mapping[str, str]) -> Kept:
    """What was kept of a contact that has these attributes. Raises UnreadableProgressError."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableProgressError from None
    if not isinstance(whole, dict):
        raise UnreadableProgressError
    version = whole.pop("version", None)
    if version != VERSION:
        shown = version if isinstance(version, int) else "unknown"
        raise UnreadableProgressError(
            f"What is kept of a contact's flow has the version {shown}; this Trunkcall reads version {VERSION}."
        )
    at, said_at = whole.pop("progress", None), whole.pop("said_at", None)
    if not isinstance(at, dict) or whole or at.keys() - _READERS.keys() or not _is_instant(said_at):
        raise UnreadableProgressError
    try:
        read = {name: _READERS[name](value) for name, value in at.items()}
    except (KeyError, TypeError):
        raise UnreadableProgressError from None
    if "flow_id" not in read:
        raise UnreadableProgressError
    return Kept(Progress(**read, attributes=dict(attributes)), said_at)


# --- how each member is read ----------------------------------------------------------------------------------------

_ATTRIBUTES: Final = "attributes"
_FIRST: Final[Mapping[str, Any]] = {
    each.name: each.default_factory() if each.default_factory is not MISSING else each.default
    for each in fields(Progress)
}


def _is_instant(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _of(*kinds: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise TypeError
        return value

    return read


def _map_of(*kinds: type) -> Callable[[Any], Any]:
    read = _of(*kinds)
    return lambda value: {name: read(each) for name, each in _of(dict)(value).items()}


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "flow_id": _of(str),
    "purpose": lambda name: Purpose[name],
    "began_at": _of(int),
    "action_id": _of(str),
    "awaits": lambda name: Await[name],
    "until": _of(int),
    "keys": _of(str),
    "actions": _of(int),
    "loops": _map_of(int),
    "detection": lambda name: DetectionStatus[name],
    "external": _of(dict),
    "stored_input": _of(str),
    "queue_id": _of(str),
    "voice": _map_of(str),
    "hooks": _map_of(str),
    "priority": _of(int),
    "adjustment": _of(int),
    "recorded": lambda names: tuple(map(_of(str), _of(list)(names))),
    "is_logged": _of(bool),
    "ending": lambda name: Ending[name],
}
"""Of every member but the attributes. Those that may be None are left out then: None is as at the beginning."""
