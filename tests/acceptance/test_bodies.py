"""Request bodies that do not arrive, or are too many: neither may take the server's memory, or the server from others.

Whoever knows the name of an access key can have bodies read, since a signature can be checked only when the body is
there. Here he comes from the same address as everybody else.
"""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from acceptance.hostile.support import resident_kib
from serving import Serving, dial_request, serving
from wire import Signer

pytestmark = pytest.mark.long

MIB = 1_048_576


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("bodies") / "data", agents=0) as running:
        yield running


@pytest.fixture
def stranger(server: Serving) -> Signer:
    """Somebody who knows the name of a key and not its secret."""
    signer = Signer.of(server.environment)
    return Signer(signer.access_key_id, "guess", signer.region, signer.host)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def many_files(stack: ExitStack, number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < number:
        # Only the machine may raise its own limit: nothing that a set-up could change.
        pytest.skip("this machine allows too few open files for it")
    stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def open_many(stack: ExitStack, server: Serving, number: int, begun: bytes) -> list[socket.socket]:
    """So many connections on each of which a request begins to arrive."""
    host, port = server.url.removeprefix("http://").split(":")
    opened = []
    for _ in range(number):
        each = stack.enter_context(socket.create_connection((host, int(port))))
        each.setblocking(False)
        with suppress(BlockingIOError, ConnectionError):
            each.sendall(begun)
        opened.append(each)
    return opened


def send_on(connections: list[socket.socket], body: bytes, seconds: float) -> None:
    """Send a body on all of them at once, as far as it is taken."""
    left = {each: memoryview(body) for each in connections}
    give_up_s = time.monotonic() + seconds
    while left and time.monotonic() < give_up_s:
        for each, rest in list(left.items()):
            try:
                left[each] = rest[each.send(rest[:262_144]) :]
            except BlockingIOError:
                continue
            except ConnectionError:
                left[each] = rest[:0]
            if not left[each]:
                del left[each]


def told_to_come_back(connections: list[socket.socket]) -> int:
    """How many have been answered so since they were asked last."""
    told = 0
    for each in connections:
        with suppress(BlockingIOError):
            heard = each.recv(65_536)
            told += heard.startswith(b"HTTP/1.1 503 ") and b"retry-after: 1" in heard
    return told


def serves_others(server: Serving, campaign_id: str, token: str) -> None:
    """Soon, with other tests at work: who asks for its health, and who submits with the key that is abused."""
    began = time.monotonic()
    assert '"ok"' in server.get("/health")
    client: Any = server.client(read_timeout=20)
    requests = [dial_request(f"{token}-{n}", n, first_name="Ada") for n in range(25)]
    answer = client.put_dial_request_batch(id=campaign_id, dialRequests=requests)
    assert len(answer["successfulRequests"]) == 25
    assert time.monotonic() - began < 20


@pytest.fixture(scope="module")
def campaign_id(server: Serving) -> str:
    client = server.client()
    made: str = client.create_campaign(**server.campaign_arguments())["id"]
    client.start_campaign(id=made)
    return made


def test_thousands_of_bodies_that_do_not_arrive_keep_nobody_out(
    server: Serving, campaign_id: str, stranger: Signer, stack: ExitStack
) -> None:
    many_files(stack, 5_000)
    begun = stranger.request("PUT", f"/campaigns/{campaign_id}/dial-requests", framing=(("content-length", "9000"),))
    open_many(stack, server, 4_150, begun + b"{")
    serves_others(server, campaign_id, "at-once")
    time.sleep(1.1)
    serves_others(server, campaign_id, "later")


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_hundreds_of_large_bodies_take_little_memory_and_keep_nobody_out(
    server: Serving, campaign_id: str, stranger: Signer, stack: ExitStack, framing: str
) -> None:
    """One byte short of what they said, so that none is ever refused for its signature."""
    many_files(stack, 2_000)
    path = f"/campaigns/{campaign_id}/dial-requests"
    if framing == "length":
        begun = stranger.request("PUT", path, framing=(("content-length", str(MIB)),))
    else:
        begun = stranger.request("PUT", path, framing=(("transfer-encoding", "chunked"),)) + b"%x\r\n" % MIB
    before = resident_kib(server)
    connections = open_many(stack, server, 600, begun)
    send_on(connections, b"x" * (MIB - 1), seconds=3)
    serves_others(server, campaign_id, framing)
    grown_mib = (resident_kib(server) - before) / 1024
    assert grown_mib < 110, "of 600 MiB; one address may have 32"


def test_a_large_body_that_arrives_is_taken_although_others_hold_the_room(
    server: Serving, campaign_id: str, stranger: Signer, stack: ExitStack
) -> None:
    path = f"/campaigns/{campaign_id}/dial-requests"
    begun = stranger.request("PUT", path, framing=(("content-length", str(MIB)),))
    connections = open_many(stack, server, 100, begun)
    time.sleep(1.2)
    refused = told_to_come_back(connections)
    assert refused == 100 - 32
    client: Any = server.client()
    large = [dial_request(f"large-{n}", n, note="x" * 30_000) for n in range(25)]
    answer = client.put_dial_request_batch(id=campaign_id, dialRequests=large)
    assert len(answer["successfulRequests"]) == 25
    assert told_to_come_back(connections) == 1, "one gave way"
    assert "request failed" not in server.log_path.read_text()


def test_who_sends_no_key_at_all_keeps_nobody_out_either(server: Serving, campaign_id: str, stack: ExitStack) -> None:
    many_files(stack, 5_000)
    head = f"PUT /campaigns/{campaign_id}/dial-requests HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000\r\n\r\n{{"
    open_many(stack, server, 4_150, head.encode())
    serves_others(server, campaign_id, "without-a-key")


def test_the_room_for_bodies_is_a_setting(tmp_path: Path, stack: ExitStack) -> None:
    with serving(tmp_path / "data", agents=0, max_bodies_mb=8, max_body_bytes=2 * MIB) as server:
        client = server.client()
        signer = Signer.of(server.environment)
        begun = signer.request("POST", "/campaigns-summary", framing=(("content-length", str(MIB)),))
        connections = open_many(stack, server, 6, begun)
        time.sleep(0.3)
        assert told_to_come_back(connections) == 2, "half of 8 MiB is one address's"
        assert client.list_campaigns()["campaignSummaryList"] == []
