"""Answers that are sent while they are made: a page may stream, and no client of it takes the server from the others.

The server is one in service, with limits that are soon reached. Its front page streams, as no page of the product
does, and its icon says how the streams are.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from serving import Serving
from wire import Wire, raw_request

MAX_CONNECTIONS = 40
MAX_STREAMS = MAX_CONNECTIONS // 4
ANSWER_TIMEOUT_S = 2.0
CHUNK = 65_536
MOST_ON_THE_WAY = 32 * 1_048_576
"""The buffers of two sockets, and those of the server. What a client leaves there is not made again and again."""
PROGRAM = f"""
import asyncio, json
from trunkcall.aws.protocol import HttpResponse
from trunkcall.cli import main
from trunkcall.web import front
from trunkcall.web.connection import GuardedProtocol
from trunkcall.web.streams import Streamed

GuardedProtocol.answer_timeout_s = {ANSWER_TIMEOUT_S}
GuardedProtocol.max_connections = {MAX_CONNECTIONS}
streams = {{"open": 0, "made": 0}}
go_on = asyncio.Event()

async def chunks(kind):
    streams["open"] += 1
    try:
        match kind:
            case b"two":
                yield b"first"
                await go_on.wait()
                yield b"second"
            case b"silent":
                yield b"first"
                await asyncio.Event().wait()
            case b"ticking":
                while True:
                    yield b"tick"
                    await asyncio.sleep(0.05)
            case b"flooding":
                while streams["made"] * {CHUNK} < {64 * MOST_ON_THE_WAY}:  # lest a fault takes all memory
                    streams["made"] += 1
                    yield bytes({CHUNK})
            case b"failing":
                yield b"first"
                raise RuntimeError("+12065550100")
    finally:
        streams["open"] -= 1

async def page(request):
    longest_s = 0.5 if b"short" in request.raw_query else 600.0
    return Streamed(200, (("content-type", "text/plain"),), chunks(request.raw_query.split(b"&")[0]), longest_s)

async def icon(request):
    if request.raw_query:
        go_on.set()
    return HttpResponse(200, (), json.dumps(streams).encode())

front.page, front.icon = page, icon
main()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    running = Serving(tmp_path / "data", {"agents": "0"}, program=("-c", PROGRAM))
    running.data_dir.mkdir(mode=0o700)
    running.start()
    try:
        yield running
    finally:
        running.kill()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def ask(kind: str, method: str = "GET", version: str = "HTTP/1.1") -> bytes:
    return raw_request(method, f"/?{kind}".encode(), (("host", "localhost"),), version=version)


def how(server: Serving) -> Any:
    return json.loads(server.get("/favicon.ico"))


def hears(wire: Wire, ending: bytes) -> bytes:
    """All until then."""
    heard = b""
    give_up_s = time.monotonic() + 20
    while not heard.endswith(ending):
        assert time.monotonic() < give_up_s, heard
        heard += wire.available()
    return heard


def still_serves(server: Serving) -> None:
    assert json.loads(server.get("/health"))["status"] == "ok"
    server.client().list_campaigns()


def test_what_is_made_first_arrives_first(server: Serving) -> None:
    with Wire(server.url) as wire:
        wire.send(ask("two"))
        first = hears(wire, b"5\r\nfirst\r\n")
        assert first.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"x-amzn-requestid: " in first
        assert b"transfer-encoding: chunked\r\n" in first
        assert how(server)["open"] == 1
        server.get("/favicon.ico?go_on")
        assert hears(wire, b"0\r\n\r\n") == b"6\r\nsecond\r\n0\r\n\r\n"
        wire.send(raw_request("GET", b"/health", (("host", "localhost"),)))
        assert wire.hear().status == 200, "the connection is as good as before"
    assert how(server)["open"] == 0


def test_a_head_makes_nothing(server: Serving) -> None:
    with Wire(server.url) as wire:
        wire.send(ask("flooding", "HEAD"))
        assert wire.hear(to_head=True).status == 200
        wire.send(raw_request("GET", b"/health", (("host", "localhost"),)))
        assert wire.hear().status == 200
    assert how(server) == {"open": 0, "made": 0}


def test_a_client_that_could_not_tell_half_an_answer_from_a_whole_one_gets_none(server: Serving) -> None:
    with Wire(server.url) as wire:
        wire.send(ask("two", version="HTTP/1.0"))
        assert wire.hear().status == 505
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(ask("silent"), id="while nothing is said"),
        pytest.param(ask("ticking"), id="in the middle"),
        pytest.param(ask("flooding"), id="who reads nothing"),
        pytest.param(ask("ticking") + ask("two"), id="with another request behind"),
        pytest.param(ask("flooding") + ask("two") * 3, id="who reads nothing and asks on"),
    ],
)
@pytest.mark.parametrize("politely", [True, False])
def test_a_client_that_goes_away_is_noticed(server: Serving, sent: bytes, politely: bool) -> None:
    """Else each who closes a page would leave its maker at work for as long as a stream may last."""
    with Wire(server.url) as wire:
        wire.send(sent)
        server.wait_until(lambda: how(server)["open"] == 1)
        if politely:
            wire.close()
        else:
            wire.reset()
    server.wait_until(lambda: how(server)["open"] == 0, timeout_s=ANSWER_TIMEOUT_S + 10)
    assert "Traceback" not in server.log_path.read_text()


def test_who_does_not_read_holds_the_page_up_and_is_hung_up_on(server: Serving) -> None:
    with Wire(server.url, receives=4096) as wire:
        wire.send(ask("flooding"))
        server.wait_until(lambda: how(server)["made"] > 0)
        server.wait_until(lambda: how(server)["open"] == 0, timeout_s=ANSWER_TIMEOUT_S + 10)
    made = how(server)["made"]
    assert made * CHUNK < MOST_ON_THE_WAY, "what nobody takes piles up"
    time.sleep(0.2)
    assert how(server)["made"] == made
    still_serves(server)


def test_who_reads_gets_all_of_it_and_the_others_are_served_meanwhile(server: Serving) -> None:
    with Wire(server.url) as wire:
        wire.send(ask("flooding"))
        heard = 0
        while heard < 2 * MOST_ON_THE_WAY:
            heard += len(wire.available())
        still_serves(server)


@pytest.mark.parametrize("kind", ["silent&short", "ticking&short", "flooding&short"])
def test_an_answer_that_is_cut_off_does_not_look_whole(server: Serving, kind: str) -> None:
    logged = server.log_path.read_text()
    with Wire(server.url) as wire:
        wire.send(ask(kind))
        heard = wire.rest()
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not heard.endswith(b"0\r\n\r\n")
    assert how(server)["open"] == 0
    assert server.log_path.read_text() == logged, "a client could fill the log"


def test_a_page_that_fails_halfway_is_cut_off_and_logged_without_what_it_was_about(server: Serving) -> None:
    with Wire(server.url) as wire:
        wire.send(ask("failing"))
        heard = wire.rest()
    assert heard.endswith(b"5\r\nfirst\r\n")
    log = server.log_path.read_text()
    assert "request failed" in log
    assert "RuntimeError" in log
    assert "+12065550100" not in log
    assert "Traceback" not in log


def test_streams_do_not_take_the_connections_of_the_api(server: Serving, stack: ExitStack) -> None:
    """One address may have half of all streams, and they are a quarter of the connections."""
    for number in range(MAX_CONNECTIONS // 2):
        wire = stack.enter_context(Wire(server.url))
        wire.send(ask("silent"))
        if number < MAX_STREAMS // 2:
            hears(wire, b"first\r\n")
            continue
        heard = wire.hear()
        assert (heard.status, heard.code, heard.headers["retry-after"]) == (503, "ServiceUnavailable", "1")
    assert how(server)["open"] == MAX_STREAMS // 2
    still_serves(server)


def test_a_server_that_stops_does_not_wait_for_streams(server: Serving, stack: ExitStack) -> None:
    for kind in ("silent", "ticking", "flooding", "ticking"):
        stack.enter_context(Wire(server.url)).send(ask(kind))
    server.wait_until(lambda: how(server)["open"] == 4)
    assert server.stop() == 0
    log = server.log_path.read_text()
    assert "Traceback" not in log
    assert "Cancel" not in log
    assert "graceful shutdown exceeded" not in log, "they had the 5 s that others have to take their answers"
