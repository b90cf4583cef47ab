"""Several dialers over one store and one carrier, on a clock in a test's hands, that can be killed at any point.

A ``Process`` is what a process is to the others: its own connection to the store, its own session with the carrier, its
own owner. Killed, it does nothing any more; stopped, it does nothing until it is woken.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast

from gating import no_policy
from service.support import dialing_of
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.changes import AttemptBegun, Change
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import ContactRecord, DialRequest
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import DAY, SECOND, Instant
from trunkcall.engine.commands import HangUp, Originate
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierEvent, CarrierLost
from trunkcall.service.current import CurrentDialer
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.installation import first_installation, simulated_agents
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.simulation.world import World
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, Lease
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.storage.store import Store
from trunkcall.telephony.carrier import Carrier, CarrierSink, Destination
from trunkcall.telephony.simulated import SimulatedCarrier
from virtual_time import HandLoop

T = TypeVar("T")

START: Instant = 1_790_000_000_000_000
LEASE = 30 * SECOND
SPRING, NOTICES = "spring", "notices"


class Gap(Enum):
    """Where a process can die on the way of an attempt."""

    BEFORE_COMMIT = auto()
    AFTER_COMMIT = auto()
    BEFORE_ORIGINATE = auto()
    AFTER_ORIGINATE = auto()


class Process:
    """One dialer process."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        self.name = name
        self.dead = False
        self.awake = asyncio.Event()
        self.awake.set()
        self.late: list[Callable[[], None]] = []
        """What was on its way to the carrier when the process was stopped."""
        self.sqlite = SQLiteStore(house.path, clock=house.wall)
        self.presence = Presence()
        self.floor = SimulatedFloor(self.presence)
        self.clock = WallPacedClock(wall=lambda: house.wall() * 1000, monotonic=house.loop.time)
        self.dialer = CurrentDialer(self.clock, legs_survive=True, monotonic=house.loop.time)
        store = cast("Store", _StoreOf(self))
        self.owner = InstanceOwner(
            instance_id=house.instance_id,
            store=store,
            gate_store=store,
            directories=store,
            history=store,
            quarantine=store,
            presences=store,
            carrier=_Session(self),
            clock=self.clock,
            presence=self.presence,
            config=EngineConfig(),
            dialing_of=dialing_of,
            gate_of=no_policy,
            chance=Random(1),
            new_id=lambda: f"leg-{next(house.numbers)}",
            lease=LeaseHolder(store, house.instance_id, name, sole=False, length=LEASE, monotonic=house.loop.time),
            current=self.dialer,
            monotonic=house.loop.time,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.sqlite.open()
        agents = frozenset(agent.agent_id for agent in self.house.agents)
        self.presence.know(agents)
        self.floor.staff(agents)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self.clock.run()), loop.create_task(self.owner.run())]

    def die(self) -> None:
        """From now on nothing that this process does reaches anybody."""
        self.dead = True
        self.house.exchange.forget(self)
        asyncio.get_running_loop().call_soon(self._end)

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def bury(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sqlite.close()

    def stop(self) -> None:
        self.awake.clear()

    def wake(self) -> None:
        self.awake.set()
        late, self.late = self.late, []
        for deed in late:
            deed()

    async def pass_gate(self) -> None:
        """Whatever a process does waits here while it is stopped, and for ever once it is dead."""
        await self.awake.wait()
        if self.dead:
            await asyncio.get_running_loop().create_future()


class _StoreOf:
    """The store as one process has it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._process.sqlite, name)

        async def gated(*arguments: Any, **named: Any) -> Any:
            return await self._call(lambda: method(*arguments, **named))

        return gated

    async def _call(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        process = self._process
        await process.pass_gate()
        process.house.busy += 1
        try:
            result = await call()
        finally:
            process.house.busy -= 1
        await process.pass_gate()
        return result

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        process = self._process
        attempts = any(isinstance(change, AttemptBegun) for change in changes)
        if attempts and process.house.dies_in(Gap.BEFORE_COMMIT):
            process.die()
        result = await self._call(lambda: process.sqlite.commit(lease, changes, clearances))
        if attempts and process.house.dies_in(Gap.AFTER_COMMIT):
            process.die()
            await process.pass_gate()
        return result


class _Session:
    """A process's session with the carrier that all share."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.token = 0

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        self.token = token
        await self._process.house.exchange.attach(self._process, self.token, sink)

    async def close(self) -> None:
        self._process.house.exchange.forget(self._process)

    def originate(self, command: Originate, destination: Destination) -> None:
        process, exchange = self._process, self._process.house.exchange
        if process.dead:
            return
        if process.house.dies_in(Gap.BEFORE_ORIGINATE):
            process.die()
            return
        token = self.token
        if process.house.stops_in_originate:
            process.house.stops_in_originate = False
            process.stop()
        if not process.awake.is_set():
            process.late.append(lambda: exchange.originate(process, token, command, destination))
            return
        exchange.originate(process, token, command, destination)
        if process.house.dies_in(Gap.AFTER_ORIGINATE):
            process.die()

    def __getattr__(self, name: str) -> Callable[..., None]:
        process, exchange = self._process, self._process.house.exchange
        token = self.token

        def forward(*arguments: Any) -> None:
            if process.dead:
                return
            if not process.awake.is_set():
                process.late.append(lambda: exchange.command(process, token, name, *arguments))
                return
            exchange.command(process, token, name, *arguments)

        return forward


class Exchange:
    """The carrier. It serves the session with the greatest token, and counts what it was asked to dial."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.clock = WallPacedClock(wall=lambda: START * 1000, monotonic=house.loop.time)
        world = World(human_ratio=0.5, machine_ratio=0.2, patience_s=30.0, talk_mean_s=20.0, wrap_mean_s=5.0)
        self._carrier: Carrier = SimulatedCarrier(self.clock, world=world, seed=7, on_agent_done=self._agent_done)
        self._serves: Process | None = None
        self._token = 0
        self._sink: CarrierSink = lambda event: None
        """Whoever it serves."""
        self.down = False
        self.originates: Counter[str] = Counter()
        self.hung_up: set[str] = set()
        """Legs that a dialer had hung up."""

    async def attach(self, process: Process, token: int, sink: CarrierSink) -> None:
        if process.dead or token < self._token or self.down:
            sink(CarrierLost())
            return
        self._serves, self._token = process, token

        def tell(event: CarrierEvent) -> None:
            if self._serves is process and not process.dead and not self.down:
                sink(event)

        self._sink = sink
        await self._carrier.start(tell, token=token)

    def originate(self, process: Process, token: int, command: Originate, destination: Destination) -> None:
        if self._heeds(process, token):
            self.originates[command.contact_id] += 1
            self._carrier.originate(command, destination)

    def command(self, process: Process, token: int, name: str, *arguments: Any) -> None:
        if self._heeds(process, token):
            self.hung_up |= {command.leg_id for command in arguments if isinstance(command, HangUp)}
            getattr(self._carrier, name)(*arguments)

    def _heeds(self, process: Process, token: int) -> bool:
        return process is self._serves and token == self._token and not self.down

    def forget(self, process: Process) -> None:
        if self._serves is process:
            self._serves = None

    def lose(self) -> None:
        """Nobody reaches the carrier; its legs stay."""
        if self._serves is not None and not self.down:
            self._sink(CarrierLost())
        self.down = True

    async def find(self) -> None:
        """The carrier answers again."""
        self.down = False
        if self._serves is not None:
            await self.attach(self._serves, self._token, self._sink)

    def _agent_done(self, agent_id: str) -> None:
        for process in self._house.processes:
            if not process.dead:
                process.floor.agent_done(agent_id)


class House:
    """A store, a carrier, two campaigns, and as many dialers as the test starts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.loop = HandLoop()
        self.jump: int = 0
        """How far the wall clock has been set forth, or back."""
        self.busy = 0
        self.gap: Gap | None = None
        self.stops_in_originate = False
        self.numbers = itertools.count()
        self.processes: list[Process] = []
        self.graves: list[Process] = []
        self.accepted: dict[str, str] = {}
        """Contact ids by client token, as they were answered."""
        self.exchange = Exchange(self)
        self.api = SQLiteStore(path, clock=self.wall)

    def wall(self) -> Instant:
        return START + self.jump + round(self.loop.time() * SECOND)

    def dies_in(self, gap: Gap) -> bool:
        """Whether the process that has come to this gap is to die there. One does."""
        if self.gap is not gap:
            return False
        self.gap = None
        return True

    def run(self, deed: Coroutine[Any, Any, T]) -> T:
        result = self.loop.run_until_complete(deed)
        self.loop.run_until_complete(self._settle())
        return result

    def pass_time(self, seconds: float, *, step: float = 1.0) -> None:
        """Let time pass, in steps of so many seconds."""
        while seconds > 0:
            self.loop.hand_s += min(seconds, step)
            seconds -= step
            self.loop.run_until_complete(self._settle())

    async def _settle(self) -> None:
        """Wait until every thread has answered and nobody has anything to do at this instant."""
        quiet = 0
        while quiet < 2:
            for _ in range(10):
                await asyncio.sleep(0)
            if self.busy:
                quiet = 0
                await self.loop.run_in_executor(None, time.sleep, 0.0005)
            else:
                quiet += 1

    # --- what can happen --------------------------------------------------------------------------------------------

    async def open(self) -> None:
        await self.api.open()
        first = first_installation(
            now=START,
            new_id=lambda: f"id-{next(self.numbers)}",
            access_key_id="AKIA",
            secret="s",
            policy=ALL_ACTIONS_POLICY,
            seal=lambda secret, key: secret.encode(),
        )
        directory = first.directory
        self.instance_id = directory.instance.instance_id
        await self.api.create_instance(directory)
        self.agents = simulated_agents(directory, 2)
        await self.api.put_facts(self.instance_id, self.agents)
        flow, queue = next(iter(directory.contact_flows)), next(iter(directory.queues))
        await self._campaign(SPRING, DialerConfig(DialerType.PROGRESSIVE, 1.0), OutboundCallConfig(flow, queue))
        number = next(iter(directory.phone_numbers.values())).phone_number
        agentless = OutboundCallConfig(flow, None, number)
        await self._campaign(NOTICES, DialerConfig(DialerType.AGENTLESS, None, 0.01), agentless)
        self.loop.create_task(self.exchange.clock.run())

    async def _campaign(self, campaign_id: str, dialer: DialerConfig, call: OutboundCallConfig) -> None:
        arn = Scope("aws", "us-east-1", "000000000000").campaign_arn(campaign_id)
        state = CampaignState.INITIALIZED
        await self.api.create_campaign(
            Campaign(campaign_id, arn, self.instance_id, campaign_id, dialer, call, state, START)
        )
        await self.to_state(campaign_id, CampaignState.INITIALIZED, CampaignState.RUNNING)

    async def to_state(self, campaign_id: str, of: CampaignState, to: CampaignState) -> None:
        await self.api.change_campaign_state(campaign_id, allowed_from=[of], to=to)

    async def accept(self, campaign_id: str, tokens: Sequence[str]) -> None:
        """A client submits these, and remembers what it was answered."""
        requests = [
            DialRequest(f"contact-{next(self.numbers)}", token, "+12125550100", START + DAY, {}) for token in tokens
        ]
        result = await self.api.put_dial_requests(campaign_id, requests, at=self.wall(), max_waiting=10_000)
        for accepted in result.accepted:
            assert accepted is not None
            known = self.accepted.setdefault(f"{campaign_id}/{accepted.client_token}", accepted.contact_id)
            assert known == accepted.contact_id, "a token that was repeated has another id"

    async def start_process(self) -> None:
        process = Process(self, f"host:{next(self.numbers)}")
        self.processes.append(process)
        await process.start()

    async def bury_the_dead(self) -> None:
        for process in [process for process in self.processes if process.dead]:
            self.processes.remove(process)
            await process.bury()

    async def records(self) -> list[ContactRecord]:
        return [record async for chunk in self.api.contacts() for record in chunk]

    async def close(self) -> None:
        for process in self.processes:
            process.die()
            process.awake.set()
        await self.bury_the_dead()
        await self.api.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)
        await self.loop.shutdown_default_executor()
