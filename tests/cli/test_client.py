"""How commands reach the API: who waits at a terminal learns at once that nobody listens there."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from trunkcall.cli.client import (
    Connection,
    InstanceTime,
    ServerUnreachableError,
    campaigns_client,
    own_health,
    trunkcall_client,
)
from trunkcall.domain.instants import SECOND, Instant, from_datetime


@pytest.fixture
def nowhere() -> Connection:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Connection(f"http://127.0.0.1:{port}", "us-east-1", "AKIAEXAMPLE", "secret")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited before each further try; nobody really waits."""
    seconds: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", seconds.append)
    return seconds


def test_a_command_that_finds_no_server_does_not_ask_again(nowhere: Connection, waits: list[float]) -> None:
    def asks(client: Any, operation: str) -> None:
        with pytest.raises(EndpointConnectionError):
            getattr(client, operation)()

    asks(campaigns_client(nowhere), "list_campaigns")
    asks(trunkcall_client(nowhere), "list_campaign_progress")
    assert waits == []


def test_a_list_that_is_being_loaded_waits_for_a_server_that_is_started_anew(
    nowhere: Connection, waits: list[float]
) -> None:
    with pytest.raises(EndpointConnectionError):
        campaigns_client(nowhere, waits=True).list_campaigns()
    assert len(waits) > 3


DEFAULT_TIME, OTHER_TIME = "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z"
"""Two instances that were simulated at their own pace."""


@pytest.fixture
def told() -> Iterator[str]:
    """Where a server tells of two instances."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/health":
                self.send_error(502)
                return
            instances = [("north", DEFAULT_TIME), ("south", OTHER_TIME)]
            page = {
                "instance_time": DEFAULT_TIME,
                "speed": 1.0,
                "instances": [{"instance_id": name, "instance_time": time} for name, time in instances],
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode())

        def log_request(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_answers_in_place_of_a_server_of_ours_is_none(told: str) -> None:
    """A proxy whose server is down. Else the command ends in the words of HTTP, which say nothing of what to do."""
    with pytest.raises(ServerUnreachableError, match="trunkcall serve"):
        own_health(f"{told}/behind")


def test_when_requests_expire_goes_by_the_clock_of_their_instance(told: str) -> None:
    """By another's, which may be hours ahead, all rows of a list would be refused as expired."""

    def is_about(at: Instant, time: str) -> bool:
        return 0 <= at - from_datetime(datetime.fromisoformat(time)) < 60 * SECOND

    clock = InstanceTime(told)
    assert is_about(clock.now(), DEFAULT_TIME)
    assert clock.has_several
    clock.be_of("south")
    assert is_about(clock.now(), OTHER_TIME)
    clock.be_of("not dialed for")
    assert is_about(clock.now(), DEFAULT_TIME)
