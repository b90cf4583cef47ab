"""Where the keys and the values of a TOML document stand, by line and column.

Decides what a person is told who looks for one. The document has been read by ``tomllib`` before: it is known to be
TOML, and only its layout is looked at here. It must not know what keys mean.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""How a value is reached: the names of tables and keys, and the number of a table or a value in an array, from 0."""

_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS: Final = re.compile(rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*")
_ONE: Final = re.compile(_KEY)
_BLANK: Final = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
"""What may stand between two statements, two values of an array, or two keys in braces."""
_SCALAR: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'" r"|[^\[\]{},#\n]+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


class Places:
    """The places in a text. A table has that of its header, a key and a value that of their first letter."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        """Where each line begins."""
        self._keys: dict[Path, int] = {}
        self._values: dict[Path, int] = {}
        """Of what has no value of its own, where its key is."""
        self._read()

    def of_key(self, path: Path) -> Place:
        """The place of a key or a table: the nearest one's around it, or the beginning of the text, if it is none."""
        return self._nearest(path, self._keys)

    def of_value(self, path: Path) -> Place:
        """The place of a value; of what has none, that of the nearest key or value around it."""
        return self._nearest(path, self._values)

    def _nearest(self, path: Path, found: dict[Path, int]) -> Place:
        at = next((found[path[:length]] for length in range(len(path), 0, -1) if path[:length] in found), 0)
        line = bisect_right(self._lines, at)
        return Place(line, at - self._lines[line - 1] + 1)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        table: Path = ()
        counts: dict[Path, int] = {}
        at = self._past_blanks(0)
        while at < len(self._text):
            if self._text[at] == "[":
                several = self._text.startswith("[[", at)
                names, end = self._names(self._past_blanks(at + 1 + several))
                table = _inside(names, counts)
                if several:
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, counts[table])
                self._note(table, at)
                at = self._text.index("]", end) + 1 + several
            else:
                at = self._assignment(at, table)
            at = self._past_blanks(at)

    def _assignment(self, at: int, table: Path) -> int:
        """Read a key and its value; where that ends."""
        names, end = self._names(at)
        for length in range(1, len(names) + 1):
            self._note((*table, *names[:length]), at)
        return self._value(self._past_blanks(self._text.index("=", end) + 1), (*table, *names))

    def _note(self, path: Path, at: int) -> None:
        self._keys.setdefault(path, at)
        self._values.setdefault(path, at)

    def _value(self, at: int, path: Path) -> int:
        self._values[path] = at
        opened = self._text[at]
        if opened not in "[{":
            scalar = _SCALAR.match(self._text, at)
            return scalar.end() if scalar is not None else len(self._text)
        at, number = self._past_blanks(at + 1), 0
        while self._text[at] not in "]}":
            at = self._value(at, (*path, number)) if opened == "[" else self._assignment(at, path)
            at, number = self._past_blanks(at), number + 1
        return at + 1

    def _past_blanks(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found is not None else at

    def _names(self, at: int) -> tuple[tuple[str, ...], int]:
        """The names of a dotted key, and where it ends."""
        found = _KEYS.match(self._text, at)
        if found is None:
            return (), at
        parts = _ONE.findall(found[0])
        return tuple(part[1:-1] if part[0] in "\"'" else part for part in parts), found.end()


def _inside(names: tuple[str, ...], counts: dict[Path, int]) -> Path:
    """The path of a header's names: of an array of tables that it goes through, the table under way is meant."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    return (*path, names[-1])
