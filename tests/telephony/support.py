"""A clock that a test moves, and what a carrier under test must be able to be brought to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import Enum, auto
from heapq import heappop, heappush
from itertools import count
from typing import Protocol, TypeVar

import pytest

from trunkcall.domain.instants import SECOND, Duration, Instant, seconds
from trunkcall.engine.commands import BridgeLegs, HangUp, Originate, OriginateAgentLeg, OriginateSessionLeg
from trunkcall.engine.events import CarrierEvent, LegAnswered, LegEnded
from trunkcall.telephony.carrier import Carrier
from trunkcall.telephony.peer import Line as PeerLine

E = TypeVar("E")

NOW: Instant = 1_790_000_000_000_000
RING_TIMEOUT: Duration = 30 * SECOND
WAIT_S = 60.0
"""For what will happen: nobody waits so long where all is well, however busy the machine is."""


class ManualClock:
    """``domain.clock.Clock`` in a test's hands."""

    def __init__(self) -> None:
        self._now = NOW
        self._heap: list[tuple[Instant, int, Callable[[], None]]] = []
        self._sequence = count()

    def now(self) -> Instant:
        return self._now

    def call_at(self, at: Instant, callback: Callable[[], None]) -> None:
        heappush(self._heap, (max(at, self._now), next(self._sequence), callback))

    def pass_time(self, seconds_: float) -> None:
        until = self._now + seconds(seconds_)
        while self._heap and self._heap[0][0] <= until:
            at, _, callback = heappop(self._heap)
            self._now = at
            callback()
        self._now = until


class Behaviour(Enum):
    """What a customer's phone does when it is dialed."""

    ANSWERS_AS_A_HUMAN = auto()
    """Within the ring timeout, and stays on the line for at least a minute if spoken to. The customer ends a talk."""
    ANSWERS_AND_IS_LEFT = auto()
    """As that, but the agent ends a talk, within the hour."""
    ANSWERS_AS_A_MACHINE = auto()
    """And beeps a while after it was recognised."""
    BUSY = auto()
    INVALID = auto()
    RINGS_FOR_EVER = auto()


class Line(Protocol):
    """A carrier and its far ends. Each adapter under test has one; scenarios know nothing else of it."""

    @property
    def carrier(self) -> Carrier: ...

    @property
    def events(self) -> list[CarrierEvent]:
        """Everything the carrier has told since it was started."""

    async def start(self) -> None:
        """Start the carrier, or start it anew with nothing told yet."""

    def dial(self, behaviour: Behaviour, leg_id: str, *, detect: bool = False, host: str = "local") -> None:
        """Originate to a phone that behaves so, from that host."""

    def press(self, leg_id: str, key: str) -> None:
        """The party of a leg presses a key."""

    def put_on_hold(self, leg_id: str, *, back: bool = False) -> None:
        """The party of a leg puts the other on hold, or comes back."""

    def fail(self, host: str) -> None:
        """The host cannot be reached any more; its far ends go on."""

    def find(self, host: str) -> None:
        """The host can be reached again."""

    async def wait(self, seconds: float) -> None:
        """Let this much time pass for the far ends."""

    async def close(self) -> None:
        """Let go of everything."""


def originate(leg_id: str, *, detect: bool = False, host: str = "local") -> Originate:
    return Originate(leg_id, f"contact of {leg_id}", "campaign", RING_TIMEOUT, detect, False, "default", host, None)


def agent_leg(leg_id: str, customer_leg_id: str) -> OriginateAgentLeg:
    return OriginateAgentLeg(leg_id, "agent-1", customer_leg_id, 20 * SECOND)


def session_leg(leg_id: str, agent_id: str = "agent-1", *, host: str = "local") -> OriginateSessionLeg:
    return OriginateSessionLeg(leg_id, agent_id, host, 20 * SECOND)


async def comes(line: Line, true: Callable[[], object]) -> None:
    """Let time pass until it is so: far ends of a real switch take as long as the machine makes them."""
    give_up_s = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < give_up_s, f"it has not come; told were {line.events}"
        await line.wait(0.5)


async def answered(line: Line, leg_id: str, behaviour: Behaviour = Behaviour.ANSWERS_AS_A_HUMAN) -> None:
    """A customer is dialed, and answers."""
    line.dial(behaviour, leg_id)
    await comes(line, lambda: told(line, LegAnswered, leg_id))


async def in_session(line: Line, leg_id: str = "session", *, host: str = "local") -> None:
    """An agent's session is up."""
    line.carrier.originate_session_leg(session_leg(leg_id, host=host))
    await comes(line, lambda: told(line, LegAnswered, leg_id))


def told(line: Line, kind: type[E], leg_id: str | None = None) -> list[E]:
    """Events of one kind, about one leg."""
    events = [event for event in line.events if isinstance(event, kind)]
    return [event for event in events if leg_id is None or getattr(event, "leg_id", None) == leg_id]


def ends(line: Line, leg_id: str) -> list[LegEnded]:
    return told(line, LegEnded, leg_id)


def hang_up(line: Line, leg_id: str) -> None:
    line.carrier.hang_up(HangUp(leg_id))


def bridge(line: Line, customer: str, agent: str) -> None:
    line.carrier.bridge(BridgeLegs(customer, agent))


async def talk(line: Line, customer: str = "customer", agent: str = "agent", *, host: str = "local") -> None:
    """A customer and an agent, who will end the talk, are joined."""
    line.dial(Behaviour.ANSWERS_AND_IS_LEFT, customer, host=host)
    await line.wait(29)
    line.carrier.originate_agent_leg(agent_leg(agent, customer))
    await line.wait(0.1)
    bridge(line, customer, agent)
    await line.wait(0.1)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not true():
            await asyncio.sleep(0.01)


async def ended(line: PeerLine) -> None:
    """The carrier's process ends this session, whatever it says before."""

    async def read_on() -> None:
        while True:
            await line.read()

    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await read_on()


async def say(port: int, *lines: bytes) -> bytes:
    """What the carrier's process answers a stranger who sends these lines after the challenge."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"".join(lines))
    answer = await reader.read()
    writer.close()
    return answer
