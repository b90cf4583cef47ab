"""A server in a process of its own: all that dials, and the use cases that its clients ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar, cast

from service.bench import WatchedDialer
from service.support import SCOPE, dialing_of
from trunkcall.domain.clock import Seconds
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.identifiers import NewId
from trunkcall.engine.config import EngineConfig
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dial_requests import DialRequests
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.store import Store
from world.exchange import Exchange
from world.faults import Faults
from world.line import Line
from world.loop import Process, SeededLoop
from world.store import StoreLink
from world.story import Story
from world.witness import Witness

T = TypeVar("T")

PATIENCE_S = 10.0
"""How long a client waits for an answer."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all servers of a world have in common."""

    loop: SeededLoop
    story: Story
    random: Random
    kept: MemoryStore
    keeper: Process
    exchange: Exchange
    witness: Witness
    instance_id: str
    new_id: NewId
    config: EngineConfig
    wall: Callable[[], int]

    @property
    def seconds(self) -> Seconds:
        return self.loop.time


class Server:
    """One server, from its start until it is killed."""

    def __init__(self, around: Surroundings, name: str, faults: Faults) -> None:
        self._story = around.story
        self.process = process = Process(around.loop, name)
        self.link = StoreLink(
            around.kept, around.keeper, process, around.witness, around.story, Random(around.random.random())
        )
        self.line = Line(around.exchange, process, around.story, Random(around.random.random()))
        self.line.on_originate = around.witness.hands_over
        store, seconds = cast("Store", self.link), around.seconds
        self.clock = WallPacedClock(wall=around.wall, monotonic=seconds)
        self.presence = Presence(max_age_s=15.0, monotonic=seconds)
        self.current = WatchedDialer(around.instance_id, self.clock, legs_survive=True, monotonic=seconds)
        self.campaigns = Campaigns(store, store, SCOPE, lambda _: self.clock.now(), around.new_id, self.current)
        self.dial_requests = DialRequests(
            store, self.campaigns, lambda _: self.clock.now(), around.new_id, self.current, max_waiting=10_000
        )
        self._owner = InstanceOwner(
            instance_id=around.instance_id,
            store=store,
            directories=store,
            history=store,
            quarantine=store,
            carrier=self.line,
            clock=self.clock,
            presence=self.presence,
            config=around.config,
            dialing_of=dialing_of,
            new_id=around.new_id,
            lease=LeaseHolder(store, around.instance_id, name, sole=False, monotonic=seconds),
            current=self.current,
            monotonic=seconds,
        )
        self.suffers(faults)
        process.spawn(self.clock.run())
        process.spawn(self._owner.run())
        self._story.tell(name, "begins")

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def dials(self) -> bool:
        return self.current.snapshot() is not None

    def suffers(self, faults: Faults) -> None:
        self.link.faults = self.line.faults = faults

    def is_killed(self) -> None:
        self._story.tell(self.name, "is killed")
        self.process.kill()
        self.line.cut()

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
