"""What the store in an SQLite file does it with: its schema, and its statements by names and plans. If these fail, a
store that was migrated is not what a new one is, a value goes where another belongs, or a hot statement reads all."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from storage.support import (
    accept,
    records,
    stand_up,
)
from trunkcall.domain.contact import ContactState
from trunkcall.domain.errors import (
    SchemaMismatchError,
    StoreError,
)
from trunkcall.domain.transitions import CAMPAIGN as CAMPAIGNS
from trunkcall.domain.transitions import CONTACT, IN_PROGRESS, CampaignEvent, ContactEvent, sources, target
from trunkcall.storage.sqlite import schema
from trunkcall.storage.sqlite.statements import QUERIES, insert, parse_queries
from trunkcall.storage.sqlite.states import with_states
from trunkcall.storage.sqlite.store import SQLiteStore


def structure(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
    return [(kind, name, table, re.sub(r"\s+", " ", re.sub(r"--.*", "", sql))) for kind, name, table, sql in rows]


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
            "presences",
            "access_key",
            "contact_of_token",
            "due_contacts",
            "next_due_at",
            "change_due",
            "give_attributes",
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
            "first_hold",
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
