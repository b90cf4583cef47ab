"""A number that an instance has claimed.

Decides what is known of one. It must not know who shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from trunkcall.domain.fact_kind import FactKind


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number claimed for the instance, E.164. It is its own name."""

    kind: ClassVar[FactKind] = FactKind.PHONE_NUMBER

    phone_number_id: str
    phone_number: str
    country_code: str = ""
    """ISO 3166-1 alpha-2; empty where nobody has said."""
    number_type: str = "DID"
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def fact_id(self) -> str:
        return self.phone_number_id

    @property
    def name(self) -> str:
        return self.phone_number
