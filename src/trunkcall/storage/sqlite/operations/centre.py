"""Changes of an instance's facts that are decided by what there is.

Decides what a decision is made on, and in which order what it says is done. It must not know who decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import NotFoundError
from trunkcall.storage.sqlite.known_directory import KnownDirectory, as_of_now
from trunkcall.storage.sqlite.operations.facts import put_facts, remove_facts
from trunkcall.storage.sqlite.transaction import WriteTransaction

Decision: TypeAlias = Callable[[Directory, CentreUse], Sequence[Fact | FactRemoved]]


def change_facts(
    transaction: WriteTransaction, instance_id: str, known: KnownDirectory | None, decide: Decision
) -> KnownDirectory:
    """The directory after what was decided, from what was known of it before."""
    before = as_of_now(transaction.rows, instance_id, known)
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
    return after


def _use(transaction: WriteTransaction, instance_id: str) -> CentreUse:
    rows = transaction.rows("centre_use", instance_id=instance_id)
    return CentreUse(
        queue_ids=frozenset(row.queue_id for row in rows if type(row.queue_id) is str),
        contact_flow_ids=frozenset(row.contact_flow_id for row in rows if type(row.contact_flow_id) is str),
        phone_numbers=frozenset(row.source_phone_number for row in rows if type(row.source_phone_number) is str),
    )
