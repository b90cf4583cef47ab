"""What a million contacts that are due tomorrow cost those that are due now.

Two stores have the same contacts that are due; one has a million besides that are not. They are measured in turn, each
attempt in a process of its own: a new owner and ten contacts that are due, then refills of a window that is half full.
Prints one JSON line a figure and exits non-zero if one is more than a quarter above what it is without the million.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from api import say
from store import attempt, stand_up
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.instants import DAY
from trunkcall.storage.sqlite.store import SQLiteStore

BAR = 1.25
HELD = LIMIT = 1000
REFILLS = 20
"""In one go, of one store."""


async def accept(store: SQLiteStore, number: int, *, later: bool) -> None:
    now = time.time_ns() // 1000
    due_at = now + DAY if later else 0
    for start in range(0, number, 1000):
        requests = [
            DialRequest(str(uuid4()), uuid4().hex, "+12125550100", now + 2 * DAY, {"account_number": f"AC-{n}"}, due_at)
            for n in range(start, min(start + 1000, number))
        ]
        await store.put_dial_requests("spring", requests, at=now, max_waiting=10_000_000)


async def fill(path: Path, later: int) -> None:
    store = SQLiteStore(path)
    await store.open()
    await stand_up(store)
    await accept(store, later, later=True)
    await store.close()


async def _ten(path: Path) -> float:
    store = SQLiteStore(path)
    await store.open()
    (instance,) = await store.instances()
    await accept(store, 10, later=False)
    per_s = await attempt(store, instance.instance_id, 10)
    await store.close()
    return 10 / per_s


def ten(path: Path) -> tuple[float, int]:
    """Seconds from a new owner to the end of ten contacts that are due, and the most memory in KiB."""
    seconds = asyncio.run(_ten(path))
    # Not getrusage: to it the most is also what the process that has begun this one had.
    status = Path("/proc/self/status").read_text()
    return seconds, int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


async def refills(paths: Sequence[Path], rounds: int) -> list[list[float]]:
    """Seconds of so many refills beside contacts that are held, by store, in turn."""
    stores = [SQLiteStore(path) for path in paths]
    for store in stores:
        await store.open()
        await accept(store, HELD + 2 * LIMIT, later=False)
    times: list[list[float]] = [[] for _ in stores]
    for _ in range(rounds):
        for store, of_store in zip(stores, times, strict=True):
            now = time.time_ns() // 1000
            first = await store.due_contacts("spring", now=now, held=(), limit=HELD)
            held = [contact.sequence for contact in first.contacts]
            started = time.perf_counter()
            for _ in range(REFILLS):
                found = await store.due_contacts("spring", now=now, held=held, limit=LIMIT)
            of_store.append((time.perf_counter() - started) / REFILLS)
            assert len(found.contacts) == LIMIT
    for store in stores:
        await store.close()
    return times


def compared(figure: str, without: Sequence[float], beside: Sequence[float], *, later: int) -> bool:
    """Tell the ratio, and whether it keeps the bar."""
    ratios = [b / w for w, b in zip(without, beside, strict=True)]
    ratio = statistics.median(ratios)
    say(
        f"{figure} beside {later:,} contacts due tomorrow, over the same without them",
        ratio=round(ratio, 3),
        quartiles=[round(each, 3) for each in statistics.quantiles(ratios, n=4)[::2]],
        bar=BAR,
        without=round(statistics.median(without), 5),
        beside=round(statistics.median(beside), 5),
    )
    return ratio <= BAR


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--later", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trunkcall-bench-") as name:
        without, beside = Path(name) / "without.db", Path(name) / "beside.db"
        asyncio.run(fill(without, 0))
        asyncio.run(fill(beside, arguments.later))
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            pairs = [
                (pool.apply(ten, (without,)), pool.apply(ten, (beside,))) for _ in range(max(3, arguments.rounds // 3))
            ]
        of_refills = asyncio.run(refills([without, beside], arguments.rounds))
    figures: dict[str, tuple[Sequence[float], Sequence[float]]] = {
        "seconds from a start to the tenth end": ([w[0] for w, _ in pairs], [b[0] for _, b in pairs]),
        "most memory in KiB": ([w[1] for w, _ in pairs], [b[1] for _, b in pairs]),
        "seconds of a refill": (of_refills[0], of_refills[1]),
    }
    kept = [compared(figure, *values, later=arguments.later) for figure, values in figures.items()]
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
