"""Loading a list: what the server cannot take yet is submitted again, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from trunkcall.cli.api_errors import ApiRefusedError
from trunkcall.cli.lists.rows import BadRow, Duplicate, Lead, ListItem, PassedOver
from trunkcall.cli.loading import Loader, LoadError
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


def leads(number: int, **attributes: str) -> list[ListItem]:
    return [Lead((f"row {n}",), f"line {n}", f"t-{n}", "+12125550100", attributes) for n in range(number)]


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
        ("row 1", "line 1: the server answered InvalidInput: expirationTime has passed"),
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

    with pytest.raises(ApiRefusedError, match=rf"The campaign is {state}\. {what_to_do}"):
        list(loader(Resting(), [], []).load(iter(leads(1))))


class Server:
    """A client that answers each batch as the test says."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.batches: list[list[str]] = []

    def put_dial_request_batch(self, *, id: str, dialRequests: list[dict[str, Any]]) -> Any:  # noqa: A002 - the API's names
        self.batches.append([request["clientToken"] for request in dialRequests])
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return {
            "successfulRequests": [{"clientToken": request["clientToken"], "id": "id"} for request in dialRequests],
            "failedRequests": [],
            "ResponseMetadata": {"HTTPHeaders": answer},
        }


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutDialRequestBatch")


def test_what_the_campaign_had_already_is_counted_apart() -> None:
    server = Server({"x-trunkcall-known-items": "1,4,17"})
    rows: list[ListItem] = [*leads(25), Duplicate(), PassedOver("not over yet"), PassedOver("not over yet")]
    *_, result = loader(server, [], []).load(rows)
    assert (result.accepted, result.known, result.duplicates, result.rejected) == (22, 3, 1, 0)
    assert result.passed_over == {"not over yet": 2}
    assert result.rows == 28


def test_a_row_for_which_the_whole_batch_is_refused_is_found_and_the_others_are_dialed() -> None:
    class Choosy(Server):
        def put_dial_request_batch(self, *, id: str, dialRequests: list[dict[str, Any]]) -> Any:  # noqa: A002 - the API's names
            if any(request["clientToken"] == "t-9" for request in dialRequests):
                raise refusal("ValidationException")
            return super().put_dial_request_batch(id=id, dialRequests=dialRequests)

    server, rejected = Choosy(), list[tuple[str, str]]()
    *_, result = loader(server, [], rejected).load(leads(30))
    assert (result.accepted, result.rejected) == (29, 1)
    assert [token for batch in server.batches for token in batch] == [f"t-{n}" for n in range(30) if n != 9]
    assert rejected == [("row 9", "line 9: The API answered ValidationException: no.")]


def test_an_api_that_refuses_every_row_is_not_asked_about_a_million() -> None:
    server = Server(*[refusal("ValidationException")] * 1000)
    with pytest.raises(LoadError, match="Every row so far was refused"):
        list(loader(server, [], []).load(leads(1000)))
    assert len(server.batches) < 60


def test_a_body_too_large_for_the_server_is_submitted_in_parts() -> None:
    server = Server(refusal("RequestEntityTooLargeException", 413))
    *_, result = loader(server, [], []).load(leads(10))
    assert (result.accepted, result.rejected) == (10, 0)
    assert [len(batch) for batch in server.batches] == [10, 5, 5]


def test_batches_of_large_rows_are_as_small_as_the_server_can_take() -> None:
    server = Server()
    *_, result = loader(server, [], []).load(leads(30, notes="ж" * 16_000))
    assert result.accepted == 30
    assert max(len(batch) for batch in server.batches) == 9


def test_a_server_that_is_too_busy_is_asked_again_for_a_while() -> None:
    busy, waits = refusal("ThrottlingException", 429), list[float]()
    *_, result = loader(Server(busy, busy), waits, []).load(leads(3))
    assert result.accepted == 3
    assert waits == [30.0, 30.0]
    with pytest.raises(ApiRefusedError, match="ThrottlingException"):
        list(loader(Server(*[busy] * 100), waits, []).load(leads(3)))
