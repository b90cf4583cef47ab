"""Which operation a method and a path mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aws.support import SERVICES, SIGNING_NAME, load
from trunkcall.aws.errors import ApiError
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, Service, load_service
from trunkcall.aws.router import Router

ROUTER = Router([load(name) for name in SERVICES])


def refused(method: str, path: bytes, signing_name: str = SIGNING_NAME) -> str:
    with pytest.raises(ApiError) as error:
        ROUTER.match(signing_name, method, path)
    return error.value.code


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_found_by_its_own_path(service: str) -> None:
    for operation in load(service).operations.values():
        path = operation.uri.replace("{", "a-").replace("}", "").encode()

        match = ROUTER.match(SIGNING_NAME, operation.method, path)

        assert (match.operation.service, match.operation.name) == (service, operation.name)
        assert all(value == f"a-{name}" for name, value in match.labels.items())


@pytest.mark.parametrize(
    ("path", "campaign_id"),
    [
        (b"/campaigns/abc/state", "abc"),
        (b"/campaigns/a%2Fb%3Ac/state", "a/b:c"),
        (b"/campaigns/a+b/state", "a+b"),
        (b"/campaigns/%C3%A9/state", "é"),
        (b"/campaigns/%252F/state", "%2F"),
        (b"/campaigns//state", ""),
        (b"/campaigns/%2e%2e/state", ".."),
    ],
)
def test_labels_are_decoded_after_the_path_was_taken_apart(path: bytes, campaign_id: str) -> None:
    match = ROUTER.match(SIGNING_NAME, "GET", path)

    assert match.operation.name == "GetCampaignState"
    assert match.labels == {"id": campaign_id}


@pytest.mark.parametrize(
    "path",
    [
        b"/campaigns/%/state",
        b"/campaigns/%4/state",
        b"/campaigns/%zz/state",
        b"/campaigns/%ff/state",
        b"/campaigns/\xff/state",
    ],
)
def test_a_label_that_can_not_be_decoded_is_refused(path: bytes) -> None:
    assert refused("GET", path) == "SerializationException"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", b"/"),
        ("GET", b""),
        ("GET", b"campaigns/abc"),
        ("GET", b"/Campaigns/abc"),
        ("GET", b"/campaigns"),
        ("PUT", b"/campaigns/"),
        ("GET", b"/campaigns/abc/state/"),
        ("GET", b"//campaigns/abc"),
        ("GET", b"/campaigns/../state"),
        ("GET", b"/campaigns/."),
        ("get", b"/campaigns/abc"),
        ("OPTIONS", b"/campaigns/abc"),
    ],
)
def test_what_is_no_operation_is_told_so(method: str, path: bytes) -> None:
    assert refused(method, path) == "UnknownOperationException"


def test_services_are_told_apart_by_the_signing_name() -> None:
    router = Router([load(CAMPAIGNS_V1), load_service("connect", only=["TagResource"])])
    path = b"/tags/arn%3Aaws"

    assert router.signing_names == {"connect", "connect-campaigns"}
    assert router.match("connect", "POST", path).operation.service == "connect"
    assert router.match("connect-campaigns", "POST", path).operation.service == CAMPAIGNS_V1
    with pytest.raises(ApiError):
        router.match("s3", "POST", path)


def test_a_literal_goes_before_a_label() -> None:
    start = load(CAMPAIGNS_V1).operations["StartCampaign"]
    moved = {
        "any": replace(start, name="any", uri="/campaigns/{id}/{what}"),
        "start": replace(start, name="start", uri="/campaigns/{id}/start"),
    }
    router = Router([Service("s", "s", "1", moved, {}, {})])

    assert router.match("s", "POST", b"/campaigns/c/start").operation.name == "start"
    assert router.match("s", "POST", b"/campaigns/c/stop").operation.name == "any"


@pytest.mark.parametrize("uri", ["/{id}/start", "/campaigns/{id+}", "/campaigns?x={id}"])
def test_a_path_that_can_not_be_routed_is_refused_at_start(uri: str) -> None:
    start = replace(load(CAMPAIGNS_V1).operations["StartCampaign"], uri=uri)

    with pytest.raises(ValueError, match="StartCampaign has"):
        Router([Service("s", "s", "1", {"StartCampaign": start}, {}, {})])


def test_two_operations_on_one_path_are_refused_at_start() -> None:
    with pytest.raises(ValueError, match="share"):
        Router([load(CAMPAIGNS_V1), load(CAMPAIGNS_V1), load(CAMPAIGNS_V2)])
