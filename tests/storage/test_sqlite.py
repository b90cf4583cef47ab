"""What is particular to the store in an SQLite file: its file, its writer thread, how it is opened and closed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from storage.support import (
    LATER,
    NOW,
    accept,
    begin,
    campaign,
    dial_request,
    directory,
    due,
    fresh,
    put,
    records,
    stand_up,
)
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import ContactAnswered
from trunkcall.domain.directory import CentreUse, Directory, Fact, VersionedFact
from trunkcall.domain.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidCampaignStateError,
    NotFoundError,
    StoreError,
    StoreUnavailableError,
)
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.queue import Queue
from trunkcall.domain.user import Agent
from trunkcall.storage.sqlite.operations import centre
from trunkcall.storage.sqlite.operations import instances as instance_operations
from trunkcall.storage.sqlite.operations.facts import fact_from_row
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.sqlite.transaction import WriteTransaction
from trunkcall.storage.sqlite.writer import MAX_GROUP

CAMPAIGN = "campaign-1"


Written: TypeAlias = Callable[[SQLiteStore, Callable[[WriteTransaction], object]], Coroutine[Any, Any, None]]


def writes_anything(monkeypatch: pytest.MonkeyPatch) -> Written:
    """Have stores do what no operation of theirs does, in the thread that writes: each in place of forgetting a job."""
    deeds: dict[str, Callable[[WriteTransaction], object]] = {}
    monkeypatch.setattr(instance_operations, "delete_onboarding_job", lambda writing, name: deeds[name](writing))

    def written(store: SQLiteStore, deed: Callable[[WriteTransaction], object]) -> Coroutine[Any, Any, None]:
        name = f"deed-{len(deeds)}"
        deeds[name] = deed
        return store.delete_onboarding_job(name)

    return written


def replaced(found: Directory, use: CentreUse, agent: Agent) -> Sequence[Fact]:
    """A decision to have this agent in place of the former."""
    assert agent.agent_id in found.agents
    return [agent]


def row_of(instance_id: str) -> dict[str, Any]:
    """An instance, by the names of its columns."""
    return {"instance_id": instance_id, "alias": "alias", "created_at": NOW, "onboarded": 1, "document": "{}"}


class TestTheFile:
    async def test_it_is_readable_by_its_owner_alone(self, sqlite: SQLiteStore, path: Path) -> None:
        await stand_up(sqlite)
        names = {file.name for file in path.parent.iterdir()}
        assert names == {"trunkcall.db", "trunkcall.db-wal", "trunkcall.db-shm"}
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    async def test_every_commit_is_synced(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[tuple[Any, ...]] = []

        class ToldOfConnection(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if sql == "COMMIT":
                    names = ("journal_mode", "synchronous", "foreign_keys")
                    seen.append(tuple(self.execute(f"PRAGMA {name}").fetchone()[0] for name in names))
                return super().execute(sql, *parameters)

        connect = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **kw: connect(*a, factory=ToldOfConnection, **kw))
        store = SQLiteStore(path)
        await store.open()
        await stand_up(store)
        await accept(store)
        await store.close()
        assert set(seen) == {("wal", 2, 1)}

    async def test_what_was_accepted_is_there_after_the_store_was_abandoned(
        self, sqlite: SQLiteStore, path: Path
    ) -> None:
        await stand_up(sqlite)
        requests = [dial_request() for _ in range(30)]
        await put(sqlite, *requests)
        second = SQLiteStore(path)
        await second.open()
        assert set(await records(second)) == {request.contact_id for request in requests}
        assert await second.waiting_count(CAMPAIGN) == 30
        await second.close()

    async def test_what_another_process_changes_is_seen_soon_and_what_this_one_does_at_once(
        self, sqlite: SQLiteStore, path: Path
    ) -> None:
        """Or campaigns call through a queue that is gone."""
        now_s = 0.0
        store = SQLiteStore(path, monotonic=lambda: now_s)
        await store.open()
        await stand_up(store)

        async def queues() -> set[str]:
            directory = await store.directory("instance-1")
            assert directory is not None
            return set(directory.queues)

        before = await queues()
        await store.put_facts("instance-1", [Queue("ours", "Ours")])
        assert await queues() == before | {"ours"}
        await store.remove_facts("instance-1", FactKind.QUEUE, ["ours"], at=NOW)
        assert await queues() == before
        await sqlite.put_facts("instance-1", [Queue("theirs", "Theirs")])
        now_s += 0.1
        assert await queues() == before | {"theirs"}
        await store.close()

    async def test_a_change_of_one_agent_reads_no_others(
        self, sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or ten thousand agents make a change of any of them take half a second, for everybody who writes."""
        agents = [Agent(f"agent-{number}", f"user-{number}", "r1") for number in range(500)]
        await stand_up(sqlite)
        await sqlite.put_facts("instance-1", agents)
        await sqlite.change_facts("instance-1", lambda found, use: ())
        made: list[Row] = []

        def counted(row: Row) -> VersionedFact | None:
            made.append(row)
            return fact_from_row(row)

        monkeypatch.setattr(centre, "fact_from_row", counted)
        for agent in agents[:3]:
            changed = replace(agent, routing_profile_id="r2")
            await sqlite.change_facts("instance-1", partial(replaced, agent=changed))
            found = await sqlite.directory("instance-1")
            assert found is not None
            assert found.agents[agent.agent_id] == changed
        assert 0 < len(made) <= 9
        made.clear()
        await asyncio.gather(
            *(sqlite.change_facts("instance-1", partial(replaced, agent=agent)) for agent in agents[:50])
        )
        assert len(made) <= 150, "nor of many at once each what those before have changed"

    async def test_what_was_accepted_survives_a_killed_process(self, path: Path) -> None:
        program = """
import asyncio, os, signal, sys
from pathlib import Path
from storage.support import dial_request, put, stand_up
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.sqlite.states import with_states

async def main():
    store = SQLiteStore(Path(sys.argv[1]))
    await store.open()
    await stand_up(store)
    results = await asyncio.gather(*(put(store, *(dial_request() for _ in range(25))) for _ in range(20)))
    for result in results:
        print(*(accepted.contact_id for accepted in result.accepted), sep="\\n")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, str(path), stdout=subprocess.PIPE, env=environment
        )
        output, _ = await process.communicate()
        assert process.returncode == -9
        store = SQLiteStore(path)
        await store.open()
        assert sorted(await records(store)) == sorted(output.decode().split())
        assert await store.waiting_count(CAMPAIGN) == 500
        await store.close()

    async def test_a_sequence_number_is_never_given_twice(self, sqlite: SQLiteStore, path: Path) -> None:
        await stand_up(sqlite)
        await put(sqlite, dial_request(), dial_request())
        last = (await due(sqlite, CAMPAIGN, limit=5))[-1]
        with sqlite3.connect(path) as connection:
            connection.execute("DELETE FROM contact WHERE sequence = ?", (last.sequence,))
        connection.close()
        await accept(sqlite)
        assert (await due(sqlite, CAMPAIGN, limit=5))[-1].sequence > last.sequence

    async def test_tokens_and_attributes_may_hold_nul(self, sqlite: SQLiteStore) -> None:
        await stand_up(sqlite)
        requests = [dial_request("a\0b", attributes={"k": "x\0y"}), dial_request("a\0c"), dial_request("a")]
        assert (await put(sqlite, *requests)).accepted == [fresh(request) for request in requests]
        assert (await records(sqlite))[requests[0].contact_id].attributes == {"k": "x\0y"}


class TestGroupCommit:
    async def test_operations_that_fail_harm_no_others_of_their_group(self, sqlite: SQLiteStore) -> None:
        lease = await stand_up(sqlite)
        contact_id = await accept(sqlite)
        await sqlite.create_campaign(campaign("paused", state=CampaignState.PAUSED))
        one, two, three = dial_request(), dial_request(), dial_request()
        outcomes = await asyncio.gather(
            put(sqlite, one),
            put(sqlite, dial_request(), campaign_id="nothing"),
            put(sqlite, two),
            put(sqlite, dial_request(), campaign_id="paused"),
            # Fails midway, after it has begun the attempt: the whole group is run again.
            sqlite.commit(lease, [begin(contact_id), ContactAnswered("unknown", NOW, None)]),
            put(sqlite, three),
            return_exceptions=True,
        )
        errors = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        assert errors == [NotFoundError, InvalidCampaignStateError, IllegalTransitionError]
        waiting = await due(sqlite, CAMPAIGN, limit=10)
        expected = [contact_id, *(request.contact_id for request in (one, two, three))]
        assert [contact.contact_id for contact in waiting] == expected
        assert await sqlite.waiting_count(CAMPAIGN) == 4

    async def test_a_defect_in_one_operation_reaches_its_caller_alone(
        self, sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await stand_up(sqlite)

        def defective(transaction: WriteTransaction) -> None:
            transaction.execute("insert_instance", **row_of("i9"))
            raise ZeroDivisionError

        def contradicting(transaction: WriteTransaction) -> None:
            transaction.execute("insert_instance", **row_of("instance-1"))

        written = writes_anything(monkeypatch)
        request = dial_request()
        outcomes = await asyncio.gather(
            written(sqlite, defective), put(sqlite, request), written(sqlite, contradicting), return_exceptions=True
        )
        assert isinstance(outcomes[0], ZeroDivisionError)
        assert isinstance(outcomes[2], StoreError)
        assert isinstance(outcomes[2].__cause__, sqlite3.IntegrityError)
        assert [instance.instance_id for instance in await sqlite.instances()] == ["instance-1"]
        assert request.contact_id in await records(sqlite)

    async def test_one_commit_serves_everything_queued(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        commits: list[str] = []
        free = threading.Event()

        class CountingConnection(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if sql == "COMMIT":
                    commits.append(sql)
                return super().execute(sql, *parameters)

        connect = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **kw: connect(*a, factory=CountingConnection, **kw))
        store = SQLiteStore(path)
        await store.open()
        await stand_up(store)
        written = writes_anything(monkeypatch)
        holding = asyncio.ensure_future(written(store, lambda transaction: free.wait()))
        await asyncio.sleep(0.05)
        commits.clear()
        puts = [asyncio.ensure_future(put(store, dial_request())) for _ in range(MAX_GROUP + 1)]
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(holding, *puts)
        assert len(commits) == 3, "the one that held the thread, a full group, and the one left over"
        assert await store.waiting_count(CAMPAIGN) == MAX_GROUP + 1
        await store.close()

    async def test_a_caller_that_gave_up_does_not_break_the_thread(self, sqlite: SQLiteStore) -> None:
        await stand_up(sqlite)
        request = dial_request()
        abandoned = asyncio.ensure_future(put(sqlite, request))
        await asyncio.sleep(0)
        abandoned.cancel()
        with pytest.raises(asyncio.CancelledError):
            await abandoned
        await accept(sqlite)
        assert request.contact_id in await records(sqlite)

    async def test_a_store_locked_by_another_process_is_unavailable_until_it_is_free(
        self, sqlite: SQLiteStore, path: Path
    ) -> None:
        await stand_up(sqlite)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        outcomes = await asyncio.gather(*(put(sqlite, dial_request()) for _ in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailableError] * 3
        assert all(isinstance(o.__cause__, sqlite3.OperationalError) for o in outcomes if isinstance(o, Exception))
        assert await sqlite.campaign(CAMPAIGN) is not None, "reads go on"
        other.execute("ROLLBACK")
        other.close()
        await accept(sqlite)
        assert await sqlite.waiting_count(CAMPAIGN) == 1

    @pytest.mark.parametrize("broken", [("COMMIT",), ("COMMIT", "ROLLBACK"), ("BEGIN IMMEDIATE",)])
    async def test_a_commit_that_fails_fails_its_group_and_no_later_one(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...]
    ) -> None:
        failing: list[bool] = []

        class FailingConnection(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                if failing and sql in broken:
                    raise sqlite3.OperationalError("disk I/O error")
                return super().execute(sql, *parameters)

        connect = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **kw: connect(*a, factory=FailingConnection, **kw))
        store = SQLiteStore(path)
        await store.open()
        await stand_up(store)
        failing.append(True)
        outcomes = await asyncio.gather(*(put(store, dial_request()) for _ in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailableError] * 3
        assert all(isinstance(o.__cause__, sqlite3.OperationalError) for o in outcomes if isinstance(o, Exception))
        failing.clear()
        contact_id = await accept(store)
        assert list(await records(store)) == [contact_id]
        assert await store.waiting_count(CAMPAIGN) == 1
        await store.close()

    async def test_a_full_disk_loses_nothing_that_was_accepted(
        self, sqlite: SQLiteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await stand_up(sqlite)
        kept = await accept(sqlite)
        written = writes_anything(monkeypatch)

        def limit(pages: int) -> Callable[[WriteTransaction], object]:
            return lambda transaction: transaction.execute_text(f"PRAGMA max_page_count = {pages}")

        await written(sqlite, limit(1))
        big = [dial_request(attributes={"note": "x" * 2000}) for _ in range(100)]
        with pytest.raises(StoreUnavailableError):
            await put(sqlite, *big)
        await written(sqlite, limit(1_000_000))
        assert list(await records(sqlite)) == [kept]
        await put(sqlite, *big)
        assert await sqlite.waiting_count(CAMPAIGN) == 101


class TestOpeningAndClosing:
    async def test_a_store_must_be_open(self, path: Path) -> None:
        store = SQLiteStore(path)
        for use in (store.campaign("c"), store.create_instance(directory()), anext(store.contacts())):
            with pytest.raises(StoreError, match="not open"):
                await use

    async def test_closing_twice_is_closing_once(self, sqlite: SQLiteStore) -> None:
        await asyncio.gather(sqlite.close(), sqlite.close())
        await sqlite.close()
        for use in (sqlite.waiting_count("c"), put(sqlite), sqlite.instances()):
            with pytest.raises(StoreError, match="not open"):
                await use

    async def test_closing_finishes_what_was_begun(self, sqlite: SQLiteStore, path: Path) -> None:
        await stand_up(sqlite)
        pending = [asyncio.ensure_future(put(sqlite, dial_request())) for _ in range(20)]
        await asyncio.sleep(0)
        await sqlite.close()
        await asyncio.gather(*pending)
        assert [file.name for file in path.parent.iterdir()] == [path.name], "the log was written back and removed"

    async def test_an_open_store_is_not_opened_again(self, sqlite: SQLiteStore) -> None:
        for step in (sqlite.open(), sqlite.migrate()):
            with pytest.raises(StoreError):
                await step

    async def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreUnavailableError, match="cannot be opened"):
            await SQLiteStore(tmp_path / "file" / "trunkcall.db").open()

    async def test_errors_hold_nothing_personal(self, sqlite: SQLiteStore) -> None:
        await stand_up(sqlite)
        first = dial_request("secret-token")
        await put(sqlite, first)
        clash = dial_request("other-token", contact_id=first.contact_id, attributes={"name": "Ann"})
        with pytest.raises(ConflictError) as conflict:
            await put(sqlite, clash)
        await sqlite.change_campaign_state(CAMPAIGN, allowed_from=[CampaignState.RUNNING], to=CampaignState.STOPPED)
        with pytest.raises(InvalidCampaignStateError) as stopped:
            await put(sqlite, clash)
        for error in (conflict.value, stopped.value):
            for personal in (clash.phone_number, "token", "Ann"):
                assert personal not in str(error)


async def test_expiry_looks_only_at_what_ends(sqlite: SQLiteStore) -> None:
    lease = await stand_up(sqlite)
    await put(sqlite, *(dial_request() for _ in range(3)), dial_request(expires_at=NOW))
    assert len(await sqlite.expire_waiting(lease, now=NOW, limit=100)) == 1
    assert len(await sqlite.expire_waiting(lease, now=LATER, limit=100)) == 3
