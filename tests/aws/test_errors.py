"""Which error of the API a client gets for what goes wrong in the domain."""

from __future__ import annotations

import json

import pytest

from aws.support import load
from trunkcall.aws.errors import COMMON_STATUSES, ApiError, internal_error, not_offered, to_api_error
from trunkcall.aws.members import MEMBERS
from trunkcall.aws.model import CAMPAIGNS_V1, CONNECT, load_service
from trunkcall.aws.protocol import HttpRequest, error_response, parse_request
from trunkcall.domain.errors import (
    ConflictError,
    IllegalTransitionError,
    InUseError,
    InvalidCampaignStateError,
    InvalidInputError,
    InvalidStateError,
    LeaseLostError,
    NotFoundError,
    QuotaExceededError,
    StoreDamagedError,
    StoreFullError,
    StoreUnavailableError,
)
from trunkcall.domain.fields import Field

RETRIED_BY_EVERY_SDK = {500, 502, 503, 504}


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (NotFoundError(), "ResourceNotFoundException", 404),
        (ConflictError("Taken."), "ConflictException", 409),
        (InvalidCampaignStateError("Paused"), "InvalidCampaignStateException", 409),
        (InvalidStateError(), "InvalidStateException", 409),
        (InvalidInputError(), "ValidationException", 400),
        (QuotaExceededError(), "ConflictException", 409),
    ],
)
def test_what_the_caller_can_act_on_is_told(error: Exception, code: str, status: int) -> None:
    answer = to_api_error(error)

    assert answer is not None
    response = error_response(load(CAMPAIGNS_V1).operations["StartCampaign"], answer)
    assert (dict(response.headers)["x-amzn-errortype"], response.status) == (code, status)
    assert json.loads(response.body)["message"] == str(error)


def test_a_quota_is_told_by_the_error_that_the_operation_declares() -> None:
    """Generated clients have exceptions for declared errors alone: another could be caught by its text only."""
    answer = to_api_error(QuotaExceededError())
    assert answer is not None

    told = {}
    for name, operation in load(CAMPAIGNS_V1).operations.items():
        told[name] = dict(error_response(operation, answer).headers)["x-amzn-errortype"]

    assert told["CreateCampaign"] == "ServiceQuotaExceededException"
    assert told["StartCampaign"] == told["ResumeCampaign"] == "ConflictException"
    assert told["DescribeCampaign"] == "ServiceQuotaExceededException", "it declares nothing that comes near"


@pytest.mark.parametrize(
    ("error", "operation", "code"),
    [
        (ConflictError(), "CreateQueue", "DuplicateResourceException"),
        (ConflictError(), "CreateInstance", "InvalidRequestException"),
        (InUseError(), "DeleteQueue", "ResourceInUseException"),
        (InUseError(), "DeleteHoursOfOperation", "InvalidRequestException"),
        (InUseError(), "DeleteInstance", "InvalidRequestException"),
        (InvalidInputError(), "CreateUser", "InvalidParameterException"),
        (InvalidInputError(), "CreateInstance", "InvalidRequestException"),
        (InvalidInputError(), "ListInstances", "InvalidRequestException"),
        (InvalidStateError(), "UpdateInstanceAttribute", "InvalidRequestException"),
        (NotFoundError(), "DescribeUser", "ResourceNotFoundException"),
        (NotFoundError(), "SearchAvailablePhoneNumbers", "InvalidParameterException"),
        (QuotaExceededError(), "CreateUser", "LimitExceededException"),
        (QuotaExceededError(), "CreateInstance", "ServiceQuotaExceededException"),
        (QuotaExceededError(), "ClaimPhoneNumber", "InvalidParameterException"),
        (StoreFullError(), "CreateUser", "InternalServiceException"),
    ],
)
def test_the_contact_centre_calls_it_as_the_operation_declares(error: Exception, operation: str, code: str) -> None:
    """Generated clients have exceptions for declared errors alone."""
    answer = to_api_error(error)
    assert answer is not None
    compiled = load(CONNECT).operations[operation]

    response = error_response(compiled, answer)

    assert dict(response.headers)["x-amzn-errortype"] == code
    assert code in compiled.declared_errors
    assert json.loads(response.body) in ({"Message": str(error)}, {"message": str(error)})


@pytest.mark.parametrize(
    ("operation", "body", "personal"),
    [
        ("CreateUser", {"Username": "Hildegard" * 12, "SecurityProfileIds": [], "RoutingProfileId": "p"}, "Hildegard"),
        ("ClaimPhoneNumber", {"PhoneNumber": "2125550123"}, "2125550123"),
    ],
)
def test_a_broken_constraint_tells_nobody_who_a_user_is(operation: str, body: dict[str, object], personal: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_request(
            load(CONNECT).operations[operation],
            {"InstanceId": "i"},
            HttpRequest("PUT", b"/", b"", {}, json.dumps(body).encode()),
        )
    assert "failed to satisfy constraint" in refused.value.message
    assert personal not in refused.value.message


@pytest.mark.parametrize(
    "error",
    [
        LeaseLostError(),
        IllegalTransitionError(),
        KeyError("+12065550100"),
    ],
)
def test_what_is_our_own_business_is_not_told(error: Exception) -> None:
    assert to_api_error(error) is None

    response = error_response(load(CAMPAIGNS_V1).operations["StartCampaign"], internal_error())

    assert response.status == 500
    assert b"internal failure" in response.body


@pytest.mark.parametrize(
    ("error", "retry_after_s"),
    [
        (StoreUnavailableError("The disk is full. Nothing that was accepted is lost; try again shortly."), "5"),
        (StoreFullError(), "30"),
        (StoreDamagedError(), "60"),
    ],
)
def test_a_store_that_fails_says_why_and_when_to_come_back(error: Exception, retry_after_s: str) -> None:
    answer = to_api_error(error)

    assert answer is not None
    response = error_response(load(CAMPAIGNS_V1).operations["PutDialRequestBatch"], answer)
    assert response.status == 500
    assert dict(response.headers)["x-amzn-errortype"] == "InternalServerException"
    assert dict(response.headers)["retry-after"] == retry_after_s
    assert json.loads(response.body) == {"message": str(error)}


def test_nothing_that_is_refused_for_good_is_retried_by_the_sdks() -> None:
    for code, status in COMMON_STATUSES.items():
        assert (status in RETRIED_BY_EVERY_SDK) == (code == "InternalServerException")


def test_an_operation_that_is_not_offered_is_told_by_name() -> None:
    response = error_response(None, not_offered("TagResource"))

    assert response.status == 501
    assert ("x-amzn-errortype", "NotImplementedException") in response.headers
    assert b"TagResource" in response.body


def test_an_error_may_choose_its_status_and_an_unheard_of_one_is_a_bad_request() -> None:
    assert error_response(None, ApiError("ThrottlingException", "Slow down.")).status == 429
    assert error_response(None, ApiError("TeapotException", "No.")).status == 400
    assert error_response(None, ApiError("TeapotException", "No.", status=418)).status == 418


def test_another_service_calls_the_same_error_by_its_own_name() -> None:
    operation = load_service("connect", only=["CreateQueue"]).operations["CreateQueue"]

    response = error_response(operation, ApiError("ValidationException", "No."))

    assert ("x-amzn-errortype", "InvalidParameterException") in response.headers
    assert json.loads(response.body) == {"Message": "No."}


def test_a_message_calls_every_field_by_the_name_that_the_client_sent_it_under() -> None:
    assert MEMBERS.keys() == set(Field)

    answer = to_api_error(InvalidInputError("{} needs a {}.", Field.SOURCE_PHONE_NUMBER, Field.QUEUE_ID))

    assert answer is not None
    assert answer.message == "connectSourcePhoneNumber needs a connectQueueId."


def test_a_message_without_fields_is_told_as_it_is() -> None:
    answer = to_api_error(InvalidInputError("'{}' is no {name}."))

    assert answer is not None
    assert answer.message == "'{}' is no {name}."
