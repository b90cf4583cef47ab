"""Who dials for an instance: takes its lease, recovers, dials, and starts over when a commit has failed.

Decides the life of one ownership, and that one follows the other. At most one dialer of an instance may originate; the
lease's fencing token has the store refuse every other, and an owner stops originating while its own lease still has
time left (``service.lease``). Nor does it originate for agents on what it knew of them before it was stopped. It must
not know which store or carrier it serves, nor who asks how it goes: they ask ``service.current``.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Collection
from random import Random

from trunkcall.domain.clock import Seconds, Sleep
from trunkcall.domain.confirmations import Phrases
from trunkcall.domain.directory import Directory
from trunkcall.domain.errors import NotFoundError, TrunkcallError
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Instant
from trunkcall.domain.seldom import Seldom
from trunkcall.domain.user_status import UserStatus
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.engine import Engine
from trunkcall.service.calling.gate import GateOf
from trunkcall.service.cancelling import raise_if_cancelled, together
from trunkcall.service.chosen_statuses import ChosenStatuses
from trunkcall.service.clock import InstanceClock, since_boot_s
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dialer import Dialer
from trunkcall.service.dialing_settings import DialingOf
from trunkcall.service.facts import KnownFacts
from trunkcall.service.flow_runner import FlowRunner
from trunkcall.service.functions import Functions, NoFunctions
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.presence import Presence
from trunkcall.service.safe_harbour import SafeHarbourOf, no_safe_harbour
from trunkcall.storage.ports.directory import Directories, FactHistory
from trunkcall.storage.ports.ownership import DialingStore, GateStore, Lease
from trunkcall.storage.ports.presence import AgentPresences
from trunkcall.storage.ports.quarantine import QuarantineCount
from trunkcall.telephony.carrier import Carrier

log = logging.getLogger(__name__)

TAKE_IN_S = 0.5
"""How long a process that was stopped takes in what agents said meanwhile, before it goes by what it knows of them."""
POLL_EVERY_S = 1.0
RETRY_AFTER_S = 1.0


class InstanceOwner:
    """Dials for one instance for as long as it holds the lease. ``current`` is told who dials, and why nobody does,
    ``on_facts`` what there is around the campaigns, as often as that changes. ``phrases`` are what agents are told on
    the telephone, None where tones stand for it. ``chance`` is what flows go on by that go on by chance, ``functions``
    are those that flows may ask, None where there are none. ``served_until`` is until when somebody else is known to
    have dialed before, None where nobody knows."""

    def __init__(
        self,
        *,
        instance_id: str,
        store: DialingStore,
        gate_store: GateStore,
        directories: Directories,
        history: FactHistory,
        quarantine: QuarantineCount,
        carrier: Carrier,
        clock: InstanceClock,
        presence: Presence,
        presences: AgentPresences,
        config: EngineConfig,
        dialing_of: DialingOf,
        new_id: NewId,
        chance: Random,
        lease: LeaseHolder,
        current: CurrentDialer,
        gate_of: GateOf,
        on_facts: Callable[[Directory], None] = lambda _: None,
        safe_harbour_of: SafeHarbourOf = no_safe_harbour,
        phrases: Phrases | None = None,
        functions: Functions | None = None,
        served_until: Instant | None = None,
        monotonic: Seconds = since_boot_s,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._instance_id = instance_id
        self._store = store
        self._gate_store = gate_store
        self._directories = directories
        self._history = history
        self._quarantine = quarantine
        self._carrier = carrier
        self._clock = clock
        self._presence = presence
        self._chosen = ChosenStatuses(instance_id, presences, presence, clock)
        self._config = config
        self._dialing_of = dialing_of
        self._new_id = new_id
        self._chance = chance
        self._functions = functions or NoFunctions()
        self._served_until = served_until
        self._lease = lease
        self._current = current
        self._safe_harbour_of = safe_harbour_of
        self._phrases = phrases
        self._gate_of = gate_of
        self._on_facts = on_facts
        self._sleep = sleep
        self._seldom: Seldom[str] = Seldom(monotonic)

    async def put_user_status(self, agent_id: str, status: UserStatus) -> None:
        """An agent of the instance has chosen a status, which is kept over restarts. Raises NotFoundError for one whom
        no dialer has read yet."""
        await self._chosen.choose(agent_id, status)

    def confirm_agents(self, agent_ids: Collection[str]) -> None:
        """These agents are still there. One of whom no dialer has read yet has not chosen anything either."""
        self._presence.confirm([agent_id for agent_id in agent_ids if self._presence.knows(agent_id)])

    async def run(self) -> None:
        """Own the instance again and again, until cancelled."""
        while True:
            try:
                lease = await self._acquire()
                try:
                    await self._own(lease)
                finally:
                    self._presence.listen(None)
                    self._clock.settle_with(None)
                    await self._carrier.close()
            except Exception as error:
                # Whatever it was, the store is the truth: the engine is dropped and built anew from it.
                self._current.trouble = why = _why(error)
                # It is tried again every second, for hours if a disk is full for hours.
                if self._seldom.happened(why):
                    log.warning(
                        "dialing has stopped and is begun anew from the store",
                        extra={"instance_id": self._instance_id, "why": why},
                    )
            raise_if_cancelled()
            await self._sleep(RETRY_AFTER_S)

    async def _acquire(self) -> Lease:
        while (lease := await self._lease.acquire()) is None:
            self._current.trouble = "another process owns this instance"
            await self._sleep(POLL_EVERY_S)
        return lease

    async def _own(self, lease: Lease) -> None:
        directory = await self._read_directory()
        facts = KnownFacts(directory.instance, self._history, self._config.trunks)
        flows = FlowRunner(facts, self._chance, self._served_until)
        engine = Engine(self._config, new_id=self._new_id, flows=flows)
        flows.figures_of = engine.queue_figures
        dialer = Dialer(
            facts=facts,
            engine=engine,
            store=self._store,
            gate_store=self._gate_store,
            carrier=self._carrier,
            clock=self._clock,
            lease=lease,
            totals=self._current.totals,
            on_facts=self._on_facts,
            on_agents=self._presence.know,
            before_deciding=self._look_at_agents,
            choose_status=self._chosen.choose_by_phone,
            may_originate=self._may_originate,
            flows=flows,
            functions=self._functions,
            dialing_of=self._dialing_of,
            safe_harbour_of=self._safe_harbour_of,
            phrases=self._phrases,
            gate_of=self._gate_of,
        )
        await dialer.learn()
        await self._chosen.restore(directory)
        self._current.takes_over(dialer)
        taken_over = await dialer.restore()
        # Whoever is in a contact is what was chosen once that is over, so contacts come first.
        for event in self._presence.listen(dialer.post):
            dialer.post(event)
        if taken_over:
            log.warning(
                "contacts were in progress when their dialer went away",
                extra={"instance_id": self._instance_id, "number": taken_over},
            )
        await self._carrier.start(dialer.hear, token=lease.token)
        self._clock.settle_with(dialer.settled)
        with self._current.dialing(engine, dialer):
            try:
                await together(dialer=dialer.run(), lease=self._lease.keep(lease), poll=self._poll(dialer))
            finally:
                if dialer.has_spoken:
                    # Where it has said nothing, what is on record has ended with a dialer before it.
                    self._served_until = self._clock.now()

    async def _look_at_agents(self) -> None:
        """Find out of whom nothing was heard for too long. Everything is decided right after it."""
        if self._presence.has_slept:
            await self._sleep(TAKE_IN_S)
        self._presence.look()

    def _may_originate(self, needs_agents: bool) -> bool:
        return self._lease.may_originate and (self._presence.is_recent or not needs_agents)

    async def _read_directory(self) -> Directory:
        directory = await self._directories.directory(self._instance_id)
        if directory is None:
            raise NotFoundError("the instance to dial for does not exist in this store")
        return directory

    async def _poll(self, dialer: Dialer) -> None:
        while True:
            await dialer.sweep()
            await dialer.release_holds()
            await dialer.purge_counts()
            self._current.quarantined = await self._quarantine.quarantined_count(self._instance_id)
            await self._sleep(POLL_EVERY_S)
            dialer.poll()


def _why(error: Exception) -> str:
    """The reason, in words; of an error that nobody foresaw its type and place, never its values."""
    if isinstance(error, TrunkcallError):
        return error.message
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"unforeseen {type(error).__name__} at {frame.filename}:{frame.lineno}"
