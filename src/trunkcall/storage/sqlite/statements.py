"""The statements of an SQLite store: found by name, given parameters by name, and what they read has names too.

Decides how the file of statements is taken apart and what a row is. Bytes that are no UTF-8 fail the row that holds
them, not the whole read: Python's sqlite3 refuses all rows for the sake of one. It must not know what is read.
"""

from __future__ import annotations

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from itertools import chain
from operator import itemgetter
from typing import Any, Final, Protocol, TypeAlias, cast

from trunkcall.storage.sqlite.states import with_states

_HEADER = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_ROW = re.compile(r"(?<=\bVALUES )(\(\s*:\w+(?:,\s*:\w+)+\s*\))")
_NAME = re.compile(r":(\w+)")

MAX_ROWS: Final = 25
"""The most rows of one INSERT, which is a batch of the API: of each number up to this SQLite compiles a statement."""


class Row(Protocol):
    """A row: each column is an attribute of the column's name, and nobody can ask where it stands. The schema is
    STRICT, so a value is of the column's type, unless the disk has changed it."""

    def __getattr__(self, column: str) -> Any: ...
    def _asdict(self) -> dict[str, Any]: ...


_Naming: TypeAlias = Callable[[tuple[Any, ...]], Row]


def parse_queries(text: str) -> Mapping[str, str]:
    """The statements of a text in which each stands under a header ``-- name --``. All other comments are prose."""
    _, *parts = _HEADER.split(text)
    names = parts[::2]
    if len(set(names)) < len(names):
        raise ValueError("two queries have the same name")
    return {name: _without_comments(body) for name, body in zip(names, parts[1::2], strict=True)}


def _without_comments(body: str) -> str:
    lines = (line for line in body.splitlines() if line and not line.startswith("--"))
    return "\n".join(lines).rstrip(";")


def _read() -> str:
    """All files of statements, one after the other."""
    folder = files("trunkcall.storage") / "sql" / "sqlite" / "queries"
    return "\n".join(with_states(file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".sql"))


QUERIES: Final[Mapping[str, str]] = parse_queries(_read())
"""Statements by name. INDEXED BY stands where another plan would read a whole campaign: SQLite then refuses instead of
getting slow. States in braces are the domain's (``states``): whatever changes a state is guarded by those from
which it may, and writes the one that follows. A state that is spelled out is what a partial index is of, or read."""
_KNOWN: Final[dict[str, _Naming]] = {}


def fetch_all(
    connection: sqlite3.Connection, query: str, parameters: Mapping[str, Any], *, known: dict[str, _Naming] = _KNOWN
) -> list[Row]:
    """All rows of a statement. A text that is no UTF-8 comes as its bytes, which no decoder of rows takes for a text.

    ``known`` has by statement what gives rows their names. All files of this version share it; one of an older version,
    where ``*`` stands for other columns, needs its own."""
    sql = QUERIES[query]
    try:
        cursor = connection.execute(sql, parameters)
        found = cursor.fetchall()
    except sqlite3.OperationalError as error:
        if not _is_about_text(error):
            raise
        # Asking Python for each text costs too much to be done always.
        connection.text_factory = _text_or_bytes
        try:
            cursor = connection.execute(sql, parameters)
            found = cursor.fetchall()
        finally:
            connection.text_factory = str
    naming = known.get(query)
    if naming is None:
        naming = known[query] = _naming(tuple(column for column, *_ in cursor.description))
    return list(map(naming, found))


def insert(connection: sqlite3.Connection, query: str, rows: Sequence[Mapping[str, Any]]) -> int:
    """Run an INSERT for each of these rows of parameters, ``MAX_ROWS`` of them at a time; how many rows it added,
    triggers aside.

    The interpreter's lock changes hands once a statement, not once a row as it does with ``executemany``: of what is
    accepted a second through the API, while the event loop is at work, that is a fifth.
    """
    in_order = _in_order(query)
    added = 0
    for start in range(0, len(rows), MAX_ROWS):
        part = rows[start : start + MAX_ROWS]
        values = list(chain.from_iterable(map(in_order, part)))
        added += connection.execute(_of_many(query, len(part)), values).rowcount
    return added


@cache
def _in_order(query: str) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What takes the values of a row in the order in which the statement names them."""
    return itemgetter(*_NAME.findall(_around_row(query)[1]))


@cache
def _of_many(query: str, rows: int) -> str:
    """The INSERT with its row of VALUES so many times, and a place for each name, since names would have to differ from
    row to row. No other word of it is touched, and its own row is where ``_in_order`` has the places from."""
    before, row, after = _around_row(query)
    return f"{before}{', '.join([_NAME.sub('?', row)] * rows)}{after}"


def _around_row(query: str) -> Sequence[str]:
    parts = _ROW.split(QUERIES[query])
    if len(parts) != 3:
        raise ValueError(f"{query} is no INSERT of one row of named values")
    return parts


def completed(rows: Sequence[Row], columns: Mapping[str, Any]) -> Sequence[Row]:
    """Rows of one statement, with those of these columns that they lack, each of the value given here."""
    lacking = {column: value for column, value in columns.items() if not hasattr(rows[0], column)}
    if not lacking:
        return rows
    naming = _naming((*rows[0]._asdict(), *lacking))
    return [naming((*cast("tuple[Any, ...]", row), *lacking.values())) for row in rows]


@cache
def _naming(columns: tuple[str, ...]) -> _Naming:
    """What gives rows of these columns their names. A named tuple's ``_make`` does the same in four times the time."""
    return cast("_Naming", partial(tuple.__new__, namedtuple("Row", columns)))


def kinds_of(row: Row) -> tuple[type, ...]:
    """The types of all that the row holds, and which columns it has: what rows of one kind have in common."""
    return (type(row), *map(type, cast("tuple[Any, ...]", row)))


def _is_about_text(error: sqlite3.OperationalError) -> bool:
    # Python raises this, not SQLite, so there is no code.
    return getattr(error, "sqlite_errorcode", None) is None and "UTF-8" in str(error)


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
