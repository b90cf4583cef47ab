"""The contact centre around the campaigns: instances, queues, flows, numbers, agents.

Decides what Trunkcall knows of them. It must not know how they are stored or edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trunkcall.domain.instants import Instant


@dataclass(frozen=True, slots=True)
class Instance:
    """One Amazon Connect instance: the unit that one dialer owns."""

    instance_id: str
    alias: str
    created_at: Instant
    onboarded: bool


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
