"""Thousands of requests that nobody would write, and long ways through the life of campaigns, drawn by chance: see
``asking``. A telephone number in an error message ends up in the logs of whoever called."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule, run_state_machine_as_test

from asking import REQUESTS, TIMEOUT_S, Asker, Questions, drawn_with, say
from aws.support import botocore_model
from generating import CONFIDENTIAL, SERVICE, STATES
from serving import Serving, serving
from wire import Signer, Wire

pytestmark = pytest.mark.long

QUESTIONS = Questions(
    SERVICE, tuple(sorted(botocore_model(SERVICE).operation_names)), frozenset({"ValidationException"})
)
STEPS = {
    "Initialized": (),
    "Running": ("start_campaign",),
    "Paused": ("start_campaign", "pause_campaign"),
    "Stopped": ("start_campaign", "stop_campaign"),
}
CHANGES_STATE = {"StartCampaign", "PauseCampaign", "ResumeCampaign", "StopCampaign", "DeleteCampaign"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Dials what it accepts, and logs as much as it can, as nothing personal may be in the log at any level."""
    path = tmp_path_factory.mktemp("generated") / "data"
    with serving(path, speed=600, agents=20, log_level="debug", log_format="json") as running:
        yield running


class World(Asker):
    """A campaign in every state."""

    def bring_to(self, state: str) -> None:
        """A new campaign in this state."""
        created = self.client.create_campaign(**self.server.campaign_arguments(f"{state} {next(self.names)}"))
        for step in STEPS[state]:
            getattr(self.client, step)(id=created["id"])
        self.existing |= {f"{{{state}}}": created["id"], f"{{{state}-arn}}": created["arn"]}

    def put_back(self, operation: str, path: bytes) -> None:
        if operation in CHANGES_STATE:
            for state in STATES:
                if self.existing[f"{{{state}}}"].encode() in path:
                    self.bring_to(state)


@pytest.fixture(scope="module")
def world(server: Serving) -> Iterator[World]:
    given_names = server.environment
    existing = {
        "{instance}": given_names["TRUNKCALL_INSTANCE_ID"],
        "{contact-flow}": given_names["TRUNKCALL_CONTACT_FLOW_ID"],
        "{queue}": given_names["TRUNKCALL_QUEUE_ID"],
        "{source-phone-number}": "+12025550100",
    }
    with Wire(server.url) as wire:
        made = World(server, server.client(), Signer.of(given_names), wire, existing)
        for state in STATES:
            made.bring_to(state)
        yield made


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize("name", QUESTIONS.operations)
def test_whatever_is_asked_is_answered_in_a_form_that_the_sdks_understand(world: World, name: str) -> None:
    QUESTIONS.check(world, name)


def test_nothing_personal_and_no_secret_has_been_written_down(
    world: World, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    """After all that: whoever reads the logs, the audit log or the metrics learns nothing about who is called."""
    time.sleep(0.5)  # The audit log is written within a tenth of a second.
    # One request of which it is known that it was accepted, so that the search is known to look at the right server.
    token = "the-last-one"
    item = {
        "clientToken": token,
        "phoneNumber": "+1" + CONFIDENTIAL[0],
        "expirationTime": datetime.now(UTC) + timedelta(days=300),
        "attributes": {"name": CONFIDENTIAL[2]},
    }
    world.client.put_dial_request_batch(id=world.existing["{Running}"], dialRequests=[item])
    records = world.server.export("--campaign", world.existing["{Running}"])
    assert CONFIDENTIAL[2] in str(records)

    world.check_nothing_is_written_down()
    say(capsys, world.check_nothing_has_failed(record_property))


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_fault_of_ours_is_logged_without_what_it_was_about(log_format: str) -> None:
    """The variables of a frame hold the dial requests, the keys and the bodies that were at hand when it happened."""
    program = f"""
import asyncio, logging
from trunkcall.cli.serve import set_up_logging
from trunkcall.settings import load_settings
set_up_logging(load_settings({{"log_format": {log_format!r}}}, environment={{}}))
def handle(phone_number):
    raise RuntimeError
def callback():
    handle("+1" + {CONFIDENTIAL[0]!r})
async def main():
    asyncio.get_running_loop().call_soon(callback)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    try:
        callback()
    except RuntimeError:
        logging.getLogger("trunkcall").exception("it broke")
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.count("RuntimeError") >= 2
    assert CONFIDENTIAL[0] not in done.stderr


# --- Ways through the life of campaigns --------------------------------------------------------------------------

ALLOWED = {
    ("Initialized", "start"): "Running",
    ("Running", "pause"): "Paused",
    ("Running", "stop"): "Stopped",
    ("Paused", "resume"): "Running",
    ("Paused", "stop"): "Stopped",
}
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NAMES = ("Spring", "Summer", "Autumn", "Winter ❄")
DIALERS: dict[str, dict[str, Any]] = {
    "progressive": {"progressiveDialerConfig": {"bandwidthAllocation": 1.0}},
    "predictive": {"predictiveDialerConfig": {"bandwidthAllocation": 0.5, "dialingCapacity": 0.25}},
    "agentless": {"agentlessDialerConfig": {"dialingCapacity": 0.01}},
}
TAGS = {"team": "north", "owner": "arn:aws:connect:us-east-1:000000000000:instance/x", "empty": ""}
SOURCE = "+12025550100"
ITEMS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "", "number", "time"])), min_size=1, max_size=25
)
"""Client tokens, and what is wrong with the item, if anything."""


@dataclass
class Expected:
    """A campaign as it should be. ``tokens`` are the contact ids by client token."""

    arn: str
    name: str
    dialer: str
    call: dict[str, Any]
    tags: dict[str, str]
    state: str = "Initialized"
    deleted: bool = False
    tokens: dict[str, str] = field(default_factory=dict)


class Campaigns(RuleBasedStateMachine):
    """Some campaigns, some calls, and after each of them what the caller must have been told."""

    server: Serving
    client: Any
    runs: Iterator[int]
    calls: Iterator[int]
    campaigns = Bundle("campaigns")

    @initialize(target=campaigns)
    def begin(self) -> Any:
        self.prefix = f"Run {next(self.runs)} "
        self.known: dict[str, Expected] = {}
        # The machines share a server, and each of them leaves it as it was.
        self.others = self.listed()
        started, waiting = self.create(NAMES[0], "progressive", True), self.create(NAMES[1], "agentless", False)
        self.step(started, "start", False)
        return multiple(started, waiting)

    def teardown(self) -> None:
        for campaign_id, expected in self.known.items():
            if not expected.deleted:
                self.client.delete_campaign(id=campaign_id)

    def refused(self, code: str, call: Any, **request: Any) -> Any:
        next(self.calls)
        with pytest.raises(ClientError) as raised:
            call(**request)
        response = raised.value.response
        assert response["Error"]["Code"] == code
        assert isinstance(raised.value, getattr(self.client.exceptions, code))
        return response

    def asked(self, call: Any, **request: Any) -> Any:
        next(self.calls)
        answer = call(**request)
        answer.pop("ResponseMetadata")
        return answer

    def ask(self, campaign_id: str, call: Any, /, conflict: bool = False, **request: Any) -> Any:
        """Ask for something that fails only for a deleted campaign, or for a conflict."""
        if self.known[campaign_id].deleted:
            self.refused("ResourceNotFoundException", call, **request)
            return None
        if conflict:
            self.refused("ConflictException", call, **request)
            return None
        return self.asked(call, **request)

    def named(self, name: str) -> str | None:
        """The campaign that has the name."""
        return next((i for i, found in self.known.items() if found.name == name and not found.deleted), None)

    def listed(self) -> list[str]:
        pages = self.client.get_paginator("list_campaigns").paginate(PaginationConfig={"PageSize": 50})
        return [summary["id"] for page in pages for summary in page["campaignSummaryList"]]

    @rule(target=campaigns, name=st.sampled_from(NAMES), dialer=st.sampled_from(sorted(DIALERS)), tagged=st.booleans())
    def create_another(self, name: str, dialer: str, tagged: bool) -> Any:
        return self.create(name, dialer, tagged)

    def create(self, name: str, dialer: str, tagged: bool) -> Any:
        arguments = self.server.campaign_arguments(self.prefix + name, dialerConfig=DIALERS[dialer])
        arguments["outboundCallConfig"]["connectSourcePhoneNumber"] = SOURCE
        tags = {"team": "north"} if tagged else {}
        arguments |= {"tags": tags} if tagged else {}
        holder = self.named(name)
        if holder is not None:
            same = self.known[holder]
            if (same.dialer, same.call, same.tags) != (dialer, arguments["outboundCallConfig"], tags):
                self.refused("ConflictException", self.client.create_campaign, **arguments)
                return multiple()
        created = self.asked(self.client.create_campaign, **arguments)
        assert created.get("tags", {}) == tags
        if holder is not None:
            assert created["id"] == holder
            return multiple()
        assert created["id"] not in self.known
        self.known[created["id"]] = Expected(created["arn"], name, dialer, arguments["outboundCallConfig"], tags)
        return created["id"]

    def describe(self, campaign_id: str) -> None:
        answer = self.ask(campaign_id, self.client.describe_campaign, id=campaign_id)
        if answer is not None:
            campaign = self.known[campaign_id]
            expected = self.server.campaign_arguments(self.prefix + campaign.name) | {
                "id": campaign_id,
                "arn": campaign.arn,
                "dialerConfig": DIALERS[campaign.dialer],
                "outboundCallConfig": campaign.call,
                "tags": campaign.tags,
            }
            assert {"tags": {}} | answer["campaign"] == expected
            assert self.asked(self.client.list_tags_for_resource, arn=campaign.arn).get("tags", {}) == campaign.tags

    @rule(campaign_id=campaigns, which=st.integers(0, 1), by_arn=st.booleans())
    def go_on(self, campaign_id: str, which: int, by_arn: bool) -> None:
        """A step that its state allows, or Start; by chance alone most campaigns would be stopped soon or never run."""
        allowed = [step for state, step in ALLOWED if state == self.known[campaign_id].state] or ["start"]
        self.step(campaign_id, allowed[which % len(allowed)], by_arn)

    @rule(campaign_id=campaigns, step=st.sampled_from(["start", "pause", "resume", "stop"]), by_arn=st.booleans())
    def step_anyhow(self, campaign_id: str, step: str, by_arn: bool) -> None:
        self.step(campaign_id, step, by_arn)

    def step(self, campaign_id: str, step: str, by_arn: bool) -> None:
        campaign = self.known[campaign_id]
        call, request = getattr(self.client, f"{step}_campaign"), {"id": campaign.arn if by_arn else campaign_id}
        to = ALLOWED.get((campaign.state, step))
        if campaign.deleted:
            self.refused("ResourceNotFoundException", call, **request)
        elif to is None:
            assert self.refused("InvalidCampaignStateException", call, **request)["state"] == campaign.state
        else:
            self.asked(call, **request)
            campaign.state = to
        self.check_state(campaign_id)

    def check_state(self, campaign_id: str) -> None:
        answer = self.ask(campaign_id, self.client.get_campaign_state, id=campaign_id)
        assert answer is None or answer["state"] == self.known[campaign_id].state

    @rule(campaign_id=campaigns, really=st.sampled_from([False, False, True]))
    def delete(self, campaign_id: str, really: bool) -> None:
        """Now and then: of a deleted campaign there is nothing more to learn."""
        if not (really or self.known[campaign_id].deleted):
            return
        self.ask(campaign_id, self.client.delete_campaign, id=campaign_id)
        self.known[campaign_id].deleted = True

    @rule(campaign_id=campaigns, name=st.sampled_from(NAMES))
    def rename(self, campaign_id: str, name: str) -> None:
        conflict = self.named(name) not in {None, campaign_id}
        full = self.prefix + name
        if self.ask(campaign_id, self.client.update_campaign_name, conflict, id=campaign_id, name=full) is not None:
            self.known[campaign_id].name = name
        self.describe(campaign_id)

    @rule(campaign_id=campaigns, dialer=st.sampled_from(sorted(DIALERS)))
    def change_dialer(self, campaign_id: str, dialer: str) -> None:
        campaign = self.known[campaign_id]
        conflict = (dialer == "agentless") != (campaign.dialer == "agentless")
        request = {"id": campaign_id, "dialerConfig": DIALERS[dialer]}
        if self.ask(campaign_id, self.client.update_campaign_dialer_config, conflict, **request) is not None:
            campaign.dialer = dialer
        self.describe(campaign_id)

    @rule(campaign_id=campaigns, enabled=st.booleans(), waits=st.none() | st.booleans(), numbered=st.booleans())
    def change_call(self, campaign_id: str, enabled: bool, waits: bool | None, numbered: bool) -> None:
        detection = {"enableAnswerMachineDetection": enabled}
        detection |= {} if waits is None else {"awaitAnswerMachinePrompt": waits}
        changes: dict[str, Any] = {"answerMachineDetectionConfig": detection}
        changes |= {"connectSourcePhoneNumber": SOURCE} if numbered else {}
        call = self.client.update_campaign_outbound_call_config
        if self.ask(campaign_id, call, id=campaign_id, **changes) is not None:
            self.known[campaign_id].call |= changes
        self.describe(campaign_id)

    @rule(campaign_id=campaigns, keys=st.sets(st.sampled_from(sorted(TAGS)), min_size=1))
    def tag(self, campaign_id: str, keys: set[str]) -> None:
        campaign, tags = self.known[campaign_id], {key: TAGS[key] for key in keys}
        if self.ask(campaign_id, self.client.tag_resource, arn=campaign.arn, tags=tags) is not None:
            campaign.tags |= tags
        self.describe(campaign_id)

    @rule(campaign_id=campaigns, keys=st.sets(st.sampled_from(sorted(TAGS)), min_size=1))
    def untag(self, campaign_id: str, keys: set[str]) -> None:
        campaign = self.known[campaign_id]
        if self.ask(campaign_id, self.client.untag_resource, arn=campaign.arn, tagKeys=sorted(keys)) is not None:
            campaign.tags = {key: value for key, value in campaign.tags.items() if key not in keys}
        self.describe(campaign_id)

    @rule()
    def list_all(self) -> None:
        next(self.calls)
        assert self.listed() == self.others + [i for i, campaign in self.known.items() if not campaign.deleted]

    @rule(some=st.lists(campaigns, min_size=1, max_size=5))
    def states(self, some: list[str]) -> None:
        answer = self.asked(self.client.get_campaign_state_batch, campaignIds=[*some, UNKNOWN])
        living = [campaign_id for campaign_id in some if not self.known[campaign_id].deleted]
        assert answer["successfulRequests"] == [
            {"campaignId": campaign_id, "state": self.known[campaign_id].state} for campaign_id in living
        ]
        gone = [campaign_id for campaign_id in [*some, UNKNOWN] if campaign_id not in living]
        assert [failed["campaignId"] for failed in answer["failedRequests"]] == gone
        for campaign_id in living:
            assert self.asked(self.client.get_campaign_state, id=campaign_id)["state"] == self.known[campaign_id].state

    @rule(campaign_id=campaigns, items=ITEMS)
    def put_some(self, campaign_id: str, items: list[tuple[str, str]]) -> None:
        self.put(campaign_id, items)

    @rule(campaign_id=campaigns, items=ITEMS)
    def put_twice(self, campaign_id: str, items: list[tuple[str, str]]) -> None:
        """As an SDK does that has not heard the answer."""
        self.put(campaign_id, items)
        self.put(campaign_id, items)

    def put(self, campaign_id: str, items: list[tuple[str, str]]) -> None:
        """Tokens come again, within a batch as well, and each of them is one contact for ever."""
        campaign, now = self.known[campaign_id], datetime.now(UTC)
        batch = [
            {
                "clientToken": token,
                "phoneNumber": "+121255" if wrong == "number" else "+1" + CONFIDENTIAL[0],
                "expirationTime": now + timedelta(days=-1 if wrong == "time" else 300),
                "attributes": {"name": CONFIDENTIAL[2]},
            }
            for token, wrong in items
        ]
        call = self.client.put_dial_request_batch
        request: dict[str, Any] = {"id": campaign_id, "dialRequests": batch}
        if not campaign.deleted and campaign.state != "Running":
            assert self.refused("InvalidCampaignStateException", call, **request)["state"] == campaign.state
            return
        answer = self.ask(campaign_id, call, **request)
        if answer is not None:
            good = [token for token, wrong in items if not wrong]
            assert [found["clientToken"] for found in answer["successfulRequests"]] == good
            for found in answer["successfulRequests"]:
                assert campaign.tokens.setdefault(found["clientToken"], found["id"]) == found["id"]
            assert answer["failedRequests"] == [
                {"clientToken": token, "failureCode": "InvalidInput"} for token, wrong in items if wrong
            ]
            assert len(set(campaign.tokens.values())) == len(campaign.tokens)


@pytest.mark.timeout(TIMEOUT_S)
def test_campaigns_do_what_was_promised_whatever_order_they_are_asked_in(
    server: Serving, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    """A dialer that dials a stopped campaign, or a token twice, is worse than none."""

    class OnThisServer(Campaigns):
        pass

    OnThisServer.server, OnThisServer.client = server, server.client()
    OnThisServer.runs, OnThisServer.calls = count(), count()
    ways = max(100, REQUESTS // 50)
    run_state_machine_as_test(OnThisServer, settings=settings(drawn_with(ways), stateful_step_count=20))
    runs, calls = next(OnThisServer.runs), next(OnThisServer.calls)
    record_property("ways", runs)
    say(capsys, f"{runs} ways through the life of campaigns, {calls} calls")
