"""Agents as an instance has them: who they are, what they serve, and by which phone they are reached.

Decides what is known of one. It must not know what an agent is doing, and keeps no password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant

DESK_PHONE: Final = "DESK_PHONE"


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """How an agent is reached. ``after_contact_work_limit_s`` is how long work after a contact may take, in seconds; 0
    is until the agent says that it is done. With a ``persistent_connection`` the agent's leg stays up between
    contacts."""

    phone_type: str = "SOFT_PHONE"
    auto_accept: bool = True
    after_contact_work_limit_s: int = 0
    desk_phone_number: str | None = field(default=None, repr=False)
    persistent_connection: bool = False

    @property
    def number(self) -> str | None:
        """The number of the public network at which the agent is rung, E.164; None of a soft phone, which may have been
        given one as well."""
        return self.desk_phone_number if self.phone_type == DESK_PHONE else None


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who takes live answers."""

    kind: ClassVar[FactKind] = FactKind.AGENT

    agent_id: str
    username: str
    routing_profile_id: str
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    security_profile_ids: tuple[str, ...] = ()
    phone: PhoneConfig = PhoneConfig()
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    changed_at: Instant | None = field(default=None, compare=False)
    """When it was made or changed last; None if nobody has since it came with the instance or from the settings."""

    @property
    def fact_id(self) -> str:
        return self.agent_id

    @property
    def name(self) -> str:
        return self.username
