"""A directory as it was read from an SQLite store, and how it is brought up to date.

Decides which rows are read for it: those that have changed since, however many there are. It must not know for how long
a directory is good without looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from trunkcall.domain.directory import Directory
from trunkcall.storage.sqlite.operations.facts import fact_from_row
from trunkcall.storage.sqlite.rows import instance_from_row
from trunkcall.storage.sqlite.statements import Row


class Rows(Protocol):
    """Reads all rows of a statement, in a write transaction or beside it."""

    def __call__(self, query: str, /, **parameters: Any) -> Sequence[Row]: ...


@dataclass(frozen=True, slots=True)
class KnownDirectory:
    """A directory with all changes of facts up to a version, and with facts up to a place in the order of creation."""

    directory: Directory
    version: int
    last_place: int


def as_of_now(rows: Rows, instance_id: str, known: KnownDirectory | None) -> KnownDirectory | None:
    """The instance's directory, from what is known of it if there is something; None if there is no such instance or it
    was deleted."""
    found = rows("fact_version", instance_id=instance_id)
    if not found or found[0].deleted_at is not None:
        return None
    # Facts that are changed from here on have a greater version, and are read again next time.
    version, instance = found[0].fact_version, instance_from_row(found[0])
    caught_up = None if known is None else _caught_up(rows, instance_id, known)
    if caught_up is None:
        there = rows("facts", instance_id=instance_id)
        facts = [each.fact for each in map(fact_from_row, there) if each is not None]
        caught_up = KnownDirectory(Directory.of(instance, facts), 0, there[-1].place if there else 0)
    if caught_up.directory.instance != instance:
        caught_up = replace(caught_up, directory=replace(caught_up.directory, instance=instance))
    return replace(caught_up, version=version)


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
