"""Lines of delimited text (CSV, and its like with semicolons, tabs or bars) into rows.

Decides where cells end, and that a stray quote costs its own row and no other: what a quote encloses is taken for one
cell only if the quote is closed as it should be, soon, and none of the lines within looks like a row of its own. It
must not know what a column means.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from trunkcall.cli.lists.rows import BrokenRow, RawRow, Row
from trunkcall.cli.lists.source import MAX_CHARACTERS, Line

MAX_LINES = 100
"""That one row may go over."""

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE).fullmatch
_QUOTED = re.compile(r'"[^"]*"')


class _StrayQuoteError(Exception):
    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at


class _UnclosedQuoteError(Exception):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


class DelimitedRows:
    """The rows, once. ``seems_row`` may be set once the header is known: whether cells look like a row."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.seems_row: Callable[[Sequence[str]], bool] = lambda _: False
        self._lines = lines
        self._given_back: deque[Line] = deque()
        self.delimiter = ","
        first = next(self._lines, None)
        if first is None:
            return
        if (separator := _SEPARATOR_LINE(first.text)) is not None:
            self.delimiter = separator[1]
            return
        while first is not None and first.whole and not first.text.strip():
            first = next(self._lines, None)
        if first is not None:
            self._given_back.append(first)
            self.delimiter = max(_DELIMITERS, key=_QUOTED.sub("", first.text).count)

    def __iter__(self) -> Iterator[RawRow]:
        while (line := self._next()) is not None:
            if not line.whole:
                yield BrokenRow(line.number, 1, (), f"the line is longer than {MAX_CHARACTERS:,} characters")
            elif '"' in line.text:
                yield self._quoted(line)
            else:
                yield Row(line.number, line.text.split(self.delimiter))

    def _next(self) -> Line | None:
        return self._given_back.popleft() if self._given_back else next(self._lines, None)

    def _quoted(self, first: Line) -> RawRow:
        try:
            return Row(first.number, _cells(first.text, self.delimiter))
        except _StrayQuoteError as error:
            return self._broken(first, error.at, str(error))
        except _UnclosedQuoteError as error:
            return self._over_lines(first, error.at)

    def _over_lines(self, first: Line, opened_at: int) -> RawRow:
        text, taken = first.text, list[Line]()
        while len(taken) < MAX_LINES and len(text) <= MAX_CHARACTERS and (line := self._next()) is not None:
            taken.append(line)
            if not line.whole:
                break
            text = f"{text}\n{line.text}"
            if '"' not in line.text:
                continue
            try:
                cells = _cells(text, self.delimiter)
            except _UnclosedQuoteError:
                continue
            except _StrayQuoteError:
                break
            if any(self._alone(line.text) for line in taken):
                break
            return Row(first.number, cells)
        self._given_back.extendleft(reversed(taken))
        return self._broken(first, opened_at, "a quote begins a cell here and is not closed as it should be")

    def _alone(self, text: str) -> bool:
        try:
            return self.seems_row(_cells(text, self.delimiter))
        except (_StrayQuoteError, _UnclosedQuoteError):
            return False

    def _broken(self, line: Line, at: int, reason: str) -> BrokenRow:
        return BrokenRow(line.number, at + 1, line.text.split(self.delimiter), reason)


def _cells(text: str, delimiter: str) -> list[str]:
    """The cells of one row. Raises _StrayQuoteError, _UnclosedQuoteError."""
    cells, at, end = list[str](), 0, len(text)
    while True:
        opening = _after_spaces(text, at, delimiter)
        formula = text.startswith('="', opening)
        if formula or text.startswith('"', opening):
            cell, at = _quoted_cell(text, opening, opening + 1 + formula)
            at = _after_spaces(text, at, delimiter)
            if at < end and text[at] != delimiter:
                raise _StrayQuoteError(at, "something follows the quote that closes a cell; a quote within is doubled")
        else:
            until = text.find(delimiter, at)
            until = end if until < 0 else until
            cell = text[at:until]
            if (stray := cell.find('"')) >= 0:
                raise _StrayQuoteError(
                    at + stray, "a quote within a cell that does not begin with one; quote the cell, and double it"
                )
            at = until
        cells.append(cell)
        if at >= end:
            return cells
        at += 1


def _quoted_cell(text: str, opening: int, at: int) -> tuple[str, int]:
    """What is between the quotes, and the place behind them."""
    parts = []
    while True:
        closing = text.find('"', at)
        if closing < 0:
            raise _UnclosedQuoteError(opening)
        if not text.startswith('"', closing + 1):
            parts.append(text[at:closing])
            return "".join(parts), closing + 1
        parts.append(text[at : closing + 1])
        at = closing + 2


def _after_spaces(text: str, at: int, delimiter: str) -> int:
    while text.startswith(" ", at) and delimiter != " ":
        at += 1
    return at
