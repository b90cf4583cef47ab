"""Who may do what in a contact centre: each operation allowed, denied, and asked of another instance.

Without this table a key that was made for one contact centre could change the agents of another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aws.centre import AGENT, FLOW, HOURS, MINE, PROFILE, QUEUE, SCOPE, SECURITY, STATUS, TABLE, THEIRS
from aws.support import botocore_model, load
from trunkcall.aws.admission import Admission
from trunkcall.aws.connect import offered
from trunkcall.aws.errors import ApiError
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.aws.model import CONNECT
from trunkcall.aws.protocol import RequestContext
from trunkcall.aws.throttle import RATES, Throttle

KEY = "AKIATEST"
CONNECT_SERVICE = load(CONNECT)
OF_AN_INSTANCE = sorted(name for name, (request, _) in TABLE.items() if MINE in json.dumps(request))


def arn(part: str, instance: str = MINE) -> str:
    if part == "*":
        return part
    if part.startswith("phone-number/"):
        return SCOPE.instance_arn("").replace("instance/", part)
    return SCOPE.instance_arn(instance) + (f"/{part}" if part else "")


def statement(action: str, resources: list[str] | str, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resources, **more}


class Door:
    """An admission for one key with a policy of these statements. The parts in ``red`` have a tag."""

    def __init__(self, *statements: dict[str, Any], text: str | None = None, red: tuple[str, ...] = ()) -> None:
        self.policy = text or json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.red = {arn(part) for part in red}
        self.admission = Admission(
            [CONNECT_SERVICE], SCOPE, policy_of=self._policy_of, tags_of=self._tags_of, throttle=Throttle(RATES["aws"])
        )

    async def _policy_of(self, access_key_id: str) -> str | None:
        return self.policy

    async def _tags_of(self, resource: str) -> Mapping[str, str] | None:
        return {"team": "red"} if resource in self.red else None

    async def opens(self, name: str, request: Mapping[str, Any]) -> bool:
        context = RequestContext("request", KEY, None, CONNECT_SERVICE.operations[name], {})
        try:
            await self.admission.authorize(context, request)
        except ApiError as error:
            if error.code != "AccessDeniedException":
                raise
            return False
        return True


def elsewhere(value: Any, *, by_arn: bool) -> Any:
    """The same request of the other instance: by the instance's id or ARN, or by ARNs of what it names alone."""
    match value:
        case dict():
            return {name: elsewhere(inner, by_arn=by_arn) for name, inner in value.items()}
        case list():
            return [elsewhere(inner, by_arn=by_arn) for inner in value]
        case str() if value == MINE:
            return SCOPE.instance_arn(THEIRS) if by_arn else THEIRS
        case str():
            return value.replace(MINE, THEIRS)
        case _:
            return value


def test_every_operation_that_is_offered_is_in_the_table() -> None:
    assert offered() <= TABLE.keys()
    assert set(botocore_model(CONNECT).operation_names) >= TABLE.keys()


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_it_is_allowed_by_exactly_what_it_is_about(name: str) -> None:
    request, parts = TABLE[name]
    needed = [arn(part) for part in parts]
    assert await Door(statement(f"connect:{name}", needed)).opens(name, request)
    assert await Door(text=ALL_ACTIONS_POLICY).opens(name, request)
    for missing in needed:
        others = [each for each in needed if each != missing] or [SCOPE.campaign_arn("*")]
        assert not await Door(statement(f"connect:{name}", others)).opens(name, request), missing


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_it_is_refused_to_who_may_do_everything_else(name: str) -> None:
    request, parts = TABLE[name]
    others = [f"connect:{other}" for other in TABLE if other != name]
    assert not await Door({**statement("", "*"), "Action": [*others, "connect-campaigns:*"]}).opens(name, request)
    for part in parts:
        deny = statement("connect:*", arn(part), effect="Deny")
        assert not await Door(statement("connect:*", "*"), deny).opens(name, request)


@pytest.mark.parametrize("by_arn", [False, True], ids=["by its id", "by its ARN"])
@pytest.mark.parametrize("name", OF_AN_INSTANCE)
async def test_who_has_one_contact_centre_does_not_have_the_other(name: str, by_arn: bool) -> None:
    request, _ = TABLE[name]
    door = Door(statement("connect:*", [f"{arn('')}*", arn("phone-number/n"), arn("phone-number/*")]))
    assert await door.opens(name, request)
    assert not await door.opens(name, elsewhere(request, by_arn=by_arn))


@pytest.mark.parametrize("by_arn", [False, True], ids=["by its id", "by its ARN"])
@pytest.mark.parametrize("name", sorted(TABLE))
async def test_a_contact_centre_can_be_denied_by_its_id(name: str, by_arn: bool) -> None:
    """As Amazon's examples of policies do. A request that names no instance is not about this one."""
    request, _ = TABLE[name]
    mine = {"StringEquals": {"connect:instanceId": MINE}}
    door = Door(statement("connect:*", "*"), statement("connect:*", "*", effect="Deny", Condition=mine))
    assert await door.opens(name, request) is (name not in OF_AN_INSTANCE)
    assert await door.opens(name, elsewhere(request, by_arn=by_arn))
    only = Door(statement("connect:*", "*", Condition={"StringEquals": {"connect:InstanceId": MINE}}))
    assert await only.opens(name, request) is (name in OF_AN_INSTANCE)
    assert not await only.opens(name, elsewhere(request, by_arn=by_arn))


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("DescribeQueue", {"QueueId": arn(QUEUE, THEIRS)}),
        ("UpdateUserRoutingProfile", {"RoutingProfileId": arn(PROFILE, THEIRS)}),
        ("UpdateQueueHoursOfOperation", {"HoursOfOperationId": arn(HOURS, THEIRS)}),
        ("ClaimPhoneNumber", {"InstanceId": THEIRS}),
        ("PutUserStatus", {"AgentStatusId": arn(STATUS, THEIRS)}),
        ("CreateUser", {"SecurityProfileIds": ["x", arn(SECURITY, THEIRS)]}),
    ],
)
async def test_an_arn_of_the_other_contact_centre_is_no_way_in(name: str, changed: Mapping[str, Any]) -> None:
    request, _ = TABLE[name]
    door = Door(statement("connect:*", [f"{arn('')}*", arn("phone-number/*")]))
    assert await door.opens(name, request)
    assert not await door.opens(name, {**request, **changed})


@pytest.mark.parametrize("by_arn", [False, True], ids=["by its id", "by its ARN"])
async def test_what_is_saved_of_a_flow_is_that_flow(by_arn: bool) -> None:
    flow = arn(FLOW) if by_arn else "f"
    request = {**TABLE["UpdateContactFlowContent"][0], "ContactFlowId": f"{flow}:$SAVED"}
    assert await Door(statement("connect:*", arn(FLOW))).opens("UpdateContactFlowContent", request)
    deny = statement("connect:*", arn(FLOW), effect="Deny")
    assert not await Door(statement("connect:*", "*"), deny).opens("UpdateContactFlowContent", request)


async def test_the_numbers_of_all_contact_centres_are_not_for_who_has_one() -> None:
    mine = Door(statement("connect:*", [f"{arn('')}*", arn("phone-number/*")]))
    assert await mine.opens("ListPhoneNumbersV2", {"InstanceId": MINE})
    assert not await mine.opens("ListPhoneNumbersV2", {})
    every = Door(statement("connect:*", [SCOPE.instance_arn("*"), arn("phone-number/*")]))
    assert await every.opens("ListPhoneNumbersV2", {})


async def test_each_resource_is_looked_at_with_its_own_tags() -> None:
    on_red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    request, _ = TABLE["UpdateUserRoutingProfile"]
    allow = statement("connect:*", "*", Condition=on_red)
    assert await Door(allow, red=(AGENT, PROFILE)).opens("UpdateUserRoutingProfile", request)
    assert not await Door(allow, red=(AGENT,)).opens("UpdateUserRoutingProfile", request)
    assert not await Door(allow, red=(PROFILE,)).opens("UpdateUserRoutingProfile", request)


async def test_who_makes_something_with_tags_must_be_allowed_to_tag_it() -> None:
    request, _ = TABLE["CreateUser"]
    tagged = {**request, "Tags": {"team": "red"}}
    make = statement("connect:CreateUser", "*")
    assert await Door(make).opens("CreateUser", request)
    assert not await Door(make).opens("CreateUser", tagged)
    own = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    door = Door(make, statement("connect:TagResource", arn("agent/*"), Condition=own))
    assert await door.opens("CreateUser", tagged)
    assert not await door.opens("CreateUser", {**request, "Tags": {"cost": "1"}})


async def test_tags_of_campaigns_and_of_the_contact_centre_have_rates_of_their_own() -> None:
    door = Door(statement("connect:*", "*"))
    context = RequestContext("request", KEY, None, CONNECT_SERVICE.operations["TagResource"], {})
    for _ in range(5):
        await door.admission.admit(context)
    with pytest.raises(ApiError, match="Rate exceeded"):
        await door.admission.admit(context)
