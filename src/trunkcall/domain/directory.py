"""The contact centre around the campaigns: instances, queues, flows, numbers, agents, trunks.

Decides what Trunkcall knows of them. It must not know how they are stored or edited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeAlias, assert_never

from trunkcall.domain.errors import ConflictError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant
from trunkcall.domain.trunk import Trunk


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

    kind: ClassVar[FactKind] = FactKind.QUEUE

    queue_id: str
    name: str
    outbound_caller_id: str | None = None

    @property
    def fact_id(self) -> str:
        return self.queue_id


@dataclass(frozen=True, slots=True)
class ContactFlow:
    """What an answered contact goes through."""

    kind: ClassVar[FactKind] = FactKind.CONTACT_FLOW

    contact_flow_id: str
    name: str

    @property
    def fact_id(self) -> str:
        return self.contact_flow_id


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number claimed for the instance, E.164. It is its own name."""

    kind: ClassVar[FactKind] = FactKind.PHONE_NUMBER

    phone_number_id: str
    phone_number: str

    @property
    def fact_id(self) -> str:
        return self.phone_number_id

    @property
    def name(self) -> str:
        return self.phone_number


@dataclass(frozen=True, slots=True)
class RoutingProfile:
    """Which queues an agent serves. One that does not exist is served by nobody."""

    kind: ClassVar[FactKind] = FactKind.ROUTING_PROFILE

    routing_profile_id: str
    name: str
    queue_ids: tuple[str, ...]

    @property
    def fact_id(self) -> str:
        return self.routing_profile_id


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who takes live answers."""

    kind: ClassVar[FactKind] = FactKind.AGENT

    agent_id: str
    username: str
    routing_profile_id: str

    @property
    def fact_id(self) -> str:
        return self.agent_id

    @property
    def name(self) -> str:
        return self.username


Fact: TypeAlias = Queue | ContactFlow | PhoneNumber | RoutingProfile | Agent | Trunk


@dataclass(frozen=True, slots=True)
class VersionedFact:
    """A fact as of its last change, which has a greater version than any change before. One that was removed is what it
    was before that."""

    fact: Fact
    version: int
    deleted_at: Instant | None = None


def changed_facts(known: Iterable[Fact], wanted: Iterable[Fact]) -> list[Fact]:
    """Those of the wanted facts that are not so already. Of the known ones those matter that have the id or the name of
    one that is wanted. Raises ConflictError where one would get a name that another of its kind has; two who have had
    the same name all along keep it."""
    before = {(fact.kind, fact.fact_id): fact for fact in known}
    put = {(fact.kind, fact.fact_id): fact for fact in wanted}
    holders = Counter((fact.kind, fact.name) for fact in (before | put).values())
    changed = [fact for key, fact in put.items() if before.get(key) != fact]
    for fact in changed:
        was = before.get((fact.kind, fact.fact_id))
        if holders[fact.kind, fact.name] > 1 and (was is None or was.name != fact.name):
            raise ConflictError(
                f"The name {fact.name} is taken by another {fact.kind.replace('_', ' ')} of the instance."
            )
    return changed


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything around the campaigns of one instance, by id."""

    instance: Instance
    queues: Mapping[str, Queue] = field(default_factory=dict)
    contact_flows: Mapping[str, ContactFlow] = field(default_factory=dict)
    phone_numbers: Mapping[str, PhoneNumber] = field(default_factory=dict)
    routing_profiles: Mapping[str, RoutingProfile] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    trunks: Mapping[str, Trunk] = field(default_factory=dict)

    @classmethod
    def of(cls, instance: Instance, facts: Iterable[Fact]) -> Directory:
        """The directory of these facts, each kind in their order."""
        queues: dict[str, Queue] = {}
        flows: dict[str, ContactFlow] = {}
        numbers: dict[str, PhoneNumber] = {}
        profiles: dict[str, RoutingProfile] = {}
        agents: dict[str, Agent] = {}
        trunks: dict[str, Trunk] = {}
        for fact in facts:
            match fact:
                case Queue():
                    queues[fact.fact_id] = fact
                case ContactFlow():
                    flows[fact.fact_id] = fact
                case PhoneNumber():
                    numbers[fact.fact_id] = fact
                case RoutingProfile():
                    profiles[fact.fact_id] = fact
                case Agent():
                    agents[fact.fact_id] = fact
                case Trunk():
                    trunks[fact.fact_id] = fact
                case _:
                    assert_never(fact)
        return cls(instance, queues, flows, numbers, profiles, agents, trunks)

    def after(self, changes: Iterable[VersionedFact]) -> Directory:
        """The directory once these facts are as they say."""
        facts = {(fact.kind, fact.fact_id): fact for fact in self.facts}
        for change in changes:
            if change.deleted_at is None:
                facts[change.fact.kind, change.fact.fact_id] = change.fact
            else:
                facts.pop((change.fact.kind, change.fact.fact_id), None)
        return Directory.of(self.instance, facts.values())

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts, kind by kind."""
        return (
            *self.queues.values(),
            *self.contact_flows.values(),
            *self.phone_numbers.values(),
            *self.routing_profiles.values(),
            *self.agents.values(),
            *self.trunks.values(),
        )

    def has_number(self, phone_number: str) -> bool:
        """Whether this number, E.164, is claimed for the instance."""
        return any(claimed.phone_number == phone_number for claimed in self.phone_numbers.values())

    def queues_of(self, agent: Agent) -> tuple[str, ...]:
        """The queues that the agent serves: those of the agent's routing profile, as far as either exists."""
        profile = self.routing_profiles.get(agent.routing_profile_id)
        queue_ids = dict.fromkeys(profile.queue_ids) if profile is not None else ()
        return tuple(queue_id for queue_id in queue_ids if queue_id in self.queues)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of the API as it rests in the store: the secret is encrypted, ``policy`` is an IAM policy
    document in JSON."""

    access_key_id: str
    encrypted_secret: bytes = field(repr=False)
    policy: str
    created_at: Instant
    revoked_at: Instant | None = None
