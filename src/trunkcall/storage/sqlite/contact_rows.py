"""Rows of contacts to and from values of the domain.

Decides which rows can be believed, each for its reader, and that one which cannot is a damaged contact, not a damaged
store. It must not know connections or threads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from trunkcall.domain.contact import (
    ContactRecord,
    ContactState,
    Damage,
    DetectionStatus,
    DialRequest,
    DisconnectReason,
    Disposition,
    LiveContact,
    QuarantinedContact,
    WaitingContact,
)
from trunkcall.domain.errors import ContactDamagedError
from trunkcall.domain.instants import EARLIEST, LATEST, Instant, is_instant
from trunkcall.domain.transitions import IN_PROGRESS, QUEUED_ONCE, WITH_AN_AGENT
from trunkcall.storage.ports.contacts import ContactCounts
from trunkcall.storage.ports.ownership import LedgerMinute
from trunkcall.storage.sqlite.clearances import cleared_of, hold_document, hold_of
from trunkcall.storage.sqlite.customer_holds import holds_of
from trunkcall.storage.sqlite.flow_columns import attributes_of, trail_of
from trunkcall.storage.sqlite.recordings import is_recordings, recordings_of
from trunkcall.storage.sqlite.rows import readable, to_json, whole
from trunkcall.storage.sqlite.seals import check_seal, seal_of
from trunkcall.storage.sqlite.statements import Row, kinds_of

_decode_map = msgspec.json.Decoder(dict[str, str]).decode


def request_to_values(request: DialRequest) -> dict[str, Any]:
    """What of a contact's row the request alone decides, by the names of the columns."""
    row = {
        "contact_id": request.contact_id,
        "client_token": request.client_token,
        "phone_number": request.phone_number,
        "attributes": to_json(request.attributes),
        "expires_at": request.expires_at,
        "due_at": request.due_at,
        "previous_contact_id": request.previous_contact_id,
        "time_zone": request.time_zone,
        "hold": None,
        "asked_due_at": None,
    }
    if request.hold is not None:
        row |= {
            "due_at": max(request.due_at, request.hold.until),
            "hold": hold_document(request.hold),
            "asked_due_at": request.due_at,
        }
    row["seal"] = seal_of(row)
    return row


def waiting_from_row(campaign_id: str, row: Row) -> WaitingContact:
    """A waiting contact. Raises ContactDamagedError rather than have somebody dialed whom nobody asked to dial."""
    if not row.in_place:
        raise ContactDamagedError(Damage.MISPLACED)
    if not row.phone_number or not is_instant(row.due_at):
        raise ContactDamagedError(Damage.UNREADABLE)
    check_seal(row)
    return WaitingContact(
        row.contact_id,
        campaign_id,
        row.sequence,
        row.expires_at,
        row.client_token,
        row.phone_number,
        row.due_at,
        row.time_zone,
    )


def live_from_row(row: Row) -> LiveContact:
    """A contact in progress. Raises ContactDamagedError for what no dialer has written."""
    if not row.in_place:
        raise ContactDamagedError(Damage.MISPLACED)
    try:
        state = ContactState(row.state)
        detection = None if row.detection is None else DetectionStatus(row.detection)
    except ValueError:
        raise ContactDamagedError from None
    live = LiveContact(
        contact_id=row.contact_id,
        campaign_id=row.campaign_id,
        sequence=row.sequence,
        expires_at=row.expires_at,
        state=state,
        leg_id=row.leg_id,
        attempted_at=row.attempted_at,
        ring_started_at=row.ring_started_at,
        answered_at=row.answered_at,
        detection=detection,
        greeting_ended_at=row.greeting_ended_at,
        queued_at=row.queued_at,
        agent_id=row.agent_id,
        agent_leg_id=row.agent_leg_id,
        abandoned=bool(row.abandoned),
        trunk_id=row.trunk_id,
        safe_harbour_at=row.safe_harbour_at,
        recordings=recordings_of(row.recordings) if is_recordings(row.recordings) else (),
        queue_id=row.queue_id,
    )
    told: list[Instant | None] = [live.expires_at, live.attempted_at]
    if state in _ANSWERED:
        told.append(live.answered_at)
    if state in QUEUED_ONCE:
        told.append(live.queued_at)
    if state is ContactState.SAFE_HARBOUR:
        told.append(live.safe_harbour_at)
    names = [live.contact_id, live.leg_id, *([live.agent_id] if state in WITH_AN_AGENT else [])]
    optional = (live.ring_started_at, live.answered_at, live.greeting_ended_at, live.queued_at, live.safe_harbour_at)
    if (
        state not in IN_PROGRESS
        or not all(is_instant(at) for at in told)
        or not all(type(name) is str for name in names)
        or not all(at is None or is_instant(at) for at in optional)
        or not all(
            name is None or type(name) is str
            for name in (live.agent_id, live.agent_leg_id, live.trunk_id, live.queue_id)
        )
    ):
        raise ContactDamagedError
    return live


def record_from_row(row: Row) -> ContactRecord:
    """A contact record. Raises ContactDamagedError for what is not as it was accepted, and for what was never
    written."""
    try:
        return _record_from_row(row)
    except (ValueError, TypeError, msgspec.MsgspecError):
        raise ContactDamagedError from None


def _record_from_row(row: Row) -> ContactRecord:
    kinds = kinds_of(row)
    if kinds not in _SOUND_KINDS:
        # Text that is none, no whole number, or a campaign that there never was.
        if not all(type(getattr(row, column)) in allowed for column, allowed in _KINDS.items()):
            raise ContactDamagedError
        _SOUND_KINDS.add(kinds)
    check_seal(row)
    record = ContactRecord(
        contact_id=row.contact_id,
        campaign_id=row.campaign_id,
        instance_id=row.instance_id,
        client_token=row.client_token,
        phone_number=row.phone_number,
        attributes=_decode_map(row.attributes),
        state=ContactState(row.state),
        accepted_at=row.accepted_at,
        expires_at=row.expires_at,
        updated_at=row.updated_at,
        source_phone_number=row.source_phone_number,
        queue_id=row.queue_id,
        attempts=row.attempts,
        attempted_at=row.attempted_at,
        ring_started_at=row.ring_started_at,
        answered_at=row.answered_at,
        detection=None if row.detection is None else DetectionStatus(row.detection),
        greeting_started_at=row.greeting_started_at,
        greeting_ended_at=row.greeting_ended_at,
        queued_at=row.queued_at,
        agent_id=row.agent_id,
        connected_to_agent_at=row.connected_to_agent_at,
        abandoned=bool(row.abandoned),
        ended_at=row.ended_at,
        disposition=None if row.disposition is None else Disposition(row.disposition),
        disconnect_reason=None if row.disconnect_reason is None else DisconnectReason(row.disconnect_reason),
        after_contact_work_ended_at=row.after_contact_work_ended_at,
        due_at=row.due_at,
        previous_contact_id=row.previous_contact_id,
        trunk_id=row.trunk_id,
        safe_harbour_at=row.safe_harbour_at,
        time_zone=row.time_zone,
        hold=None if row.hold is None else hold_of(row.hold),
        clearance=None if row.clearance is None else cleared_of(row.clearance),
        agent_disposition=row.agent_disposition,
        recordings=recordings_of(row.recordings),
        recordings_deleted_at=row.recordings_deleted_at,
        customer_holds=holds_of(row.customer_holds),
        flow_trail=trail_of(row.flow_trail),
        flow_attributes=attributes_of(row.flow_attributes),
    )
    ended = record.state is ContactState.ENDED
    of_the_end = (record.ended_at, record.disposition, record.disconnect_reason)
    if any(ended is not (value is not None) for value in of_the_end):
        raise ContactDamagedError
    told = [at for at in _instants_of(record) if at is not None]
    if min(told) < EARLIEST or max(told) > LATEST or record.attempts not in (0, 1):
        raise ContactDamagedError
    return record


def quarantined_from_row(row: Row) -> QuarantinedContact:
    """A contact that is set aside. Whatever its row holds, it can be named."""
    known = row.state in {state.value for state in ContactState}
    return QuarantinedContact(
        row.sequence,
        readable(row.contact_id),
        None if row.campaign_id is None else readable(row.campaign_id),
        Damage(row.damage) if row.damage in set(Damage) else Damage.UNREADABLE,
        ContactState(row.state) if known else None,
        bool(row.waiting),
    )


def ledger_from_rows(found: Sequence[Row]) -> list[LedgerMinute]:
    """A ledger without the minutes that were never written."""
    return [
        LedgerMinute(row.minute_at, row.live_answers, row.abandoned)
        for row in found
        if is_instant(row.minute_at) and all(map(_is_count, (row.minute_at, row.live_answers, row.abandoned)))
    ]


def _is_count(number: Any) -> bool:
    return type(number) is int and number >= 0


def counts_from_rows(found: Sequence[Row]) -> dict[str, ContactCounts]:
    """Counts by campaign; a row for each disposition. One that there is not belongs to a damaged contact."""
    ended: defaultdict[str, dict[Disposition, int]] = defaultdict(dict)
    for row in found:
        if row.contacts and row.disposition in set(Disposition):
            ended[row.campaign_id][Disposition(row.disposition)] = whole(row.contacts)
    of_campaign = {row.campaign_id: row for row in found}
    return {
        campaign_id: ContactCounts(
            whole(row.accepted), whole(row.waiting), ended[campaign_id], row.waiting_aside, row.in_progress_aside
        )
        for campaign_id, row in of_campaign.items()
    }


_ANSWERED = IN_PROGRESS - {ContactState.DIALING}
_TEXTS = ("_id", "_token", "_number", "_zone", "attributes", "state", "detection", "disposition", "disconnect_reason")
_NONE = type(None)
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "sequence": (int,),
    **{
        name: (str if name.endswith(_TEXTS) else int, *((_NONE,) if field.default is None else ()))
        for name, field in ContactRecord.__dataclass_fields__.items()
    },
    "client_token": (str, _NONE),
    "leg_id": (str, _NONE),
    "agent_leg_id": (str, _NONE),
    "hold": (str, _NONE),
    "asked_due_at": (int, _NONE),
    "clearance": (str, _NONE),
    "recordings": (str, _NONE),
    "customer_holds": (str, _NONE),
    "flow_trail": (str, _NONE),
    "flow_progress": (str, _NONE),
    "seal": (int, _NONE),
}
"""What each column of a record may hold."""
_SOUND_KINDS: Final[set[tuple[type, ...]]] = set()
"""What they were found to hold together: of most records that is known already."""
_instants_of = attrgetter(*(name for name in ContactRecord.__dataclass_fields__ if name.endswith("_at")))
