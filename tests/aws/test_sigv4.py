"""Whose request it is. Without this anybody who reaches the port could dial at the contact centre's expense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from aws.support import ACCESS_KEY_ID, REGION, SECRET, SIGNING_NAME, received, sign
from trunkcall.aws.errors import ApiError
from trunkcall.aws.protocol import HttpRequest
from trunkcall.aws.sigv4 import Identity, check_scope, parse_credentials, verify
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Instant, from_datetime

BODY = b'{"name": "x"}'
IDENTITY = Identity(ACCESS_KEY_ID, SIGNING_NAME)
URL = "http://dialer.example:4510/campaigns/abc/name"


def signed(
    url: str = URL,
    body: bytes = BODY,
    headers: Mapping[str, str] | None = None,
    region: str = REGION,
    service: str = SIGNING_NAME,
) -> HttpRequest:
    return received(sign(AWSRequest("POST", url, data=body, headers=headers or {}), region=region, service=service))


def presigned(expires_s: int = 60, url: str = URL, body: bytes = b"") -> HttpRequest:
    request = AWSRequest("GET", url, data=body)
    credentials = BotocoreCredentials(ACCESS_KEY_ID, SECRET)
    SigV4QueryAuth(credentials, SIGNING_NAME, REGION, expires=expires_s).add_auth(request)
    return received(request.prepare())


def now() -> Instant:
    return from_datetime(datetime.now(UTC))


def check(request: HttpRequest, *, at: Instant | None = None, secret: str = SECRET) -> Identity:
    credentials = parse_credentials(request)
    return verify(request, credentials, secret, now=now() if at is None else at, region=REGION, services={SIGNING_NAME})


def refused(request: HttpRequest, **how: Any) -> tuple[str, str]:
    with pytest.raises(ApiError) as error:
        check(request, **how)
    return error.value.code, error.value.message


def with_header(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    headers = {key: text for key, text in request.headers.items() if key != name}
    return replace(request, headers=headers if value is None else {**headers, name: value})


def authorization(request: HttpRequest, old: str, new: str) -> HttpRequest:
    assert old in request.headers["authorization"]
    return with_header(request, "authorization", request.headers["authorization"].replace(old, new))


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "http://127.0.0.1/campaigns",
        "http://h/",
        "http://h",
        "http://h/tags/arn%3Aaws%3Aconnect-campaigns%3Aus-east-1%3A1%3Acampaign%2Fabc?tagKeys=b&tagKeys=a",
        "http://h/tags/a%2Fb?tagKeys=c%20d&tagKeys=c%2Bd&x=&y",
        "http://h/campaigns//state",
        "http://h/campaigns/a~b/%C3%A9",
    ],
)
def test_what_botocore_signs_is_accepted(url: str) -> None:
    assert check(signed(url)) == IDENTITY
    assert check(signed(url, b"", {"X-Amz-Meta": "  a   b ", "content-type": "application/json"})) == IDENTITY
    assert check(presigned(url=url)) == IDENTITY


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_every_body_and_every_label_is_accepted(body: bytes, label: str) -> None:
    assert check(signed(f"http://h/campaigns/{quote(label, safe='-_~')}/name", body)) == IDENTITY


def test_a_wrong_secret_is_refused_in_the_words_that_people_search_for() -> None:
    code, message = refused(signed(), secret="guess")

    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match the signature you provided.")


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"raw_path": b"/campaigns/other/name"},
        {"raw_path": b"/campaigns/ab%63/name"},
        {"raw_query": b"x=1"},
        {"body": b"{}"},
        {"body": b""},
    ],
    ids=repr,
)
def test_nothing_that_was_signed_can_be_changed(change: dict[str, Any]) -> None:
    assert refused(replace(signed(), **change))[0] == "InvalidSignatureException"


def test_a_signed_header_can_not_be_changed_or_taken_away() -> None:
    request = signed()

    assert refused(with_header(request, "host", "elsewhere"))[0] == "InvalidSignatureException"
    assert refused(with_header(request, "host", None))[0] == "InvalidSignatureException"


def test_an_amazon_header_can_not_be_added() -> None:
    assert refused(with_header(signed(), "x-amz-meta", "y")) == (
        "InvalidSignatureException",
        "'x-amz-meta' must be a 'SignedHeader' in the AWS Authorization.",
    )


def test_the_host_must_be_signed() -> None:
    assert "'Host'" in refused(authorization(signed(), "SignedHeaders=host;", "SignedHeaders="))[1]


@pytest.mark.parametrize(("late", "accepted"), [(-4, True), (4, True), (-6, False), (6, False)])
def test_clocks_may_differ_by_five_minutes(late: int, accepted: bool) -> None:
    request = signed()

    if accepted:
        assert check(request, at=now() + late * MINUTE) == IDENTITY
    else:
        code, message = refused(request, at=now() + late * MINUTE)
        assert code == "InvalidSignatureException"
        assert message.startswith("Signature expired: " if late > 0 else "Signature not yet current: ")
        assert "5 min." in message


@pytest.mark.parametrize(
    ("region", "service", "said"),
    [
        (
            "eu-west-1",
            SIGNING_NAME,
            f"Credential should be scoped to a valid region, not 'eu-west-1'. This server's is '{REGION}'.",
        ),
        (REGION, "s3", "Credential should be scoped to correct service: 'connect-campaigns'."),
    ],
)
def test_another_scope_is_refused(region: str, service: str, said: str) -> None:
    assert refused(signed(region=region, service=service)) == ("InvalidSignatureException", said)


def test_the_rest_of_the_scope_is_checked_too() -> None:
    request = signed()
    day = request.headers["x-amz-date"][:8]

    assert "valid terminator" in refused(authorization(request, "aws4_request", "aws9_request"))[1]
    assert "Date in Credential scope" in refused(authorization(request, day, "20200101"))[1]
    with pytest.raises(ApiError, match="valid region"):
        check_scope(parse_credentials(request), region="eu-west-1", services={SIGNING_NAME})


def test_session_tokens_are_refused_with_a_hint() -> None:
    for request in (
        with_header(signed(), "x-amz-security-token", "t"),
        replace(presigned(), raw_query=presigned().raw_query + b"&X-Amz-Security-Token=t"),
    ):
        code, message = refused(request)
        assert code == "UnrecognizedClientException"
        assert "AWS_SESSION_TOKEN" in message


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64, ""])
def test_the_payload_must_be_signed(payload: str) -> None:
    request = signed(headers={"X-Amz-Content-SHA256": payload})

    assert refused(request)[0] == "InvalidSignatureException"


def test_an_unsigned_request_is_told_so() -> None:
    request = HttpRequest("GET", b"/campaigns", b"a=b", {"host": "h"})

    assert refused(request) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


ANY_SIGNATURE = "0" * 64
SCOPE = "AKID/20300102/us-east-1/connect-campaigns/aws4_request"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        "AWS4-ECDSA-P256-SHA256 Credential=x",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 nonsense",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=, Signature={ANY_SIGNATURE}",
        f"AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature={ANY_SIGNATURE}",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}/x, SignedHeaders=host, Signature={ANY_SIGNATURE}",
        f"AWS4-HMAC-SHA256 Credential=/{SCOPE[5:]}, SignedHeaders=host, Signature={ANY_SIGNATURE}",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=Host, Signature={ANY_SIGNATURE}",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;, Signature={ANY_SIGNATURE}",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=zz",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature={ANY_SIGNATURE}é",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, Credential={SCOPE}, SignedHeaders=host, Signature={ANY_SIGNATURE}",
    ],
)
def test_an_authorization_that_can_not_be_read_is_told_so(header: str) -> None:
    code, message = refused(with_header(signed(), "authorization", header))

    assert code == "IncompleteSignatureException"
    assert not header or header[-10:] not in message


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=255)))
def test_no_authorization_breaks_anything(text: str) -> None:
    for header in (text, f"AWS4-HMAC-SHA256 {text}", f"AWS4-HMAC-SHA256 Credential={text}, SignedHeaders={text}"):
        assert refused(with_header(signed(), "authorization", header))[0] == "IncompleteSignatureException"


@pytest.mark.parametrize("date", [None, "", "yesterday", "20301340T000000Z", "2030-01-02T03:04:05Z"])
def test_a_date_that_can_not_be_read_is_told_so(date: str | None) -> None:
    assert refused(with_header(signed(), "x-amz-date", date))[0] == "IncompleteSignatureException"


def test_a_date_header_will_do_if_it_is_signed() -> None:
    request = signed()
    text = request.headers["x-amz-date"]
    at = datetime.strptime(text, "%Y%m%dT%H%M%S%z")
    for value in (at.strftime("%a, %d %b %Y %H:%M:%S GMT"), text):
        dated = with_header(with_header(request, "x-amz-date", None), "date", value)
        assert refused(dated) == (
            "InvalidSignatureException",
            "'Date' must be a 'SignedHeader' in the AWS Authorization.",
        )
        dated = authorization(dated, "SignedHeaders=host;x-amz-date", "SignedHeaders=date;host")
        assert "does not match" in refused(dated)[1]


def test_a_presigned_request_lives_as_long_as_it_says() -> None:
    request = presigned(expires_s=3600)

    assert check(request, at=now() + 59 * MINUTE) == IDENTITY
    assert "Signature expired" in refused(request, at=now() + HOUR + 2 * SECOND)[1]
    assert "not yet current" in refused(request, at=now() - 6 * MINUTE)[1]


@pytest.mark.parametrize("expires_s", [0, -1, 604_801, 10**9])
def test_a_presigned_request_lives_for_a_week_at_most(expires_s: int) -> None:
    assert refused(presigned(expires_s))[0] == "IncompleteSignatureException"


def test_every_presigned_parameter_is_needed_and_signed() -> None:
    request = presigned()
    for pair in request.raw_query.split(b"&"):
        rest = b"&".join(other for other in request.raw_query.split(b"&") if other != pair)
        assert refused(replace(request, raw_query=rest))[0] == "IncompleteSignatureException"
    assert refused(replace(request, raw_query=request.raw_query + b"&more=1"))[0] == "InvalidSignatureException"


def test_yesterdays_request_is_refused_even_with_yesterdays_scope() -> None:
    request = signed()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y%m%d")
    request = authorization(request, request.headers["x-amz-date"][:8], yesterday)
    request = with_header(request, "x-amz-date", yesterday + "T000000Z")

    assert "Signature expired" in refused(request)[1]


def test_no_secret_shows_in_what_is_logged() -> None:
    assert SECRET not in repr(parse_credentials(signed()))
    assert "+1206" not in repr(replace(signed(), body=b"+1206"))
    assert urlsplit(URL).path.encode() in signed().raw_path
