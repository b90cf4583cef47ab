"""Contacts that are set aside because their rows are not what was written, and how they are ended.

Decides what of a damaged row is still believed. What is found damaged is noted beside the row and the row left alone:
SQLite refuses to change one that its indexes have elsewhere. It must not know threads or who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import structs

from trunkcall.domain.contact import (
    NEVER_DIALED,
    ContactRecord,
    ContactState,
    Damage,
    DetectionStatus,
    DisconnectReason,
    Disposition,
    LiveContact,
    WaitingContact,
)
from trunkcall.domain.errors import ContactDamagedError, StoreDamagedError
from trunkcall.domain.instants import Instant, is_instant
from trunkcall.domain.transitions import IN_PROGRESS
from trunkcall.storage.sqlite.clearances import is_hold, kept_document, kept_of
from trunkcall.storage.sqlite.contact_rows import live_from_row, quarantined_from_row, record_from_row, waiting_from_row
from trunkcall.storage.sqlite.customer_holds import are_holds
from trunkcall.storage.sqlite.flow_columns import are_attributes, is_trail
from trunkcall.storage.sqlite.recordings import is_recordings
from trunkcall.storage.sqlite.rows import readable, to_json
from trunkcall.storage.sqlite.seals import attributes_are_as_accepted, person_is_as_accepted, seal_of
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import WriteTransaction

T = TypeVar("T")

STATES: Final = to_json([state.value for state in ContactState])
_NAMES: Final = (
    "leg_id",
    "source_phone_number",
    "queue_id",
    "agent_id",
    "agent_leg_id",
    "previous_contact_id",
    "trunk_id",
    "time_zone",
    "agent_disposition",
)
_INSTANTS: Final = (
    "attempted_at",
    "ring_started_at",
    "answered_at",
    "greeting_started_at",
    "greeting_ended_at",
    "queued_at",
    "connected_to_agent_at",
    "safe_harbour_at",
    "after_contact_work_ended_at",
    "asked_due_at",
    "recordings_deleted_at",
)


class Found(NamedTuple):
    """A damaged contact as an index found it. ``campaign_key`` is the index's."""

    sequence: int
    campaign_key: int
    damage: Damage
    waiting: bool


def sound_of_waiting(campaign_id: str, rows: Sequence[Row]) -> tuple[list[WaitingContact], list[Found]]:
    """The contacts that wait, and those that are damaged."""
    sound: list[WaitingContact] = []
    damaged: list[Found] = []
    for row in rows:
        try:
            sound.append(waiting_from_row(campaign_id, row))
        except ContactDamagedError as error:
            damaged.append(Found(row.sequence, row.campaign_key, error.damage, waiting=True))
    return sound, damaged


def sound_of_live(rows: Sequence[Row]) -> tuple[list[LiveContact], list[Found]]:
    """The contacts that are in progress, and those that are damaged."""
    sound: list[LiveContact] = []
    damaged: list[Found] = []
    for row in rows:
        try:
            sound.append(live_from_row(row))
        except ContactDamagedError as error:
            # One that cannot tell its state and was never attempted was waiting.
            waits = row.state not in set(ContactState) and row.attempted_at is None
            damaged.append(Found(row.sequence, row.campaign_key, error.damage, waits))
    return sound, damaged


def set_aside(transaction: WriteTransaction, found: Collection[Found]) -> None:
    """Note these; those that are noted already stay as they are."""
    transaction.insert("set_aside", [each._asdict() for each in found])


def set_aside_as_it_stands(transaction: WriteTransaction, found: Mapping[int, Damage]) -> None:
    """Note contacts that no index has found, by their sequence."""
    for sequence, damage in found.items():
        transaction.execute("set_aside_as_it_stands", sequence=sequence, damage=damage.value, states=STATES)


def sound_of_records(rows: Sequence[Row]) -> tuple[list[ContactRecord], dict[int, Damage]]:
    """Of rows of ``contact_records`` the records, and by sequence what is none."""
    sound: list[ContactRecord] = []
    damaged: dict[int, Damage] = {}
    for row in rows:
        try:
            sound.append(record_from_row(row))
        except ContactDamagedError as error:
            damaged[row.sequence] = error.damage
    return sound, damaged


def is_in_progress(row: Row) -> bool:
    """Whether the row of ``contact_records`` is of a contact that some dialer may have in hand."""
    return row.state in IN_PROGRESS


def release_erased(transaction: WriteTransaction, sequences: Sequence[int]) -> None:
    """Let go of those that nothing is wrong with any more, now that what was wrong is erased."""
    for noted in transaction.rows("quarantined_sequences", sequences=to_json(sequences)):
        row = transaction.row("whole_contact", sequence=noted.sequence)
        if row is not None and row.state == ContactState.ENDED and not _is_damaged(transaction, row):
            transaction.execute("release", sequence=noted.sequence)


def _is_damaged(transaction: WriteTransaction, row: Row) -> bool:
    found = transaction.rows(
        "contact_records", after_sequence=row.sequence - 1, campaign_id=None, instance_id=None, limit=1
    )
    return not sound_of_records(found)[0] or found[0].sequence != row.sequence


def end_quarantined(
    transaction: WriteTransaction, sequences: Collection[int] | None, at: Instant, *, erase: bool
) -> int:
    """End these contacts, or all that are set aside; how many there were. What the indexes know better is taken from
    them; what cannot be believed then is erased, with ``erase`` all that is personal. The counts of their campaigns are
    taken anew from the contacts."""
    transaction.flush()
    keys: set[int] = set()
    found = [quarantined_from_row(row).sequence for row in transaction.rows("quarantined", campaign_id=None)]
    ending = found if sequences is None else [sequence for sequence in found if sequence in sequences]
    for sequence in ending:
        keys |= _end(transaction, sequence, at, erase=erase)
    _recount(transaction, keys)
    return len(ending)


def mend(transaction: WriteTransaction, sequence: int, at: Instant) -> None:
    """End a contact whose row cannot be changed otherwise, because a column is of another type."""
    transaction.flush()
    _recount(transaction, _end(transaction, sequence, at, erase=False))


def _end(transaction: WriteTransaction, sequence: int, at: Instant, *, erase: bool) -> set[Any]:
    """End one; whose counts that changes."""
    keys: set[Any] = set()
    row = transaction.row("whole_contact", sequence=sequence)
    if row is not None:
        contact = row._asdict()
        keys.add(contact["campaign_key"])
        if row.campaign_key_of_index is not None:
            contact["campaign_key"] = row.campaign_key_of_index
        believe_indexes(transaction, contact)
        keys.add(contact["campaign_key"])
        _mend(contact, at, erase=erase)
        transaction.execute("mend_contact", **contact)
    transaction.execute("release", sequence=sequence)
    return keys


def _recount(transaction: WriteTransaction, keys: Iterable[int]) -> None:
    transaction.flush()
    for key in keys:
        if transaction.execute("recount_backlog", campaign_key=key):
            transaction.execute("clear_dispositions", campaign_key=key)
            transaction.execute("recount_dispositions", campaign_key=key)
    transaction.forget_campaigns()


def reindexing(transaction: WriteTransaction, operation: Callable[[WriteTransaction], T]) -> T:
    """Carry out an operation on contacts that the indexes may have elsewhere, and make the indexes anew.

    SQLite refuses to change such a row unless the schema may be written; nobody writes it. A contact that waits and
    says of itself that it is another campaign's is set aside first: by the new indexes it would be.
    """
    transaction.execute("let_indexes_differ")
    transaction.indexes_are_made_anew = True
    try:
        transaction.execute("set_aside_misplaced", damage=Damage.MISPLACED.value)
        _restore_campaigns(transaction)
        done = operation(transaction)
        transaction.execute("reindex_contacts")
        # What was counted before was counted by the former indexes.
        _recount(transaction, [row.campaign_key for row in transaction.rows("campaign_keys")])
    finally:
        transaction.indexes_are_made_anew = False
        transaction.execute("let_no_indexes_differ")
    return done


def _restore_campaigns(transaction: WriteTransaction) -> None:
    """Give contacts of campaigns that there never were the campaign that an index has: the new one will not have it."""
    for contact in transaction.rows("contacts_of_no_campaign"):
        row = transaction.row("campaign_in_index", sequence=contact.sequence)
        if row is not None:
            transaction.execute("restore_campaign", campaign_key=row.campaign_key, sequence=contact.sequence)


def believe_indexes(transaction: WriteTransaction, contact: dict[str, Any]) -> None:
    """Take id and client token from their indexes, and the campaign if there is none of this key: damage is seldom at
    two places. Indexes are read from end to end.

    Raises StoreDamagedError where they differ and the indexes are not about to be made anew: what the row says may be
    another contact's, whose entry SQLite would then take away.
    """
    for query, name in (("contact_id_in_index", "contact_id"), ("client_token_in_index", "client_token")):
        row = transaction.row(query, sequence=contact["sequence"])
        of_index = None if row is None else getattr(row, name)
        if row is None or of_index != contact[name]:
            if not transaction.indexes_are_made_anew:
                raise StoreDamagedError
            if type(of_index) is str or (row is not None and of_index is None and name == "client_token"):
                contact[name] = of_index
    if transaction.row("campaign_of_key", campaign_key=contact["campaign_key"]) is None:
        if not transaction.indexes_are_made_anew:
            raise StoreDamagedError
        row = transaction.row("campaign_in_index", sequence=contact["sequence"])
        if row is not None:
            contact["campaign_key"] = row.campaign_key


def restore_tokens(transaction: WriteTransaction, sequences: Sequence[int]) -> None:
    """Give those of these contacts whose client token is another in its index that one again. Raises
    StoreDamagedError where there are any and the indexes are not about to be made anew."""
    for elsewhere in transaction.rows("tokens_elsewhere", sequences=to_json(sequences)):
        row = transaction.row("whole_contact", sequence=elsewhere.sequence)
        if row is not None:
            contact = row._asdict()
            believe_indexes(transaction, contact)
            contact["client_token"] = _readable_token(contact["client_token"])
            transaction.execute("restore_token", **contact)


def _mend(contact: dict[str, Any], at: Instant, *, erase: bool) -> None:
    """Make a damaged row one that could have been written, of a contact that has ended."""
    seal = contact["seal"] if type(contact["seal"]) is int else None
    sealed = contact["seal"] is None or seal is not None
    whole_person = sealed and person_is_as_accepted(contact, seal)
    if erase or not whole_person:
        contact["phone_number"] = ""
    if erase or not attributes_are_as_accepted(contact["attributes"], seal):
        contact["attributes"] = "{}"
    contact["contact_id"] = readable(contact["contact_id"])
    contact["client_token"] = _readable_token(contact["client_token"])
    if erase and contact["client_token"] is not None:
        contact["client_token"] = f"erased-{contact['sequence']}"
    for name in _NAMES:
        if type(contact[name]) is not str:
            contact[name] = None
    for name in _INSTANTS:
        if not is_instant(contact[name]):
            contact[name] = None
    for name in ("accepted_at", "expires_at"):
        if not is_instant(contact[name]):
            contact[name] = at
    if not is_instant(contact["due_at"]):
        contact["due_at"] = 0
    if not is_recordings(contact["recordings"]):
        contact["recordings"] = None
    if not is_hold(contact["hold"]):
        contact["hold"] = contact["asked_due_at"] = None
    if not are_holds(contact["customer_holds"]):
        contact["customer_holds"] = None
    if not is_trail(contact["flow_trail"]):
        contact["flow_trail"] = None
    if not contact["phone_number"] or not are_attributes(contact["flow_attributes"]):
        contact["flow_attributes"] = None
    contact["clearance"] = _mended_clearance(contact["clearance"], keyed=bool(contact["phone_number"]))
    if not contact["phone_number"]:
        contact["time_zone"] = None
    if contact["detection"] not in set(DetectionStatus):
        contact["detection"] = None
    # Two columns tell of an attempt: that there was one is believed of either.
    attempted = contact["state"] != ContactState.WAITING and (contact["attempted_at"] or contact["attempts"])
    contact["abandoned"] = int(contact["abandoned"] == 1)
    if not _has_ended(contact):
        disposition, reason = (
            (Disposition.ATTEMPT_FAILED, DisconnectReason.OUTBOUND_ATTEMPT_FAILED)
            if attempted
            else (Disposition.EXPIRED, DisconnectReason.EXPIRED)
        )
        contact |= {
            "state": ContactState.ENDED,
            "ended_at": at,
            "disposition": disposition,
            "disconnect_reason": reason,
        }
    contact["attempts"] = int(contact["disposition"] not in NEVER_DIALED)
    contact["updated_at"] = at
    contact["seal"] = seal_of(contact) if contact["phone_number"] else None


def _mended_clearance(document: Any, *, keyed: bool) -> str | None:
    """A clearance as well as it can be read, with the key of the number or without."""
    kept = kept_of(document)
    if kept is None or keyed or kept.number_key is None:
        return document if kept is not None else None
    return kept_document(structs.replace(kept, number_key=None))


def _readable_token(token: Any) -> str | None:
    """A client token as well as it can be read; a later attempt has none."""
    return None if token is None else readable(token)


def _has_ended(contact: Mapping[str, Any]) -> bool:
    return (
        contact["state"] == ContactState.ENDED
        and is_instant(contact["ended_at"])
        and contact["disposition"] in set(Disposition)
        and contact["disconnect_reason"] in set(DisconnectReason)
    )
