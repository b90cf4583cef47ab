"""Rows of the SQLite store to and from values of the domain.

Decides the encoding of what SQLite has no type for, and that a row which cannot be decoded is a sign of a damaged file:
SQLite has no checksums and hands out what it finds. It must not know connections or threads, nor where in a row a
column stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import MappingProxyType
from typing import Any, Final, ParamSpec, TypeVar

import msgspec

from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.directory import (
    AccessKey,
    EncryptionConfig,
    IdentityManagement,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
)
from trunkcall.domain.errors import StoreDamagedError
from trunkcall.domain.instants import is_instant
from trunkcall.domain.leg import LiveSession
from trunkcall.storage.sqlite.members import flag, members_of, one_of, text, text_map
from trunkcall.storage.sqlite.statements import Row

P = ParamSpec("P")
T = TypeVar("T")

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
    said = members_of(row.document)
    return Instance(
        row.instance_id,
        row.alias,
        row.created_at,
        bool(row.onboarded),
        _encryption_from_row(row),
        row.retention_days,
        one_of(IdentityManagement, said, "identity_management") or IdentityManagement.CONNECT_MANAGED,
        flag(said, "inbound_calls", default=True),
        flag(said, "outbound_calls", default=True),
        text_map(said, "attributes"),
        text_map(said, "tags"),
        # One that may have been deleted is.
        row.deleted_at if row.deleted_at is None or is_instant(row.deleted_at) else 0,
        # One that may be halted is.
        row.halted_at if row.halted_at is None or is_instant(row.halted_at) else 0,
        text(said, "halt_reason"),
    )


def instance_document(instance: Instance) -> str:
    """What the other columns do not say of the instance."""
    members = {
        "identity_management": instance.identity_management,
        "inbound_calls": instance.inbound_calls,
        "outbound_calls": instance.outbound_calls,
        "attributes": instance.attributes,
        "tags": instance.tags,
        **({"halt_reason": instance.halt_reason} if instance.halt_reason else {}),
    }
    return _encode(members).decode()


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
def campaign_state(name: str) -> CampaignState:
    return CampaignState(name)


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


def whole(number: Any) -> int:
    """A count as well as it can be read. A damaged one stops nobody; `trunkcall db check` tells of it."""
    return number if type(number) is int else 0


def session_from_row(row: Row) -> LiveSession | None:
    """None of one that holds what was never written."""
    values = row.agent_id, row.leg_id, row.host
    return LiveSession(*values) if all(isinstance(value, str) for value in values) else None


def readable(value: Any) -> str:
    """A text as well as it can be read."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else ""
