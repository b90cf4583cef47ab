"""Records as a table: which columns there are, and how a cell looks in CSV.

Decides that each attribute has a column of its own, in the list's order, and what a spreadsheet must not take for a
formula. It must not know where records come from or go to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from trunkcall.aws.contact_records import ATTRIBUTES, COLUMNS, Kind, Record, cell
from trunkcall.domain.errors import TrunkcallError

MAX_ATTRIBUTES = 1_000
"""Most attributes that get a column each."""

# A spreadsheet set to Japanese takes the wide forms for the same.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


class TooManyAttributesError(TrunkcallError):
    """The records have too many different attributes for a column each."""


class StoreChangedError(TrunkcallError):
    """The store was changed while it was exported: a record has an attribute that it had not before. Export again."""


class AttributeNames:
    """The names of the attributes of many records, in the order of their lists: a name that some rows lack stands where
    the others have it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._known: set[str] = set()

    def see(self, attributes: Iterable[str]) -> None:
        """One record's names, in its order. Raises TooManyAttributesError."""
        row = list(attributes)
        if self._known.issuperset(row):
            return
        for position, name in enumerate(row):
            if name in self._known:
                continue
            if len(self.names) == MAX_ATTRIBUTES:
                raise TooManyAttributesError(
                    f"The records have more than {MAX_ATTRIBUTES:,} different attributes, too many for a column each. "
                    "Write them into one column with --attributes json, or choose --format jsonl."
                )
            if position:
                place = self.names.index(row[position - 1]) + 1
            else:
                following = (self.names.index(later) for later in row[1:] if later in self._known)
                place = next(following, len(self.names))
            self.names.insert(place, name)
            self._known.add(name)


class Table:
    """The columns of an export. ``attributes`` are the names that get a column each; None puts all of them, as JSON,
    into one column."""

    def __init__(self, attributes: Iterable[str] | None) -> None:
        self._names = tuple(attributes) if attributes is not None else None
        self._known = frozenset(self._names or ())

    @property
    def columns(self) -> Mapping[str, Kind]:
        """Every column's name, in order, and what it holds. No attribute has the name of another column."""
        names = (ATTRIBUTES,) if self._names is None else (f"{ATTRIBUTES}.{name}" for name in self._names)
        return {**COLUMNS, **dict.fromkeys(names, Kind.TEXT)}

    def row(self, record: Record) -> Iterator[Any]:
        """A record's cells in the order of the columns; what there is not is None. Raises StoreChangedError."""
        for column in COLUMNS:
            yield cell(record, column)
        attributes: Mapping[str, str] = record[ATTRIBUTES]
        if self._names is None:
            yield msgspec.json.encode(attributes).decode()
            return
        if not self._known.issuperset(attributes):
            raise StoreChangedError
        for name in self._names:
            yield attributes.get(name)


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe before it, a plain
    number or phone number does not. One apostrophe less, of a text that begins with apostrophes and one of = + - @ (or
    their wide forms), tab, return or line feed, gives the text back."""
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return "'" + value
    return value
