"""A second contact centre beside the first, in one store and on one server. If these fail, whoever runs both finds the
campaigns of one of them standing still."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from prometheus_client.parser import text_string_to_metric_families

from faults.carrying import AGENTS, carrying, check, ended
from serving import Serving, dial_request, put_all, serving, settings_of
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.compose.store import opened_store
from trunkcall.domain.directory import Directory
from trunkcall.domain.user import PhoneConfig
from trunkcall.service.installation import first_installation, simulated_agents


async def make_instance(data_dir: Path, *, agents: int) -> Directory:
    """Another instance, made beside the server that runs."""
    async with opened_store(settings_of(data_dir)) as store:
        first = first_installation(
            now=time.time_ns() // 1000,
            new_id=lambda: str(uuid4()),
            access_key_id="AKIA",
            secret="s",
            policy=ALL_ACTIONS_POLICY,
            seal=lambda secret, key: secret.encode(),
        )
        directory = first.directory
        await store.create_instance(directory)
        phone = PhoneConfig(after_contact_work_limit_s=10)
        staff = [replace(agent, phone=phone) for agent in simulated_agents(directory, agents)]
        await store.put_facts(directory.instance.instance_id, staff)
        return directory


def come_in(server: Serving, directory: Directory) -> None:
    """All agents of the instance want to work."""
    given = server.environment
    connect = boto3.client(
        "connect",
        endpoint_url=server.url,
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
    )
    within = {"InstanceId": directory.instance.instance_id}
    statuses = connect.list_agent_statuses(**within)["AgentStatusSummaryList"]
    available = next(status["Id"] for status in statuses if status["Type"] == "ROUTABLE")
    for user in connect.list_users(**within)["UserSummaryList"]:
        connect.put_user_status(**within, UserId=user["Id"], AgentStatusId=available)


def running_campaign(server: Serving, client: Any, name: str, directory: Directory | None = None) -> str:
    changes: dict[str, Any] = {}
    if directory is not None:
        flow, queue = next(iter(directory.contact_flows)), next(iter(directory.queues))
        call = {"connectContactFlowId": flow, "connectQueueId": queue}
        changes = {"connectInstanceId": directory.instance.instance_id, "outboundCallConfig": call}
    campaign_id: str = client.create_campaign(**server.campaign_arguments(name, **changes))["id"]
    client.start_campaign(id=campaign_id)
    return campaign_id


def labels_of(server: Serving, metric: str, **others: str) -> dict[str, float]:
    """A metric by instance, where its other labels are these."""
    families = text_string_to_metric_families(server.get("/metrics"))
    samples = [sample for family in families for sample in family.samples if sample.name == metric]
    meant = [sample for sample in samples if others.items() <= sample.labels.items()]
    return {sample.labels["instance_id"]: sample.value for sample in meant}


@pytest.mark.parametrize("killed", [False, True])
def test_a_second_instance_is_dialed_for_beside_the_first_without_a_restart(tmp_path: Path, killed: bool) -> None:
    with serving(tmp_path / "data", speed=300, agents=5, agent_state_max_age_s=0) as server:
        first = server.environment["TRUNKCALL_INSTANCE_ID"]
        directory = asyncio.run(make_instance(tmp_path / "data", agents=3))
        come_in(server, directory)
        second = directory.instance.instance_id
        server.wait_until(lambda: len(json.loads(server.get("/health"))["instances"]) == 2)
        client = server.client()
        campaigns = {
            running_campaign(server, client, "Spring"): first,
            running_campaign(server, client, "Spring", directory): second,
        }
        dialed, loaded = campaigns
        put_all(client, dialed, [dial_request(f"person-{n}", n) for n in range(60)])
        leads = tmp_path / "leads.csv"
        leads.write_text("phone\n" + "\n".join(f"+1212555{100 + n:04d}" for n in range(60)))
        where = ("--data-dir", str(server.data_dir))
        server.trunkcall("load", str(leads), "--campaign", loaded, "--expires-in", "8h", *where)
        if killed:
            server.kill()
            server.start()
        server.wait_until(lambda: all(record["DisconnectTimestamp"] for record in server.export()))
        for campaign_id, instance_id in campaigns.items():
            records = [each for each in server.export() if each["Campaign"]["CampaignId"] == campaign_id]
            assert len(records) == 60
            assert {each["InstanceARN"].rpartition("/")[2] for each in records} == {instance_id}
        told = json.loads(server.get("/health"))
        assert told["status"] == "ok"
        assert told["instance_id"] == first
        assert [(each["instance_id"], each["status"]) for each in told["instances"]] == [(first, "ok"), (second, "ok")]
        assert labels_of(server, "trunkcall_dialer_up") == {first: 1.0, second: 1.0}
        assert labels_of(server, "trunkcall_agents_staffed") == {first: 5.0, second: 3.0}
        status = server.trunkcall("status", "--data-dir", str(server.data_dir)).stdout
        assert "INSTANCE" in status
        assert first in status
        assert second in status
        assert server.stop() == 0


@pytest.mark.long
def test_one_carrier_apart_serves_both_instances_and_keeps_their_talks_through_a_crash(tmp_path: Path) -> None:
    with carrying(tmp_path, agent_state_max_age_s=0) as (carrier, server):
        first = server.environment["TRUNKCALL_INSTANCE_ID"]
        directory = asyncio.run(make_instance(tmp_path / "data", agents=10))
        come_in(server, directory)
        second = directory.instance.instance_id
        server.wait_until(lambda: len(json.loads(server.get("/health"))["instances"]) == 2)
        client = server.client()
        ids: dict[str, str] = {}
        # As much for each agent, so that both are dialed for as long.
        for place, number in ((None, 8 * AGENTS), (directory, 8 * 10)):
            campaign_id = running_campaign(server, client, "Spring", place)
            ids |= put_all(client, campaign_id, [dial_request(f"{campaign_id}-{n}", n) for n in range(number)])
        # Looked for where a look costs little: beside others an export takes as long as all the talks.
        server.wait_until(
            lambda: sum(talks > 1 for talks in labels_of(server, "trunkcall_agents", state="Connected").values()) == 2
        )
        server.kill()
        talked = {
            record["ContactId"]: record["InstanceARN"].rpartition("/")[2]
            for record in server.export()
            if record["State"] == "Connected"
        }
        assert set(talked.values()) == {first, second}
        server.start()
        server.wait_until(lambda: ended(server) == len(ids))
        check(server, ids, carrier.originates())
        ends = {record["ContactId"]: record["Disposition"] for record in server.export()}
        assert {ends[contact_id] for contact_id in talked} == {"connected_to_agent"}, "a talk was cut off"
        told = json.loads(server.get("/health"))
        assert (told["status"], told["trouble"]) == ("ok", None), "one takes the carrier from the other"
        assert server.stop() == 0
