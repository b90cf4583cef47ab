"""The connection for point reads of an SQLite store.

Decides what becomes of it after a fault. It must not know what is read.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from trunkcall.storage.sqlite.faults import FAILURES, Fault, Troubles, to_error
from trunkcall.storage.sqlite.statements import Row, fetch_all


class Reader:
    """Reads in autocommit: each sees the newest commit and holds nothing. Used by one thread."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], troubles: Troubles) -> None:
        self._connect = connect
        self._connection = connect()
        self._troubles = troubles

    def rows(self, query: str, parameters: Mapping[str, Any]) -> list[Row]:
        """All rows. Raises StoreUnavailableError."""
        try:
            found = fetch_all(self._connection, query, parameters)
        except FAILURES as error:
            fault = self._troubles.read_failed(error)
            if fault is not Fault.BUSY:
                self._reopen()
            raise to_error(fault, error) from error
        if self._troubles.reading is not None:
            self._troubles.reads_work()
        return found

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _reopen(self) -> None:
        """Go on with a connection that has cached nothing. The old one is closed last: the index of the write-ahead log
        goes with its last user, and without it SQLite would take for committed what a failed sync has left there."""
        with contextlib.suppress(*FAILURES):
            fresh = self._connect()
            self.close()
            self._connection = fresh
