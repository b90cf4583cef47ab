"""What goes wrong with servers, lines and legs as wholes: they stop, crash, break and are lost, now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from world.exchange import Exchange
from world.faults import Faults
from world.servers import Server
from world.story import Story


class Trouble:
    """``begin`` starts another server, by a name that none had."""

    def __init__(
        self, servers: list[Server], exchange: Exchange, begin: Callable[[], Server], story: Story, random: Random
    ) -> None:
        self._servers = servers
        self._exchange = exchange
        self._begin = begin
        self._story = story
        self._random = random

    async def run(self, faults: Faults) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(faults.legs_lost_every_s, self._exchange.lose_leg))
            tasks.create_task(self._every(faults.lines_break_every_s, self._exchange.break_line))
            tasks.create_task(self._every(faults.servers_stop_every_s, self._stop))
            tasks.create_task(self._every(faults.servers_crash_every_s, self._crash))

    async def _every(self, seconds: float, do: Callable[[], None]) -> None:
        while seconds:
            await asyncio.sleep(self._random.expovariate(1.0 / seconds))
            do()

    def follows(self, server: Server) -> None:
        """It may stop or crash in the middle of a commit too."""
        server.link.on_stop = lambda: self._stop(server)
        server.link.on_crash = lambda: self._crash(server)

    def _stop(self, server: Server | None = None) -> None:
        server = server or self._random.choice(self._servers)
        if not server.process.stopped:
            for_s = self._random.choice((1.0, 5.0, 15.0, 25.0, 35.0, 40.0, 90.0))
            self._story.tell(server.name, f"is stopped for {for_s} s")
            server.process.stop()
            asyncio.get_running_loop().call_later(for_s, self._go_on, server)

    def _go_on(self, server: Server) -> None:
        if not server.process.killed:
            self._story.tell(server.name, "goes on")
            server.process.go_on()

    def _crash(self, server: Server | None = None) -> None:
        """Another one is begun in its place: at once, so that clients find somebody."""
        server = server or self._random.choice(self._servers)
        if not server.process.killed:
            self._servers.remove(server)
            server.is_killed()
            self._servers.append(self._begin())
            self.follows(self._servers[-1])

    def is_over(self) -> None:
        for server in self._servers:
            if server.process.stopped:
                self._go_on(server)
