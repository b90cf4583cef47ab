"""How commands reach the API: who waits at a terminal learns at once that nobody listens there."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from trunkcall.cli.client import Connection, campaigns_client, trunkcall_client


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
