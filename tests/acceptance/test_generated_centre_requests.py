"""Thousands of requests to the contact centre that nobody would write, drawn by chance from its model: see
``asking``. What is known of a user, or a password, in an error message ends up in the logs of whoever called."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import pytest
from botocore.exceptions import ClientError

from asking import TIMEOUT_S, Asker, Questions, say
from serving import Serving, serving
from trunkcall.aws.connect import offered
from trunkcall.aws.model import CONNECT
from wire import Signer, Wire

pytestmark = pytest.mark.long

QUESTIONS = Questions(
    CONNECT,
    tuple(sorted(offered())),
    frozenset({"InvalidParameterException", "InvalidRequestException"}),
    tells_personal_data=True,
)
TAKES_AWAY = ("Delete", "Release")
CONTENT = json.dumps(
    {
        "Version": "2019-10-30",
        "StartAction": "a",
        "Actions": [{"Identifier": "a", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}],
    }
)
MORNING, EVENING = {"Hours": 8, "Minutes": 0}, {"Hours": 18, "Minutes": 0}
DAY = [{"Day": "MONDAY", "StartTime": MORNING, "EndTime": EVENING}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Logs as much as it can, as nothing personal may be in the log at any level."""
    path = tmp_path_factory.mktemp("generated-centre") / "data"
    with serving(path, speed=600, agents=20, log_level="debug", log_format="json") as running:
        yield running


class World(Asker):
    """A contact centre with one of everything."""

    def build(self) -> None:
        """A contact centre from an empty instance, in place of those that there are: an account can have so many."""
        make = self.client
        for page in make.get_paginator("list_instances").paginate():
            for other in page["InstanceSummaryList"]:
                if other["Id"] != self.server.environment["TRUNKCALL_INSTANCE_ID"]:
                    make.delete_instance(InstanceId=other["Id"])
        number = next(self.names)
        instance = make.create_instance(
            IdentityManagementType="CONNECT_MANAGED",
            InstanceAlias=f"centre{number}",
            InboundCallsEnabled=True,
            OutboundCallsEnabled=True,
        )
        within: dict[str, Any] = {"InstanceId": instance["Id"]}
        hours, in_use = (
            make.create_hours_of_operation(**within, Name=name, TimeZone="UTC", Config=DAY)["HoursOfOperationId"]
            for name in ("Spare", "Days")
        )
        override = make.create_hours_of_operation_override(
            **within,
            HoursOfOperationId=hours,
            Name="Holiday",
            Config=DAY,
            EffectiveFrom="2030-01-01",
            EffectiveTill="2030-01-02",
        )
        free = make.search_available_phone_numbers(
            TargetArn=instance["Arn"], PhoneNumberCountryCode="US", PhoneNumberType="DID"
        )["AvailableNumbersList"]
        claimed = make.claim_phone_number(TargetArn=instance["Arn"], PhoneNumber=free[0]["PhoneNumber"])
        base, queue = (make.create_queue(**within, Name=n, HoursOfOperationId=in_use) for n in ("Base", "Sales"))
        flow = make.create_contact_flow(**within, Name="Greeting", Type="CONTACT_FLOW", Content=CONTENT)
        profile, served = (
            make.create_routing_profile(
                **within,
                Name=name,
                Description="all of them",
                DefaultOutboundQueueId=base["QueueId"],
                MediaConcurrencies=[{"Channel": "VOICE", "Concurrency": 1}],
                QueueConfigs=[
                    {"QueueReference": {"QueueId": base["QueueId"], "Channel": "VOICE"}, "Priority": 1, "Delay": 0}
                ],
            )
            for name in ("Spare", "Sales")
        )
        security = make.list_security_profiles(**within)["SecurityProfileSummaryList"][0]["Id"]
        user = make.create_user(
            **within,
            Username="ann",
            Password="Secret-12",
            PhoneConfig={"PhoneType": "SOFT_PHONE"},
            RoutingProfileId=served["RoutingProfileId"],
            SecurityProfileIds=[security],
        )
        status = make.create_agent_status(**within, Name="Lunch", State="ENABLED")
        self.existing |= {
            "{instance}": instance["Id"],
            "{instance-arn}": instance["Arn"],
            "{hours}": hours,
            "{hours-in-use}": in_use,
            "{override}": override["HoursOfOperationOverrideId"],
            "{number}": claimed["PhoneNumberId"],
            "{queue}": queue["QueueId"],
            "{queue-arn}": queue["QueueArn"],
            "{queue-in-use}": base["QueueId"],
            "{contact-flow}": flow["ContactFlowId"],
            "{flow-content}": CONTENT,
            "{routing-profile}": profile["RoutingProfileId"],
            "{routing-profile-in-use}": served["RoutingProfileId"],
            "{security-profile}": security,
            "{user}": user["UserId"],
            "{user-arn}": user["UserArn"],
            "{agent-status}": status["AgentStatusId"],
        }

    def names_for(self, operation: str) -> Mapping[str, str]:
        match operation:
            case "PutUserStatus":
                return self.existing | self.dialed_for
            case "UpdateRoutingProfileQueues":
                return self.existing | {"{queue}": self.existing["{queue-in-use}"]}
            case _:
                return self.existing

    @cached_property
    def dialed_for(self) -> dict[str, str]:
        """An agent of the instance that is dialed for: only there has anybody a status."""
        within = {"InstanceId": self.server.environment["TRUNKCALL_INSTANCE_ID"]}
        statuses = self.client.list_agent_statuses(**within)["AgentStatusSummaryList"]
        return {
            "{instance}": within["InstanceId"],
            "{user}": self.client.list_users(**within)["UserSummaryList"][0]["Id"],
            "{agent-status}": statuses[0]["Id"],
        }

    def put_back(self, operation: str, path: bytes) -> None:
        named = {value for value in self.existing.values() if value.encode() in path}
        if operation.startswith(TAKES_AWAY) and named:
            self.build()


@pytest.fixture(scope="module")
def world(server: Serving) -> Iterator[World]:
    with Wire(server.url) as wire:
        made = World(server, server.client("connect"), Signer.of(server.environment, "connect"), wire)
        made.build()
        yield made


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize("name", QUESTIONS.operations)
def test_whatever_is_asked_is_answered_in_a_form_that_the_sdks_understand(world: World, name: str) -> None:
    QUESTIONS.check(world, name)


def test_nothing_personal_and_no_secret_has_been_written_down(
    world: World, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    """After all that: whoever reads the logs, the audit log or the metrics learns nothing about the agents."""
    time.sleep(0.5)  # The audit log is written within a tenth of a second.
    assert json.loads(world.server.get("/health"))["status"] == "ok"
    assert '"operation":"CreateUser"' in (world.server.data_dir / "audit.jsonl").read_text()
    world.check_nothing_is_written_down()
    figures = world.check_nothing_has_failed(record_property)
    others = ", ".join(sorted(set(QUESTIONS.operations) - world.succeeded)) or "none"
    succeeded = f"{len(world.succeeded)} of {len(QUESTIONS.operations)} operations succeeded at least once"
    say(capsys, f"{figures}; {succeeded}, all but {others}")
    # Each needs what chance alone does not bring together (``World.names_for``). A short run may miss one of them.
    assert world.succeeded & {"AssociateRoutingProfileQueues", "PutUserStatus", "UpdateRoutingProfileQueues"}


def test_what_was_built_among_all_that_is_still_whole(world: World) -> None:
    """Whatever was refused has changed nothing that is there."""
    within = {"InstanceId": world.existing["{instance}"]}
    try:
        queue = world.client.describe_queue(**within, QueueId=world.existing["{queue}"])["Queue"]
        user = world.client.describe_user(**within, UserId=world.existing["{user}"])["User"]
    except ClientError as error:
        pytest.fail(str(error))
    assert queue["QueueArn"].startswith(world.existing["{instance-arn}"])
    assert user["Arn"].startswith(world.existing["{instance-arn}"])
