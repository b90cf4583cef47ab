"""Every carrier that the conformance suite runs against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import pytest
import pytest_asyncio

from telephony.support import Behaviour, Line, ManualClock, originate
from trunkcall.simulation.world import Outcome, World, fate_of
from trunkcall.telephony.carrier import CarrierEvent, Destination
from trunkcall.telephony.simulated import SimulatedCarrier

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


@pytest_asyncio.fixture(params=["simulated"])
async def line(request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    made: Line
    match request.param:
        case "simulated":
            made = SimulatedLine()
        case other:
            raise ValueError(other)
    await made.start()
    yield made
    await made.carrier.close()
