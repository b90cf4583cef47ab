"""The agents of a simulated world in a process of its own: the server's side of the simulated floor's channel.

Decides when those agents are not heard, and that nothing is dialed at another speed than theirs. The channel is open
for as long as a session with the carrier there, which it lets begin: it is opened when the carrier is found, and the
session begins once the world has told its speed and it is the server's. So what tells it is the process that has the
legs, and agents are heard only while their phones work. If the channel alone is lost, it is opened again beside the
carrier's, and contacts in progress go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from trunkcall.telephony import floor_wire as wire
from trunkcall.telephony.peer import Line, NotServedError, Peer, retry_s, why_lost

log = logging.getLogger(__name__)


class RemoteFloor:
    """Simulated agents elsewhere. ``on_busy_agents`` is told again and again who is talking or working on a contact
    that is over, ``on_agent_done`` an agent who has finished one."""

    def __init__(
        self,
        peer: Peer,
        *,
        speed: float,
        on_busy_agents: Callable[[Collection[str]], None],
        on_agent_done: Callable[[str], None],
    ) -> None:
        self._peer = peer
        self._speed = speed
        self._on_busy_agents = on_busy_agents
        self._on_agent_done = on_agent_done
        self.trouble: str | None = None
        """Why the agents are not heard although their phones work, in words; None while all is well."""

    @asynccontextmanager
    async def beside(self, token: int) -> AsyncIterator[None]:
        """Keep the channel open, as the dialer with this fencing token. Raises what ``why_lost`` has words for if it
        cannot be opened or the speed is another."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._keep(token, opened), name="simulated floor")
        try:
            await opened
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.trouble = None

    async def _keep(self, token: int, opened: asyncio.Future[None]) -> None:
        failures = 0
        while True:
            try:
                async with self._peer.channel(wire.CHANNEL, token) as line:
                    self._check_speed(wire.decode_floor(await line.read()))
                    failures, self.trouble = 0, None
                    if not opened.done():
                        opened.set_result(None)
                    await self._listen(line)
            except Exception as error:
                # Without a word the agents would be silent for ever.
                if not opened.done():
                    opened.set_exception(error)
                    return
                why = why_lost(error)
                self.trouble = f"nothing is heard of the simulated agents: {why}"
                if not failures:
                    log.warning("the simulated agents are not heard", extra={"why": why})
            await asyncio.sleep(retry_s(failures))
            failures += 1

    async def _listen(self, line: Line) -> None:
        async with line.pinging():
            while True:
                frame = wire.decode_from_floor(await line.read())
                match frame:
                    case wire.Floor():
                        self._on_busy_agents(frame.busy_agents)
                    case wire.AgentDone():
                        self._on_agent_done(frame.agent_id)

    def _check_speed(self, frame: wire.Floor) -> None:
        if frame.speed != self._speed:
            raise NotServedError(f"it runs at speed {frame.speed:g}, this server at {self._speed:g}; make them equal")
