"""References of the flow language: where in a flow's parameters a value is looked up, written as a JSONPath.

Decides what a reference looks like, and which of them Amazon Connect has. It must not know what a value is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str, ...]

_STEP = r"\.[A-Za-z_][\w-]*|\.?\['[^'\]]+'\]|\.?\[\"[^\"\]]+\"\]|\[\d+\]"
_WHOLE: Final = re.compile(rf"\$(?:{_STEP})+")
_STEPS: Final = re.compile(r"\.?\['([^'\]]+)'\]|\.?\[\"([^\"\]]+)\"\]|\[(\d+)\]|\.([A-Za-z_][\w-]*)")

_ENDPOINT = ("Address", "Type")
ROOTS: Final[Mapping[str, tuple[str, ...] | None]] = MappingProxyType(
    {
        "Agent": ("ARN", "FirstName", "LastName", "UserName"),
        "Attributes": None,
        "AwsRegion": (),
        "Case": None,
        "Channel": (),
        "ContactId": (),
        "Customer": None,
        "CustomerCallbackNumber": (),
        "CustomerEndpoint": (*_ENDPOINT, "DisplayName"),
        "CustomerId": (),
        "DataTables": None,
        "Description": (),
        "Email": None,
        "External": None,
        "FlowAttributes": None,
        "InitialContactId": (),
        "InitiationMethod": (),
        "InstanceARN": (),
        "LanguageCode": (),
        "Lex": None,
        "LexSessionAttributes": None,
        "Loop": None,
        "Media": None,
        "MediaStreams": None,
        "Metrics": None,
        "Modules": None,
        "Name": (),
        "PreviousContactId": (),
        "Queue": ("ARN", "Name", "OutboundCallerId"),
        "References": None,
        "RelatedContactId": (),
        "SegmentAttributes": None,
        "StoredCustomerInput": (),
        "SystemEndpoint": (*_ENDPOINT, "DisplayName"),
        "Tags": None,
        "Task": None,
        "TextToSpeechEngine": (),
        "TextToSpeechStyle": (),
        "TextToSpeechVoiceId": (),
        "Views": None,
        "Wisdom": None,
    }
)
"""What references begin with, and what may follow; None where that is not known beforehand, () where nothing does."""

_FLAT: Final = {"Attributes": 2, "StoredCustomerInput": 1}
"""Where a name is never followed by another: within a text, what follows is the text's."""


def path_of(text: str) -> Path | None:
    """The names of a text that is one reference; None of any other."""
    return _names(text) if _WHOLE.fullmatch(text) else None


def begins_one(text: str) -> bool:
    """Whether a text is meant as a reference."""
    return text.startswith(("$.", "$["))


def filled(text: str, value_of: Callable[[Path], str], most: int) -> str | None:
    """The text with each reference in it replaced by its value; None if that has more than ``most`` characters. No more
    than those and the text are ever held: a short text may name a long value thousands of times."""
    if "$" not in text:
        return text if len(text) <= most else None
    room = most

    def replaced(match: re.Match[str]) -> str:
        nonlocal room
        names = _names(match[0])
        kept = _FLAT.get(names[0], len(names))
        value = value_of(names[:kept]) + "".join(f".{name}" for name in names[kept:])
        room -= len(value)
        return value if room >= 0 else ""

    whole = _WHOLE.sub(replaced, text)
    return whole if room >= 0 and len(whole) <= most else None


def is_known(path: Path) -> bool:
    """Whether Amazon Connect has such a value, as far as that is known."""
    if path[0] not in ROOTS:
        return False
    follows = ROOTS[path[0]]
    if follows is None:
        return len(path) > 1
    return (len(path) > 1 and path[1] in follows) if follows else len(path) == 1


def _names(reference: str) -> Path:
    return tuple(next(filter(None, found)) for found in _STEPS.findall(reference))
