"""One carrier's process for several instances. If these fail, the dialers of two instances take the carrier from each
other again and again, and one hangs up the calls of the other, which its store does not know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from itertools import count

import pytest
import pytest_asyncio

from telephony.conftest import SEED, WORLD, Way
from telephony.support import ManualClock, originate
from trunkcall.engine.commands import HangUp
from trunkcall.engine.events import CarrierEvent, CarrierFound, CarrierLost, LegEnded
from trunkcall.telephony import carrier_wire
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.carrier_channel import CarrierChannel
from trunkcall.telephony.host import Channel, Host
from trunkcall.telephony.peer import Peer
from trunkcall.telephony.remote_carrier import RemoteCarrier
from trunkcall.telephony.simulated import SimulatedCarrier

KEY = b"k" * 32


class Shared:
    """A carrier's process, and dialers of several instances."""

    def __init__(self) -> None:
        nonces = count()
        self._clock = ManualClock()
        self._host = Host(self._open, key=KEY, new_nonce=lambda: f"nonce-{next(nonces)}")
        self._way = Way(self._host)
        self._dialers: list[RemoteCarrier] = []

    def _open(self, instance: str) -> Mapping[str, Channel]:
        carrier = SimulatedCarrier(self._clock, world=WORLD, seed=SEED)
        return {carrier_wire.CHANNEL: CarrierChannel(carrier, now=self._clock.now)}

    async def dialer(self, instance: str, *, token: int) -> tuple[RemoteCarrier, list[CarrierEvent]]:
        """Whoever has this lease of the instance, and what it hears."""
        if not self._way.port:
            await self._way.open()
        carrier = RemoteCarrier(
            Peer("127.0.0.1", self._way.port, KEY, instance, silence_s=0.5), on_time=lambda now: None
        )
        heard: list[CarrierEvent] = []
        await carrier.start(heard.append, token=token)
        self._dialers.append(carrier)
        return carrier, heard

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(0.02)
        self._clock.pass_time(seconds)
        await asyncio.sleep(0.02)

    async def close(self) -> None:
        for dialer in self._dialers:
            await dialer.close()
        self._way.cut()
        await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def shared() -> AsyncIterator[Shared]:
    made = Shared()
    yield made
    await made.close()


TO = Destination("+12065550199", "token")


async def test_each_instance_is_told_of_its_own_legs_alone(shared: Shared) -> None:
    default, heard = await shared.dialer("", token=7)
    _, other_heard = await shared.dialer("south", token=1)
    default.originate(originate("leg"), TO)
    await shared.wait(1.0)
    assert other_heard == [CarrierFound(())]
    _, told_anew = await shared.dialer("south", token=2)
    assert told_anew == [CarrierFound(())], "it would hang up a leg that is not its own"
    _, told = await shared.dialer("", token=8)
    (found,) = told
    assert isinstance(found, CarrierFound)
    assert [leg.leg_id for leg in found.legs] == ["leg"]
    assert not [event for event in heard if isinstance(event, LegEnded)]


async def test_nobody_ends_a_leg_of_another_instance(shared: Shared) -> None:
    default, heard = await shared.dialer("", token=1)
    other, _ = await shared.dialer("south", token=1)
    default.originate(originate("leg"), TO)
    await shared.wait(1.0)
    other.hang_up(HangUp("leg"))
    await shared.wait(1.0)
    assert not [event for event in heard if isinstance(event, LegEnded)]


@pytest.mark.parametrize(("first", "second"), [(1, 9), (9, 1)])
async def test_whose_lease_is_newer_is_nothing_to_another_instance(shared: Shared, first: int, second: int) -> None:
    _, heard = await shared.dialer("", token=first)
    _, other_heard = await shared.dialer("south", token=second)
    await asyncio.sleep(0.1)
    assert heard == other_heard == [CarrierFound(())]


async def test_a_former_dialer_of_an_instance_is_not_served(shared: Shared) -> None:
    _, north = await shared.dialer("", token=1)
    await shared.dialer("south", token=2)
    late, heard = await shared.dialer("south", token=1)
    assert heard == [CarrierLost()]
    assert "taken over" in (late.trouble or "")
    assert north == [CarrierFound(())]
