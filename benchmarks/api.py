"""How fast the API is, each figure as a ratio to something measured in the same run.

One server process, everything on: signature, validation, and fsync before the answer; 64 connections; wrk with requests
signed beforehand as the load. Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loading import Load, Signer, measure
from serving import ROOT, Serving, serving
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.instants import DAY
from trunkcall.storage.sqlite.store import SQLiteStore

EXPIRES = "2099-01-01T00:00:00Z"
ROUNDS = 3


def say(figure: str, **values: object) -> None:
    print(json.dumps({"figure": figure, **values}), flush=True)


def interval(values: Sequence[float], digits: int) -> list[float]:
    """In which the true median is with 95 % (order statistics), as far as there are enough values."""
    ordered = sorted(values)
    cut = max(0, math.floor((len(ordered) - 1.96 * math.sqrt(len(ordered))) / 2))
    return [round(ordered[cut], digits), round(ordered[-1 - cut], digits)]


def signer(server: Serving) -> Signer:
    given = server.environment
    return Signer(server.url, given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])


def create_bodies(server: Serving, number: int) -> list[bytes]:
    return [json.dumps(server.campaign_arguments(f"c-{uuid4()}")).encode() for _ in range(number)]


def batch(prefix: str) -> bytes:
    """25 dial requests with three attributes each."""
    requests = [
        {
            "clientToken": f"{prefix}-{n}",
            "phoneNumber": f"+1212555{100 + n:04d}",
            "expirationTime": EXPIRES,
            "attributes": {"first_name": "Ada", "last_name": "Lovelace", "account_number": f"AC-{prefix[:6]}-{n}"},
        }
        for n in range(25)
    ]
    return json.dumps({"dialRequests": requests}).encode()


def running_campaign(server: Serving) -> str:
    client = server.client()
    campaign_id: str = client.create_campaign(**server.campaign_arguments(f"c-{uuid4()}"))["id"]
    client.start_campaign(id=campaign_id)
    return campaign_id


# --- dial requests, against raw inserts -----------------------------------------------------------


def accepted_per_s(server: Serving, campaign_id: str, seconds: int) -> float:
    """Dial requests that the store holds at the end, over the time of the run."""
    sign = signer(server)
    path = f"/campaigns/{campaign_id}/dial-requests"
    requests = [sign.request("PUT", path, batch(uuid4().hex)) for _ in range(2500 * seconds)]
    before = count(server)
    load = measure(server.url, requests, seconds=seconds)
    assert load.failed == 0, load
    return (count(server) - before) / load.seconds


def count(server: Serving) -> int:
    with sqlite3.connect(server.data_dir / "trunkcall.db") as connection:
        number: int = connection.execute("SELECT count(*) FROM contact").fetchone()[0]
        return number


def raw_inserts_per_s(source: Path, folder: Path, seconds: float) -> float:
    """Rows per second of plain executemany: the rows that the API stored, the same schema and indexes, one writer,
    synchronous=FULL, 25 rows a transaction."""
    with sqlite3.connect(source) as stored:
        schema = [sql for (sql,) in stored.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        rows = stored.execute("SELECT * FROM contact ORDER BY rowid LIMIT 200000").fetchall()
    path = folder / f"raw-{uuid4().hex}.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    for statement in schema:
        if "sqlite_" not in statement.split("(")[0]:
            connection.execute(statement)
    insert = f"INSERT INTO contact VALUES ({','.join('?' * len(rows[0]))})"
    started = time.perf_counter()
    done = 0
    while time.perf_counter() - started < seconds and done < len(rows):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(insert, rows[done : done + 25])
        connection.execute("COMMIT")
        done += 25
    elapsed = time.perf_counter() - started
    connection.close()
    path.unlink()
    return min(done, len(rows)) / elapsed


def dial_requests(folder: Path, seconds: int) -> None:
    api, raw = [], []
    with serving(folder / "put", agents=0) as server:
        campaign_id = running_campaign(server)
        for _ in range(ROUNDS):
            api.append(accepted_per_s(server, campaign_id, seconds))
            raw.append(raw_inserts_per_s(server.data_dir / "trunkcall.db", folder, seconds))
    ratios = [a / r for a, r in zip(api, raw, strict=True)]
    say(
        "dial requests accepted per s over raw SQLite inserts",
        ratio=round(statistics.median(ratios), 2),
        bar=0.4,
        accepted_per_s=[round(x) for x in api],
        raw_per_s=[round(x) for x in raw],
    )


# --- CreateCampaign, against moto -----------------------------------------------------------------


@contextmanager
def moto() -> Iterator[str]:
    program = ROOT / ".venv-clients" / "bin" / "moto_server"
    assert program.exists(), "moto is missing: `make moto` installs it"
    port = free_port()
    process = subprocess.Popen([str(program), "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url + "/moto-api/")
        yield url
    finally:
        process.kill()
        process.wait()


def create_campaign(folder: Path, seconds: int) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    with serving(folder / "create", agents=0, max_campaigns=10_000_000) as server, moto() as moto_url:
        sign, moto_sign = signer(server), Signer(moto_url, "AKIA", "secret")
        # It loads a service's code with the first request for it.
        measure(
            moto_url, [moto_sign.request("PUT", "/campaigns", body) for body in create_bodies(server, 2)], seconds=5
        )
        for _ in range(ROUNDS):
            requests = [sign.request("PUT", "/campaigns", body) for body in create_bodies(server, 16_000 * seconds)]
            ours.append(checked(measure(server.url, requests, seconds=seconds)).per_s)
            bodies = create_bodies(server, 800 * seconds)
            requests = [moto_sign.request("PUT", "/campaigns", body) for body in bodies]
            theirs.append(checked(measure(moto_url, requests, seconds=seconds)).per_s)
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    say(
        "CreateCampaign per s over moto_server's",
        ratio=round(statistics.median(ratios), 1),
        bar=10,
        ours_per_s=[round(x) for x in ours],
        moto_per_s=[round(x) for x in theirs],
    )


# --- DescribeCampaign, against a bare application -------------------------------------------------


@contextmanager
def bare_uvicorn(body: bytes) -> Iterator[str]:
    port = free_port()
    program = (
        "import uvicorn\n"
        f"BODY = {body!r}\n"
        "HEADERS = [(b'content-type', b'application/json'), (b'content-length', str(len(BODY)).encode())]\n"
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': HEADERS})\n"
        "    await send({'type': 'http.response.body', 'body': BODY})\n"
        f"uvicorn.run(app, port={port}, log_level='error', access_log=False, lifespan='off', loop='uvloop', "
        "http='httptools')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url)
        yield url
    finally:
        process.kill()
        process.wait()


def describe_campaign(folder: Path, seconds: int) -> None:
    ours: list[float] = []
    bare: list[float] = []
    with serving(folder / "describe", agents=0) as server:
        campaign_id = running_campaign(server)
        sign = signer(server)
        body = json.dumps(server.client().describe_campaign(id=campaign_id)["campaign"]).encode()
        with bare_uvicorn(body) as bare_url:
            for _ in range(ROUNDS):
                requests = [sign.request("GET", f"/campaigns/{campaign_id}")] * 2
                ours.append(checked(measure(server.url, requests, seconds=seconds)).per_s)
                requests = [Signer(bare_url, "a", "b").request("GET", f"/campaigns/{campaign_id}")] * 2
                bare.append(checked(measure(bare_url, requests, seconds=seconds)).per_s)
    ratios = [a / b for a, b in zip(ours, bare, strict=True)]
    say(
        "DescribeCampaign per s over a bare uvicorn application's",
        ratio=round(statistics.median(ratios), 2),
        bar=0.4,
        ours_per_s=[round(x) for x in ours],
        bare_per_s=[round(x) for x in bare],
    )


# --- a million pending requests -------------------------------------------------------------------


def million_pending(folder: Path, seconds: int, pending: int) -> None:
    with serving(folder / "million", agents=0) as server:
        campaign_id = running_campaign(server)
        sign = signer(server)
        requests = [sign.request("GET", f"/campaigns/{campaign_id}")] * 2
        empty = statistics.median(checked(measure(server.url, requests, seconds=seconds)).p50_us for _ in range(ROUNDS))
        server.stop()
        asyncio.run(fill(server.data_dir / "trunkcall.db", campaign_id, pending))
        server.start()
        sign = signer(server)
        requests = [sign.request("GET", f"/campaigns/{campaign_id}")] * 2
        full = statistics.median(checked(measure(server.url, requests, seconds=seconds)).p50_us for _ in range(ROUNDS))
        put = [
            sign.request("PUT", f"/campaigns/{campaign_id}/dial-requests", batch(uuid4().hex))
            for _ in range(1500 * seconds)
        ]
        checked(measure(server.url, put, seconds=seconds))
        assert server.process is not None
        memory = resident_mib(server.process.pid)
    say(
        f"resident memory with {pending:,} pending dial requests, MiB",
        memory_mib=round(memory),
        bar=300,
        describe_p50_ratio=round(full / empty, 2),
        describe_bar=1.2,
        p50_us=[round(empty), round(full)],
    )


async def fill(path: Path, campaign_id: str, number: int) -> None:
    store = SQLiteStore(path)
    await store.open()
    now = time.time_ns() // 1000
    for start in range(0, number, 1000):
        requests = [
            DialRequest(str(uuid4()), f"fill-{n}", "+12125550100", now + DAY, {"account_number": f"AC-{n}"})
            for n in range(start, min(start + 1000, number))
        ]
        await store.put_dial_requests(campaign_id, requests, at=now, max_waiting=number)
    await store.close()


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def checked(load: Load) -> Load:
    assert load.failed == 0, load
    return load


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str) -> None:
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nothing answers at {url}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="length of each measurement")
    parser.add_argument("--pending", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["put", "create", "describe", "million"])
    arguments = parser.parse_args()
    figures: dict[str, Callable[[Path], Any]] = {
        "put": lambda folder: dial_requests(folder, arguments.seconds),
        "create": lambda folder: create_campaign(folder, arguments.seconds),
        "describe": lambda folder: describe_campaign(folder, arguments.seconds),
        "million": lambda folder: million_pending(folder, arguments.seconds, arguments.pending),
    }
    with tempfile.TemporaryDirectory(prefix="trunkcall-bench-") as folder:
        for name, run in figures.items():
            if arguments.only in (None, name):
                run(Path(folder))


if __name__ == "__main__":
    main()
