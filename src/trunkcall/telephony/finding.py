"""What an examination has found, one thing at a time, in words for whoever runs an installation.

Decides how bad something can be. It must not know what is examined.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """People can be called, and something is not as it should be, or nobody can tell whether it is."""
    FAULT = "fault"
    """Nobody is called, or not rightly, or somebody may be who must not, before it is put right."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``text`` says how it is, and where that is not well what to change, in sentences.
    It holds no secret."""

    subject: str
    """What was looked at, in a word or two; the same from version to version."""
    level: Level
    text: str


def ok(subject: str, text: str) -> Finding:
    """All is well with it."""
    return Finding(subject, Level.OK, text)


def warning(subject: str, text: str) -> Finding:
    """It should be put right."""
    return Finding(subject, Level.WARNING, text)


def fault(subject: str, text: str) -> Finding:
    """It must be put right."""
    return Finding(subject, Level.FAULT, text)
