"""The security profiles that users of an instance may have.

Decides which there are: they are built in. What a user may do is up to the access keys' policies, and to nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from trunkcall.domain.identifiers import ResourceKind, built_in_id


@dataclass(frozen=True, slots=True)
class SecurityProfile:
    """A security profile, by the name that Amazon Connect gives it in every new instance."""

    security_profile_id: str
    name: str
    description: str


_BUILT_IN = (
    ("Admin", "Users who may do everything."),
    ("Agent", "Users who take contacts."),
    ("CallCenterManager", "Users who manage agents, routing and metrics."),
    ("QualityAnalyst", "Users who look at metrics and at how contacts went."),
)


@lru_cache
def security_profiles(instance_id: str) -> Mapping[str, SecurityProfile]:
    """The security profiles of an instance, by id."""
    profiles = (
        SecurityProfile(built_in_id(instance_id, ResourceKind.SECURITY_PROFILE, name), name, description)
        for name, description in _BUILT_IN
    )
    return MappingProxyType({profile.security_profile_id: profile for profile in profiles})
