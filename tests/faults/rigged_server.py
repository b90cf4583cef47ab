"""`trunkcall`, rigged: it dies at a chosen point of an attempt or of a request, and its wall clock can be set.

Run as a program in place of `trunkcall`. ``RIG_CRASH`` is ``point:n``: die, as by kill -9, when the point is passed for
the nth time. ``RIG_CLOCK`` names a file with seconds to add to the wall clock, read again at SIGUSR2. At SIGUSR1 the
number of tasks is written to ``RIG_CENSUS``; then the store's page cache is small, so that what grows is no cache.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

POINTS = {
    "decided": "an attempt is decided, and not yet committed",
    "durable": "an attempt is durable, and the dialer does not know it yet",
    "committed": "an attempt is committed, and the carrier was not yet asked",
    "asking": "the carrier was asked for one attempt of several",
    "asked": "the carrier was asked for all, and nothing is heard yet",
    "received": "dial requests have arrived, and are not yet stored",
    "stored": "dial requests are stored, and not yet answered",
    "answered": "dial requests are answered",
}
FLOW_POINTS = {
    "stepped": "a flow has gone on, and that is not yet stored",
    "kept": "that is stored, and nothing of it was heard yet",
}
CRASH, _, WHEN = os.environ.get("RIG_CRASH", "").partition(":")
passed = 0


def reach(point: str) -> None:
    """Die, if this is the time."""
    global passed
    if point == CRASH:
        passed += 1
        if passed == int(WHEN):
            os.kill(os.getpid(), signal.SIGKILL)


def rig_clock() -> None:
    path = Path(os.environ["RIG_CLOCK"])
    real_ns = time.time_ns
    offset_ns = 0

    def read(*_: object) -> None:
        nonlocal offset_ns
        offset_ns = round(float(path.read_text()) * 1e9)

    read()
    time.time_ns = lambda: real_ns() + offset_ns
    time.time = lambda: time.time_ns() / 1e9
    signal.signal(signal.SIGUSR2, read)


def around(
    owner: Any, name: str, *, before: str = "", after: str = "", when: Callable[..., bool] = lambda *_: True
) -> None:
    """Pass a point before, and another after, a method does its work."""
    method = getattr(owner, name)

    @wraps(method)
    async def waited(self: Any, *arguments: Any, **named: Any) -> Any:
        meant = when(*arguments)
        if meant:
            reach(before)
        result = await method(self, *arguments, **named)
        if meant:
            reach(after)
        return result

    @wraps(method)
    def called(self: Any, *arguments: Any, **named: Any) -> Any:
        meant = when(*arguments)
        if meant:
            reach(before)
        result = method(self, *arguments, **named)
        if meant:
            reach(after)
        return result

    setattr(owner, name, waited if asyncio.iscoroutinefunction(method) else called)


def has_attempts(_: Any, changes: Any, *__: Any) -> bool:
    from trunkcall.domain.changes import AttemptBegun

    return any(isinstance(change, AttemptBegun) for change in changes)


def has_flows(_: Any, changes: Any, *__: Any) -> bool:
    from trunkcall.domain.changes import FlowProgressed

    return any(isinstance(change, FlowProgressed) for change in changes)


def rig_the_writer() -> None:
    """Pass a point when the thread that writes to the store has committed, before anybody hears of it."""
    plainly = sqlite3.connect

    class Rigged(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            cursor = super().execute(sql, *parameters)
            if sql == "COMMIT" and threading.current_thread().name == "trunkcall-sqlite-writer":
                reach("durable")
            return cursor

    # It takes whatever the real one takes, which has many signatures.
    sqlite3.connect = lambda *arguments, **named: plainly(*arguments, factory=Rigged, **named)  # type: ignore[assignment]  # to rig


def rig_the_carrier() -> None:
    """Pass a point after each attempt that the carrier was asked for, and another after the last of a commit."""
    from trunkcall.domain.changes import AttemptBegun
    from trunkcall.storage.ports.ownership import NO_CLEARANCES
    from trunkcall.storage.sqlite.store import SQLiteStore
    from trunkcall.telephony.remote_carrier import RemoteCarrier

    commit, originate = SQLiteStore.commit, RemoteCarrier.originate
    to_be_asked: set[str] = set()

    async def committed(self: Any, lease: Any, changes: Any, clearances: Any = NO_CLEARANCES) -> Any:
        result = await commit(self, lease, changes, clearances)
        begun = {change.contact_id for change in changes if isinstance(change, AttemptBegun)}
        to_be_asked.update(begun - result.refused.keys())
        return result

    def asked(self: Any, command: Any, destination: Any) -> None:
        originate(self, command, destination)
        to_be_asked.discard(command.contact_id)
        reach("asking")
        if not to_be_asked:
            reach("asked")

    SQLiteStore.commit, RemoteCarrier.originate = committed, asked  # type: ignore[method-assign]  # to rig them


def rig_points() -> None:
    from trunkcall.aws.campaigns_v1 import CampaignsV1
    from trunkcall.storage.sqlite.store import SQLiteStore

    rig_the_writer()
    rig_the_carrier()
    around(SQLiteStore, "commit", before="decided", after="committed", when=has_attempts)
    around(SQLiteStore, "commit", before="stepped", after="kept", when=has_flows)
    around(SQLiteStore, "put_dial_requests", before="received", after="stored")
    around(CampaignsV1, "put_dial_request_batch", after="answered")


def census(*_: object) -> None:
    Path(os.environ["RIG_CENSUS"]).write_text(str(len(asyncio.all_tasks(asyncio.get_running_loop()))))


class SmallCache(sqlite3.Connection):
    """A connection that keeps a MiB of pages at most, whatever is asked for."""

    def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
        asked = "PRAGMA cache_size = "
        return super().execute(f"{asked}-1024" if sql.startswith(asked) else sql, *rest)


def main() -> None:
    if "RIG_CLOCK" in os.environ:
        rig_clock()
    if CRASH:
        rig_points()
    if "RIG_CENSUS" in os.environ:
        small: Any = partial(sqlite3.connect, factory=SmallCache)
        sqlite3.connect = small
        signal.signal(signal.SIGUSR1, lambda *_: asyncio.get_running_loop().call_soon_threadsafe(census))
    from trunkcall.cli.app import main as trunkcall

    trunkcall()


if __name__ == "__main__":
    main()
