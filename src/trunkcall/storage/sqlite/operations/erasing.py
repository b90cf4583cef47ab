"""How personal data is erased from an SQLite store.

Decides that a contact which still waits ends first, and that no damage keeps one from being erased. It must not know
threads, when it is committed, nor why somebody is to be forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from trunkcall.domain.contact import Damage
from trunkcall.domain.instants import Instant
from trunkcall.storage.ports.privacy import ErasureReason
from trunkcall.storage.sqlite.clearances import kept_of
from trunkcall.storage.sqlite.operations.changes import expire_contact
from trunkcall.storage.sqlite.operations.clearing import forget_numbers
from trunkcall.storage.sqlite.operations.quarantine import mend, release_erased, restore_tokens
from trunkcall.storage.sqlite.rows import to_json
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import WriteTransaction


def forget_contacts(transaction: WriteTransaction, contacts: Sequence[Row], at: Instant) -> None:
    """Erase these rows of ``contacts_of_number``; those that still wait end EXPIRED first. Nothing tells any more that
    the number was ever dialed: attempts to it are counted from here on."""
    for row in contacts:
        head = transaction.find_campaign(row.campaign_id)
        if row.waiting and head is not None:
            # One that is set aside ends here as any other does.
            transaction.execute("release", sequence=row.sequence)
            expire = partial(expire_contact, contact_id=row.contact_id, head=head, at=at)
            if transaction.refusal(expire) is Damage.UNREADABLE:
                mend(transaction, row.sequence, at)
            else:
                expire(transaction)
    kept = (kept_of(row.clearance) for row in contacts)
    forget_numbers(transaction, [each.number_key for each in kept if each is not None and each.number_key is not None])
    _erase(transaction, [row.sequence for row in contacts], at, ErasureReason.FORGOTTEN)


def erase_ended(transaction: WriteTransaction, instance_id: str, before: Instant, at: Instant, limit: int) -> int:
    ended = transaction.rows("ended_before", instance_id=instance_id, before=before, limit=limit)
    sequences = [row.sequence for row in ended]
    if sequences:
        _erase(transaction, sequences, at, ErasureReason.RETENTION)
    return len(sequences)


def _erase(transaction: WriteTransaction, sequences: Sequence[int], at: Instant, reason: ErasureReason) -> None:
    restore_tokens(transaction, sequences)
    if transaction.refusal(partial(_erase_rows, sequences=sequences, at=at)) is Damage.UNREADABLE:
        for sequence in sequences:
            if transaction.refusal(partial(_erase_rows, sequences=[sequence], at=at)) is Damage.UNREADABLE:
                mend(transaction, sequence, at)
    _erase_rows(transaction, sequences, at)
    transaction.execute("insert_erasure", at=at, reason=reason.value, contacts=len(sequences))
    release_erased(transaction, sequences)


def _erase_rows(transaction: WriteTransaction, sequences: Sequence[int], at: Instant) -> None:
    transaction.execute("erase_contacts", at=at, sequences=to_json(sequences))
