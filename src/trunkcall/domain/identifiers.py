"""Amazon resource names and identifiers: how they are written and taken apart.

Decides the form of every ARN that Trunkcall hands out or accepts (research: service authorization reference of
Amazon Connect Outbound Campaigns). It must not know whether a resource exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

NewId: TypeAlias = Callable[[], str]
"""Makes a new identifier. Passed in wherever ids are made, so that tests and simulations choose them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The partition, Region and account that every ARN of one installation carries."""

    partition: str
    region: str
    account_id: str

    def campaign_arn(self, campaign_id: str) -> str:
        return f"arn:{self.partition}:connect-campaigns:{self.region}:{self.account_id}:campaign/{campaign_id}"

    def instance_arn(self, instance_id: str) -> str:
        return f"arn:{self.partition}:connect:{self.region}:{self.account_id}:instance/{instance_id}"

    @property
    def service_linked_role_arn(self) -> str:
        """The role under which Amazon's service acts for an instance; here it is a name and nothing more."""
        path = "role/aws-service-role/connect-campaigns.amazonaws.com/AWSServiceRoleForConnectCampaigns"
        return f"arn:{self.partition}:iam::{self.account_id}:{path}"

    def in_instance(self, instance_id: str, kind: str, resource_id: str) -> str:
        """The ARN of a resource inside an instance; ``kind`` is ``queue``, ``contact-flow``, ``agent``, …"""
        return f"{self.instance_arn(instance_id)}/{kind}/{resource_id}"

    def campaign_id(self, id_or_arn: str) -> str | None:
        """The campaign id in an id or a campaign ARN; None when the ARN is of another account, Region or kind."""
        if not id_or_arn.startswith("arn:"):
            return id_or_arn
        prefix = self.campaign_arn("")
        return id_or_arn[len(prefix) :] or None if id_or_arn.startswith(prefix) else None

    def resource_id(self, instance_id: str, kind: str, id_or_arn: str) -> str | None:
        """The id of a queue or contact flow given as an id or as an ARN; None when the ARN is of another instance."""
        if not id_or_arn.startswith("arn:"):
            return id_or_arn
        prefix = self.in_instance(instance_id, kind, "")
        return id_or_arn[len(prefix) :] or None if id_or_arn.startswith(prefix) else None


def time_ordered_uuid(at_ms: int, random_bits: int) -> str:
    """A UUID of version 7 (RFC 9562) from milliseconds since the epoch and at least 74 random bits.

    Contact ids sort by the time of their acceptance, which keeps the store's index on them compact.
    """
    value = (at_ms & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (random_bits & 0xFFF) << 64
    value |= 0b10 << 62 | (random_bits >> 12) & ((1 << 62) - 1)
    return str(UUID(int=value))
