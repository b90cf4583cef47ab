"""Contacts that are set aside because they are damaged, or could not be taken over.

Decides how they are shown and ended. That whoever meets one sets it aside is promised by every port
(``storage.ports``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from trunkcall.domain.contact import QuarantinedContact
from trunkcall.domain.instants import Instant


class QuarantineCount(Protocol):
    """How many contacts are set aside."""

    async def quarantined_count(self, instance_id: str | None = None) -> int:
        """How many, of one instance or in all. One whose campaign is unknown counts for every instance."""


class SetAside(Protocol):
    """Which contacts are set aside."""

    async def quarantined(self, campaign_id: str | None = None) -> Sequence[QuarantinedContact]:
        """The contacts that are set aside, in order of acceptance, of one campaign or of all."""


class Quarantine(SetAside, Protocol):
    """What is done about them, on request alone."""

    async def quarantine_damaged(self) -> int:
        """Look at every contact that waits or has ended, and set aside those that are damaged; how many more there are
        now."""

    async def end_quarantined(self, sequences: Collection[int] | None, *, at: Instant, erase: bool = False) -> int:
        """End these contacts, None for all that are set aside: as EXPIRED what was never attempted, as ATTEMPT_FAILED
        what was; one that had ended already keeps its end. A number and attributes that are not those accepted are
        erased; with ``erase`` they are in any case, and the client token too. Returns how many there were, and all
        counts add up again."""
