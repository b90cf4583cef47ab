"""What a disk does to rows: values of any type, and of contacts such that row and indexes differ."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

OF_CAMPAIGNS = frozenset({"backlog", "campaign", "disposition_count", "ledger"})
UNIQUE_TOKENS = re.compile(r",(?:[^,\n]*--[^\n]*)?\s*UNIQUE \(campaign_key, client_token\)")
KEY_OF_FACTS = re.compile(r",\s*PRIMARY KEY \(instance_id, kind, id\)")


def change_row_alone(path: Path, contact_id: str, column: str, value: Any) -> None:
    """Any value, of whatever type, in the row and in none of its indexes."""
    change_rows_alone(path, [(contact_id, column, value)])


def change_rows_alone(path: Path, changes: Sequence[tuple[str, str, Any]]) -> None:
    """Contact ids, columns and values."""
    with _redefined(path, "contact", indexes=False) as connection:
        connection.execute("BEGIN")
        for contact_id, column, value in changes:
            sql = f"UPDATE contact SET {column} = ? WHERE contact_id = ?"
            assert connection.execute(sql, (value, contact_id)).rowcount == 1
        connection.execute("COMMIT")


def change_fact_alone(path: Path, name: str, column: str, value: Any) -> None:
    """Any value, of whatever type, in the rows of the facts of this name and in none of their indexes."""
    with _redefined(path, "fact", indexes=False) as connection:
        assert connection.execute(f"UPDATE fact SET {column} = ? WHERE name = ?", (value, name)).rowcount == 1


def change_indexes_alone(path: Path, contact_id: str, column: str, value: Any) -> None:
    """The value in all indexes of the column, and the row as it was."""
    with closing(_connect(path)) as connection:
        sql = f"SELECT sequence, {column} FROM contact WHERE contact_id = ?"
        sequence, was = connection.execute(sql, (contact_id,)).fetchone()
        connection.execute(f"UPDATE contact SET {column} = ? WHERE sequence = ?", (value, sequence))
    with _redefined(path, "contact", indexes=False) as connection:
        connection.execute(f"UPDATE contact SET {column} = ? WHERE sequence = ?", (was, sequence))


def change_table(path: Path, table: str, column: str, value: Any) -> None:
    """Any value, of whatever type, in the first campaign's rows of a table, or in all rows of one without campaigns."""
    where = "campaign_key = 1" if table in OF_CAMPAIGNS else "TRUE"
    with _redefined(path, table, indexes=True) as connection:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))


@contextmanager
def _redefined(path: Path, table: str, *, indexes: bool) -> Iterator[sqlite3.Connection]:
    """A connection to which the table has neither types nor constraints, and its indexes or none. Nobody may have the
    file open."""
    with closing(_connect(path)) as connection:
        schema = connection.execute("SELECT rowid, * FROM sqlite_master WHERE tbl_name = ?", (table,)).fetchall()
        (sql,) = (sql for _, kind, _, _, _, sql in schema if kind == "table")
        bare = sql if indexes else KEY_OF_FACTS.sub("", UNIQUE_TOKENS.sub("", sql)).replace(" UNIQUE,", ",")
        bare = re.sub(r" (TEXT|INTEGER|REAL)(?! PRIMARY)", " BLOB", bare.replace("NOT NULL", "").replace("STRICT", ""))
        bare = bare.replace(") , WITHOUT", ") WITHOUT")
        connection.execute("PRAGMA writable_schema = ON")
        if not indexes:
            connection.execute("DELETE FROM sqlite_master WHERE tbl_name = ? AND type = 'index'", (table,))
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (bare, table))
    try:
        with closing(_connect(path)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            yield connection
    finally:
        with closing(_connect(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql, table))
            gone = [] if indexes else [row for row in schema if row[1] == "index"]
            into = "INSERT INTO sqlite_master (rowid, type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?, ?)"
            connection.executemany(into, gone)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)
