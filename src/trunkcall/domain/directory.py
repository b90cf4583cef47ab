"""The contact centre around the campaigns: instances, queues, flows, numbers, agents.

Decides what Trunkcall knows of them. It must not know how they are stored or edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trunkcall.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class EncryptionConfig:
    """How an instance's campaign data is encrypted with a key of the customer's own, if at all."""

    enabled: bool = False
    encryption_type: str | None = None
    key_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One Amazon Connect instance: the unit that one dialer owns.

    Only an onboarded instance can have campaigns. ``retention_days`` is how long personal data of contacts that have
    ended is kept; None is for ever.
    """

    instance_id: str
    alias: str
    created_at: Instant
    onboarded: bool
    encryption: EncryptionConfig = EncryptionConfig()
    retention_days: int | None = None


class OnboardingStatus(StrEnum):
    """Where an onboarding job stands."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class OnboardingFailure(StrEnum):
    """Why an onboarding job failed."""

    EVENT_BRIDGE_ACCESS_DENIED = "EVENT_BRIDGE_ACCESS_DENIED"
    EVENT_BRIDGE_MANAGED_RULE_LIMIT_EXCEEDED = "EVENT_BRIDGE_MANAGED_RULE_LIMIT_EXCEEDED"
    IAM_ACCESS_DENIED = "IAM_ACCESS_DENIED"
    KMS_ACCESS_DENIED = "KMS_ACCESS_DENIED"
    KMS_KEY_NOT_FOUND = "KMS_KEY_NOT_FOUND"
    INTERNAL_FAILURE = "INTERNAL_FAILURE"


@dataclass(frozen=True, slots=True)
class OnboardingJob:
    """One attempt to enable outbound campaigns on an instance."""

    instance_id: str
    status: OnboardingStatus
    encryption: EncryptionConfig
    started_at: Instant
    failure: OnboardingFailure | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """Where live answers wait for agents. ``outbound_caller_id`` is the number that customers see."""

    queue_id: str
    name: str
    outbound_caller_id: str | None = None


@dataclass(frozen=True, slots=True)
class ContactFlow:
    """What an answered contact goes through."""

    contact_flow_id: str
    name: str


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number claimed for the instance, E.164."""

    phone_number: str


@dataclass(frozen=True, slots=True)
class RoutingProfile:
    """Which queues an agent serves."""

    routing_profile_id: str
    name: str
    queue_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who takes live answers."""

    agent_id: str
    username: str
    routing_profile_id: str


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything around the campaigns of one instance, by id."""

    instance: Instance
    queues: Mapping[str, Queue] = field(default_factory=dict)
    contact_flows: Mapping[str, ContactFlow] = field(default_factory=dict)
    phone_numbers: Mapping[str, PhoneNumber] = field(default_factory=dict)
    routing_profiles: Mapping[str, RoutingProfile] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of the API as it rests in the store: the secret is encrypted, ``policy`` is an IAM policy
    document in JSON."""

    access_key_id: str
    encrypted_secret: bytes = field(repr=False)
    policy: str
    created_at: Instant
    revoked_at: Instant | None = None
