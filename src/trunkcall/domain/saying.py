"""What is said to somebody: texts, SSML and prompts, one after the other.

Decides what a saying is made of, and how long it is by an estimate. It must not know how a text becomes a sound, nor
who hears it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from trunkcall.domain.instants import SECOND, Duration, seconds
from trunkcall.domain.prompt import Prompt, named, prompt_named
from trunkcall.domain.ssml import BrokenSsmlError, Pause, Spoken, pieces

CHARACTERS_PER_S: Final = 15.0
"""How fast words are spoken: about 150 a minute."""
QUICK_PER_S: Final = 25.0
"""How fast they are spoken at most by whoever wants to be understood."""
UNKNOWN: Final[Duration] = 5 * SECOND
"""How long a prompt takes of which nothing is known."""


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


def part_of(text: str) -> Part:
    """A text as somebody writes it where one can be spoken: a prompt's name (``domain.prompt.named``), or words."""
    prompt = named(text)
    return Part(SpeechKind.TEXT, text) if prompt is None else Part(SpeechKind.PROMPT, prompt)


def plain(text: str) -> Saying:
    """Such a text alone, as it is configured."""
    return Saying((part_of(text),))


def spoken(part: Part) -> tuple[Spoken | Pause, ...]:
    """What a voice has to say of a part that is no prompt. Raises BrokenSsmlError."""
    if part.kind is SpeechKind.SSML:
        return pieces(part.value)
    return (Spoken(part.value),) if part.value.strip() else ()


def length(saying: Saying, prompts: Mapping[str, Prompt] | None) -> Duration | None:
    """How long it takes to be said once, by an estimate; None where it cannot be said: there is nothing to be said, a
    prompt is not there, or SSML is broken. ``prompts`` are all there are, None where nobody knows them: then each takes
    ``UNKNOWN``."""
    return _length(saying, prompts, CHARACTERS_PER_S)


def at_least(saying: Saying, prompts: Mapping[str, Prompt]) -> Duration:
    """How long it takes to be said once at the least: 0 where it cannot be said."""
    return _length(saying, prompts, QUICK_PER_S) or 0


def _length(saying: Saying, prompts: Mapping[str, Prompt] | None, per_s: float) -> Duration | None:
    whole = 0
    for part in saying.parts:
        if part.kind is SpeechKind.PROMPT:
            if prompts is None:
                whole += UNKNOWN
            elif (found := prompt_named(prompts, part.value)) is not None:
                whole += seconds(found.length_s)
            else:
                return None
            continue
        try:
            said = spoken(part)
        except BrokenSsmlError:
            return None
        if not said:
            return None
        for piece in said:
            match piece:
                case Pause():
                    whole += piece.length
                case Spoken():
                    whole += round(len(piece.text) / (per_s * piece.rate) * SECOND)
    return whole if saying.parts else None
