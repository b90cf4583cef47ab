"""What Trunkcall costs beside a bare loop of the same requests to the same Asterisk, in one run.

Asterisk and everybody who is called live in a network namespace with nothing but lo, which only root can make; SIPp
answers for customers and agents. Trunkcall is a whole server, with its store. The bare loop is aiohttp alone: it asks
for the same channels and bridges in the same way, and knows no queue, no rules and no disk. A third process listens to
Asterisk and times both alike. They take turns, in pairs; told are the medians of the pairs, with an interval in which
the true median is with 95 %. Prints one JSON line a figure, and exits non-zero where a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import aiohttp

from api import interval, say
from media_bed import cpu_s, run_inside
from telephony.asterisk.ari import ask
from telephony.asterisk.centre import TRUNK, Centre, Site, numbers
from telephony.asterisk.configuration import PASSWORD, USER
from telephony.asterisk.place import SIP_PORT, Place
from trunkcall.compose.asterisk import trunk_endpoint

T = TypeVar("T")

AGENTS: Final = tuple(f"agent-{n:02d}" for n in range(1, 61))
BUSY: Final = "south"
"""A trunk on which everybody is busy."""
PER_S: Final = 20
LATENCY_BAR: Final = 3.0
RATE_BAR: Final = 0.8
STEADY_PER_S: Final = 200
CALLS: Final = 1_000
"""After which nothing may be left over."""
SETTLED_S: Final = 30.0
AGENTLESS: Final[dict[str, Any]] = {"agentlessDialerConfig": {}}
NO_DETECTION: Final = {"answerMachineDetectionConfig": {"enableAnswerMachineDetection": False}}

_ANSWER = """[last_Via:]
[last_From:]
[last_To:];tag=[pid]bench[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
"""
_OK = f"""<send retrans="500"><![CDATA[
SIP/2.0 200 OK
{_ANSWER}Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000

]]></send>"""
SCENARIOS: Final = {
    "people": f"""<recv request="INVITE"/><send><![CDATA[
SIP/2.0 180 Ringing
{_ANSWER}Content-Length: 0

]]></send>{_OK}<recv request="ACK"/><recv request="BYE"/><send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>""",
    "office": f"""<recv request="INVITE" rrs="true">
<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/></action></recv>{_OK}
<recv request="ACK"><action><ereg regexp=".*" search_in="hdr" header="To:" assign_to="agent"/></action></recv>
<pause milliseconds="1000"/><send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$agent]
To:[$caller]
[last_Call-ID:]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send><recv response="200"/>""",
    "busy": f"""<recv request="INVITE"/><send retrans="500"><![CDATA[
SIP/2.0 486 Busy Here
{_ANSWER}Content-Length: 0

]]></send><recv request="ACK"/>""",
}
"""Customers who answer at once and stay; agents who do so, and hang up after a second; people who are busy."""


class Far:
    """One SIPp, which plays a scenario at an address."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        path = folder / f"{name}.xml"
        path.write_text(f'<?xml version="1.0"?>\n<scenario name="{name}">{SCENARIOS[name]}</scenario>')
        quiet = ["-watchdog_major_maxtriggers", "1000000", "-watchdog_minor_maxtriggers", "1000000"]
        where = ["-i", address, "-p", str(SIP_PORT), "-mi", address, "-mp", "30000"]
        self._process = subprocess.Popen(
            ["sipp", "-nostdin", "-sf", path, *where, *quiet],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Far:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.terminate()
        self._process.wait()


# --- who times both ---------------------------------------------------------------------------------------------------


async def connected(session: aiohttp.ClientSession, url: str, app: str, *, all_of_it: bool) -> Any:
    params = {"app": app, "subscribeAll": "true" if all_of_it else "false"}
    return await session.ws_connect(f"{url}/events", params=params, max_msg_size=0)


def session_of() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)})


async def watch(url: str) -> None:
    """Print a line for each customer who is handed over by the dialplan, joined with an agent, begun and gone."""
    customers: set[str] = set()
    async with session_of() as session, await connected(session, url, "watch", all_of_it=True) as socket:
        sys.stdout.write("ready - 0\n")
        async for message in socket:
            event, at_s = json.loads(message.data), time.monotonic()
            channel = event.get("channel") or {}
            known, is_customer = (
                channel.get("id", ""),
                channel.get("name", "").startswith((f"PJSIP/{TRUNK}", f"PJSIP/{BUSY}")),
            )
            match event["type"]:
                case "ChannelCreated" if is_customer:
                    customers.add(known)
                    told = [("begun", known)]
                case "ChannelDestroyed" if is_customer:
                    customers.discard(known)
                    told = [("gone", known)]
                case "ChannelDialplan" if is_customer and event["dialplan_app"] == "Stasis":
                    told = [("verdict", known)]
                case "ChannelEnteredBridge" if len(event["bridge"]["channels"]) == 2:
                    told = [("joined", each) for each in event["bridge"]["channels"] if each in customers]
                case _:
                    continue
            sys.stdout.write("".join(f"{what} {which} {at_s:.6f}\n" for what, which in told))
            sys.stdout.flush()


class Watch:
    """The process that does so, and what it has told."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--watch", url], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.told: dict[str, dict[str, float]] = {}
        """When, by what has happened and to which channel; of this stretch."""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(30), "nobody listens to Asterisk"
        self.begin()

    def begin(self) -> None:
        """A stretch begins."""
        self.told = {what: {} for what in ("begun", "verdict", "joined", "gone")}

    def until(self, what: str, number: int, timeout_s: float = 120.0) -> None:
        give_up_s = time.monotonic() + timeout_s
        while len(self.told[what]) < number:
            assert time.monotonic() < give_up_s, f"{len(self.told[what])} of {number} are {what}"
            time.sleep(0.02)

    def took_ms(self) -> list[float]:
        """From the verdict to the talk, of each customer."""
        joined = self.told["joined"]
        return sorted((joined[each] - at_s) * 1000 for each, at_s in self.told["verdict"].items() if each in joined)

    def per_s(self) -> float:
        """Customers begun per second, from the first to the last."""
        begun = sorted(self.told["begun"].values())
        return (len(begun) - 1) / (begun[-1] - begun[0])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            what, which, at_s = line.split()
            if what == "ready":
                self._ready.set()
            else:
                self.told[what].setdefault(which, float(at_s))

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.terminate()
        self._process.wait()


# --- the bare loop ----------------------------------------------------------------------------------------------------


@dataclass
class Bare:
    """Dials, and joins whoever answers with the next agent: nothing else."""

    url: str
    trunk: str = TRUNK
    app: str = "bare"
    agents: tuple[str, ...] = AGENTS
    _ids: count[int] = field(default_factory=count)
    _socket: Any = None
    _run: str = ""

    async def dial(self, called: Sequence[str], per_s: float | None) -> None:
        """All of these, a second's worth at once as Trunkcall does; as fast as may be where no rate is given."""
        self._run = f"{next(_runs)}"
        async with session_of() as session, await connected(session, self.url, self.app, all_of_it=False) as socket:
            self._socket = socket
            trunk = trunk_endpoint(self.trunk, PASSWORD)
            for endpoint in (trunk, *self.agents):
                await self._ask(f"applications/{self.app}/subscription", eventSource=f"endpoint:PJSIP/{endpoint}")
            loop = asyncio.get_running_loop()
            hears, began_s = loop.create_task(self._hear(len(called))), loop.time()
            for n, number in enumerate(called):
                if per_s is not None:
                    await asyncio.sleep(max(0.0, began_s + (n - per_s + 1) / per_s - loop.time()))
                await self._originate(f"PJSIP/{number}@{trunk}", "customer", f"{self._run}.{n}.customer")
            await asyncio.wait_for(hears, 120)

    async def _ask(self, uri: str, method: str = "POST", body: Any = None, **query: str) -> None:
        number = str(next(self._ids))
        frame: dict[str, Any] = {
            "type": "RESTRequest",
            "transaction_id": number,
            "request_id": number,
            "method": method,
            "uri": uri,
        }
        frame["query_strings"] = [{"name": name, "value": value} for name, value in query.items()]
        if body is not None:
            frame |= {"content_type": "application/json", "message_body": json.dumps(body)}
        await self._socket.send_str(json.dumps(frame))

    async def _originate(self, endpoint: str, kind: str, leg: str) -> None:
        variables = {"TRUNKCALL_APP": self.app, "TRUNKCALL_LEG": leg, "TRUNKCALL_KIND": kind, "TRUNKCALL_RING": "15"}
        at = {"context": "trunkcall", "extension": kind, "priority": "1", "timeout": "35", "channelId": leg}
        await self._ask("channels", body={"variables": variables}, endpoint=endpoint, **at)

    async def _hear(self, customers: int) -> None:
        """Until so many have come and gone."""
        gone: set[str] = set()
        async for message in self._socket:
            event = json.loads(message.data)
            leg = (event.get("channel") or {}).get("id", "")
            name, _, kind = leg.rpartition(".")
            match event["type"], kind:
                case "StasisStart", "customer":
                    await self._set(leg, "5")
                    agent = self.agents[int(name.rpartition(".")[2]) % len(self.agents)]
                    await self._originate(f"PJSIP/{agent}", "agent", f"{name}.agent")
                case "StasisStart", "agent":
                    await self._ask(f"bridges/{name}.talk", type="mixing")
                    for each in (f"{name}.customer", leg):
                        await self._ask(f"bridges/{name}.talk/addChannel", channel=each)
                        await self._set(each, "0")
                case "ChannelDestroyed", _ if name.startswith(f"{self._run}.") and leg not in gone:
                    gone.add(leg)
                    if kind == "customer":
                        customers -= 1
                        if not customers:
                            return
                    else:
                        await self._ask(f"channels/{name}.customer", "DELETE")
                        await self._ask(f"bridges/{name}.talk", "DELETE")
                case _:
                    pass

    async def _set(self, leg: str, value: str) -> None:
        await self._ask(f"channels/{leg}/variable", variable="TIMEOUT(absolute)", value=value)


_runs = count(1)


# --- figures ----------------------------------------------------------------------------------------------------------


def percentile(values: Sequence[float], part: float) -> float:
    return values[min(len(values) - 1, round(part * (len(values) - 1)))]


def in_pairs(pairs: int, ours: Callable[[], T], bare: Callable[[], T]) -> list[tuple[T, T]]:
    """What both come to, each first in every other pair; the pair before the first is for what is done once."""
    found = []
    for pair in range(pairs + 1):
        done = {each: each() for each in ((ours, bare) if pair % 2 else (bare, ours))}
        if pair:
            found.append((done[ours], done[bare]))
    return found


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a stretch of talks has come to: from each verdict to the talk, and CPU for each of them."""

    took_ms: list[float]
    cpu_ms: float
    asterisk_cpu_ms: float


class Bench:
    """A switch, and who is called."""

    def __init__(self, stack: ExitStack, trunk: str) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trunkcall-bench-")))
        place = Place(201)
        street, office, busy = place.address(), place.address(), place.address()
        addresses = {TRUNK: street, BUSY: busy, **dict.fromkeys(AGENTS, office)}
        self._site = Site(place, addresses, stack, trunks=(trunk,))
        self.place, self.url, self.switch = place, place.ari_url, self._site.switch
        for name, address in (("people", street), ("office", office), ("busy", busy)):
            stack.enter_context(Far(name, address, self.folder))
        self.watch = stack.enter_context(Watch(self.url))

    def serve(self, per_s: float) -> Centre:
        """A server that dials over the trunk, so many a second at most."""
        limits = f"channels = 5000\nattempts_per_s = {per_s:.1f}\n"
        return Centre(self._site.serve(self.folder / "centre", limits=limits, log_level="warning"), AGENTS)

    def left(self) -> dict[str, int]:
        """What Asterisk has."""
        found = {what: len(ask(self.place, "GET", what)) for what in ("channels", "bridges")}
        return (
            found
            | {f"switch's {name}": number for name, number in held_by(self.switch.process_id).items()}
            | {"switch's recordings": len(list((self.switch.folder / "spool").rglob("*.*")))}
        )


def held_by(process_id: int) -> dict[str, int]:
    """Files and ports that a process has open."""
    links = [os.readlink(f"/proc/{process_id}/fd/{fd}") for fd in os.listdir(f"/proc/{process_id}/fd")]
    sockets = sum(link.startswith("socket:") for link in links)
    return {"files": len(links) - sockets, "sockets": sockets}


def run_campaign(centre: Centre, called: Sequence[str], *, at_once: bool = False, **campaign: Any) -> Counter[str]:
    """Dial all of these, ``at_once`` when all were accepted; what became of them."""
    given = centre.server.environment
    outbound = {
        "connectContactFlowId": given["TRUNKCALL_CONTACT_FLOW_ID"],
        "connectQueueId": given["TRUNKCALL_QUEUE_ID"],
        **NO_DETECTION,
    }
    data_dir = ("--data-dir", str(centre.server.data_dir))
    if at_once:
        centre.server.trunkcall("halt", *data_dir)
    campaign_id = centre.call(called, name=f"bench-{next(_runs)}", outboundCallConfig=outbound, **campaign)
    if at_once:
        centre.server.trunkcall("resume", *data_dir)
    records = centre.until_all_ended(campaign_id, timeout_s=180)
    return Counter(record["Disposition"] for record in records.values())


def talks(bench: Bench, seconds: int, pairs: int, calls: int) -> bool:
    """Verdict to bridged with an agent, CPU of each call, and what is left over."""
    centre = bench.serve(PER_S)
    centre.hire()
    process = centre.server.process
    assert process is not None
    called = numbers(PER_S * seconds)
    done = Counter[str]()

    def stretch(dial: Callable[[], None], cpu: Callable[[], float]) -> Stretch:
        bench.watch.begin()
        before_s, switch_before_s = cpu(), cpu_s(bench.switch.process_id)
        dial()
        bench.watch.until("gone", len(called))
        spent_s, switch_spent_s = cpu() - before_s, cpu_s(bench.switch.process_id) - switch_before_s
        return Stretch(bench.watch.took_ms(), spent_s * 1000 / len(called), switch_spent_s * 1000 / len(called))

    def ours() -> Stretch:
        return stretch(lambda: done.update(run_campaign(centre, called)), lambda: cpu_s(process.pid))

    def bare() -> Stretch:
        return stretch(lambda: asyncio.run(Bare(bench.url).dial(called, PER_S)), time.process_time)

    with centre.confirming():
        run_campaign(centre, called[:PER_S])
        bench.watch.until("gone", PER_S)
        time.sleep(1)
        before = bench.left() | held_by(process.pid)
        found = in_pairs(pairs, ours, bare)
        while sum(done.values()) < calls:
            ours()
        synced_ms = sync_ms(bench.folder)
        kept = [_latency(part, name, found, synced_ms) for part, name in ((0.5, "median"), (0.99, "99th of a hundred"))]
        _cpu(found)
        kept.append(_nothing_left(bench, process.pid, before, sum(done.values())))
    lost = sum(number for what, number in done.items() if what != "connected_to_agent")
    say("customers of whom none was reached by an agent", lost=lost, of=sum(done.values()), became=dict(done))
    return all(kept)


def sync_ms(folder: Path) -> float:
    """What the disk takes to keep a little, the median: Trunkcall rings no agent before the answer is on it, nor while
    others' changes are being kept, and the bare loop has none. ``TMPDIR=/dev/shm`` before the command leaves it out."""
    took = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(8192))
            began_s = time.perf_counter()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(took)


def _latency(part: float, name: str, found: Sequence[tuple[Stretch, Stretch]], synced_ms: float) -> bool:
    took = [(percentile(ours.took_ms, part), percentile(bare.took_ms, part)) for ours, bare in found]
    ratios = [ours / bare for ours, bare in took]
    ratio = statistics.median(ratios)
    say(
        f"verdict to bridged with an agent at {PER_S} calls a second, the {name}, over the bare loop's",
        ratio=round(ratio, 2),
        interval=interval(ratios, 2),
        bar=LATENCY_BAR,
        pairs=len(found),
        ours_ms=round(statistics.median(ours for ours, _ in took), 1),
        bare_ms=round(statistics.median(bare for _, bare in took), 1),
        disk_sync_ms=round(synced_ms, 2),
    )
    return ratio <= LATENCY_BAR


def _cpu(found: Sequence[tuple[Stretch, Stretch]]) -> None:
    by = {
        "trunkcall_ms": [ours.cpu_ms for ours, _ in found],
        "bare_ms": [bare.cpu_ms for _, bare in found],
        "asterisk_ms": [ours.asterisk_cpu_ms for ours, _ in found],
        "asterisk_with_bare_ms": [bare.asterisk_cpu_ms for _, bare in found],
    }
    say(
        "CPU of a call with an agent, beside Asterisk's",
        **{name: round(statistics.median(values), 2) for name, values in by.items()},
        intervals={name: interval(values, 2) for name, values in by.items()},
    )


def _nothing_left(bench: Bench, process_id: int, before: dict[str, int], calls: int) -> bool:
    give_up_s = time.monotonic() + SETTLED_S
    while True:
        after = bench.left() | held_by(process_id)
        more = {name: number - before[name] for name, number in after.items() if number > before[name]}
        if not more or time.monotonic() > give_up_s:
            say(f"left over after {calls:,} calls", more=more, bar=0, there=after)
            return not more
        time.sleep(0.5)


def originates(bench: Bench, number: int, pairs: int) -> bool:
    """Attempts begun per second where nothing holds them back, and whether all are made at a steady rate."""
    centre = bench.serve(5000)
    called = numbers(number)

    def ours() -> float:
        bench.watch.begin()
        became = run_campaign(centre, called, at_once=True, dialerConfig=AGENTLESS)
        assert became == {"busy": number}, became
        bench.watch.until("gone", number)
        return bench.watch.per_s()

    def bare() -> float:
        bench.watch.begin()
        asyncio.run(Bare(bench.url, BUSY, agents=()).dial(called, None))
        bench.watch.until("gone", number)
        return bench.watch.per_s()

    found = in_pairs(pairs, ours, bare)
    ratios = [ours / bare for ours, bare in found]
    ratio = statistics.median(ratios)
    say(
        "originates per s over the bare loop's",
        ratio=round(ratio, 2),
        interval=interval(ratios, 2),
        bar=RATE_BAR,
        pairs=pairs,
        ours_per_s=round(statistics.median(ours for ours, _ in found)),
        bare_per_s=round(statistics.median(bare for _, bare in found)),
    )
    return ratio >= RATE_BAR


def steady(bench: Bench, seconds: int) -> bool:
    """None is lost at 200 a second."""
    centre = bench.serve(STEADY_PER_S)
    called, became = numbers(500), Counter[str]()
    bench.watch.begin()
    rounds = max(1, STEADY_PER_S * seconds // len(called))
    for _ in range(rounds):
        became += run_campaign(centre, called, dialerConfig=AGENTLESS)
    number = rounds * len(called)
    bench.watch.until("gone", number)
    lost = number - became["busy"]
    reached = len(bench.watch.told["begun"])
    say(f"lost at {STEADY_PER_S} originates a second", lost=lost, twice=reached - number, bar=0, of=number)
    return lost == 0 and reached == number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=15, help="length of each stretch of talks, at most 25")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--calls", type=int, default=CALLS, help="talks after which nothing may be left")
    parser.add_argument("--only", choices=["talks", "originates", "steady"])
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    arguments = run_inside(parser, str(Path(__file__).with_name("telephony.py")))
    if arguments.watch:
        asyncio.run(watch(arguments.watch))
        return
    figures: dict[str, Callable[[Bench], bool]] = {
        "talks": lambda bench: talks(bench, arguments.seconds, arguments.pairs, arguments.calls),
        "originates": lambda bench: originates(bench, 500, arguments.pairs),
        "steady": lambda bench: steady(bench, arguments.seconds),
    }
    kept = []
    for name, run in figures.items():
        if arguments.only in (None, name):
            with ExitStack() as stack:
                kept.append(run(Bench(stack, TRUNK if name == "talks" else BUSY)))
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
