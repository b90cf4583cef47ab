"""Rows of the SQLite store to and from values of the domain.

Decides the order of columns and the encoding of what SQLite has no type for, and that a row which cannot be decoded is
a sign of a damaged file: SQLite has no checksums and hands out what it finds. It must not know connections or threads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar
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

P = ParamSpec("P")
T = TypeVar("T")

Row: TypeAlias = tuple[Any, ...]
"""A row as sqlite3 gives it; the schema is STRICT, so the types are those of the columns."""

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
    instance_id, alias, created_at, onboarded, enabled, encryption_type, key_arn, retention_days = row
    encryption = EncryptionConfig(bool(enabled), encryption_type, key_arn)
    return Instance(instance_id, alias, created_at, bool(onboarded), encryption, retention_days)


def job_to_row(job: OnboardingJob) -> Row:
    encryption = job.encryption
    return (
        job.instance_id,
        job.status.value,
        int(encryption.enabled),
        encryption.encryption_type,
        encryption.key_arn,
        job.started_at,
        job.failure.value if job.failure is not None else None,
    )


@_decodes
def job_from_row(row: Row) -> OnboardingJob:
    instance_id, status, enabled, encryption_type, key_arn, started_at, failure = row
    return OnboardingJob(
        instance_id,
        OnboardingStatus(status),
        EncryptionConfig(bool(enabled), encryption_type, key_arn),
        started_at,
        OnboardingFailure(failure) if failure is not None else None,
    )


def access_key_to_row(key: AccessKey) -> Row:
    return key.access_key_id, key.encrypted_secret, key.policy, key.created_at, key.revoked_at


def access_key_from_row(row: Row) -> AccessKey:
    """An access key. Whatever its row holds, it can be named and revoked; a damaged one opens nothing."""
    access_key_id, secret, policy, created_at, revoked_at = row
    return AccessKey(
        readable(access_key_id),
        secret if isinstance(secret, bytes) else b"",
        readable(policy),
        created_at if is_instant(created_at) else 0,
        # One that may have been revoked is.
        revoked_at if revoked_at is None or is_instant(revoked_at) else 0,
    )


def campaign_to_row(campaign: Campaign) -> Row:
    dialer, call = campaign.dialer, campaign.outbound_call
    detection = call.answer_machine_detection
    return (
        campaign.campaign_id,
        campaign.arn,
        campaign.instance_id,
        campaign.name,
        dialer.dialer_type.value,
        dialer.bandwidth_allocation,
        dialer.dialing_capacity,
        call.contact_flow_id,
        call.queue_id,
        call.source_phone_number,
        None if detection is None else detection.enabled,
        None if detection is None else detection.await_prompt,
        campaign.state.value,
        campaign.created_at,
        to_json(campaign.tags),
        campaign.deleted_at,
        campaign.version,
    )


@_decodes
def disposition(text: str) -> Disposition:
    return Disposition(text)


@_decodes
def campaign_state(text: str) -> CampaignState:
    return CampaignState(text)


CAMPAIGN_CREATED_AT: Final = 13
_CAMPAIGN_KINDS: Final = (
    *[str] * 5,
    *[float | None] * 2,
    str,
    *[str | None] * 2,
    *[int | None] * 2,
    str,
    int,
    str,
    int | None,
    int,
)
"""What the columns of a campaign may hold; the two shares are between 0 and 1."""


@_decodes
def campaign_from_row(row: Row) -> Campaign:
    if not all(isinstance(value, allowed) for value, allowed in zip(row, _CAMPAIGN_KINDS, strict=True)):
        raise StoreDamagedError
    if not is_instant(row[CAMPAIGN_CREATED_AT]) or not all(share is None or 0 <= share <= 1 for share in row[5:7]):
        raise StoreDamagedError
    (campaign_id, arn, instance_id, name, dialer_type, bandwidth, capacity, flow_id, queue_id, source_number) = row[:10]
    enabled, await_prompt, state, created_at, tags, deleted_at, version = row[10:]
    detection = (
        None
        if enabled is None
        else AnswerMachineDetectionConfig(bool(enabled), None if await_prompt is None else bool(await_prompt))
    )
    return Campaign(
        campaign_id,
        arn,
        instance_id,
        name,
        DialerConfig(DialerType(dialer_type), bandwidth, capacity),
        OutboundCallConfig(flow_id, queue_id, source_number, detection),
        CampaignState(state),
        created_at,
        _decode_map(tags),
        deleted_at,
        version,
    )


def request_to_values(request: DialRequest) -> Row:
    """What of a contact's row the request alone decides."""
    attributes = to_json(request.attributes)
    contact_id, token, number, expires_at = (
        request.contact_id,
        request.client_token,
        request.phone_number,
        request.expires_at,
    )
    seal = (_seal_of_person(contact_id, token, number, expires_at) << 32 | crc32(attributes.encode())) - _SIGN
    return contact_id, token, number, attributes, expires_at, seal


def seal_of(contact: Mapping[str, Any]) -> int:
    """The seal of a contact, by the names of its columns."""
    person = _seal_of_person(
        contact["contact_id"], contact["client_token"], contact["phone_number"], contact["expires_at"]
    )
    return (person << 32 | crc32(contact["attributes"].encode())) - _SIGN


def _seal_of_person(contact_id: str, client_token: str, phone_number: str, expires_at: Instant) -> int:
    return crc32(f"{contact_id}\0{client_token}\0{phone_number}\0{expires_at}".encode())


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


def _check_seal(
    contact_id: str, client_token: str, phone_number: str, expires_at: Instant, attributes: Any, seal: Any
) -> None:
    """Raise ContactDamagedError if this is not what was accepted."""
    if type(seal) is int:
        person = crc32(f"{contact_id}\0{client_token}\0{phone_number}\0{expires_at}".encode())
        if type(attributes) is str and seal + _SIGN == person << 32 | crc32(attributes.encode()):
            return
        raise ContactDamagedError(Damage.NOT_AS_ACCEPTED)
    if seal is not None or not attributes_are_as_accepted(attributes, None) or not _is_number_or_erased(phone_number):
        raise ContactDamagedError(Damage.UNREADABLE)


def _is_number_or_erased(text: Any) -> bool:
    return type(text) is str and (not text or (text[0] == "+" and text[1:].isascii() and text[1:].isdecimal()))


def waiting_from_row(campaign_id: str, row: Row) -> WaitingContact:
    """A waiting contact. Raises ContactDamagedError rather than have somebody dialed whom nobody asked to dial."""
    sequence, in_place, contact_id, expires_at, client_token, phone_number, attributes, seal, _ = row
    if not in_place:
        raise ContactDamagedError(Damage.MISPLACED)
    if not phone_number:
        raise ContactDamagedError(Damage.UNREADABLE)
    _check_seal(contact_id, client_token, phone_number, expires_at, attributes, seal)
    return WaitingContact(contact_id, campaign_id, sequence, expires_at, client_token, phone_number)


def live_from_row(row: Row) -> LiveContact:
    """A contact in progress; the row's columns are its sequence, whether it is in its place, then the fields in their
    order, then the campaign's key. Raises ContactDamagedError for what no dialer has written."""
    _, in_place, *values, _ = row
    if not in_place:
        raise ContactDamagedError(Damage.MISPLACED)
    try:
        values[_LIVE_STATE] = state = ContactState(values[_LIVE_STATE])
        if values[_LIVE_DETECTION] is not None:
            values[_LIVE_DETECTION] = DetectionStatus(values[_LIVE_DETECTION])
    except ValueError:
        raise ContactDamagedError from None
    values[-1] = bool(values[-1])
    live = LiveContact(*values)
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
    """A contact record; the row's columns are its sequence, then the record's fields in their order, then the two legs
    and the seal. Raises ContactDamagedError for what is not as it was accepted, and for what was never written."""
    try:
        return _record_from_row(row)
    except (ValueError, TypeError, msgspec.MsgspecError):
        raise ContactDamagedError from None


def _record_from_row(row: Row) -> ContactRecord:
    kinds = tuple(map(type, row))
    if kinds not in _SOUND_KINDS:
        # Text that is none, no whole number, or a campaign that there never was.
        if not all(kind in allowed for kind, allowed in zip(kinds, _KINDS, strict=True)):
            raise ContactDamagedError
        _SOUND_KINDS.add(kinds)
    values = list(row[1:-3])
    _, contact_id, _, _, client_token, phone_number, attributes, _, _, expires_at, *_ = row
    _check_seal(contact_id, client_token, phone_number, expires_at, attributes, row[-1])
    values[_ATTRIBUTES] = _decode_map(values[_ATTRIBUTES])
    values[_STATE] = ContactState(values[_STATE])
    values[_ABANDONED] = bool(values[_ABANDONED])
    if values[_DETECTION] is not None:
        values[_DETECTION] = DetectionStatus(values[_DETECTION])
    if values[_DISPOSITION] is not None:
        values[_DISPOSITION] = Disposition(values[_DISPOSITION])
    if values[_REASON] is not None:
        values[_REASON] = DisconnectReason(values[_REASON])
    ended = values[_STATE] is ContactState.ENDED
    if any(ended is not (values[column] is not None) for column in (_DISPOSITION, _REASON, _ENDED_AT)):
        raise ContactDamagedError
    told = [values[index] for index in _INSTANTS if values[index] is not None]
    if min(told) < EARLIEST or max(told) > LATEST or values[_ATTEMPTS] not in (0, 1):
        raise ContactDamagedError
    return ContactRecord(*values)


def quarantined_from_row(row: Row) -> QuarantinedContact:
    """A contact that is set aside. Whatever its row holds, it can be named."""
    sequence, contact_id, campaign_id, damage, state, waiting = row
    known = state in {state.value for state in ContactState}
    return QuarantinedContact(
        sequence,
        readable(contact_id),
        None if campaign_id is None else readable(campaign_id),
        Damage(damage) if damage in set(Damage) else Damage.UNREADABLE,
        ContactState(state) if known else None,
        bool(waiting),
    )


def whole(number: Any) -> int:
    """A count as well as it can be read. A damaged one stops nobody; `trunkcall db check` tells of it."""
    return number if type(number) is int else 0


def ledger_from_rows(found: Sequence[Row]) -> list[LedgerMinute]:
    """A ledger without the minutes that were never written."""
    return [
        LedgerMinute(*row) for row in found if set(map(type, row)) == {int} and is_instant(row[0]) and min(row) >= 0
    ]


def counts_from_rows(found: Sequence[Row]) -> dict[str, ContactCounts]:
    """Counts by campaign; a row for each disposition. One that there is not belongs to a damaged contact."""
    numbers: dict[str, tuple[int, int, int, int]] = {}
    ended: defaultdict[str, dict[Disposition, int]] = defaultdict(dict)
    for campaign_id, accepted, waiting, waiting_aside, in_progress_aside, name, contacts in found:
        numbers[campaign_id] = (whole(accepted), whole(waiting), waiting_aside, in_progress_aside)
        if contacts and name in set(Disposition):
            ended[campaign_id][Disposition(name)] = whole(contacts)
    return {
        campaign_id: ContactCounts(accepted, waiting, ended[campaign_id], waiting_aside, in_progress_aside)
        for campaign_id, (accepted, waiting, waiting_aside, in_progress_aside) in numbers.items()
    }


def readable(text: Any) -> str:
    """A text as well as it can be read."""
    if isinstance(text, bytes):
        return text.decode(errors="replace")
    return text if isinstance(text, str) else ""


_ANSWERED = IN_PROGRESS - {ContactState.DIALING}
_LIVE_FIELDS = tuple(LiveContact.__dataclass_fields__)
_LIVE_STATE = _LIVE_FIELDS.index("state")
_LIVE_DETECTION = _LIVE_FIELDS.index("detection")
_FIELDS = tuple(ContactRecord.__dataclass_fields__)
_ATTRIBUTES = _FIELDS.index("attributes")
_TEXTS = ("_id", "_token", "_number", "attributes", "state", "detection", "disposition", "disconnect_reason")
_NONE = type(None)
_KINDS: Final[Sequence[tuple[type, ...]]] = (
    (int,),
    *(
        (str if name.endswith(_TEXTS) else int, *((_NONE,) if field.default is None else ()))
        for name, field in ContactRecord.__dataclass_fields__.items()
    ),
    (str, _NONE),
    (str, _NONE),
    (int, _NONE),
)
"""What each column of a record may hold."""
_SOUND_KINDS: Final[set[tuple[type, ...]]] = set()
"""What they were found to hold together: of most records that is known already."""
_INSTANTS = [index for index, name in enumerate(_FIELDS) if name.endswith("_at")]
_ATTEMPTS = _FIELDS.index("attempts")
_ENDED_AT = _FIELDS.index("ended_at")
_STATE = _FIELDS.index("state")
_DETECTION = _FIELDS.index("detection")
_ABANDONED = _FIELDS.index("abandoned")
_DISPOSITION = _FIELDS.index("disposition")
_REASON = _FIELDS.index("disconnect_reason")
