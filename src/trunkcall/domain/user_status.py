"""The statuses that agents of an instance choose among.

Decides what is known of one, and which every instance has. It must not know who has chosen it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import ResourceKind, built_in_id
from trunkcall.domain.instants import Instant


class UserStatusType(StrEnum):
    """What a status is to routing: whether its agents get contacts, are at work without any, or are not at work."""

    ROUTABLE = "ROUTABLE"
    CUSTOM = "CUSTOM"
    OFFLINE = "OFFLINE"


@dataclass(frozen=True, slots=True)
class UserStatus:
    """A status that an agent can choose."""

    kind: ClassVar[FactKind] = FactKind.AGENT_STATUS

    status_id: str
    name: str
    description: str = ""
    status_type: UserStatusType = UserStatusType.CUSTOM
    display_order: int | None = None
    """Its place where agents choose, from 1; None is after all that have one."""
    enabled: bool = True
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    changed_at: Instant | None = field(default=None, compare=False)
    """When it was made or changed last; None if nobody has since it came with the instance or from the settings."""

    @property
    def fact_id(self) -> str:
        return self.status_id


_BUILT_IN = (
    ("Available", UserStatusType.ROUTABLE),
    ("Offline", UserStatusType.OFFLINE),
    ("Break", UserStatusType.CUSTOM),
)


@lru_cache
def built_in_statuses(instance_id: str) -> Mapping[str, UserStatus]:
    """The statuses that an instance has from the start, by id."""
    statuses = (
        UserStatus(
            built_in_id(instance_id, ResourceKind.AGENT_STATUS, name),
            name,
            status_type=status_type,
            display_order=place,
        )
        for place, (name, status_type) in enumerate(_BUILT_IN, start=1)
    )
    return MappingProxyType({status.status_id: status for status in statuses})
