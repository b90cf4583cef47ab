"""A store with one Running campaign, a simulated carrier, and everything that dials between them, for tests that say
what goes wrong.

In memory, on a loop of virtual time (``virtual_time``), everything lasts as long as it does for a user, and an hour is
told in less than a second.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from random import Random
from typing import Any, TypeAlias

from gating import no_policy
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.changes import AttemptBegun, Change
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.clock import Clock, Seconds, Sleep
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.directory import Instance
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import DAY, SECOND, Duration, Instant
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import HangUp, Originate
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierEvent
from trunkcall.service.calling.gate import GateOf
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dialing_settings import DialingDefaults, DialingOf, dialing_settings
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.functions import Functions, NoFunctions
from trunkcall.service.installation import first_installation, simulated_agents
from trunkcall.service.lease import LEASE, LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence, PresenceEvent
from trunkcall.service.safe_harbour import SafeHarbourOf, no_safe_harbour
from trunkcall.service.self_paced_clock import SelfPacedClock
from trunkcall.simulation.world import World
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, Lease
from trunkcall.storage.store import Store
from trunkcall.telephony.carrier import CarrierSink, Destination
from trunkcall.telephony.simulated import SimulatedCarrier

SCOPE = Scope("aws", "us-east-1", "000000000000")
dialing_of = partial(dialing_settings, defaults=DialingDefaults(30 * SECOND, AbandonmentLimits()))
"""How campaigns are dialed by an installation that nobody has told anything."""
BEGUN_AT: Instant = 1_790_000_000 * SECOND
ONE_TO_ONE = DialerConfig(DialerType.PROGRESSIVE, 1.0)


class Ear:
    """Tells an instance's dialer what use cases have to tell of this instance alone."""

    def __init__(self, instance_id: str, dialer: CurrentDialer) -> None:
        self._instance_id = instance_id
        self._dialer = dialer

    def campaigns_changed(self, instance_id: str) -> None:
        assert instance_id == self._instance_id
        self._dialer.campaigns_changed()

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None:
        assert instance_id == self._instance_id
        self._dialer.requests_accepted(campaign_id)

    def due_changed(self, instance_id: str, campaign_id: str) -> None:
        assert instance_id == self._instance_id
        self._dialer.due_changed(campaign_id)

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None:
        assert instance_id == self._instance_id
        self._dialer.opted_out(number_keys)

    def heed(self, instance: Instance) -> None:
        assert instance.instance_id == self._instance_id
        self._dialer.heed(instance)


CarryOut: TypeAlias = Callable[[Lease, Sequence[Change], Mapping[str, Clearance]], Awaitable[CommitResult]]


class FaultyStore:
    """A store whose commits fail when they are told to: before anything is written, or after everything is."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fail_before = 0
        self.fail_after = 0
        self.before_commit: Callable[[Sequence[Change]], None] = lambda changes: None
        """Done before anything is written. It may raise."""
        self.after_attempts: Callable[[], None] = lambda: None
        """Done when attempts are durable and the dialer does not know it yet."""
        self.carry_out: Callable[[Lease, Sequence[Change], Mapping[str, Clearance]], Awaitable[CommitResult]] = (
            store.commit
        )
        """How a commit is carried out that does not fail."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        self.before_commit(changes)
        attempts = any(isinstance(change, AttemptBegun) for change in changes)
        if attempts and self.fail_before:
            self.fail_before -= 1
            raise StoreUnavailableError
        result = await self.carry_out(lease, changes, clearances)
        if attempts and self.fail_after:
            self.fail_after -= 1
            raise StoreUnavailableError
        if attempts:
            self.after_attempts()
        return result


class Witness(SimulatedCarrier):
    """A carrier that remembers every originate and every message, and that a test can put words in the mouth of."""

    def __init__(self, clock: Clock, **arguments: Any) -> None:
        super().__init__(clock, **arguments)
        self.originates: Counter[str] = Counter()
        self.shown: dict[str, tuple[str, str | None]] = {}
        """By contact, over which trunk it was dialed and which number that showed."""
        self.played: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        """How often each text was to be played."""
        self.listeners: list[Callable[[str, str, Saying], None]] = []
        """Whoever does something on hearing what is said: told of the leg, the play and what it is."""
        self.hung_up: set[str] = set()
        self.loses: Callable[[CarrierEvent], bool] = lambda event: False
        """Which of its words never arrive."""
        self.tell: CarrierSink = lambda event: None
        """Whoever dials hears this as the carrier's word."""

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        self.tell = sink
        await super().start(lambda event: None if self.loses(event) else sink(event), token=token)

    def originate(self, command: Originate, destination: Destination) -> None:
        self.originates[command.contact_id] += 1
        self.shown[command.contact_id] = command.trunk_id, command.caller_id
        super().originate(command, destination)

    def hang_up(self, command: HangUp) -> None:
        self.hung_up.add(command.leg_id)
        super().hang_up(command)

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        self.played[leg_id] += 1
        self.said.update(part.value for part in saying.parts)
        super().play(leg_id, play_id, saying)
        for each in self.listeners:
            each(leg_id, play_id, saying)


class WatchedPresence(Presence):
    """Presence that remembers what dialers were told of agents."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.told: list[PresenceEvent] = []

    def listen(self, listener: Callable[[PresenceEvent], None] | None) -> tuple[PresenceEvent, ...]:
        def tell(event: PresenceEvent) -> None:
            self.told.append(event)
            if listener is not None:
                listener(event)

        return super().listen(tell)


class House:
    """A store with one Running campaign, and what it takes to dial it."""

    def __init__(self, kept: Store, *, seconds: Seconds, speed: float) -> None:
        self._look_every_s = 10.0 / speed
        self.kept = kept
        self.store = FaultyStore(kept)
        """The same, as owners have it."""
        self.clock = SelfPacedClock(
            speed=speed, wall=lambda: BEGUN_AT * 1000 + round(seconds() * 1_000_000_000), monotonic=seconds
        )
        self.desk_s = 0.0
        """The wall clock of agents' words, in the test's hands."""
        self.slept_s = 0.0
        """For how long owners have slept, by the clock of their leases."""
        self.presence = WatchedPresence(max_age_s=15.0, monotonic=lambda: self.desk_s)
        self.floor = SimulatedFloor(self.presence)
        self.agent_done: Callable[[str], None] = self.floor.agent_done
        """What an agent does when the work after a contact is done."""
        self.carrier = self.new_carrier()
        self.monotonic = lambda: seconds() + self.slept_s
        self.ids = (f"id-{n:06d}" for n in itertools.count())
        self.dialing_of: DialingOf = dialing_of
        self.gate_of: GateOf = no_policy
        self.safe_harbour_of: SafeHarbourOf = no_safe_harbour
        self.functions: Functions = NoFunctions()
        """What flows may ask."""

    @classmethod
    def in_memory(cls) -> House:
        """One that has nothing to do with any time but the loop's."""
        seconds = asyncio.get_running_loop().time
        return cls(MemoryStore(lambda: round(seconds() * SECOND)), seconds=seconds, speed=1.0)

    def new_carrier(self) -> Witness:
        """One without any legs, as of a process that has just begun."""
        return Witness(self.clock, world=World(), seed=1, on_agent_done=lambda agent_id: self.agent_done(agent_id))

    async def open(
        self, *, agents: int = 5, requests: int = 60, dialer: DialerConfig = ONE_TO_ONE, detects: bool = False
    ) -> None:
        await self.kept.open()
        first = first_installation(
            now=self.clock.now(),
            new_id=lambda: next(self.ids),
            access_key_id="AKIA",
            secret="s",
            policy=ALL_ACTIONS_POLICY,
            seal=lambda secret, key: secret.encode(),
        )
        self.directory = first.directory
        self.instance_id = first.directory.instance.instance_id
        self.dialer = CurrentDialer(self.clock, monotonic=self.monotonic)
        await self.kept.create_instance(first.directory)
        staff = simulated_agents(self.directory, agents)
        await self.kept.put_facts(self.instance_id, staff)
        self.presence.know(frozenset(agent.agent_id for agent in staff))
        self.floor.staff(agent.agent_id for agent in staff)
        await self.kept.create_campaign(
            Campaign(
                campaign_id="spring",
                arn=SCOPE.campaign_arn("spring"),
                instance_id=self.instance_id,
                name="Spring",
                dialer=dialer,
                outbound_call=OutboundCallConfig(
                    next(iter(self.directory.contact_flows)),
                    next(iter(self.directory.queues)),
                    answer_machine_detection=AnswerMachineDetectionConfig(detects),
                ),
                state=CampaignState.INITIALIZED,
                created_at=self.clock.now(),
            )
        )
        await self.to_state(CampaignState.INITIALIZED, CampaignState.RUNNING)
        await self.put(requests)

    async def put(self, requests: int, *, first: int = 0) -> None:
        now: Instant = self.clock.now()
        numbers = range(first, first + requests)
        batch = [DialRequest(f"c-{n}", f"t-{n}", "+12125550100", now + DAY, {}) for n in numbers]
        await self.kept.put_dial_requests("spring", batch, at=now, max_waiting=10_000)

    async def to_state(self, of: CampaignState, to: CampaignState) -> None:
        await self.kept.change_campaign_state("spring", allowed_from=[of], to=to)

    def owner(
        self,
        name: str = "host:1",
        *,
        sole: bool = True,
        lease: Duration = LEASE,
        sleep: Sleep = asyncio.sleep,
    ) -> InstanceOwner:
        """``sleep`` is between its looks at the store, and before it begins anew."""
        store: Store = self.store
        return InstanceOwner(
            instance_id=self.instance_id,
            store=store,
            gate_store=store,
            directories=store,
            history=store,
            quarantine=store,
            presences=store,
            carrier=self.carrier,
            clock=self.clock,
            presence=self.presence,
            config=EngineConfig(),
            dialing_of=lambda campaign: self.dialing_of(campaign),
            gate_of=lambda directory: self.gate_of(directory),
            chance=Random(1),
            functions=self.functions,
            new_id=lambda: next(self.ids),
            lease=LeaseHolder(store, self.instance_id, name, sole=sole, length=lease, monotonic=self.monotonic),
            current=self.dialer,
            safe_harbour_of=lambda campaign: self.safe_harbour_of(campaign),
            monotonic=self.monotonic,
            sleep=sleep,
        )

    def silent_agents(self) -> None:
        """From now on nobody says a word, not even when a contact is done with."""
        self.agent_done = lambda agent_id: None

    def everybody_is_there(self) -> None:
        self.agent_done = self.floor.agent_done
        self.floor.busy([])

    async def ended(self) -> int:
        counts = await self.kept.contact_counts(["spring"])
        return sum(counts["spring"].dispositions.values())

    async def until_all_ended(self, number: int) -> None:
        async with asyncio.timeout(86_400):
            while await self.ended() < number:
                await asyncio.sleep(self._look_every_s)

    async def records(self) -> list[Any]:
        return [record async for chunk in self.kept.contacts() for record in chunk]


async def hardly_ever(seconds: float) -> None:
    """The sleep of an owner who hardly ever looks at the store unasked."""
    await asyncio.sleep(3600 * seconds)


@asynccontextmanager
async def dialing(house: House, *owners: InstanceOwner) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(house.clock.run()), *(asyncio.create_task(owner.run()) for owner in owners)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await house.kept.close()
