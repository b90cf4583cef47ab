"""Every carrier that the conformance suite runs against."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
import pytest_asyncio

from telephony.support import Behaviour, Line, ManualClock, originate
from trunkcall.domain.instants import Instant
from trunkcall.simulation.world import Outcome, World, fate_of
from trunkcall.telephony.carrier import CarrierEvent, Destination
from trunkcall.telephony.host import CarrierHost
from trunkcall.telephony.remote import RemoteCarrier
from trunkcall.telephony.simulated import SimulatedCarrier
from trunkcall.telephony.wire import MAX_BYTES_FROM_DIALER

OUTCOMES = {
    Behaviour.ANSWERS_AS_A_HUMAN: Outcome.HUMAN,
    Behaviour.ANSWERS_AS_A_MACHINE: Outcome.MACHINE,
    Behaviour.BUSY: Outcome.BUSY,
    Behaviour.INVALID: Outcome.INVALID,
    Behaviour.RINGS_FOR_EVER: Outcome.NO_ANSWER,
}
SEED = 3
WORLD = World(no_answer_s=10_000.0, patience_s=60.0, talk_mean_s=600.0, talk_variation=0.1)


class SimulatedLine:
    """The simulated carrier on a clock in the test's hands: a client token is looked for that has the fate wanted."""

    def __init__(self) -> None:
        self._clock = ManualClock()
        self._tokens = (f"token-{number}" for number in count())
        self.carrier = SimulatedCarrier(self._clock, world=WORLD, seed=SEED)
        self.events: list[CarrierEvent] = []

    async def start(self) -> None:
        self.events = []
        await self.carrier.start(self.events.append, token=1)

    def dial(self, behaviour: Behaviour, leg_id: str, *, detect: bool = False) -> None:
        token = next(t for t in self._tokens if fate_of(WORLD, SEED, t).outcome is OUTCOMES[behaviour])
        self.carrier.originate(originate(leg_id, detect=detect), Destination("+12065550199", None, token))

    async def wait(self, seconds: float) -> None:
        self._clock.pass_time(seconds)

    async def close(self) -> None:
        await self.carrier.close()


class RemoteLine:
    """A carrier in a process of its own, as far as its session goes: both sides in this process, over a real socket."""

    key = b"k" * 32

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._tokens = (f"token-{number}" for number in count())
        simulated = SimulatedCarrier(
            self.clock, world=WORLD, seed=SEED, on_agent_done=lambda agent_id: self.host.agent_done(agent_id)
        )
        nonces = count()
        self.host = CarrierHost(
            simulated, key=self.key, speed=1.0, now=self.clock.now, new_nonce=lambda: f"nonce-{next(nonces)}"
        )
        self.events: list[CarrierEvent] = []
        self.told_time: list[Instant] = []
        self.done: list[str] = []
        self.busy: list[frozenset[str]] = []
        self.token = 0
        self._server: asyncio.Server | None = None

    def dialer(self, port: int, *, key: bytes | None = None, speed: float = 1.0) -> RemoteCarrier:
        """Another dialer of this carrier."""
        return RemoteCarrier(
            "127.0.0.1",
            port,
            key=key or self.key,
            speed=speed,
            on_time=self.told_time.append,
            on_agent_done=self.done.append,
            on_busy_agents=lambda agents: self.busy.append(frozenset(agents)),
            silence_s=0.5,
        )

    async def start(self) -> None:
        if self._server is None:
            await self.host.start()
            await self.listen()
            self.carrier = self.dialer(self.port)
        self.events = []
        self.token += 1
        await self.carrier.start(self.events.append, token=self.token)

    async def listen(self, port: int = 0) -> None:
        """The carrier can be reached."""
        self._server = await asyncio.start_server(self.host.serve, "127.0.0.1", port, limit=MAX_BYTES_FROM_DIALER)
        self.port: int = self._server.sockets[0].getsockname()[1]

    def vanish(self) -> None:
        """The carrier cannot be reached any more; it goes on."""
        assert self._server is not None
        self._server.close()
        self.host.drop()

    async def close(self) -> None:
        await self.carrier.close()
        self.vanish()
        await asyncio.sleep(0.01)

    def dial(self, behaviour: Behaviour, leg_id: str, *, detect: bool = False) -> None:
        token = next(t for t in self._tokens if fate_of(WORLD, SEED, t).outcome is OUTCOMES[behaviour])
        self.carrier.originate(originate(leg_id, detect=detect), Destination("+12065550199", None, token))

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(0.01)
        self.clock.pass_time(seconds)
        await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def remote() -> AsyncIterator[RemoteLine]:
    line = RemoteLine()
    await line.start()
    yield line
    await line.close()


@pytest_asyncio.fixture(params=["simulated", "remote"])
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    made: Line
    match request.param:
        case "simulated":
            made = SimulatedLine()
        case "remote":
            made = RemoteLine()
        case other:
            raise ValueError(other)
    await made.start()
    yield made
    await made.close()
