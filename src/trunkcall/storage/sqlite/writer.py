"""The one thread that writes to an SQLite store, many operations in each transaction.

Decides how operations share a commit and how they are kept from harming each other. It must not know what they do.

Every operation queued by the time the thread is free goes into one transaction, so that one fsync serves them all.
They run without savepoints first: nearly every operation that fails does so before its first change, and then nothing
needs to be undone. Should one fail midway, the transaction is rolled back and the group run again with a savepoint
around each. An operation may therefore run twice; it keeps no state but the transaction's.

A connection that has met a fault of the disk is not used again: the next group gets a new one, and so goes on by itself
as soon as the disk is well.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeAlias, TypeVar

from trunkcall.domain.errors import RowRefusedError, TrunkcallError
from trunkcall.storage.sqlite.faults import FAILURES, Fault, Troubles, to_error
from trunkcall.storage.sqlite.transaction import NotTogetherError, Together, WriteTransaction

T = TypeVar("T")

Operation: TypeAlias = Callable[[WriteTransaction], T]
"""Something to do inside a write transaction. What it raises reaches its caller; its changes are undone."""

MAX_GROUP: Final = 512
"""The most operations that share a commit: a bound on how long the first of them waits."""

_REFUSED = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
)
"""What SQLite raises about one operation. All else it raises is about the database, and so about the whole group."""


@dataclass(frozen=True, slots=True)
class _Job:
    operation: Operation[Any]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: BaseException | None = None


class _FailedMidwayError(Exception):
    """An operation failed after it had changed something: the group is run again with savepoints."""


class Writer:
    """Runs operations in the order of their submission and answers each once it is durable."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], loop: asyncio.AbstractEventLoop, troubles: Troubles
    ) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._spent = False
        """Whether the connection has met a fault and is only kept until there is another."""
        self._troubles = troubles
        self._loop = loop
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="trunkcall-sqlite-writer", daemon=True)
        self._thread.start()

    async def submit(self, operation: Operation[T]) -> T:
        """Run the operation in a transaction; return once it is durable. One that was submitted runs even if its
        caller is cancelled."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(operation, future))
        return await future

    async def close(self) -> None:
        """Finish what was submitted, then end the thread and its connection."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    # --- in the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        closing = False
        while not closing:
            group, closing = self._next_group()
            if group:
                self._answer(group, self._commit(group))
        self._disconnect()

    def _next_group(self) -> tuple[list[_Job], bool]:
        job = self._queue.get()
        group: list[_Job] = []
        with contextlib.suppress(Empty):
            while job is not None:
                group.append(job)
                if len(group) == MAX_GROUP:
                    return group, False
                job = self._queue.get_nowait()
            return group, True
        return group, False

    def _commit(self, group: Sequence[_Job]) -> Sequence[_Outcome]:
        """Run the group in one transaction. If that fails, no operation of it has happened."""
        try:
            connection = self._connected()
            try:
                outcomes = self._transact(connection, group, self._run_plainly)
            except _FailedMidwayError:
                outcomes = self._transact(connection, group, self._run_with_savepoints)
        except Exception as error:  # the thread outlives whatever went wrong; every caller is told
            fault = self._troubles.write_failed(error)
            self._roll_back()
            self._spent = self._spent or fault is not Fault.BUSY
            return [_Outcome(error=to_error(fault, error)) for _ in group]
        # A transaction that changed nothing has touched no disk and proves nothing.
        if self._troubles.writing is not None and connection.total_changes:
            self._troubles.writes_work()
        return outcomes

    def _connected(self) -> sqlite3.Connection:
        """A connection to be trusted. The former is closed last: the index of the write-ahead log goes with its last
        user, and without it SQLite would take for committed what a failed sync has left in the log."""
        if self._connection is None or self._spent:
            fresh = self._connect()
            self._disconnect()
            self._connection, self._spent = fresh, False
        return self._connection

    def _transact(
        self,
        connection: sqlite3.Connection,
        group: Sequence[_Job],
        run: Callable[[sqlite3.Connection, Sequence[_Job]], Sequence[_Outcome]],
    ) -> Sequence[_Outcome]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = run(connection, group)
        except _FailedMidwayError:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return outcomes

    def _run_plainly(self, connection: sqlite3.Connection, group: Sequence[_Job]) -> Sequence[_Outcome]:
        transaction = WriteTransaction(connection)
        outcomes: list[_Outcome] = []
        for _, jobs in groupby(group, key=lambda job: type(job.operation)):
            alike = list(jobs)
            done = _run_together(alike, transaction) if len(alike) > 1 else None
            if done is not None:
                outcomes += done
                continue
            for job in alike:
                changes = connection.total_changes
                outcome = self._run_operation(job.operation, transaction)
                if outcome.error is not None and connection.total_changes != changes:
                    raise _FailedMidwayError
                outcomes.append(outcome)
        transaction.flush()
        return outcomes

    def _run_with_savepoints(self, connection: sqlite3.Connection, group: Sequence[_Job]) -> Sequence[_Outcome]:
        outcomes: list[_Outcome] = []
        for job in group:
            connection.execute("SAVEPOINT operation")
            transaction = WriteTransaction(connection)
            outcome = self._run_operation(job.operation, transaction)
            if outcome.error is None:
                transaction.flush()
            else:
                connection.execute("ROLLBACK TO operation")
            connection.execute("RELEASE operation")
            outcomes.append(outcome)
        return outcomes

    def _run_operation(self, operation: Operation[Any], transaction: WriteTransaction) -> _Outcome:
        """Run one operation. Raises what concerns the database as a whole."""
        try:
            return _Outcome(operation(transaction))
        except _REFUSED as error:
            refused = RowRefusedError()
            refused.__cause__ = error
            return _Outcome(error=refused)
        except FAILURES as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_CORRUPT_INDEX:
                raise
            # One row is not where an index has it, which concerns nobody who does not change that row.
            return _Outcome(error=to_error(self._troubles.write_failed(error), error))
        except TrunkcallError as error:
            return _Outcome(error=error)
        except (
            Exception
        ) as error:  # a defect in one operation must not fail its neighbours; its caller gets it as it is
            return _Outcome(error=error)

    def _roll_back(self) -> None:
        """End the failed transaction, or, if even that fails, the connection: its locks must not outlive it."""
        if self._connection is None:
            return
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _answer(self, group: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_resolve, group, outcomes)


def _run_together(jobs: Sequence[_Job], transaction: WriteTransaction) -> Sequence[_Outcome] | None:
    """Run operations of one class together, if they can be; None if they have to be run one by one."""
    operations = [job.operation for job in jobs]
    first = operations[0]
    if not isinstance(first, Together):
        return None
    try:
        values = first.together(transaction, operations)
    except (NotTogetherError, *_REFUSED) as error:
        raise _FailedMidwayError from error
    return None if values is None else [_Outcome(value) for value in values]


def _resolve(group: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
    for job, outcome in zip(group, outcomes, strict=True):
        if job.future.done():  # cancelled
            continue
        if outcome.error is None:
            job.future.set_result(outcome.value)
        else:
            job.future.set_exception(outcome.error)
