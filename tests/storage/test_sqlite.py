"""What is particular to the store in an SQLite file: its schema, its file, its writer thread, its plans."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio

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
from trunkcall.domain.contact import ContactState
from trunkcall.domain.directory import Queue
from trunkcall.domain.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidCampaignStateError,
    NotFoundError,
    SchemaMismatchError,
    StoreError,
    StoreUnavailableError,
)
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import MILLISECOND
from trunkcall.domain.transitions import CAMPAIGN as CAMPAIGNS
from trunkcall.domain.transitions import CONTACT, IN_PROGRESS, CampaignEvent, ContactEvent, sources, target
from trunkcall.storage.sqlite import schema
from trunkcall.storage.sqlite.operations import instances as instance_operations
from trunkcall.storage.sqlite.statements import QUERIES, insert, parse_queries
from trunkcall.storage.sqlite.states import with_states
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.sqlite.transaction import WriteTransaction
from trunkcall.storage.sqlite.writer import MAX_GROUP
from trunkcall.storage.store import Store

CAMPAIGN = "campaign-1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "trunkcall.db"


@pytest_asyncio.fixture
async def sqlite(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, busy_timeout=20 * MILLISECOND)
    _: Store = store
    await store.open()
    yield store
    await store.close()


def structure(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
    return [(kind, name, table, re.sub(r"\s+", " ", re.sub(r"--.*", "", sql))) for kind, name, table, sql in rows]


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


class TestSchema:
    def test_the_migrations_add_up_to_the_schema(self) -> None:
        at_once, step_by_step = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
        at_once.executescript(schema.SCHEMA)
        for migration in schema.MIGRATIONS:
            step_by_step.executescript(migration)
        assert structure(at_once) == structure(step_by_step)
        counters = "SELECT name, value FROM counter ORDER BY name"
        assert at_once.execute(counters).fetchall() == step_by_step.execute(counters).fetchall()
        at_once.close()
        step_by_step.close()

    async def test_a_newer_store_is_refused(self, sqlite: SQLiteStore, path: Path) -> None:
        await sqlite.close()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
        with pytest.raises(SchemaMismatchError, match=r"Upgrade Trunkcall"):
            await SQLiteStore(path).open()
        with pytest.raises(SchemaMismatchError, match=r"Upgrade Trunkcall"):
            await SQLiteStore(path).migrate()

    async def test_an_older_store_is_migrated_on_request_only(
        self, sqlite: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await stand_up(sqlite)
        contact_id = await accept(sqlite)
        await sqlite.close()
        newer = "ALTER TABLE fact ADD COLUMN nickname TEXT;\nCREATE INDEX fact_by_nickname ON fact (nickname);"
        monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, newer))
        reopened = SQLiteStore(path)
        with pytest.raises(SchemaMismatchError, match=r"trunkcall db migrate"):
            await reopened.open()
        await reopened.migrate()
        await reopened.migrate()
        await reopened.open()
        assert contact_id in await records(reopened)
        await reopened.close()

    async def test_a_failed_migration_changes_nothing(
        self, sqlite: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await sqlite.close()
        broken = "ALTER TABLE fact ADD COLUMN nickname TEXT;\nINSERT INTO nowhere VALUES (1);"
        with monkeypatch.context() as patched:
            patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
            with pytest.raises(StoreError):
                await SQLiteStore(path).migrate()
        reopened = SQLiteStore(path)
        await reopened.open()
        await reopened.close()

    async def test_an_empty_file_is_migrated_to_the_whole_schema(self, path: Path) -> None:
        store = SQLiteStore(path)
        await store.migrate()
        await store.open()
        assert await store.instances() == []
        await store.close()

    @pytest.mark.parametrize("content", ["a database of something else", "text"])
    async def test_a_file_that_is_not_ours_is_refused_and_left_alone(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "other.db"
        if content == "text":
            path.write_text("name,phone\n" * 1000)
        else:
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE lead (phone TEXT)")
            connection.close()
        before = path.read_bytes()
        with pytest.raises(SchemaMismatchError, match=r"not a store of Trunkcall"):
            await SQLiteStore(path).open()
        assert path.read_bytes() == before

    async def test_many_processes_may_create_the_store_at_once(self, path: Path) -> None:
        stores = [SQLiteStore(path) for _ in range(4)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(store.close() for store in stores))

    def test_two_queries_of_one_name_are_a_defect(self) -> None:
        with pytest.raises(ValueError, match="same name"):
            parse_queries("-- a --\nSELECT 1;\n-- a --\nSELECT 2;\n")

    def test_states_that_no_table_has_are_a_defect(self) -> None:
        with pytest.raises(ValueError, match="stands for no states"):
            with_states("UPDATE contact SET state = {after ContactAnsweredTwice}")

    def test_partial_indexes_are_of_the_states_that_the_tables_have(self) -> None:
        """Contacts that an index leaves out are dialed, or taken over, by nobody."""
        of_indexes = dict(re.findall(r"CREATE INDEX (\w+) ON [^;]* WHERE state ([^;]*);", schema.SCHEMA))
        (first,) = sources(CONTACT, ContactEvent.ATTEMPT)
        others = ", ".join(f"'{state}'" for state in ContactState if state not in IN_PROGRESS)
        assert of_indexes.pop("contact_waiting") == of_indexes.pop("contact_waiting_by_expiry") == f"= '{first}'"
        assert of_indexes.pop("contact_live") == f"NOT IN ({others})"
        (startable,) = sources(CAMPAIGNS, CampaignEvent.START)
        assert of_indexes.pop("campaign_by_version") == f"<> '{startable}'"
        assert of_indexes.pop("campaign_running") == f"= '{target(CAMPAIGNS, CampaignEvent.START)}'"
        assert not of_indexes


class Whatever(dict[str, int]):
    """A value for any parameter that has a name. One that has only a place gets none."""

    def __missing__(self, name: str) -> int:
        return 1


class TestStatements:
    """Parameters and columns are told apart by names: what is added to a table or to a statement moves no value to
    another's place."""

    @pytest.fixture
    def connection(self) -> Any:
        connection = sqlite3.connect(":memory:")
        connection.executescript(schema.SCHEMA)
        yield connection
        connection.close()

    @pytest.mark.parametrize("query", sorted(QUERIES))
    def test_every_statement_is_valid_and_every_parameter_has_a_name(
        self, connection: sqlite3.Connection, query: str
    ) -> None:
        connection.execute(f"EXPLAIN {QUERIES[query]}", Whatever())

    @pytest.mark.parametrize("query", ["campaign", "set_aside_as_it_stands"])
    def test_what_inserts_no_row_of_named_values_is_run_for_no_rows(
        self, connection: sqlite3.Connection, query: str
    ) -> None:
        """Or a value would go where its name is not."""
        with pytest.raises(ValueError, match=f"{query} is no INSERT of one row"):
            insert(connection, query, [Whatever()])

    @pytest.mark.parametrize(
        "query", sorted(name for name, sql in QUERIES.items() if sql.startswith(("SELECT", "WITH")))
    )
    def test_every_column_has_a_name_of_its_own(self, connection: sqlite3.Connection, query: str) -> None:
        described = connection.execute(QUERIES[query], Whatever()).description
        columns = [column for column, *_ in described]
        assert all(column.isidentifier() for column in columns), "an expression needs AS"
        assert len(set(columns)) == len(columns)


class TestPlans:
    """The statements on the hot paths look rows up; none of them reads a table or sorts."""

    @pytest.fixture
    def connection(self, path: Path) -> Any:
        schema.create_file(path)
        connection = schema.connect(path, 1000, read_only=False)
        schema.ensure_schema(connection)
        yield connection
        connection.close()

    def plan(self, connection: sqlite3.Connection, query: str) -> str:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {QUERIES[query]}", Whatever())
        return " / ".join(row[3] for row in plan)

    @pytest.mark.parametrize(
        "query",
        [
            "campaign_version",
            "campaign",
            "campaigns",
            "campaigns_of_instance",
            "campaigns_changed",
            "campaign_head",
            "facts_changed",
            "remove_fact",
            "access_key",
            "contact_of_token",
            "due_contacts",
            "next_due_at",
            "change_due",
            "waiting_count",
            "ledger_sum",
            "waiting_before",
            "contact_record",
            "waiting_in_closed_campaign",
            "waiting_past_expiry",
            "begin_attempt",
            "void_attempt",
            "end_contact",
            "expire_contact",
            "contact_answered",
            "contact_detected",
            "contact_queued",
            "contact_connecting",
            "contact_requeued",
            "contact_connected",
            "contact_abandoned",
            "after_contact_work_ended",
            "contact_as_it_stands",
            "ledger",
        ],
    )
    def test_hot_statements_look_rows_up(self, connection: sqlite3.Connection, query: str) -> None:
        plan = self.plan(connection, query)
        assert "SEARCH" in plan
        # What a subquery has found is bounded by its limit, a list by who gave it; next to nothing is ever set aside.
        assert "SCAN" not in re.sub("SCAN (found|quarantine|json_each)", "", plan)
        assert "TEMP B-TREE" not in plan

    def test_counts_of_campaigns_read_no_more_than_was_asked_for(self, connection: sqlite3.Connection) -> None:
        plan = self.plan(connection, "contact_counts")
        assert plan.replace("SCAN quarantine", "").count("SCAN") == plan.count("SCAN wanted") == 1, (
            "the ids that were given"
        )
        assert "TEMP B-TREE" not in plan

    def test_an_export_goes_on_from_its_last_sequence_number(self, connection: sqlite3.Connection) -> None:
        plan = self.plan(connection, "contact_records")
        assert "SEARCH contact USING INTEGER PRIMARY KEY (rowid>?)" in plan
        assert "TEMP B-TREE" not in plan


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
            transaction.execute("insert_instance", instance_id="i9", alias="alias", created_at=NOW, onboarded=1)
            raise ZeroDivisionError

        def contradicting(transaction: WriteTransaction) -> None:
            transaction.execute("insert_instance", instance_id="instance-1", alias="alias", created_at=NOW, onboarded=1)

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
