"""Every carrier that the conformance suite runs against."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import count

import pytest
import pytest_asyncio

from telephony.asterisk.line import AsteriskLine
from telephony.asterisk.namespace import INSIDE
from telephony.support import Behaviour, Line, ManualClock, originate
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import Instant
from trunkcall.engine.events import CarrierEvent
from trunkcall.simulation.world import Outcome, World, fate_of
from trunkcall.telephony import carrier_wire, floor_wire
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.carrier_channel import CarrierChannel
from trunkcall.telephony.floor_channel import FloorChannel
from trunkcall.telephony.host import Channel, Host
from trunkcall.telephony.peer import Peer
from trunkcall.telephony.remote_carrier import RemoteCarrier
from trunkcall.telephony.remote_floor import RemoteFloor
from trunkcall.telephony.session import MAX_BYTES_FROM_DIALER
from trunkcall.telephony.simulated import SimulatedCarrier

OUTCOMES = {
    Behaviour.ANSWERS_AS_A_HUMAN: Outcome.HUMAN,
    Behaviour.ANSWERS_AND_IS_LEFT: Outcome.HUMAN,
    Behaviour.ANSWERS_AS_A_MACHINE: Outcome.MACHINE,
    Behaviour.BUSY: Outcome.BUSY,
    Behaviour.INVALID: Outcome.INVALID,
    Behaviour.RINGS_FOR_EVER: Outcome.NO_ANSWER,
}
SEED = 3
WORLD = World(no_answer_s=10_000.0, patience_s=60.0, talk_mean_s=600.0, talk_variation=0.1)


def destination(tokens: Iterator[str], behaviour: Behaviour) -> Destination:
    """Somebody who behaves so: a client token is looked for that has the fate wanted."""
    leaves = behaviour is Behaviour.ANSWERS_AND_IS_LEFT
    for token in tokens:
        fate = fate_of(WORLD, SEED, token)
        if fate.outcome is not OUTCOMES[behaviour]:
            continue
        match fate.outcome:
            case Outcome.HUMAN if fate.agent_hangs_up is not leaves:
                continue
            case Outcome.MACHINE if fate.detection is not DetectionStatus.VOICEMAIL_BEEP:
                continue
            case _:
                return Destination("+12065550199", token)
    raise AssertionError


class SimulatedLine:
    """The simulated carrier on a clock in the test's hands."""

    def __init__(self, hosts: Sequence[str] = ("local",)) -> None:
        self._clock = ManualClock()
        self._tokens = (f"token-{number}" for number in count())
        self.carrier = self.simulated = SimulatedCarrier(
            self._clock, world=WORLD, seed=SEED, hosts=dict.fromkeys(hosts)
        )
        self.events: list[CarrierEvent] = []

    async def start(self) -> None:
        self.events = []
        await self.carrier.start(self.events.append, token=1)

    def dial(self, behaviour: Behaviour, leg_id: str, *, detect: bool = False, host: str = "local") -> None:
        self.carrier.originate(originate(leg_id, detect=detect, host=host), destination(self._tokens, behaviour))

    def press(self, leg_id: str, key: str) -> None:
        self.simulated.press(leg_id, key)

    def put_on_hold(self, leg_id: str, *, back: bool = False) -> None:
        self.simulated.put_on_hold(leg_id, back=back)

    def fail(self, host: str) -> None:
        self.simulated.fail(host)

    def find(self, host: str) -> None:
        self.simulated.find(host)

    async def wait(self, seconds: float) -> None:
        self._clock.pass_time(seconds)

    async def close(self) -> None:
        await self.carrier.close()


class Way:
    """A way to a carrier's process, which can be cut and mended; the process goes on."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def open(self) -> None:
        """Open it, or mend it."""
        limit = MAX_BYTES_FROM_DIALER
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=limit)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        await self._host.serve(reader, writer)
        self._writers.discard(writer)


class RemoteLine:
    """A carrier in a process of its own, as far as its sessions go: both sides in this process, over real sockets.
    There is a way to it for each of its channels; a real carrier has no simulated floor, and its server neither."""

    key = b"k" * 32
    silence_s = 20.0
    """After which whoever says nothing counts as lost: longer than a busy machine takes for a turn."""

    def __init__(self, *, with_floor: bool = True, speed: float = 1.0, hosts: Sequence[str] = ("local",)) -> None:
        self.clock = ManualClock()
        self._tokens = (f"token-{number}" for number in count())
        self.floor_channel = FloorChannel(speed=speed, busy_agents=lambda: simulated.busy_agents)
        simulated = SimulatedCarrier(
            self.clock,
            world=WORLD,
            seed=SEED,
            on_agent_done=lambda agent_id: self.floor_channel.agent_done(agent_id),
            hosts=dict.fromkeys(hosts),
        )
        self.simulated = simulated
        self.channel = CarrierChannel(simulated, now=self.clock.now)
        channels: dict[str, Channel] = {carrier_wire.CHANNEL: self.channel}
        if with_floor:
            channels[floor_wire.CHANNEL] = self.floor_channel
        nonces = count()
        self.host = Host(lambda instance: channels, key=self.key, new_nonce=lambda: f"nonce-{next(nonces)}")
        self.way, self.floor_way = Way(self.host), Way(self.host)
        self.events: list[CarrierEvent] = []
        self.told_time: list[Instant] = []
        self.done: list[str] = []
        self.busy: list[frozenset[str]] = []
        self.token = 0
        self.with_floor = with_floor
        self._started = False

    def agents(self, *, speed: float = 1.0) -> RemoteFloor:
        """The simulated agents, as a server has them."""
        return RemoteFloor(
            self.peer(self.floor_way.port),
            speed=speed,
            on_busy_agents=lambda agents: self.busy.append(frozenset(agents)),
            on_agent_done=self.done.append,
        )

    def dialer(self, port: int, *, key: bytes | None = None, floor: RemoteFloor | None = None) -> RemoteCarrier:
        """A dialer of whatever is at this port."""
        beside = {"beside": floor.beside} if floor is not None else {}
        return RemoteCarrier(self.peer(port, key=key), on_time=self.told_time.append, **beside)

    def peer(self, port: int, *, key: bytes | None = None) -> Peer:
        return Peer("127.0.0.1", port, key or self.key, silence_s=self.silence_s)

    async def start(self) -> None:
        if not self._started:
            self._started = True
            await self.listen()
            self.floor = self.agents()
            self.carrier = self.dialer(self.way.port, floor=self.floor if self.with_floor else None)
        self.events = []
        self.token += 1
        await self.carrier.start(self.events.append, token=self.token)

    async def listen(self) -> None:
        """The carrier can be reached."""
        await self.way.open()
        await self.floor_way.open()

    def vanish(self) -> None:
        """The carrier cannot be reached any more; it goes on."""
        self.way.cut()
        self.floor_way.cut()

    async def close(self) -> None:
        await self.carrier.close()
        self.vanish()
        await asyncio.sleep(0.01)

    def dial(self, behaviour: Behaviour, leg_id: str, *, detect: bool = False, host: str = "local") -> None:
        self.carrier.originate(originate(leg_id, detect=detect, host=host), destination(self._tokens, behaviour))

    def press(self, leg_id: str, key: str) -> None:
        self.simulated.press(leg_id, key)

    def put_on_hold(self, leg_id: str, *, back: bool = False) -> None:
        self.simulated.put_on_hold(leg_id, back=back)

    def fail(self, host: str) -> None:
        self.simulated.fail(host)

    def find(self, host: str) -> None:
        self.simulated.find(host)

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


CLOSED = INSIDE in os.environ
"""Whether these tests run where a real switch may: `make telephony`. Elsewhere they run with all other carriers."""
CARRIERS = ["asterisk"] if CLOSED else ["simulated", "remote", "remote, simulating no agents"]


BEYOND_ASTERISK = {
    "test_an_agent_who_ends_the_contact_keeps_the_leg_and_so_does_the_customer": "the dialer does it, told of keys"
}
"""What the carrier over Asterisk does not do, and why."""


@pytest_asyncio.fixture(params=CARRIERS)
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    made: Line
    match request.param:
        case "asterisk":
            if request.node.originalname in BEYOND_ASTERISK:
                request.applymarker(pytest.mark.xfail(strict=True, reason=BEYOND_ASTERISK[request.node.originalname]))
            made = AsteriskLine()
        case "simulated":
            made = SimulatedLine()
        case "remote":
            made = RemoteLine()
        case "remote, simulating no agents":
            made = RemoteLine(with_floor=False)
        case other:
            raise ValueError(other)
    await made.start()
    yield made
    await made.close()


@pytest_asyncio.fixture(params=["simulated", "remote"])
async def switches(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    """A carrier that has two hosts, local and east."""
    hosts = ("local", "east")
    made: Line = SimulatedLine(hosts) if request.param == "simulated" else RemoteLine(hosts=hosts)
    await made.start()
    yield made
    await made.close()
