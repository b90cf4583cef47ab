"""Copies of an SQLite store: made while a server uses it, and put back in its place.

Decides that no copy is half there, unchecked or readable by others, and in which order files change places, so that
power loss at any moment leaves one whole store. It must not know who asks.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from trunkcall.domain.errors import StoreDamagedError, StoreUnavailableError
from trunkcall.domain.instants import SECOND
from trunkcall.storage.ports.maintenance import (
    BackupExistsError,
    BackupPlaceError,
    Restored,
    StoreInUseError,
    StoreReport,
)
from trunkcall.storage.sqlite.check import check_store, index_of, log_of, reading
from trunkcall.storage.sqlite.faults import FAILURES, Fault, fault_of
from trunkcall.storage.sqlite.schema import connect
from trunkcall.storage.sqlite.statements import QUERIES, fetch_all

_PAGES: Final = 1024
"""Copied at a time. The copier reads from one view of the store throughout; a server beside it neither waits for it nor
makes it begin anew."""


def back_up(path: Path, target: Path, *, unused: bool, force: bool) -> StoreReport:
    """Copy the store as of now to a file that stands for itself, and check the copy. It gets its name last."""
    if target.is_dir():
        raise BackupPlaceError(f"{target} is a directory. Name a file in it for the backup.")
    if not target.parent.is_dir():
        raise BackupPlaceError(f"There is no directory {target.parent} for the backup. Make it first, or name another.")
    target = Path(os.path.realpath(target))  # a link stays one
    if target.exists():
        if not target.is_file():
            raise BackupPlaceError(f"{target} is no regular file. Name one for the backup.")
        if target.samefile(path):
            raise BackupExistsError("This is the store itself. Choose another file.")
        if not force:
            raise BackupExistsError(
                f"There is a file {target} already. Choose another name, or overwrite it with --force."
            )
    part = target.with_name(target.name + ".part")
    with _cleared(part):
        report = _copy(path, part, unused=unused)
        _sync(part)
        if target.exists() and not force:
            raise BackupExistsError
        part.replace(target)
        _sync(target.parent)
    return report


def restore(path: Path, backup: Path, *, name_of_former: str, pause: bool) -> Restored:
    """Put a backup in the store's place. No server may have it open, and none may begin to.

    The backup is copied, checked and changed beside the store, so that nothing is touched before all is well.
    """
    if not backup.is_file():
        raise StoreUnavailableError(f"There is no file {backup}. Name one that `trunkcall db backup` made.")
    if path.exists() and backup.samefile(path):
        raise StoreInUseError("This is the store itself. Choose a backup.")
    part = path.with_name(path.name + ".part")
    with _cleared(part):
        report = _copy(backup, part, unused=True)
        paused, waiting = _prepare(part, pause=pause)
        _sync(part)
        aside = _set_aside(path, path.with_name(name_of_former))
        part.replace(path)
        _sync(path.parent)
    return Restored(report, paused, waiting, aside)


@contextmanager
def _cleared(part: Path) -> Iterator[None]:
    """An unfinished copy is there neither before nor after. Raises StoreUnavailableError for what the disk refuses."""
    files = (part, part.with_name(part.name + "-journal"))
    try:
        for file in files:
            file.unlink(missing_ok=True)
        yield
    except (*FAILURES, OSError) as error:
        reason = fault_of(error, part).value
        raise StoreUnavailableError(f"{part} cannot be written. {reason}") from error
    finally:
        for file in files:
            with suppress(OSError):
                file.unlink(missing_ok=True)


def _copy(source: Path, part: Path, *, unused: bool) -> StoreReport:
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    with reading(source, unused=unused) as connection, closing(sqlite3.connect(part, isolation_level=None)) as target:
        target.execute("PRAGMA synchronous = OFF")
        connection.backup(target, pages=_PAGES)
        # Otherwise a reader would leave a log beside the copy.
        target.execute("PRAGMA journal_mode = DELETE")
    report = check_store(part, unused=True)
    if not report.sound:
        raise StoreDamagedError(
            f"{source} is damaged, so it was not copied. `trunkcall db check` tells where a store is damaged."
        )
    return report


def _prepare(part: Path, *, pause: bool) -> tuple[int, int]:
    """Make the copy a store to go on with; how many campaigns were paused, how many requests wait."""
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        paused = 0
        if pause:
            connection.execute(QUERIES["next_campaign_version"])
            paused = connection.execute(QUERIES["pause_running"]).rowcount
        connection.execute(QUERIES["void_leases"])
        (row,) = fetch_all(connection, "waiting_to_be_dialed", {})
        connection.execute("COMMIT")
    return paused, int(row.waiting)


def _set_aside(path: Path, aside: Path) -> Path | None:
    """Give the former store another name and leave nothing of its log behind, which SQLite would apply to the new one.

    Until the new store takes its name, the former keeps its own too: a link is made, nothing is moved.
    """
    log, index = log_of(path), index_of(path)
    if not path.exists():
        aside = log_of(aside)
        if log.exists():
            log.rename(aside)
        index.unlink(missing_ok=True)
        return None
    if _merge_log(path) and log.exists():
        raise StoreInUseError
    os.link(path, aside)
    if log.exists():
        # It could not be written back: the former store is damaged, and only whole together with its log.
        os.link(log, log_of(aside))
    _sync(path.parent)
    log.unlink(missing_ok=True)
    index.unlink(missing_ok=True)
    _sync(path.parent)
    return aside


def _merge_log(path: Path) -> bool:
    """Have SQLite write the log back: the last user of a file does so and removes it. False where it is unable to."""
    try:
        with closing(connect(path, SECOND, read_only=False)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except FAILURES as error:
        return fault_of(error, path) is Fault.BUSY
    return True


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
