"""What goes wrong with servers, lines, legs and the store as wholes, now and then: they stop, crash, break, are lost or
are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from world.exchange import Exchange
from world.faults import Faults
from world.servers import Server
from world.store import Keeper
from world.story import Story


class Trouble:
    """``begin`` starts another server, by a name that none had."""

    def __init__(
        self,
        servers: list[Server],
        exchanges: Sequence[Exchange],
        keeper: Keeper,
        begin: Callable[[], Server],
        story: Story,
        random: Random,
    ) -> None:
        self._servers = servers
        self._exchanges = exchanges
        self._keeper = keeper
        self._begin = begin
        self._story = story
        self._random = random

    async def run(self, faults: Faults) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for exchange in self._exchanges:
                tasks.create_task(self._every(faults.legs_lost_every_s, exchange.lose_leg))
                tasks.create_task(self._every(faults.hosts_fail_every_s, exchange.lose_host))
                tasks.create_task(self._every(faults.lines_break_every_s, exchange.break_line))
            tasks.create_task(self._every(faults.store_goes_every_s, self._lose_the_store))
            tasks.create_task(self._every(faults.servers_stop_every_s, self._stop))
            tasks.create_task(self._every(faults.servers_crash_every_s, self._crash))
            tasks.create_task(self._every(faults.servers_leave_every_s, self._leave))

    async def _every(self, seconds: float, do: Callable[[], None]) -> None:
        while seconds:
            await asyncio.sleep(self._random.expovariate(1.0 / seconds))
            do()

    def _lose_the_store(self) -> None:
        for_s = self._random.choice((1.0, 5.0, 20.0, 45.0, 100.0))
        self._story.tell("store", f"is gone for {for_s} s")
        self._keeper.gone_until_s = asyncio.get_running_loop().time() + for_s

    def follows(self, server: Server) -> None:
        """It may stop or crash in the middle of a commit too."""
        server.link.on_stop = lambda: self._stop(server)
        server.link.on_crash = lambda: self._crash(server)

    def _stop(self, server: Server | None = None) -> None:
        server = server or self._random.choice(self._servers)
        if not server.process.stopped:
            for_s = self._random.choice((1.0, 5.0, 15.0, 17.0, 25.0, 35.0, 40.0, 90.0))
            self._story.tell(server.name, f"is stopped for {for_s} s")
            server.process.stop()
            asyncio.get_running_loop().call_later(for_s, self._go_on, server)

    def _go_on(self, server: Server) -> None:
        if not server.process.killed:
            self._story.tell(server.name, "goes on")
            server.process.go_on()

    def _crash(self, server: Server | None = None) -> None:
        server = server or self._random.choice(self._servers)
        if not server.process.killed:
            server.is_killed()
            self._replace(server)

    def _leave(self) -> None:
        server = self._random.choice(self._servers)
        server.leaves()
        self._replace(server)

    def _replace(self, server: Server) -> None:
        """Another one is begun in its place: at once, so that clients find somebody."""
        if server in self._servers:
            self._servers.remove(server)
            self._servers.append(self._begin())
            self.follows(self._servers[-1])

    def is_over(self) -> None:
        self._keeper.gone_until_s = 0.0
        for server in self._servers:
            if server.process.stopped:
                self._go_on(server)
