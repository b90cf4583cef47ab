"""Reading rows whose texts may be damaged.

Decides that bytes which are no UTF-8 fail the row that holds them, not the whole read: Python's sqlite3 refuses all
rows for the sake of one. It must not know what is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any


def fetch_all(
    connection: sqlite3.Connection, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[tuple[Any, ...]]:
    """All rows. A text that is no UTF-8 comes as its bytes, which no decoder of rows takes for a text."""
    try:
        return connection.execute(sql, parameters).fetchall()
    except sqlite3.OperationalError as error:
        if not _is_about_text(error):
            raise
    # Asking Python for each text costs too much to be done always.
    connection.text_factory = _text_or_bytes
    try:
        return connection.execute(sql, parameters).fetchall()
    finally:
        connection.text_factory = str


def _is_about_text(error: sqlite3.OperationalError) -> bool:
    # Python raises this, not SQLite, so there is no code.
    return getattr(error, "sqlite_errorcode", None) is None and "UTF-8" in str(error)


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
