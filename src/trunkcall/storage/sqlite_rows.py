"""Rows of the SQLite store to and from values of the domain.

Decides the order of columns and the encoding of what SQLite has no type for, and that a row which cannot be decoded is
a sign of a damaged file: SQLite has no checksums and hands out what it finds. It must not know connections or threads.
"""

from __future__ import annotations

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
    DetectionStatus,
    DialRequest,
    DisconnectReason,
    Disposition,
    LiveContact,
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
from trunkcall.domain.errors import StoreDamagedError
from trunkcall.domain.instants import Instant

P = ParamSpec("P")
T = TypeVar("T")

Row: TypeAlias = tuple[Any, ...]
"""A row as sqlite3 gives it; the schema is STRICT, so the types are those of the columns."""

_SIGN: Final = 1 << 63
"""A seal is two checksums of 32 bits: who is dialed until when, and the attributes. SQLite's integers have a sign."""

_encode = msgspec.json.Encoder().encode
_decode_map = msgspec.json.Decoder(dict[str, str]).decode
_decode_list = msgspec.json.Decoder(tuple[str, ...]).decode


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


@_decodes
def strings_from_json(text: str) -> tuple[str, ...]:
    return _decode_list(text)


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
    return AccessKey(*row)


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


@_decodes
def campaign_from_row(row: Row) -> Campaign:
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
    seal = _seal_of_person(contact_id, token, number, expires_at) << 32 | crc32(attributes.encode())
    return contact_id, token, number, attributes, expires_at, seal - _SIGN


def _seal_of_person(contact_id: str, client_token: str, phone_number: str, expires_at: Instant) -> int:
    return crc32(f"{contact_id}\0{client_token}\0{phone_number}\0{expires_at}".encode())


@_decodes
def _check_seal(
    contact_id: str, client_token: str, phone_number: str, expires_at: Instant, attributes: str, seal: int | None
) -> None:
    """Raise StoreDamagedError if this is not what was accepted."""
    if seal is None:
        return
    person = _seal_of_person(contact_id, client_token, phone_number, expires_at)
    if seal + _SIGN != person << 32 | crc32(attributes.encode()):
        raise StoreDamagedError


def waiting_from_row(campaign_id: str, row: Row) -> WaitingContact:
    """A waiting contact. Raises StoreDamagedError rather than have somebody dialed whom nobody asked to dial."""
    contact_id, sequence, expires_at, client_token, phone_number, seal = row
    if seal is not None and seal + _SIGN >> 32 != _seal_of_person(contact_id, client_token, phone_number, expires_at):
        raise StoreDamagedError
    return WaitingContact(contact_id, campaign_id, sequence, expires_at, client_token, phone_number)


@_decodes
def live_from_row(row: Row) -> LiveContact:
    """The row's columns are in the order of the fields."""
    values = list(row)
    values[_LIVE_STATE] = ContactState(values[_LIVE_STATE])
    if values[_LIVE_DETECTION] is not None:
        values[_LIVE_DETECTION] = DetectionStatus(values[_LIVE_DETECTION])
    values[-1] = bool(values[-1])
    return LiveContact(*values)


@_decodes
def record_from_row(row: Row) -> ContactRecord:
    """A contact record; the row's columns are its sequence, then the record's fields in their order, then the seal."""
    values = list(row[1:-1])
    _, contact_id, _, _, client_token, phone_number, attributes, _, _, expires_at, *_ = row
    _check_seal(contact_id, client_token, phone_number, expires_at, attributes, row[-1])
    values[_ATTRIBUTES] = _decode_map(values[_ATTRIBUTES])
    values[_STATE] = ContactState(values[_STATE])
    values[_ABANDONED] = bool(values[_ABANDONED])
    if values[_DETECTION] is not None:
        values[_DETECTION] = DetectionStatus(values[_DETECTION])
    if values[_DISPOSITION] is not None:
        values[_DISPOSITION] = Disposition(values[_DISPOSITION])
        values[_REASON] = DisconnectReason(values[_REASON])
    return ContactRecord(*values)


_LIVE_FIELDS = tuple(LiveContact.__dataclass_fields__)
_LIVE_STATE = _LIVE_FIELDS.index("state")
_LIVE_DETECTION = _LIVE_FIELDS.index("detection")
_FIELDS = tuple(ContactRecord.__dataclass_fields__)
_ATTRIBUTES = _FIELDS.index("attributes")
_STATE = _FIELDS.index("state")
_DETECTION = _FIELDS.index("detection")
_ABANDONED = _FIELDS.index("abandoned")
_DISPOSITION = _FIELDS.index("disposition")
_REASON = _FIELDS.index("disconnect_reason")
