"""Words of the carrier that never arrive. If these fail, one lost word holds a line or an agent until the carrier is
connected anew, which may be never.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import TypeVar

import pytest

from service.support import House, dialing
from trunkcall.domain.campaign import DialerConfig, DialerType
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import LegDifference
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import Originate
from trunkcall.engine.events import (
    CarrierEvent,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    PlaybackEnded,
)
from trunkcall.simulation.world import Outcome, World, fate_of
from trunkcall.telephony.carrier import Destination

E = TypeVar("E")
AGENTLESS = DialerConfig(DialerType.AGENTLESS)

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def house() -> House:
    return House.in_memory()


def some_of(kind: type[E], number: int, lost: list[E]) -> Callable[[CarrierEvent], bool]:
    """Loses the first so many words of a kind, and says which."""

    def loses(event: CarrierEvent) -> bool:
        if isinstance(event, kind) and len(lost) < number:
            lost.append(event)
            return True
        return False

    return loses


def of_talks(house: House, number: int) -> Callable[[CarrierEvent], bool]:
    """Loses the ends of the first so many talks, whoever ends them."""
    talking: set[str] = set()
    lost: list[str] = []

    def loses(event: CarrierEvent) -> bool:
        if isinstance(event, LegsBridged) and len(talking) < 2 * number:
            talking.update((event.customer_leg_id, event.agent_leg_id))
        if isinstance(event, LegEnded) and event.leg_id in talking and len(lost) < number:
            if event.leg_id in house.carrier.hung_up:
                return False
            lost.append(event.leg_id)
            return True
        return False

    return loses


def settled(house: House) -> set[LegDifference]:
    return {difference for difference, number in house.dialer.totals.differences.items() if number}


async def test_talks_whose_end_was_lost_free_their_lines_and_agents(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.open(agents=3, requests=90)
    house.carrier.loses = of_talks(house, 3)
    async with dialing(house, house.owner()):
        await house.until_all_ended(90)
        assert settled(house) == {LegDifference.MISSING}
        records = await house.records()
        assert len({record.agent_id for record in records if record.agent_id}) == 3
        lost = [record for record in records if record.disconnect_reason is DisconnectReason.TELECOM_PROBLEM]
        assert all(record.disposition is Disposition.CONNECTED_TO_AGENT for record in lost)
        assert any("settled" in record.message for record in caplog.records)
        assert "+1212" not in caplog.text


async def test_messages_whose_end_was_lost_are_over(house: House) -> None:
    await house.open(dialer=AGENTLESS, requests=30)
    house.carrier.loses = some_of(PlaybackEnded, 5, [])
    async with dialing(house, house.owner()):
        await house.until_all_ended(30)
        assert settled(house) == {LegDifference.PLAYED}
        assert set(house.carrier.played.values()) == {1}
        heard = [r for r in await house.records() if r.disposition is Disposition.MESSAGE_PLAYED]
        assert len(heard) == len(house.carrier.played)


async def test_talks_whose_beginning_was_lost_are_not_cut_off(house: House) -> None:
    await house.open(agents=3, requests=60)
    lost: list[LegsBridged] = []
    house.carrier.loses = some_of(LegsBridged, 5, lost)
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        assert settled(house) == {LegDifference.BRIDGED}
    assert len(lost) == 5
    for bridged in lost:
        assert not {bridged.customer_leg_id, bridged.agent_leg_id} <= house.carrier.hung_up, "who talked was parted"


async def test_a_leg_that_nobody_knows_is_hung_up(house: House) -> None:
    """Somebody answers, is spoken to, and stays; no word of it arrives."""
    await house.open(requests=0)
    token = next(t for t in map(str, itertools.count()) if fate_of(World(), 1, t).outcome is Outcome.HUMAN)
    stray = Originate("stray", "nobody", "spring", 30 * SECOND, False, False, "default", "local", None)

    def loses(event: CarrierEvent) -> bool:
        if event == LegAnswered("stray"):
            house.carrier.play("stray", "play", plain("Hello?"))
        return isinstance(event, LegRang | LegAnswered)

    house.carrier.loses = loses
    async with dialing(house, house.owner()):
        async with asyncio.timeout(600):
            while house.dialer.snapshot() is None:
                await asyncio.sleep(0.01)
            house.carrier.originate(stray, Destination("+12125550100", token))
            while settled(house) != {LegDifference.UNKNOWN}:
                await asyncio.sleep(0.01)
    assert house.carrier.hung_up == {"stray"}


async def test_a_carrier_that_answers_no_question_is_dialed_with_as_ever(house: House) -> None:
    await house.open(requests=60)
    house.carrier.loses = lambda event: isinstance(event, LegsReported)
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        assert not settled(house)


async def test_nothing_is_found_where_no_word_is_lost(house: House) -> None:
    asked = []

    def loses(event: CarrierEvent) -> bool:
        if isinstance(event, LegsReported):
            asked.append(house.clock.now())
        return False

    house.carrier.loses = loses
    await house.open(agents=20, requests=300)
    async with dialing(house, house.owner()):
        await house.until_all_ended(300)
        assert not settled(house)
    assert len(asked) > 5
    assert min(b - a for a, b in itertools.pairwise(asked)) >= 59 * SECOND
