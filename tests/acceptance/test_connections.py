"""Limits of a connection: one slow or greedy client must not take the server from the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from serving import Serving, serving

REQUEST = b"PUT /campaigns HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    path: Path = tmp_path_factory.mktemp("connections") / "data"
    with serving(path, agents=0) as running:
        yield running


def connect(server: Serving, timeout_s: float = 20.0) -> socket.socket:
    address = urlsplit(server.url)
    assert address.hostname is not None
    connection = socket.create_connection((address.hostname, address.port), timeout=timeout_s)
    connection.settimeout(timeout_s)
    return connection


def answer(connection: socket.socket) -> bytes:
    """All that the server says until it closes the connection."""
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def still_serves(server: Serving) -> None:
    assert '"status":"ok"' in server.get("/health")
    server.client().list_campaigns()
    assert "Traceback" not in server.log_path.read_text()


def test_a_head_that_never_ends_is_cut_off(alone: Serving) -> None:
    with connect(alone) as slow, connect(alone) as silent:
        slow.sendall(REQUEST)
        assert answer(slow).startswith(b"HTTP/1.1 408 ")
        assert answer(silent) == b""
    still_serves(alone)


@pytest.mark.parametrize(
    "head",
    [
        REQUEST + b"X-Large: " + b"a" * 100_000 + b"\r\n\r\n",
        REQUEST + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["large header", "many headers", "long path"],
)
def test_a_head_that_is_too_large_is_refused(alone: Serving, head: bytes) -> None:
    with connect(alone) as greedy:
        greedy.sendall(head)
        assert answer(greedy).startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    still_serves(alone)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100 + b"\r\n\r\n",
        b"PUT /campaigns HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT /campaigns HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"PUT /campaigns HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ],
    ids=["TLS", "NULs", "negative length", "length in words", "two lengths"],
)
def test_what_is_not_http_is_refused(alone: Serving, garbage: bytes) -> None:
    with connect(alone) as confused:
        confused.sendall(garbage)
        assert answer(confused).startswith(b"HTTP/1.1 400 ")
    still_serves(alone)


def test_a_client_that_hangs_up_in_the_middle_is_forgotten(alone: Serving) -> None:
    with connect(alone) as gone:
        gone.sendall(REQUEST + b"Content-Length: 1000\r\n\r\nabc")
    still_serves(alone)


def test_a_thousand_idle_connections_do_not_keep_others_out(alone: Serving) -> None:
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(connect(alone))
        still_serves(alone)
