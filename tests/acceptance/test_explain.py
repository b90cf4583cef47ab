"""`trunkcall explain` against a real server. If these fail, nobody learns why a campaign does not dial."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serving import Serving
from trunkcall.cli.client import Connection, trunkcall_client


@pytest.fixture
def campaign_id(server: Serving, client: Any, request: pytest.FixtureRequest) -> str:
    created: str = client.create_campaign(**server.campaign_arguments(request.node.name[:100]))["id"]
    return created


def explain(server: Serving, *arguments: str, check: bool = True) -> Any:
    return server.trunkcall("explain", *arguments, "--data-dir", str(server.data_dir), check=check)


def test_a_campaign_says_that_it_was_never_started_and_then_that_its_list_is_empty(
    server: Serving, client: Any, campaign_id: str
) -> None:
    assert "until it is started" in explain(server, "--campaign", campaign_id).stdout
    client.start_campaign(id=campaign_id)
    answer = json.loads(explain(server, "--campaign", campaign_id, "--json").stdout)
    assert answer["state"] == "Running"
    assert answer["reasons"][0]["code"] in {"NO_DIALER", "NO_REQUESTS"}, "the dialer may not have heard of it yet"
    assert answer["figures"]["dialRequestsWaiting"] == 0


def test_a_request_that_was_dialed_says_how_it_ended(server: Serving, client: Any, campaign_id: str) -> None:
    client.start_campaign(id=campaign_id)
    accepted = client.put_dial_request_batch(
        id=campaign_id,
        dialRequests=[
            {
                "clientToken": "only",
                "phoneNumber": "+12125550100",
                "expirationTime": server.in_instance_time(hours=9),
                "attributes": {"name": "Ada Lovelace"},
            }
        ],
    )
    dial_request_id = accepted["successfulRequests"][0]["id"]
    server.wait_until(lambda: server.export("--campaign", campaign_id)[0]["Disposition"] is not None)
    said = explain(server, "--campaign", campaign_id, "--dial-request", dial_request_id).stdout
    assert "[ENDED]" in said
    assert "Ada" not in said
    assert "2125550100" not in said


NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("arguments", "where_to_look"),
    [
        (["--campaign", "nowhere"], "campaign list"),
        (["--campaign", NOWHERE], "campaign list"),
        (["--campaign", NOWHERE, "--dial-request", "nobody"], "campaign list"),
        (["--campaign", "{id}", "--dial-request", "nobody"], "export contacts"),
    ],
)
def test_what_does_not_exist_is_said_without_a_traceback(
    server: Serving, campaign_id: str, arguments: list[str], where_to_look: str
) -> None:
    done = explain(server, *[argument.format(id=campaign_id) for argument in arguments], check=False)
    assert done.returncode == 1
    assert [name for name in ("campaign list", "export contacts") if name in done.stderr] == [where_to_look]
    assert len(done.stderr.splitlines()) == 1


def test_a_campaign_is_asked_for_by_its_name(server: Serving, client: Any) -> None:
    client.create_campaign(**server.campaign_arguments("Autumn appeal"))
    assert "until it is started" in explain(server, "autumn appeal").stdout
    assert "until it is started" in explain(server, "--campaign", "Autumn appeal").stdout
    for both_or_none in (("Autumn appeal", "--campaign", "Autumn appeal"), ()):
        assert "name one campaign" in explain(server, *both_or_none, check=False).stderr
    assert "Did you mean 'Autumn appeal'?" in explain(server, "--campaign", "Autum apeal", check=False).stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, 'eval "$(trunkcall env)"'),
        ({"AWS_SECRET_ACCESS_KEY": "another"}, 'eval "$(trunkcall env)"'),
        ({"AWS_ENDPOINT_URL_CONNECTCAMPAIGNS": "http://127.0.0.1:9"}, "No server answers at http://127.0.0.1:9"),
    ],
)
def test_what_is_wrong_on_the_way_to_the_server_is_said_in_one_sentence(
    server: Serving, campaign_id: str, change: dict[str, str], words: str
) -> None:
    done = server.trunkcall("explain", "--campaign", campaign_id, check=False, **server.environment | change)
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_key_that_may_not_ask_is_refused(server: Serving, campaign_id: str, tmp_path: Path) -> None:
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "connect-campaigns:DescribeCampaign", "Resource": "*"}],
        }
    )
    policy = tmp_path / "policy.json"
    policy.write_text(document)
    created = server.trunkcall("keys", "create", "--json", "--policy", str(policy), "--data-dir", str(server.data_dir))
    key = json.loads(created.stdout)
    where = Connection(server.url, "us-east-1", key["AccessKeyId"], key["SecretAccessKey"])
    stranger = trunkcall_client(where)
    with pytest.raises(stranger.exceptions.AccessDeniedException, match="connect-campaigns:GetCampaignExplanation"):
        stranger.get_campaign_explanation(id=campaign_id)
