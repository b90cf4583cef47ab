"""What a disk does to a contact's row and leaves as it was in the indexes, or the other way round."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

UNIQUE_TOKENS = re.compile(r",[^,\n]*--[^\n]*\n\s*UNIQUE \(campaign_key, client_token\)")


def change_row_alone(path: Path, contact_id: str, column: str, value: Any) -> None:
    """Any value, of whatever type, in the row and in none of its indexes."""
    with _without_indexes(path) as connection:
        sql = f"UPDATE contact SET {column} = ? WHERE contact_id = ?"
        assert connection.execute(sql, (value, contact_id)).rowcount == 1


def change_indexes_alone(path: Path, contact_id: str, column: str, value: Any) -> None:
    """The value in all indexes of the column, and the row as it was."""
    with closing(_connect(path)) as connection:
        sql = f"SELECT sequence, {column} FROM contact WHERE contact_id = ?"
        sequence, was = connection.execute(sql, (contact_id,)).fetchone()
        connection.execute(f"UPDATE contact SET {column} = ? WHERE sequence = ?", (value, sequence))
    with _without_indexes(path) as connection:
        connection.execute(f"UPDATE contact SET {column} = ? WHERE sequence = ?", (was, sequence))


@contextmanager
def _without_indexes(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to which the table has neither index nor type nor constraint. Nobody may have the file open."""
    with closing(_connect(path)) as connection:
        schema = connection.execute("SELECT rowid, * FROM sqlite_master WHERE tbl_name = 'contact'").fetchall()
        (sql,) = (sql for *_, kind, _, _, _, sql in schema if kind == "table")
        bare = UNIQUE_TOKENS.sub("", sql).replace(" UNIQUE,", ",").replace("NOT NULL", "").replace(") STRICT", ")")
        bare = re.sub(r" (TEXT|INTEGER)(?! PRIMARY)", " BLOB", bare)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE tbl_name = 'contact' AND type = 'index'")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'contact'", (bare,))
    try:
        with closing(_connect(path)) as connection:
            yield connection
    finally:
        with closing(_connect(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'contact'", (sql,))
            indexes = [row for row in schema if row[1] == "index"]
            into = "INSERT INTO sqlite_master (rowid, type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?, ?)"
            connection.executemany(into, indexes)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)
