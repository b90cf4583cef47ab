"""A server whose installation is not what its first start has made. If this fails, whoever has removed the queue, flow
or routing profile that came with it cannot start the server any more, nor tell why.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from serving import serving, settings_of
from trunkcall.compose.store import opened_store
from trunkcall.domain.directory import KEPT
from trunkcall.domain.fact_kind import FactKind

NONE_AT_FIRST = (FactKind.AGENT_STATUS, FactKind.PROMPT, *KEPT)


async def _remove(data_dir: Path, *kinds: FactKind) -> None:
    async with opened_store(settings_of(data_dir)) as store:
        (instance,) = await store.instances()
        directory = await store.directory(instance.instance_id)
        assert directory is not None
        for kind in kinds:
            ids = [fact.fact_id for fact in directory.facts if fact.kind is kind]
            assert await store.remove_facts(instance.instance_id, kind, ids, at=instance.created_at) == len(ids) > 0


def test_a_server_starts_although_the_disk_has_changed_the_id_of_an_agent(tmp_path: Path) -> None:
    """Somebody else has the agent's name then, who is never at work."""
    with serving(tmp_path / "data", agents=3) as server:
        assert server.stop() == 0
        with closing(sqlite3.connect(tmp_path / "data" / "trunkcall.db")) as connection:
            changed = connection.execute("UPDATE fact SET id = substr(id, 2) WHERE name = 'agent-0002'")
            assert changed.rowcount == 1
            connection.commit()
        for _ in range(2):
            server.start()
            status = server.trunkcall("status", "--data-dir", str(server.data_dir))
            assert "3 at work" in status.stdout
            assert "1 offline" in status.stdout
            assert server.stop() == 0


def test_a_server_starts_although_all_that_came_with_it_was_removed(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=3) as server:
        assert server.stop() == 0
        asyncio.run(_remove(tmp_path / "data", *(kind for kind in FactKind if kind not in NONE_AT_FIRST)))
        server.start()
        told = server.trunkcall("env", "--data-dir", str(server.data_dir)).stdout
        assert "TRUNKCALL_INSTANCE_ID" in told, "what is still there is not told"
        status = server.trunkcall("status", "--data-dir", str(server.data_dir))
        assert "3 at work" in status.stdout, "the agents that the server was started with have not come"
        assert server.client().list_campaigns()["campaignSummaryList"] == []
