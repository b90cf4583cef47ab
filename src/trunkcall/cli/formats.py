"""The forms of an export: JSON lines, CSV, Excel workbooks and Parquet.

Decides how a record is written in each, in constant memory, and what to say of a library that is not installed. It must
not know which records are exported.
"""

from __future__ import annotations

import codecs
import csv
import importlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Any, BinaryIO, Protocol, assert_never
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec

from trunkcall.aws.contact_records import Kind, Record
from trunkcall.cli.record_tables import Table, harmless
from trunkcall.domain.errors import TrunkcallError

MAX_SHEET_ROWS = 1_048_576
"""Rows of one sheet of a workbook, its header included; Excel's own limit."""
MAX_CELL = 32_767
"""Characters of a cell of a workbook; Excel's own limit, in units of UTF-16."""
ROWS_OF_A_GROUP = 10_000
"""Rows of a Parquet file that are held in memory before they are written."""

_NOT_XML = re.compile("[\x00-\x08\x0b-\x0d\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class Format(StrEnum):
    """Forms of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def binary(self) -> bool:
        """Whether it is nothing for a terminal."""
        return self in (Format.XLSX, Format.PARQUET)

    @staticmethod
    def of(path: PurePath | None) -> Format:
        """The one that a file's name ends in; JSON lines for any other."""
        suffix = path.suffix.lower().removeprefix(".") if path is not None else ""
        return Format(suffix) if suffix in set(Format) else Format.JSONL


class MissingExtraError(TrunkcallError):
    """A library that this format needs is not installed."""


class TableError(TrunkcallError):
    """The records do not fit into a table of this format."""


class RecordWriter(Protocol):
    """Writes records to a file that was opened for it, and never closes it. In the end ``finish`` writes what is left,
    or ``abandon`` lets go of all that would be written later."""

    def write(self, record: Record) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


def require(form: Format) -> None:
    """Raises MissingExtraError if the format's library is not installed."""
    library = {Format.XLSX: "openpyxl", Format.PARQUET: "pyarrow"}.get(form)
    if library is None:
        return
    try:
        importlib.import_module(library)
    except ImportError as error:
        raise MissingExtraError(
            f"--format {form} needs {library}, which is not installed: pip install 'trunkcall[{form}]'. "
            "--format csv needs nothing."
        ) from error


@contextmanager
def writing(
    form: Format, file: BinaryIO, table: Table, *, bom: bool = False, raw: bool = False, sheet_rows: int | None = None
) -> Iterator[RecordWriter]:
    """A writer of records in this form; what it wrote is whole when the block ends well. ``bom`` and ``raw`` are for
    CSV: a byte order mark, and cells as they are even if a spreadsheet takes them for formulas. ``sheet_rows`` is for
    workbooks, MAX_SHEET_ROWS if left out. Raises TableError."""
    writer = _writer_of(form, file, table, bom=bom, raw=raw, sheet_rows=sheet_rows or MAX_SHEET_ROWS)
    try:
        yield writer
        writer.finish()
    except BaseException:
        with suppress(Exception):
            writer.abandon()
        raise


def _writer_of(form: Format, file: BinaryIO, table: Table, *, bom: bool, raw: bool, sheet_rows: int) -> RecordWriter:
    match form:
        case Format.JSONL:
            return _Lines(file)
        case Format.CSV:
            return _Csv(file, table, bom=bom, raw=raw)
        case Format.XLSX:
            return _Workbook(file, table, sheet_rows)
        case Format.PARQUET:
            return _Parquet(file, table)
        case _:
            assert_never(form)


class _Lines:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, record: Record) -> None:
        self._file.write(msgspec.json.encode(record) + b"\n")

    def finish(self) -> None:
        """Nothing is left to be written."""

    def abandon(self) -> None:
        """Nothing is held."""


class _Csv:
    def __init__(self, file: BinaryIO, table: Table, *, bom: bool, raw: bool) -> None:
        if bom:
            file.write(codecs.BOM_UTF8)
        self._table = table
        self._shown: Callable[[Any], Any] = (lambda value: value) if raw else harmless
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow(table.columns)

    def write(self, record: Record) -> None:
        self._writer.writerow(map(self._shown, self._table.row(record)))

    def finish(self) -> None:
        self._text.detach()

    def abandon(self) -> None:
        self._text.detach()


class _Workbook:
    """Sheets that go on where one is full, each with the header."""

    def __init__(self, file: BinaryIO, table: Table, sheet_rows: int) -> None:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell

        self._file, self._table, self._sheet_rows = file, table, sheet_rows
        self._kinds = tuple(table.columns.values())
        self._new_cell = WriteOnlyCell
        self._book = Workbook(write_only=True)
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        number = len(self._book.worksheets) + 1
        self._sheet = self._book.create_sheet("Contacts" if number == 1 else f"Contacts {number}")
        self._sheet.freeze_panes = "A2"
        self._append([self._text(column, column) for column in self._table.columns])
        self._rows = 1

    def write(self, record: Record) -> None:
        if self._rows == self._sheet_rows:
            self._begin_sheet()
        cells = zip(self._table.columns, self._kinds, self._table.row(record), strict=True)
        self._append([self._cell(column, kind, value) for column, kind, value in cells])
        self._rows += 1

    def _append(self, row: list[Any]) -> None:
        with _among_temporary_files():
            self._sheet.append(row)

    def finish(self) -> None:
        from openpyxl.writer.excel import ExcelWriter

        for sheet in self._book.worksheets:
            with _among_temporary_files():
                sheet.close()
        with ZipFile(self._file, "w", ZIP_DEFLATED) as archive:
            ExcelWriter(self._book, archive).save()

    def abandon(self) -> None:
        # Until it is saved, the library has each sheet in a file among the temporary ones, and lets it lie there.
        for sheet in self._book.worksheets:
            with suppress(Exception):
                sheet.close()
            with suppress(Exception):
                sheet._writer.cleanup()

    def _cell(self, column: str, kind: Kind, value: Any) -> Any:
        if value is None or kind in (Kind.WHOLE, Kind.YES_NO):
            return value
        if kind is Kind.TIME:
            # Workbooks have no time zones.
            return datetime.fromisoformat(value).replace(tzinfo=None)
        return self._text(column, value)

    def _text(self, column: str, value: str) -> Any:
        """A text, whatever it looks like, and what XML has no characters for in Excel's own notation."""
        shown = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", value)
        if len(shown) > MAX_CELL or len(shown.encode("utf-16-le", "surrogatepass")) > 2 * MAX_CELL:
            raise TableError(
                f"A cell of column {column} has more than {MAX_CELL:,} characters, which no workbook takes. "
                "Choose --format csv."
            )
        cell = self._new_cell(self._sheet)
        cell.value = shown
        cell.data_type = "s"
        return cell


@contextmanager
def _among_temporary_files() -> Iterator[None]:
    """Where the library writes a sheet. Raises TableError for what the folder of temporary files refuses."""
    try:
        yield
    except OSError as error:
        raise TableError(
            f"The sheet cannot be written to the folder for temporary files: {error.strerror or error}. Name another "
            "in the variable TMPDIR, or choose --format csv, which needs none."
        ) from error


class _Parquet:
    def __init__(self, file: BinaryIO, table: Table) -> None:
        import pyarrow
        import pyarrow.parquet

        self._arrow, self._table = pyarrow, table
        types: Mapping[Kind, Any] = {
            Kind.TEXT: pyarrow.string(),
            Kind.TIME: pyarrow.timestamp("ms", tz="UTC"),
            Kind.WHOLE: pyarrow.int64(),
            Kind.YES_NO: pyarrow.bool_(),
        }
        self._kinds = tuple(table.columns.values())
        self._schema = pyarrow.schema([(name, types[kind]) for name, kind in table.columns.items()])
        self._columns: list[list[Any]] = [[] for _ in self._kinds]
        self._writer = pyarrow.parquet.ParquetWriter(file, self._schema)

    def write(self, record: Record) -> None:
        for column, kind, value in zip(self._columns, self._kinds, self._table.row(record), strict=True):
            column.append(datetime.fromisoformat(value) if kind is Kind.TIME and value is not None else value)
        if len(self._columns[0]) == ROWS_OF_A_GROUP:
            self._write_group()

    def _write_group(self) -> None:
        arrays = [
            self._arrow.array(column, field.type) for column, field in zip(self._columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        for column in self._columns:
            column.clear()

    def finish(self) -> None:
        if self._columns[0]:
            self._write_group()
        self._writer.close()

    def abandon(self) -> None:
        # Otherwise the library writes the end of the file when it is collected.
        self._writer.is_open = False
