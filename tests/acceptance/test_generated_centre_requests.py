"""Thousands of requests to the contact centre that nobody would write, drawn by chance from its model.

What a user would lose: a 500 is retried by every SDK and tells nobody what is wrong; an error that the operation does
not declare can't be handled; and what is known of a user, or a password, ends up in the logs of whoever called.

``TRUNKCALL_GENERATED_REQUESTS`` sets how many, as for campaigns.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answering import around, check_answer
from aws.support import botocore_model
from generating import CONFIDENTIAL, Drawn, Strategy, nearly_valid_requests, sendable, valid_requests, wild_requests
from serving import Serving, serving
from trunkcall.aws.connect import offered
from trunkcall.aws.model import CONNECT
from wire import Heard, Signer, Wire

pytestmark = pytest.mark.long

MODEL = botocore_model(CONNECT)
OPERATIONS = sorted(offered())
PLACES = sum(len(nearly_valid_requests(operation, CONNECT)) for operation in OPERATIONS)
SHORT = 5_000
LONG = os.environ.get("TRUNKCALL_GENERATED_REQUESTS")
REQUESTS = int(LONG or SHORT)
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


def drawn_with(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=LONG is None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Logs as much as it can, as nothing personal may be in the log at any level."""
    path = tmp_path_factory.mktemp("generated-centre") / "data"
    with serving(path, speed=600, agents=20, log_level="debug", log_format="json") as running:
        yield running


@dataclass
class World:
    """A server, a contact centre with one of everything, and what was counted. ``existing`` are the ids."""

    server: Serving
    client: Any
    signer: Signer
    wire: Wire
    existing: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    succeeded: set[str] = field(default_factory=set)
    names: Iterator[int] = field(default_factory=count)

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
            "{contact-flow}": flow["ContactFlowId"],
            "{flow-content}": CONTENT,
            "{routing-profile}": profile["RoutingProfileId"],
            "{routing-profile-in-use}": served["RoutingProfileId"],
            "{security-profile}": security,
            "{user}": user["UserId"],
            "{user-arn}": user["UserArn"],
            "{agent-status}": status["AgentStatusId"],
        }

    def ask(self, drawn: Drawn) -> Heard:
        sent = sendable(drawn, self.existing)
        target = sent.path + (b"?" + sent.query if sent.query else b"")
        heard = self.wire.ask(self.signer.request(sent.method, target, sent.body, sent.headers))
        self.statuses[heard.status] += 1
        self.kinds[drawn.kind] += 1
        if heard.status == 200:
            self.succeeded.add(drawn.operation)
            named = {value for value in self.existing.values() if value.encode() in sent.path}
            if drawn.operation.startswith(TAKES_AWAY) and named:
                self.build()
        return heard


@pytest.fixture(scope="module")
def world(server: Serving) -> Iterator[World]:
    with Wire(server.url) as wire:
        made = World(server, server.client("connect"), Signer.of(server.environment, "connect"), wire)
        made.build()
        yield made


@pytest.mark.timeout(max(120, REQUESTS // 10))
@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_is_asked_is_answered_in_a_form_that_the_sdks_understand(world: World, name: str) -> None:
    operation = MODEL.operation_model(name)

    def heard_of(drawn: Drawn) -> Heard:
        heard = world.ask(drawn)
        check_answer(operation, heard, tells_personal_data=True)
        return heard

    each_kind = REQUESTS // 3

    @drawn_with(each_kind // len(OPERATIONS))
    @given(valid_requests(name, CONNECT))
    def what_the_model_allows_the_world_alone_forbids(drawn: Drawn) -> None:
        heard = heard_of(drawn)
        assert heard.code != "SerializationException", heard
        assert b"failed to satisfy constraint" not in heard.body, heard

    @drawn_with(each_kind // PLACES + 1)
    @given(st.data())
    def what_the_model_forbids_is_refused(wrong: Strategy, data: st.DataObject) -> None:
        heard = heard_of(data.draw(wrong))
        assert heard.code in {"InvalidParameterException", "InvalidRequestException", "SerializationException"}, heard
        if heard.code != "SerializationException":
            assert b"1 validation error detected" in heard.body, heard

    @drawn_with(each_kind // len(OPERATIONS))
    @given(wild_requests(name, CONNECT))
    def anything_is_answered(drawn: Drawn) -> None:
        heard_of(drawn)

    what_the_model_allows_the_world_alone_forbids()
    for wrong in nearly_valid_requests(name, CONNECT):
        what_the_model_forbids_is_refused(wrong)
    anything_is_answered()


def test_nothing_personal_and_no_secret_has_been_written_down(
    world: World, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    """After all that: whoever reads the logs, the audit log or the metrics learns nothing about the agents."""
    time.sleep(0.5)  # The audit log is written within a tenth of a second.
    assert json.loads(world.server.get("/health"))["status"] == "ok"
    texts = {
        "log": world.server.log_path.read_text(),
        "audit log": (world.server.data_dir / "audit.jsonl").read_text(),
        "metrics": world.server.get("/metrics"),
    }
    assert '"operation":"CreateUser"' in texts["audit log"]
    for name, text in texts.items():
        for marked in (*CONFIDENTIAL, world.signer.secret):
            assert marked not in text, f"{marked} stands in the {name}: …{around(text, marked)}…"
        assert "Traceback" not in text, around(text, "Traceback")
        assert "request failed" not in text, around(text, "request failed")
    tried = world.statuses.total()
    failures = sum(number for status, number in world.statuses.items() if status >= 500)
    record_property("generated_requests", tried)
    record_property("answered_5xx", failures)
    with capsys.disabled():
        print(  # noqa: T201 - the figure of this suite
            f"\n{tried} generated requests ({', '.join(f'{n} {kind}' for kind, n in sorted(world.kinds.items()))}): "
            f"{', '.join(f'{n} × {status}' for status, n in sorted(world.statuses.items()))}; {failures} of them 5xx; "
            f"{len(world.succeeded)} of {len(OPERATIONS)} operations succeeded at least once, "
            f"all but {', '.join(sorted(set(OPERATIONS) - world.succeeded)) or 'none'}"
        )
    assert failures == 0


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
