"""Limits of a connection: one slow, greedy or forgetful client must not take the server from the others.

The limits are those of a server in service, with less time to wait and fewer connections to make.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from serving import Serving, serving
from wire import ConnectionClosed, Signer, Wire, raw_request

HEAD_TIMEOUT_S = 1.0
BODY_TIMEOUT_S = 2.0
IDLE_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 2.0
MARGIN_S = 4.0
"""How much later than it should a server may do something, with other tests at work."""
MAX_CONNECTIONS = 40
HURRIED = f"""
from trunkcall.cli import main
from trunkcall.web.connection import GuardedProtocol
GuardedProtocol.head_timeout_s = {HEAD_TIMEOUT_S}
GuardedProtocol.body_timeout_s = {BODY_TIMEOUT_S}
GuardedProtocol.idle_timeout_s = {IDLE_TIMEOUT_S}
GuardedProtocol.answer_timeout_s = {ANSWER_TIMEOUT_S}
GuardedProtocol.max_connections = {MAX_CONNECTIONS}
main()
"""
LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from trunkcall.cli import main
main()
"""
USUAL_FILES = 1024
"""Most systems start a process with this limit of open files, and let it have more."""
HEALTH = raw_request("GET", b"/health", (("host", "localhost"),))
METRICS = raw_request("GET", b"/metrics", (("host", "localhost"),))
BODY = b'{"maxResults":1}'


@contextmanager
def running(path: Path, program: str) -> Iterator[Serving]:
    server = Serving(path, {"agents": "0"}, program=("-c", program))
    path.mkdir(mode=0o700)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with running(tmp_path_factory.mktemp("connections") / "data", HURRIED) as server:
        yield server


@pytest.fixture
def signer(hurried: Serving) -> Signer:
    return Signer.of(hurried.environment)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def still_serves(server: Serving) -> None:
    assert json.loads(server.get("/health"))["status"] == "ok"
    server.client().list_campaigns()
    written = server.log_path.read_text()
    assert written.count("\n") <= 2, written[-4000:]


@dataclass
class Watched:
    """A connection on which something is sent now and then, until the server has had enough."""

    name: str
    wire: Wire
    drip: bytes
    limit_s: float
    statuses: tuple[bytes, ...]
    heard: bytes = b""
    ended_s: float | None = None
    began_s: float = field(default_factory=time.monotonic)

    def go_on(self) -> None:
        if self.ended_s is None:
            try:
                self.heard += self.wire.available()
                self.wire.send(self.drip)
            except (ConnectionClosed, ConnectionError):
                self.ended_s = time.monotonic() - self.began_s


def watch_until_closed(watched: list[Watched]) -> None:
    """Each is closed when its time is up, neither sooner nor much later, after the statuses that it expects."""
    give_up_s = time.monotonic() + max(one.limit_s for one in watched) + MARGIN_S
    while time.monotonic() < give_up_s and any(one.ended_s is None for one in watched):
        time.sleep(0.1)
        for one in watched:
            one.go_on()
    wrong = []
    for one in watched:
        if one.ended_s is None or not one.limit_s - 0.5 <= one.ended_s <= one.limit_s + MARGIN_S:
            wrong.append(f"{one.name}: open for {one.ended_s or 'ever'}, not for {one.limit_s} s")
        heard = tuple(part[:3] for part in one.heard.split(b"HTTP/1.1 ")[1:])
        if heard != one.statuses:
            wrong.append(f"{one.name}: heard {heard}, not {one.statuses}")
    assert not wrong, "\n".join(wrong)


def test_slow_senders_are_cut_off(hurried: Serving, signer: Signer, stack: ExitStack) -> None:
    """A few thousand of them, each sending a byte a second, would otherwise take the server for nothing."""
    signed = signer.request("POST", "/campaigns-summary", framing=(("content-length", str(len(BODY))),), signs=BODY)
    chunked = signer.request("POST", "/campaigns-summary", framing=(("transfer-encoding", "chunked"),), signs=BODY)
    nobodys = raw_request("POST", b"/campaigns-summary", (("host", "localhost"), ("content-length", "1000000")))
    half = b"GET /health HTTP/1.1\r\n"

    def slow(name: str, first: bytes, drip: bytes, limit_s: float, *statuses: bytes) -> Watched:
        wire = stack.enter_context(Wire(hurried.url))
        wire.send(first)
        return Watched(name, wire, drip, limit_s, statuses)

    later = slow("half a later head, after the answer", HEALTH, b"", HEAD_TIMEOUT_S, b"408")
    assert later.wire.hear().status == 200
    later.wire.send(half)
    watch_until_closed(
        [
            later,
            slow("a silent connection", b"", b"", HEAD_TIMEOUT_S),
            slow("nothing but line ends", b"", b"\r\n", HEAD_TIMEOUT_S),
            slow("half a head", half, b"", HEAD_TIMEOUT_S, b"408"),
            slow("a head, dribbled", half, b"x: a\r\n", HEAD_TIMEOUT_S, b"408"),
            slow("a request line, dribbled", b"GET /", b"a", HEAD_TIMEOUT_S, b"408"),
            slow("half a later head", HEALTH + half, b"", HEAD_TIMEOUT_S, b"200", b"408"),
            slow("a later head, dribbled", HEALTH + half, b"x: a\r\n", HEAD_TIMEOUT_S, b"200", b"408"),
            slow("half a body", signed + BODY[:3], b"", BODY_TIMEOUT_S, b"408"),
            slow("a body, dribbled", chunked, b"1\r\n \r\n", BODY_TIMEOUT_S, b"408"),
            slow("trailers, dribbled", chunked + b"0\r\n", b"x: a\r\n", BODY_TIMEOUT_S, b"408"),
            # The answer was given already, so a second one would be taken for another request's.
            slow("a body nobody asked for, dribbled", nobodys, b"x", BODY_TIMEOUT_S, b"403"),
            slow("a body nobody asked for, held back", nobodys, b"", BODY_TIMEOUT_S, b"403"),
        ]
    )
    still_serves(hurried)


def test_a_connection_that_is_not_used_is_closed(hurried: Serving, stack: ExitStack) -> None:
    """Clients that go away without a word are many, and some keep a connection open with line ends."""
    watched = []
    for name, drip in (("idle", b""), ("nothing but line ends", b"\r\n")):
        wire = stack.enter_context(Wire(hurried.url))
        wire.send(HEALTH)
        watched.append(Watched(name, wire, drip, IDLE_TIMEOUT_S, (b"200",)))
    watch_until_closed(watched)
    still_serves(hurried)


def test_a_connection_that_is_used_now_and_then_is_kept(hurried: Serving, stack: ExitStack) -> None:
    wire = stack.enter_context(Wire(hurried.url))
    began = time.monotonic()
    while time.monotonic() - began < IDLE_TIMEOUT_S + 1:
        wire.send(HEALTH)
        assert wire.hear().status == 200
        time.sleep(HEAD_TIMEOUT_S + 0.3)


def test_a_client_that_asks_and_never_reads_is_hung_up_on(hurried: Serving, stack: ExitStack) -> None:
    """Its answers would be held for as long as it likes."""
    wire = stack.enter_context(Wire(hurried.url, timeout_s=0.2))
    metrics = raw_request("GET", b"/metrics", (("host", "localhost"),)) * 20
    with pytest.raises(ConnectionError):
        send_for(15, wire, metrics)
    still_serves(hurried)


def test_a_refused_client_that_goes_on_sending_is_hung_up_on(hurried: Serving, signer: Signer) -> None:
    """It is listened to for a while, so that it can hear why; not for as long as it likes."""
    framing = (("content-length", "1000000000"),)
    with Wire(hurried.url) as wire:
        wire.send(signer.request("POST", "/campaigns-summary", framing=framing))
        assert wire.hear().status == 413
        assert wire.rest() == b""
        send_for(ANSWER_TIMEOUT_S - 0.5, wire, b" " * 1000)
        with pytest.raises(ConnectionError):
            send_for(MARGIN_S, wire, b" " * 1000)
    still_serves(hurried)


def send_for(seconds: float, wire: Wire, data: bytes) -> None:
    give_up_s = time.monotonic() + seconds
    while time.monotonic() < give_up_s:
        # A server that does not read lets a client wait.
        with suppress(TimeoutError):
            wire.send(data)
        time.sleep(0.01)


@pytest.mark.parametrize("first", [b"", b"GET /hea", HEALTH], ids=["silent", "half a head", "has asked before"])
def test_who_asks_is_served_before_who_is_idle(hurried: Serving, stack: ExitStack, first: bytes) -> None:
    """However many connections somebody opens, and does not use, the others find the server open."""
    idle = []
    for _ in range(3 * MAX_CONNECTIONS):
        wire = stack.enter_context(Wire(hurried.url))
        wire.send(first)
        idle.append(wire)
        if first == HEALTH:
            assert wire.hear().status == 200
    still_serves(hurried)
    assert sum(map(is_open, idle)) <= MAX_CONNECTIONS
    assert is_open(idle[-1])


def test_who_asks_is_served_before_whose_body_does_not_arrive(
    hurried: Serving, signer: Signer, stack: ExitStack
) -> None:
    """However many connections somebody opens, and sends half a body on each, the others find the server open. Those
    who were there first have the usual time, as many as one address may have; the others are told to come back."""
    upload = signer.request("POST", "/campaigns-summary", framing=(("content-length", str(len(BODY))),), signs=BODY)
    slow = []
    for _ in range(MAX_CONNECTIONS):
        wire = stack.enter_context(Wire(hurried.url))
        wire.send(upload + BODY[:3])
        slow.append(wire)
    for wire in slow[MAX_CONNECTIONS // 2 :]:
        with suppress(ConnectionClosed):
            heard = wire.hear()
            assert (heard.status, heard.code) == (503, "ServiceUnavailable")
            assert heard.headers["retry-after"] == "1"
            assert wire.rest() == b""
    still_serves(hurried)
    assert sum(completes(wire) for wire in slow[: MAX_CONNECTIONS // 4]) >= MAX_CONNECTIONS // 4 - 2
    for wire in slow:
        wire.close()
    for _ in range(MAX_CONNECTIONS):
        stack.enter_context(Wire(hurried.url)).send(upload + BODY[:3])
    still_serves(hurried)


def completes(wire: Wire) -> bool:
    try:
        wire.send(BODY[3:])
        return wire.hear().status == 200
    except (ConnectionClosed, ConnectionError):
        return False


def test_when_everybody_is_being_served_a_new_client_is_told_so(hurried: Serving, stack: ExitStack) -> None:
    """SDKs come back by themselves after a 503."""
    for _ in range(MAX_CONNECTIONS):
        wire = stack.enter_context(Wire(hurried.url, receives=4096))
        wire.send(METRICS * 60)
    with Wire(hurried.url) as late:
        late.send(b"")
        heard = late.hear()
        assert (heard.status, heard.code, heard.headers["retry-after"]) == (503, "ServiceUnavailable", "1")
        assert late.rest() == b""
    hurried.wait_until(lambda: not refuses(hurried), timeout_s=10)
    still_serves(hurried)


def refuses(server: Serving) -> bool:
    try:
        server.get("/health")
    except OSError:
        return True
    return False


def test_thousands_of_idle_connections_leave_room_for_those_who_ask(tmp_path: Path, stack: ExitStack) -> None:
    """Under the limit of open files that a server is usually started with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4 * USUAL_FILES:
        # Only the machine may raise its own limit: nothing that a set-up could change.
        pytest.skip("this machine allows too few open files for it")
    stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = stack.enter_context(running(tmp_path / "data", LIMITED.format(soft=USUAL_FILES, hard=hard)))
    idle = []
    for number in range(2 * USUAL_FILES):
        wire = stack.enter_context(Wire(server.url))
        wire.send(b"" if number % 2 else b"GET /hea")
        idle.append(wire)
    began = time.monotonic()
    still_serves(server)
    assert time.monotonic() - began < 20
    assert all(map(is_open, idle))


def test_clients_can_not_take_the_files_that_the_store_needs(tmp_path: Path, stack: ExitStack) -> None:
    """Where few files may be open, the server allows fewer connections, and goes on to accept work."""
    server = stack.enter_context(running(tmp_path / "data", LIMITED.format(soft=400, hard=400)))
    assert "the limit of open files allows few connections" in server.log_path.read_text()
    for _ in range(600):
        with suppress(ConnectionError):
            stack.enter_context(Wire(server.url)).send(b"GET /hea")
    created = server.client().create_campaign(**server.campaign_arguments("Few files"))
    assert server.client().describe_campaign(id=created["id"])["campaign"]["name"] == "Few files"
    assert server.trunkcall("keys", "list", "--data-dir", str(server.data_dir)).returncode == 0
    still_serves(server)


def is_open(wire: Wire) -> bool:
    try:
        wire.available()
    except ConnectionClosed:
        return False
    return True


def test_a_server_that_stops_waits_for_nobody_who_has_not_finished(tmp_path: Path, stack: ExitStack) -> None:
    with serving(tmp_path / "data", agents=0) as server:
        signer = Signer.of(server.environment)
        half_a_body = signer.request("POST", "/campaigns-summary", framing=(("content-length", "9000"),)) + b"{"
        refused = signer.request("POST", "/campaigns-summary", framing=(("content-length", "1000000000"),)) + b"{"
        for begun in (b"GET /hea", half_a_body, HEALTH + half_a_body, refused):
            for _ in range(10):
                stack.enter_context(Wire(server.url)).send(begun)
        still_serves(server)
        assert server.stop() == 0
        log = server.log_path.read_text()
        assert "Traceback" not in log
        assert "graceful shutdown exceeded" not in log, "they had the 5 s that others have to take their answers"
