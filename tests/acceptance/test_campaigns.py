"""Campaigns as boto3 sees them: a user whose code works against Amazon must see the same classes and states here."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from serving import Serving, dial_request

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def create(server: Serving, client: Any, name: str, **changes: Any) -> str:
    created: str = client.create_campaign(**server.campaign_arguments(name, **changes))["id"]
    return created


class TestCreate:
    def test_a_campaign_is_described_as_it_was_created(self, server: Serving, client: Any) -> None:
        arguments = server.campaign_arguments("As created", tags={"team": "north"})
        arguments["outboundCallConfig"]["connectSourcePhoneNumber"] = "+12025550100"
        created = client.create_campaign(**arguments)
        assert created["arn"] == f"arn:aws:connect-campaigns:us-east-1:000000000000:campaign/{created['id']}"
        assert created["tags"] == {"team": "north"}
        described = client.describe_campaign(id=created["id"])["campaign"]
        assert described.pop("arn") == created["arn"]
        assert described.pop("id") == created["id"]
        assert described == arguments
        assert client.get_campaign_state(id=created["id"])["state"] == "Initialized"

    def test_the_same_again_is_the_same_campaign(self, server: Serving, client: Any) -> None:
        """An SDK that lost the answer asks again; a second campaign would dial everybody twice."""
        first = create(server, client, "Twice")
        assert create(server, client, "Twice") == first

    def test_another_campaign_of_that_name_is_a_conflict(self, server: Serving, client: Any) -> None:
        create(server, client, "Taken")
        with pytest.raises(client.exceptions.ConflictException):
            create(server, client, "Taken", tags={"other": "yes"})

    def test_unknown_instance_queue_or_flow_is_not_found(self, server: Serving, client: Any) -> None:
        arguments = server.campaign_arguments("Lost")
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.create_campaign(**arguments | {"connectInstanceId": UNKNOWN})
        for member in ("connectQueueId", "connectContactFlowId"):
            call = arguments["outboundCallConfig"] | {member: UNKNOWN}
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                client.create_campaign(**arguments | {"outboundCallConfig": call})

    def test_ids_may_be_arns(self, server: Serving, client: Any) -> None:
        arguments = server.campaign_arguments("By ARN")
        call = arguments["outboundCallConfig"]
        instance = f"arn:aws:connect:us-east-1:000000000000:instance/{arguments['connectInstanceId']}"
        given = call | {"connectQueueId": f"{instance}/queue/{call['connectQueueId']}"}
        created = client.create_campaign(**arguments | {"outboundCallConfig": given})
        described = client.describe_campaign(id=created["arn"])["campaign"]
        assert described["outboundCallConfig"]["connectQueueId"] == call["connectQueueId"]

    def test_agents_need_a_queue_and_agentless_a_number(self, server: Serving, client: Any) -> None:
        arguments = server.campaign_arguments("No queue")
        call = {"connectContactFlowId": arguments["outboundCallConfig"]["connectContactFlowId"]}
        with pytest.raises(client.exceptions.ValidationException, match=r"connectQueueId.*UpdateContactTargetQueue"):
            client.create_campaign(**arguments | {"outboundCallConfig": call})
        agentless = {"dialerConfig": {"agentlessDialerConfig": {}}, "outboundCallConfig": call}
        with pytest.raises(client.exceptions.ValidationException, match="connectSourcePhoneNumber"):
            client.create_campaign(**arguments | agentless)
        call["connectSourcePhoneNumber"] = "+12025550100"
        client.create_campaign(**arguments | agentless)

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"name": "n" * 128}, "at 'name' failed to satisfy constraint: Member must have length less than or equal"),
            ({"connectInstanceId": "a b"}, "at 'connectInstanceId' failed to satisfy constraint: Member must satisfy"),
            (
                {"dialerConfig": {"progressiveDialerConfig": {"bandwidthAllocation": 1.5}}},
                "Member must have value less than or equal to 1",
            ),
            (
                {"dialerConfig": {"agentlessDialerConfig": {"dialingCapacity": 0.001}}},
                "Member must have value greater than or equal to 0.01",
            ),
            ({"tags": {"aws:forbidden": "x"}}, "at 'tags' failed to satisfy constraint: Map keys must satisfy"),
            ({"dialerConfig": {}}, "dialerConfig"),
        ],
    )
    def test_constraints_are_checked_by_the_server(
        self, server: Serving, changes: dict[str, Any], complaint: str
    ) -> None:
        """boto3 leaves most of them to the service."""
        client = server.client(parameter_validation=False)
        with pytest.raises(client.exceptions.ValidationException) as raised:
            client.create_campaign(**server.campaign_arguments("Bad") | changes)
        assert complaint in raised.value.response["Error"]["Message"]


class TestStates:
    def test_a_campaign_goes_its_way(self, server: Serving, client: Any) -> None:
        campaign_id = create(server, client, "States")
        for step, state in (
            (client.start_campaign, "Running"),
            (client.pause_campaign, "Paused"),
            (client.resume_campaign, "Running"),
            (client.stop_campaign, "Stopped"),
        ):
            step(id=campaign_id)
            assert client.get_campaign_state(id=campaign_id)["state"] == state

    @pytest.mark.parametrize(
        ("way", "forbidden"),
        [
            ([], ["pause_campaign", "resume_campaign", "stop_campaign"]),
            (["start_campaign"], ["start_campaign", "resume_campaign"]),
            (["start_campaign", "pause_campaign"], ["start_campaign", "pause_campaign"]),
            (
                ["start_campaign", "stop_campaign"],
                ["start_campaign", "pause_campaign", "resume_campaign", "stop_campaign"],
            ),
        ],
        ids=["Initialized", "Running", "Paused", "Stopped"],
    )
    def test_what_a_state_forbids_says_the_state(
        self, server: Serving, client: Any, way: list[str], forbidden: list[str], request: pytest.FixtureRequest
    ) -> None:
        state = request.node.callspec.id
        campaign_id = create(server, client, f"Forbidden while {state}")
        for step in way:
            getattr(client, step)(id=campaign_id)
        for step in forbidden:
            with pytest.raises(client.exceptions.InvalidCampaignStateException) as raised:
                getattr(client, step)(id=campaign_id)
            assert raised.value.response["state"] == state
        if state != "Running":
            with pytest.raises(client.exceptions.InvalidCampaignStateException) as raised:
                client.put_dial_request_batch(id=campaign_id, dialRequests=[dial_request("t", 1)])
            assert raised.value.response["state"] == state

    def test_a_deleted_campaign_is_gone_and_its_name_is_free(self, server: Serving, client: Any) -> None:
        campaign_id = create(server, client, "Deleted")
        client.start_campaign(id=campaign_id)
        client.delete_campaign(id=campaign_id)
        for operation in (client.describe_campaign, client.get_campaign_state, client.start_campaign):
            with pytest.raises(client.exceptions.ResourceNotFoundException):
                operation(id=campaign_id)
        assert create(server, client, "Deleted") != campaign_id


class TestList:
    def test_pages_hold_every_campaign_once(self, server: Serving, client: Any) -> None:
        made = [create(server, client, f"Page {number}") for number in range(7)]
        instance = {"instanceIdFilter": {"value": server.environment["TRUNKCALL_INSTANCE_ID"], "operator": "Eq"}}
        seen: list[str] = []
        for page in client.get_paginator("list_campaigns").paginate(filters=instance, PaginationConfig={"PageSize": 3}):
            assert len(page["campaignSummaryList"]) <= 3
            seen += [summary["id"] for summary in page["campaignSummaryList"]]
        assert len(seen) == len(set(seen))
        assert [campaign_id for campaign_id in seen if campaign_id in made] == made

    def test_another_instance_has_none(self, client: Any) -> None:
        other = {"instanceIdFilter": {"value": UNKNOWN, "operator": "Eq"}}
        assert client.list_campaigns(filters=other)["campaignSummaryList"] == []

    def test_a_token_that_was_tampered_with_is_refused(self, server: Serving, client: Any) -> None:
        for name in ("tampered 1", "tampered 2"):
            client.create_campaign(**server.campaign_arguments(name))
        token = client.list_campaigns(maxResults=1)["nextToken"]
        for wrong in (token[:-4] + "AAAA", "x", "é", ""):
            with pytest.raises(client.exceptions.ValidationException):
                client.list_campaigns(nextToken=wrong)


class TestSignatures:
    def test_a_wrong_secret_is_refused(self, server: Serving) -> None:
        given = server.environment
        client = boto3.client(
            "connectcampaigns",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key="wrong",
            config=Config(retries={"total_max_attempts": 1}),
        )
        with pytest.raises(ClientError) as raised:
            client.list_campaigns()
        assert raised.value.response["Error"]["Code"] == "InvalidSignatureException"

    def test_an_unknown_key_is_refused(self, server: Serving) -> None:
        client = boto3.client(
            "connectcampaigns",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="AKIAUNKNOWNUNKNOWN00",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}),
        )
        with pytest.raises(ClientError) as raised:
            client.list_campaigns()
        assert raised.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_the_second_version_of_the_api_says_what_is_not_offered(server: Serving) -> None:
    """Whoever moves to it learns that it is not here, and does not look for a mistake in an address."""
    given = server.environment
    client = boto3.client(
        "connectcampaignsv2",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError, match="ListCampaigns") as raised:
        client.list_campaigns()
    assert raised.value.response["Error"]["Code"] == "NotImplementedException"
