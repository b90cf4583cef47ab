"""What lists of a contact centre are searched by: texts, tags, and any combination of them.

Decides when something meets a criterion. It must not know what is searched, nor how a client writes a criterion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum, auto
from typing import Protocol, TypeAlias, TypeVar, assert_never

T = TypeVar("T")

Criterion: TypeAlias = Callable[[T], bool]


class Tagged(Protocol):
    """Whatever has tags."""

    @property
    def tags(self) -> Mapping[str, str]: ...


class Comparison(StrEnum):
    """How a text is compared with what is looked for. Letters are equal whatever their case but where they must be
    the same."""

    STARTS_WITH = auto()
    CONTAINS = auto()
    EXACT = auto()


def everything(_: object) -> bool:
    """The criterion that everything meets."""
    return True


def nothing(_: object) -> bool:
    """The criterion that nothing meets."""
    return False


def all_of(criteria: Iterable[Criterion[T]]) -> Criterion[T]:
    """Whatever meets each of them."""
    each = tuple(criteria)
    return lambda one: all(criterion(one) for criterion in each)


def any_of(criteria: Iterable[Criterion[T]]) -> Criterion[T]:
    """Whatever meets one of them."""
    each = tuple(criteria)
    return lambda one: any(criterion(one) for criterion in each)


def text(texts_of: Callable[[T], Iterable[str]], comparison: Comparison, wanted: str) -> Criterion[T]:
    """Whatever has a text of this kind that compares so with what is looked for."""
    folded = wanted.casefold()

    def compares(found: str) -> bool:
        match comparison:
            case Comparison.STARTS_WITH:
                return found.casefold().startswith(folded)
            case Comparison.CONTAINS:
                return folded in found.casefold()
            case Comparison.EXACT:
                return found == wanted
            case other:
                assert_never(other)

    return lambda one: any(map(compares, texts_of(one)))


def tagged(key: str, value: str | None) -> Criterion[Tagged]:
    """Whatever has such a tag; with None for its value, whatever that is."""
    return lambda one: key in one.tags and value in (None, one.tags[key])
