"""Who holds the lease of an instance: takes it, renews it, knows how long it lasts, and lets it go.

Decides until when an owner may originate: while the lease has enough left for an attempt to reach the carrier before
another owner can be there. It goes by its own clock, and counts from when it asked: the store's time began no earlier.
It must not know what is done under the lease.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from trunkcall.domain.clock import Seconds, Sleep
from trunkcall.domain.errors import StoreError
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.service.clock import since_boot_s
from trunkcall.storage.ports.ownership import Lease, Leases

LEASE: Duration = 30 * SECOND
ORIGINATE_MARGIN = 1 / 3
"""An originate is handed to the carrier only while this share of the lease is left."""
RENEWALS = 6
"""How often a lease is renewed in its length."""


class LeaseHolder:
    """Holds the lease of one instance in the name of one owner, as often as it gets it.

    ``sole`` says that no other process can own the instance (this one holds the data directory's lock), so the lease of
    a dead process need not be waited for.
    """

    def __init__(
        self,
        store: Leases,
        instance_id: str,
        owner: str,
        *,
        sole: bool,
        length: Duration = LEASE,
        monotonic: Seconds = since_boot_s,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._instance_id = instance_id
        self._owner = owner
        self._sole = sole
        self._length = length
        self._monotonic = monotonic
        self._sleep = sleep
        self._lease: Lease | None = None
        self._until_s = 0.0

    async def acquire(self) -> Lease | None:
        """Take the lease, if nobody else holds it. Raises StoreError."""
        asked_s = self._monotonic()
        lease = await self._store.acquire_lease(self._instance_id, self._owner, self._length, sole=self._sole)
        if lease is not None:
            self._lease, self._until_s = lease, asked_s + self._length / SECOND
        return lease

    async def keep(self, lease: Lease) -> None:
        """Renew it again and again, until cancelled. Raises LeaseLostError if there is a newer owner, StoreError."""
        while True:
            await self._sleep(self._length / SECOND / RENEWALS)
            asked_s = self._monotonic()
            await self._store.renew_lease(lease, self._length)
            self._until_s = asked_s + self._length / SECOND

    @property
    def left_s(self) -> float:
        """How many seconds the lease has left; 0 or less if it has run out, or was never held."""
        return self._until_s - self._monotonic()

    @property
    def may_originate(self) -> bool:
        """Whether an originate may still be handed to the carrier."""
        return self.left_s > self._length / SECOND * ORIGINATE_MARGIN

    async def let_go(self) -> None:
        """Let the next owner in. Call it when nothing is done under the lease any more."""
        lease, self._lease = self._lease, None
        if lease is not None:
            with suppress(StoreError):
                await self._store.release_lease(lease)
