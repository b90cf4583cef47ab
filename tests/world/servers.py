"""A server in a process of its own: all that dials for each instance, and the use cases that its clients ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, TypeAlias, TypeVar, cast

from gating import screening, test_key
from service.bench import WatchedDialer
from service.support import SCOPE, dialing_of
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.clock import Seconds
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.identifiers import NewId
from trunkcall.domain.instants import Instant
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import Originate
from trunkcall.engine.config import EngineConfig
from trunkcall.service.background import Background
from trunkcall.service.calling.gate import Gate, GateOf
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dial_requests import DialRequests
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.privacy import Privacy
from trunkcall.service.supervisor import DialedInstance, Supervisor
from trunkcall.service.totals import SubmittedTotals
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.storage.store import Store
from world.clocks import Clocks
from world.exchange import Exchange
from world.faults import Faults
from world.limits import Limits
from world.line import Line
from world.loop import Process, SeededLoop
from world.store import Keeper, StoreLink
from world.story import Story

T = TypeVar("T")

PATIENCE_S = 10.0
"""How long a client waits for an answer."""
HEARD_FOR_S = 15.0
"""How long a word of an agent is relied on."""


@dataclass(frozen=True, slots=True)
class Place:
    """What all servers of an instance have in common."""

    instance_id: str
    exchange: Exchange
    limits: Limits
    config: EngineConfig


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all servers of a world have in common."""

    loop: SeededLoop
    story: Story
    random: Random
    keeper: Keeper
    new_id: NewId
    places: Sequence[Place]


SORRY = "We are sorry that nobody is free. Please call us back, or wait for us to call again."
"""What is said to whoever no agent reaches in time: five seconds."""


class Words(Presence):
    """What is known of agents by their words, and when each was read last."""

    def __init__(self, *, max_age_s: float, seconds: Seconds) -> None:
        super().__init__(max_age_s=max_age_s, monotonic=seconds)
        self._seconds = seconds
        self.heard_s: dict[str, float] = {}
        """By the server's own clock."""

    def put_user_status(self, agent_id: str, status: AgentStatus) -> None:
        super().put_user_status(agent_id, status)
        self.heard_s[agent_id] = self._seconds()

    def confirm(self, agent_ids: Collection[str]) -> None:
        super().confirm(agent_ids)
        self.heard_s |= dict.fromkeys(agent_ids, self._seconds())


class Seat:
    """One instance as one server has it, which dials for it once it owns it."""

    def __init__(self, around: Surroundings, place: Place, process: Process, store: Store, clocks: Clocks) -> None:
        self.process = process
        self.instance_id = place.instance_id
        self.seconds: Seconds = clocks.seconds
        self.line = Line(place.exchange, process, around.story, Random(around.random.random()))
        self.line.on_originate = self._hands_over
        self.presence = Words(max_age_s=HEARD_FOR_S, seconds=clocks.seconds)
        clock = WallPacedClock(wall=clocks.wall, monotonic=clocks.seconds)
        self.current = WatchedDialer(clock, legs_survive=True, monotonic=clocks.seconds)
        self._limits = place.limits
        lease = LeaseHolder(store, place.instance_id, process.name, sole=False, monotonic=clocks.seconds)
        owner = InstanceOwner(
            instance_id=place.instance_id,
            store=store,
            gate_store=store,
            directories=store,
            history=store,
            quarantine=store,
            presences=store,
            carrier=self.line,
            clock=clock,
            presence=self.presence,
            config=place.config,
            dialing_of=dialing_of,
            gate_of=_gate_of(*place.config.trunks),
            chance=Random(1),
            new_id=around.new_id,
            lease=lease,
            current=self.current,
            monotonic=clocks.seconds,
            safe_harbour_of=lambda campaign: SORRY,
        )
        self.dialed = DialedInstance(
            place.instance_id,
            clock=clock,
            dialer=self.current,
            owner=owner,
            lease=lease,
            background=Background(monotonic=clocks.seconds),
            works={},
            carrier_trouble=lambda: None,
            upkeep_trouble=lambda: None,
        )

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def dials(self) -> bool:
        return self.current.floor() is not None

    def _hands_over(self, command: Originate) -> None:
        assert self.current.engine is not None
        heard_since_s = {agent_id: self.seconds() - at_s for agent_id, at_s in self.presence.heard_s.items()}
        self._limits.hands_over(command, self.current.engine, heard_since_s)


class Server:
    """One server, from its start until it is killed."""

    def __init__(self, around: Surroundings, name: str, faults: Faults) -> None:
        self._around = around
        self._faults = faults
        self.process = process = Process(around.loop, name)
        around.story.tell(name, "begins")
        self.link = StoreLink(around.keeper, process, around.story, Random(around.random.random()))
        self.link.faults = faults
        self._clocks = clocks = Clocks(around.loop.time, faults, Random(around.random.random()))
        self._store = store = cast("Store", self.link)
        self.seats: dict[str, Seat] = {}
        self._supervisor = Supervisor(store, self._build, lambda: clocks.wall() // 1000, drain_s=PATIENCE_S)
        self.now_of: Callable[[str], Instant] = self._supervisor.now_of
        self.campaigns = Campaigns(store, store, SCOPE, self.now_of, around.new_id, self._supervisor)
        self.dial_requests = DialRequests(
            store,
            self.campaigns,
            self.now_of,
            around.new_id,
            self._supervisor,
            screening(
                store, dialing_of, partial(Gate, number_key=test_key, reaches_people=False, trunks=(Trunk("any"),))
            ),
            SubmittedTotals(),
            max_waiting=10_000,
        )
        self.privacy = Privacy(store, store, self.now_of)
        background = Background(monotonic=clocks.seconds)
        self._looks = process.spawn(background.keep_running(self._supervisor.run, "instances"))

    def _build(self, instance_id: str) -> DialedInstance:
        self._around.story.tell(self.name, f"begins to dial for {instance_id}")
        place = next(place for place in self._around.places if place.instance_id == instance_id)
        seat = self.seats[instance_id] = Seat(self._around, place, self.process, self._store, self._clocks)
        seat.line.faults = self._faults
        return seat.dialed

    @property
    def name(self) -> str:
        return self.process.name

    def suffers(self, faults: Faults) -> None:
        self._faults = self.link.faults = faults
        for seat in self.seats.values():
            seat.line.faults = faults

    async def ask(self, what: Coroutine[Any, Any, T]) -> T:
        """Have the server do what a client asks for. Raises what it answers, and StoreUnavailableError if there is no
        answer: what has become of it nobody knows."""
        asked = self.process.spawn(what)
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asyncio.shield(asked)
        except TimeoutError:
            raise StoreUnavailableError from None

    def leaves(self) -> None:
        """As an operator stops it: what is in progress goes on for a while, and the next owner may come at once."""
        self._around.story.tell(self.name, "is to leave")
        self.process.spawn(self._leave())

    async def _leave(self) -> None:
        self._looks.cancel()
        await asyncio.gather(self._looks, return_exceptions=True)
        await self._supervisor.stop()
        self.is_killed()

    def is_killed(self) -> None:
        self._around.story.tell(self.name, "is killed")
        self.process.kill()
        self.cut_off()

    def cut_off(self) -> None:
        for seat in self.seats.values():
            seat.line.cut()


Servers: TypeAlias = Callable[[], Sequence[Server]]
"""Those that were not killed; one at least."""
Seats: TypeAlias = Callable[[], Sequence[Seat]]
"""An instance's, of these servers; of one that has just begun there is none yet."""


def _gate_of(*trunks: Trunk) -> GateOf:
    return partial(Gate, number_key=test_key, reaches_people=False, trunks=trunks)
