"""Queues, numbers, routing profiles, users and statuses by boto3, as scripts for Amazon Connect use them. If one fails,
such a script stops here, or an agent who was put to work is not rung."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from serving import Serving, dial_request, put_all

WEEK = [{"Day": "MONDAY", "StartTime": {"Hours": 9, "Minutes": 0}, "EndTime": {"Hours": 17, "Minutes": 0}}]
VOICE = [{"Channel": "VOICE", "Concurrency": 1}]
PASSWORD = "Correct7Horse"


@pytest.fixture(scope="module")
def connect(server: Serving) -> Any:
    return server.client("connect")


@pytest.fixture(scope="module")
def instance(server: Serving) -> dict[str, str]:
    return {"InstanceId": server.environment["TRUNKCALL_INSTANCE_ID"]}


@pytest.fixture(scope="module")
def hours(connect: Any, instance: dict[str, str]) -> str:
    made = connect.create_hours_of_operation(**instance, Name="Office", TimeZone="Europe/Berlin", Config=WEEK)
    return str(made["HoursOfOperationId"])


@pytest.fixture
def queue(connect: Any, instance: dict[str, str], hours: str, request: pytest.FixtureRequest) -> str:
    made = connect.create_queue(**instance, Name=named_after(request), HoursOfOperationId=hours)
    return str(made["QueueId"])


@pytest.fixture
def profile(connect: Any, instance: dict[str, str], queue: str, request: pytest.FixtureRequest) -> str:
    made = connect.create_routing_profile(
        **instance,
        Name=named_after(request),
        Description="Who sells",
        DefaultOutboundQueueId=queue,
        QueueConfigs=[served(queue, 1, 0)],
        MediaConcurrencies=VOICE,
    )
    return str(made["RoutingProfileId"])


@pytest.fixture(scope="module")
def security_profile(connect: Any, instance: dict[str, str]) -> str:
    listed = connect.list_security_profiles(**instance)["SecurityProfileSummaryList"]
    return next(str(each["Id"]) for each in listed if each["Name"] == "Agent")


def named_after(request: pytest.FixtureRequest) -> str:
    """A name that no other test gives."""
    return f"{request.cls.__name__}: {request.node.name}"[:120]


def served(queue: str, priority: int, delay: int, channel: str = "VOICE") -> dict[str, Any]:
    return {"QueueReference": {"QueueId": queue, "Channel": channel}, "Priority": priority, "Delay": delay}


def unmodified(told: dict[str, Any]) -> dict[str, Any]:
    """What is told of something, but for when it was changed."""
    return {name: value for name, value in told.items() if not name.startswith("LastModified")}


def refused(call: Any, code: str, **arguments: Any) -> str:
    """What is said where a request is refused with this code."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value.response["Error"]["Message"])


class TestQueues:
    def test_a_queue_is_made_changed_found_and_deleted(self, connect: Any, instance: Any, hours: str) -> None:
        number = connect.claim_phone_number(**instance, PhoneNumber="+442079460100")
        made = connect.create_queue(
            **instance,
            Name="Sales in Leeds",
            Description="Who buys in Leeds",
            HoursOfOperationId=hours,
            OutboundCallerConfig={
                "OutboundCallerIdName": "Sales",
                "OutboundCallerIdNumberId": number["PhoneNumberArn"],
            },
            MaxContacts=3,
            Tags={"city": "leeds"},
        )
        one = {**instance, "QueueId": made["QueueArn"]}
        described = connect.describe_queue(**one)["Queue"]
        assert unmodified(described) == {
            "Name": "Sales in Leeds",
            "QueueArn": made["QueueArn"],
            "QueueId": made["QueueId"],
            "Description": "Who buys in Leeds",
            "OutboundCallerConfig": {
                "OutboundCallerIdName": "Sales",
                "OutboundCallerIdNumberId": number["PhoneNumberId"],
            },
            "HoursOfOperationId": hours,
            "MaxContacts": 3,
            "Status": "ENABLED",
            "Tags": {"city": "leeds"},
        }
        criteria = {"StringCondition": {"FieldName": "name", "Value": "in Leeds", "ComparisonType": "CONTAINS"}}
        tags = {"TagFilter": {"TagCondition": {"TagKey": "city", "TagValue": "leeds"}}}
        found = connect.search_queues(**instance, SearchCriteria=criteria, SearchFilter=tags)
        assert (found["Queues"], found["ApproximateTotalCount"]) == ([described], 1)
        in_use = refused(connect.release_phone_number, "ResourceInUseException", PhoneNumberId=number["PhoneNumberId"])
        assert "queue" in in_use
        connect.update_queue_name(**one, Name="Sales in York")
        connect.update_queue_status(**one, Status="DISABLED")
        connect.update_queue_max_contacts(**one)
        connect.update_queue_outbound_caller_config(**one, OutboundCallerConfig={})
        connect.update_queue_hours_of_operation(**one, HoursOfOperationId=hours)
        changed = connect.describe_queue(**one)["Queue"]
        assert (changed["Name"], changed["Status"], changed["Tags"]) == ("Sales in York", "DISABLED", {"city": "leeds"})
        assert "MaxContacts" not in changed
        assert "OutboundCallerConfig" not in changed
        connect.release_phone_number(PhoneNumberId=number["PhoneNumberId"])
        connect.delete_queue(**one)
        refused(connect.describe_queue, "ResourceNotFoundException", **one)

    def test_what_is_refused_is_refused_in_the_models_words(
        self, server: Serving, connect: Any, client: Any, instance: Any, hours: str, queue: str, profile: str
    ) -> None:
        one = {**instance, "QueueId": queue}
        refused(
            connect.create_queue, "DuplicateResourceException", **instance, Name="BasicQueue", HoursOfOperationId=hours
        )
        assert "routing profile" in refused(connect.delete_queue, "ResourceInUseException", **one)
        refused(connect.update_queue_name, "InvalidParameterException", **one)
        refused(connect.update_queue_hours_of_operation, "ResourceNotFoundException", **one, HoursOfOperationId="none")
        refused(connect.describe_queue, "ResourceNotFoundException", InstanceId="none", QueueId=queue)
        criteria = {"StringCondition": {"FieldName": "colour", "Value": "red", "ComparisonType": "EXACT"}}
        assert "FieldName" in refused(
            connect.search_queues, "InvalidParameterException", **instance, SearchCriteria=criteria
        )
        default = server.environment["TRUNKCALL_QUEUE_ID"]
        client.create_campaign(**server.campaign_arguments("Dials for the default queue"))
        refused(connect.delete_queue, "ResourceInUseException", **instance, QueueId=default)

    def test_lists_go_on_where_they_ended(self, connect: Any, instance: Any, hours: str) -> None:
        for number in range(5):
            connect.create_queue(**instance, Name=f"Page {number}", HoursOfOperationId=hours)
        pages = connect.get_paginator("list_queues").paginate(**instance, PaginationConfig={"PageSize": 2})
        names = [each["Name"] for page in pages for each in page["QueueSummaryList"]]
        assert [name for name in names if name.startswith("Page")] == [f"Page {number}" for number in range(5)]
        assert connect.list_queues(**instance, QueueTypes=["AGENT"])["QueueSummaryList"] == []
        token = connect.list_queues(**instance, MaxResults=1)["NextToken"]
        wrong = refused(connect.list_users, "InvalidParameterException", **instance, NextToken=token)
        assert "The NextToken is not one that this list returned" in wrong, "named as the client wrote it"


class TestNumbers:
    def test_a_number_is_found_claimed_and_released(self, connect: Any, instance: Any) -> None:
        search = {**instance, "PhoneNumberCountryCode": "DE", "PhoneNumberType": "DID", "PhoneNumberPrefix": "+4989"}
        found = connect.search_available_phone_numbers(**search)["AvailableNumbersList"]
        assert len(found) == 10
        assert {each["PhoneNumberCountryCode"] for each in found} == {"DE"}
        number = found[0]["PhoneNumber"]
        target = connect.describe_instance(**instance)["Instance"]["Arn"]
        claim = {"TargetArn": target, "PhoneNumber": number, "ClientToken": "11111111-1111-4111-8111-111111111111"}
        claimed = connect.claim_phone_number(**claim, PhoneNumberDescription="Sales", Tags={"city": "munich"})
        assert connect.claim_phone_number(**claim)["PhoneNumberId"] == claimed["PhoneNumberId"]
        other = claim | {"PhoneNumber": found[1]["PhoneNumber"]}
        refused(connect.claim_phone_number, "IdempotencyException", **other)
        described = connect.describe_phone_number(PhoneNumberId=claimed["PhoneNumberArn"])["ClaimedPhoneNumberSummary"]
        assert described == {
            "PhoneNumberId": claimed["PhoneNumberId"],
            "PhoneNumberArn": claimed["PhoneNumberArn"],
            "PhoneNumber": number,
            "PhoneNumberCountryCode": "DE",
            "PhoneNumberType": "DID",
            "PhoneNumberDescription": "Sales",
            "TargetArn": target,
            "InstanceId": instance["InstanceId"],
            "Tags": {"city": "munich"},
            "PhoneNumberStatus": {"Status": "CLAIMED"},
        }
        listed = connect.list_phone_numbers_v2(PhoneNumberCountryCodes=["DE"])["ListPhoneNumbersSummaryList"]
        assert [each["PhoneNumber"] for each in listed] == [number]
        assert number not in [
            each["PhoneNumber"] for each in connect.search_available_phone_numbers(**search)["AvailableNumbersList"]
        ]
        refused(connect.claim_phone_number, "ResourceNotFoundException", **instance, PhoneNumber=number)
        connect.release_phone_number(PhoneNumberId=claimed["PhoneNumberId"])
        refused(connect.describe_phone_number, "ResourceNotFoundException", PhoneNumberId=claimed["PhoneNumberId"])

    def test_an_instance_is_named_once(self, connect: Any, instance: Any) -> None:
        search = {"PhoneNumberCountryCode": "US", "PhoneNumberType": "DID"}
        refused(connect.search_available_phone_numbers, "InvalidParameterException", **search)
        both = {**instance, "TargetArn": "arn:aws:connect:us-east-1:000000000000:instance/none"}
        refused(connect.search_available_phone_numbers, "InvalidParameterException", **search, **both)


class TestRoutingProfiles:
    def test_the_queues_of_a_profile_are_associated_changed_and_taken_out(
        self, connect: Any, instance: Any, hours: str, queue: str, profile: str
    ) -> None:
        second = connect.create_queue(**instance, Name="A second queue", HoursOfOperationId=hours)["QueueId"]
        one = {**instance, "RoutingProfileId": profile}
        connect.associate_routing_profile_queues(**one, QueueConfigs=[served(second, 5, 30)])
        connect.update_routing_profile_queues(**one, QueueConfigs=[served(queue, 2, 10)])
        listed = connect.list_routing_profile_queues(**one)["RoutingProfileQueueConfigSummaryList"]
        assert [(each["QueueId"], each["Priority"], each["Delay"], each["Channel"]) for each in listed] == [
            (queue, 2, 10, "VOICE"),
            (second, 5, 30, "VOICE"),
        ]
        reference = {"QueueId": queue, "Channel": "VOICE"}
        connect.disassociate_routing_profile_queues(**one, QueueReferences=[reference])
        described = connect.describe_routing_profile(**one)["RoutingProfile"]
        assert (described["NumberOfAssociatedQueues"], described["NumberOfAssociatedUsers"]) == (1, 0)
        assert described["DefaultOutboundQueueId"] == queue
        assert described["MediaConcurrencies"][0]["Concurrency"] == 1
        connect.update_routing_profile_concurrency(**one, MediaConcurrencies=VOICE)
        connect.update_routing_profile_name(**one, Name="Renamed profile")
        connect.update_routing_profile_default_outbound_queue(**one, DefaultOutboundQueueId=second)
        assert connect.describe_routing_profile(**one)["RoutingProfile"]["DefaultOutboundQueueId"] == second
        names = [each["Name"] for each in connect.list_routing_profiles(**instance)["RoutingProfileSummaryList"]]
        assert "Renamed profile" in names
        refused(
            connect.update_routing_profile_queues,
            "ResourceNotFoundException",
            **one,
            QueueConfigs=[served(queue, 1, 0)],
        )
        connect.delete_routing_profile(**one)
        refused(connect.describe_routing_profile, "ResourceNotFoundException", **one)

    @pytest.mark.parametrize(
        "medias",
        [[], [{"Channel": "CHAT", "Concurrency": 1}], [{"Channel": "VOICE", "Concurrency": 2}], [*VOICE, *VOICE]],
    )
    def test_agents_talk_to_one_customer_at_a_time(
        self, connect: Any, instance: Any, profile: str, medias: list[dict[str, Any]]
    ) -> None:
        one = {**instance, "RoutingProfileId": profile}
        refused(
            connect.update_routing_profile_concurrency, "InvalidParameterException", **one, MediaConcurrencies=medias
        )


class TestUsers:
    def test_a_user_is_hired_changed_found_and_dismissed(
        self, connect: Any, instance: Any, profile: str, security_profile: str
    ) -> None:
        made = connect.create_user(
            **instance,
            Username="ada",
            Password=PASSWORD,
            IdentityInfo={"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@example.com"},
            PhoneConfig={"PhoneType": "SOFT_PHONE", "AfterContactWorkTimeLimit": 30},
            SecurityProfileIds=[security_profile],
            RoutingProfileId=profile,
            Tags={"team": "north"},
        )
        one = {**instance, "UserId": made["UserId"]}
        described = connect.describe_user(**one)["User"]
        assert unmodified(described) == {
            "Id": made["UserId"],
            "Arn": made["UserArn"],
            "Username": "ada",
            "IdentityInfo": {"FirstName": "Ada", "LastName": "Lovelace", "Email": "ada@example.com"},
            "PhoneConfig": {
                "PhoneType": "SOFT_PHONE",
                "AutoAccept": False,
                "AfterContactWorkTimeLimit": 30,
                "PersistentConnection": False,
            },
            "SecurityProfileIds": [security_profile],
            "RoutingProfileId": profile,
            "Tags": {"team": "north"},
        }
        condition = {"FieldName": "RoutingProfileId", "Value": profile, "ComparisonType": "EXACT"}
        nobody = {"HierarchyGroupCondition": {"Value": "group", "HierarchyGroupMatchType": "EXACT"}}
        criteria = {"OrConditions": [{"StringCondition": condition}, nobody]}
        (found,) = connect.search_users(**instance, SearchCriteria=criteria)["Users"]
        assert found["PhoneConfig"]["AfterContactWorkTimeLimit"] == 30_000
        assert found["IdentityInfo"] == {"FirstName": "Ada", "LastName": "Lovelace"}
        assert connect.search_users(**instance, SearchCriteria={"AndConditions": [criteria, nobody]})["Users"] == []
        refused(connect.delete_routing_profile, "ResourceInUseException", **instance, RoutingProfileId=profile)
        desk = {"PhoneType": "DESK_PHONE", "DeskPhoneNumber": "+442079460123", "AutoAccept": True}
        connect.update_user_phone_config(**one, PhoneConfig=desk)
        connect.update_user_identity_info(**one, IdentityInfo={"FirstName": "Augusta"})
        connect.update_user_routing_profile(**one, RoutingProfileId=profile)
        connect.update_user_security_profiles(**one, SecurityProfileIds=[security_profile])
        changed = connect.describe_user(**one)["User"]
        assert changed["PhoneConfig"] == {**desk, "AfterContactWorkTimeLimit": 0, "PersistentConnection": False}
        assert changed["IdentityInfo"] == {"FirstName": "Augusta"}
        connect.delete_user(**one)
        refused(connect.describe_user, "ResourceNotFoundException", **one)
        connect.delete_routing_profile(**instance, RoutingProfileId=profile)

    def test_what_is_refused_is_refused_in_the_models_words(
        self, server: Serving, connect: Any, instance: Any, profile: str, security_profile: str
    ) -> None:
        new = {
            **instance,
            "Username": "bea",
            "Password": PASSWORD,
            "SecurityProfileIds": [security_profile],
            "RoutingProfileId": profile,
        }
        both = {"PhoneConfig": {"AutoAccept": True}, "AutoAcceptConfigs": [{"Channel": "VOICE", "AutoAccept": True}]}
        assert "must not both" in refused(connect.create_user, "InvalidParameterException", **new, **both)
        without = {name: value for name, value in new.items() if name != "Password"}
        assert "password" in refused(connect.create_user, "InvalidParameterException", **without)
        refused(connect.create_user, "InvalidParameterException", **new | {"Password": "secretly"})
        refused(connect.create_user, "ResourceNotFoundException", **new | {"SecurityProfileIds": ["none"]})
        refused(connect.create_user, "ResourceNotFoundException", **new, HierarchyGroupId="none")
        work = [{"Channel": "VOICE", "AfterContactWorkConfig": {"AfterContactWorkTimeLimit": 5}}]
        made = connect.create_user(**new, AfterContactWorkConfigs=work)
        one = {**instance, "UserId": made["UserId"]}
        assert connect.describe_user(**one)["User"]["PhoneConfig"]["AfterContactWorkTimeLimit"] == 5
        refused(connect.create_user, "DuplicateResourceException", **new)
        log = server.log_path.read_text()
        assert PASSWORD not in log
        assert "secretly" not in log


class TestStatuses:
    def test_a_status_is_made_changed_and_told(self, connect: Any, instance: Any) -> None:
        made = connect.create_agent_status(
            **instance, Name="Lunch", State="ENABLED", DisplayOrder=4, Tags={"paid": "no"}
        )
        one = {**instance, "AgentStatusId": made["AgentStatusId"]}
        connect.update_agent_status(**one, Description="Half an hour", ResetOrderNumber=True, State="DISABLED")
        connect.update_agent_status(**one)  # Nothing is given, so nothing changes.
        assert unmodified(connect.describe_agent_status(**one)["AgentStatus"]) == {
            "AgentStatusARN": made["AgentStatusARN"],
            "AgentStatusId": made["AgentStatusId"],
            "Name": "Lunch",
            "Description": "Half an hour",
            "Type": "CUSTOM",
            "State": "DISABLED",
            "Tags": {"paid": "no"},
        }
        refused(connect.create_agent_status, "DuplicateResourceException", **instance, Name="Offline", State="ENABLED")
        listed = connect.list_agent_statuses(**instance, AgentStatusTypes=["ROUTABLE", "OFFLINE"])
        names = [each["Name"] for each in listed["AgentStatusSummaryList"]]
        assert names == ["Available", "Offline"]

    def test_whoever_is_hired_and_available_is_rung_at_once(
        self,
        server: Serving,
        connect: Any,
        client: Any,
        instance: Any,
        queue: str,
        profile: str,
        security_profile: str,
    ) -> None:
        """The queue has nobody else, so a record with an agent names this one."""
        statuses = connect.list_agent_statuses(**instance)["AgentStatusSummaryList"]
        available = next(each["Id"] for each in statuses if each["Type"] == "ROUTABLE")
        arguments = server.campaign_arguments("For the new agent")
        arguments["outboundCallConfig"] |= {"connectQueueId": queue}
        campaign_id = client.create_campaign(**arguments)["id"]
        client.start_campaign(id=campaign_id)
        ids = put_all(client, campaign_id, [dial_request(f"new-{number}", number) for number in range(20)])
        made = connect.create_user(
            **instance,
            Username="new-agent",
            Password=PASSWORD,
            SecurityProfileIds=[security_profile],
            RoutingProfileId=profile,
            PhoneConfig={"AfterContactWorkTimeLimit": 1},
        )
        connect.put_user_status(**instance, UserId=made["UserId"], AgentStatusId=available)

        def connected() -> list[dict[str, Any]]:
            records = server.export("--campaign", campaign_id)
            return [record for record in records if (record.get("Agent") or {}).get("ARN")]

        server.wait_until(connected)
        assert {record["Agent"]["ARN"] for record in connected()} == {made["UserArn"]}
        assert {record["ContactId"] for record in connected()} <= set(ids.values())
        connect.update_queue_status(**instance, QueueId=queue, Status="DISABLED")
        explain = ("explain", "--campaign", campaign_id, "--data-dir", str(server.data_dir))
        server.wait_until(lambda: "queue is disabled" in server.trunkcall(*explain).stdout)
        client.delete_campaign(id=campaign_id)


def test_whatever_was_made_or_changed_says_when_and_what_came_with_the_instance_does_not(
    server: Serving, connect: Any, instance: Any, hours: str, security_profile: str
) -> None:
    """Whoever copies what has changed since yesterday looks at this, in lists and of each."""
    queue = connect.create_queue(**instance, Name="Of today", HoursOfOperationId=hours)["QueueId"]
    profile = connect.create_routing_profile(
        **instance, Name="Of today", Description="Who sells", DefaultOutboundQueueId=queue, MediaConcurrencies=VOICE
    )["RoutingProfileId"]
    user = connect.create_user(
        **instance,
        Username="today",
        Password=PASSWORD,
        PhoneConfig={"PhoneType": "SOFT_PHONE"},
        SecurityProfileIds=[security_profile],
        RoutingProfileId=profile,
    )["UserId"]
    status = connect.create_agent_status(**instance, Name="Of today", State="ENABLED")["AgentStatusId"]
    flow = connect.create_contact_flow(**instance, Name="Of today", Type="CONTACT_FLOW", Content="{}", Status="SAVED")[
        "ContactFlowId"
    ]
    saved = connect.describe_contact_flow(**instance, ContactFlowId=f"{flow}:$SAVED")["ContactFlow"]
    assert saved["LastModifiedRegion"] == server.environment["AWS_REGION"]
    told = [
        (connect.describe_queue(**instance, QueueId=queue)["Queue"], "list_queues"),
        (
            connect.describe_routing_profile(**instance, RoutingProfileId=profile)["RoutingProfile"],
            "list_routing_profiles",
        ),
        (connect.describe_user(**instance, UserId=user)["User"], "list_users"),
        (connect.describe_agent_status(**instance, AgentStatusId=status)["AgentStatus"], "list_agent_statuses"),
        (
            connect.describe_hours_of_operation(**instance, HoursOfOperationId=hours)["HoursOfOperation"],
            "list_hours_of_operations",
        ),
    ]
    for described, operation in told:
        pages = connect.get_paginator(operation).paginate(**instance)
        (listed,) = (each for page in pages for each in page[summaries(page)] if each["Id"] in described.values())
        assert listed["LastModifiedTime"] == described["LastModifiedTime"], operation
    made_at = told[0][0]["LastModifiedTime"]
    assert connect.list_queues(**instance)["QueueSummaryList"][0].keys().isdisjoint({"LastModifiedTime"})
    connect.tag_resource(resourceArn=told[0][0]["QueueArn"], tags={"of": "tomorrow"})
    assert connect.describe_queue(**instance, QueueId=queue)["Queue"]["LastModifiedTime"] > made_at
    within = connect.list_routing_profile_queues(**instance, RoutingProfileId=profile)
    assert within["LastModifiedTime"] == told[1][0]["LastModifiedTime"]


def summaries(page: dict[str, Any]) -> str:
    return next(name for name in page if name.endswith("SummaryList"))
