"""What a request may look like, and what somebody reads who got it wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from aws.support import decode, load
from trunkcall.aws.errors import ApiError
from trunkcall.aws.protocol import HttpRequest, parse_request

ID = {"id": "campaign-1"}
DIAL_REQUEST = {
    "clientToken": "token-1",
    "phoneNumber": "+12065550100",
    "expirationTime": "2030-01-02T03:04:05Z",
    "attributes": {},
}


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ApiError) as error:
        call()
    return error.value.code, error.value.message


def batch(**changes: Any) -> bytes:
    return json.dumps({"dialRequests": [{**DIAL_REQUEST, **changes}]}).encode()


def put(**changes: Any) -> tuple[str, str]:
    return refused(lambda: decode("PutDialRequestBatch", ID, batch(**changes)))


def renamed(name: object) -> tuple[str, str]:
    return refused(lambda: decode("UpdateCampaignName", ID, json.dumps({"name": name}).encode()))


def expires_at(text: object) -> int:
    heard = decode("PutDialRequestBatch", ID, batch(expirationTime=text))
    at: int = heard["dialRequests"][0]["expirationTime"]
    return at


@pytest.mark.parametrize("body", [b"", b"{}", b" { } ", b'{"unheardOf": {"deep": [1]}}'])
def test_a_request_without_anything_to_say_may_say_it_in_many_ways(body: bytes) -> None:
    assert decode("StartCampaign", ID, body) == ID
    assert decode("ListCampaigns", {}, body) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"name=x",
        b'{"name": NaN}',
        b'{"name": "x",}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"{} {}",
        b"[]",
        b'"text"',
        b"1",
        b"1.5",
        b"true",
        b"false",
        b"null",
        b" null ",
        b"  ",
        b"\xef\xbb\xbf{}",
        b'{"name": 1e999}',
        b"[" * 100_000,
        b'{"name":' * 50_000,
        b"1" * 5_000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_no_json_object_is_refused_and_nothing_breaks(body: bytes) -> None:
    code, _ = refused(lambda: decode("UpdateCampaignName", ID, body))

    assert code == "SerializationException"
    if len(body) < 1_000:
        assert refused(lambda: decode("DescribeCampaign", ID, body))[0] == code, "one that has no use for a body, too"


def test_the_last_of_a_repeated_key_counts() -> None:
    assert decode("UpdateCampaignName", ID, b'{"name": "a", "name": "b"}')["name"] == "b"


def test_the_path_names_the_campaign_whatever_the_body_says() -> None:
    assert decode("UpdateCampaignName", ID, b'{"id": "another", "name": "b"}') == {"id": "campaign-1", "name": "b"}


def test_an_empty_path_label_is_no_campaign() -> None:
    assert refused(lambda: decode("StartCampaign", {"id": ""}, b"")) == (
        "ValidationException",
        "1 validation error detected: Value null at 'id' failed to satisfy constraint: Member must not be null",
    )


def test_tag_keys_are_repeated_in_the_query() -> None:
    arn = {"arn": "arn:aws:connect-campaigns:us-east-1:1:campaign/c"}

    assert decode("UntagResource", arn, b"", b"tagKeys=a%2Fb&tagKeys=c+d&&other=1")["tagKeys"] == ["a/b", "c+d"]
    assert refused(lambda: decode("UntagResource", arn, b"", b"tagKeys=%zz"))[0] == "SerializationException"
    assert refused(lambda: decode("UntagResource", arn, b"", b"tagKeys=%ff"))[0] == "SerializationException"
    assert refused(lambda: decode("UntagResource", arn, b""))[0] == "ValidationException"


def integrations(query: bytes) -> dict[str, Any]:
    operation = load("connectcampaignsv2").operations["ListConnectInstanceIntegrations"]
    request = HttpRequest("GET", b"/", query, {}, b"")
    return parse_request(operation, {"connectInstanceId": "instance-1"}, request)


def test_numbers_in_the_query_are_numbers() -> None:
    assert integrations(b"maxResults=7&maxResults=8") == {"connectInstanceId": "instance-1", "maxResults": 7}
    assert integrations(b"") == {"connectInstanceId": "instance-1"}


@pytest.mark.parametrize("text", [b"seven", b"", b"1.0", b"%C2%B2", b"9" * 30])
def test_what_is_no_number_in_the_query_is_refused(text: bytes) -> None:
    assert refused(lambda: integrations(b"maxResults=" + text))[0] == "SerializationException"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000),
        ("1970-01-01T00:00:00.0000019Z", 1),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T19:30:00.25-04:30", 250_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ],
)
def test_an_expiry_is_read_to_the_microsecond(text: str, at: int) -> None:
    assert expires_at(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2030-01-02",
        "2030-01-02T03:04:05",
        "2030-01-02 03:04:05Z",
        "20300102T030405Z",
        "2030-W01-2T03:04:05Z",
        "2030-02-30T00:00:00Z",
        "2030-01-02T24:00:01Z",
        "2030-01-02T03:04:60Z",
        "2030-01-02T03:04Z",
        "2030-01-02T03:04:05,5Z",
        "2030-01-02T03:04:05z",
        "2030-01-02T03:04:05+25:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "12030-01-02T03:04:05Z",
        "２030-01-02T03:04:05Z",
        "2030-01-02T03:04:05Z\n",
        "2030-01-02T03:04:05Z" * 10_000,
        1893553445,
        True,
    ],
    ids=lambda text: repr(text)[:30],
)
def test_an_expiry_that_is_no_instant_is_refused(text: object) -> None:
    with pytest.raises(ApiError, match=r"at 'dialRequests.1.member.expirationTime' can not be converted to Timestamp"):
        expires_at(text)


def test_a_whole_number_may_have_a_zero_fraction() -> None:
    heard = decode("ListCampaigns", {}, b'{"maxResults": 50.0}')

    assert heard == {"maxResults": 50}
    assert isinstance(heard["maxResults"], int)


def test_an_integer_is_a_fine_allocation() -> None:
    heard = decode(
        "UpdateCampaignDialerConfig", ID, b'{"dialerConfig": {"progressiveDialerConfig": {"bandwidthAllocation": 1}}}'
    )

    assert isinstance(heard["dialerConfig"]["progressiveDialerConfig"]["bandwidthAllocation"], float)


def test_a_name_that_is_too_long_is_told_in_the_widespread_form() -> None:
    name = "x" * 128

    assert renamed(name) == (
        "ValidationException",
        f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
        "Member must have length less than or equal to 127",
    )


def test_a_huge_value_is_not_sent_back() -> None:
    _, message = renamed("x" * 1_000_000)

    assert message.startswith("1 validation error detected: Value at 'name' failed")


def test_an_emoji_counts_as_one() -> None:
    assert decode("UpdateCampaignName", ID, json.dumps({"name": "\U0001f4de" * 127}).encode())


def test_everything_wrong_is_told_at_once() -> None:
    body = {"name": "", "connectInstanceId": "a/b", "dialerConfig": {}, "tags": {"aws:x": "y"}}

    code, message = refused(lambda: decode("CreateCampaign", {}, json.dumps(body).encode()))

    assert code == "ValidationException"
    assert message == (
        "5 validation errors detected: "
        "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value 'a/b' at 'connectInstanceId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [a-zA-Z0-9_\-.]*; "
        "Value at 'dialerConfig' failed to satisfy constraint: Member must have exactly one of "
        "[progressiveDialerConfig, predictiveDialerConfig, agentlessDialerConfig] set; "
        "Value null at 'outboundCallConfig' failed to satisfy constraint: Member must not be null; "
        "Value '{aws:x=y}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: "
        "[Member must have length less than or equal to 128, Member must have length greater than or equal to 1, "
        "Member must satisfy regular expression pattern: (?!aws:)[a-zA-Z+-=._:/]+, Member must not be null]"
    )


def test_a_dialer_set_to_null_beside_another_is_not_there() -> None:
    config: dict[str, Any] = {"dialerConfig": {"progressiveDialerConfig": None, "agentlessDialerConfig": {}}}

    heard = decode("UpdateCampaignDialerConfig", ID, json.dumps(config).encode())

    assert heard["dialerConfig"] == {"agentlessDialerConfig": {}}


@pytest.mark.parametrize(
    "changes",
    [
        {"phoneNumber": "+1206555SECRET"},
        {"phoneNumber": "SECRET" * 10},
        {"phoneNumber": ["SECRET"]},
        {"attributes": {"SECRET !": "x"}},
        {"attributes": {"k": "SECRET\n"}},
        {"attributes": {"SECRET": None}},
        {"attributes": {"SECRET": 1}},
        {"attributes": "SECRET"},
    ],
    ids=repr,
)
def test_whom_we_call_and_what_we_know_of_them_is_never_repeated(changes: dict[str, Any]) -> None:
    _, message = put(**changes)

    assert "SECRET" not in message
    assert f"dialRequests.1.member.{next(iter(changes))}" in message


def test_the_place_in_the_batch_is_told() -> None:
    requests = [DIAL_REQUEST, {**DIAL_REQUEST, "clientToken": "no/slash"}, None]

    _, message = refused(lambda: decode("PutDialRequestBatch", ID, json.dumps({"dialRequests": requests}).encode()))

    assert "Value 'no/slash' at 'dialRequests.2.member.clientToken' failed" in message
    assert "Value null at 'dialRequests.3.member' failed to satisfy constraint: Member must not be null" in message


def test_a_batch_that_is_too_large_is_told_once_and_not_looked_into() -> None:
    requests = [{"phoneNumber": "SECRET"}] * 26

    assert refused(lambda: decode("PutDialRequestBatch", ID, json.dumps({"dialRequests": requests}).encode())) == (
        "ValidationException",
        "1 validation error detected: Value at 'dialRequests' failed to satisfy constraint: "
        "Member must have length less than or equal to 25",
    )


def test_an_answer_stays_small_however_much_is_wrong() -> None:
    requests: list[dict[str, Any]] = [{}] * 25

    _, message = refused(lambda: decode("PutDialRequestBatch", ID, json.dumps({"dialRequests": requests}).encode()))

    assert message.startswith("100 validation errors detected: ")
    assert message.count("failed to satisfy") == 50
    assert message.endswith("; …")


def test_a_bad_attribute_name_is_found_again_after_good_ones_were_remembered() -> None:
    for number in range(2_000):
        decode("PutDialRequestBatch", ID, batch(attributes={f"key-{number}": "v"}))

    assert put(attributes={"key 1": "v"})[0] == "ValidationException"
    assert put(attributes={"key-1": "v\n"})[0] == "ValidationException"
