"""The AWS CLI drives a campaign, unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serving import ROOT, Serving

# A dozen processes of the AWS CLI, each of which imports all of it before it asks anything. Beside others that may take
# minutes; longer than this it takes only if one hangs.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

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


NOBODY = "http://127.0.0.1:9"


def shell(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a user types, with `trunkcall` and `aws` at hand."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TRUNKCALL_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}:{AWS.parent}:{environment['PATH']}"
    environment |= {"AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, env=environment | variables
    )


LEFT_OVER = {"AWS_SESSION_TOKEN": "of-another-key", "AWS_PROFILE": "not-there", "AWS_ENDPOINT_URL": NOBODY}
"""What a shell may have from other work."""


def test_a_shell_that_was_told_of_the_server_sends_nothing_else_there(server: Serving) -> None:
    done = shell(
        'eval "$(trunkcall env)"; aws connectcampaigns list-campaigns && aws s3 ls',
        TRUNKCALL_DATA_DIR=str(server.data_dir),
        **LEFT_OVER,
    )
    assert "campaignSummaryList" in done.stdout, done.stderr
    assert f'Could not connect to the endpoint URL: "{NOBODY}/' in done.stderr


def test_one_endpoint_for_all_sends_everything_there(server: Serving) -> None:
    done = shell(
        'eval "$(trunkcall env --global)"; aws connectcampaigns list-campaigns && aws s3 ls; '
        'eval "$(trunkcall env)"; echo "now: ${AWS_ENDPOINT_URL-unset}"',
        TRUNKCALL_DATA_DIR=str(server.data_dir),
        **LEFT_OVER,
    )
    assert "campaignSummaryList" in done.stdout, done.stderr
    assert "An error occurred" in done.stderr
    assert "now: unset" in done.stdout


def test_one_command_reaches_the_server_and_the_shell_stays_as_it_was(server: Serving) -> None:
    done = shell(
        'trunkcall exec -- aws connectcampaigns list-campaigns; env | grep "^AWS_\\(PROFILE\\|ACCESS\\)"',
        TRUNKCALL_DATA_DIR=str(server.data_dir),
        **LEFT_OVER,
    )
    assert "campaignSummaryList" in done.stdout, done.stderr
    assert done.stdout.endswith("}\nAWS_PROFILE=not-there\n")


def test_a_profile_leads_to_the_server_beside_others(server: Serving, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = eu-west-1\n")
    done = shell(
        "trunkcall env --profile dialer && aws --profile dialer connectcampaigns list-campaigns && "
        "aws configure get trunkcall_instance_id --profile dialer && aws configure get region",
        HOME=str(tmp_path),
        TRUNKCALL_DATA_DIR=str(server.data_dir),
    )
    assert "campaignSummaryList" in done.stdout, done.stderr
    assert done.stdout.endswith(f"{server.environment['TRUNKCALL_INSTANCE_ID']}\neu-west-1\n")
