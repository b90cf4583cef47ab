"""kill -9 of a server whose agents are on the line for the whole day, on a carrier that outlives it.

What a user would lose otherwise: every crash hangs up all agents, those who talk and those who wait for the next
customer, and each has to be rung and to pick up again.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from faults.carrying import carrying
from serving import Serving, dial_request, put_all

pytestmark = pytest.mark.long

AGENTS, TALKS = 30, 10
SPEED = 5
"""Talks go on for half a minute, longer than a server takes to come back."""


def stored(server: Serving, sql: str) -> list[Any]:
    """What the store holds at this moment."""
    with closing(sqlite3.connect(f"file:{server.data_dir / 'trunkcall.db'}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def sessions(server: Serving) -> dict[str, str]:
    """The leg of each agent's session."""
    return dict(stored(server, "SELECT agent_id, leg_id FROM session"))


def talks(server: Serving) -> dict[str, str]:
    """Contacts in which two people talk, and the agent's leg of each."""
    return dict(stored(server, "SELECT contact_id, agent_leg_id FROM contact WHERE state = 'Connected'"))


def keep_on_the_line(server: Serving) -> None:
    """Every agent gets a persistent connection."""
    connect, instance_id = server.client("connect"), server.environment["TRUNKCALL_INSTANCE_ID"]
    pages = connect.get_paginator("list_users").paginate(InstanceId=instance_id)
    users = [user["Id"] for page in pages for user in page["UserSummaryList"]]
    assert len(users) == AGENTS
    phone = {"PhoneType": "SOFT_PHONE", "AutoAccept": True, "PersistentConnection": True}
    for user_id in users:
        connect.update_user_phone_config(InstanceId=instance_id, UserId=user_id, PhoneConfig=phone)


@pytest.mark.timeout(240)
def test_talks_and_sessions_outlive_the_server_and_the_next_live_answers_are_bridged_into_them(tmp_path: Path) -> None:
    with carrying(tmp_path, speed=SPEED, agents=AGENTS) as (carrier, server):
        keep_on_the_line(server)
        server.wait_until(lambda: len(sessions(server)) == AGENTS)
        former = sessions(server)
        client = server.pinned().client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        ids = put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(300)])
        server.wait_until(lambda: len(talks(server)) >= TALKS)

        server.kill()
        talking = talks(server)
        assert sessions(server) == former
        assert set(talking.values()) <= set(former.values()), "a contact is not on the agent's session"
        assert len(talking) < AGENTS, "nobody waits for the next customer"
        time.sleep(1)
        server.start()

        server.wait_until(lambda: len(talks(server).keys() - talking.keys()) >= TALKS)
        assert sessions(server) == former, "somebody was rung again"
        assert set(talks(server).values()) <= set(former.values())

        def over() -> list[dict[str, Any]]:
            return [r for r in server.export() if r["Disposition"] and r["ContactId"] in talking]

        server.wait_until(lambda: len(over()) >= TALKS // 2)
        reasons = {record["DisconnectReason"] for record in over()}
        assert reasons <= {"CUSTOMER_DISCONNECT", "AGENT_DISCONNECT"}, "a talk was ended by the crash"
        assert {record["Disposition"] for record in over()} == {"connected_to_agent"}
        assert sessions(server) == former
        assert max(carrier.originates().values()) == 1
        assert carrier.originates().keys() <= set(ids.values())
        assert "Traceback" not in server.log_path.read_text()
