"""What happens to the switch itself: it is killed, hangs, starts anew. If these fail, legs that are gone stay in the
books, or dialing does not resume by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from telephony.asterisk.conftest import Called, Started
from telephony.asterisk.dialer import LOST, VOID, number_of, until
from telephony.asterisk.inside import inside
from telephony.asterisk.line import asterisk
from telephony.asterisk.phone import Manner
from telephony.asterisk.switch import Asterisk
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.events import CarrierLost, LegAnswered, LegEnded

pytestmark = inside

RINGS = Manner(answers_after_s=None)


@pytest.fixture
def fragile() -> Iterator[Asterisk]:
    """The switch, which is up again for the next test."""
    switch = asterisk()
    yield switch
    switch.thaw()
    if not switch.is_ready():
        switch.kill()
        switch.start()


async def test_when_the_switch_is_killed_all_legs_are_lost_and_dialing_resumes_by_itself(
    customers: Called, dialers: Started, fragile: Asterisk
) -> None:
    people = await customers(RINGS)
    dialer = await dialers()
    for number in range(5):
        dialer.dial(f"leg-{number}")
    await until(lambda: len(people.invites) == 5)
    people.manner = Manner()
    await dialer.talk("leg-5", "agent-1")
    fragile.kill()
    await until(lambda: dialer.told(CarrierLost))
    dialer.dial("leg-6")
    assert dialer.fates["leg-6"] == [VOID]
    fragile.start()
    await until(lambda: dialer.has_switch)
    assert dialer.found.legs == ()
    legs = [*(f"leg-{number}" for number in range(6)), "agent-1"]
    assert {leg_id: dialer.fates[leg_id] for leg_id in legs} == {leg_id: [LOST] for leg_id in legs}
    dialer.dial("leg-7")
    await until(lambda: dialer.told(LegAnswered, "leg-7"))
    assert max(people.rung().values()) == 1
    assert people.rung()[number_of("leg-6")] == 0


async def test_a_switch_that_hangs_is_lost_within_seconds_and_found_with_what_it_still_has(
    customers: Called, dialers: Started, fragile: Asterisk
) -> None:
    people = await customers(RINGS)
    dialer = await dialers()
    dialer.dial("leg-1", ring=60 * SECOND)
    await until(lambda: people.invites)
    fragile.freeze()
    dialer.dial("leg-2", ring=60 * SECOND)
    await until(lambda: dialer.told(CarrierLost))
    dialer.dial("leg-3")
    assert dialer.fates == {"leg-1": [], "leg-2": [], "leg-3": [VOID]}
    fragile.thaw()
    await until(lambda: dialer.has_switch)
    assert "leg-1" in {leg.leg_id for leg in dialer.found.legs}
    for leg_id in ("leg-1", "leg-2"):
        dialer.hang_up(leg_id)
    await until(lambda: dialer.fates["leg-1"] and dialer.fates["leg-2"])
    assert dialer.fates["leg-1"] == [HangupCause.HUNG_UP_BY_US]
    assert dialer.fates["leg-2"] in ([HangupCause.HUNG_UP_BY_US], [LOST])
    await until(lambda: all(dialog.over for dialog in people.dialogs.values()))
    assert max(people.rung().values()) == 1
    assert people.rung()[number_of("leg-3")] == 0


async def test_who_hung_up_while_the_switch_hung_has_ended(
    customers: Called, dialers: Started, fragile: Asterisk
) -> None:
    people = await customers(Manner(leaves_after_s=0.6))
    dialer = await dialers()
    dialer.dial("leg-1")
    await until(lambda: people.up)
    fragile.freeze()
    await until(lambda: dialer.told(CarrierLost))
    fragile.thaw()
    await until(lambda: dialer.fates["leg-1"])
    assert dialer.fates["leg-1"] in ([LOST], [HangupCause.NORMAL])


async def test_a_dialer_that_finds_no_switch_says_so_and_begins_when_there_is_one(
    customers: Called, dialers: Started, fragile: Asterisk
) -> None:
    people = await customers(RINGS)
    fragile.kill()
    dialer = await dialers()
    assert [type(event) for event in dialer.events] == [CarrierLost]
    assert "cannot be reached at ari_url" in (dialer.carrier.trouble or "")
    fragile.start()
    await until(lambda: dialer.has_switch)
    dialer.dial("leg-1")
    await until(lambda: people.invites)
    dialer.hang_up("leg-1")
    await until(lambda: dialer.told(LegEnded))


async def test_a_leg_on_a_trunk_that_the_switch_does_not_have_is_void(customers: Called, dialers: Started) -> None:
    await customers(RINGS)
    dialer = await dialers()
    dialer.dial("leg-1", trunk="nowhere")
    await until(lambda: dialer.fates["leg-1"])
    assert dialer.fates["leg-1"] == [VOID]
