"""What a calling policy costs: dial requests accepted per second, and attempts, over the same without a policy.

Two stores are measured by turns in one run. One has a policy of hours, five do-not-call lists and three limits; every
number is another one, may be dialed, and is looked at for the first time. Prints one JSON line a figure and exits
non-zero if a rate is less than half of what it is without.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from api import interval, say
from store import BATCH, CLIENTS, attempt, stand_up
from trunkcall.domain import directory
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.directory import Directory
from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import DAY, SECOND, Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.service.calling.gate import Gate
from trunkcall.service.calling.gates import Gates
from trunkcall.service.calling.number_key import number_key
from trunkcall.service.calling.screening import Screening
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem, DialRequests
from trunkcall.service.dialing_settings import DialingDefaults, dialing_settings
from trunkcall.service.totals import SubmittedTotals
from trunkcall.storage.ports.do_not_call import Origin
from trunkcall.storage.sqlite.store import SQLiteStore

BAR = 0.5
LISTS = 5
POLICY = """
time_zone = "America/New_York"
time_zone_attribute = "time_zone"
destinations.regions = ["home"]
limits.attempts_per_day = 100_000_000
limits.attempts_per_number = { most = 3, within = "24h" }
limits.gap = "1h"

[[hours]]
weekdays = "08:00-21:00"
saturday = "09:00-17:00"
holidays = [2026-11-26, 2026-12-25]

[[hours]]  # Florida
prefixes = ["+1305", "+1321", "+1352", "+1386", "+1407", "+1561", "+1727", "+1754", "+1786", "+1813", "+1850", "+1904"]
every_day = "08:00-20:00"

[[hours]]  # Texas
prefixes = ["+1210", "+1214", "+1254", "+1281", "+1325", "+1361", "+1409", "+1432", "+1512", "+1713", "+1806", "+1915"]
weekdays = "09:00-21:00"
sunday = "12:00-21:00"

[[hours]]  # Indiana and Kentucky
prefixes = ["+1219", "+1260", "+1270", "+1317", "+1364", "+1502", "+1574", "+1606", "+1765", "+1812", "+1859", "+1930"]
weekdays = ["09:00-12:00", "13:00-20:00"]
"""
AREAS = re.findall(
    r"\d+",
    "201 202 203 205 206 208 209 210 212 213 214 219 225 228 239 248 254 260 267 270 303 305 307 309 312 314 317 320 "
    "334 352 361 385 402 405 406 409 412 415 419 423 432 434 458 469 480 501 502 503 505 509 512 515 530 541 559 574 "
    "602 605 606 612 615 619 701 702 708 712 713 719 720 731 765 775 786 801 806 812 816 850 859 901 904 915 931 970",
)
"""Of states whose clocks show 09:00 to 17:00 at the instant of the run: of many zones, and some of two."""
EXCHANGES = [each for each in range(200, 1000) if each % 100 != 11]
STARTS = datetime(2026, 3, 10, 18, tzinfo=UTC)
"""A Tuesday: 14:00 in New York, 11:00 in Los Angeles. For an hour everybody here may be called."""
key_of = partial(number_key, key=b"a key of the benchmark")
dialing_of = partial(dialing_settings, defaults=DialingDefaults(30 * SECOND, AbandonmentLimits()))


def numbers(first: int) -> Iterator[str]:
    """Numbers that are all different, of areas and exchanges in turn, from one on."""
    every = len(AREAS) * len(EXCHANGES) * 10_000
    for index in itertools.count(first):
        rest, line = divmod(index * 7_919_297 % every, 10_000)
        area, exchange = rest % len(AREAS), EXCHANGES[rest // len(AREAS)]
        yield f"+1{AREAS[area]}{exchange}{line:04d}"


def gate_of(directory: Directory) -> Gate:
    return Gate(directory, key_of, reaches_people=False, trunks=(Trunk("default"),))


class Wall:
    """The wall clock of a run that begins at ``STARTS``."""

    def __init__(self) -> None:
        self._ahead_ns = int(STARTS.timestamp()) * 1_000_000_000 - time.time_ns()

    def ns(self) -> int:
        return time.time_ns() + self._ahead_ns

    def now(self, instance_id: str = "") -> Instant:
        return self.ns() // 1000


class Nobody:
    """No dialer is told of what is accepted."""

    def campaigns_changed(self, instance_id: str) -> None: ...

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None: ...

    def due_changed(self, instance_id: str, campaign_id: str) -> None: ...

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None: ...

    def heed(self, instance: directory.Instance) -> None: ...


@dataclass(frozen=True, slots=True)
class Measured:
    per_s: float
    cpu_us: float
    """Of the whole process, for each."""


class Instance:
    """A store with one Running campaign, and the use case that accepts for it."""

    def __init__(self, store: SQLiteStore, instance_id: str, wall: Wall) -> None:
        self.store, self.instance_id, self._wall = store, instance_id, wall
        scope, wakeups = Scope("aws", "us-east-1", "000000000000"), Nobody()
        campaigns = Campaigns(store, store, scope, wall.now, lambda: str(uuid4()), wakeups)
        screening = Screening(Gates(store, gate_of), store, dialing_of)
        self._requests = DialRequests(
            store,
            campaigns,
            wall.now,
            lambda: str(uuid4()),
            wakeups,
            screening,
            SubmittedTotals(),
            max_waiting=10_000_000,
        )

    async def accept(self, people: Sequence[str]) -> None:
        """Dial requests of three attributes each, 64 clients at once."""
        expires_at = self._wall.now() + DAY
        batches = iter(
            [
                DialRequestItem(number, number, expires_at, {"first_name": "Ada", "last_name": "Lovelace", "n": number})
                for number in people[start : start + BATCH]
            ]
            for start in range(0, len(people), BATCH)
        )

        async def client() -> None:
            for items in batches:
                results = await self._requests.put_dial_request_batch("spring", items)
                assert all(isinstance(each, AcceptedItem) for each in results), results

        await asyncio.gather(*(client() for _ in range(CLIENTS)))

    async def dial(self, people: Sequence[str]) -> None:
        """From the backlog to the ends of the attempts."""
        await attempt(self.store, self.instance_id, len(people), gate_of=gate_of, wall=self._wall.ns)


async def keep_rules(instance: Instance, entries: int) -> None:
    """Give the instance a policy, and lists of so many numbers each."""
    store, instance_id = instance.store, instance.instance_id
    await store.put_facts(instance_id, [CallingPolicy("default", 1, POLICY)])
    listed = numbers(0)
    for number in range(1, LISTS + 1):
        await store.put_facts(instance_id, [DoNotCallList(number, f"list-{number}")])
        of_import = await store.begin_import(instance_id, number, Origin("file", "", 0), as_of=None, replaces=False)
        keys = [key_of(each) for each in itertools.islice(listed, entries)]
        for start in range(0, len(keys), 10_000):
            await store.append_to_import(instance_id, of_import, keys[start : start + 10_000])
        while (await store.finish_import(instance_id, of_import)).left:
            pass


async def measured(work: Callable[[Sequence[str]], Awaitable[None]], people: Sequence[str]) -> Measured:
    gc.collect()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    await work(people)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    return Measured(len(people) / took_s, cpu_s * 1e6 / len(people))


async def parts(instance: Instance, fresh: Iterator[str]) -> None:
    """Tell what the gate does for a number by itself."""
    store = instance.store
    directory = await store.directory(instance.instance_id)
    campaign = await store.campaign("spring")
    assert directory is not None
    assert campaign is not None
    gate, now = gate_of(directory), int(STARTS.timestamp()) * SECOND
    people = list(itertools.islice(fresh, 5_000))
    keys = list(map(key_of, people))
    look = partial(gate.look, campaign, time_zone=None, ring=30 * SECOND, now=now)
    clear = partial(gate.clear, campaign, time_zone=None, ring=30 * SECOND, trunk_id="default", caller_id=None, at=now)
    listed = partial(store.listed, instance.instance_id, range(1, LISTS + 1))
    took: dict[str, float] = {}
    for part, work in (
        ("a number looked at for the first time", look),
        ("and again", look),
        ("a clearance for it", clear),
        ("its number key", key_of),
    ):
        began_s = time.process_time()
        for number in people:
            work(number)
        took[part] = time.process_time() - began_s
    began_s = time.process_time()
    for start in range(0, len(keys), BATCH):
        await listed(set(keys[start : start + BATCH]))
    took["five lists asked for it, by 25"] = time.process_time() - began_s
    say("CPU of the gate for each number, µs", **{part: round(s * 1e6 / len(people), 1) for part, s in took.items()})


def compared(figure: str, pairs: Sequence[tuple[Measured, Measured]]) -> bool:
    """Tell the ratio, and whether it keeps the bar."""
    ratios = [by_rules.per_s / without.per_s for without, by_rules in pairs]
    ratio = statistics.median(ratios)
    say(
        f"{figure} per s by a policy, five lists and three limits, over the same without",
        ratio=round(ratio, 2),
        interval=interval(ratios, 2),
        bar=BAR,
        without_per_s=round(statistics.median(without.per_s for without, _ in pairs)),
        per_s=round(statistics.median(by_rules.per_s for _, by_rules in pairs)),
        without_cpu_us=round(statistics.median(without.cpu_us for without, _ in pairs), 1),
        cpu_us=round(statistics.median(by_rules.cpu_us for _, by_rules in pairs), 1),
    )
    return ratio >= BAR


async def run(folder: Path, number: int, rounds: int, entries: int) -> bool:
    wall, instances = Wall(), []
    for name in ("without", "by-rules"):
        store = SQLiteStore(folder / f"{name}.db")
        await store.open()
        instances.append(Instance(store, await stand_up(store), wall))
    await keep_rules(instances[1], entries)
    fresh = numbers(LISTS * entries)
    accepted: list[tuple[Measured, Measured]] = []
    attempts: list[tuple[Measured, Measured]] = []
    for index in range(rounds + 1):
        found: dict[int, tuple[Measured, Measured]] = {}
        for which in (0, 1) if index % 2 else (1, 0):
            people = list(itertools.islice(fresh, number))
            instance = instances[which]
            found[which] = await measured(instance.accept, people), await measured(instance.dial, people)
        if index:  # the first is for what is read once
            accepted.append((found[0][0], found[1][0]))
            attempts.append((found[0][1], found[1][1]))
    await parts(instances[1], fresh)
    for instance in instances:
        await instance.store.close()
    return all([compared("dial requests accepted", accepted), compared("attempts to their end", attempts)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=20_000, help="dial requests of each round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--entries", type=int, default=100_000, help="numbers on each list")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trunkcall-bench-") as folder:
        kept = asyncio.run(run(Path(folder), arguments.number, arguments.rounds, arguments.entries))
    sys.exit(not kept)


if __name__ == "__main__":
    main()
