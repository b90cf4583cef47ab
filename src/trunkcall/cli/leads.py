"""Lead lists: rows of a CSV file as dial requests, in constant memory.

Decides which column means what, which rows cannot be submitted and why, and the client token of a row. Tokens are a
function of the row and its number, so that a list loaded twice into one campaign dials nobody twice.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from trunkcall.domain.contact import UNANSWERED_DISPOSITIONS
from trunkcall.domain.errors import TrunkcallError
from trunkcall.service.numbers import NotDialableError, to_e164

IDENTITY_COLUMN = "client_token"
_ATTRIBUTE_KEY = re.compile(r"[^a-zA-Z0-9_-]+")
_TOKEN = re.compile(r"[a-zA-Z0-9_.-]{1,200}")


class LeadListError(TrunkcallError):
    """The lead list cannot be read."""


@dataclass(frozen=True, slots=True)
class Lead:
    """One row. ``cells`` is the row as it stands in the file, for the file of rejected rows."""

    cells: tuple[str, ...]
    client_token: str
    phone_number: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be submitted."""

    cells: tuple[str, ...]
    reason: str


class LeadList:
    """A CSV file with a header. Iterate over it once; ``position`` is how many bytes have been read, of ``size``."""

    def __init__(self, path: Path, phone_column: str) -> None:
        self.path = path
        self.position = 0
        try:
            self.size = path.stat().st_size
            with path.open(encoding="utf-8-sig", newline="") as file:
                first_line = file.readline()
        except OSError as error:
            raise LeadListError(f"The lead list {path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise LeadListError(f"The lead list {path} is not UTF-8. Save it as UTF-8 and load it again.") from error
        self._delimiter = max(",;\t", key=first_line.count)
        self.columns = tuple(next(csv.reader([first_line], delimiter=self._delimiter), ()))
        if phone_column not in self.columns:
            raise LeadListError(
                f"The lead list {path} has no column {phone_column!r}. Its columns are: "
                f"{', '.join(self.columns) or 'none'}. Name the right one with --phone-column."
            )
        self._phone_column = phone_column

    def __iter__(self) -> Iterator[Lead | BadRow]:
        with self.path.open("rb") as raw:
            reader = csv.reader(self._lines(raw), delimiter=self._delimiter)
            next(reader, None)
            try:
                for number, cells in enumerate(reader, 2):
                    if cells:
                        yield self._row(number, tuple(cells))
            except csv.Error as error:
                raise LeadListError(
                    f"The lead list {self.path} is not CSV at line {reader.line_num}: {error}."
                ) from error

    def _lines(self, raw: Iterator[bytes]) -> Iterator[str]:
        for number, line in enumerate(raw, 1):
            self.position += len(line)
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise LeadListError(f"The lead list {self.path} is not UTF-8 at line {number}.") from error

    def _row(self, number: int, cells: tuple[str, ...]) -> Lead | BadRow:
        if len(cells) != len(self.columns):
            return BadRow(cells, f"the row has {len(cells)} cells, the header {len(self.columns)}")
        row = dict(zip(self.columns, cells, strict=True))
        try:
            phone_number = to_e164(row.pop(self._phone_column).strip().replace(" ", ""))
        except NotDialableError as error:
            return BadRow(cells, str(error))
        token = row.pop(IDENTITY_COLUMN, "") or _row_token(number, cells)
        if not _TOKEN.fullmatch(token):
            return BadRow(cells, f"{IDENTITY_COLUMN} may have letters, digits, _ - and . only, at most 200")
        attributes = {_ATTRIBUTE_KEY.sub("_", name): value for name, value in row.items() if name and value}
        return Lead(cells, token, phone_number, attributes)


class RetryList:
    """The unanswered contacts of an export (jsonl), to be submitted again with new tokens.

    A contact that reached somebody, or that is not over, is passed over. The new token is a function of the contact's
    id, so that a retry given twice dials nobody twice.
    """

    columns = ("ContactId", "phone")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = 0
        try:
            self.size = path.stat().st_size
        except OSError as error:
            raise LeadListError(f"The export {path} cannot be read: {error.strerror}.") from error

    def __iter__(self) -> Iterator[Lead | BadRow]:
        with self.path.open("rb") as raw:
            for number, line in enumerate(raw, 1):
                self.position += len(line)
                try:
                    record = json.loads(line)
                    disposition, contact_id = record["Disposition"], record["ContactId"]
                    phone_number, attributes = record["CustomerEndpoint"]["Address"], record["Attributes"]
                except (ValueError, KeyError, TypeError) as error:
                    raise LeadListError(
                        f"Line {number} of {self.path} is no contact record. "
                        "Give a file that `trunkcall export contacts --format jsonl` wrote."
                    ) from error
                if disposition in UNANSWERED_DISPOSITIONS:
                    token = "retry-" + blake2b(contact_id.encode(), digest_size=16).hexdigest()
                    yield Lead((contact_id, phone_number), token, phone_number, attributes)


def _row_token(number: int, cells: tuple[str, ...]) -> str:
    digest = blake2b("\x1f".join(cells).encode(), digest_size=12).hexdigest()
    return f"row-{number}-{digest}"
