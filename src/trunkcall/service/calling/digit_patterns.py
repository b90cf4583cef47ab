"""After how many digits a pattern of a numbering plan has decided.

Decides whether all ways in which a number may go on match a pattern, or none, or some. It must not know what a pattern
is for. It reads regular expressions as far as the phonenumbers library uses them: digits, ``\\d``, classes, groups,
alternatives, ``?`` and counts in braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

_DIGITS: Final = "0123456789"
_ALL: Final = frozenset(_DIGITS)
_MOST_DIGITS: Final = 17
"""More than a number of E.164 has."""
_MARK: Final = re.compile(r"\\d|\[[\d-]+\]|\d|\(\?:|[()|?]|\{\d+(?:,\d+)?\}")


class _Repeated(NamedTuple):
    """One of several ways, so many times."""

    ways: tuple[_Way, ...]
    least: int = 1
    most: int = 1


_Way: TypeAlias = "tuple[frozenset[str] | _Repeated, ...]"
"""Digits, one after the other, each one of some."""


class Pattern:
    """A pattern that whole numbers match; with ``beginning``, what they begin with. Raises ValueError for one that it
    cannot read. States are numbers; it starts in 0."""

    def __init__(self, written: str, *, beginning: bool = False) -> None:
        marks = _MARK.findall(written)
        if "".join(marks) != written:
            raise ValueError(f"pattern {written} has what is not known here")
        marks.reverse()
        whole: _Way = (_Repeated(_read_ways(marks)),)
        if marks:
            raise ValueError(f"pattern {written} closes a group that is not open")
        if beginning:
            whole = (*whole, _Repeated(((_ALL,),), 0, _MOST_DIGITS))
        self._states: list[frozenset[_Way]] = []
        self._numbers: dict[frozenset[_Way], int] = {}
        self._next: dict[tuple[int, str], int] = {}
        self._outcomes: dict[tuple[int, int], bool | None] = {}
        self._number_of(frozenset(_opened(whole)))

    def after(self, state: int, digit: str) -> int:
        """The state after one more digit."""
        found = self._next.get((state, digit))
        if found is None:
            ways = (_opened(way[1:]) for way in self._states[state] if way and digit in way[0])
            found = self._number_of(frozenset(way for opened in ways for way in opened))
            self._next[state, digit] = found
        return found

    def outcome(self, state: int, left: int) -> bool | None:
        """Whether a number matches that goes on with so many digits; None if it depends on which."""
        key = state, left
        if key not in self._outcomes:
            if left == 0:
                self._outcomes[key] = () in self._states[state]
            else:
                outcomes = (self.outcome(self.after(state, digit), left - 1) for digit in _DIGITS)
                first = next(outcomes)
                self._outcomes[key] = first if all(each is first for each in outcomes) else None
        return self._outcomes[key]

    def _number_of(self, ways: frozenset[_Way]) -> int:
        number = self._numbers.setdefault(ways, len(self._states))
        if number == len(self._states):
            self._states.append(ways)
        return number


def _opened(way: _Way) -> Iterator[_Way]:
    """The ways that begin with a digit, or are at their end, that this one comes to."""
    if not way or isinstance(way[0], frozenset):
        yield way
        return
    first, rest = way[0], way[1:]
    if first.least == 0:
        yield from _opened(rest)
    if first.most > 0:
        again = (_Repeated(first.ways, max(first.least - 1, 0), first.most - 1), *rest) if first.most > 1 else rest
        for each in first.ways:
            yield from _opened((*each, *again))


def _read_ways(marks: list[str]) -> tuple[_Way, ...]:
    """Alternatives until a group closes. ``marks`` are taken from their end."""
    ways: list[_Way] = [()]
    while marks and marks[-1] != ")":
        mark = marks.pop()
        if mark == "|":
            ways.append(())
            continue
        item = _read_item(mark, marks)
        if marks and marks[-1][0] in "?{":
            item = _Repeated(((item,),), *_counts(marks.pop()))
        ways[-1] = (*ways[-1], item)
    return tuple(ways)


def _read_item(mark: str, marks: list[str]) -> frozenset[str] | _Repeated:
    if mark.startswith("("):
        ways = _read_ways(marks)
        if not marks:
            raise ValueError("pattern has a group that is not closed")
        marks.pop()
        return _Repeated(ways)
    if mark == r"\d":
        return _ALL
    if mark[0] in "?{":
        raise ValueError("pattern repeats nothing")
    return frozenset(digit for digit in _ALL if re.fullmatch(mark, digit))


def _counts(mark: str) -> tuple[int, int]:
    if mark == "?":
        return 0, 1
    least, _, most = mark[1:-1].partition(",")
    return int(least), int(most or least)
