"""Values that are made quickly are values like all others. If this fails, something that is said not to change does."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace

import pytest

from trunkcall.domain.values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class Quick:
    name: str
    number: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    number: int
    note: str | None = None


def test_it_is_made_like_any_other() -> None:
    assert Quick("a", 1) == Quick(name="a", number=1, note=None) == replace(Quick("b", 1), name="a")
    assert repr(Quick("a", 1)) == "Quick(name='a', number=1, note=None)"
    assert hash(Quick("a", 1)) == hash(Quick("a", 1))
    assert list(inspect.signature(Quick).parameters) == list(inspect.signature(Plain).parameters)
    with pytest.raises(TypeError, match="number"):
        Quick("a")  # type: ignore[call-arg]  # is what is refused here


def test_the_type_checker_refuses_to_change_it() -> None:
    """At run time nothing does, for the sake of time. An ignore comment without an error is an error to mypy."""
    Quick("a", 1).number = 2  # type: ignore[misc]  # likewise
