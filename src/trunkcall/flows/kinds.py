"""What a parameter of an action may be: its kind, and where its value may come from.

Decides the vocabulary in which actions are described, as data. It must not know any action, nor how a value is looked
at (``checking``) or found (``references``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias


class Source(Enum):
    """Where a value comes from."""

    STATIC = auto()
    """It stands in the flow."""
    WHOLE = auto()
    """It stands in the flow, or all of it is one reference."""
    PARTS = auto()
    """It stands in the flow, and references may stand anywhere in it."""
    REFERENCE = auto()
    """It is one reference, and nothing else."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of at most ``most`` characters, and one at least unless it ``may_be_empty``. ``speech`` has the marks of
    SSML."""

    source: Source = Source.WHOLE
    most: int | None = None
    may_be_empty: bool = False
    speech: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number, as a number or as its digits in a text; Amazon's console writes the latter."""

    least: int
    most: int | None = None
    source: Source = Source.STATIC


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these texts."""

    values: tuple[str, ...]
    source: Source = Source.STATIC


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of a telephone, 1 to ``most`` of them."""

    most: int


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts by key. ``keys`` are those that there are, None if any may be; there are at most ``most`` of them."""

    keys: tuple[str, ...] | None = None
    most: int | None = None
    values: Text = field(default_factory=Text)


@dataclass(frozen=True, slots=True)
class Many:
    """A list of such, ``least`` of them at least."""

    of: Kind
    least: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters within a parameter."""

    members: Mapping[str, Parameter]
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever there is, kept and not looked at."""


Kind: TypeAlias = Text | Whole | Choice | Keys | Texts | Many | Group | Anything


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, by its kind."""

    kind: Kind
    required: bool = False


class Amount(Enum):
    """How many of several parameters there may be."""

    ONE = "one of"
    AT_MOST_ONE = "at most one of"


@dataclass(frozen=True, slots=True)
class Rule:
    """Of these parameters there may be so many."""

    amount: Amount
    names: tuple[str, ...]
