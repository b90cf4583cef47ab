"""Workbooks (XLSX) into rows, by openpyxl, which is an extra.

Decides how a cell's value is written as text, and how large a workbook may be. It must not know what a column means.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from importlib.util import find_spec
from typing import IO, Any, cast

from trunkcall.cli.lists.rows import LeadListError, Row
from trunkcall.cli.lists.source import Source
from trunkcall.domain.errors import did_you_mean

MAGIC = b"PK\x03\x04"
MAX_BYTES = 512 << 20
"""Of the file."""
MAX_ROWS = 1_048_576
"""Of a sheet: as many as there can be. A damaged one may pretend to have billions."""
MAX_UNPACKED = 4 << 30
"""Of all that is in it. A sheet of a million rows has less than one; it is read as a stream."""
MAX_SHARED = 512 << 20
"""Of the texts that its cells share, which are held in memory."""


def workbook_rows(source: Source, sheet: str | None) -> Iterator[Row]:
    """The rows of a sheet, the first one if none is named. Raises LeadListError."""
    if find_spec("openpyxl") is None:
        raise LeadListError(
            f"The lead list {source.path} is a workbook (XLSX). To read it install openpyxl: "
            "pip install 'trunkcall[xlsx]'. Or save it as CSV."
        )
    with _spooled(source) as file:
        rows = _rows(source, file, sheet)
        while True:
            # openpyxl reads as it goes, and a damaged workbook has it raise whatever it comes upon.
            try:
                row = next(rows, None)
            except LeadListError:
                raise
            except Exception as error:
                raise LeadListError(
                    f"The lead list {source.path} is no workbook that can be read ({type(error).__name__}). Open and "
                    "save it once more as XLSX, or save it as CSV."
                ) from error
            if row is None:
                return
            yield row


@contextmanager
def _spooled(source: Source) -> Iterator[IO[bytes]]:
    """A workbook's directory is at its end, so a pipe is written down first, where nobody else can read it."""
    with tempfile.TemporaryFile() as file:
        for chunk in source.chunks():
            file.write(chunk)
            if file.tell() > MAX_BYTES:
                raise LeadListError(f"The lead list {source.path} is a workbook of more than {MAX_BYTES >> 20} MiB.")
        yield file


def _rows(source: Source, file: IO[bytes], sheet: str | None) -> Iterator[Row]:
    from openpyxl import load_workbook

    with zipfile.ZipFile(file) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
    shared = max((size for name, size in sizes.items() if not name.startswith("xl/worksheets/")), default=0)
    if sum(sizes.values()) > MAX_UNPACKED or shared > MAX_SHARED:
        raise LeadListError(f"The lead list {source.path} is a workbook that is too large unpacked. Save it as CSV.")
    if "[Content_Types].xml" not in sizes or "xl/workbook.bin" in sizes:
        raise LeadListError(
            f"The lead list {source.path} is no XLSX but something else that is packed alike (XLSB, ODS, Numbers, "
            "ZIP). Save it as XLSX or CSV."
        )
    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    sheets = {one.title: one for one in book.worksheets}
    if not sheets:
        raise LeadListError(f"The lead list {source.path} is a workbook without a sheet.")
    title = next(iter(sheets)) if sheet is None else sheet
    if title not in sheets:
        raise LeadListError(
            f"The lead list {source.path} has no sheet {title!r}.{did_you_mean(title, sheets)} Its sheets are: "
            f"{', '.join(sheets)}."
        )
    chosen = cast(Any, sheets[title])
    # What a workbook says of a sheet's size is often wrong.
    chosen.reset_dimensions()
    for number, values in enumerate(chosen.iter_rows(values_only=True), 1):
        if number > MAX_ROWS:
            raise LeadListError(f"The lead list {source.path} is a workbook of more than {MAX_ROWS:,} rows.")
        yield Row(number, [_text(value) for value in values])


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer():
            # Every number of a sheet is a float: 12025550123.0.
            return str(int(value))
        case float():
            # As spreadsheets show it: 0.3, not 0.30000000000000004.
            return f"{value:.15g}"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
