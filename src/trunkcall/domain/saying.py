"""What is said to somebody: texts, SSML and prompts, one after the other.

Decides what a saying is made of. It must not know how a text becomes a sound, nor who hears it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from trunkcall.domain.prompt import named


class SpeechKind(StrEnum):
    """How a part of a saying is given."""

    TEXT = "Text"
    SSML = "SSML"
    PROMPT = "Prompt"
    """By the name, id or ARN of a prompt."""


@dataclass(frozen=True, slots=True)
class Part:
    """The text, or what the prompt is called: it may say somebody's name."""

    kind: SpeechKind
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Saying:
    """Parts that are heard one after the other; ``again``: from the beginning again and again until that is stopped.
    ``voice`` is the name of a voice, None for the one that is configured."""

    parts: tuple[Part, ...]
    voice: str | None = None
    again: bool = False


def plain(text: str) -> Saying:
    """A text as somebody writes it where a message is configured: a prompt's name (``domain.prompt.named``), or words
    that are to be spoken."""
    prompt = named(text)
    return Saying((Part(SpeechKind.TEXT, text) if prompt is None else Part(SpeechKind.PROMPT, prompt),))
