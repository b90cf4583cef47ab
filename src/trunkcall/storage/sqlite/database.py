"""An SQLite file, open: one writer thread, one connection for point reads, and others for what takes long.

Decides on which thread a statement runs: what changes something in the writer's, point reads on the event loop's own
(they take microseconds, a thread hop takes longer), long reads in a worker thread. It must not know what is read or
changed.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeVar

from trunkcall.domain.clock import Seconds
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.errors import StoreError, StoreUnavailableError
from trunkcall.domain.instants import Duration, Instant
from trunkcall.storage.disk import Room
from trunkcall.storage.sqlite import schema
from trunkcall.storage.sqlite.beside import Beside
from trunkcall.storage.sqlite.faults import FAILURES, Troubles, fault_of
from trunkcall.storage.sqlite.mending import Mending
from trunkcall.storage.sqlite.reader import Reader
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.writer import Operation, Writer

T = TypeVar("T")

TRUSTED_S: Final = 0.05
"""How long a campaign or a directory that was read is not looked for again. A change through this store ends that at
once."""


class Database:
    """What the verbs of an SQLite store share. ``clock`` is the time of leases; see ``SQLiteStore``."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], Instant],
        monotonic: Seconds,
        busy_timeout: Duration,
        min_free: int,
        sole: bool,
    ) -> None:
        self.clock = clock
        self.monotonic = monotonic
        self._path = path
        self._busy_timeout = busy_timeout
        self._sole = sole
        self._troubles = Troubles(path, monotonic)
        self._beside = Beside(self._connect_to_read, self._connect_to_write, self._troubles)
        self._room = Room(path.parent, min_free, trouble=lambda: self._troubles.words, monotonic=monotonic)
        self._writer: Writer | None = None
        self._reader: Reader | None = None
        self.mending = Mending(self.write, self._troubles)

    async def open(self) -> None:
        """Create or check the schema. Raises SchemaMismatchError when it is newer, needs a migration or is not ours."""
        if self._writer is not None:
            raise StoreError("The store is open already.")
        await asyncio.to_thread(self._prepare, schema.ensure_schema, settle=self._sole)
        self._reader = Reader(self._connect_to_read, self._troubles)
        self._writer = Writer(self._connect_to_write, asyncio.get_running_loop(), self._troubles)

    async def migrate(self) -> None:
        """Bring the file to this version's schema. No process may have the store open meanwhile."""
        if self._writer is not None:
            raise StoreError("Close the store before it is migrated.")
        await asyncio.to_thread(self._prepare, schema.migrate_schema, settle=self._sole)

    async def close(self) -> None:
        """Finish what was begun and let go of every handle. May be called twice."""
        writer, self._writer = self._writer, None
        reader, self._reader = self._reader, None
        if writer is not None:
            await writer.close()
        if reader is not None:
            reader.close()

    @property
    def trouble(self) -> str | None:
        """Why the file cannot be written or read at the moment, in words; None while all is well."""
        return self._troubles.words

    @property
    def refusal(self) -> str | None:
        """Why nothing new is taken, in words; None while it is."""
        return self._room.refusal

    def _prepare(self, step: Callable[[sqlite3.Connection], None], *, settle: bool = False) -> None:
        try:
            schema.create_file(self._path)
            with (
                schema.checked_file(self._path, self._busy_timeout),
                closing(self._connect_to_write()) as connection,
            ):
                if settle:
                    schema.settle_log(connection, self._path)
                step(connection)
        except (*FAILURES, OSError) as error:
            reason = fault_of(error, self._path).value
            raise StoreUnavailableError(f"The store {self._path} cannot be opened. {reason} ({error})") from error

    def _connect_to_read(self) -> sqlite3.Connection:
        return schema.connect(self._path, self._busy_timeout, read_only=True)

    def _connect_to_write(self) -> sqlite3.Connection:
        return schema.connect(self._path, self._busy_timeout, read_only=False)

    # --- how statements get to it -----------------------------------------------------------------------------------

    def require_room(self) -> None:
        """Raises StoreFullError while nothing new is taken."""
        self._room.require()

    async def write(self, operation: Operation[T]) -> T:
        """Carry it out in the writer's thread, in a transaction; when this returns, it is durable."""
        if self._writer is None:
            raise _not_open()
        return await self._writer.submit(operation)

    def rows(self, query: str, /, **parameters: Any) -> list[Row]:
        """All rows of a point read, on this thread. In autocommit each sees the newest commit and holds nothing."""
        if self._reader is None:
            raise _not_open()
        return self._reader.rows(query, parameters)

    def row(self, query: str, /, **parameters: Any) -> Row | None:
        """The first row of a point read, if there is one."""
        if self._reader is None:
            raise _not_open()
        found = self._reader.rows(query, parameters)
        return found[0] if found else None

    async def long_read(self, query: str, /, **parameters: Any) -> list[Row]:
        """All rows of a long read, in a thread of its own."""
        if self._writer is None:
            raise _not_open()
        return await asyncio.to_thread(self._beside.rows, query, **parameters)

    async def drop_log(self) -> None:
        """What was overwritten must not live on in the write-ahead log."""
        await asyncio.to_thread(self._beside.drop_log)

    async def records(
        self, after_sequence: int, campaign_id: str | None, instance_id: str | None, limit: int
    ) -> tuple[Sequence[ContactRecord], int, int | None]:
        """What ``Beside.records`` finds, decoded in that thread."""
        if self._writer is None:
            raise _not_open()
        return await asyncio.to_thread(self._beside.records, after_sequence, campaign_id, instance_id, limit)


def _not_open() -> StoreError:
    return StoreError("The store is not open: it was closed, or `await store.open()` has not been called yet.")


class Part:
    """Some verbs of an SQLite store."""

    def __init__(self, database: Database) -> None:
        self._database = database
