"""The contact centre around the campaigns: instances, and the directory of what there is in each.

Decides what is known of an instance, and what facts of several kinds say together. It must not know how they are stored
or edited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from trunkcall.domain.calling_policy import DEFAULT_POLICY, CallingPolicy
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.errors import ConflictError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.hours_of_operation import HoursOfOperation
from trunkcall.domain.instants import Instant
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent
from trunkcall.domain.user_status import UserStatus, built_in_statuses


@dataclass(frozen=True, slots=True)
class EncryptionConfig:
    """How an instance's campaign data is encrypted with a key of the customer's own, if at all."""

    enabled: bool = False
    encryption_type: str | None = None
    key_arn: str | None = None


class IdentityManagement(StrEnum):
    """Where an instance's users are kept."""

    SAML = "SAML"
    CONNECT_MANAGED = "CONNECT_MANAGED"
    EXISTING_DIRECTORY = "EXISTING_DIRECTORY"


@dataclass(frozen=True, slots=True)
class Instance:
    """One Amazon Connect instance: the unit that one dialer owns.

    Only an onboarded instance can have campaigns. ``retention_days`` is how long personal data of contacts that have
    ended is kept; None is for ever. ``attributes`` are those that somebody has set, by name. One that was deleted keeps
    its contacts, and nothing else is done with it. While it is halted nothing is originated for it, whatever the
    states of its campaigns.
    """

    instance_id: str
    alias: str
    created_at: Instant
    onboarded: bool
    encryption: EncryptionConfig = EncryptionConfig()
    retention_days: int | None = None
    identity_management: IdentityManagement = IdentityManagement.CONNECT_MANAGED
    inbound_calls: bool = True
    outbound_calls: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    deleted_at: Instant | None = None
    halted_at: Instant | None = None
    halt_reason: str = ""
    """As whoever halted it put it."""

    @property
    def may_originate(self) -> bool:
        """Whether calls may be made for it at all."""
        return self.outbound_calls and self.halted_at is None


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


Fact: TypeAlias = (
    Queue
    | ContactFlow
    | PhoneNumber
    | RoutingProfile
    | Agent
    | Trunk
    | HoursOfOperation
    | UserStatus
    | CallingPolicy
    | DoNotCallList
    | Prompt
)

_MAPS: Final = MappingProxyType(
    {
        FactKind.QUEUE: "queues",
        FactKind.CONTACT_FLOW: "contact_flows",
        FactKind.PHONE_NUMBER: "phone_numbers",
        FactKind.ROUTING_PROFILE: "routing_profiles",
        FactKind.AGENT: "agents",
        FactKind.TRUNK: "trunks",
        FactKind.HOURS_OF_OPERATION: "hours_of_operation",
        FactKind.AGENT_STATUS: "agent_statuses",
        FactKind.CALLING_POLICY: "calling_policies",
        FactKind.DO_NOT_CALL_LIST: "do_not_call_lists",
        FactKind.PROMPT: "prompts",
    }
)
"""Where a directory has the facts of each kind."""


KEPT: Final = frozenset({FactKind.CALLING_POLICY, FactKind.DO_NOT_CALL_LIST})
"""Kinds that hold calls back. None of them is ever removed, so that what tells of one as removed is damaged: it holds
all the more back."""


@dataclass(frozen=True, slots=True)
class FactRemoved:
    """That a fact is to be gone, as of an instant."""

    kind: FactKind
    fact_id: str
    at: Instant


@dataclass(frozen=True, slots=True)
class CentreUse:
    """What the campaigns of an instance refer to, but for those that were deleted; numbers in E.164. The flows of
    ``queue_flow_ids`` are those from which campaigns with agents have their queue: they name none."""

    queue_ids: frozenset[str] = frozenset()
    contact_flow_ids: frozenset[str] = frozenset()
    phone_numbers: frozenset[str] = frozenset()
    queue_flow_ids: frozenset[str] = frozenset()


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
            # Names of people and numbers are in no error.
            raise ConflictError(f"The name is taken by another {fact.kind.replace('_', ' ')} of the instance.")
    return changed


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything around the campaigns of one instance, by id. ``agent_statuses`` are those that were made or changed;
    all that there are are ``user_statuses``."""

    instance: Instance
    queues: Mapping[str, Queue] = field(default_factory=dict)
    contact_flows: Mapping[str, ContactFlow] = field(default_factory=dict)
    phone_numbers: Mapping[str, PhoneNumber] = field(default_factory=dict)
    routing_profiles: Mapping[str, RoutingProfile] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    trunks: Mapping[str, Trunk] = field(default_factory=dict)
    hours_of_operation: Mapping[str, HoursOfOperation] = field(default_factory=dict)
    agent_statuses: Mapping[str, UserStatus] = field(default_factory=dict)
    calling_policies: Mapping[str, CallingPolicy] = field(default_factory=dict)
    do_not_call_lists: Mapping[str, DoNotCallList] = field(default_factory=dict)
    prompts: Mapping[str, Prompt] = field(default_factory=dict)

    @classmethod
    def of(cls, instance: Instance, facts: Iterable[Fact]) -> Directory:
        """The directory of these facts, each kind in their order."""
        maps: dict[FactKind, dict[str, Any]] = {kind: {} for kind in _MAPS}
        for fact in facts:
            maps[fact.kind][fact.fact_id] = fact
        return cls(instance, **{_MAPS[kind]: of_kind for kind, of_kind in maps.items()})

    def after(self, changes: Iterable[VersionedFact]) -> Directory:
        """The directory once these facts are as they say. Kinds of which none has changed are not copied."""
        maps: dict[FactKind, Any] = {}
        for change in changes:
            fact = change.fact
            of_kind = maps.get(fact.kind)
            if of_kind is None:
                of_kind = maps[fact.kind] = dict(self.of_kind(fact.kind))
            if change.deleted_at is None:
                of_kind[fact.fact_id] = fact
            else:
                of_kind.pop(fact.fact_id, None)
        return replace(self, **{_MAPS[kind]: of_kind for kind, of_kind in maps.items()})

    def of_kind(self, kind: FactKind) -> Mapping[str, Fact]:
        """The facts of one kind."""
        of_kind: Mapping[str, Fact] = getattr(self, _MAPS[kind])
        return of_kind

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts, kind by kind."""
        return tuple(fact for kind in _MAPS for fact in self.of_kind(kind).values())

    @property
    def user_statuses(self) -> Mapping[str, UserStatus]:
        """All statuses that agents can choose among, by id: those that every instance has, as they were changed, and
        those that were made, in the order of creation."""
        return {**built_in_statuses(self.instance.instance_id), **self.agent_statuses}

    def calling_policy(self, name: str = DEFAULT_POLICY) -> CallingPolicy | None:
        """The policy of this name that counts; None if none was ever set."""
        of_name = (each for each in self.calling_policies.values() if each.policy_name == name)
        return max(of_name, key=lambda each: each.number, default=None)

    def has_number(self, phone_number: str) -> bool:
        """Whether this number, E.164, is claimed for the instance."""
        return any(claimed.phone_number == phone_number for claimed in self.phone_numbers.values())

    def outbound_caller_id_of(self, queue: Queue) -> str | None:
        """The number in E.164 that customers are shown who are dialed for the queue; None if it has none."""
        claimed = self.phone_numbers.get(queue.outbound_caller_id_number_id or "")
        return claimed.phone_number if claimed is not None else queue.outbound_caller_id

    def served_by(self, agent: Agent) -> tuple[ServedQueue, ...]:
        """The queues that the agent serves: those of the agent's routing profile, as far as either exists, but for
        those that are disabled. A queue that a profile has twice is served as it comes first."""
        profile = self.routing_profiles.get(agent.routing_profile_id)
        served: dict[str, ServedQueue] = {}
        for each in profile.queues if profile is not None else ():
            queue = self.queues.get(each.queue_id)
            if queue is not None and queue.enabled:
                served.setdefault(each.queue_id, each)
        return tuple(served.values())

    def queues_of(self, agent: Agent) -> tuple[str, ...]:
        """The ids of the queues that the agent serves."""
        return tuple(served.queue_id for served in self.served_by(agent))


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of the API as it rests in the store: the secret is encrypted, ``policy`` is an IAM policy
    document in JSON."""

    access_key_id: str
    encrypted_secret: bytes = field(repr=False)
    policy: str
    created_at: Instant
    revoked_at: Instant | None = None
