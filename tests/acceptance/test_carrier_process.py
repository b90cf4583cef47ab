"""The carrier in a process of its own: a restart of the dialer is nothing that two people who talk would notice.

What a user would lose otherwise: every conversation of the floor, whenever the server is updated.
"""

from __future__ import annotations

import json
from pathlib import Path

from faults.carrying import carrying, check, ended
from serving import dial_request, put_all


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
        ids = put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(120)])
        for how in (server.kill, server.stop):
            talking: set[str] = set()

            def some_talk(talking: set[str] = talking) -> bool:
                talking |= {r["ContactId"] for r in server.export() if r["State"] == "Connected"}
                return len(talking) >= 3

            server.wait_until(some_talk)
            talking = {r["ContactId"] for r in server.export() if r["State"] == "Connected"}
            how()
            server.start()
        server.wait_until(lambda: ended(server) == 120)
        check(server, ids, carrier.originates())
        of_those = [r for r in server.export() if r["ContactId"] in talking]
        assert of_those
        assert {r["Disposition"] for r in of_those} == {"connected_to_agent"}
        assert "TELECOM_PROBLEM" not in {r["DisconnectReason"] for r in of_those}, "a conversation was cut"


def test_health_says_in_words_what_is_wrong_with_the_carrier(tmp_path: Path) -> None:
    with carrying(tmp_path) as (carrier, server):
        carrier.kill()

        def trouble() -> str:
            return json.loads(server.get("/health"))["trouble"] or ""

        server.wait_until(lambda: "cannot be reached" in trouble())
        carrier.start()
        server.wait_until(lambda: not trouble())
