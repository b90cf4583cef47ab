"""How places and names of a document are told: what looks like a name is, and nothing else of a document.

Decides what may be quoted. A document holds texts and numbers of people; what its writer has misspelt is to be told
all the same.
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z_]*(?:\d{1,2}[A-Za-z_]+)*\d{0,2}")
_MAX_NAME: Final = 60
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_name(text: str) -> bool:
    """Whether it looks like a name that a program has: letters, and no number longer than two digits."""
    return len(text) <= _MAX_NAME and _NAME.fullmatch(text) is not None


def is_made_up(identifier: str) -> bool:
    """Whether an identifier is one that a console has made up, and tells nobody anything."""
    return _UUID.fullmatch(identifier) is not None


def called(text: str) -> str:
    """A name in quotes, or nothing of what is none."""
    return f"'{text}'" if is_name(text) else "(no name)"


def step(where: str, key: str | int, number: int = 0) -> str:
    """The place of a member, by its name or its number; ``number`` is what a key without a name is told by."""
    if isinstance(key, int):
        return f"{where}[{key}]"
    return f"{where}.{key}" if is_name(key) else f"{where}[{number}]"
