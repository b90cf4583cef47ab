"""Requests at the door: which actions and resources each operation needs, and what a refusal says."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from aws.support import SERVICES, load, operations
from trunkcall.aws.admission import Admission, Target, needs_of
from trunkcall.aws.errors import ApiError
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.aws.model import CAMPAIGNS_V1, load_service
from trunkcall.aws.protocol import RequestContext
from trunkcall.aws.shapes import ModelError
from trunkcall.aws.throttle import RATES, Throttle
from trunkcall.domain.identifiers import Scope

KEY = "AKIATEST"
SCOPE = Scope("aws", "us-east-1", "000000000000")
RED, BLUE, UNKNOWN = "red-campaign", "blue-campaign", "no-campaign"
TAGS = {RED: {"team": "red"}, BLUE: {"team": "blue"}}
ON_RED = {"StringEquals": {"aws:ResourceTag/team": "red"}}


def allow(action: Any = "connect-campaigns:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


class Door:
    """An admission for one key with a policy of these statements."""

    def __init__(self, *statements: dict[str, Any], text: str | None = None) -> None:
        self.policy: str | None = text or json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.asked: list[str] = []
        self.now_s = 100.0
        self.admission = Admission(
            [load(CAMPAIGNS_V1)],
            SCOPE,
            policy_of=self._policy_of,
            tags_of=self._tags,
            throttle=Throttle(RATES["aws"]),
            monotonic=lambda: self.now_s,
        )

    async def _policy_of(self, access_key_id: str) -> str | None:
        assert access_key_id == KEY
        return self.policy

    async def _tags(self, arn: str) -> Mapping[str, str] | None:
        campaign_id = SCOPE.campaign_id(arn)
        assert campaign_id is not None
        self.asked.append(campaign_id)
        return TAGS.get(campaign_id)

    def context(self, operation: str) -> RequestContext:
        return RequestContext("request", KEY, None, load(CAMPAIGNS_V1).operations[operation], {})

    async def admit(self, operation: str) -> None:
        await self.admission.admit(self.context(operation))

    async def authorize(self, operation: str, **request: Any) -> None:
        await self.admission.authorize(self.context(operation), request)

    async def opens(self, operation: str, **request: Any) -> bool:
        try:
            await self.authorize(operation, **request)
        except ApiError as error:
            if error.code != "AccessDeniedException":
                raise
            return False
        return True


class TestWhatOperationsAreAbout:
    WITHOUT_A_RESOURCE = frozenset(
        {
            "DeleteConnectInstanceConfig",
            "DeleteConnectInstanceIntegration",
            "DeleteInstanceOnboardingJob",
            "GetConnectInstanceConfig",
            "GetInstanceCommunicationLimits",
            "GetInstanceOnboardingJobStatus",
            "ListCampaigns",
            "ListConnectInstanceIntegrations",
            "PutConnectInstanceIntegration",
            "PutInstanceCommunicationLimits",
            "StartInstanceOnboardingJob",
        }
    )
    """Those for which the service authorization reference has no resource type."""

    @pytest.mark.parametrize("service", SERVICES)
    def test_the_reference_is_followed(self, service: str) -> None:
        needs = needs_of(load(service))
        assert set(needs) == set(operations(service))
        for name, needed in needs.items():
            assert needed.action == f"connect-campaigns:{name}"
            assert (needed.target is Target.ALL) is (name in self.WITHOUT_A_RESOURCE)
            assert (needed.tagging is not None) is (name == "CreateCampaign")

    @pytest.mark.parametrize("name", ["DescribeQuickConnect", "SearchQuickConnects"])
    def test_an_operation_that_nobody_looked_at_is_refused_at_start(self, name: str) -> None:
        with pytest.raises(ModelError, match=f"nobody has decided which resources connect's {name} is about"):
            needs_of(load_service("connect", only=[name]))


class TestCampaigns:
    async def test_the_policy_of_the_first_key_opens_everything_without_a_look(self) -> None:
        door = Door(text=ALL_ACTIONS_POLICY)
        for name in operations():
            await door.authorize(name, id=RED, arn=SCOPE.campaign_arn(RED), tags={"a": "b"}, campaignIds=[RED])
        assert door.asked == []

    async def test_a_campaign_is_known_by_its_arn(self) -> None:
        door = Door(allow(resource=SCOPE.campaign_arn(RED)))
        assert await door.opens("StartCampaign", id=RED)
        assert await door.opens("StartCampaign", id=SCOPE.campaign_arn(RED))
        assert not await door.opens("StartCampaign", id=BLUE)
        assert not await door.opens("StartCampaign", id=SCOPE.campaign_arn(BLUE))
        assert not await door.opens("ListCampaigns")

    async def test_an_arn_of_somewhere_else_is_not_ours(self) -> None:
        door = Door(allow(resource=SCOPE.campaign_arn("*")))
        elsewhere = Scope("aws", "eu-west-2", "000000000000").campaign_arn(RED)
        assert not await door.opens("DescribeCampaign", id=elsewhere)
        assert not await door.opens("TagResource", arn=elsewhere, tags={"a": "b"})

    async def test_a_campaign_is_known_by_its_tags(self) -> None:
        door = Door(allow(Condition=ON_RED))
        assert await door.opens("DescribeCampaign", id=RED)
        assert await door.opens("PutDialRequestBatch", id=SCOPE.campaign_arn(RED), dialRequests=[])
        assert not await door.opens("DescribeCampaign", id=BLUE)
        assert door.asked == [RED, RED, BLUE]

    async def test_tags_are_not_looked_up_where_the_policy_does_not_ask(self) -> None:
        door = Door(allow(resource=SCOPE.campaign_arn("*")), allow("s3:*", Condition=ON_RED))
        assert await door.opens("DescribeCampaign", id=RED)
        assert door.asked == []

    async def test_a_refusal_does_not_tell_whether_the_campaign_exists(self) -> None:
        door = Door(allow(Condition=ON_RED))
        said = []
        for campaign_id in (BLUE, UNKNOWN):
            with pytest.raises(ApiError) as raised:
                await door.authorize("DescribeCampaign", id=campaign_id)
            said.append(raised.value.message.replace(campaign_id, "ID"))
        assert said[0] == said[1]

    async def test_an_unknown_campaign_goes_on_if_the_policy_allows_it(self) -> None:
        assert await Door(allow(resource=SCOPE.campaign_arn("*"))).opens("DescribeCampaign", id=UNKNOWN)

    async def test_a_batch_needs_every_campaign_and_has_no_tags(self) -> None:
        both = [RED, SCOPE.campaign_arn(BLUE)]
        assert await Door(allow(resource=SCOPE.campaign_arn("*"))).opens("GetCampaignStateBatch", campaignIds=both)
        only_red = Door(allow(resource=SCOPE.campaign_arn(RED)))
        assert await only_red.opens("GetCampaignStateBatch", campaignIds=[RED])
        with pytest.raises(ApiError, match="campaign/blue-campaign because"):
            await only_red.authorize("GetCampaignStateBatch", campaignIds=both)
        tagged = Door(allow(Condition=ON_RED))
        assert not await tagged.opens("GetCampaignStateBatch", campaignIds=[RED])
        assert tagged.asked == []

    async def test_lists_and_instances_need_the_star(self) -> None:
        for name, request in (
            ("ListCampaigns", {}),
            ("StartInstanceOnboardingJob", {"connectInstanceId": "i"}),
            ("GetConnectInstanceConfig", {"connectInstanceId": "i"}),
        ):
            assert await Door(allow()).opens(name, **request)
            assert not await Door(allow(resource=SCOPE.campaign_arn("*"))).opens(name, **request)


class TestTags:
    ON_OWN: ClassVar = {"StringEquals": {"aws:RequestTag/team": "red"}}

    async def test_who_creates_may_have_to_tag(self) -> None:
        door = Door(allow(resource=SCOPE.campaign_arn("*"), Condition=self.ON_OWN))
        assert await door.opens("CreateCampaign", tags={"team": "red", "env": "prod"})
        assert not await door.opens("CreateCampaign", tags={"team": "blue"})
        assert not await door.opens("CreateCampaign")
        assert door.asked == []

    async def test_who_creates_with_tags_must_be_allowed_to_tag(self) -> None:
        door = Door(allow("connect-campaigns:CreateCampaign"))
        assert await door.opens("CreateCampaign", name="x")
        assert await door.opens("CreateCampaign", name="x", tags={})
        with pytest.raises(ApiError, match=r"to perform: connect-campaigns:TagResource on resource: .*:campaign/\* "):
            await door.authorize("CreateCampaign", name="x", tags={"a": "b"})

    async def test_the_tags_that_are_there_and_those_that_come_are_told_apart(self) -> None:
        """Nobody may take a red campaign and make it blue, though blue tags may be given."""
        door = Door(
            allow(
                "connect-campaigns:TagResource",
                Condition={**ON_RED, "StringEqualsIfExists": {"aws:RequestTag/team": "red"}},
            )
        )
        assert await door.opens("TagResource", arn=SCOPE.campaign_arn(RED), tags={"env": "prod"})
        assert not await door.opens("TagResource", arn=SCOPE.campaign_arn(RED), tags={"team": "blue"})
        assert not await door.opens("TagResource", arn=SCOPE.campaign_arn(BLUE), tags={"team": "red"})

    async def test_keys_that_are_taken_away_count(self) -> None:
        door = Door(allow(Condition={"ForAllValues:StringNotEquals": {"aws:TagKeys": ["team"]}}))
        assert await door.opens("UntagResource", arn=SCOPE.campaign_arn(RED), tagKeys=["env"])
        assert not await door.opens("UntagResource", arn=SCOPE.campaign_arn(RED), tagKeys=["env", "team"])
        assert not await door.opens("TagResource", arn=SCOPE.campaign_arn(RED), tags={"team": "x"})


class TestRefusals:
    async def test_what_is_not_allowed_is_refused_in_amazons_words(self) -> None:
        with pytest.raises(ApiError) as raised:
            await Door(allow("connect-campaigns:Get*")).authorize("StopCampaign", id=RED)
        assert raised.value.code == "AccessDeniedException"
        assert raised.value.message == (
            "User: arn:aws:iam::000000000000:user/AKIATEST is not authorized to perform: "
            "connect-campaigns:StopCampaign on resource: "
            "arn:aws:connect-campaigns:us-east-1:000000000000:campaign/red-campaign because no identity-based policy "
            "allows the connect-campaigns:StopCampaign action"
        )

    async def test_what_is_denied_is_said_to_be(self) -> None:
        deny = allow("connect-campaigns:ListCampaigns") | {"Effect": "Deny"}
        with pytest.raises(ApiError) as raised:
            await Door(allow(), deny).authorize("ListCampaigns")
        assert raised.value.message.endswith("on resource: * with an explicit deny in an identity-based policy")

    async def test_a_key_whose_policy_cannot_be_read_may_do_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.ERROR):
            assert not await Door(text='{"Version": "2031-01-01"}').opens("ListCampaigns")
        (record,) = caplog.records
        assert "cannot be read" in record.message

    async def test_a_key_that_was_revoked_meanwhile_is_no_longer_known(self) -> None:
        door = Door(allow())
        door.policy = None
        with pytest.raises(ApiError) as raised:
            await door.authorize("ListCampaigns")
        assert raised.value.code == "UnrecognizedClientException"


class TestThrottling:
    async def test_an_operation_has_its_rate(self) -> None:
        door = Door(allow())
        for _ in range(2):
            await door.admit("StartCampaign")
        with pytest.raises(ApiError) as raised:
            await door.admit("StartCampaign")
        assert (raised.value.code, raised.value.message) == ("ThrottlingException", "Rate exceeded")
        await door.admit("StopCampaign")
        door.now_s += 1
        await door.admit("StartCampaign")

    @pytest.mark.parametrize("name", ["DescribeCampaign", "ListCampaigns", "StartCampaign"])
    async def test_even_operations_that_do_not_declare_it_answer_429(self, name: str) -> None:
        operation = load(CAMPAIGNS_V1).operations[name]
        assert operation.errors["ThrottlingException"].status == 429
        assert operation.errors["AccessDeniedException"].status == 403
