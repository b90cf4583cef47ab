"""What many campaigns take from a server that one would do as much with: its clock, and its API's slowest answers.

It dials at real speed for one queue with 2,000 agents, by turns with one predictive campaign and with 25 progressive
and 25 predictive ones; the rate of its trunks makes the work equal. Meanwhile a client asks 50 times a second, whether
it was answered or not, by turns for a campaign and for 25 dial requests to be taken. Of each stretch it is told how far
the clock slipped, and the 99th percentile of what a request took from when it was due. Prints one JSON line a stretch
and one for all, and exits non-zero if in the median pair the many slip further or answer more than three times as
slowly. It wants a machine with a core to spare: whoever waits for the processor measures that. On a busy one,
``chrt -r 1`` before the command lets server and client go first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from api import batch, interval, say
from serving import Serving, serving
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.instants import DAY
from trunkcall.storage.sqlite.store import SQLiteStore
from wire import Signer, Wire

AGENTS: Final = 2_000
REQUESTS: Final = 40_000
"""Waiting ones of all campaigns together: more than are dialed."""
SETTLE_S: Final = 10
EVERY_S: Final = 0.02
MOST: Final = 1.5
"""How many times as long as it was to last a stretch is given up."""
SLIP_LEEWAY_S: Final = 0.1
"""No slip is seen that is shorter: /health rounds to it."""
P99_BAR: Final = 3.0
EQUAL: Final = 0.9
"""Of the attempts of one campaign, how many those of many must come to for the work to be equal."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was seen while a server was asked. ``slip_s`` is how much further the clock was behind at the end, or, if
    that is more, in between."""

    slip_s: float
    p50_ms: float
    p99_ms: float
    attempts: float
    cpu_ratio: float
    """CPU of the server, in cores."""


class House:
    """A server and its campaigns; it is started for each stretch."""

    def __init__(self, server: Serving, dialers: Sequence[str]) -> None:
        self._server = server
        client = server.client()
        self._campaigns = [self._running(client, dialer) for dialer in dialers]
        server.stop()
        asyncio.run(self._fill())

    def _running(self, client: Any, dialer: str) -> str:
        config = {f"{dialer}DialerConfig": {"bandwidthAllocation": 1.0}}
        arguments = self._server.campaign_arguments(f"c-{uuid4()}", dialerConfig=config)
        campaign_id: str = client.create_campaign(**arguments)["id"]
        client.start_campaign(id=campaign_id)
        return campaign_id

    async def _fill(self) -> None:
        store = SQLiteStore(self._server.data_dir / "trunkcall.db")
        await store.open()
        now, number = time.time_ns() // 1000, REQUESTS // len(self._campaigns)
        for campaign_id in self._campaigns:
            for start in range(0, number, 1000):
                requests = [
                    DialRequest(str(uuid4()), f"fill-{n}", "+12125550100", now + DAY, {})
                    for n in range(start, min(start + 1000, number))
                ]
                await store.put_dial_requests(campaign_id, requests, at=now, max_waiting=2 * number)
        await store.close()

    def stretch(self, seconds: int) -> Stretch:
        server = self._server
        server.start()
        try:
            time.sleep(SETTLE_S)
            assert server.process is not None
            pid = server.process.pid
            attempts, cpu_s, behind_s = self._attempts(), _cpu_s(pid), [self._behind_s()]
            took_s = self._ask(seconds, lambda: behind_s.append(self._behind_s()))
            behind_s.append(self._behind_s())
            return Stretch(
                slip_s=max(behind_s) - behind_s[0],
                p50_ms=1000 * statistics.median(took_s),
                p99_ms=1000 * statistics.quantiles(took_s, n=100)[98],
                attempts=self._attempts() - attempts,
                cpu_ratio=(_cpu_s(pid) - cpu_s) / seconds,
            )
        finally:
            server.kill()

    def _ask(self, seconds: int, each_second: Callable[[], None]) -> list[float]:
        """How long each request took, from when it was due."""
        sign, campaigns = Signer.of(self._server.environment), self._campaigns
        took_s: list[float] = []
        per_s = round(1 / EVERY_S)
        began_s = time.perf_counter()
        with Wire(self._server.url, timeout_s=60) as wire:
            for number in range(seconds * per_s):
                campaign = f"/campaigns/{campaigns[number % len(campaigns)]}"
                due_s = began_s + number * EVERY_S
                if time.perf_counter() > began_s + MOST * seconds:
                    # So slow that more answers would say no more.
                    break
                time.sleep(max(0.0, due_s - time.perf_counter()))
                if number % 2:
                    heard = wire.ask(sign.request("PUT", f"{campaign}/dial-requests", batch(uuid4().hex)))
                else:
                    heard = wire.ask(sign.request("GET", campaign))
                took_s.append(time.perf_counter() - due_s)
                assert heard.status == 200, heard
                if number % per_s == per_s - 1:
                    each_second()
        return took_s

    def _behind_s(self) -> float:
        behind_s: float = json.loads(self._server.get("/health"))["clock_behind_s"]
        return behind_s

    def _attempts(self) -> float:
        return self._server.metric("trunkcall_attempts_total")


def _cpu_s(pid: int) -> float:
    return sum(int(part) for part in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]) / 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=20, help="length of each measurement")
    arguments = parser.parse_args()
    # More lines than ring at once: the rate alone is the bound.
    options = {"channels": 5_000, "agents": AGENTS, "max_campaigns": 1000, "max_active_campaigns": 1000, "drain_s": 0}
    slips, p99s, work, cpu = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="trunkcall-bench-") as folder:
        with serving(Path(folder) / "one", **options) as server:
            one = House(server, ["predictive"])
        with serving(Path(folder) / "many", **options) as server:
            many = House(server, ["progressive"] * 25 + ["predictive"] * 25)
        for number in range(arguments.pairs):
            houses = (one, many) if number % 2 == 0 else (many, one)
            seen = {id(house): house.stretch(arguments.seconds) for house in houses}
            few, lots = seen[id(one)], seen[id(many)]
            slips.append(lots.slip_s - few.slip_s)
            p99s.append(lots.p99_ms / few.p99_ms)
            work.append(lots.attempts / few.attempts)
            cpu.append(lots.cpu_ratio / few.cpu_ratio)
            for name, stretch in (("one campaign", few), ("50 campaigns", lots)):
                say(name, **{key: round(getattr(stretch, key), 2) for key in Stretch.__slots__})
    slip, ratio, equal = map(statistics.median, (slips, p99s, work))
    met = slip <= SLIP_LEEWAY_S and ratio <= P99_BAR and equal >= EQUAL
    say(
        "50 campaigns over one",
        slips_further_s=round(slip, 2),
        slip_interval=interval(slips, 2),
        slip_bar=SLIP_LEEWAY_S,
        p99_ratio=round(ratio, 2),
        p99_interval=interval(p99s, 2),
        p99_bar=P99_BAR,
        attempts_ratio=round(equal, 2),
        cpu_over_one=round(statistics.median(cpu), 2),
        pairs=len(slips),
        met=met,
    )
    if not met:
        sys.exit(1)


if __name__ == "__main__":
    main()
