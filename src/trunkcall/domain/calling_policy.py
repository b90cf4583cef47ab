"""Calling policies as an instance has them: what somebody has written down, each time that it was set.

Decides what is kept of one, and which one counts. It must not know what a policy says: its text is read elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant

DEFAULT_POLICY: Final = "default"
"""The policy of every campaign that names no other."""
POLICY_TAG: Final = "trunkcall:policy"
"""The tag by which a campaign names its policy."""


@dataclass(frozen=True, slots=True)
class CallingPolicy:
    """A policy as it was set. It is never changed: who sets it again makes the next one, and all are kept. Of those of
    one name the greatest number counts."""

    kind: ClassVar[FactKind] = FactKind.CALLING_POLICY

    policy_name: str
    """1 to 64 small letters, digits and hyphens."""
    number: int
    """Counts the policies of the instance, from 1, over all names; 0 is none."""
    text: str | None = field(repr=False)
    """TOML; None where the disk has damaged it: nobody is dialed by such a one."""
    rates: str | None = field(default=None, repr=False)
    """CSV, where the text goes by rates."""
    set_at: Instant = 0

    @property
    def fact_id(self) -> str:
        return f"{self.policy_name}@{self.number}" if self.number else self.policy_name

    @property
    def name(self) -> str:
        return self.fact_id
