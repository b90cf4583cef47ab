"""Directories of an SQLite store, and changes of their facts that are decided by what there is.

Decides which rows are read of a directory that was read before: those that have changed since, however many there are;
and in which order what was decided is done. It must not know who decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from trunkcall.domain.campaign import DialerType
from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import NotFoundError
from trunkcall.storage.sqlite.known_directory import KnownDirectory
from trunkcall.storage.sqlite.operations.facts import (
    fact_from_row,
    facts_from_rows,
    lost_lists,
    put_facts,
    remove_facts,
)
from trunkcall.storage.sqlite.rows import instance_from_row
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import WriteTransaction

Decision: TypeAlias = Callable[[Directory, CentreUse], Sequence[Fact | FactRemoved]]


class Rows(Protocol):
    """Reads all rows of a statement, in a write transaction or beside it."""

    def __call__(self, query: str, /, **parameters: Any) -> Sequence[Row]: ...


def as_of_now(rows: Rows, instance_id: str, known: KnownDirectory | None) -> KnownDirectory | None:
    """The instance's directory, from what is known of it if there is something; None if there is no such instance or it
    was deleted."""
    found = rows("fact_version", instance_id=instance_id)
    if not found or found[0].deleted_at is not None:
        return None
    # What is changed from here on has a greater version, and is read again next time.
    version, instance = found[0].fact_version, instance_from_row(found[0])
    caught_up = None if known is None else _caught_up(rows, instance_id, known)
    if caught_up is None:
        there = rows("facts", instance_id=instance_id)
        lost = lost_lists(there, rows("filled_lists", instance_id=instance_id))
        facts = [each.fact for each in (*lost, *facts_from_rows(there))]
        caught_up = KnownDirectory(Directory.of(instance, facts), 0, there[-1].place if there else 0)
    if caught_up.directory.instance != instance:
        caught_up = replace(caught_up, directory=replace(caught_up.directory, instance=instance))
    # A transaction may know of changes that its counter does not tell yet.
    return replace(caught_up, version=max(version, caught_up.version))


def _caught_up(rows: Rows, instance_id: str, known: KnownDirectory) -> KnownDirectory | None:
    """With what has changed since. None where a fact comes back to its old place, which the directory does not tell."""
    changed = sorted(
        rows("facts_changed", instance_id=instance_id, after_version=known.version), key=lambda row: row.place
    )
    changes = [(row.place, change) for row in changed if (change := fact_from_row(row)) is not None]
    if not changes:
        return known
    for place, change in changes:
        is_known = change.fact.fact_id in known.directory.of_kind(change.fact.kind)
        if change.deleted_at is None and not is_known and place <= known.last_place:
            return None
    directory = known.directory.after(change for _, change in changes)
    return KnownDirectory(directory, known.version, max(known.last_place, changed[-1].place))


def change_facts(
    transaction: WriteTransaction, instance_id: str, known: KnownDirectory | None, decide: Decision
) -> KnownDirectory:
    """The directory after what was decided, from what was known of it before."""
    before = as_of_now(transaction.rows, instance_id, transaction.directories.get(instance_id, known))
    if before is None:
        raise NotFoundError(f"There is no instance {instance_id}.")
    decided = decide(before.directory, _use(transaction, instance_id))
    put: list[Fact] = []
    for each in decided:
        if isinstance(each, FactRemoved):
            remove_facts(transaction, instance_id, each.kind, [each.fact_id], each.at)
        else:
            put.append(each)
    if put:
        put_facts(transaction, instance_id, put)
    after = as_of_now(transaction.rows, instance_id, before)
    assert after is not None
    after = transaction.directories[instance_id] = replace(after, version=transaction.fact_version)
    return after


def _use(transaction: WriteTransaction, instance_id: str) -> CentreUse:
    rows = transaction.rows("centre_use", instance_id=instance_id)
    return CentreUse(
        queue_ids=frozenset(row.queue_id for row in rows if type(row.queue_id) is str),
        contact_flow_ids=frozenset(row.contact_flow_id for row in rows if type(row.contact_flow_id) is str),
        phone_numbers=frozenset(row.source_phone_number for row in rows if type(row.source_phone_number) is str),
        # What is damaged refers to all that it may have.
        queue_flow_ids=frozenset(
            row.contact_flow_id
            for row in rows
            if type(row.contact_flow_id) is str
            and type(row.queue_id) is not str
            and row.dialer_type != DialerType.AGENTLESS
        ),
    )
