"""Whether the file of an SQLite store is sound: its pages, its schema, its books.

Decides what is looked at and how a fault is told, and that a damaged contact is no fault of the store: it is told
beside. It changes nothing, works beside a running server, and must not know
who asks. What it says holds ids and numbers, never a value of a contact.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from trunkcall.domain.contact import Damage, Disposition
from trunkcall.domain.errors import SchemaMismatchError, StoreDamagedError, StoreUnavailableError
from trunkcall.domain.instants import MILLISECOND, SECOND, Duration
from trunkcall.storage.disk import free_bytes
from trunkcall.storage.ports.maintenance import DamagedContact, StoreReport
from trunkcall.storage.sqlite.contact_rows import quarantined_from_row
from trunkcall.storage.sqlite.faults import FAILURES, Fault, fault_of
from trunkcall.storage.sqlite.operations.quarantine import STATES, sound_of_records
from trunkcall.storage.sqlite.rows import campaign_from_row, readable, to_json
from trunkcall.storage.sqlite.schema import MIGRATIONS, structure, structure_of_version, version_of
from trunkcall.storage.sqlite.statements import QUERIES, Row, completed, fetch_all

_MAX_TOLD: Final = 20
_AT_ONCE: Final = 5000
_PATIENCE: Final[Duration] = 5 * SECOND


_MAX_CHECKED: Final = 1000
_CHECK: Final = f"PRAGMA integrity_check({_MAX_CHECKED})"
"""SQLite stops looking when it has found so much. Then the file is damaged, whatever it was that was found."""
_INDEX: Final = r"(?:contact_\w+|sqlite_autoindex_contact_[12])"
_MISPLACED: Final = re.compile(rf"row (\d+) missing from index {_INDEX}")
_OF_ONE_CONTACT: Final = re.compile(
    rf"{_MISPLACED.pattern}|(?:NULL|non-\w+) value in contact\.\w+|non-unique entry in index {_INDEX}"
)
_TOO_MANY: Final = re.compile(f"wrong # of entries in index {_INDEX}")
"""An index still has a contact where its row is not any more. That there is one too few is told by row as well."""
_ADDED: Final = {
    "agent_leg_id": None,
    "seal": None,
    "due_at": 0,
    "previous_contact_id": None,
    "trunk_id": None,
    "safe_harbour_at": None,
    "time_zone": None,
    "hold": None,
    "asked_due_at": None,
    "clearance": None,
    "agent_disposition": None,
    "recordings": None,
    "recordings_deleted_at": None,
    "customer_holds": None,
    "flow_progress": None,
    "flow_trail": None,
    "flow_attributes": None,
}
"""Columns of contacts that stores of an older version do not have, and what a migration gives them."""


def log_of(path: Path) -> Path:
    """The write-ahead log beside a store."""
    return path.with_name(path.name + "-wal")


def index_of(path: Path) -> Path:
    """The index of the log, which is good for nothing once no process has the store open."""
    return path.with_name(path.name + "-shm")


@contextmanager
def reading(path: Path, *, unused: bool) -> Iterator[sqlite3.Connection]:
    """One view of the store, from which nothing can be written. ``unused`` says that no server has it open: a file
    without a log is then read as it is, and nothing appears beside it. So is one where nobody can write.

    Raises SchemaMismatchError for what is no store, StoreUnavailableError where it cannot be read.
    """
    still = unused or not os.access(path.parent, os.W_OK)
    mode = "immutable=1" if still and not log_of(path).exists() else "mode=ro"
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout = {_PATIENCE // MILLISECOND}")
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except FAILURES:
            connection.close()
            raise
    except FAILURES as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
            raise SchemaMismatchError(
                f"{path} is not a store of Trunkcall, or is damaged beyond recognition."
            ) from error
        fault = fault_of(error, path)
        if fault is Fault.DAMAGED:
            raise StoreDamagedError(f"{path} is damaged where reading begins. Restore a backup.") from error
        raise StoreUnavailableError(f"{path} cannot be read. {fault.value}") from error
    with closing(connection):
        yield connection


def check_store(path: Path, *, unused: bool) -> StoreReport:
    """Look at everything. Raises SchemaMismatchError for a newer store and for what is none, StoreUnavailableError for
    what cannot be opened."""
    with reading(path, unused=unused) as connection:
        report = StoreReport(size=path.stat().st_size, free=free_bytes(path))
        report.version = version_of(connection)
        if not report.version:
            raise SchemaMismatchError(f"{path} is empty.")
        report.outdated = report.version < len(MIGRATIONS)
        misplaced: set[int] = set()
        report.faults["pages"] = _tell(partial(_pages, misplaced=misplaced), connection, path)
        report.faults["foreign keys"] = _tell(_foreign_keys, connection, path)
        report.faults["schema"] = _tell(_schema, connection, path)
        if not report.faults["schema"]:
            damaged: dict[int, DamagedContact] = {}
            report.faults["contacts"] = _tell(
                partial(_contacts, damaged=damaged, misplaced=misplaced), connection, path
            )
            report.damaged = tuple(damaged.values())
            if damaged:
                report.faults["pages"] = [line for line in report.faults["pages"] if not _TOO_MANY.fullmatch(line)]
            report.faults["campaigns"] = _tell(_campaigns, connection, path)
            report.faults["counters"] = _tell(partial(_counters, damaged=report.damaged), connection, path)
        if report.sound:
            report.contacts = _number(connection, QUERIES["count_contacts"])
        return report


def _tell(
    look: Callable[[sqlite3.Connection], Iterable[str]], connection: sqlite3.Connection, path: Path
) -> Sequence[str]:
    try:
        found = list(look(connection))
    except FAILURES as error:
        fault = fault_of(error, path)
        if fault is not Fault.DAMAGED:
            raise StoreUnavailableError(f"{path} cannot be read. {fault.value}") from error
        return ["the file is damaged where this would be read"]
    if len(found) > _MAX_TOLD:
        return [*found[:_MAX_TOLD], f"and {len(found) - _MAX_TOLD} more"]
    return found


def _pages(connection: sqlite3.Connection, misplaced: set[int]) -> Iterator[str]:
    """What is wrong but for what concerns a contact each. ``misplaced`` gathers those that an index has elsewhere."""
    told = [line for (text,) in connection.execute(_CHECK) for line in str(text).splitlines() if line and line != "ok"]
    if len(told) < _MAX_CHECKED:
        misplaced.update(int(found[1]) for line in told if (found := _MISPLACED.fullmatch(line)))
        told = [line for line in told if not _OF_ONE_CONTACT.fullmatch(line)]
    yield from told


def _foreign_keys(connection: sqlite3.Connection) -> Iterator[str]:
    for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        if table == "contact":
            continue  # which concerns that one alone
        yield f"row {rowid} of {table} belongs to a {parent} that does not exist"


def _schema(connection: sqlite3.Connection) -> Iterator[str]:
    found = structure(connection)
    expected = structure_of_version(_number(connection, "PRAGMA user_version"))
    for kind, name in sorted(expected.keys() - found.keys()):
        yield f"the {kind} {name} is missing"
    for kind, name in sorted(found.keys() - expected.keys()):
        yield f"the {kind} {name} is none of Trunkcall's"
    for kind, name in sorted(found.keys() & expected.keys()):
        if found[kind, name] != expected[kind, name]:
            yield f"the {kind} {name} is not as it should be"


def _counters(connection: sqlite3.Connection, damaged: Sequence[DamagedContact]) -> Iterator[str]:
    """A count may be off by as many contacts of the campaign as are damaged: they are counted anew as those are ended.
    One whose campaign is damaged, or that is not where the indexes have it, may be of any."""
    of_campaign = Counter(contact.campaign_id for contact in damaged)
    of_campaign[""] += sum(contact.damage is Damage.MISPLACED for contact in damaged)
    excused = {campaign_id: number + of_campaign[""] for campaign_id, number in of_campaign.items()}
    for row in _rows(connection, "check_backlogs"):
        campaign_id = readable(row.campaign_id)
        if max(abs(row.accepted), abs(row.waiting)) > excused.get(campaign_id, of_campaign[""]):
            yield f"campaign {campaign_id}: accepted is off by {row.accepted}, waiting by {row.waiting}"
    for row in _rows(connection, "check_dispositions"):
        campaign_id = readable(row.campaign_id)
        if abs(row.contacts) > excused.get(campaign_id, of_campaign[""]):
            yield f"campaign {campaign_id}: the count of {readable(row.disposition)} is off by {row.contacts}"
    for row in _rows(connection, "check_campaigns"):
        yield f"instance {row.instance_id}: the count of campaigns is off by {row.campaigns}"
    # Facts are of this version's schema.
    of_facts = ["check_fact_counter"] if _number(connection, "PRAGMA user_version") == len(MIGRATIONS) else []
    for row in (row for query in ("check_counters", *of_facts) for row in _rows(connection, query)):
        yield f"the counter {row.name} is behind what was given out"


def _contacts(connection: sqlite3.Connection, damaged: dict[int, DamagedContact], misplaced: set[int]) -> Iterator[str]:
    """Gather the damaged contacts, by sequence. That they are is no fault, so it yields none."""

    def enter(sequence: int, contact_id: object, campaign_id: object, damage: Damage) -> None:
        damaged.setdefault(sequence, DamagedContact(readable(contact_id), readable(campaign_id), damage))

    dispositions = to_json([disposition.value for disposition in Disposition])
    if ("table", "quarantine") in structure(connection):
        for row in _rows(connection, "quarantined", campaign_id=None):
            contact = quarantined_from_row(row)
            enter(contact.sequence, contact.contact_id, contact.campaign_id, contact.damage)
    last = 0
    while page := _rows(
        connection, "contact_records", after_sequence=last, campaign_id=None, instance_id=None, limit=_AT_ONCE
    ):
        last = page[-1].sequence
        _, found = sound_of_records(completed(page, _ADDED))
        for row in page:
            if row.sequence in found or row.sequence in misplaced:
                damage = found.get(row.sequence, Damage.MISPLACED)
                enter(row.sequence, row.contact_id, row.campaign_id, damage)
    for row in _rows(connection, "check_values", states=STATES, dispositions=dispositions):
        enter(row.sequence, row.contact_id, row.campaign_id, Damage.UNREADABLE)
    yield from ()


def _campaigns(connection: sqlite3.Connection) -> Iterator[str]:
    for row in _rows(connection, "all_campaigns"):
        try:
            campaign_from_row(row)
        except StoreDamagedError:
            yield f"campaign {readable(row.campaign_id)} holds what was never written: it is not dialed"


def _rows(connection: sqlite3.Connection, query: str, /, **parameters: Any) -> list[Row]:
    return fetch_all(connection, query, parameters, known={})


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
