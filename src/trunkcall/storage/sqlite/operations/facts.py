"""The facts of an instance in the SQLite store: their documents, and the verbs that change them.

Decides what the document of each kind of fact holds, and when a fact has changed. What a newer version has put into a
document is passed over; what cannot be read of one is as good as not there, and concerns that fact alone. It must not
know who reads facts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar, assert_never

import msgspec

from trunkcall.domain.directory import (
    Agent,
    ContactFlow,
    Fact,
    PhoneNumber,
    Queue,
    RoutingProfile,
    VersionedFact,
    changed_facts,
)
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant, is_instant
from trunkcall.domain.trunk import MIN_ATTEMPTS_PER_S, Trunk
from trunkcall.storage.sqlite.rows import readable, to_json
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import WriteTransaction

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode

# --- documents ----------------------------------------------------------------------------------------------------


def document_of(fact: Fact) -> str:
    """What id and name do not say of the fact, as a JSON object."""
    match fact:
        case Queue():
            document: dict[str, Any] = {"outbound_caller_id": fact.outbound_caller_id}
        case RoutingProfile():
            document = {"queue_ids": fact.queue_ids}
        case Agent():
            document = {"routing_profile_id": fact.routing_profile_id}
        case Trunk():
            document = {
                "host": fact.host,
                "channels": fact.channels,
                "attempts_per_s": fact.attempts_per_s,
                "caller_numbers": fact.caller_numbers,
            }
        case ContactFlow() | PhoneNumber():
            document = {}
        case _:
            assert_never(fact)
    return _encode(document).decode()


def facts_from_rows(found: Iterable[Row]) -> list[VersionedFact]:
    """The facts of these rows, but for those whose kind or id is none."""
    facts = (_from_row(row) for row in found)
    return [fact for fact in facts if fact is not None]


def _from_row(row: Row) -> VersionedFact | None:
    if type(row.id) is not str or type(row.version) is not int or row.kind not in set(FactKind):
        return None
    fact = _fact(FactKind(row.kind), row.id, readable(row.name), _members(row.document))
    # One that may have been removed is.
    return VersionedFact(
        fact, row.version, row.deleted_at if row.deleted_at is None or is_instant(row.deleted_at) else 0
    )


def _members(document: Any) -> dict[str, Any]:
    try:
        return _decode(document)
    except (ValueError, TypeError, msgspec.MsgspecError):
        return {}


def _fact(kind: FactKind, fact_id: str, name: str, members: dict[str, Any]) -> Fact:
    match kind:
        case FactKind.QUEUE:
            number = members.get("outbound_caller_id")
            # A number that cannot be read is shown to nobody.
            return Queue(fact_id, name, number if type(number) is str else None)
        case FactKind.CONTACT_FLOW:
            return ContactFlow(fact_id, name)
        case FactKind.PHONE_NUMBER:
            return PhoneNumber(fact_id, name)
        case FactKind.ROUTING_PROFILE:
            queue_ids = members.get("queue_ids")
            # A damaged one serves no queue: its agents get no contact, the others do.
            if not isinstance(queue_ids, list) or not all(type(queue_id) is str for queue_id in queue_ids):
                queue_ids = ()
            return RoutingProfile(fact_id, name, tuple(queue_ids))
        case FactKind.AGENT:
            profile_id = members.get("routing_profile_id")
            return Agent(fact_id, name, profile_id if type(profile_id) is str else "")
        case FactKind.TRUNK:
            return _trunk(fact_id, members)
        case _:
            assert_never(kind)


def _trunk(trunk_id: str, members: dict[str, Any]) -> Trunk:
    host, channels = members.get("host"), members.get("channels")
    rate, numbers = members.get("attempts_per_s"), members.get("caller_numbers")
    if (
        type(host) is not str
        or type(channels) is not int
        or not isinstance(rate, int | float)
        or not (channels >= 0 and rate >= MIN_ATTEMPTS_PER_S)
        or not isinstance(numbers, list)
        or not all(type(number) is str for number in numbers)
    ):
        # Over a damaged one nobody is dialed: it might present what it may not, or dial faster than its switch bears.
        return Trunk(trunk_id, channels=0)
    return Trunk(trunk_id, host, channels, float(rate), tuple(numbers))


# --- verbs --------------------------------------------------------------------------------------------------------


def put_facts(transaction: WriteTransaction, instance_id: str, facts: Sequence[Fact]) -> None:
    transaction.require_instance(instance_id)
    known: list[VersionedFact] = []
    for kind in {fact.kind for fact in facts}:
        known += _by_id(transaction, instance_id, kind, [fact.fact_id for fact in facts if fact.kind is kind])
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
    there = [each for each in _by_id(transaction, instance_id, kind, ids) if each.deleted_at is None]
    for each in there:
        transaction.execute(
            "remove_fact",
            instance_id=instance_id,
            kind=kind.value,
            id=each.fact.fact_id,
            version=transaction.next_fact_version(),
            at=at,
        )
    return len(there)


def with_new_indexes(transaction: WriteTransaction, operation: Callable[[WriteTransaction], T]) -> T:
    """Carry out an operation on facts, whose indexes are made anew from the rows first: there are few."""
    transaction.execute("reindex_facts")
    return operation(transaction)


def _by_id(
    transaction: WriteTransaction, instance_id: str, kind: FactKind, ids: Collection[str]
) -> Sequence[VersionedFact]:
    return facts_from_rows(
        transaction.rows(
            "facts_of_ids", instance_id=instance_id, kind=kind.value, ids=to_json(list(dict.fromkeys(ids)))
        )
    )
