"""A contact centre from the AWS CLI and from the AWS SDK for JavaScript, unchanged: at least ten operations that make,
tell, list, change and remove something, lists by their paginators, and errors by their classes.

If one fails, whoever scripts Amazon Connect in a shell or in JavaScript cannot use the same script here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from botocore import xform_name

from acceptance.test_javascript import JavaScript, driven
from serving import ROOT, Serving

# Some eighty commands of the AWS CLI, of which each reads the whole model of the service. Beside others that may take
# minutes; longer than this it takes only if one hangs.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PYTHON = ROOT / ".venv-clients" / "bin" / "python"
DRIVER = ROOT / "tests" / "clients" / "aws_cli.py"
WEEK = [{"Day": "MONDAY", "StartTime": {"Hours": 9, "Minutes": 0}, "EndTime": {"Hours": 17, "Minutes": 0}}]
VOICE = [{"Channel": "VOICE", "Concurrency": 1}]
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Client(Protocol):
    """What asks the server, in whichever language."""

    def ok(self, operation: str, request: Any) -> Any:
        """What an operation answers."""

    def refused(self, operation: str, request: Any) -> str:
        """The code of the error that it is refused with, which must be a class of the client's if it has any."""

    def listed(self, operation: str, request: Any, member: str) -> list[Any]:
        """What a list holds, read by pages of two."""


class InJavaScript:
    def __init__(self, javascript: JavaScript) -> None:
        self._javascript = javascript

    def ok(self, operation: str, request: Any) -> Any:
        return self._javascript.ok(operation, request)

    def refused(self, operation: str, request: Any) -> str:
        error = self._javascript.error(operation, request)
        assert error["isModelled"], error
        assert error["isOfTheService"]
        assert error["message"]
        return str(error["name"])

    def listed(self, operation: str, request: Any, member: str) -> list[Any]:
        pages = self._javascript.ok(f"paginate{operation}", [{"pageSize": 2}, request])
        assert all(len(page[member]) <= 2 for page in pages)
        return [item for page in pages for item in page[member]]


class InTheShell:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _ask(self, operation: str, request: Any, *options: str) -> tuple[int, str, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        command = xform_name(operation, "-").replace("v-2", "v2")
        arguments = ["connect", command, "--cli-input-json", json.dumps(request), "--output", "json", *options]
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        code, out, err = json.loads(self._process.stdout.readline())
        return code, out, err

    def ok(self, operation: str, request: Any) -> Any:
        code, out, err = self._ask(operation, request)
        assert code == 0, err
        return json.loads(out) if out else {}

    def refused(self, operation: str, request: Any) -> str:
        code, _, err = self._ask(operation, request)
        assert code == 254 or code == 255, err
        (name,) = re.findall(r"An error occurred \((\w+)\)", err)
        return str(name)

    def listed(self, operation: str, request: Any, member: str) -> list[Any]:
        code, out, err = self._ask(operation, request, "--page-size", "2")
        assert code == 0, err
        found: list[Any] = json.loads(out)[member]
        return found


@pytest.fixture(scope="module", params=["the AWS CLI", "JavaScript"])
def client_of_connect(server: Serving, request: pytest.FixtureRequest) -> Iterator[Client]:
    if request.param == "JavaScript":
        with driven(server.environment, "connect") as javascript:
            yield InJavaScript(javascript)
        return
    assert PYTHON.exists(), "the AWS CLI is missing: `make clients` installs it"
    others = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with subprocess.Popen(
        [str(PYTHON), str(DRIVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**others, **server.environment, "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""},
    ) as process:
        yield InTheShell(process)
        process.kill()


def test_a_contact_centre_is_built_told_changed_and_taken_down(server: Serving, client_of_connect: Client) -> None:
    ok, refused, listed = client_of_connect.ok, client_of_connect.refused, client_of_connect.listed
    new = {
        "IdentityManagementType": "CONNECT_MANAGED",
        "InstanceAlias": f"office-{type(client_of_connect).__name__}",
        "InboundCallsEnabled": False,
        "OutboundCallsEnabled": True,
    }
    made = ok("CreateInstance", new)
    office = {"InstanceId": made["Id"]}

    # --- made ---------------------------------------------------------------------------------------------------------
    hours = {**office} | _only(
        ok("CreateHoursOfOperation", {**office, "Name": "Office", "TimeZone": "Europe/Berlin", "Config": WEEK}),
        "HoursOfOperationId",
    )
    christmas = {"Name": "Christmas", "Config": [], "EffectiveFrom": "2026-12-24", "EffectiveTill": "2026-12-26"}
    override = hours | _only(ok("CreateHoursOfOperationOverride", hours | christmas), "HoursOfOperationOverrideId")
    basic_flow, *_ = listed("ListContactFlows", office, "ContactFlowSummaryList")
    described = ok("DescribeContactFlow", {**office, "ContactFlowId": basic_flow["Id"]})["ContactFlow"]
    content = described["Content"]
    greeting = {**office, "Name": "Greeting", "Type": "CONTACT_FLOW", "Content": content}
    flow = office | _only(ok("CreateContactFlow", greeting), "ContactFlowId")
    offered = ok("SearchAvailablePhoneNumbers", {**office, "PhoneNumberCountryCode": "FR", "PhoneNumberType": "DID"})[
        "AvailableNumbersList"
    ]
    claim = {**office, "PhoneNumber": offered[0]["PhoneNumber"], "ClientToken": f"token-{made['Id']}"}
    number = _only(ok("ClaimPhoneNumber", claim), "PhoneNumberId")
    caller = {"OutboundCallerIdNumberId": number["PhoneNumberId"], "OutboundFlowId": flow["ContactFlowId"]}
    sales = {**office, "Name": "Sales", "OutboundCallerConfig": caller}
    queue = office | _only(
        ok("CreateQueue", sales | {"HoursOfOperationId": hours["HoursOfOperationId"], "Tags": {"team": "north"}}),
        "QueueId",
    )
    served = {"QueueReference": {"QueueId": queue["QueueId"], "Channel": "VOICE"}, "Priority": 1, "Delay": 0}
    sellers = {
        **office,
        "Name": "Sellers",
        "Description": "Who sells",
        "DefaultOutboundQueueId": queue["QueueId"],
        "MediaConcurrencies": VOICE,
        "QueueConfigs": [served],
    }
    profile = office | _only(ok("CreateRoutingProfile", sellers), "RoutingProfileId")
    security = listed("ListSecurityProfiles", office, "SecurityProfileSummaryList")
    hired = {
        **office,
        "Password": "Correct7Horse",
        "SecurityProfileIds": [security[0]["Id"]],
        "RoutingProfileId": profile["RoutingProfileId"],
    }
    users = [office | _only(ok("CreateUser", {**hired, "Username": name}), "UserId") for name in ("ada", "bea", "cleo")]
    lunch = office | _only(ok("CreateAgentStatus", {**office, "Name": "Lunch", "State": "ENABLED"}), "AgentStatusId")

    # --- told ---------------------------------------------------------------------------------------------------------
    assert ok("DescribeInstance", office)["Instance"]["InstanceAlias"] == new["InstanceAlias"]
    attribute = {**office, "AttributeType": "OUTBOUND_CALLS"}
    assert ok("DescribeInstanceAttribute", attribute)["Attribute"]["Value"] == "true"
    assert ok("DescribeHoursOfOperation", hours)["HoursOfOperation"]["Config"] == WEEK
    assert ok("DescribeHoursOfOperationOverride", override)["HoursOfOperationOverride"]["Name"] == "Christmas"
    assert ok("DescribeContactFlow", flow)["ContactFlow"]["Content"] == content
    assert ok("DescribeQueue", queue)["Queue"]["OutboundCallerConfig"] == caller
    assert ok("DescribePhoneNumber", number)["ClaimedPhoneNumberSummary"]["PhoneNumber"] == claim["PhoneNumber"]
    assert ok("DescribeRoutingProfile", profile)["RoutingProfile"]["NumberOfAssociatedUsers"] == 3
    assert ok("DescribeUser", users[0])["User"]["Username"] == "ada"
    assert ok("DescribeAgentStatus", lunch)["AgentStatus"]["State"] == "ENABLED"

    # --- listed, two at a time ----------------------------------------------------------------------------------------
    assert made["Id"] in [each["Id"] for each in listed("ListInstances", {}, "InstanceSummaryList")]
    assert len(listed("ListInstanceAttributes", office, "Attributes")) > 2
    assert "Office" in _names(listed("ListHoursOfOperations", office, "HoursOfOperationSummaryList"))
    (only,) = listed("ListHoursOfOperationOverrides", hours, "HoursOfOperationOverrideList")
    assert only["Name"] == "Christmas"
    assert _names(listed("ListContactFlows", office, "ContactFlowSummaryList"))[-1] == "Greeting"
    assert "Sales" in _names(listed("ListQueues", office, "QueueSummaryList"))
    assert "Sellers" in _names(listed("ListRoutingProfiles", office, "RoutingProfileSummaryList"))
    of_profile = listed("ListRoutingProfileQueues", profile, "RoutingProfileQueueConfigSummaryList")
    assert [each["QueueName"] for each in of_profile] == ["Sales"]
    names = [each["Username"] for each in listed("ListUsers", office, "UserSummaryList")]
    assert names == ["ada", "bea", "cleo"]
    assert len(listed("ListAgentStatuses", office, "AgentStatusSummaryList")) == 4
    (claimed,) = listed("ListPhoneNumbersV2", office, "ListPhoneNumbersSummaryList")
    assert claimed["PhoneNumberId"] == number["PhoneNumberId"]
    by_tag = {"TagFilter": {"TagCondition": {"TagKey": "team", "TagValue": "north"}}}
    assert _names(listed("SearchQueues", {**office, "SearchFilter": by_tag}, "Queues")) == ["Sales"]
    by_name = {"StringCondition": {"FieldName": "Username", "Value": "a", "ComparisonType": "STARTS_WITH"}}
    found = listed("SearchUsers", {**office, "SearchCriteria": by_name}, "Users")
    assert [each["Username"] for each in found] == ["ada"]

    # --- refused, by what an SDK has a class for ----------------------------------------------------------------------
    assert refused("DescribeQueue", {**office, "QueueId": UNKNOWN}) == "ResourceNotFoundException"
    assert refused("CreateUser", {**hired, "Username": "ada"}) == "DuplicateResourceException"
    assert refused("DeleteQueue", queue) == "ResourceInUseException"
    assert refused("ReleasePhoneNumber", number) == "ResourceInUseException"
    assert refused("UpdateQueueName", queue) == "InvalidParameterException"
    other = {"PhoneNumber": offered[1]["PhoneNumber"]}
    assert refused("ClaimPhoneNumber", claim | other) == "IdempotencyException"
    assert refused("UpdateContactFlowContent", {**flow, "Content": "{}"}) == "InvalidContactFlowException"
    assert refused("CreateInstance", new) == "InvalidRequestException"

    # --- changed ------------------------------------------------------------------------------------------------------
    ok("UpdateInstanceAttribute", {**attribute, "Value": "false"})
    ok("UpdateHoursOfOperation", {**hours, "Name": "Shop"})
    ok("UpdateHoursOfOperationOverride", {**override, "Name": "Holidays"})
    ok("UpdateContactFlowContent", {**flow, "Content": content})
    ok("UpdateContactFlowName", {**flow, "Name": "Welcome"})
    ok("UpdateQueueName", {**queue, "Name": "Selling"})
    ok("UpdateQueueStatus", {**queue, "Status": "DISABLED"})
    ok("UpdateQueueMaxContacts", {**queue, "MaxContacts": 7})
    ok("UpdateQueueHoursOfOperation", {**queue, "HoursOfOperationId": hours["HoursOfOperationId"]})
    ok("UpdateRoutingProfileName", {**profile, "Name": "Traders"})
    ok("UpdateRoutingProfileDefaultOutboundQueue", {**profile, "DefaultOutboundQueueId": queue["QueueId"]})
    ok("UpdateRoutingProfileQueues", {**profile, "QueueConfigs": [served | {"Priority": 2}]})
    ok("UpdateUserPhoneConfig", {**users[0], "PhoneConfig": {"PersistentConnection": True}})
    ok("UpdateUserIdentityInfo", {**users[0], "IdentityInfo": {"FirstName": "Ada"}})
    ok("UpdateAgentStatus", {**lunch, "State": "DISABLED"})
    changed = ok("DescribeQueue", queue)["Queue"]
    assert (changed["Name"], changed["Status"], changed["MaxContacts"]) == ("Selling", "DISABLED", 7)
    assert ok("DescribeInstanceAttribute", attribute)["Attribute"]["Value"] == "false"
    assert ok("DescribeUser", users[0])["User"]["PhoneConfig"]["PersistentConnection"] is True
    arn = changed["QueueArn"]
    ok("TagResource", {"resourceArn": arn, "tags": {"city": "leeds"}})
    assert ok("ListTagsForResource", {"resourceArn": arn})["tags"] == {"team": "north", "city": "leeds"}

    # --- and removed --------------------------------------------------------------------------------------------------
    ok("UntagResource", {"resourceArn": arn, "tagKeys": ["team", "city"]})
    for user in users:
        ok("DeleteUser", user)
    reference = {"QueueId": queue["QueueId"], "Channel": "VOICE"}
    ok("DisassociateRoutingProfileQueues", {**profile, "QueueReferences": [reference]})
    ok("DeleteRoutingProfile", profile)
    ok("UpdateQueueOutboundCallerConfig", {**queue, "OutboundCallerConfig": {}})
    ok("DeleteQueue", queue)
    ok("ReleasePhoneNumber", number)
    ok("DeleteContactFlow", flow)
    ok("DeleteHoursOfOperationOverride", override)
    ok("DeleteHoursOfOperation", hours)
    ok("DeleteInstance", office)
    for operation, gone in (("DescribeQueue", queue), ("DescribeUser", users[0]), ("DescribeInstance", office)):
        assert refused(operation, gone) == "ResourceNotFoundException"


def _only(answer: dict[str, Any], member: str) -> dict[str, Any]:
    return {member: answer[member]}


def _names(summaries: list[Any]) -> list[str]:
    return [each["Name"] for each in summaries]
