"""What a request may look like with ``strict_wire``: cases of the kinds that Smithy's tests of restJson1 have.

Whoever writes a client without an SDK learns from a strict server what the real one may refuse one day.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws.support import operation
from trunkcall.aws.errors import ApiError
from trunkcall.aws.model import CAMPAIGNS_V1, CONNECT
from trunkcall.aws.protocol import HttpRequest, error_response, parse_request

JSON = {"content-type": "application/json"}
CALL = {"connectContactFlowId": "flow"}
DIALER = {"progressiveDialerConfig": {"bandwidthAllocation": 1.0}}
OTHER: dict[str, Any] = {"agentlessDialerConfig": {}}
CAMPAIGN = {"name": "x", "connectInstanceId": "i", "dialerConfig": DIALER, "outboundCallConfig": CALL}
USER = {"Username": "ann", "SecurityProfileIds": ["s"], "RoutingProfileId": "p"}
SERVED = {"QueueReference": {"QueueId": "q", "Channel": "VOICE"}, "Priority": 1, "Delay": 0}

Case = tuple[str, str, dict[str, str], dict[str, Any]]

CREATE: Case = (CAMPAIGNS_V1, "CreateCampaign", {}, CAMPAIGN)
STATES: Case = (CAMPAIGNS_V1, "GetCampaignStateBatch", {}, {"campaignIds": ["a"]})
PUT: Case = (CAMPAIGNS_V1, "PutDialRequestBatch", {"id": "c"}, {})
USERS: Case = (CONNECT, "CreateUser", {"InstanceId": "i"}, USER)
QUEUES: Case = (CONNECT, "AssociateRoutingProfileQueues", {"InstanceId": "i", "RoutingProfileId": "p"}, {})


def heard(case: Case, changes: dict[str, Any], *, strict: bool) -> str | None:
    """The code with which the request is refused; None if it is taken."""
    service, name, labels, body = case
    request = HttpRequest("POST", b"/", b"", JSON, json.dumps({**body, **changes}).encode())
    try:
        parse_request(operation(name, service), labels, request, strict=strict)
    except ApiError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("case", "changes", "otherwise"),
    [
        pytest.param(CREATE, {"dialerConfig": {}}, "ValidationException", id="a union with nothing in it"),
        pytest.param(
            CREATE,
            {"dialerConfig": {"progressiveDialerConfig": None}},
            "ValidationException",
            id="a union with nothing but a null",
        ),
        pytest.param(
            CREATE, {"dialerConfig": {**DIALER, **OTHER}}, "ValidationException", id="a union with two members"
        ),
        pytest.param(CREATE, {"dialerConfig": {**DIALER, "another": 1}}, None, id="a union with one it does not know"),
        pytest.param(
            CREATE, {"dialerConfig": {"another": {}}}, "ValidationException", id="a union of an unknown member"
        ),
        pytest.param(CREATE, {"dialerConfig": ["progressiveDialerConfig"]}, "SerializationException", id="an array"),
        pytest.param(CREATE, {"tags": {"team": None}}, "ValidationException", id="a null in a map of campaigns"),
        pytest.param(STATES, {"campaignIds": ["a", None]}, "ValidationException", id="a null in a list of campaigns"),
        pytest.param(PUT, {"dialRequests": [None]}, "ValidationException", id="a null in a list of structures"),
        pytest.param(USERS, {"SecurityProfileIds": ["s", None]}, "ValidationException", id="a null in a list of users"),
        pytest.param(USERS, {"Tags": {"team": None}}, "ValidationException", id="a null in a map of users"),
        pytest.param(QUEUES, {"QueueConfigs": [SERVED, None]}, "ValidationException", id="a null in a list of queues"),
    ],
)
def test_what_can_not_be_read(case: Case, changes: dict[str, Any], otherwise: str | None) -> None:
    assert heard(case, changes, strict=False) == otherwise
    assert heard(case, changes, strict=True) == "SerializationException"


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        (CREATE, {}),
        (CREATE, {"dialerConfig": {**DIALER, "agentlessDialerConfig": None}}),
        (CREATE, {"dialerConfig": {**DIALER, "__type": "DialerConfig"}}),
        (CREATE, {"tags": None, "another": [None]}),
        (USERS, {"IdentityInfo": {"FirstName": None}}),
        (USERS, {"Tags": None}),
    ],
)
def test_a_null_member_is_absent_for_who_is_strict_too(case: Case, changes: dict[str, Any]) -> None:
    assert heard(case, changes, strict=False) is None
    assert heard(case, changes, strict=True) is None


@pytest.mark.parametrize(("case", "changes"), [(CREATE, {"name": "x" * 128}), (USERS, {"SecurityProfileIds": []})])
def test_a_broken_constraint_stays_one(case: Case, changes: dict[str, Any]) -> None:
    assert heard(case, changes, strict=True) == "ValidationException"


def asked(headers: dict[str, str], body: bytes = b"{}", service: str = CAMPAIGNS_V1, *, strict: bool = True) -> int:
    """The status with which a list is answered."""
    name = "ListCampaigns" if service == CAMPAIGNS_V1 else "ListPhoneNumbersV2"
    compiled = operation(name, service)
    try:
        parse_request(compiled, {}, HttpRequest("POST", b"/", b"", headers, body), strict=strict)
    except ApiError as error:
        return error_response(compiled, error).status
    return 200


@pytest.mark.parametrize("service", [CAMPAIGNS_V1, CONNECT])
@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        (None, 415),
        ("", 415),
        ("application/hal+json", 415),
        ("application/x-amz-json-1.1", 415),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain;application/json", 415),
        ("application/jsonl", 415),
    ],
)
def test_a_body_must_be_said_to_be_json(service: str, content_type: str | None, status: int) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    assert asked(headers, service=service) == status
    assert asked(headers, service=service, strict=False) == 200
    assert asked(headers, b"", service=service) == 200, "without a body there is nothing to be said of it"


@pytest.mark.parametrize("service", [CAMPAIGNS_V1, CONNECT])
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("*/*", 200),
        ("application/*;q=0.2", 200),
        ("text/html, application/json;q=0.9", 200),
        ("APPLICATION/JSON", 200),
        ("application/hal+json", 406),
        ("text/html", 406),
        ("text/*,image/png", 406),
        ("application/json;q=0", 406),
        ("application/json; q=0.000", 406),
        ("", 200),
    ],
)
def test_who_will_not_take_json_is_told_so(service: str, accept: str, status: int) -> None:
    assert asked({**JSON, "accept": accept}, service=service) == status
    assert asked({**JSON, "accept": accept}, service=service, strict=False) == 200
    assert asked(JSON, service=service) == 200
