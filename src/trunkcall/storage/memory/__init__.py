"""A store in this process's memory: all ports, without files, threads or any time but the one that it is given.

For tests of whole worlds, whose shifts would take hours otherwise. It keeps every promise of ``storage.ports`` but one:
nothing outlives the process. Nothing in it is ever damaged; who is set aside could not be taken over. What it holds
stays when it is closed, for whoever opens it next.
"""

from __future__ import annotations

from collections.abc import Callable

from trunkcall.domain.instants import Instant
from trunkcall.storage.memory.campaigns import CampaignsInMemory
from trunkcall.storage.memory.contacts import ContactsInMemory
from trunkcall.storage.memory.directory import DirectoryInMemory
from trunkcall.storage.memory.do_not_call import DoNotCallInMemory
from trunkcall.storage.memory.ownership import OwnershipInMemory
from trunkcall.storage.memory.presence import PresenceInMemory
from trunkcall.storage.memory.privacy import PrivacyInMemory
from trunkcall.storage.memory.quarantine import QuarantineInMemory
from trunkcall.storage.memory.recorded import RecordedInMemory
from trunkcall.storage.memory.state import State


class MemoryStore(
    DirectoryInMemory,
    DoNotCallInMemory,
    PresenceInMemory,
    CampaignsInMemory,
    ContactsInMemory,
    QuarantineInMemory,
    PrivacyInMemory,
    RecordedInMemory,
    OwnershipInMemory,
):
    """A Store in memory. ``clock`` is the time of leases."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        super().__init__(State(clock))

    async def open(self) -> None:
        """There is nothing to open."""

    async def close(self) -> None:
        """There is nothing to let go of."""

    @property
    def trouble(self) -> str | None:
        return None

    @property
    def refusal(self) -> str | None:
        return None
