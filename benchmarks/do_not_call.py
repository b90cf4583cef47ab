"""How fast a register of ten million numbers is imported, how long others wait for the writer meanwhile, what memory
and disk it takes, and how long it takes to look somebody up in it.

Looking up is told as a ratio to the same in lists of one number each, asked by turns. Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.do_not_call import DoNotCallList, ListKind
from trunkcall.service.calling.number_key import number_key
from trunkcall.service.do_not_call import KEYS_AT_ONCE
from trunkcall.service.numbers import to_e164
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.sqlite.store import SQLiteStore

INSTANCE = "benchmark"
AT_ONCE = 2_500
"""Numbers in one request."""
LISTS = (1, 2, 3, 4, 5)
LEAST_RATE, MOST_RATIO, MOST_WAIT_MS, MOST_MB = 20_000, 15.0, 50.0, 256
"""Numbers a second; p99 of looking up over that in short lists; p99 of waiting for the writer, or five times
what it is without an import where the machine is that slow; memory."""

ALONE_S = 5.0
"""How long others write before the import."""

key_of = partial(number_key, key=bytes(32))


def say(name: str, value: float, **beside: object) -> None:
    """One figure."""
    print(json.dumps({"name": name, "value": round(value, 4), **beside}), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """In milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def number(n: int) -> str:
    """A number of North America, each another."""
    return f"+1{2_000_000_000 + n}"


async def stand_up(store: SQLiteStore) -> None:
    """Five lists with one number each, of which the first is to be the register."""
    await store.open()
    lists = [DoNotCallList(n, f"list-{n}", ListKind.REGISTRY) for n in LISTS]
    await store.create_instance(Directory.of(Instance(INSTANCE, "benchmark", 0, onboarded=True), lists))
    for each in LISTS:
        await store.add_entries(INSTANCE, each, [each], Origin("benchmark", "", 0))


async def others(store: SQLiteStore, waits: list[float]) -> None:
    """Somebody who writes a little every 10 ms."""
    for turn in itertools.count():
        began_s = time.perf_counter()
        await store.put_presence(INSTANCE, "agent", f"status-{turn % 2}", at=turn)
        waits.append(time.perf_counter() - began_s)
        await asyncio.sleep(0.01)


async def import_all(store: SQLiteStore, numbers: int) -> tuple[float, float, float, list[float]]:
    """Seconds for hashing, sending and putting on the list, and how long others waited."""
    waits: list[float] = []
    origin = Origin("benchmark", "", 0)
    hashed_s = 0.0
    began_s = time.perf_counter()
    of_import = await store.begin_import(INSTANCE, 1, origin, as_of=date(2026, 11, 30), replaces=True)
    writer = asyncio.create_task(others(store, waits))
    for start in range(0, numbers, AT_ONCE):
        at_s = time.perf_counter()
        keys = []
        for some in range(start, min(numbers, start + AT_ONCE), KEYS_AT_ONCE):
            keys += [key_of(to_e164(number(n))) for n in range(some, min(numbers, some + KEYS_AT_ONCE))]
            await asyncio.sleep(0)
        hashed_s += time.perf_counter() - at_s
        await store.append_to_import(INSTANCE, of_import, keys)
    sent_s = time.perf_counter()
    while (await store.finish_import(INSTANCE, of_import)).left:
        pass
    done_s = time.perf_counter()
    writer.cancel()
    return hashed_s, sent_s - began_s, done_s - sent_s, waits


async def looked_up(store: SQLiteStore, keys: Sequence[int]) -> float:
    """Seconds of CPU for one request's numbers: they are looked up on this thread, and others share the machine."""
    began_s = time.thread_time()
    await store.listed(INSTANCE, LISTS, keys)
    return time.thread_time() - began_s


async def measure(folder: Path, numbers: int, turns: int) -> bool:
    """Whether every bar is met."""
    full, short = SQLiteStore(folder / "full.db"), SQLiteStore(folder / "short.db")
    for store in (full, short):
        await stand_up(store)
    alone: list[float] = []
    writer = asyncio.create_task(others(full, alone))
    await asyncio.sleep(ALONE_S)
    writer.cancel()
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    hashed_s, sending_s, placing_s, waits = await import_all(full, numbers)
    memory_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    rate, wait_ms = numbers / (sending_s + placing_s), percentile(waits, 0.99)
    say("import_numbers_per_s", rate, numbers=numbers, bar=LEAST_RATE)
    say("import_s", sending_s + placing_s, hashing=round(hashed_s, 2), placing=round(placing_s, 2))
    most_wait_ms = max(MOST_WAIT_MS, 5 * percentile(alone, 0.99))
    say("others_wait_alone_p99_ms", percentile(alone, 0.99), p50=round(percentile(alone, 0.5), 2))
    say(
        "others_wait_p99_ms",
        wait_ms,
        bar=round(most_wait_ms, 1),
        p50=round(percentile(waits, 0.5), 2),
        most=round(max(waits) * 1000, 1),
    )
    say("import_memory_mb", memory_mb, bar=MOST_MB)
    began_s = time.perf_counter()
    while await full.sweep_entries():
        pass
    say("sweep_s", time.perf_counter() - began_s)
    say("bytes_per_number", (folder / "full.db").stat().st_size / numbers)
    chance = random.Random(18)
    took: dict[str, list[float]] = {"full": [], "short": []}
    for _ in range(turns):
        keys = [key_of(number(chance.randrange(2 * numbers))) for _ in range(25)]
        took["full"].append(await looked_up(full, keys))
        took["short"].append(await looked_up(short, keys))
    ratio = percentile(took["full"], 0.99) / percentile(took["short"], 0.99)
    for name, values in took.items():
        say(f"look_up_25_in_{name}_p99_ms", percentile(values, 0.99), p50=round(percentile(values, 0.5), 4))
    say("look_up_p99_over_short", ratio, bar=MOST_RATIO)
    for store in (full, short):
        await store.close()
    met = rate >= LEAST_RATE and ratio <= MOST_RATIO and memory_mb <= MOST_MB and wait_ms <= most_wait_ms
    if not met:
        print("a bar is not met", file=sys.stderr)
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=4_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        met = asyncio.run(measure(Path(folder), arguments.numbers, arguments.turns))
    sys.exit(not met)


if __name__ == "__main__":
    main()
