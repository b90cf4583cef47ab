"""Where a list comes from, read once and in constant memory: a file, a pipe, or standard input.

Decides the encoding, and what a line is. It must not know what a list looks like.
"""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trunkcall.cli.lists.rows import LeadListError, WrongEncodingError
from trunkcall.domain.errors import InvalidInputError

STANDARD_INPUT = Path("-")
MAX_CHARACTERS = 1_048_576
"""Of one line. A row has at most 32 KiB of attributes, and what else is in it is not sent."""

_CHUNK = 65_536
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHER_KINDS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls). Save it as XLSX or CSV"),
    (b"\x1f\x8b", "compressed with gzip. Give `gunzip -c FILE | trunkcall load -`"),
    (b"%PDF", "a PDF. Export the list as CSV or XLSX"),
)
_NO_TEXT = frozenset({"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf-7"})
_FOREIGN = "cp1252 (Windows), latin-1, utf-16"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. ``whole`` is false if it was longer than MAX_CHARACTERS and is left out."""

    number: int
    text: str
    whole: bool = True


class Source:
    """The bytes of a list. ``position`` is how many have been read, of ``size``; a pipe's size is not known."""

    def __init__(self, path: Path) -> None:
        self.name = "stdin" if path == STANDARD_INPUT else path.name
        self.size: int | None = None
        self.position = 0
        self.is_file = False
        self.path = path
        self._given_back = b""
        try:
            self._file: BinaryIO = sys.stdin.buffer if path == STANDARD_INPUT else path.open("rb")
            if path != STANDARD_INPUT and path.is_file():
                self.is_file, self.size = True, path.stat().st_size
            # A pipe may give fewer bytes than there will be.
            while len(self._given_back) < len(codecs.BOM_UTF32_BE) and (more := self._read()):
                self._given_back += more
        except OSError as error:
            raise self.unreadable(error) from error

    def is_plain(self, encoding: str | None) -> bool:
        """Whether it is UTF-8 without a byte order mark, unless ``encoding`` or the mark says otherwise."""
        return encoding in (None, "utf-8") and not any(self.head.startswith(bom) for bom, _ in _BOMS)

    @property
    def head(self) -> bytes:
        """How it begins: what its kind can be told by."""
        return self._given_back

    def unreadable(self, error: OSError) -> LeadListError:
        """The error for whoever named it."""
        return LeadListError(f"The lead list {self.path} cannot be read: {error.strerror or error}.")

    def chunks(self) -> Iterator[bytes]:
        """All of it, once; closes it. Raises LeadListError."""
        chunk, self._given_back = self._given_back, b""
        try:
            while chunk:
                yield chunk
                chunk = self._read()
        except OSError as error:
            raise self.unreadable(error) from error
        finally:
            self.close()

    def close(self) -> None:
        """Let go of a file that is not read to its end."""
        if self.path != STANDARD_INPUT:
            self._file.close()

    def _read(self) -> bytes:
        read: bytes = self._file.read1(_CHUNK) if isinstance(self._file, io.BufferedReader) else self._file.read(_CHUNK)
        self.position += len(read)
        return read


def encoding_of(name: str) -> str:
    """An encoding of ``--encoding``. Raises InvalidInputError."""
    try:
        known = codecs.lookup(name).name
        "".encode(known)
    except (LookupError, UnicodeError, ValueError):
        known = "undefined"
    if known in _NO_TEXT:
        raise InvalidInputError(f"{name!r} is no encoding that lists are written in. Usual ones are {_FOREIGN}.")
    return known


def lines(source: Source, encoding: str | None) -> Iterator[Line]:
    """The text in lines, which end with LF, CR LF or CR. A byte order mark tells the encoding for certain; else it is
    ``encoding``, or UTF-8. Raises LeadListError."""
    for magic, kind in _OTHER_KINDS:
        if source.head.startswith(magic):
            raise LeadListError(f"The lead list {source.path} is {kind}.")
    marked = next(((bom, name) for bom, name in _BOMS if source.head.startswith(bom)), None)
    bom, name = marked or (b"", encoding or "utf-8")
    if name in ("utf-8", "utf-8-sig") and source.head.count(0) > len(source.head) // 4:
        raise WrongEncodingError(
            f"The lead list {source.path} is not UTF-8: it seems to be UTF-16. Give --encoding utf-16."
        )
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(name)(), translate=True)
    number, pending, whole = 1, "", True
    for chunk in _and_end(source.chunks()):
        try:
            text = decoder.decode(chunk[len(bom) :] if bom else chunk, final=not chunk)
        except UnicodeError as error:
            raise _undecodable(source, name, number, error) from error
        bom = b""
        first, *rest = text.split("\n")
        pending = pending + first if whole else ""
        for following in rest:
            whole = whole and len(pending) <= MAX_CHARACTERS
            yield Line(number, pending if whole else "", whole)
            number, pending, whole = number + 1, following, True
        if len(pending) > MAX_CHARACTERS:
            pending, whole = "", False
    if pending or not whole:
        yield Line(number, pending, whole)


def _and_end(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield from chunks
    yield b""


def _undecodable(source: Source, name: str, number: int, error: UnicodeError) -> WrongEncodingError:
    if isinstance(error, UnicodeDecodeError):
        before = error.object[: error.start].decode(name, "replace")
        number += before.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    if name in ("utf-8", "utf-8-sig"):
        return WrongEncodingError(
            f"The lead list {source.path} is not UTF-8 at line {number}. Give --encoding with what it was saved in "
            f"({_FOREIGN}), or save it as UTF-8."
        )
    return WrongEncodingError(f"The lead list {source.path} is not {name} at line {number}. Give another --encoding.")
