"""Rows of the SQLite store to and from values of the domain.

Decides the encoding of what SQLite has no type for, and that a row which cannot be decoded is a sign of a damaged file:
SQLite has no checksums and hands out what it finds. It must not know connections or threads, nor where in a row a
column stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, ParamSpec, TypeVar
from zlib import crc32

import msgspec

from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
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
from trunkcall.domain.directory import (
    AccessKey,
    EncryptionConfig,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
)
from trunkcall.domain.errors import ContactDamagedError, StoreDamagedError
from trunkcall.domain.instants import EARLIEST, LATEST, Instant, is_instant
from trunkcall.domain.transitions import IN_PROGRESS, QUEUED_ONCE, WITH_AN_AGENT
from trunkcall.storage.ports.contacts import ContactCounts
from trunkcall.storage.ports.ownership import LedgerMinute
from trunkcall.storage.sqlite_statements import Row, kinds_of

P = ParamSpec("P")
T = TypeVar("T")

_SIGN: Final = 1 << 63
_HALF: Final = (1 << 32) - 1
"""A seal is two checksums of 32 bits: who is dialed until when, and the attributes. SQLite's integers have a sign."""

_encode = msgspec.json.Encoder().encode
_decode_map = msgspec.json.Decoder(dict[str, str]).decode


def _decodes(function: Callable[P, T]) -> Callable[P, T]:
    """Have the function raise StoreDamagedError, which repeats no value, for what it cannot decode."""

    @wraps(function)
    def decode(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return function(*arguments, **named)
        except (ValueError, TypeError, msgspec.MsgspecError):
            raise StoreDamagedError from None

    return decode


def to_json(value: Mapping[str, str] | Sequence[str] | Sequence[int]) -> str:
    return _encode(value).decode() if value else ("{}" if isinstance(value, Mapping) else "[]")


def instance_from_row(row: Row) -> Instance:
    return Instance(
        row.instance_id, row.alias, row.created_at, bool(row.onboarded), _encryption_from_row(row), row.retention_days
    )


def _encryption_from_row(row: Row) -> EncryptionConfig:
    return EncryptionConfig(bool(row.encryption_enabled), row.encryption_type, row.encryption_key_arn)


def job_to_row(job: OnboardingJob) -> dict[str, Any]:
    """An onboarding job, by the names of its columns."""
    return {
        "instance_id": job.instance_id,
        "status": job.status.value,
        "encryption_enabled": int(job.encryption.enabled),
        "encryption_type": job.encryption.encryption_type,
        "encryption_key_arn": job.encryption.key_arn,
        "started_at": job.started_at,
        "failure": job.failure.value if job.failure is not None else None,
    }


@_decodes
def job_from_row(row: Row) -> OnboardingJob:
    return OnboardingJob(
        row.instance_id,
        OnboardingStatus(row.status),
        _encryption_from_row(row),
        row.started_at,
        OnboardingFailure(row.failure) if row.failure is not None else None,
    )


def access_key_to_row(key: AccessKey) -> dict[str, Any]:
    """An access key, by the names of its columns."""
    return {
        "access_key_id": key.access_key_id,
        "encrypted_secret": key.encrypted_secret,
        "policy": key.policy,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def access_key_from_row(row: Row) -> AccessKey:
    """An access key. Whatever its row holds, it can be named and revoked; a damaged one opens nothing."""
    return AccessKey(
        readable(row.access_key_id),
        row.encrypted_secret if isinstance(row.encrypted_secret, bytes) else b"",
        readable(row.policy),
        row.created_at if is_instant(row.created_at) else 0,
        # One that may have been revoked is.
        row.revoked_at if row.revoked_at is None or is_instant(row.revoked_at) else 0,
    )


def campaign_to_row(campaign: Campaign) -> dict[str, Any]:
    """A campaign, by the names of its columns."""
    dialer, call = campaign.dialer, campaign.outbound_call
    detection = call.answer_machine_detection
    return {
        "campaign_id": campaign.campaign_id,
        "arn": campaign.arn,
        "instance_id": campaign.instance_id,
        "name": campaign.name,
        "dialer_type": dialer.dialer_type.value,
        "bandwidth_allocation": dialer.bandwidth_allocation,
        "dialing_capacity": dialer.dialing_capacity,
        "contact_flow_id": call.contact_flow_id,
        "queue_id": call.queue_id,
        "source_phone_number": call.source_phone_number,
        "detection_enabled": None if detection is None else detection.enabled,
        "detection_await_prompt": None if detection is None else detection.await_prompt,
        "state": campaign.state.value,
        "created_at": campaign.created_at,
        "tags": to_json(campaign.tags),
        "deleted_at": campaign.deleted_at,
        "version": campaign.version,
    }


@_decodes
def disposition(text: str) -> Disposition:
    return Disposition(text)


@_decodes
def campaign_state(text: str) -> CampaignState:
    return CampaignState(text)


_CAMPAIGN_KINDS: Final = MappingProxyType(
    {
        "campaign_id": str,
        "arn": str,
        "instance_id": str,
        "name": str,
        "dialer_type": str,
        "bandwidth_allocation": float | None,
        "dialing_capacity": float | None,
        "contact_flow_id": str,
        "queue_id": str | None,
        "source_phone_number": str | None,
        "detection_enabled": int | None,
        "detection_await_prompt": int | None,
        "state": str,
        "created_at": int,
        "tags": str,
        "deleted_at": int | None,
        "version": int,
    }
)
"""What the columns of a campaign may hold; the two shares are between 0 and 1."""


@_decodes
def campaign_from_row(row: Row) -> Campaign:
    if not all(isinstance(getattr(row, column), allowed) for column, allowed in _CAMPAIGN_KINDS.items()):
        raise StoreDamagedError
    shares = (row.bandwidth_allocation, row.dialing_capacity)
    if not is_instant(row.created_at) or not all(share is None or 0 <= share <= 1 for share in shares):
        raise StoreDamagedError
    detection = None
    if row.detection_enabled is not None:
        await_prompt = row.detection_await_prompt
        detection = AnswerMachineDetectionConfig(
            bool(row.detection_enabled), None if await_prompt is None else bool(await_prompt)
        )
    return Campaign(
        row.campaign_id,
        row.arn,
        row.instance_id,
        row.name,
        DialerConfig(DialerType(row.dialer_type), *shares),
        OutboundCallConfig(row.contact_flow_id, row.queue_id, row.source_phone_number, detection),
        CampaignState(row.state),
        row.created_at,
        _decode_map(row.tags),
        row.deleted_at,
        row.version,
    )


def request_to_values(request: DialRequest) -> dict[str, Any]:
    """What of a contact's row the request alone decides, by the names of the columns."""
    attributes = to_json(request.attributes)
    contact_id, token, number, expires_at = (
        request.contact_id,
        request.client_token,
        request.phone_number,
        request.expires_at,
    )
    seal = (_seal_of_person(contact_id, token, number, expires_at) << 32 | crc32(attributes.encode())) - _SIGN
    return {
        "contact_id": contact_id,
        "client_token": token,
        "phone_number": number,
        "attributes": attributes,
        "expires_at": expires_at,
        "seal": seal,
        "due_at": request.due_at,
        "previous_contact_id": request.previous_contact_id,
    }


def seal_of(contact: Mapping[str, Any]) -> int:
    """The seal of a contact, by the names of its columns."""
    person = _seal_of_person(
        contact["contact_id"], contact["client_token"], contact["phone_number"], contact["expires_at"]
    )
    return (person << 32 | crc32(contact["attributes"].encode())) - _SIGN


def _seal_of_person(contact_id: str, client_token: str | None, phone_number: str, expires_at: Instant) -> int:
    # No token that was accepted is empty.
    return crc32(f"{contact_id}\0{client_token or ''}\0{phone_number}\0{expires_at}".encode())


def person_is_as_accepted(person: Sequence[Any], seal: int | None) -> bool:
    """Whether contact id, client token, number and expiry are those accepted. What has no seal is taken as it is, if it
    can be that at all."""
    if bytes in map(type, person):
        return False
    if seal is None:
        return _is_number_or_erased(person[2])
    return (seal + _SIGN) >> 32 == _seal_of_person(*person)


def attributes_are_as_accepted(attributes: Any, seal: int | None) -> bool:
    """Whether the attributes are what was accepted; without a seal, whether they are attributes at all."""
    if type(attributes) is not str:
        return False
    if seal is not None:
        return (seal + _SIGN) & _HALF == crc32(attributes.encode())
    try:
        _decode_map(attributes)
    except (msgspec.MsgspecError, ValueError):
        return False
    return True


def _check_seal(row: Row) -> None:
    """Raise ContactDamagedError if this is not what was accepted."""
    seal, attributes = row.seal, row.attributes
    if type(seal) is int:
        person = crc32(f"{row.contact_id}\0{row.client_token or ''}\0{row.phone_number}\0{row.expires_at}".encode())
        if type(attributes) is str and seal + _SIGN == person << 32 | crc32(attributes.encode()):
            return
        raise ContactDamagedError(Damage.NOT_AS_ACCEPTED)
    if (
        seal is not None
        or not attributes_are_as_accepted(attributes, None)
        or not _is_number_or_erased(row.phone_number)
    ):
        raise ContactDamagedError(Damage.UNREADABLE)


def _is_number_or_erased(text: Any) -> bool:
    return type(text) is str and (not text or (text[0] == "+" and text[1:].isascii() and text[1:].isdecimal()))


def waiting_from_row(campaign_id: str, row: Row) -> WaitingContact:
    """A waiting contact. Raises ContactDamagedError rather than have somebody dialed whom nobody asked to dial."""
    if not row.in_place:
        raise ContactDamagedError(Damage.MISPLACED)
    if not row.phone_number or not is_instant(row.due_at):
        raise ContactDamagedError(Damage.UNREADABLE)
    _check_seal(row)
    return WaitingContact(
        row.contact_id, campaign_id, row.sequence, row.expires_at, row.client_token, row.phone_number, row.due_at
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
    )
    told: list[Instant | None] = [live.expires_at, live.attempted_at]
    if state in _ANSWERED:
        told.append(live.answered_at)
    if state in QUEUED_ONCE:
        told.append(live.queued_at)
    names = [live.contact_id, live.leg_id, *([live.agent_id] if state in WITH_AN_AGENT else [])]
    optional = (live.ring_started_at, live.answered_at, live.greeting_ended_at, live.queued_at)
    if (
        state not in IN_PROGRESS
        or not all(is_instant(at) for at in told)
        or not all(type(name) is str for name in names)
        or not all(at is None or is_instant(at) for at in optional)
        or not all(name is None or type(name) is str for name in (live.agent_id, live.agent_leg_id))
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
    _check_seal(row)
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


def whole(number: Any) -> int:
    """A count as well as it can be read. A damaged one stops nobody; `trunkcall db check` tells of it."""
    return number if type(number) is int else 0


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


def readable(text: Any) -> str:
    """A text as well as it can be read."""
    if isinstance(text, bytes):
        return text.decode(errors="replace")
    return text if isinstance(text, str) else ""


_ANSWERED = IN_PROGRESS - {ContactState.DIALING}
_TEXTS = ("_id", "_token", "_number", "attributes", "state", "detection", "disposition", "disconnect_reason")
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
    "seal": (int, _NONE),
}
"""What each column of a record may hold."""
_SOUND_KINDS: Final[set[tuple[type, ...]]] = set()
"""What they were found to hold together: of most records that is known already."""
_instants_of = attrgetter(*(name for name in ContactRecord.__dataclass_fields__ if name.endswith("_at")))
