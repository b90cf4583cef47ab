"""Loading a list: what the server cannot take yet is submitted again, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from trunkcall.cli.leads import BadRow, Lead
from trunkcall.cli.load import Loader, LoadError
from trunkcall.domain.instants import HOUR


class FullCampaign:
    """A client whose campaign has room for so many requests at a time."""

    def __init__(self, room: int, refused: Sequence[str] = ()) -> None:
        self.room = room
        self.refused = refused
        self.held: list[str] = []
        self.batches: list[int] = []

    def put_dial_request_batch(self, *, id: str, dialRequests: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: A002 - the API's names
        self.batches.append(len(dialRequests))
        successful: list[dict[str, str]] = []
        failed: list[dict[str, str]] = []
        reasons: list[str] = []
        for number, request in enumerate(dialRequests, 1):
            token = request["clientToken"]
            if token in self.refused:
                failed.append({"clientToken": token, "failureCode": "InvalidInput"})
                reasons.append(f"{number}: expirationTime has passed")
            elif len(successful) < self.room:
                successful.append({"clientToken": token, "id": f"id-{token}"})
                self.held.append(token)
            else:
                failed.append({"clientToken": token, "failureCode": "RequestThrottled"})
        headers = {"x-trunkcall-refused-items": "; ".join(reasons)}
        return {
            "successfulRequests": successful,
            "failedRequests": failed,
            "ResponseMetadata": {"HTTPHeaders": headers},
        }


def leads(number: int) -> list[Lead | BadRow]:
    return [Lead((f"row {n}",), f"t-{n}", "+12125550100", {}) for n in range(number)]


def loader(client: Any, waits: list[float], rejected: list[tuple[str, str]]) -> Loader:
    return Loader(
        client,
        "campaign",
        lambda: 0,
        HOUR,
        lambda cells, reason: rejected.append((cells[0], reason)),
        sleep=waits.append,
    )


def test_requests_that_a_full_campaign_cannot_take_are_submitted_again_in_their_order() -> None:
    client, waits = FullCampaign(room=10), list[float]()
    load = loader(client, waits, [])
    assert [result.accepted for result in load.load(iter(leads(60)))] == [25, 50, 60]
    assert client.held == [f"t-{n}" for n in range(60)]
    assert client.batches == [25, 15, 5, 25, 15, 5, 10]
    assert waits == [0.5, 1.0, 0.5, 1.0]
    assert load.result.throttled == 40


def test_a_row_that_the_server_refuses_is_kept_with_its_reason() -> None:
    rejected: list[tuple[str, str]] = []
    rows = [*leads(3), BadRow(("bad",), "no number")]
    load = loader(FullCampaign(room=25, refused=["t-1"]), [], rejected)
    *_, result = load.load(iter(rows))
    assert (result.accepted, result.rejected) == (2, 2)
    assert rejected == [
        ("bad", "no number"),
        ("row 1", "the server answered InvalidInput: expirationTime has passed"),
    ]


@pytest.mark.parametrize(
    ("state", "what_to_do"),
    [
        ("Initialized", "Start or resume the campaign"),
        ("Paused", "Start or resume the campaign"),
        ("Stopped", "A Stopped campaign does not go on: create another one"),
        ("Failed", "A Failed campaign does not go on: create another one"),
    ],
)
def test_a_campaign_that_does_not_run_is_answered_with_what_to_do(state: str, what_to_do: str) -> None:
    class Resting:
        def put_dial_request_batch(self, **_: Any) -> Any:
            error = {"Code": "InvalidCampaignStateException", "Message": f"The campaign is {state}."}
            raise ClientError({"Error": error, "state": state}, "PutDialRequestBatch")

    with pytest.raises(LoadError, match=rf"The campaign is {state}\. {what_to_do}"):
        list(loader(Resting(), [], []).load(iter(leads(1))))
