"""A contact flow of an instance.

Decides what is known of one. It must not know what its content means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant

CONTACT_FLOW: Final = "CONTACT_FLOW"
"""The type of the flows that campaigns have; others run beside one of them."""


@dataclass(frozen=True, slots=True)
class ContactFlow:
    """What an answered contact goes through."""

    kind: ClassVar[FactKind] = FactKind.CONTACT_FLOW

    contact_flow_id: str
    name: str
    flow_type: str = CONTACT_FLOW
    description: str = ""
    active: bool = True
    published: bool = True
    content: str | None = None
    """In the flow language, as it was given; of a published flow the one that contacts go through. None of one that
    came without, as instances once had it: its contacts go through ``flows.content.DEFAULT_CONTENT``."""
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    changed_at: Instant | None = field(default=None, compare=False)
    """When it was made or changed last; None if nobody has since it came with the instance or from the settings."""
    draft: str | None = None
    """Of a published flow: another content that was saved since, for somebody to go on with; None if there is none."""

    @property
    def fact_id(self) -> str:
        return self.contact_flow_id
