"""Instances, hours, flows and tags by boto3, as a contact centre's scripts set them up. If these fail, a script that
was written for Amazon Connect stops, or goes on with something else than it was told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from service.test_campaign_queue import setting
from service.test_flow_content import document
from serving import Serving, dial_request, put_all, settings_of
from trunkcall.compose.store import opened_store
from trunkcall.flows.content import DEFAULT_FLOWS

NINE = {"Hours": 9, "Minutes": 0}
FIVE = {"Hours": 17, "Minutes": 30}
MIDNIGHT = {"Hours": 0, "Minutes": 0}
WEEK = [{"Day": day, "StartTime": NINE, "EndTime": FIVE} for day in ("MONDAY", "FRIDAY")]
NEW = {"IdentityManagementType": "CONNECT_MANAGED", "InboundCallsEnabled": False, "OutboundCallsEnabled": True}


@pytest.fixture(scope="module")
def connect(server: Serving) -> Any:
    return server.client("connect")


@pytest.fixture(scope="module")
def default(server: Serving) -> str:
    return server.environment["TRUNKCALL_INSTANCE_ID"]


def refused(call: Any, code: str, **arguments: Any) -> str:
    """What is said where a request is refused with this code."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


def test_an_instance_is_made_described_listed_and_deleted(connect: Any, default: str) -> None:
    made = connect.create_instance(**NEW, InstanceAlias="second-office", Tags={"team": "south"}, ClientToken="one")
    again = connect.create_instance(**NEW, InstanceAlias="second-office", Tags={"team": "south"}, ClientToken="one")
    assert made["Id"] == again["Id"]
    described = connect.describe_instance(InstanceId=made["Id"])["Instance"]
    assert described["Arn"] == made["Arn"]
    assert described["InstanceAlias"] == "second-office"
    assert described["InstanceStatus"] == "ACTIVE"
    assert described["IdentityManagementType"] == "CONNECT_MANAGED"
    assert (described["InboundCallsEnabled"], described["OutboundCallsEnabled"]) == (False, True)
    assert described["Tags"] == {"team": "south"}
    assert connect.describe_instance(InstanceId=made["Arn"])["Instance"] == described
    pages = connect.get_paginator("list_instances").paginate(PaginationConfig={"PageSize": 1})
    listed = [each for page in pages for each in page["InstanceSummaryList"]]
    assert [each["Id"] for each in listed] == [default, made["Id"]]
    taken = refused(connect.create_instance, "InvalidRequestException", **NEW, InstanceAlias="Second-Office")
    assert "alias is already used" in taken
    assert "InstanceAlias is required" in refused(connect.create_instance, "InvalidRequestException", **NEW)
    connect.delete_instance(InstanceId=made["Id"])
    refused(connect.describe_instance, "ResourceNotFoundException", InstanceId=made["Id"])
    assert "default instance" in refused(connect.delete_instance, "InvalidRequestException", InstanceId=default)


def test_a_new_instance_is_onboarded_dialed_for_and_deleted(server: Serving, connect: Any, client: Any) -> None:
    instance_id = connect.create_instance(**NEW, InstanceAlias="third-office")["Id"]
    flow, *_ = connect.list_contact_flows(InstanceId=instance_id)["ContactFlowSummaryList"]
    client.start_instance_onboarding_job(connectInstanceId=instance_id, encryptionConfig={"enabled": False})
    in_use = refused(connect.delete_instance, "InvalidRequestException", InstanceId=instance_id)
    assert "onboarded" in in_use
    assert "DeleteConnectInstanceConfig" in in_use, "offboarding is another service's: who would find it?"
    server.wait_until(lambda: instance_id in server.get("/health"))
    campaign_id = client.create_campaign(
        **server.campaign_arguments(
            "Reminder",
            connectInstanceId=instance_id,
            dialerConfig={"agentlessDialerConfig": {}},
            outboundCallConfig={
                "connectContactFlowId": flow["Id"],
                "connectQueueId": queue_of(server, instance_id),
            },
        )
    )["id"]
    client.start_campaign(id=campaign_id)
    put_all(client, campaign_id, [dial_request(f"person-{n}", n) for n in range(30)])
    server.wait_until(lambda: len(ended(server, campaign_id)) == 30)
    assert {record["InstanceARN"].rpartition("/")[2] for record in ended(server, campaign_id)} == {instance_id}
    assert "campaigns" in refused(connect.delete_instance, "InvalidRequestException", InstanceId=instance_id)
    client.delete_campaign(id=campaign_id)
    client.delete_connect_instance_config(connectInstanceId=instance_id)
    connect.delete_instance(InstanceId=instance_id)
    refused(
        client.get_instance_onboarding_job_status, "ResourceNotFoundException", connectInstanceId=instance_id
    )  # Whoever waits for SUCCEEDED would go on with an instance that is gone.
    assert len(ended(server, campaign_id)) == 30, "records stay"


def queue_of(server: Serving, instance_id: str) -> str:
    """The queue that came with the instance."""

    async def read() -> str:
        async with opened_store(settings_of(server.data_dir)) as store:
            directory = await store.directory(instance_id)
            assert directory is not None
            return next(iter(directory.queues))

    return asyncio.run(read())


def ended(server: Serving, campaign_id: str) -> list[dict[str, Any]]:
    found = [record for record in server.export() if record["Campaign"]["CampaignId"] == campaign_id]
    return [record for record in found if record["DisconnectTimestamp"]]


def test_attributes_are_listed_and_set(connect: Any, default: str) -> None:
    pages = connect.get_paginator("list_instance_attributes").paginate(InstanceId=default)
    before = {each["AttributeType"]: each["Value"] for page in pages for each in page["Attributes"]}
    assert len(before) == 14
    assert before["OUTBOUND_CALLS"] == "true"
    connect.update_instance_attribute(InstanceId=default, AttributeType="CONTACTFLOW_LOGS", Value="true")
    found = connect.describe_instance_attribute(InstanceId=default, AttributeType="CONTACTFLOW_LOGS")
    assert found["Attribute"] == {"AttributeType": "CONTACTFLOW_LOGS", "Value": "true"}
    wrong = {"InstanceId": default, "AttributeType": "EARLY_MEDIA", "Value": "on"}
    assert "must be true or false" in refused(connect.update_instance_attribute, "InvalidParameterException", **wrong)


def test_outbound_calls_are_switched_off_and_on_while_a_campaign_dials(
    server: Serving, connect: Any, client: Any, default: str
) -> None:
    campaign_id = client.create_campaign(**server.campaign_arguments("Switched"))["id"]
    client.start_campaign(id=campaign_id)

    def set_outbound(value: str) -> None:
        connect.update_instance_attribute(InstanceId=default, AttributeType="OUTBOUND_CALLS", Value=value)

    def why() -> str:
        told = server.trunkcall("explain", "--campaign", "Switched", "--data-dir", str(server.data_dir), "--json")
        return str(json.loads(told.stdout)["reasons"][0]["code"])

    def let_pass(minutes: float) -> None:
        until = server.in_instance_time(minutes=minutes)
        server.wait_until(lambda: server.instance_time() > until)

    set_outbound("false")
    assert why() == "OUTBOUND_CALLS_OFF"
    let_pass(20)  # two seconds of ours: the server looks every second
    put_all(client, campaign_id, [dial_request(f"person-{n}", n) for n in range(30)])
    let_pass(10)
    records = [record for record in server.export() if record["Campaign"]["CampaignId"] == campaign_id]
    assert {record["State"] for record in records} == {"Waiting"}
    set_outbound("true")
    server.wait_until(lambda: len(ended(server, campaign_id)) == 30)
    assert {record["Attempts"] for record in ended(server, campaign_id)} == {1}


def test_hours_of_operation_and_their_overrides(connect: Any, default: str) -> None:
    made = connect.create_hours_of_operation(
        InstanceId=default, Name="Desk", TimeZone="Europe/Berlin", Config=WEEK, Description="Front", Tags={"a": "b"}
    )
    desk = {"InstanceId": default, "HoursOfOperationId": made["HoursOfOperationId"]}
    described = connect.describe_hours_of_operation(**desk)["HoursOfOperation"]
    assert described["HoursOfOperationArn"] == made["HoursOfOperationArn"]
    assert (described["Name"], described["TimeZone"], described["Description"]) == ("Desk", "Europe/Berlin", "Front")
    assert (described["Config"], described["Tags"]) == (WEEK, {"a": "b"})
    pages = connect.get_paginator("list_hours_of_operations").paginate(
        InstanceId=default, PaginationConfig={"PageSize": 1}
    )
    names = [each["Name"] for page in pages for each in page["HoursOfOperationSummaryList"]]
    assert names == ["Basic Hours", "Desk"]
    connect.update_hours_of_operation(**desk, Name="Front desk", Description="")
    assert "Description" not in connect.describe_hours_of_operation(**desk)["HoursOfOperation"]
    refused(
        connect.create_hours_of_operation,
        "DuplicateResourceException",
        InstanceId=default,
        Name="Front desk",
        TimeZone="UTC",
        Config=[],
    )
    wrong = {"InstanceId": default, "Name": "Moon", "TimeZone": "Moon/Sea", "Config": []}
    assert "Europe/Berlin" in refused(connect.create_hours_of_operation, "InvalidParameterException", **wrong)

    days = {"EffectiveFrom": "2026-12-24", "EffectiveTill": "2026-12-25"}
    eve = [{"Day": "THURSDAY", "StartTime": NINE, "EndTime": {"Hours": 12, "Minutes": 0}}]
    override_id = connect.create_hours_of_operation_override(**desk, Name="Christmas", Config=eve, **days)[
        "HoursOfOperationOverrideId"
    ]
    override = {**desk, "HoursOfOperationOverrideId": override_id}
    described = connect.describe_hours_of_operation_override(**override)["HoursOfOperationOverride"]
    assert (described["Name"], described["Config"], described["OverrideType"]) == ("Christmas", eve, "STANDARD")
    (listed,) = connect.list_hours_of_operation_overrides(**desk)["HoursOfOperationOverrideList"]
    assert listed == described
    effective = connect.get_effective_hours_of_operations(**desk, FromDate="2026-12-24", ToDate="2026-12-28")
    assert effective["TimeZone"] == "Europe/Berlin"
    open_on = {each["Date"]: each["OperationalHours"] for each in effective["EffectiveHoursOfOperationList"]}
    assert [len(open_on[f"2026-12-{day}"]) for day in range(24, 29)] == [1, 0, 0, 0, 1]
    overridden = {each["Date"]: each["OverrideHours"] for each in effective["EffectiveOverrideHoursList"]}
    assert [each["OperationalStatus"] for each in overridden["2026-12-24"]] == ["OPEN"]
    assert [each["OperationalStatus"] for each in overridden["2026-12-25"]] == ["CLOSED"]
    connect.update_hours_of_operation_override(**override, EffectiveTill="2026-12-31")
    refused(
        connect.update_hours_of_operation_override, "InvalidParameterException", **override, EffectiveFrom="2027-01-01"
    )
    said = refused(
        connect.update_hours_of_operation_override, "InvalidParameterException", **override, EffectiveTill="2026-02-30"
    )
    assert said == "EffectiveTill must be a date of the calendar, written as 2026-12-24."
    half = [{"Day": "MONDAY", "StartTime": NINE}]
    said = refused(connect.update_hours_of_operation_override, "InvalidParameterException", **override, Config=half)
    assert said == "Config.1.member.EndTime is required."
    recurring = {"RecurrencePattern": {"Frequency": "YEARLY", "Interval": 1}}
    said = refused(
        connect.update_hours_of_operation_override,
        "InvalidParameterException",
        **override,
        RecurrenceConfig=recurring,
    )
    assert "Recurring events are not offered" in said
    connect.delete_hours_of_operation_override(**override)
    refused(connect.describe_hours_of_operation_override, "ResourceNotFoundException", **override)
    connect.delete_hours_of_operation(**desk)
    refused(connect.describe_hours_of_operation, "ResourceNotFoundException", **desk)


def test_hours_that_a_queue_has_stay(connect: Any, default: str) -> None:
    (basic,) = connect.list_hours_of_operations(InstanceId=default)["HoursOfOperationSummaryList"]
    said = refused(
        connect.delete_hours_of_operation, "InvalidRequestException", InstanceId=default, HoursOfOperationId=basic["Id"]
    )
    assert "has these hours of operation" in said


def test_contact_flows(server: Serving, connect: Any, client: Any, default: str) -> None:
    made = connect.create_contact_flow(
        InstanceId=default, Name="Reminder", Type="CONTACT_FLOW", Content=document(), Tags={"a": "b"}
    )
    flow = {"InstanceId": default, "ContactFlowId": made["ContactFlowId"]}
    described = connect.describe_contact_flow(**flow)["ContactFlow"]
    assert (described["Arn"], described["Content"]) == (made["ContactFlowArn"], document())
    assert (described["Status"], described["State"], described["Tags"]) == ("PUBLISHED", "ACTIVE", {"a": "b"})
    by_arn = connect.describe_contact_flow(InstanceId=default, ContactFlowId=made["ContactFlowArn"])
    assert by_arn["ContactFlow"] == described
    with pytest.raises(connect.exceptions.InvalidContactFlowException) as caught:
        connect.update_contact_flow_content(**flow, Content=document(Version="1", StartAction="none"))
    assert [problem["message"] for problem in caught.value.response["problems"]] == [
        'Version must be "2019-10-30".',
        "StartAction must be the Identifier of one of the Actions.",
    ]
    queue = {"Identifier": "q", "Type": "TransferContactToQueue", "Parameters": {"Queue": "q"}, "Transitions": {}}
    with pytest.raises(connect.exceptions.InvalidContactFlowException) as caught:
        connect.update_contact_flow_content(**flow, Content=document(StartAction="q", Actions=[queue]))
    assert [problem["message"] for problem in caught.value.response["problems"]] == [
        "Actions[0].Parameters.Queue is unknown: TransferContactToQueue has no parameters.",
        "Actions[0].Transitions must have NextAction: TransferContactToQueue goes on by it.",
        "Actions[0].Transitions.Errors must have a branch for QueueAtCapacity: TransferContactToQueue can end with it.",
        "Actions[0].Transitions.Errors must have a branch for NoMatchingError: TransferContactToQueue can end with it.",
    ]
    connect.update_contact_flow_content(**flow, Content=document(Metadata={"by": "test"}))
    connect.update_contact_flow_name(**flow, Name="Appointments", Description="Of tomorrow")
    connect.update_contact_flow_name(**flow)  # Unlike for queues, no document asks for either.
    described = connect.describe_contact_flow(**flow)["ContactFlow"]
    assert (described["Name"], described["Description"]) == ("Appointments", "Of tomorrow")
    saved = connect.create_contact_flow(
        InstanceId=default, Name="Later", Type="AGENT_WHISPER", Content="{}", Status="SAVED"
    )["ContactFlowId"]
    with pytest.raises(connect.exceptions.ContactFlowNotPublishedException):
        connect.describe_contact_flow(InstanceId=default, ContactFlowId=saved)
    told = connect.describe_contact_flow(InstanceId=default, ContactFlowId=f"{saved}:$SAVED")["ContactFlow"]
    assert (told["Status"], told["Content"]) == ("SAVED", "{}")
    pages = connect.get_paginator("list_contact_flows").paginate(InstanceId=default, PaginationConfig={"PageSize": 1})
    names = [each["Name"] for page in pages for each in page["ContactFlowSummaryList"]]
    assert names == [*DEFAULT_FLOWS, "Appointments", "Later"]
    connect.update_contact_flow_content(
        InstanceId=default, ContactFlowId=f"{made['ContactFlowId']}:$SAVED", Content="{}"
    )
    for alias, told in (("", "PUBLISHED"), (":$LATEST", "PUBLISHED"), (":$SAVED", "SAVED")):
        found = connect.describe_contact_flow(InstanceId=default, ContactFlowId=f"{made['ContactFlowArn']}{alias}")
        assert found["ContactFlow"]["Status"] == told
    whispers = connect.list_contact_flows(InstanceId=default, ContactFlowTypes=["AGENT_WHISPER"])
    assert [each["Id"] for each in whispers["ContactFlowSummaryList"]] == [saved]

    call = server.campaign_arguments()["outboundCallConfig"] | {"connectContactFlowId": made["ContactFlowId"]}
    campaign_id = client.create_campaign(**server.campaign_arguments("Flows", outboundCallConfig=call))["id"]
    assert "A campaign has this contact flow" in refused(connect.delete_contact_flow, "InvalidRequestException", **flow)
    client.delete_campaign(id=campaign_id)
    connect.delete_contact_flow(**flow)
    refused(connect.describe_contact_flow, "ResourceNotFoundException", **flow)


def test_a_campaign_without_a_queue_has_that_of_its_flow(
    server: Serving, connect: Any, client: Any, default: str
) -> None:
    instance, call = {"InstanceId": default}, server.campaign_arguments()["outboundCallConfig"]
    flow = connect.create_contact_flow(
        **instance, Name="Sets a queue", Type="CONTACT_FLOW", Content=setting(call["connectQueueId"])
    )["ContactFlowId"]
    given = {"connectContactFlowId": flow, "connectSourcePhoneNumber": "+12025550100"}
    campaign_id = client.create_campaign(**server.campaign_arguments("By flow", outboundCallConfig=given))["id"]
    assert client.describe_campaign(id=campaign_id)["campaign"]["outboundCallConfig"] == given
    shown = server.trunkcall("campaign", "show", campaign_id, "--data-dir", str(server.data_dir)).stdout
    assert "the one that its flow sets" in shown
    named = {**instance, "ContactFlowId": flow}
    other = setting("another")
    said = refused(connect.update_contact_flow_content, "InvalidRequestException", **named, Content=other)
    assert "names no queue" in said
    client.delete_campaign(id=campaign_id)
    connect.update_contact_flow_content(**named, Content=other)


def test_tags_of_everything_by_its_arn(connect: Any, default: str) -> None:
    arns = [
        connect.describe_instance(InstanceId=default)["Instance"]["Arn"],
        connect.list_contact_flows(InstanceId=default)["ContactFlowSummaryList"][0]["Arn"],
        connect.list_hours_of_operations(InstanceId=default)["HoursOfOperationSummaryList"][0]["Arn"],
    ]
    for arn in arns:
        connect.tag_resource(resourceArn=arn, tags={"team": "north", "Kosten stelle": "42"})
        assert connect.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "north", "Kosten stelle": "42"}
        connect.untag_resource(resourceArn=arn, tagKeys=["team"])
        assert connect.list_tags_for_resource(resourceArn=arn)["tags"] == {"Kosten stelle": "42"}
    profile = connect.list_security_profiles(InstanceId=default)["SecurityProfileSummaryList"][0]["Arn"]
    tags = {"a": "b"}
    assert "built in" in refused(connect.tag_resource, "InvalidParameterException", resourceArn=profile, tags=tags)
    nothing = f"{arns[0]}/queue/none"
    refused(connect.tag_resource, "ResourceNotFoundException", resourceArn=nothing, tags=tags)


def test_a_key_may_be_kept_from_what_has_a_tag(server: Serving, connect: Any, default: str, tmp_path: Path) -> None:
    on_red = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    statements = [
        {"Effect": "Allow", "Action": "connect:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "connect:Describe*", "Resource": "*", "Condition": on_red},
    ]
    (tmp_path / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    made = server.trunkcall(
        "keys", "create", "--json", "--policy", str(tmp_path / "policy.json"), "--data-dir", str(server.data_dir)
    )
    key = json.loads(made.stdout)
    kept_out = boto3.client(
        "connect",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    flow = connect.list_contact_flows(InstanceId=default)["ContactFlowSummaryList"][0]
    named = {"InstanceId": default, "ContactFlowId": flow["Id"]}
    kept_out.describe_contact_flow(**named)
    connect.tag_resource(resourceArn=flow["Arn"], tags={"team": "red"})
    refused(kept_out.describe_contact_flow, "AccessDeniedException", **named)
    refused(
        kept_out.describe_contact_flow, "AccessDeniedException", **{**named, "ContactFlowId": f"{flow['Id']}:$SAVED"}
    )
    connect.untag_resource(resourceArn=flow["Arn"], tagKeys=["team"])
    kept_out.describe_contact_flow(**named)


def test_security_profiles_are_those_of_every_new_instance_at_amazon(connect: Any, default: str) -> None:
    pages = connect.get_paginator("list_security_profiles").paginate(
        InstanceId=default, PaginationConfig={"PageSize": 3}
    )
    names = [each["Name"] for page in pages for each in page["SecurityProfileSummaryList"]]
    assert names == ["Admin", "Agent", "CallCenterManager", "QualityAnalyst"]
