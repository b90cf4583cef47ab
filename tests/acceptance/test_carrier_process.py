"""The carrier in a process of its own: a restart of the dialer is nothing that two people who talk would notice.

What a user would lose otherwise: every conversation of the floor, whenever the server is updated.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faults.carrying import SPEED, carrying, check, ended
from serving import dial_request, put_all
from trunkcall.settings import load_settings
from trunkcall.simulation.world import World, fate_of

pytestmark = pytest.mark.long

SEED = load_settings(environment={}).seed
LATE = timedelta(seconds=2 * SPEED)
"""How much shorter a talk may look: its beginning came two seconds late to a dialer that was starting beside other
tests."""


def test_a_campaign_runs_to_its_end_through_a_carrier_of_its_own(tmp_path: Path) -> None:
    with carrying(tmp_path) as (carrier, server):
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        ids = put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(100)])
        server.wait_until(lambda: ended(server) == 100)
        check(server, ids, carrier.originates())
        records = server.export()
        assert {r["Disposition"] for r in records} >= {"connected_to_agent", "voicemail", "no_answer"}
        assert len(carrier.originates()) == 100
        assert server.stop() == 0
        assert carrier.stop() == 0
        for log in (server.log_path, carrier.log_path):
            assert "Traceback" not in log.read_text()
            assert "+1212555" not in log.read_text()


def test_agents_keep_talking_through_a_restart_of_the_dialer(tmp_path: Path) -> None:
    with carrying(tmp_path, **{"drain-s": 0}) as (carrier, server):
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        ids: dict[str, str] = {}
        talked_to: set[str] = set()
        for how in (server.kill, server.stop):
            requests = [dial_request(f"{how.__name__}-{n}", n) for n in range(80)]
            ids |= put_all(server.client(), campaign_id, requests)
            talking: set[str] = set()

            def some_talk(talking: set[str] = talking) -> bool:
                talking |= {r["ContactId"] for r in server.export() if r["State"] == "Connected"}
                return len(talking) >= 3

            server.wait_until(some_talk)
            talked_to |= talking
            how()
            server.start()
        server.wait_until(lambda: ended(server) == len(ids))
        check(server, ids, carrier.originates())
        records = server.export()
        assert {r["Disposition"] for r in records if r["ContactId"] in talked_to} == {"connected_to_agent"}
        for record in records:
            if record["Disposition"] == "connected_to_agent":
                assert talked(record) > had_to_say(record) - LATE, "a conversation was cut"


def talked(record: dict[str, Any]) -> timedelta:
    began, ended = record["Agent"]["ConnectedToAgentTimestamp"], record["DisconnectTimestamp"]
    return datetime.fromisoformat(ended) - datetime.fromisoformat(began)


def had_to_say(record: dict[str, Any]) -> timedelta:
    """How long these two talk if nobody disturbs them."""
    return timedelta(microseconds=fate_of(World(), SEED, record["ClientToken"]).talk)


def test_health_says_in_words_what_is_wrong_with_the_carrier(tmp_path: Path) -> None:
    with carrying(tmp_path) as (carrier, server):
        carrier.kill()

        def trouble() -> str:
            return json.loads(server.get("/health"))["trouble"] or ""

        server.wait_until(lambda: "cannot be reached" in trouble())
        carrier.speed = SPEED // 2
        carrier.start()
        server.wait_until(
            lambda: f"it runs at speed {SPEED // 2}, this server at {SPEED}; make them equal" in trouble()
        )
        carrier.kill()
        carrier.speed = SPEED
        carrier.start()
        server.wait_until(lambda: not trouble())
