"""ARNs name one resource of one instance, whichever way they are read.

If this fails, a client is handed an ARN that it cannot give back, or one of another instance, account or Region finds
something here.
"""

from __future__ import annotations

import pytest

from trunkcall.domain.identifiers import NamedResource, ResourceKind, Scope, built_in_id

HERE = Scope("aws", "eu-central-1", "123456789012")
ELSEWHERE = (
    Scope("aws-us-gov", "eu-central-1", "123456789012"),
    Scope("aws", "eu-west-2", "123456789012"),
    Scope("aws", "eu-central-1", "210987654321"),
)
IN_AN_INSTANCE = [kind for kind in ResourceKind if kind not in (ResourceKind.INSTANCE, ResourceKind.PHONE_NUMBER)]


def test_arns_are_as_amazon_connect_writes_them() -> None:
    prefix = "arn:aws:connect:eu-central-1:123456789012"
    assert HERE.instance_arn("i") == f"{prefix}:instance/i"
    assert HERE.arn("i", ResourceKind.QUEUE, "q") == f"{prefix}:instance/i/queue/q"
    assert HERE.arn("i", ResourceKind.AGENT, "a") == f"{prefix}:instance/i/agent/a"
    assert HERE.arn("i", ResourceKind.AGENT_STATUS, "s") == f"{prefix}:instance/i/agent-state/s"
    assert HERE.arn("i", ResourceKind.HOURS_OF_OPERATION, "h") == f"{prefix}:instance/i/operating-hours/h"
    assert HERE.arn("i", ResourceKind.PHONE_NUMBER, "n") == f"{prefix}:phone-number/n", "of a number, no instance"


@pytest.mark.parametrize("kind", ResourceKind)
def test_what_is_handed_out_can_be_given_back(kind: ResourceKind) -> None:
    arn = HERE.arn("i", kind, "i")
    assert HERE.resource_id("i", kind, arn) == "i" == HERE.resource_id("i", kind, "i")
    of = None if kind is ResourceKind.PHONE_NUMBER else "i"
    assert HERE.named(arn) == NamedResource(kind, "i", of)


@pytest.mark.parametrize("kind", ResourceKind)
def test_nothing_of_elsewhere_is_found(kind: ResourceKind) -> None:
    for scope in ELSEWHERE:
        arn = scope.arn("i", kind, "r")
        assert HERE.resource_id("i", kind, arn) is None
        assert HERE.named(arn) is None


@pytest.mark.parametrize("kind", IN_AN_INSTANCE)
def test_nothing_of_another_instance_or_kind_is_found(kind: ResourceKind) -> None:
    assert HERE.resource_id("other", kind, HERE.arn("i", kind, "r")) is None
    for other in set(ResourceKind) - {kind}:
        assert HERE.resource_id("i", other, HERE.arn("i", kind, "r")) is None


@pytest.mark.parametrize(
    "tail",
    [
        "instance/",
        "instance/i/queue",
        "instance/i/queue/",
        "instance//queue/q",
        "instance/i/queue/q/more",
        "queue/q",
        "instance/i/phone-number/n",
        "instance/i/evaluation-form/e",
        "phone-number/",
        "phone-number/n/more",
        "",
    ],
)
def test_what_is_no_arn_of_a_resource_names_nothing(tail: str) -> None:
    arn = f"arn:aws:connect:eu-central-1:123456789012:{tail}"
    assert HERE.named(arn) is None
    assert HERE.instance_id(arn) is None
    assert HERE.resource_id("i", ResourceKind.QUEUE, arn) is None


def test_an_instance_may_be_given_as_its_arn() -> None:
    assert HERE.instance_id("i") == "i" == HERE.instance_id(HERE.instance_arn("i"))
    assert HERE.instance_id(HERE.arn("i", ResourceKind.QUEUE, "q")) is None


def test_what_every_instance_has_is_another_in_each_and_the_same_at_every_start() -> None:
    ids = {
        built_in_id(instance, kind, "Agent")
        for instance in ("i", "j")
        for kind in (ResourceKind.AGENT_STATUS, ResourceKind.SECURITY_PROFILE)
    }
    assert len(ids) == 4
    assert built_in_id("i", ResourceKind.AGENT_STATUS, "Available") == "5f2caf84-2248-5bc3-b3f1-b171f998b094"
