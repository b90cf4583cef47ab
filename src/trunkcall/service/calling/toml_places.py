"""Where the keys of a TOML document stand, by line and column.

Decides what a person is told who looks for a key. The document has been read by ``tomllib`` before: it is known to be
TOML, and only its layout is looked at here. It must not know what keys mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""How a value is reached: the names of tables and keys, and the number of a table in an array of tables, from 0."""

_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_KEYS})\s*\]")
_ASSIGNED: Final = re.compile(rf"\s*({_KEYS})\s*=")
_ONE: Final = re.compile(_KEY)
_TOKEN: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""' r"|'''.*?'''" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'" r"|#[^\n]*" r"|[\[\]{}\n]", re.DOTALL
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


def places_of(text: str) -> dict[Path, Place]:
    """The place of every table with a header and of every key before an ``=`` outside of braces. A table has that of
    its header, a key that of its first letter."""
    found: dict[Path, Place] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for line, statement in _statements(text):
        if (header := _HEADER.match(statement)) is not None:
            path = _inside(_names(header[2]), counts)
            if header[1] == "[[":
                counts[path] = counts.get(path, -1) + 1
                path = (*path, counts[path])
            table = path
            found.setdefault(table, Place(line, header.start(1) + 1))
        elif (assigned := _ASSIGNED.match(statement)) is not None:
            names = _names(assigned[1])
            place = Place(line, assigned.start(1) + 1)
            for length in range(1, len(names) + 1):
                found.setdefault((*table, *names[:length]), place)
    return found


def place_of(path: Path, places: dict[Path, Place]) -> Place:
    """The place of a value: its own key's, else the nearest one's around it; the beginning of the text if there is
    none."""
    for length in range(len(path), 0, -1):
        if (place := places.get(path[:length])) is not None:
            return place
    return Place(1, 1)


def _names(keys: str) -> tuple[str, ...]:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in _ONE.findall(keys))


def _inside(names: tuple[str, ...], counts: dict[Path, int]) -> Path:
    """The path of a header's names: of an array of tables that it goes through, the table under way is meant."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    return (*path, names[-1])


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The first line of every statement, with its number: what goes on in brackets or in a long text belongs to it."""
    line, depth, begins = 1, 0, True
    lines = text.split("\n")
    if lines and begins:
        yield 1, lines[0]
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth = max(0, depth - 1)
            case "\n":
                line += 1
                if depth == 0:
                    yield line, lines[line - 1]
            case other:
                line += other.count("\n")
