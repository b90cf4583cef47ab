"""Fields that errors and reasons speak of, and of which each reader has a name of its own.

Decides which they are, and how a text has them named. It must not know any reader's names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum, auto


class Field(StrEnum):
    """By the names that they have here."""

    ALIAS = auto()
    BANDWIDTH_ALLOCATION = auto()
    CLIENT_TOKEN = auto()
    DIRECTORY_ID = auto()
    EFFECTIVE_FROM = auto()
    EFFECTIVE_TILL = auto()
    EXPIRES_AT = auto()
    FIRST_DATE = auto()
    KEY_ARN = auto()
    LAST_DATE = auto()
    PHONE_NUMBER = auto()
    QUEUE_ID = auto()
    SOURCE_PHONE_NUMBER = auto()


def worded(text: str, fields: Sequence[Field], names: Mapping[Field, str]) -> str:
    """A text as its reader has it: each ``{}`` stands for the next of the fields. One without fields stays as it is,
    whatever is in it."""
    return text.format(*(names.get(field, field) for field in fields)) if fields else text
