"""The AWS SDK for JavaScript drives campaigns, unchanged. A program that submits dial requests is as likely to be
written in it as in Python, and it reads errors, writes dates and escapes paths by code of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from serving import ROOT, Serving

pytestmark = pytest.mark.long

DRIVER = ROOT / "tests" / "clients" / "javascript" / "driver.mjs"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@dataclass
class JavaScript:
    """A Node.js process with a client of the SDK in it, asked one command at a time."""

    process: subprocess.Popen[str]

    def ask(self, command: str, request: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([command, request]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the driver ended at {command}"
        return json.loads(line)

    def ok(self, command: str, request: Any) -> Any:
        answer = self.ask(command, request)
        assert "ok" in answer, answer
        return answer["ok"]

    def error(self, command: str, request: Any) -> Any:
        answer = self.ask(command, request)
        assert "error" in answer, answer
        return answer["error"]

    def created(self, server: Serving, name: str, **changes: Any) -> Any:
        return self.ok("CreateCampaign", server.campaign_arguments(name, **changes))


def _missing(service: str) -> str | None:
    if shutil.which("node") is None:
        return "Node.js (`node`) is not installed"
    if not (DRIVER.parent / "node_modules" / "@aws-sdk" / f"client-{service}").is_dir():
        return "the AWS SDK for JavaScript is not installed: run `make clients`"
    return None


@contextmanager
def driven(environment: Mapping[str, str], service: str = "connectcampaigns") -> Iterator[JavaScript]:
    """A client that has these variables, and nothing else of AWS."""
    missing = _missing(service)
    if missing is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        # Without root nothing installs Node.js.
        pytest.skip(missing)
    others = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    with subprocess.Popen(
        ["node", str(DRIVER), service],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**others, **environment},
    ) as process:
        try:
            yield JavaScript(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def javascript(server: Serving) -> Iterator[JavaScript]:
    with driven(server.environment) as client:
        yield client


def test_a_profile_leads_to_the_server(server: Serving, tmp_path: Path) -> None:
    files = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }
    server.trunkcall("env", "--data-dir", str(server.data_dir), "--profile", "dialer", check=True, **files)
    with driven({**files, "AWS_PROFILE": "dialer"}) as client:
        created = client.created(server, "By a profile")
        assert client.ok("DescribeCampaign", {"id": created["id"]})["campaign"]["name"] == "By a profile"


def dial_request(token: str, digits: int, **changes: Any) -> dict[str, Any]:
    """With a Date, as JavaScript has it; its milliseconds go over the wire as .123Z."""
    expires_at = (datetime.now(UTC) + timedelta(days=300)).replace(microsecond=123_000)
    return {
        "clientToken": token,
        "phoneNumber": f"+1212555{100 + digits:04d}",
        "expirationTime": {"$date": expires_at.isoformat()},
        "attributes": {"name": "Zoë 📞"},
    } | changes


class TestALife:
    def test_from_creation_to_deletion(self, server: Serving, javascript: JavaScript) -> None:
        arguments = server.campaign_arguments("A life", tags={"team": "north"})
        created = javascript.ok("CreateCampaign", arguments)
        campaign_id, arn = created["id"], created["arn"]
        assert created["tags"] == {"team": "north"}
        assert len(created["requestId"]) == 36
        described = javascript.ok("DescribeCampaign", {"id": campaign_id})["campaign"]
        assert {name: described[name] for name in arguments} == arguments

        for step, state in (("Start", "Running"), ("Pause", "Paused"), ("Resume", "Running"), ("Stop", "Stopped")):
            assert javascript.ok(f"{step}Campaign", {"id": campaign_id})["httpStatusCode"] == 200
            assert javascript.ok("GetCampaignState", {"id": campaign_id})["state"] == state
            batch = javascript.ok("GetCampaignStateBatch", {"campaignIds": [campaign_id, arn, UNKNOWN]})
            assert batch["successfulRequests"] == [{"campaignId": name, "state": state} for name in (campaign_id, arn)]
            assert batch["failedRequests"] == [{"campaignId": UNKNOWN, "failureCode": "ResourceNotFound"}]

        javascript.ok("DeleteCampaign", {"id": campaign_id})
        assert javascript.error("DescribeCampaign", {"id": campaign_id})["name"] == "ResourceNotFoundException"

    def test_dial_requests_with_dates_are_accepted_once_per_token(
        self, server: Serving, javascript: JavaScript
    ) -> None:
        """A Date that the server can't read would lose the whole list, a token read wrongly would call twice."""
        campaign_id = javascript.created(server, "Dates")["id"]
        javascript.ok("StartCampaign", {"id": campaign_id})
        requests = [dial_request(f"js-{n}", n) for n in range(25)]
        first = javascript.ok("PutDialRequestBatch", {"id": campaign_id, "dialRequests": requests})
        assert [item["clientToken"] for item in first["successfulRequests"]] == [r["clientToken"] for r in requests]
        assert first["failedRequests"] == []
        again = javascript.ok("PutDialRequestBatch", {"id": campaign_id, "dialRequests": requests})
        assert again["successfulRequests"] == first["successfulRequests"]
        records = {record["ContactId"]: record for record in server.export("--campaign", campaign_id)}
        assert sorted(records) == sorted(item["id"] for item in first["successfulRequests"])
        assert {record["Attributes"]["name"] for record in records.values()} == {"Zoë 📞"}

    def test_an_item_that_can_not_be_dialed_fails_alone(self, server: Serving, javascript: JavaScript) -> None:
        campaign_id = javascript.created(server, "Items")["id"]
        javascript.ok("StartCampaign", {"id": campaign_id})
        expired = dial_request("expired", 2, expirationTime={"$date": "2020-01-01T00:00:00Z"})
        requests = [dial_request("good", 1), expired, dial_request("short", 3, phoneNumber="12")]
        answer = javascript.ok("PutDialRequestBatch", {"id": campaign_id, "dialRequests": requests})
        assert [item["clientToken"] for item in answer["successfulRequests"]] == ["good"]
        assert answer["failedRequests"] == [
            {"clientToken": token, "failureCode": "InvalidInput"} for token in ("expired", "short")
        ]

    def test_pages_hold_every_campaign_once(self, server: Serving, javascript: JavaScript) -> None:
        made = [javascript.created(server, f"Page {number}")["id"] for number in range(5)]
        instance = {"instanceIdFilter": {"value": server.environment["TRUNKCALL_INSTANCE_ID"], "operator": "Eq"}}
        pages = javascript.ok("paginateListCampaigns", [{"pageSize": 2}, {"filters": instance}])
        assert all(len(page["campaignSummaryList"]) <= 2 for page in pages)
        assert "nextToken" not in pages[-1]
        seen = [summary["id"] for page in pages for summary in page["campaignSummaryList"]]
        assert len(seen) == len(set(seen))
        assert [campaign_id for campaign_id in seen if campaign_id in made] == made

    def test_a_campaign_is_changed(self, server: Serving, javascript: JavaScript) -> None:
        campaign_id = javascript.created(server, "To be changed")["id"]
        javascript.ok("UpdateCampaignName", {"id": campaign_id, "name": "Changed ✓"})
        predictive = {"predictiveDialerConfig": {"bandwidthAllocation": 0.5, "dialingCapacity": 0.25}}
        javascript.ok("UpdateCampaignDialerConfig", {"id": campaign_id, "dialerConfig": predictive})
        detection = {"enableAnswerMachineDetection": False}
        javascript.ok(
            "UpdateCampaignOutboundCallConfig", {"id": campaign_id, "answerMachineDetectionConfig": detection}
        )
        described = javascript.ok("DescribeCampaign", {"id": campaign_id})["campaign"]
        assert described["name"] == "Changed ✓"
        assert described["dialerConfig"] == predictive
        assert described["outboundCallConfig"]["answerMachineDetectionConfig"] == detection

    def test_tags_go_by_an_arn_in_the_path(self, server: Serving, javascript: JavaScript) -> None:
        """The ARN's colons and slash are escaped in the path; taken apart there it would be another resource."""
        arn = javascript.created(server, "Tagged")["arn"]
        javascript.ok("TagResource", {"arn": arn, "tags": {"team": "north", "a:b/c": "d e"}})
        assert javascript.ok("ListTagsForResource", {"arn": arn})["tags"] == {"team": "north", "a:b/c": "d e"}
        javascript.ok("UntagResource", {"arn": arn, "tagKeys": ["a:b/c", "never-there"]})
        assert javascript.ok("ListTagsForResource", {"arn": arn})["tags"] == {"team": "north"}
        assert javascript.ok("DescribeCampaign", {"id": arn})["campaign"]["arn"] == arn

    def test_the_instance_is_onboarded(self, server: Serving, javascript: JavaScript) -> None:
        instance = {"connectInstanceId": server.environment["TRUNKCALL_INSTANCE_ID"]}
        status = javascript.ok("GetInstanceOnboardingJobStatus", instance)["connectInstanceOnboardingJobStatus"]
        assert status == instance | {"status": "SUCCEEDED"}
        config = javascript.ok("GetConnectInstanceConfig", instance)["connectInstanceConfig"]
        assert config["connectInstanceId"] == instance["connectInstanceId"]
        assert config["encryptionConfig"] == {"enabled": False}
        plain = instance | {"encryptionConfig": {"enabled": False}}
        assert javascript.error("StartInstanceOnboardingJob", plain)["name"] == "ConflictException"


class TestErrors:
    """A program tells errors apart with ``instanceof``; a name that the SDK can't place is an error it can't handle."""

    def modelled(self, error: Any, name: str, status: int) -> Any:
        assert (error["name"], error["httpStatusCode"], error["fault"]) == (name, status, "client")
        assert error["isModelled"], f"{name} is not the SDK's class of that name"
        assert error["isOfTheService"]
        assert error["message"]
        assert len(error["requestId"]) == 36
        assert error["attempts"] == 1
        return error

    def test_what_does_not_exist(self, javascript: JavaScript) -> None:
        for command in ("DescribeCampaign", "StartCampaign", "DeleteCampaign", "GetCampaignState"):
            self.modelled(javascript.error(command, {"id": UNKNOWN}), "ResourceNotFoundException", 404)
        unknown = {"connectInstanceId": UNKNOWN}
        for command in (
            "GetConnectInstanceConfig",
            "GetInstanceOnboardingJobStatus",
            "DeleteConnectInstanceConfig",
            "DeleteInstanceOnboardingJob",
        ):
            self.modelled(javascript.error(command, unknown), "ResourceNotFoundException", 404)

    def test_a_state_that_forbids_it_is_told(self, server: Serving, javascript: JavaScript) -> None:
        campaign_id = javascript.created(server, "Not started")["id"]
        for command, more in (
            ("PauseCampaign", {}),
            ("ResumeCampaign", {}),
            ("StopCampaign", {}),
            ("PutDialRequestBatch", {"dialRequests": [dial_request("early", 1)]}),
        ):
            error = javascript.error(command, {"id": campaign_id, **more})
            assert self.modelled(error, "InvalidCampaignStateException", 409)["state"] == "Initialized"

    def test_a_conflict(self, server: Serving, javascript: JavaScript) -> None:
        javascript.created(server, "Taken")
        other = server.campaign_arguments("Taken", tags={"other": "yes"})
        self.modelled(javascript.error("CreateCampaign", other), "ConflictException", 409)
        agentless: dict[str, Any] = {"agentlessDialerConfig": {}}
        campaign_id = javascript.created(server, "With agents")["id"]
        changed = {"id": campaign_id, "dialerConfig": agentless}
        self.modelled(javascript.error("UpdateCampaignDialerConfig", changed), "ConflictException", 409)

    def test_an_onboarded_instance_with_campaigns_stays_so(self, server: Serving, javascript: JavaScript) -> None:
        javascript.created(server, "Keeps its instance")
        instance = {"connectInstanceId": server.environment["TRUNKCALL_INSTANCE_ID"]}
        self.modelled(javascript.error("DeleteConnectInstanceConfig", instance), "InvalidStateException", 409)

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            ({"name": "n" * 128}, "at 'name' failed to satisfy constraint: Member must have length less than or equal"),
            ({"name": ""}, "at 'name' failed to satisfy constraint: Member must have length greater than or equal"),
            ({"dialerConfig": {}}, "at 'dialerConfig' failed to satisfy constraint: Member must have exactly one of"),
            (
                {"dialerConfig": {"progressiveDialerConfig": {"bandwidthAllocation": 1.5}}},
                "Member must have value less than or equal to 1",
            ),
        ],
        ids=["long name", "no name", "no dialer", "too much"],
    )
    def test_a_broken_constraint(
        self, server: Serving, javascript: JavaScript, changes: dict[str, Any], complaint: str
    ) -> None:
        """This SDK checks next to nothing by itself."""
        error = javascript.error("CreateCampaign", server.campaign_arguments("Broken") | changes)
        assert complaint in self.modelled(error, "ValidationException", 400)["message"]

    def test_what_is_not_in_the_model_is_an_error_of_the_service_all_the_same(
        self, server: Serving, javascript: JavaScript
    ) -> None:
        error = javascript.error("UpdateCampaignName", {"id": UNKNOWN, "name": {"not": "a string"}})
        assert (error["name"], error["httpStatusCode"]) == ("SerializationException", 400)
        assert error["isOfTheService"]
        assert "'name'" in error["message"]
