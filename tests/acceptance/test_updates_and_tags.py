"""Renaming, re-configuring and tagging campaigns, and their states in batches, as boto3 sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from serving import Serving

UNKNOWN = "00000000-0000-4000-8000-000000000000"
UNKNOWN_ARN = f"arn:aws:connect-campaigns:us-east-1:000000000000:campaign/{UNKNOWN}"


@pytest.fixture
def campaign(server: Serving, client: Any, request: pytest.FixtureRequest) -> Any:
    return client.create_campaign(**server.campaign_arguments(request.node.name[:120]))


def described(client: Any, campaign: Any) -> Any:
    return client.describe_campaign(id=campaign["id"])["campaign"]


class TestUpdates:
    def test_a_new_name_frees_the_old(self, server: Serving, client: Any, campaign: Any) -> None:
        old = described(client, campaign)["name"]
        client.update_campaign_name(id=campaign["id"], name="Renamed")
        assert described(client, campaign)["name"] == "Renamed"
        assert client.create_campaign(**server.campaign_arguments(old))["id"] != campaign["id"]

    def test_a_name_that_is_taken_is_a_conflict(self, server: Serving, client: Any, campaign: Any) -> None:
        client.create_campaign(**server.campaign_arguments("Somebody else's"))
        with pytest.raises(client.exceptions.ConflictException):
            client.update_campaign_name(id=campaign["id"], name="Somebody else's")
        client.update_campaign_name(id=campaign["id"], name=described(client, campaign)["name"])

    def test_progressive_may_become_predictive_even_while_running(self, client: Any, campaign: Any) -> None:
        client.start_campaign(id=campaign["id"])
        dialer = {"predictiveDialerConfig": {"bandwidthAllocation": 0.5, "dialingCapacity": 0.25}}
        client.update_campaign_dialer_config(id=campaign["id"], dialerConfig=dialer)
        assert described(client, campaign)["dialerConfig"] == dialer

    def test_no_campaign_becomes_agentless_or_stops_being_it(self, server: Serving, client: Any, campaign: Any) -> None:
        """The note of CreateCampaign."""
        agentless = {"agentlessDialerConfig": {"dialingCapacity": 0.5}}
        with pytest.raises(client.exceptions.ConflictException, match="agentless"):
            client.update_campaign_dialer_config(id=campaign["id"], dialerConfig=agentless)
        other = client.create_campaign(**server.campaign_arguments("Agentless", dialerConfig=agentless))
        progressive = {"progressiveDialerConfig": {"bandwidthAllocation": 1.0}}
        with pytest.raises(client.exceptions.ConflictException, match="agentless"):
            client.update_campaign_dialer_config(id=other["id"], dialerConfig=progressive)
        client.update_campaign_dialer_config(id=other["id"], dialerConfig={"agentlessDialerConfig": {}})
        assert described(client, other)["dialerConfig"] == {"agentlessDialerConfig": {}}

    def test_an_update_of_the_call_changes_what_it_names_and_leaves_the_rest(
        self, server: Serving, client: Any, campaign: Any
    ) -> None:
        before = described(client, campaign)["outboundCallConfig"]
        client.update_campaign_outbound_call_config(id=campaign["id"], connectSourcePhoneNumber="+12025550100")
        detection = {"enableAnswerMachineDetection": True, "awaitAnswerMachinePrompt": True}
        client.update_campaign_outbound_call_config(id=campaign["id"], answerMachineDetectionConfig=detection)
        expected = before | {
            "connectSourcePhoneNumber": "+12025550100",
            "answerMachineDetectionConfig": detection,
        }
        assert described(client, campaign)["outboundCallConfig"] == expected
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.update_campaign_outbound_call_config(id=campaign["id"], connectContactFlowId=UNKNOWN)
        assert described(client, campaign)["outboundCallConfig"] == expected

    def test_unknown_campaigns_are_not_found(self, client: Any) -> None:
        dialer = {"progressiveDialerConfig": {"bandwidthAllocation": 1.0}}
        calls: list[Callable[[], Any]] = [
            lambda: client.update_campaign_name(id=UNKNOWN, name="x"),
            lambda: client.update_campaign_dialer_config(id=UNKNOWN, dialerConfig=dialer),
            lambda: client.update_campaign_outbound_call_config(id=UNKNOWN),
        ]
        for call in calls:
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                call()


class TestStateBatch:
    def test_each_id_is_answered_for_itself(self, client: Any, campaign: Any) -> None:
        client.start_campaign(id=campaign["id"])
        answer = client.get_campaign_state_batch(campaignIds=[UNKNOWN, campaign["id"], campaign["arn"]])
        assert answer["successfulRequests"] == [
            {"campaignId": campaign["id"], "state": "Running"},
            {"campaignId": campaign["arn"], "state": "Running"},
        ]
        assert answer["failedRequests"] == [{"campaignId": UNKNOWN, "failureCode": "ResourceNotFound"}]


class TestTags:
    def test_tags_are_set_replaced_and_taken_away(self, client: Any, campaign: Any) -> None:
        arn = campaign["arn"]
        client.tag_resource(arn=arn, tags={"team": "north", "owner": "arn:aws:connect:us-east-1:0:instance/i"})
        client.tag_resource(arn=arn, tags={"team": "south"})
        expected = {"team": "south", "owner": "arn:aws:connect:us-east-1:0:instance/i"}
        assert client.list_tags_for_resource(arn=arn)["tags"] == expected
        assert described(client, campaign)["tags"] == expected
        client.untag_resource(arn=arn, tagKeys=["owner", "never-there"])
        assert client.list_tags_for_resource(arn=arn)["tags"] == {"team": "south"}

    def test_a_campaign_has_fifty_tags_at_most(self, client: Any, campaign: Any) -> None:
        client.tag_resource(arn=campaign["arn"], tags={f"key-{'a' * n}": "" for n in range(50)})
        with pytest.raises(client.exceptions.ValidationException, match="50 tags at most"):
            client.tag_resource(arn=campaign["arn"], tags={"one-more": ""})
        assert len(client.list_tags_for_resource(arn=campaign["arn"])["tags"]) == 50

    def test_a_resource_of_somebody_else_is_not_found(self, client: Any, campaign: Any) -> None:
        elsewhere = campaign["arn"].replace("us-east-1", "eu-west-1")
        for arn in (UNKNOWN_ARN, elsewhere, "arn:aws:connect:us-east-1:000000000000:instance/x"):
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                client.list_tags_for_resource(arn=arn)
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                client.tag_resource(arn=arn, tags={"a": "b"})
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                client.untag_resource(arn=arn, tagKeys=["a"])
