"""Nobody is dialed twice, whatever happens to the connection while legs are originated. If these fail, somebody's phone
rings again for the same attempt, or a contact ends twice, or never."""

from __future__ import annotations

import asyncio
import random

import pytest

from telephony.asterisk.conftest import Called, Started
from telephony.asterisk.dialer import LOST, VOID, Dialer, number_of, until
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner
from telephony.asterisk.way import Way
from trunkcall.domain.instants import SECOND
from trunkcall.engine.events import CarrierLost, LegAnswered, LegRang

pytestmark = inside

LEGS, EVERY_S = 30, 0.02
BRIEFLY = Manner(answers_after_s=0.3, leaves_after_s=0.3)
RINGS = Manner(answers_after_s=None)


async def disturb(way: Way, draws: random.Random) -> None:
    """One thing after the other goes wrong for a while; then nothing does."""
    for _ in range(4):
        await asyncio.sleep(draws.uniform(0.02, 0.3))
        match draws.choice(["cut", "stall", "stall and cut", "slow down"]):
            case "cut":
                way.cut()
            case "stall":
                way.stall()
                await asyncio.sleep(draws.uniform(0.1, 2.5))
                way.flow()
            case "stall and cut":
                way.stall()
                await asyncio.sleep(draws.uniform(0.02, 0.2))
                way.cut()
                way.flow()
            case _:
                way.delay_s = draws.uniform(0.05, 0.4)
    way.delay_s = 0.0
    way.flow()


@pytest.mark.parametrize("seed", range(4))
async def test_every_leg_ends_once_and_no_phone_rings_twice_whatever_befalls_the_connection(
    customers: Called, dialers: Started, way: Way, seed: int
) -> None:
    people = await customers(BRIEFLY)
    dialer = await dialers(url=way.url, silence_s=1.0)
    trouble = asyncio.create_task(disturb(way, random.Random(seed)))
    for number in range(LEGS):
        dialer.dial(f"leg-{number}", ring=2 * SECOND)
        await asyncio.sleep(EVERY_S)
    await trouble
    await until(lambda: all(dialer.fates.values()))
    await until(lambda: not people.up)
    await asyncio.sleep(0.5)
    assert {leg_id: fate for leg_id, fate in dialer.fates.items() if len(fate) != 1} == {}
    rung = people.rung()
    assert [number for number, times in rung.items() if times > 1] == []
    void = [leg_id for leg_id, fate in dialer.fates.items() if fate == [VOID]]
    assert [leg_id for leg_id in void if rung[number_of(leg_id)]] == [], "they will be dialed again"
    ended = [leg_id for leg_id, fate in dialer.fates.items() if fate not in ([VOID], [LOST])]
    assert [leg_id for leg_id in ended if not rung[number_of(leg_id)]] == []


async def test_an_originate_whose_answer_never_came_goes_on_if_the_switch_has_its_channel(
    customers: Called, dialers: Started, way: Way
) -> None:
    people = await customers(RINGS)
    dialer = await dialers(url=way.url)
    way.hold_back()
    dialer.dial("leg-1")
    await until(lambda: people.invites)
    way.cut()
    way.flow()
    await until(lambda: dialer.told(CarrierLost))
    await until(lambda: dialer.has_switch)
    assert [leg.leg_id for leg in dialer.found.legs] == ["leg-1"]
    dialer.hang_up("leg-1")
    await until(lambda: dialer.fates["leg-1"])
    assert dialer.fates["leg-1"] == ["HungUpByUs"]
    assert people.rung() == {number_of("leg-1"): 1}


async def test_an_originate_that_did_not_reach_the_switch_but_may_have_is_lost(
    customers: Called, dialers: Started, way: Way
) -> None:
    people = await customers(RINGS)
    dialer = await dialers(url=way.url)
    way.stall()
    dialer.dial("leg-1")
    await asyncio.sleep(0.1)
    way.cut()
    way.flow()
    await until(lambda: dialer.fates["leg-1"])
    assert dialer.fates["leg-1"] == [LOST]
    assert people.rung() == {}


async def test_an_originate_that_comes_late_rings_nobody_for_long(
    customers: Called, dialers: Started, way: Way
) -> None:
    """It is on the way while the dialer has a new connection, and counts as lost."""
    people = await customers(RINGS)
    dialer = await dialers(url=way.url, silence_s=3.0)
    late = await late_originate(dialer, way)
    assert dialer.fates[late] == [LOST]
    await until(lambda: people.invites)
    await until(lambda: all(dialog.over for dialog in people.dialogs.values()))
    assert dialer.fates[late] == [LOST]
    assert dialer.told(LegRang, late) == dialer.told(LegAnswered, late) == []
    assert people.rung() == {number_of(late): 1}


async def late_originate(dialer: Dialer, way: Way) -> str:
    """Originate on a connection that holds it up until there is another."""
    way.leave_behind()
    dialer.dial("leg-1")
    await until(lambda: dialer.fates["leg-1"])
    way.flow()
    return "leg-1"
