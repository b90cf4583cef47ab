"""Progress of campaigns through the API. If these fail, who watches a shift sees something else than what happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from serving import Serving, dial_request, put_all, serving
from trunkcall.cli.client import Connection, trunkcall_client


def own_client(server: Serving) -> Any:
    given = server.environment
    return trunkcall_client(
        Connection(server.url, given["AWS_REGION"], given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    )


def dial(server: Serving, client: Any, name: str, requests: int) -> str:
    """A campaign that has dialed all of its list."""
    campaign_id: str = client.create_campaign(**server.campaign_arguments(name))["id"]
    client.start_campaign(id=campaign_id)
    expires_at = server.in_instance_time(days=30)
    put_all(client, campaign_id, [dial_request(f"lead-{i}", i, expires_at) for i in range(requests)])
    own = own_client(server)

    def done() -> bool:
        found = own.get_campaign_progress(id=campaign_id)["progress"]
        return bool(found["accepted"] == sum(found["dispositions"].values()))

    server.wait_until(done)
    return campaign_id


def lasting(progress: dict[str, Any]) -> dict[str, Any]:
    """The figures that are the same before and after a restart."""
    names = ("accepted", "attempts", "waiting", "inProgress", "dispositions", "liveAnswers", "abandoned", "abandonment")
    return {name: progress[name] for name in names}


def test_figures_add_up_and_outlive_the_server(tmp_path: Path) -> None:
    with serving(tmp_path / "data", speed=600, agents=20) as server:
        campaign_id = dial(server, server.client(), "Spring", 60)
        before = own_client(server).get_campaign_progress(id=campaign_id)["progress"]
        assert before["state"] == "Running"
        assert before["dialer"] == "progressive"
        assert before["attempts"] == before["accepted"] == sum(before["dispositions"].values()) == 60
        assert sum(before["attemptsByMinute"]) == 60
        assert before["liveAnswers"] >= before["dispositions"]["connected_to_agent"] > 0
        assert before["abandonment"][0]["window"] == "24h"
        assert before["abandonment"][0]["liveAnswers"] == before["liveAnswers"]
        assert before["abandonmentTargetRatio"] == 0.03
        assert sum(before["floor"]["agents"].values()) == 20
        assert before["reason"]["code"] == "NO_REQUESTS"
        server.kill()
        server.start()
        own = own_client(server)
        server.wait_until(lambda: "floor" in own.get_campaign_progress(id=campaign_id)["progress"])
        assert lasting(own.get_campaign_progress(id=campaign_id)["progress"]) == lasting(before)
        server.client().stop_campaign(id=campaign_id)
        server.kill()
        server.start()
        after = own_client(server).get_campaign_progress(id=campaign_id)["progress"]
        assert lasting(after) == lasting(before), "though the dialer need not know a campaign that is over"


@pytest.fixture(scope="module")
def own(server: Serving) -> Any:
    return own_client(server)


def test_the_list_is_paged_and_may_be_of_some_states(server: Serving, client: Any, own: Any) -> None:
    ids = [client.create_campaign(**server.campaign_arguments(f"Listed {n}"))["id"] for n in range(5)]
    client.start_campaign(id=ids[1])
    client.start_campaign(id=ids[3])
    client.pause_campaign(id=ids[3])

    def listed(**arguments: Any) -> list[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = own.list_campaign_progress(maxResults=2, **arguments, **token)
            found += [item["campaignId"] for item in page["campaigns"]]
            if "nextToken" not in page:
                return [item for item in found if item in ids]
            token = {"nextToken": page["nextToken"]}

    assert listed() == ids
    assert listed(states=["Running", "Paused"]) == [ids[1], ids[3]]
    assert listed(states=["Paused"]) == [ids[3]]
    with pytest.raises(own.exceptions.ValidationException):
        own.list_campaign_progress(states=["Asleep"])
    token = own.list_campaign_progress(maxResults=1)["nextToken"]
    with pytest.raises(own.exceptions.ValidationException, match="Begin again"):
        own.list_campaign_progress(states=["Paused"], nextToken=token)


def test_the_instance_tells_of_its_agents_and_lines(server: Serving, own: Any) -> None:
    instance_id = server.environment["TRUNKCALL_INSTANCE_ID"]
    found = own.get_instance_status(connectInstanceId=instance_id)
    assert (found["dialing"], found["instanceAlias"]) == (True, "default")
    assert sum(found["floor"]["agents"].values()) == 20
    assert found["floor"]["carrierUp"] is True
    with pytest.raises(own.exceptions.ResourceNotFoundException):
        own.get_instance_status(connectInstanceId="another")
    with pytest.raises(own.exceptions.ResourceNotFoundException):
        own.get_campaign_progress(id="another")


def test_agents_are_confirmed_who_are_there_and_nobody_with_one_who_is_not(server: Serving, own: Any) -> None:
    instance_id = server.environment["TRUNKCALL_INSTANCE_ID"]
    given = server.environment
    connect = boto3.client(
        "connect",
        endpoint_url=server.url,
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )
    agents = [user["Id"] for user in connect.list_users(InstanceId=instance_id)["UserSummaryList"]]
    own.confirm_agents(connectInstanceId=instance_id, agentIds=agents)
    for instance, named in ((instance_id, [*agents[:1], "nobody"]), ("another", agents[:1])):
        with pytest.raises(own.exceptions.ResourceNotFoundException):
            own.confirm_agents(connectInstanceId=instance, agentIds=named)
    with pytest.raises(own.exceptions.ValidationException, match="agentIds"):
        own.confirm_agents(connectInstanceId=instance_id, agentIds=agents[:1] * 101)


def test_each_question_is_an_action_of_its_own(server: Serving, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    statement = {"Effect": "Allow", "Action": "connect-campaigns:GetCampaignProgress", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    made = server.trunkcall("keys", "create", "--json", "--policy", str(policy), "--data-dir", str(server.data_dir))
    key = json.loads(made.stdout)
    watcher = trunkcall_client(Connection(server.url, "us-east-1", key["AccessKeyId"], key["SecretAccessKey"]))
    with pytest.raises(watcher.exceptions.ResourceNotFoundException):
        watcher.get_campaign_progress(id="another")
    with pytest.raises(watcher.exceptions.AccessDeniedException):
        watcher.list_campaign_progress()
    with pytest.raises(watcher.exceptions.AccessDeniedException):
        watcher.get_instance_status(connectInstanceId="any")
    with pytest.raises(watcher.exceptions.AccessDeniedException):
        watcher.confirm_agents(connectInstanceId="any", agentIds=["ann"])
