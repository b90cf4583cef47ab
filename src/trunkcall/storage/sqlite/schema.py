"""Connections to the SQLite store and its schema version.

Decides how a store's file is created, opened, checked and migrated. It must not know what the rows mean.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from trunkcall.domain.errors import SchemaMismatchError
from trunkcall.domain.instants import MILLISECOND, SECOND, Duration

_SQL = files("trunkcall.storage") / "sql" / "sqlite"

_PIECE: Final = 1 << 20
APPLICATION_ID: Final = 0x54524B43
"""``TRKC`` in the file's header: tells a store of ours from any other SQLite file."""


_FOREIGN = (
    "The file is not a store of Trunkcall, or it is damaged beyond recognition. Choose another data directory, move "
    "the file away, or restore a backup with `trunkcall db restore`."
)


def _read_migrations() -> Sequence[str]:
    paths = sorted(
        (path for path in (_SQL / "migrations").iterdir() if path.name.endswith(".sql")), key=lambda p: p.name
    )
    for number, path in enumerate(paths, start=1):
        if not path.name.startswith(f"{number:04}_"):
            raise ValueError(f"the migration {path.name} is not number {number}")
    return tuple(path.read_text("utf-8") for path in paths)


SCHEMA: Final = (_SQL / "schema.sql").read_text("utf-8")
MIGRATIONS: Final = _read_migrations()
"""Migration n leads from schema version n - 1 to n."""


def create_file(path: Path) -> None:
    """Make sure that the file exists. A new one is readable by its owner alone, and so are the -wal and -shm files
    beside it: SQLite gives them the mode of the database."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    # Without this the name of the file may not survive power loss, though its contents would.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def connect(path: Path, busy_timeout: Duration, *, read_only: bool) -> sqlite3.Connection:
    """A connection in autocommit. It may be handed to another thread, but is used by one at a time."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    try:
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout // MILLISECOND}")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA cache_size = -16384")
            return connection
        _use_write_ahead_log(connection, busy_timeout)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # What `trunkcall forget` erases must be gone from the file, not merely unlinked.
        connection.execute("PRAGMA secure_delete = FAST")
        # Random client tokens touch most pages of their index; a longer log writes each of them back less often.
        connection.execute("PRAGMA wal_autocheckpoint = 8000")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA cache_size = -65536")
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection, busy_timeout: Duration) -> None:
    """Switch a new file to write-ahead logging. SQLite does not wait by itself when another process does the same at
    that moment, whatever the busy timeout says."""
    give_up_s = time.monotonic() + busy_timeout / SECOND
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > give_up_s:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def checked_file(path: Path, busy_timeout: Duration) -> Iterator[None]:
    """Raise SchemaMismatchError, without having changed it, if the file cannot be a store of this version or an older
    one. The file is held open meanwhile: its last user writes the log back, and nobody must before it is settled."""
    try:
        connection = connect(path, busy_timeout, read_only=True)
        with closing(connection):
            version_of(connection)
            yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
            raise SchemaMismatchError(_FOREIGN) from error
        raise


def settle_log(connection: sqlite3.Connection, path: Path) -> None:
    """Write the write-ahead log over itself, and sync it.

    Where a sync failed, the kernel shows what no disk holds. A process that lives on writes over it; one that died has
    left it in the log, and whoever opens the file next takes it for committed and builds on it.
    """
    log = path.with_name(path.name + "-wal")
    with _Transaction(connection):
        if not log.exists():
            return
        file = os.open(log, os.O_RDWR | os.O_CLOEXEC)
        try:
            offset = 0
            while piece := os.pread(file, _PIECE, offset):
                os.pwrite(file, piece, offset)
                offset += len(piece)
            if offset:
                os.fsync(file)
        finally:
            os.close(file)


def structure(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Everything that the file's schema has, by kind and name, without comments and the way lines are broken. What
    SQLite keeps for itself is left out, but for the indexes of constraints."""
    rows = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
    return {
        (kind, name): f"{table} {' '.join(re.sub(r'--.*', '', sql).split())}"
        for kind, name, table, sql in rows
        if not name.startswith("sqlite_") or name.startswith("sqlite_autoindex_")
    }


def structure_of_version(version: int) -> dict[tuple[str, str], str]:
    """What a file of this schema version has."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for migration in MIGRATIONS[:version]:
            connection.executescript(migration)
        return structure(connection)


def ensure_schema(connection: sqlite3.Connection) -> None:
    """Create the schema in an empty file. Raises SchemaMismatchError when the file's is not this version's."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        raise sqlite3.OperationalError("its file system does not support write-ahead logging")
    if version_of(connection) == len(MIGRATIONS):
        return
    with _Transaction(connection):
        version = version_of(connection)
        if version == 0:
            _apply(connection, SCHEMA, len(MIGRATIONS))
        elif version < len(MIGRATIONS):
            raise SchemaMismatchError(
                f"The store has schema version {version}, this Trunkcall needs {len(MIGRATIONS)}. "
                "Stop every process that uses the store, back it up and run `trunkcall db migrate`."
            )


def migrate_schema(connection: sqlite3.Connection) -> None:
    """Bring the file's schema to this version, all of it in one transaction: whoever has it cut short has the store of
    the former version, and that version. An empty file gets the schema."""
    with _Transaction(connection):
        for number in range(version_of(connection) + 1, len(MIGRATIONS) + 1):
            _apply(connection, MIGRATIONS[number - 1], number)


def version_of(connection: sqlite3.Connection) -> int:
    """The file's schema version; 0 for an empty file. Raises SchemaMismatchError if it cannot be used at all."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application_id = int(connection.execute("PRAGMA application_id").fetchone()[0])
    if application_id != APPLICATION_ID:
        if version or connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall():
            raise SchemaMismatchError(_FOREIGN)
        return 0
    if version > len(MIGRATIONS):
        raise SchemaMismatchError(
            f"The store has schema version {version}, this Trunkcall knows up to {len(MIGRATIONS)}. "
            "Upgrade Trunkcall to the version that wrote it, or restore a backup made before that upgrade."
        )
    return version


def _apply(connection: sqlite3.Connection, script: str, version: int) -> None:
    for statement in _statements(script):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK if anything is raised. ``executescript`` would commit too early."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            # Of a disk that is full or fails SQLite has taken it back already.
            self._connection.execute("ROLLBACK")
