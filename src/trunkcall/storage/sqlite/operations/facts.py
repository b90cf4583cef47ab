"""The facts of an instance in the SQLite store: their rows, and the verbs that change them.

Decides when a fact has changed. What a document holds is ``storage.sqlite.documents``. It must not know who reads
facts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from trunkcall.domain.directory import KEPT, Fact, VersionedFact, changed_facts
from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.errors import ConflictError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant, is_instant
from trunkcall.storage.sqlite.documents import document_of, fact_of
from trunkcall.storage.sqlite.rows import readable, to_json
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import WriteTransaction

T = TypeVar("T")


def facts_from_rows(found: Iterable[Row]) -> list[VersionedFact]:
    """The facts of these rows, but for those whose kind or id is none."""
    facts = (fact_from_row(row) for row in found)
    return [fact for fact in facts if fact is not None]


def lost_lists(found: Iterable[Row], filled: Iterable[Row]) -> list[VersionedFact]:
    """Of all facts of an instance the do-not-call lists that are not among them, though something is on them: nobody
    knows any more whom they bind."""
    there = {row.id for row in found if row.kind == FactKind.DO_NOT_CALL_LIST.value}
    lost = (str(row.list_number) for row in filled)
    return [
        VersionedFact(fact_of(FactKind.DO_NOT_CALL_LIST, each, each, None), 0) for each in lost if each not in there
    ]


def fact_from_row(row: Row) -> VersionedFact | None:
    """The fact of this row, but for one whose kind or id is none."""
    if type(row.id) is not str or row.kind not in set(FactKind):
        return None
    kind = FactKind(row.kind)
    if kind in KEPT:
        return _kept_fact(row, kind)
    if type(row.version) is not int:
        return None
    fact = fact_of(kind, row.id, readable(row.name), row.document)
    # One that may have been removed is.
    return VersionedFact(
        fact, row.version, row.deleted_at if row.deleted_at is None or is_instant(row.deleted_at) else 0
    )


def _kept_fact(row: Row, kind: FactKind) -> VersionedFact:
    """What a damaged row tells of is there, and cannot be gone by."""
    is_sound = type(row.version) is int and row.deleted_at is None
    fact = fact_of(kind, row.id, readable(row.name), row.document if is_sound else None)
    if isinstance(fact, DoNotCallList) and fact.entries and not row.editions:
        fact = replace(fact, list_kind=None)
    return VersionedFact(fact, row.version if type(row.version) is int else 0)


def put_facts(transaction: WriteTransaction, instance_id: str, facts: Sequence[Fact]) -> None:
    transaction.require_instance(instance_id)
    known: list[VersionedFact] = []
    for kind in {fact.kind for fact in facts}:
        known += facts_of_ids(transaction, instance_id, kind, [fact.fact_id for fact in facts if fact.kind is kind])
        names = to_json([fact.name for fact in facts if fact.kind is kind])
        known += facts_from_rows(
            transaction.rows("facts_of_names", instance_id=instance_id, kind=kind.value, names=names)
        )
    for fact in changed_facts((each.fact for each in known if each.deleted_at is None), facts):
        transaction.execute(
            "put_fact",
            instance_id=instance_id,
            kind=fact.kind.value,
            id=fact.fact_id,
            name=fact.name,
            version=transaction.next_fact_version(),
            document=document_of(fact),
        )


def remove_facts(
    transaction: WriteTransaction, instance_id: str, kind: FactKind, ids: Collection[str], at: Instant
) -> int:
    transaction.require_instance(instance_id)
    if kind in KEPT:
        raise ConflictError(f"A {kind.replace('_', ' ')} is never removed.")
    there = [each for each in facts_of_ids(transaction, instance_id, kind, ids) if each.deleted_at is None]
    for each in there:
        transaction.execute(
            "remove_fact",
            instance_id=instance_id,
            kind=kind.value,
            id=each.fact.fact_id,
            version=transaction.next_fact_version(),
            at=at,
        )
        if kind is FactKind.AGENT:
            transaction.execute("remove_presence", instance_id=instance_id, agent_id=each.fact.fact_id)
    return len(there)


def with_new_indexes(transaction: WriteTransaction, operation: Callable[[WriteTransaction], T]) -> T:
    """Carry out an operation on facts, whose indexes are made anew from the rows first: there are few."""
    transaction.execute("reindex_facts")
    return operation(transaction)


def facts_of_ids(
    transaction: WriteTransaction, instance_id: str, kind: FactKind, ids: Collection[str]
) -> Sequence[VersionedFact]:
    """Those of these ids that are there or were."""
    return facts_from_rows(
        transaction.rows(
            "facts_of_ids", instance_id=instance_id, kind=kind.value, ids=to_json(list(dict.fromkeys(ids)))
        )
    )
