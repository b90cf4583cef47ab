"""A server that reads requests as strictly as Smithy's tests do. An SDK notices nothing; whoever writes requests by
hand is told what a stricter service would refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from serving import Serving, serving
from wire import Signer, Wire

JSON = ("content-type", "application/json")
STATES = "/campaigns-state"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("strict") / "data", strict_wire="on", agents=0) as running:
        yield running


def answered(server: Serving, body: bytes, *headers: tuple[str, str]) -> tuple[int, str | None]:
    """Status and code of the answer to GetCampaignStateBatch."""
    with Wire(server.url) as wire:
        heard = wire.ask(Signer.of(server.environment).request("POST", STATES, body, headers))
    assert heard.status == 200 or json.loads(heard.body)["message"]
    return heard.status, heard.code


def test_an_sdk_notices_nothing(strict: Serving) -> None:
    campaigns, connect = strict.client(), strict.client("connect")
    created = campaigns.create_campaign(**strict.campaign_arguments("Strict"), tags={"team": "red"})
    campaigns.start_campaign(id=created["id"])
    campaigns.untag_resource(arn=created["arn"], tagKeys=["team"])
    campaigns.delete_campaign(id=created["id"])
    within = {"InstanceId": strict.environment["TRUNKCALL_INSTANCE_ID"]}
    hours = connect.list_hours_of_operations(**within)["HoursOfOperationSummaryList"][0]
    queue = connect.create_queue(**within, Name="Strict", HoursOfOperationId=hours["Id"], Tags={"team": "red"})
    connect.untag_resource(resourceArn=queue["QueueArn"], tagKeys=["team"])
    connect.delete_queue(**within, QueueId=queue["QueueId"])


def test_who_writes_requests_by_hand_is_told(strict: Serving, server: Serving) -> None:
    good, null = b'{"campaignIds":["x"]}', b'{"campaignIds":["x",null]}'
    assert answered(strict, good, JSON) == (200, None)
    assert answered(strict, good) == (415, "UnsupportedMediaTypeException")
    assert answered(strict, good, ("content-type", "text/plain")) == (415, "UnsupportedMediaTypeException")
    assert answered(strict, good, JSON, ("accept", "text/html")) == (406, "NotAcceptableException")
    assert answered(strict, null, JSON) == (400, "SerializationException")
    assert answered(server, good, ("content-type", "text/plain"), ("accept", "text/html")) == (200, None)
    assert answered(server, null) == (400, "ValidationException")
