"""`trunkcall`, rigged: it dies at a chosen point of an attempt or of a request, and its wall clock can be set.

Run as a program in place of `trunkcall`. ``RIG_CRASH`` is ``point:n``: die, as by kill -9, when the point is passed for
the nth time. ``RIG_CLOCK`` names a file with seconds to add to the wall clock, read again at SIGUSR2. At SIGUSR1 the
number of tasks is written to ``RIG_CENSUS``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from functools import wraps
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


def has_attempts(_: Any, changes: Any) -> bool:
    from trunkcall.domain.changes import AttemptBegun

    return any(isinstance(change, AttemptBegun) for change in changes)


def originates(commands: Any, _: Any) -> bool:
    from trunkcall.engine.commands import Originate

    return any(isinstance(command, Originate) for command in commands)


def rig_points() -> None:
    from trunkcall.aws.campaigns_v1 import CampaignsV1
    from trunkcall.service.dialer import Dialer
    from trunkcall.storage.sqlite import SQLiteStore
    from trunkcall.storage.sqlite_writer import Writer
    from trunkcall.telephony.remote_carrier import RemoteCarrier

    around(SQLiteStore, "commit", before="decided", after="committed", when=has_attempts)
    around(Writer, "_answer", before="durable")
    around(RemoteCarrier, "originate", after="asking")
    around(Dialer, "_carry_out", after="asked", when=originates)
    around(SQLiteStore, "put_dial_requests", before="received", after="stored")
    around(CampaignsV1, "put_dial_request_batch", after="answered")


def census(*_: object) -> None:
    Path(os.environ["RIG_CENSUS"]).write_text(str(len(asyncio.all_tasks(asyncio.get_running_loop()))))


def main() -> None:
    if "RIG_CLOCK" in os.environ:
        rig_clock()
    if CRASH:
        rig_points()
    if "RIG_CENSUS" in os.environ:
        signal.signal(signal.SIGUSR1, lambda *_: asyncio.get_running_loop().call_soon_threadsafe(census))
    from trunkcall.cli.app import main as trunkcall

    trunkcall()


if __name__ == "__main__":
    main()
