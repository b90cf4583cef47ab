"""Contacts that are due later, on a real server whose clock falls back whenever it starts. If these fail, a list stands
still for hours after a restart, or people are called before the time."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from serving import Serving, dial_request, put_all, serving
from trunkcall.domain.instants import from_datetime
from trunkcall.storage.sqlite.store import SQLiteStore

pytestmark = pytest.mark.long


async def move(server: Serving, campaign_id: str, contact_ids: list[str], due_at: datetime) -> int:
    """Have waiting contacts be due later, while no server runs."""
    store = SQLiteStore(server.data_dir / "trunkcall.db")
    await store.open()
    try:
        return await store.change_due(campaign_id, contact_ids, due_at=from_datetime(due_at))
    finally:
        await store.close()


def ended(server: Serving) -> list[dict[str, str]]:
    return [record for record in server.export() if record["Disposition"]]


def test_a_restart_at_high_speed_stops_nobody_and_nobody_is_dialed_before_the_time(tmp_path: Path) -> None:
    with serving(tmp_path / "data", speed=600, agents=4) as server:
        began_at = server.instance_time()
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        ids = put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(700)])
        server.wait_until(lambda: server.metric("trunkcall_contacts_ended_total") > 100)
        server.wait_until(lambda: server.instance_time() > began_at + timedelta(hours=1))
        stopped_at = server.instance_time()
        server.kill()

        last = [ids[f"a-{n}"] for n in range(690, 700)]
        due_at = (stopped_at + timedelta(hours=1)).replace(microsecond=0)
        moved = asyncio.run(move(server, campaign_id, last, due_at))
        assert moved == 10
        server.start()
        assert server.instance_time() < stopped_at, "the clock fell back"
        client = server.client()
        said = server.trunkcall(
            *("explain", "--campaign", campaign_id, "--dial-request", last[0], "--json"),
            *("--data-dir", str(server.data_dir)),
        )
        assert json.loads(said.stdout)["reasons"][0]["code"] == "DUE_LATER"
        ids |= put_all(client, campaign_id, [dial_request(f"b-{n}", n) for n in range(50)])
        server.wait_until(lambda: len(ended(server)) == len(ids))

        records = {record["ContactId"]: record for record in server.export()}
        assert all(record["Attempts"] == 1 for record in records.values())
        assert all(datetime.fromisoformat(records[each]["AttemptTimestamp"]) >= due_at for each in last)
        assert "Traceback" not in server.log_path.read_text()
