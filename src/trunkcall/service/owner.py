"""Who dials for an instance: takes its lease, recovers, dials, and starts over when a commit has failed.

Decides the life of one ownership. At most one dialer of an instance may originate; the lease's fencing token has the
store refuse every other, and an owner stops originating while its own lease still has time left. Nor does it originate
for agents on what it knew of them before it was stopped. It must not know which store or carrier it serves.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress

from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import NotFoundError, StoreError, TrunkcallError
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import AgentRegistered, CarrierFound, DialingSuspended
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.progress import DialingProgress, FloorProgress
from trunkcall.engine.snapshot import EngineSnapshot
from trunkcall.service.clock import InstanceClock, since_boot_s
from trunkcall.service.dialer import Dialer
from trunkcall.service.presence import Presence
from trunkcall.service.totals import DialerTotals
from trunkcall.storage.store import Lease, Store
from trunkcall.telephony.carrier import Carrier

log = logging.getLogger(__name__)

LEASE: Duration = 30 * SECOND
ORIGINATE_MARGIN = 1 / 3
"""An originate is handed to the carrier only while this share of the lease is left."""
RENEWALS = 6
"""How often a lease is renewed in its length."""
TAKE_IN_S = 0.5
"""How long a process that was stopped takes in what agents said meanwhile, before it goes by what it knows of them."""
POLL_EVERY_S = 1.0
RETRY_AFTER_S = 1.0
LOG_EVERY_S = 60.0
"""How often the same reason for not dialing is logged."""


class InstanceOwner:
    """Dials for one instance for as long as it holds the lease.

    ``sole`` says that no other process can own it (this one holds the data directory's lock), so the lease of a dead
    process need not be waited for. ``legs_survive`` says that the carrier keeps its legs when this process ends; the
    next owner takes over the contacts in progress.
    """

    def __init__(
        self,
        *,
        instance_id: str,
        store: Store,
        carrier: Carrier,
        clock: InstanceClock,
        presence: Presence,
        config: EngineConfig,
        new_id: NewId,
        owner: str,
        sole: bool,
        legs_survive: bool = False,
        lease: Duration = LEASE,
        monotonic: Callable[[], float] = since_boot_s,
    ) -> None:
        self._instance_id = instance_id
        self._store = store
        self._carrier = carrier
        self._clock = clock
        self._presence = presence
        self._config = config
        self._new_id = new_id
        self._owner = owner
        self._sole = sole
        self._legs_survive = legs_survive
        self._lease_length = lease
        self._lease: Lease | None = None
        self._monotonic = monotonic
        self._lease_until_s = 0.0
        self._engine: Engine | None = None
        self._dialer: Dialer | None = None
        self._log_at_s: dict[str, float] = {}
        self.totals = DialerTotals()
        self.quarantined = 0
        """How many contacts are set aside, as of the last look."""
        self.trouble: str | None = None
        """Why nothing is dialed at the moment, in words for /health; None while all is well."""

    # --- Wakeups ------------------------------------------------------------------------------------------------------

    def campaigns_changed(self, instance_id: str) -> None:
        """Tell the dialer, if it is this instance's."""
        if self._dialer is not None and instance_id == self._instance_id:
            self._dialer.campaigns_changed()

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None:
        """Tell the dialer, if it is this instance's."""
        if self._dialer is not None and instance_id == self._instance_id:
            self._dialer.requests_accepted(campaign_id)

    # --- the life of an ownership ---------------------------------------------------------------------------------

    def snapshot(self) -> EngineSnapshot | None:
        """What the engine is doing; None while nobody dials."""
        return self._engine.snapshot(self._clock.now()) if self._engine is not None else None

    def explanation(self, campaign_id: str) -> DialingExplanation | None:
        """Why a campaign dials as it does; None while nobody dials, and of a campaign that is not dialed."""
        return self._engine.explain(campaign_id, self._clock.now()) if self._engine is not None else None

    def progress(self, campaign_id: str) -> DialingProgress | None:
        """How far a campaign is; None while nobody dials, and of a campaign that is not dialed."""
        return self._engine.progress(campaign_id, self._clock.now()) if self._engine is not None else None

    def floor(self, queue_id: str | None = None) -> FloorProgress | None:
        """What the agents of the queue, or all, are doing; None while nobody dials."""
        return self._engine.floor(queue_id) if self._engine is not None else None

    def attempts_by_minute(self, campaign_id: str) -> Sequence[int]:
        """The campaign's attempts in each of the last minutes, oldest first; the last one goes on."""
        return self.totals.history.by_minute(campaign_id, self._clock.now())

    async def run(self) -> None:
        """Own the instance again and again, until cancelled."""
        while True:
            try:
                lease = await self._acquire()
                try:
                    await self._own(lease)
                finally:
                    self._dialer = self._engine = None
                    self._presence.listen(None)
                    self._clock.settle_with(None)
                    await self._carrier.close()
            except* Exception as group:
                # Whatever it was, the store is the truth: the engine is dropped and built anew from it.
                self.trouble = why = _why(group)
                # It is tried again every second, for hours if a disk is full for hours.
                if self._monotonic() >= self._log_at_s.get(why, 0.0):
                    self._log_at_s[why] = self._monotonic() + LOG_EVERY_S
                    log.warning("dialing has stopped and is begun anew from the store", extra={"why": why})
                await asyncio.sleep(RETRY_AFTER_S)

    async def suspend(self) -> None:
        """Begin no attempt any more; contacts in progress go on."""
        if self._dialer is not None:
            self._dialer.post(DialingSuspended())
            await self._dialer.settled()

    async def drained(self, timeout_s: float) -> bool:
        """Wait until no contact is in progress; False if some still are when the time is up."""
        until = self._monotonic() + timeout_s
        while (snapshot := self.snapshot()) is not None and snapshot.contacts_in_progress:
            if self._monotonic() >= until:
                return False
            await asyncio.sleep(0.05)
        return True

    async def close_out(self) -> None:
        """End contacts whose legs end with this process. The next owner does it, should this one be in trouble."""
        if self._dialer is not None and not self._legs_survive:
            self._dialer.post(CarrierFound(()))
            await self._dialer.settled()

    async def let_go(self) -> None:
        """Let the next owner in. Call it when ``run`` is over."""
        lease, self._lease = self._lease, None
        if lease is not None:
            with suppress(StoreError):
                await self._store.release_lease(lease)

    async def _acquire(self) -> Lease:
        while True:
            asked_s = self._monotonic()
            lease = await self._store.acquire_lease(self._instance_id, self._owner, self._lease_length, sole=self._sole)
            if lease is not None:
                self._lease, self._lease_until_s = lease, asked_s + self._lease_length / SECOND
                return lease
            self.trouble = "another process owns this instance"
            await asyncio.sleep(POLL_EVERY_S)

    async def _own(self, lease: Lease) -> None:
        directory = await self._read_directory()
        engine = Engine(self._config, new_id=self._new_id)
        dialer = Dialer(
            directory=directory,
            engine=engine,
            store=self._store,
            carrier=self._carrier,
            clock=self._clock,
            lease=lease,
            totals=self.totals,
            before_deciding=self._look_at_agents,
            may_originate=self._may_originate,
        )
        self._tell_agents(dialer, directory)
        taken_over = await dialer.restore()
        if taken_over:
            log.warning("contacts were in progress when their dialer went away", extra={"number": taken_over})
        await self._carrier.start(dialer.post, token=lease.token)
        self._engine, self._dialer = engine, dialer
        self._clock.settle_with(dialer.settled)
        self.trouble = None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(dialer.run(), name="dialer")
            tasks.create_task(self._renew(lease), name="lease")
            tasks.create_task(self._poll(dialer), name="poll")

    def _tell_agents(self, dialer: Dialer, directory: Directory) -> None:
        for agent in directory.agents.values():
            profile = directory.routing_profiles.get(agent.routing_profile_id)
            # Whose profile the store has lost serves no queue, which is no reason for the others not to dial.
            dialer.post(AgentRegistered(agent.agent_id, profile.queue_ids if profile is not None else ()))
        self._presence.know(frozenset(directory.agents))
        for event in self._presence.listen(dialer.post):
            dialer.post(event)

    async def _look_at_agents(self) -> None:
        """Find out of whom nothing was heard for too long. Everything is decided right after it."""
        if self._presence.has_slept:
            await asyncio.sleep(TAKE_IN_S)
        self._presence.look()

    def _may_originate(self, needs_agents: bool) -> bool:
        margin_s = self._lease_length / SECOND * ORIGINATE_MARGIN
        in_time = self._monotonic() < self._lease_until_s - margin_s
        return in_time and (self._presence.is_recent or not needs_agents)

    async def _read_directory(self) -> Directory:
        directory = await self._store.directory(self._instance_id)
        if directory is None:
            raise NotFoundError("the instance to dial for does not exist in this store")
        return directory

    async def _renew(self, lease: Lease) -> None:
        while True:
            await asyncio.sleep(self._lease_length / SECOND / RENEWALS)
            asked_s = self._monotonic()
            await self._store.renew_lease(lease, self._lease_length)
            self._lease_until_s = asked_s + self._lease_length / SECOND

    async def _poll(self, dialer: Dialer) -> None:
        while True:
            await dialer.sweep()
            self.quarantined = await self._store.quarantined_count()
            await asyncio.sleep(POLL_EVERY_S)
            dialer.poll()


def _why(error: BaseException) -> str:
    """The first reason in a group, in words; of an error that nobody foresaw its type and place, never its values."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TrunkcallError):
        return error.message
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"unforeseen {type(error).__name__} at {frame.filename}:{frame.lineno}"
