"""What an SQLite store does beside its writer and its reader: long reads, and dropping the log.

Decides that each has a connection of its own, on the calling thread. It must not know what is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from trunkcall.domain.contact import ContactRecord
from trunkcall.storage.sqlite.faults import FAILURES, Troubles, to_error
from trunkcall.storage.sqlite.operations.quarantine import sound_of_records
from trunkcall.storage.sqlite.statements import Row, fetch_all


class Beside:
    """Connections that are made for one thing and closed after it."""

    def __init__(
        self,
        connect_to_read: Callable[[], sqlite3.Connection],
        connect_to_write: Callable[[], sqlite3.Connection],
        troubles: Troubles,
    ) -> None:
        self._connect_to_read = connect_to_read
        self._connect_to_write = connect_to_write
        self._troubles = troubles

    def rows(self, query: str, /, **parameters: Any) -> list[Row]:
        """All rows of a long read."""
        try:
            with closing(self._connect_to_read()) as connection:
                return fetch_all(connection, query, parameters)
        except FAILURES as error:
            raise to_error(self._troubles.read_failed(error), error) from error

    def records(
        self, after_sequence: int, campaign_id: str | None, instance_id: str | None, limit: int
    ) -> tuple[Sequence[ContactRecord], int, int | None]:
        """The next records, how many contacts beside them are damaged, and the last of all; None if there is none."""
        # A connection for each chunk costs little beside the chunk, and an export left half-way holds nothing.
        found = self.rows(
            "contact_records",
            after_sequence=after_sequence,
            campaign_id=campaign_id,
            instance_id=instance_id,
            limit=limit,
        )
        records, damaged = sound_of_records(found)
        return records, len(damaged), found[-1].sequence if found else None

    def drop_log(self) -> None:
        """What was overwritten must not live on in the write-ahead log."""
        try:
            with closing(self._connect_to_write()) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except FAILURES as error:
            raise to_error(self._troubles.write_failed(error), error) from error
