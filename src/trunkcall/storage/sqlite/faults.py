"""What is wrong when SQLite fails, in words, and who is told.

Decides which fault an error of SQLite stands for, and that the log hears of each kind once a minute. It must not know
what was asked of the database, and repeats nothing of it: SQLite's own messages may quote values.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import time
from enum import StrEnum
from pathlib import Path
from typing import Final

from trunkcall.domain.clock import Seconds
from trunkcall.domain.errors import StoreDamagedError, StoreUnavailableError
from trunkcall.domain.seldom import Seldom

log = logging.getLogger(__name__)

FAILURES: Final = (sqlite3.Error, UnicodeDecodeError, MemoryError)
"""What calls of SQLite raise. Python decodes SQLite's messages, and those about a damaged schema quote its bytes."""


class Fault(StrEnum):
    """A kind of trouble, in words for whoever runs the server."""

    FULL = "The disk is full."
    READ_ONLY = "The file system of the store is read-only."
    DISK_ERROR = "The disk reports errors."
    DAMAGED = "The store file is damaged: run `trunkcall db check`."
    BUSY = "Another process holds the store."
    UNREACHABLE = "The store file cannot be opened."
    NO_MEMORY = "There is no memory left."
    UNKNOWN = "The store fails for a reason of its own."


_BY_CODE: Final = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_IOERR: Fault.DISK_ERROR,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_PROTOCOL: Fault.BUSY,
    sqlite3.SQLITE_CANTOPEN: Fault.UNREACHABLE,
    sqlite3.SQLITE_PERM: Fault.UNREACHABLE,
    sqlite3.SQLITE_NOMEM: Fault.NO_MEMORY,
}
_BY_ERRNO: Final = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EROFS: Fault.READ_ONLY,
    errno.EIO: Fault.DISK_ERROR,
}


def fault_of(error: BaseException, path: Path) -> Fault:
    """The kind of an error that was met on the store at this path."""
    if isinstance(error, MemoryError):
        return Fault.NO_MEMORY
    if isinstance(error, StoreDamagedError | UnicodeDecodeError):
        return Fault.DAMAGED
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, Fault.UNREACHABLE)
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Python, not SQLite, finds out that a text is none.
        return Fault.DAMAGED if "UTF-8" in str(error) else Fault.UNKNOWN
    if code & 0xFF == sqlite3.SQLITE_ERROR:
        # Every statement fits the schema, so what it names can only be missing from a file that lost it.
        return Fault.DAMAGED if str(error).startswith(("no such", "malformed")) else Fault.UNKNOWN
    fault = _BY_CODE.get(code & 0xFF, Fault.UNKNOWN)
    if fault in (Fault.DISK_ERROR, Fault.UNREACHABLE):
        return _seen_from_outside(path) or fault
    return fault


def _seen_from_outside(path: Path) -> Fault | None:
    """What the file system itself says. SQLite tells full and read-only ones from broken ones in some places only."""
    try:
        told = os.statvfs(path.parent)
    except OSError:
        return None
    if told.f_flag & os.ST_RDONLY:
        return Fault.READ_ONLY
    return Fault.FULL if not told.f_bavail else None


def to_error(fault: Fault, cause: BaseException) -> StoreUnavailableError:
    """The error that a caller gets."""
    error: StoreUnavailableError
    if fault is Fault.DAMAGED:
        error = StoreDamagedError()
    else:
        error = StoreUnavailableError(f"{fault.value} Nothing that was accepted is lost; try again shortly.")
    error.__cause__ = cause
    return error


class Troubles:
    """What is wrong with one store at the moment. Told by the writer's thread and by the event loop's.

    Damage stays until the process ends: that something else can be read or written does not mend it.
    """

    def __init__(self, path: Path, monotonic: Seconds = time.monotonic) -> None:
        self._path = path
        self._seldom: Seldom[Fault] = Seldom(monotonic)
        self._logged = False
        self.writing: Fault | None = None
        self.reading: Fault | None = None
        self._damaged = False

    @property
    def words(self) -> str | None:
        """For /health; None while all is well."""
        if self._damaged:
            return Fault.DAMAGED.value
        fault = self.writing or self.reading
        return fault.value if fault is not None else None

    @property
    def damaged(self) -> bool:
        """Whether damage was met since the process began, and not mended."""
        return self._damaged

    def damage_mended(self) -> None:
        """What was damaged has been made anew."""
        self._damaged = False

    def write_failed(self, error: BaseException) -> Fault:
        """A transaction came to nothing, or may have."""
        self.writing = self._failed(error)
        return self.writing

    def read_failed(self, error: BaseException) -> Fault:
        """Something could not be read."""
        self.reading = self._failed(error)
        return self.reading

    def writes_work(self) -> None:
        """Something was written, and is durable."""
        self.writing = None
        self._mended()

    def reads_work(self) -> None:
        """Something was read."""
        self.reading = None
        self._mended()

    def _failed(self, error: BaseException) -> Fault:
        fault = fault_of(error, self._path)
        self._damaged = self._damaged or fault is Fault.DAMAGED
        if self._seldom.happened(fault):
            self._logged = True
            name = getattr(error, "sqlite_errorname", None) or type(error).__name__
            log.error("the store fails", extra={"why": fault.value, "error": name})
        return fault

    def _mended(self) -> None:
        # A disk that fails every other time must not fill the log either.
        if self._logged and self.writing is None and self.reading is None:
            self._logged = False
            log.info("the store works again")
