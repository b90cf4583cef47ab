"""Amazon resource names and identifiers: how they are written and taken apart.

Decides the form of every ARN that Trunkcall hands out or accepts (research: service authorization references of
Amazon Connect and of Amazon Connect Outbound Campaigns). It must not know whether a resource exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

NewId: TypeAlias = Callable[[], str]
"""Makes a new identifier. Passed in wherever ids are made, so that tests and simulations choose them."""


class ResourceKind(StrEnum):
    """What an ARN of Amazon Connect may be of, as it is written there."""

    INSTANCE = "instance"
    QUEUE = "queue"
    CONTACT_FLOW = "contact-flow"
    ROUTING_PROFILE = "routing-profile"
    AGENT = "agent"
    HOURS_OF_OPERATION = "operating-hours"
    AGENT_STATUS = "agent-state"
    SECURITY_PROFILE = "security-profile"
    PHONE_NUMBER = "phone-number"
    CONTACT = "contact"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class NamedResource:
    """What an ARN names. Of a number it does not say whose it is, so its ``instance_id`` is None."""

    kind: ResourceKind
    resource_id: str
    instance_id: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """The partition, Region and account that every ARN of one installation carries."""

    partition: str
    region: str
    account_id: str

    def campaign_arn(self, campaign_id: str) -> str:
        return f"arn:{self.partition}:connect-campaigns:{self.region}:{self.account_id}:campaign/{campaign_id}"

    def instance_arn(self, instance_id: str) -> str:
        return f"{self._connect}instance/{instance_id}"

    @property
    def service_linked_role_arn(self) -> str:
        """The role under which Amazon's service acts for an instance; here it is a name and nothing more."""
        path = "role/aws-service-role/connect-campaigns.amazonaws.com/AWSServiceRoleForConnectCampaigns"
        return f"arn:{self.partition}:iam::{self.account_id}:{path}"

    def arn(self, instance_id: str, kind: ResourceKind, resource_id: str) -> str:
        """The ARN of a resource of an instance. That of a number does not name the instance."""
        match kind:
            case ResourceKind.INSTANCE:
                return self.instance_arn(resource_id)
            case ResourceKind.PHONE_NUMBER:
                return f"{self._connect}{kind}/{resource_id}"
            case _:
                return f"{self.instance_arn(instance_id)}/{kind}/{resource_id}"

    def campaign_id(self, id_or_arn: str) -> str | None:
        """The campaign id in an id or a campaign ARN; None when the ARN is of another account, Region or kind."""
        if not id_or_arn.startswith("arn:"):
            return id_or_arn
        prefix = self.campaign_arn("")
        return id_or_arn[len(prefix) :] or None if id_or_arn.startswith(prefix) else None

    def resource_id(self, instance_id: str, kind: ResourceKind, id_or_arn: str) -> str | None:
        """The id of a resource given as an id or as an ARN; None when the ARN is of another kind, instance, account or
        Region."""
        if not id_or_arn.startswith("arn:"):
            return id_or_arn
        prefix = self.arn(instance_id, kind, "")
        return _one_part(id_or_arn[len(prefix) :]) if id_or_arn.startswith(prefix) else None

    def instance_id(self, id_or_arn: str) -> str | None:
        """The id of an instance given as an id or as an ARN; None when the ARN is of something else."""
        return self.resource_id("", ResourceKind.INSTANCE, id_or_arn)

    def named(self, arn: str) -> NamedResource | None:
        """What an ARN of Amazon Connect names; None when it is of another account or Region, or of no kind there is."""
        prefix = self._connect
        match arn[len(prefix) :].split("/") if arn.startswith(prefix) else ():
            case [ResourceKind.INSTANCE, instance_id] if instance_id:
                return NamedResource(ResourceKind.INSTANCE, instance_id, instance_id)
            case [ResourceKind.PHONE_NUMBER, number_id] if number_id:
                return NamedResource(ResourceKind.PHONE_NUMBER, number_id, None)
            case [ResourceKind.INSTANCE, instance_id, kind, resource_id] if (
                instance_id and resource_id and kind in set(ResourceKind) - _BY_THEMSELVES
            ):
                return NamedResource(ResourceKind(kind), resource_id, instance_id)
            case _:
                return None

    @property
    def _connect(self) -> str:
        return f"arn:{self.partition}:connect:{self.region}:{self.account_id}:"


_BY_THEMSELVES = frozenset({ResourceKind.INSTANCE, ResourceKind.PHONE_NUMBER})
"""What an ARN names without an instance before it."""


def _one_part(text: str) -> str | None:
    return text if text and "/" not in text else None


def built_in_id(instance_id: str, kind: ResourceKind, name: str) -> str:
    """The id of something that an instance has from the start, the same whenever it is asked for."""
    return str(uuid5(uuid5(NAMESPACE_URL, instance_id), f"{kind}/{name}"))


def time_ordered_uuid(at_ms: int, random_bits: int) -> str:
    """A UUID of version 7 (RFC 9562) from milliseconds since the epoch and at least 74 random bits.

    Contact ids sort by the time of their acceptance, which keeps the store's index on them compact.
    """
    value = (at_ms & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (random_bits & 0xFFF) << 64
    value |= 0b10 << 62 | (random_bits >> 12) & ((1 << 62) - 1)
    return str(UUID(int=value))
