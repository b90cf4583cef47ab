"""What a program says through boto3 is what the handler hears, and the other way round, for every operation."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.parsers import create_parser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aws.support import (
    EVERY_OPERATION,
    EVERY_SERVICE,
    SIGNING_NAME,
    botocore_model,
    expected,
    load,
    received,
    serialize,
    sign,
    values,
)
from trunkcall.aws.errors import ApiError
from trunkcall.aws.model import CAMPAIGNS_V1, Operation
from trunkcall.aws.protocol import HttpResponse, error_response, parse_request, success_response
from trunkcall.aws.router import Router
from trunkcall.aws.values import to_iso8601

ROUTER = Router([load(name) for name in EVERY_SERVICE])
DECLARING = {
    (service, code): operation
    for service in EVERY_SERVICE
    for operation in load(service).operations.values()
    for code in operation.declared_errors
}
"""An operation that declares the error, of each error."""
FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


def parsed_by_botocore(service: str, name: str, response: HttpResponse) -> dict[str, Any]:
    raw = {"status_code": response.status, "headers": dict(response.headers), "body": response.body}
    model = botocore_model(service).operation_model(name)
    parsed: dict[str, Any] = create_parser("rest-json").parse(raw, model.output_shape)
    return {key: value for key, value in parsed.items() if key != "ResponseMetadata"}


@cache
def requests_for(service: str, name: str) -> st.SearchStrategy[Any]:
    """Made once: it takes longer than to draw from it."""
    shape = botocore_model(service).operation_model(name).input_shape
    return values(shape) if shape is not None else st.just({})


@cache
def answers_of(service: str, name: str) -> st.SearchStrategy[Any]:
    shape = botocore_model(service).operation_model(name).output_shape
    return values(shape) if shape is not None else st.none()


@pytest.mark.parametrize(("service", "name"), EVERY_OPERATION)
@given(data=st.data())
@FEW
def test_the_handler_gets_what_the_caller_gave(service: str, name: str, data: st.DataObject) -> None:
    given_by_caller = data.draw(requests_for(service, name))

    request = received(sign(serialize(service, name, given_by_caller)))
    match = ROUTER.match(load(service).signing_name, request.method, request.raw_path)

    assert (match.operation.service, match.operation.name) == (service, name)
    assert parse_request(match.operation, match.labels, request) == expected(given_by_caller)


@pytest.mark.parametrize(("service", "name"), EVERY_OPERATION)
@given(data=st.data())
@FEW
def test_the_caller_gets_what_the_handler_gave(service: str, name: str, data: st.DataObject) -> None:
    operation = load(service).operations[name]
    result = data.draw(answers_of(service, name))

    response = success_response(operation, expected(result))

    assert response.status == 200
    assert parsed_by_botocore(service, name, response) == (result or {})


@pytest.mark.parametrize(("service", "code"), sorted(DECLARING))
def test_every_error_of_the_model_reaches_the_caller_as_itself(service: str, code: str) -> None:
    operation: Operation = DECLARING[service, code]
    model = botocore_model(service).shape_for(code)

    response = error_response(operation, ApiError(code, "Not today.", members={"state": "Paused", "secret": "x"}))

    parsed = parsed_by_botocore(service, operation.name, response)
    assert parsed["Error"] == {"Code": code, "Message": "Not today."}
    assert response.status == model.metadata["error"]["httpStatusCode"]
    assert b"secret" not in response.body
    assert (b'"state":"Paused"' in response.body) == ("state" in model.members)


def test_a_campaign_in_the_wrong_state_tells_its_state() -> None:
    operation = load(CAMPAIGNS_V1).operations["StartCampaign"]

    response = error_response(operation, ApiError("InvalidCampaignStateException", "No.", members={"state": "Stopped"}))

    assert response == HttpResponse(
        409,
        (("content-type", "application/json"), ("x-amzn-errortype", "InvalidCampaignStateException")),
        b'{"state":"Stopped","message":"No."}',
    )


def test_an_operation_without_an_output_answers_nothing_and_boto3_is_content() -> None:
    operation = load(CAMPAIGNS_V1).operations["StartCampaign"]

    response = success_response(operation, None)

    assert response == HttpResponse(200, (), b"")
    assert parsed_by_botocore(CAMPAIGNS_V1, "StartCampaign", response) == {}


def test_nothing_leaves_that_the_model_does_not_have() -> None:
    operation = load(CAMPAIGNS_V1).operations["GetCampaignState"]

    response = success_response(operation, {"state": "Running", "internalNote": "x"})

    assert response.body == b'{"state":"Running"}'


def test_a_handler_that_forgets_a_required_member_is_found_out() -> None:
    operation = load(CAMPAIGNS_V1).operations["DescribeCampaign"]

    with pytest.raises(KeyError, match="Campaign needs id"):
        success_response(operation, {"campaign": {"name": "x"}})


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), "2026-01-02T03:04:05.678901Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_instants_go_out_as_the_sdks_write_them(moment: datetime, written: str) -> None:
    assert to_iso8601(expected(moment)) == written


def test_an_arn_in_the_path_stays_in_one_piece() -> None:
    arn = "arn:aws:connect-campaigns:us-east-1:123456789012:campaign/abc"

    prepared = sign(serialize(CAMPAIGNS_V1, "ListTagsForResource", {"arn": arn}))

    request = received(prepared)
    assert "%2F" in urlsplit(prepared.url).path
    assert ROUTER.match(SIGNING_NAME, "GET", request.raw_path).labels == {"arn": arn}
