"""Lead lists: rows of a file as dial requests, in constant memory but for a few bytes a row.

Decides which rows can be submitted, why others cannot, and which are the same request once more. A row that the API
would refuse its whole batch for is refused here, alone.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from string import whitespace

from trunkcall.cli.lists.delimited import DelimitedRows
from trunkcall.cli.lists.headers import LOOKED_AT, Columns, read_columns
from trunkcall.cli.lists.phones import LONGER_THAN_A_DATE, read_number, seems_number
from trunkcall.cli.lists.rows import BadRow, BrokenRow, Duplicate, Lead, LeadListError, ListItem, RawRow, Row
from trunkcall.cli.lists.source import Source, lines
from trunkcall.cli.lists.tokens import OWN_TOKEN, Tokens, fingerprint
from trunkcall.cli.lists.workbook import MAGIC, workbook_rows
from trunkcall.service.dial_requests import MAX_ATTRIBUTE_BYTES
from trunkcall.service.numbers import NotDialableError

REJECTED_SUFFIX = ".rejected.csv"
REASON_COLUMNS = ("reason", "rejection_reason")
"""What the last column of a file of rejected rows is called; the second, if the list has the first itself."""
_UNSENDABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]").search
_OTHER_TEXTS = (
    (re.compile(rb"\s*<(?:!doctype|html|head|meta|style|table|\?xml)", re.IGNORECASE), "is HTML or XML"),
    (re.compile(rb'\s*(?:\[\s*)?\{\s*"'), "is JSON"),
    (re.compile(rb"\s*BEGIN:VCARD", re.IGNORECASE), "is a vCard"),
)
"""What is given out as a list, also by programs that call it one of Excel (.xls), and is none."""
_LINE_ENDS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")


class Duplicates(StrEnum):
    """What becomes of a number that a list has more than once."""

    SKIP = "skip"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a list is to be read. ``country`` as ``phones.country_of`` gives it, ``encoding`` as ``source.encoding_of``;
    None leaves each to what the list says of itself."""

    phone_column: str | None = None
    country: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    header: bool = True
    duplicates: Duplicates = Duplicates.SKIP


class LeadList:
    """A list with its header read. Raises LeadListError, when it is made and while it is iterated over."""

    def __init__(self, path: Path, reading: Reading | None = None) -> None:
        self.source = Source(path)
        self._reading = reading = reading or Reading()
        try:
            self._begin(reading)
        except LeadListError:
            self.source.close()
            raise

    def _begin(self, reading: Reading) -> None:
        delimited: DelimitedRows | None = None
        is_workbook = self.source.head.startswith(MAGIC)
        self.is_plain = not is_workbook and self.source.is_plain(reading.encoding)
        """Whether it is UTF-8 without a mark, as tools write it that want none."""
        if is_workbook:
            raw: Iterator[RawRow] = workbook_rows(self.source, reading.sheet)
        else:
            if reading.sheet is not None:
                raise LeadListError(
                    f"The lead list {self.source.path} is no workbook (XLSX), so it has no sheet {reading.sheet!r}."
                )
            head = self.source.head.removeprefix(BOM_UTF8)
            if (kind := next((kind for begins, kind in _OTHER_TEXTS if begins.match(head)), None)) is not None:
                raise LeadListError(
                    f"The lead list {self.source.path} {kind}. Open it with a spreadsheet, and save it as XLSX or CSV."
                    + (" An export is given with --retry-from." if kind == "is JSON" else "")
                )
            delimited = DelimitedRows(lines(self.source, reading.encoding))
            raw = iter(delimited)
        self._rows: Iterator[RawRow] = (row for row in raw if isinstance(row, BrokenRow) or _has_something(row))
        self.columns = self._read_columns()
        self._key_bytes = sum(len(key) for key in self.columns.keys if key is not None)
        if delimited is not None:
            delimited.seems_row = self._seems_row

    @property
    def names(self) -> Sequence[str]:
        """The header, as it stands."""
        return self._header

    def _read_columns(self) -> Columns:
        first = next(self._rows, None)
        match first:
            case None:
                raise LeadListError(f"The lead list {self.source.path} is empty: it has no header line.")
            case BrokenRow():
                raise LeadListError(
                    f"The header of the lead list {self.source.path} cannot be read: {_place(first)}: {first.reason}."
                )
            case Row():
                pass
        header = list(first.cells)
        while self._reading.header and not header[-1].strip():
            header.pop()
        wanted = self._reading.phone_column
        if not self._reading.header:
            self._rows = chain([first], self._rows)
            header = [f"column_{number}" for number in range(1, len(header) + 1)]
            if wanted is not None and wanted.isdigit():
                wanted = f"column_{wanted}"
        elif (
            data := next((at for at, cell in enumerate(header, 1) if seems_number(cell, LONGER_THAN_A_DATE)), None)
        ) is not None:
            raise LeadListError(
                f"The lead list {self.source.path} seems to have no header: its first row has a phone number in column "
                f"{data}. Put a line with the columns' names above it, or give --no-header."
            )
        if self.source.name.endswith(REJECTED_SUFFIX) and header[-1].strip().casefold() in REASON_COLUMNS:
            # The reason was written there by an earlier load.
            header.pop()
            self._rows = (_without(row, len(header)) for row in self._rows)
        self._header = header
        # With a country any ten digits may be a number, so those that are written with + come first.
        ways = [_is_number_of(country) for country in dict.fromkeys((None, self._reading.country))]
        return read_columns(header, wanted, ways, seems_number, self._first_cells)

    def _first_cells(self) -> Sequence[Sequence[str]]:
        first = list(islice(self._rows, LOOKED_AT))
        self._rows = chain(first, self._rows)
        return [row.cells for row in first if isinstance(row, Row)]

    def _seems_row(self, cells: Sequence[str]) -> bool:
        return len(cells) == len(self._header) and seems_number(cells[self.columns.phone])

    def items(self, tokens: Tokens) -> Iterator[ListItem]:
        """Every row once, but for empty ones, as what it is for a campaign."""
        identity = _Identities(tokens, self._reading.duplicates)
        for row in self._rows:
            if isinstance(row, BrokenRow):
                yield BadRow(row.cells, f"{_place(row)}: {row.reason}")
                continue
            try:
                number, own_token, attributes = self._read(row)
                token = identity.token(number, own_token)
            except _BadCellError as error:
                label = "" if error.at is None else f", {self.columns.label(error.at)}"
                yield BadRow(row.cells, f"line {row.line}{label}: {error}")
                continue
            except _OtherPersonError as error:
                assert self.columns.token is not None
                yield BadRow(row.cells, f"line {row.line}, {self.columns.label(self.columns.token)}: {error}")
                continue
            yield Duplicate() if token is None else Lead(row.cells, f"line {row.line}", token, number, attributes)

    def numbers(self) -> Iterator[str | BadRow]:
        """The number of every row, but for empty ones, in E.164. Nothing is kept of any: who is there twice comes
        twice."""
        phone, country = self.columns.phone, self._reading.country
        for row in self._rows:
            if isinstance(row, BrokenRow):
                yield BadRow(row.cells, f"{_place(row)}: {row.reason}")
                continue
            try:
                yield read_number(row.cells[phone] if phone < len(row.cells) else "", country)
            except NotDialableError as error:
                yield BadRow(row.cells, f"line {row.line}, {self.columns.label(phone)}: {error}")

    def _read(self, row: Row) -> tuple[str, str, dict[str, str]]:
        """Number, token of its own ("" for none) and attributes. Raises _BadCellError."""
        columns, cells = self.columns, row.cells
        width = len(columns.names)
        if len(cells) != width:
            if any(cell.strip() for cell in cells[width:]):
                raise _BadCellError(None, f"the row has {len(cells)} cells, the header {width}")
            cells = [*cells[:width], *[""] * (width - len(cells))]
        try:
            number = read_number(cells[columns.phone], self._reading.country)
        except NotDialableError as error:
            raise _BadCellError(columns.phone, str(error)) from None
        token = "" if columns.token is None else cells[columns.token].strip()
        if token and OWN_TOKEN(token) is None:
            raise _BadCellError(columns.token, "a token may have letters, digits, _ - and . only, at most 200")
        attributes = {
            key: cell
            for key, cell in zip(columns.keys, cells, strict=True)
            if key is not None and cell and cell.strip()
        }
        text = "".join(attributes.values())
        if _UNSENDABLE(text) is not None or len(text) * 4 > MAX_ATTRIBUTE_BYTES - self._key_bytes:
            self._refuse_unsendable(cells, attributes)
        return number, token, attributes

    def _refuse_unsendable(self, cells: Sequence[str], attributes: Mapping[str, str]) -> None:
        for at, (key, cell) in enumerate(zip(self.columns.keys, cells, strict=True)):
            if key is not None and (found := _UNSENDABLE(cell)) is not None:
                what = "a line break" if found[0] in _LINE_ENDS else "a control character"
                raise _BadCellError(at, f"{what} cannot be sent (character {found.start() + 1} of the cell)")
        size = sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items())
        if size > MAX_ATTRIBUTE_BYTES:
            longest = max(
                range(len(cells)), key=lambda at: len(cells[at]) if self.columns.keys[at] in attributes else -1
            )
            raise _BadCellError(
                longest,
                f"the cell has {len(cells[longest]):,} characters, and the row {size:,} bytes of attributes: a contact "
                f"may have {MAX_ATTRIBUTE_BYTES:,}",
            )


class _BadCellError(Exception):
    """``at`` is the cell's column, from 0; None for the row as a whole."""

    def __init__(self, at: int | None, reason: str) -> None:
        super().__init__(reason)
        self.at = at


class _OtherPersonError(Exception):
    """the token is that of an earlier row with another number: the second one would never be dialed"""

    def __str__(self) -> str:
        return str(self.__doc__)


class _Identities:
    """Which rows of one list ask for the same. It keeps some hundred bytes for each row."""

    def __init__(self, tokens: Tokens, duplicates: Duplicates) -> None:
        self._tokens = tokens
        self._keep = duplicates is Duplicates.KEEP
        self._numbers: dict[int, int] = {}
        """How often each number came, by its fingerprint."""
        self._owners: dict[int, int] = {}
        """Whose each token of the list's own is."""

    def token(self, number: str, own_token: str) -> str | None:
        """The row's token; None if it asks for what an earlier row asked for. Raises _OtherPersonError."""
        person = fingerprint(number)
        if own_token:
            token = fingerprint(own_token)
            if token not in self._owners:
                self._owners[token] = person
                return own_token
            if self._owners[token] != person:
                raise _OtherPersonError
            return None
        occurrence = self._numbers[person] = self._numbers.get(person, 0) + 1
        return self._tokens.of_number(number, occurrence) if occurrence == 1 or self._keep else None


def _is_number_of(country: str | None) -> Callable[[str], bool]:
    def is_number(cell: str) -> bool:
        try:
            read_number(cell, country)
        except NotDialableError:
            return False
        return True

    return is_number


def _has_something(row: Row) -> bool:
    # Mainframes and DOS fill up, or end a file, with what is no character.
    return bool("".join(row.cells).strip("\0\x1a" + whitespace))


def _place(row: BrokenRow) -> str:
    return f"line {row.line}, character {row.column}"


def _without(row: RawRow, at: int) -> RawRow:
    """A row without its reason. What stands behind that is what was too much: it is so still, unless it was deleted."""
    return Row(row.line, [*row.cells[:at], *row.cells[at + 1 :]]) if isinstance(row, Row) else row
