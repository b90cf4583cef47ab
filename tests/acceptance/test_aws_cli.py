"""The AWS CLI drives a campaign, unchanged."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from serving import ROOT, Serving

AWS = ROOT / ".venv-clients" / "bin" / "aws"


@pytest.fixture(autouse=True)
def _the_aws_cli_is_there() -> None:
    assert AWS.exists(), "the AWS CLI is missing: `make clients` installs it"


def aws(server: Serving, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return subprocess.run(
        [str(AWS), "connectcampaigns", *arguments, "--output", "json"],
        capture_output=True,
        text=True,
        check=check,
        timeout=60,
        env=environment | server.environment | {"AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""},
    )


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def test_a_campaign_from_the_shell(server: Serving, tmp_path: Path) -> None:
    arguments = server.campaign_arguments("From the shell")
    created = answer(
        aws(
            server,
            "create-campaign",
            "--name",
            arguments["name"],
            "--connect-instance-id",
            arguments["connectInstanceId"],
            "--dialer-config",
            json.dumps(arguments["dialerConfig"]),
            "--outbound-call-config",
            json.dumps(arguments["outboundCallConfig"]),
            "--tags",
            "team=north",
        )
    )
    campaign_id = created["id"]
    assert created["tags"] == {"team": "north"}
    aws(server, "start-campaign", "--id", campaign_id)
    requests = [
        {
            "clientToken": f"cli-{n}",
            "phoneNumber": f"+1212555010{n}",
            "expirationTime": "2099-01-01T00:00:00Z",
            "attributes": {},
        }
        for n in range(5)
    ]
    batch = tmp_path / "batch.json"
    batch.write_text(json.dumps(requests))
    put = answer(aws(server, "put-dial-request-batch", "--id", campaign_id, "--dial-requests", f"file://{batch}"))
    assert [item["clientToken"] for item in put["successfulRequests"]] == [f"cli-{n}" for n in range(5)]
    assert answer(aws(server, "get-campaign-state", "--id", campaign_id))["state"] == "Running"
    aws(server, "pause-campaign", "--id", campaign_id)
    assert answer(aws(server, "describe-campaign", "--id", created["arn"]))["campaign"]["id"] == campaign_id
    listed = answer(aws(server, "list-campaigns"))["campaignSummaryList"]
    assert campaign_id in [summary["id"] for summary in listed]
    aws(server, "stop-campaign", "--id", campaign_id)
    refused = aws(server, "resume-campaign", "--id", campaign_id, check=False)
    assert "InvalidCampaignStateException" in refused.stderr
    aws(server, "delete-campaign", "--id", campaign_id)
    gone = aws(server, "describe-campaign", "--id", campaign_id, check=False)
    assert "ResourceNotFoundException" in gone.stderr
