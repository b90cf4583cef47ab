"""What the owner of a lease changes, applied to the rows of an SQLite store.

Decides how each change reads as an update, and what is refused. It must not know threads or when it is committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias, assert_never

from msgspec import structs

from trunkcall.domain.changes import (
    AfterContactWorkEnded,
    AgentDispositionChosen,
    AttemptBegun,
    AttemptVoided,
    Change,
    ContactAbandoned,
    ContactAnswered,
    ContactConnected,
    ContactConnecting,
    ContactDetected,
    ContactEnded,
    ContactExpired,
    ContactForbidden,
    ContactHeld,
    ContactQueued,
    ContactRecorded,
    ContactRequeued,
    ContactSetAside,
    CustomerPutOnHold,
    CustomerTakenOffHold,
    FlowProgressed,
    LedgerCounted,
    Refusal,
    SafeHarbourBegun,
    SessionBegun,
    SessionEnded,
    refused_as,
)
from trunkcall.domain.clearance import Clearance, Hold, HoldReason, Prohibition
from trunkcall.domain.contact import (
    FORBIDDEN_REASON,
    ContactState,
    Damage,
    Disposition,
    WaitingContact,
    forbidden_as,
)
from trunkcall.domain.errors import (
    IllegalTransitionError,
    NotFoundError,
    TrunkcallError,
)
from trunkcall.domain.instants import MINUTE, Instant, is_instant
from trunkcall.storage.ports.ownership import CommitResult, Lease
from trunkcall.storage.sqlite.clearances import (
    KeptClearance,
    hold_document,
    kept_document,
    kept_of,
    kept_of_attempt,
    kept_of_forbidden,
)
from trunkcall.storage.sqlite.customer_holds import BEGUN, ENDED
from trunkcall.storage.sqlite.flow_columns import attributes_document, sound_attributes, trail_document
from trunkcall.storage.sqlite.operations.clearing import Clearing, Verdict
from trunkcall.storage.sqlite.operations.quarantine import Found, set_aside, set_aside_as_it_stands, sound_of_waiting
from trunkcall.storage.sqlite.recordings import recordings_document
from trunkcall.storage.sqlite.rows import to_json
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import CampaignHead, WriteTransaction

HeldPlace: TypeAlias = tuple[int, int]
"""Of a contact among those that are held: the key of its campaign, and its sequence."""
FIRST_PLACE: Final[HeldPlace] = -1, -1


def apply_changes(
    transaction: WriteTransaction, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]
) -> CommitResult:
    """Apply the changes in their order, but for those of contacts that are set aside: their rows stay as they are.
    Raises IllegalTransitionError if one is impossible: the contact is in none of the states in which it may be, or not
    there."""
    first_at = min((change.at for change in changes if isinstance(change, AttemptBegun)), default=0)
    clearing = Clearing(transaction, lease.instance_id, clearances, first_at)
    changer = _Changer(transaction, lease, clearances, clearing)
    for change in changes:
        changer.apply(change)
    clearing.done()
    return CommitResult(
        changer.refused,
        changer.left_out,
        changer.not_waiting,
        changer.not_before,
        changer.verdicts,
        changer.attributes,
    )


def set_aside_refused_changes(
    transaction: WriteTransaction, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]
) -> int:
    """Set those contacts aside that SQLite does not let be changed like this, because of their rows or of what the
    indexes have; how many."""
    by_contact: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if not isinstance(change, LedgerCounted | ContactSetAside | SessionBegun | SessionEnded):
            by_contact[change.contact_id].append(change)
    found: dict[int, Damage] = {}
    for contact_id, of_contact in by_contact.items():
        with suppress(TrunkcallError):
            damage = transaction.refusal(partial(apply_changes, lease=lease, changes=of_contact, clearances=clearances))
            if (
                damage is Damage.UNREADABLE
                and transaction.refusal(partial(_try_contact, contact_id=contact_id)) is None
            ):
                # It is what is around the contact that is damaged.
                continue
            row = transaction.row("sequence_of_contact", contact_id=contact_id)
            if damage is not None and row is not None:
                found[row.sequence] = damage
    set_aside_as_it_stands(transaction, found)
    return len(found)


def _try_contact(transaction: WriteTransaction, contact_id: str) -> None:
    transaction.execute("try_contact", contact_id=contact_id)


def set_aside_refused_expiries(transaction: WriteTransaction, lease: Lease, now: Instant, limit: int) -> int:
    """Set those waiting contacts aside that SQLite does not let end, as ``set_aside_refused_changes`` does."""
    found: dict[int, Damage] = {}
    for head, closed in _backlogs(transaction, lease):
        contacts, _ = _to_expire(transaction, head, closed, now, limit)
        for contact in contacts:
            damage = transaction.refusal(partial(_expire_sequences, contacts=[contact], now=now))
            if damage is not None:
                found[contact.sequence] = damage
    set_aside_as_it_stands(transaction, found)
    return len(found)


def expire_waiting(transaction: WriteTransaction, lease: Lease, now: Instant, limit: int) -> list[WaitingContact]:
    """End up to ``limit`` waiting contacts that will not be dialed any more.

    Only campaigns that have waiting contacts are looked at, each through a partial index that begins with what has to
    end, so a large healthy backlog costs nothing. Damaged contacts are set aside, and take nobody's place.
    """
    expired: list[WaitingContact] = []
    transaction.flush()
    for head, closed in _backlogs(transaction, lease):
        while room := limit - len(expired):
            contacts, damaged = _to_expire(transaction, head, closed, now, room)
            if contacts:
                _expire_sequences(transaction, contacts, now)
                transaction.count_waiting(head, -len(contacts))
                transaction.count_disposition(head, Disposition.EXPIRED, len(contacts))
                expired += contacts
            if not damaged:
                break
            set_aside(transaction, damaged)
    return expired


def _backlogs(transaction: WriteTransaction, lease: Lease) -> Iterator[tuple[CampaignHead, bool]]:
    """Campaigns with contacts that wait, and whether nothing of them will be dialed any more."""
    for row in transaction.rows("backlogs_of_instance", instance_id=lease.instance_id):
        head = transaction.find_campaign(row.campaign_id)
        if head is not None:
            yield head, bool(row.closed)


def _to_expire(
    transaction: WriteTransaction, head: CampaignHead, closed: bool, now: Instant, limit: int
) -> tuple[list[WaitingContact], list[Found]]:
    """Contacts whose time to end has come, and the damaged ones among them."""
    if closed:
        rows = transaction.rows("waiting_in_closed_campaign", campaign_key=head.key, limit=limit)
    else:
        rows = transaction.rows("waiting_past_expiry", campaign_key=head.key, now=now, limit=limit)
    return sound_of_waiting(head.campaign_id, rows)


def _expire_sequences(transaction: WriteTransaction, contacts: Sequence[WaitingContact], now: Instant) -> None:
    sequences = to_json([contact.sequence for contact in contacts])
    transaction.execute("expire_sequences", now=now, sequences=sequences)


def expire_contact(transaction: WriteTransaction, contact_id: str, head: CampaignHead, at: Instant) -> bool:
    """End a contact as EXPIRED; False, and nothing changed, if it does not wait."""
    if not transaction.execute("expire_contact", contact_id=contact_id, campaign_key=head.key, at=at):
        return False
    transaction.count_waiting(head, -1)
    transaction.count_disposition(head, Disposition.EXPIRED)
    return True


def hold_contact(transaction: WriteTransaction, contact_id: str, head: CampaignHead, hold: Hold, at: Instant) -> bool:
    """Have a contact be due when its hold ends; False, and nothing changed, if it does not wait."""
    held = transaction.execute(
        "hold_contact",
        contact_id=contact_id,
        campaign_key=head.key,
        until=hold.until,
        hold=hold_document(hold),
        at=at,
    )
    return held == 1


def forbid_contact(
    transaction: WriteTransaction, contact_id: str, head: CampaignHead, kept: KeptClearance, at: Instant
) -> bool:
    """End a contact that may not be dialed; False, and nothing changed, if it does not wait."""
    assert kept.forbidden is not None
    disposition = forbidden_as(kept.forbidden)
    if not transaction.execute(
        "forbid_contact",
        contact_id=contact_id,
        campaign_key=head.key,
        disposition=disposition,
        disconnect_reason=FORBIDDEN_REASON,
        clearance=kept_document(kept),
        at=at,
    ):
        return False
    transaction.count_waiting(head, -1)
    transaction.count_disposition(head, disposition)
    return True


def release_holds(transaction: WriteTransaction, lease: Lease, after: HeldPlace, limit: int) -> tuple[int, HeldPlace]:
    """Have up to ``limit`` contacts that are held behind a place be due when they were asked to be; how many, and the
    place of the last one."""
    rows = _held(transaction, lease, after, limit)
    last = (rows[-1].campaign_key, rows[-1].sequence) if rows else after
    return _release(transaction, [row.sequence for row in rows]), last


def _held(transaction: WriteTransaction, lease: Lease, after: HeldPlace, limit: int) -> list[Row]:
    campaign_key, sequence = after
    return transaction.rows(
        "held_contacts", instance_id=lease.instance_id, campaign_key=campaign_key, sequence=sequence, limit=limit
    )


def _release(transaction: WriteTransaction, sequences: Sequence[int]) -> int:
    return transaction.execute("release_hold", sequences=to_json(sequences)) if sequences else 0


def set_aside_refused_releases(transaction: WriteTransaction, lease: Lease, after: HeldPlace, limit: int) -> int:
    """Set those held contacts aside that SQLite does not let be due at another time; how many."""
    found: dict[int, Damage] = {}
    for row in _held(transaction, lease, after, limit):
        damage = transaction.refusal(partial(_release, sequences=[row.sequence]))
        if damage is not None:
            found[row.sequence] = damage
    set_aside_as_it_stands(transaction, found)
    return len(found)


class _Changer:
    def __init__(
        self,
        transaction: WriteTransaction,
        lease: Lease,
        clearances: Mapping[str, Clearance],
        clearing: Clearing,
    ) -> None:
        self._transaction = transaction
        self._lease = lease
        self._clearances = clearances
        self._clearing = clearing
        self.refused: dict[str, Refusal] = {}
        self.left_out: set[str] = set()
        self.not_waiting: list[str] = []
        self.not_before: dict[str, Instant] = {}
        self.verdicts: dict[str, HoldReason | Prohibition] = {}
        self.attributes: dict[str, Mapping[str, str]] = {}

    def apply(self, change: Change) -> None:
        at = change.at
        match change:
            case AttemptBegun():
                self._begin(change)
            case AttemptVoided():
                self._void(change)
            case ContactAnswered(contact_id):
                self._must("contact_answered", contact_id, at=at, ring_started_at=change.ring_started_at)
            case ContactDetected(contact_id):
                self._must(
                    "contact_detected",
                    contact_id,
                    at=at,
                    detection=change.detection,
                    greeting_started_at=change.greeting_started_at,
                    greeting_ended_at=change.greeting_ended_at,
                )
            case ContactQueued(contact_id):
                self._must("contact_queued", contact_id, at=at, queue_id=change.queue_id)
            case ContactConnecting(contact_id):
                if self._must(
                    "contact_connecting", contact_id, at=at, agent_id=change.agent_id, agent_leg_id=change.leg_id
                ):
                    self._count_leg(change.leg_id)
            case ContactRequeued(contact_id):
                self._must("contact_requeued", contact_id, at=at)
            case ContactConnected(contact_id):
                self._must("contact_connected", contact_id, at=at, agent_id=change.agent_id)
            case ContactAbandoned(contact_id):
                self._must("contact_abandoned", contact_id, at=at)
            case SafeHarbourBegun(contact_id):
                self._must("safe_harbour_begun", contact_id, at=at)
            case ContactEnded():
                self._end(change)
            case ContactExpired(contact_id, campaign_id):
                self._expire(contact_id, self._campaign(campaign_id), at)
            case ContactHeld():
                if not hold_contact(
                    self._transaction, change.contact_id, self._campaign(change.campaign_id), change.hold, at
                ):
                    self.not_waiting.append(change.contact_id)
            case ContactForbidden():
                forbidden = KeptClearance(forbidden=change.prohibition)
                if not forbid_contact(
                    self._transaction, change.contact_id, self._campaign(change.campaign_id), forbidden, at
                ):
                    self.not_waiting.append(change.contact_id)
            case AfterContactWorkEnded(contact_id):
                self._must("after_contact_work_ended", contact_id, at=at)
            case AgentDispositionChosen(contact_id, disposition):
                self._must("agent_disposition_chosen", contact_id, at=at, disposition=disposition)
            case ContactRecorded(contact_id, recordings):
                self._must("contact_recorded", contact_id, at=at, recordings=recordings_document(recordings))
            case CustomerPutOnHold(contact_id):
                self._must("customer_hold_noted", contact_id, at=at, note=BEGUN)
            case CustomerTakenOffHold(contact_id):
                self._must("customer_hold_noted", contact_id, at=at, note=ENDED)
            case FlowProgressed(contact_id):
                self._must(
                    "flow_progressed",
                    contact_id,
                    at=at,
                    progress=change.progress,
                    taken=trail_document(change.taken),
                    attributes=attributes_document(change.attributes),
                )
            case ContactSetAside():
                set_aside_as_it_stands(self._transaction, {change.sequence: Damage.NOT_TAKEN_OVER})
            case SessionBegun():
                self._transaction.execute(
                    "session_begun",
                    instance_id=self._lease.instance_id,
                    agent_id=change.agent_id,
                    leg_id=change.leg_id,
                    host=change.host,
                    at=at,
                )
                self._count_leg(change.leg_id)
            case SessionEnded():
                self._transaction.execute(
                    "session_ended",
                    instance_id=self._lease.instance_id,
                    agent_id=change.agent_id,
                    leg_id=change.leg_id,
                )
            case LedgerCounted(campaign_id):
                self._transaction.execute(
                    "count_in_ledger",
                    campaign_key=self._campaign(campaign_id).key,
                    minute_at=at - at % MINUTE,
                    live_answers=change.live_answers,
                    abandoned=change.abandoned,
                )
            case _:
                assert_never(change)

    def _begin(self, change: AttemptBegun) -> None:
        head = self._campaign(change.campaign_id)
        at = change.at
        contact_id, key = change.contact_id, head.key
        clearance = self._clearances.get(contact_id)
        kept = None if clearance is None else kept_of_attempt(clearance)
        verdict = self._clearing.verdict(clearance, head.version, at)
        begun = (
            self._transaction.row(
                "begin_attempt",
                leg_id=change.leg_id,
                trunk_id=change.trunk_id,
                caller_id=change.caller_id,
                at=at,
                contact_id=contact_id,
                campaign_key=key,
                clearance=None if kept is None else kept_document(kept),
            )
            if verdict is None and head.takes_requests
            else None
        )
        if begun is not None:
            self.attributes[contact_id] = {
                **sound_attributes(begun.attributes),
                **sound_attributes(begun.flow_attributes),
            }
            self._transaction.count_waiting(head, -1)
            if kept is not None:
                self._clearing.begun(begun.sequence, key, kept, at)
            return
        row = self._transaction.row("not_begun", contact_id=contact_id, campaign_key=key)
        if row is None or row.state != ContactState.WAITING:
            self.refused[contact_id] = Refusal.NOT_WAITING
        elif not head.takes_requests:
            self.refused[contact_id] = Refusal.CAMPAIGN_NOT_RUNNING
        elif row.expires_at <= at:
            self.refused[contact_id] = Refusal.EXPIRED
        elif not is_instant(row.due_at):
            set_aside_as_it_stands(self._transaction, {row.sequence: Damage.UNREADABLE})
            self.refused[contact_id] = Refusal.NOT_WAITING
        elif verdict is None or row.due_at > at:
            self.refused[contact_id] = Refusal.NOT_DUE
            self.not_before[contact_id] = row.due_at
        else:
            self._refuse(contact_id, head, verdict, at)

    def _refuse(self, contact_id: str, head: CampaignHead, verdict: Verdict, at: Instant) -> None:
        """Do with a waiting contact what the gate says."""
        match verdict:
            case Refusal():
                self.refused[contact_id] = verdict
            case Hold():
                hold_contact(self._transaction, contact_id, head, verdict, at)
                self.refused[contact_id] = Refusal.HELD
                self.not_before[contact_id], self.verdicts[contact_id] = verdict.until, verdict.reason
            case Prohibition():
                kept = kept_of_forbidden(self._clearances[contact_id], verdict)
                forbid_contact(self._transaction, contact_id, head, kept, at)
                self.refused[contact_id], self.verdicts[contact_id] = refused_as(verdict), verdict
            case _:
                assert_never(verdict)

    def _void(self, change: AttemptVoided) -> None:
        head = self._campaign(change.campaign_id)
        contact_id, at = change.contact_id, change.at
        before = self._transaction.row("clearance_of_attempt", contact_id=contact_id)
        if not self._must("void_attempt", contact_id, campaign_key=head.key, at=at):
            return
        self._transaction.count_waiting(head, 1)
        kept = None if before is None else kept_of(before.clearance)
        if before is not None and kept is not None:
            self._clearing.voided(before.sequence, kept, before.attempted_at)
        if self._transaction.row("number_erased", contact_id=contact_id) is not None:
            self._expire(contact_id, head, at)

    def _end(self, change: ContactEnded) -> None:
        head = self._campaign(change.campaign_id)
        contact_id, at = change.contact_id, change.at
        ended = self._transaction.rows(
            "end_contact",
            contact_id=contact_id,
            campaign_key=head.key,
            at=at,
            disposition=change.disposition,
            disconnect_reason=change.disconnect_reason,
            detection=change.detection,
            ring_started_at=change.ring_started_at,
            unheard=change.unheard,
        )
        if not ended:
            self._leave_out("end_contact", contact_id)
            return
        self._transaction.count_disposition(head, change.disposition)
        kept = kept_of(ended[0].clearance)
        # Of whom nobody knows what became, what was reserved may have been spent.
        if kept is not None and kept.spend_days and change.disposition is not Disposition.ATTEMPT_FAILED:
            spent = self._clearing.ended(kept, ended[0].answered_at, at)
            document = kept_document(structs.replace(kept, spend=spent))
            self._transaction.execute("set_clearance", contact_id=contact_id, clearance=document)

    def _count_leg(self, leg_id: str) -> None:
        """Count an agent's leg that leaves as a call does."""
        clearance = self._clearances.get(leg_id)
        if clearance is not None:
            self._clearing.made(clearance)

    def _expire(self, contact_id: str, head: CampaignHead, at: Instant) -> None:
        if not expire_contact(self._transaction, contact_id, head, at):
            self.not_waiting.append(contact_id)

    def _campaign(self, campaign_id: str) -> CampaignHead:
        """The campaign, deleted or not: contacts in progress outlive it."""
        head = self._transaction.find_campaign(campaign_id)
        if head is None or head.instance_id != self._lease.instance_id:
            raise NotFoundError(f"The instance has no campaign {campaign_id}.")
        return head

    def _must(self, query: str, contact_id: str, **parameters: object) -> bool:
        """Whether it was done; False for a contact that is set aside, or is now because it cannot tell its state."""
        if self._transaction.execute(query, contact_id=contact_id, **parameters) == 1:
            return True
        self._leave_out(query, contact_id)
        return False

    def _leave_out(self, query: str, contact_id: str) -> None:
        """Whose contact cannot be changed so is set aside, or the change is impossible."""
        row = self._transaction.row("contact_as_it_stands", contact_id=contact_id)
        if row is None:
            raise IllegalTransitionError(f"{query}: there is no contact {contact_id}. Nothing was changed.")
        if not row.set_aside:
            if row.state in set(ContactState):
                raise IllegalTransitionError(f"{query}: contact {contact_id} is {row.state}. Nothing was changed.")
            set_aside_as_it_stands(self._transaction, {row.sequence: Damage.UNREADABLE})
        self.left_out.add(contact_id)
