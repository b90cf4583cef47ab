"""The way of a request through the gateway, and that every request gets an answer that its client understands."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from structlog.testing import capture_logs

from aws.support import ACCESS_KEY_ID, REGION, SECRET, load, serialize, sign
from trunkcall.aws.errors import ApiError
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, CONNECT, Operation, load_service
from trunkcall.aws.protocol import Handler, RequestContext
from trunkcall.domain.errors import InvalidCampaignStateError
from trunkcall.web import bodies
from trunkcall.web.audit import AuditEntry
from trunkcall.web.gateway import MAX_AUDITED, Gateway
from trunkcall.web.uploads import Limits, Uploads
from web.asgi import Answer, Call, call
from web.support import wall_clock

START = ("StartCampaign", {"id": "campaign-1"})
RENAME = ("UpdateCampaignName", {"id": "campaign-1", "name": "x"})
NEW_INSTANCE = {
    "IdentityManagementType": "SAML",
    "InstanceAlias": "second",
    "InboundCallsEnabled": False,
    "OutboundCallsEnabled": True,
}
CLAIM = {"InstanceId": "i-1", "PhoneNumber": "+12025550100"}
NEW_USER = {
    "InstanceId": "i-1",
    "Username": "ada",
    "PhoneConfig": {"PhoneType": "SOFT_PHONE"},
    "SecurityProfileIds": ["s-1"],
    "RoutingProfileId": "r-1",
}
NEW_CAMPAIGN = {
    "name": "Reminders",
    "connectInstanceId": "i-1",
    "dialerConfig": {"agentlessDialerConfig": {}},
    "outboundCallConfig": {"connectContactFlowId": "f-1"},
}


class Recorder:
    """A handler that remembers what it was asked, and answers or raises what the test wants."""

    def __init__(self, result: Mapping[str, Any] | None = None, error: Exception | None = None) -> None:
        self.asked: list[tuple[RequestContext, dict[str, Any]]] = []
        self.result = result
        self.error = error

    async def __call__(self, context: RequestContext, request: dict[str, Any]) -> Mapping[str, Any] | None:
        self.asked.append((context, request))
        if self.error is not None:
            raise self.error
        return self.result


async def secret_of(access_key_id: str) -> str | None:
    return SECRET if access_key_id == ACCESS_KEY_ID else None


def gateway(handlers: Mapping[str, Handler] | None = None, **options: Any) -> Gateway:
    given = {"region": REGION, "authenticate": secret_of, "clock": wall_clock, "new_request_id": lambda: "request-1"}
    services = options.pop("services", [load(CAMPAIGNS_V1)])
    return Gateway(services, {CAMPAIGNS_V1: handlers or {}}, **{**given, **options})


def request(name: str, params: Mapping[str, Any], **changes: Any) -> Call:
    return call(sign(serialize(CAMPAIGNS_V1, name, params)), **changes)


async def answer(to: Gateway, asked: Call) -> Answer:
    found = await asked.to(to)
    assert found is not None
    return found


def code(found: Answer) -> tuple[int, str]:
    assert "message" in json.loads(found.body)
    assert found.headers["content-type"] == "application/json"
    assert found.headers["content-length"] == str(len(found.body))
    return found.status, found.headers["x-amzn-errortype"]


async def test_a_signed_request_reaches_its_handler_and_is_answered() -> None:
    handler = Recorder({"state": "Running"})

    found = await answer(gateway({"GetCampaignState": handler}), request("GetCampaignState", {"id": "a/b"}))

    assert (found.status, found.body) == (200, b'{"state":"Running"}')
    assert found.headers["x-amzn-requestid"] == "request-1"
    context, asked = handler.asked[0]
    assert asked == {"id": "a/b"}
    assert (context.request_id, context.access_key_id, context.source_address) == (
        "request-1",
        ACCESS_KEY_ID,
        "192.0.2.7",
    )
    assert (context.operation.name, context.labels) == ("GetCampaignState", {"id": "a/b"})


async def test_a_body_may_arrive_in_pieces() -> None:
    handler = Recorder()
    whole = request(*RENAME).chunks[0]

    found = await answer(
        gateway({"UpdateCampaignName": handler}), request(*RENAME, chunks=(whole[:3], b"", whole[3:], b""))
    )

    assert (found.status, found.body) == (200, b"")
    assert handler.asked[0][1] == {"id": "campaign-1", "name": "x"}


async def test_every_request_has_an_id_of_its_own() -> None:
    to = Gateway([load(CAMPAIGNS_V1)], {}, region=REGION, authenticate=secret_of, clock=wall_clock)

    ids = {(await answer(to, request(*START))).headers["x-amzn-requestid"] for _ in range(3)}

    assert len(ids) == 3


async def test_an_operation_that_is_not_offered_is_not_retried() -> None:
    assert code(await answer(gateway(), request(*START))) == (501, "NotImplementedException")


async def test_every_operation_of_the_contact_centre_that_is_not_offered_names_itself() -> None:
    """Without its name a program that calls a hundred of them would have to guess which one is missing."""
    connect = load_service(CONNECT, only=["ListQueues"])
    to = gateway(services=[load(CAMPAIGNS_V1), connect])

    for name, operation in connect.others.items():
        url = f"http://localhost:4510{re.sub('{[^}]+}', 'x', operation.uri)}"
        found = await answer(to, call(sign(AWSRequest(operation.method, url), service="connect")))
        assert code(found) == (501, "NotImplementedException"), name
        assert f"not offer {name} yet" in json.loads(found.body)["message"]

    assert len(connect.others) > 350


async def test_services_of_one_port_are_told_apart_by_who_was_signed_for() -> None:
    """`/tags/{arn}` is an operation of both."""
    campaigns, centre = Recorder(), Recorder({"tags": {}})
    connect = load_service(CONNECT, only=["ListTagsForResource"])
    to = Gateway(
        [load(CAMPAIGNS_V1), connect],
        {CAMPAIGNS_V1: {"ListTagsForResource": campaigns}, CONNECT: {"ListTagsForResource": centre}},
        region=REGION,
        authenticate=secret_of,
        clock=wall_clock,
    )
    asked = AWSRequest("GET", "http://localhost:4510/tags/arn%3Aaws%3Aconnect%3Aus-east-1%3A1%3Ainstance%2Fx")

    found = await answer(to, call(sign(asked, service="connect")))

    assert (found.status, found.body) == (200, b'{"tags":{}}')
    assert (len(centre.asked), len(campaigns.asked)) == (1, 0)


async def test_a_stranger_learns_nothing_and_reaches_nobody() -> None:
    handler = Recorder()
    to = gateway({"StartCampaign": handler})

    unsigned = await answer(to, Call("POST", b"/campaigns/campaign-1/start"))
    wrong = await answer(to, call(sign(serialize(CAMPAIGNS_V1, *START), secret="guess")))
    other_region = await answer(to, call(sign(serialize(CAMPAIGNS_V1, *START), region="eu-west-1")))

    assert code(unsigned) == (403, "MissingAuthenticationTokenException")
    assert code(wrong) == (403, "InvalidSignatureException")
    assert code(other_region) == (403, "InvalidSignatureException")
    assert handler.asked == []


async def test_a_key_that_does_not_exist_is_told_so() -> None:
    async def nobody(access_key_id: str) -> str | None:
        return None

    assert code(await answer(gateway(authenticate=nobody), request(*START))) == (403, "UnrecognizedClientException")


async def test_a_caller_is_admitted_after_the_signature_and_before_the_input_is_read() -> None:
    handler = Recorder()
    seen: list[RequestContext] = []

    async def admit(context: RequestContext) -> None:
        seen.append(context)
        raise ApiError("ThrottlingException", "Slow down.")

    to = gateway({"UpdateCampaignName": handler}, admit=admit)
    invalid = ("UpdateCampaignName", {"id": "c", "name": ""})

    assert code(await answer(to, request(*invalid))) == (429, "ThrottlingException")
    assert code(await answer(to, request(*invalid, path=b"/campaigns/d/name"))) == (403, "InvalidSignatureException")
    assert [context.labels for context in seen] == [{"id": "c"}]
    assert handler.asked == []


async def test_unknown_paths_and_methods_are_told_so() -> None:
    unknown = (404, "UnknownOperationException")

    for changes in ({"path": b"/nothing"}, {"method": "PATCH"}, {"method": "OPTIONS"}):
        assert code(await answer(gateway(), request(*START, **changes))) == unknown
    assert code(await answer(gateway(), request(*START, path=b"/campaigns/%zz/start")))[1] == "SerializationException"


async def test_a_constraint_is_answered_in_the_models_terms() -> None:
    found = await answer(
        gateway({"UpdateCampaignName": Recorder()}), request("UpdateCampaignName", {"id": "c", "name": "x" * 128})
    )

    assert code(found) == (400, "ValidationException")


async def test_an_error_of_the_domain_is_answered_as_the_model_has_it() -> None:
    handler = Recorder(error=InvalidCampaignStateError("Stopped"))

    found = await answer(gateway({"StartCampaign": handler}), request(*START))

    assert code(found) == (409, "InvalidCampaignStateException")
    assert json.loads(found.body)["state"] == "Stopped"


@pytest.mark.parametrize("error", [RuntimeError("+12065550100"), OSError("/secret/path"), TimeoutError("+12065550100")])
async def test_a_failure_of_ours_is_logged_without_what_it_was_about(error: Exception) -> None:
    with capture_logs() as logs:
        found = await answer(gateway({"StartCampaign": Recorder(error=error)}), request(*START))

    assert code(found) == (500, "InternalServerException")
    (entry,) = logs
    assert (entry["error"], entry["operation"], entry["request_id"]) == (
        type(error).__qualname__,
        "StartCampaign",
        "request-1",
    )
    assert any("test_gateway.py" in frame for frame in entry["frames"])
    for text in (str(logs), found.body.decode()):
        assert "+12065550100" not in text
        assert "/secret/path" not in text


async def test_a_result_that_the_model_does_not_allow_is_our_failure() -> None:
    handler = Recorder({"campaign": {"name": "x"}})

    with capture_logs():
        found = await answer(gateway({"DescribeCampaign": handler}), request("DescribeCampaign", {"id": "c"}))

    assert code(found) == (500, "InternalServerException")


async def test_an_error_that_can_not_be_written_is_still_answered() -> None:
    error = ApiError("InvalidCampaignStateException", "No.", members={"state": object()})

    found = await answer(gateway({"StartCampaign": Recorder(error=error)}), request(*START))

    assert code(found) == (500, "InternalServerException")


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_refused_before_it_is_held(declared: bool) -> None:
    to = gateway(uploads=Uploads(Limits(body_bytes=100)))
    chunks = (b"x" * 60, b"x" * 60, b"never asked for")
    asked = request(*RENAME, chunks=chunks)
    if declared:
        headers = [(name, value) for name, value in asked.headers if name != b"content-length"]
        asked.headers = [*headers, (b"content-length", b"1000000")]
    else:
        asked.headers = [(name, value) for name, value in asked.headers if name != b"content-length"]
        asked.headers = [*asked.headers, (b"transfer-encoding", b"chunked")]

    found = await answer(to, asked)

    assert code(found) == (413, "RequestEntityTooLargeException")
    assert found.headers["connection"] == "close"


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    to = gateway(uploads=Uploads(Limits(body_timeout_s=0.01)))

    found = await answer(to, request(*RENAME, chunks=(b"{",), stalls=True))

    assert code(found) == (408, "RequestTimeoutException")


async def test_a_request_whose_body_is_there_is_not_cut_off_for_the_body_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.0)
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def rename(context: RequestContext, asked: dict[str, Any]) -> None:
        at_work.set()
        await go_on.wait()

    # An address may have half of those that are awaited.
    to = gateway({"UpdateCampaignName": rename}, uploads=Uploads(Limits(unfinished_bodies=2)))
    first = asyncio.create_task(answer(to, request(*RENAME)))
    await at_work.wait()
    second = asyncio.create_task(answer(to, request(*RENAME)))
    await asyncio.sleep(0)
    go_on.set()
    assert (await first).status == 200
    assert (await second).status == 200


async def test_a_client_that_hangs_up_is_forgotten() -> None:
    handler = Recorder()
    to = gateway({"UpdateCampaignName": handler})

    assert await request(*RENAME, chunks=(b"{",), hangs_up=True).to(to) is None
    assert handler.asked == []
    assert await request(*RENAME, gone_at_answer=True).to(to) is None
    assert len(handler.asked) == 1


async def test_every_answer_is_counted_with_its_operation() -> None:
    counted: list[tuple[str | None, int, bool]] = []

    def count(operation: Operation | None, status: int, seconds: float) -> None:
        counted.append((operation.name if operation else None, status, 0 <= seconds < 10))

    to = gateway({"StartCampaign": Recorder()}, on_request=count)
    await answer(to, request(*START))
    await answer(to, request(*START, path=b"/nothing"))
    altered = request(*START, chunks=(b"{}",))
    altered.headers = [*altered.headers, (b"transfer-encoding", b"chunked")]
    await answer(to, altered)
    # Anybody can ask for the hundreds that are not offered, and a scrape would have rows for each.
    await answer(to, request(*RENAME))

    assert counted == [
        ("StartCampaign", 200, True),
        (None, 404, True),
        ("StartCampaign", 403, True),
        (None, 501, True),
    ]


async def test_what_a_key_has_tried_is_audited_and_what_a_stranger_has_tried_is_not() -> None:
    """The log tells whom to ask. Anybody can write down another's access key id, and as often as he likes."""
    entries: list[AuditEntry] = []
    handler = Recorder()

    async def admit(context: RequestContext) -> None:
        if context.labels["id"] == "forbidden":
            raise ApiError("AccessDeniedException", "No.")

    to = gateway({"StartCampaign": handler}, audit=entries.append, admit=admit)
    await answer(to, request(*START))
    await answer(to, request("StartCampaign", {"id": "forbidden"}))
    await answer(to, request(*RENAME))
    await answer(to, request("StartCampaign", {"id": "x" * 20_000}))
    await answer(to, request("GetCampaignState", {"id": "campaign-1"}))
    await answer(to, Call("POST", b"/campaigns/campaign-1/start"))
    await answer(to, call(sign(serialize(CAMPAIGNS_V1, *START), secret="guess")))
    await answer(to, request(*START, path=b"/campaigns/another/start"))

    assert [(entry.operation, entry.resource[:20], entry.status, entry.error) for entry in entries] == [
        ("StartCampaign", "campaign-1", 200, None),
        ("StartCampaign", "forbidden", 403, "AccessDeniedException"),
        ("UpdateCampaignName", "campaign-1", 501, "NotImplementedException"),
        ("StartCampaign", "x" * 20, 400, "ValidationException"),
    ]
    for entry in entries:
        assert (entry.access_key_id, entry.source_address, entry.request_id) == (
            ACCESS_KEY_ID,
            "192.0.2.7",
            "request-1",
        )
        assert len(entry.resource) <= MAX_AUDITED


@pytest.mark.parametrize(
    ("service", "name", "params", "result", "resource"),
    [
        (CONNECT, "CreateInstance", NEW_INSTANCE, {"Id": "i-2", "Arn": "arn:…/i-2"}, "i-2"),
        (CONNECT, "ClaimPhoneNumber", CLAIM, {"PhoneNumberId": "n-1", "PhoneNumberArn": "arn:…/n-1"}, "n-1"),
        (CONNECT, "ClaimPhoneNumber", CLAIM, ApiError("AccessDeniedException", "No."), "i-1"),
        (CONNECT, "CreateUser", NEW_USER, {"UserArn": "arn:…/u-1", "UserId": "u-1"}, "i-1/u-1"),
        (CONNECT, "CreateUser", NEW_USER, ApiError("DuplicateResourceException", "No."), "i-1"),
        (CAMPAIGNS_V1, "CreateCampaign", NEW_CAMPAIGN, {"id": "c-1", "arn": "arn:…/c-1"}, "c-1"),
        (CAMPAIGNS_V1, "CreateCampaign", NEW_CAMPAIGN, ApiError("ConflictException", "No."), "i-1"),
    ],
)
async def test_what_is_made_is_audited_by_the_id_that_later_lines_have(
    service: str,
    name: str,
    params: Mapping[str, Any],
    result: Mapping[str, Any] | ApiError,
    resource: str,
) -> None:
    """Whoever asks who made a queue looks for its id. What was refused is told by the instance that it was for."""
    entries: list[AuditEntry] = []
    handler = Recorder(error=result) if isinstance(result, ApiError) else Recorder(result)
    compiled = load(service)
    handlers = {service: {name: handler}}
    to = Gateway([compiled], handlers, region=REGION, authenticate=secret_of, clock=wall_clock, audit=entries.append)
    await answer(to, call(sign(serialize(service, name, params), service=compiled.signing_name)))
    assert [(entry.operation, entry.resource) for entry in entries] == [(name, resource)]


async def test_a_body_is_not_read_for_a_key_that_does_not_exist() -> None:
    async def nobody(access_key_id: str) -> str | None:
        return None

    asked = request(*RENAME, chunks=(b"{",), stalls=True)

    assert code(await answer(gateway(authenticate=nobody), asked)) == (403, "UnrecognizedClientException")


async def test_both_versions_share_a_port_and_a_handlers_name_is_not_enough() -> None:
    first, second = Recorder({"state": "Running"}), Recorder({"state": "Paused"})
    services = [load(CAMPAIGNS_V1), load(CAMPAIGNS_V2)]
    handlers = {CAMPAIGNS_V1: {"GetCampaignState": first}, CAMPAIGNS_V2: {"GetCampaignState": second}}
    to = Gateway(services, handlers, region=REGION, authenticate=secret_of, clock=wall_clock)

    for service, state in ((CAMPAIGNS_V1, b"Running"), (CAMPAIGNS_V2, b"Paused")):
        found = await answer(to, call(sign(serialize(service, "GetCampaignState", {"id": "c"}))))
        assert state in found.body


def test_a_handler_of_no_operation_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="MakeCoffee"):
        gateway({"MakeCoffee": Recorder()})
