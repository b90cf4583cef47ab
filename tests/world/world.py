"""A world from one seed: what is in it, and what happens in it.

A safety phase in which everything happens that can, and a liveness phase in which nothing goes wrong any more: every
campaign has its turn, and then everything that was accepted has to end.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from random import Random

from engine.invariants import check
from trunkcall.domain.contact import ContactState
from trunkcall.storage.memory import MemoryStore
from world.faults import NONE, Faults
from world.judge import Judge
from world.loop import Process, SeededLoop
from world.servers import Seat, Seats, Server, Surroundings
from world.site import Ground, Site
from world.store import Keeper
from world.story import Story
from world.trouble import Trouble
from world.turns import Turns

ENDS_WITHIN_S = 3600.0
"""How long everything may take to end once nothing goes wrong and nobody is accepted any more."""


def live_through(seed: int, faults: Faults | None = None) -> Story:
    """The story of this seed's world. ``faults`` are those that it has; None for the seed to decide."""
    random = Random(seed)
    loop = SeededLoop(Random(random.random()), reach=random.choice((1, 2, 4, 16)))
    try:
        drawn = Faults.drawn(random)
        world = World(seed, random, loop, drawn if faults is None else faults)
        loop.run_until_complete(world.live())
    finally:
        loop.close()
    return world.story


class World:
    def __init__(self, seed: int, random: Random, loop: SeededLoop, faults: Faults) -> None:
        self._loop = loop
        self._faults = faults
        self._seed = seed
        ids = (f"id-{number:05d}" for number in itertools.count())
        self._servers: list[Server] = []
        """Those that clients find."""
        self._begun: list[Server] = []
        """Those and all that were killed."""
        self._names = (f"host:{number}" for number in itertools.count(1))
        self.story = Story(seed, loop.time)
        loop.on_failure = lambda error: self.story.accuse(f"a callback failed: {error!r}")
        self._ground = ground = Ground(
            loop, self.story, random, MemoryStore(lambda: ground.now()), lambda: next(ids), faults
        )
        self._sites = [Site(ground, number) for number in range(random.choice((1, 1, 1, 2)))]

    # --- its phases ---------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        story, random = self.story, self._ground.random
        story.tell("seed", f"{self._seed}: {self._faults}")
        await self._found()
        until_s = random.uniform(60.0, 300.0)
        trouble = Trouble(
            self._servers,
            [site.exchange for site in self._sites],
            self._around.keeper,
            self._begin_server,
            story,
            self._ground.stream(),
        )
        for server in self._servers:
            trouble.follows(server)
        troubling = asyncio.create_task(trouble.run(self._faults))
        lasting = [asyncio.create_task(site.desk.run()) for site in self._sites]
        lasting.append(asyncio.create_task(self._watch()))
        working = [asyncio.create_task(work) for site in self._sites for work in site.work(until_s)]
        while not story.wrong and not all(task.done() for task in working):
            await asyncio.wait(working, timeout=5.0, return_when=asyncio.FIRST_EXCEPTION)
        troubling.cancel()
        if not story.wrong:
            for task in working:
                task.result()
            trouble.is_over()
            await self._calm()
        for task in lasting:
            if task.done():
                task.result()
        story.tell("seed", "is over")
        await self._bury()

    async def _found(self) -> None:
        ground = self._ground
        places = [await site.found() for site in self._sites]
        keeper = Keeper(
            ground.kept, Process(self._loop, "store"), {site.instance_id: site.witness for site in self._sites}
        )
        self._around = Surroundings(self._loop, self.story, ground.stream(), keeper, ground.new_id, places)
        for site in self._sites:
            await site.people(lambda: self._servers, self._seats_of(site))
        self._servers.extend(self._begin_server() for _ in range(ground.random.choice((1, 2, 2, 3))))

    def _seats_of(self, site: Site) -> Seats:
        return lambda: [seat for server in self._servers if (seat := server.seats.get(site.instance_id)) is not None]

    def _begin_server(self) -> Server:
        server = Server(self._around, next(self._names), self._faults)
        self._begun.append(server)
        return server

    async def _watch(self) -> None:
        """Look at every engine now and then."""
        while not self.story.wrong:
            await asyncio.sleep(2.5)
            for server in self._servers:
                for seat in server.seats.values():
                    self._look_at(seat)

    def _look_at(self, seat: Seat) -> None:
        trouble = seat.current.trouble
        if trouble is not None and trouble.startswith("unforeseen"):
            self.story.accuse(f"{seat.name}: {trouble}")
        if seat.dials and seat.current.engine is not None and not seat.process.stopped:
            try:
                check(seat.current.engine, seat.current.engine.details())
            except AssertionError as error:
                self.story.accuse(f"{seat.name}: {error}")

    # --- the liveness phase -------------------------------------------------------------------------------------------

    async def _calm(self) -> None:
        """Nothing goes wrong any more, everybody works, and every campaign is dialed or over."""
        self.story.tell("seed", "nothing goes wrong any more")
        for server in self._begun:
            server.suffers(NONE)
        for site in self._sites:
            site.exchange.faults = NONE
            site.exchange.find_hosts()
            site.desk.everybody_works()
            await site.manager.all_is_well()
            await site.regulator.all_is_well()
        turns = [Turns(site, lambda: self._servers, self.story, self._ground.stream()) for site in self._sites]
        await asyncio.gather(*(each.run() for each in turns))
        if not self.story.wrong:
            self.story.tell("seed", "nobody is accepted any more")
            await asyncio.gather(*(self._end(site) for site in self._sites))

    async def _end(self, site: Site) -> None:
        judge = Judge(site, self._seats_of(site), self.story)
        until_s = self._loop.time() + ENDS_WITHIN_S
        while self._loop.time() < until_s and not self.story.wrong:
            for campaign in site.campaigns:
                await site.operator.does("resume", campaign)
            await asyncio.sleep(20.0)
            if judge.is_over():
                judge.judge()
                return
        if not self.story.wrong:
            left = [record for record in site.witness.records() if record.state is not ContactState.ENDED]
            states = Counter(record.state for record in left)
            self.story.accuse(
                f"not everything ends: {dict(states)}, {len(site.exchange.legs())} legs", *(r.contact_id for r in left)
            )

    # --- its end ------------------------------------------------------------------------------------------------------

    async def _bury(self) -> None:
        """Nothing of it goes on, and nothing is left for the garbage collector to bring to life."""
        for server in self._begun:
            server.process.killed = True
            server.cut_off()
            server.process.go_on()
        this = asyncio.current_task()
        while others := asyncio.all_tasks() - {this}:
            # A task group that fails when it is cancelled is not cancelled (CPython before 3.13).
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=1.0)
