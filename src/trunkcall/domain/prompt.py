"""Prompts: sounds that were recorded, to be played where a text could be spoken.

Decides what is known of one, and how a text names it. It must not know where its sound is kept, nor who hears it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant

NAMES: Final = "prompt:"
"""How a text begins that is a prompt's name or id, and nothing else."""
OCTETS_PER_S: Final = 8_000
"""Of a sound as a telephone carries it: G.711, mu-law."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. ``sound`` is what its sound is kept as: another sound is kept as something else."""

    kind: ClassVar[FactKind] = FactKind.PROMPT

    prompt_id: str
    name: str
    sound: str
    octets: int = 0
    """How many its sound has."""
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    changed_at: Instant | None = field(default=None, compare=False)
    """When it was made or changed last."""

    @property
    def fact_id(self) -> str:
        return self.prompt_id

    @property
    def length_s(self) -> float:
        return self.octets / OCTETS_PER_S


def named(text: str) -> str | None:
    """The name or id of the prompt that a text stands for; None for one that is to be spoken."""
    whole = text.strip()
    return whole.removeprefix(NAMES).strip() if whole.startswith(NAMES) else None


def prompt_named(prompts: Mapping[str, Prompt], name: str) -> Prompt | None:
    """The one of this id, name or ARN, as such or as a text names it."""
    name = named(name) or name
    by_name = (each for each in prompts.values() if each.name == name)
    return prompts.get(name) or next(by_name, None) or prompts.get(name.rpartition("/prompt/")[2])
