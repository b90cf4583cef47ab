"""One dialer at a time has an instance's legs on a switch: the one with the newest lease. If these fail, two dialers
take the switch from each other for ever, or one that was thought to be dead rings people when it wakes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, create_subprocess_exec

from telephony.asterisk.ari import Ari
from telephony.asterisk.conftest import Called, Started
from telephony.asterisk.dialer import VOID, number_of, until
from telephony.asterisk.inside import inside
from telephony.asterisk.owner import LEGS
from telephony.asterisk.phone import Manner
from telephony.asterisk.place import place_of_this_worker
from telephony.support import WAIT_S
from trunkcall.engine.events import CarrierFound, CarrierLost, LegAnswered

pytestmark = inside

RINGS = Manner(answers_after_s=None)
SILENCE_S = 2.5
STOPPED_S = SILENCE_S + 0.5
"""Longer than a connection may be silent: no lease is taken over sooner."""
RETRIES_S = 1.6
"""A dialer that has lost the switch tries again four times in that time."""


async def test_a_newer_lease_takes_the_switch_over_and_the_older_one_is_silent_from_then_on(
    customers: Called, dialers: Started
) -> None:
    people = await customers(RINGS)
    first = await dialers(1)
    first.dial("leg-1")
    await until(lambda: people.invites)
    second = await dialers(2)
    assert [leg.leg_id for leg in second.found.legs] == ["leg-1"]
    await until(lambda: first.told(CarrierLost))
    first.dial("leg-2")
    first.hang_up("leg-1")
    await asyncio.sleep(RETRIES_S)
    assert not first.has_switch
    assert "newer lease" in (first.carrier.trouble or "")
    assert first.fates == {"leg-1": [], "leg-2": [VOID]}, "it hears nothing of what is another's"
    assert [type(event) for event in second.events if isinstance(event, CarrierLost)] == []
    assert people.rung() == {number_of("leg-1"): 1}
    second.dial("leg-3")
    await until(lambda: people.rung()[number_of("leg-3")])
    await second.close()
    await asyncio.sleep(RETRIES_S)
    assert not first.has_switch, "the lease is no longer its own, whoever is there"


async def test_whoever_comes_with_an_older_lease_finds_the_switch_taken(customers: Called, dialers: Started) -> None:
    await customers(RINGS)
    second = await dialers(2)
    first = await dialers(1)
    assert [type(event) for event in first.events] == [CarrierLost]
    await asyncio.sleep(RETRIES_S)
    assert [type(event) for event in first.events] == [CarrierLost]
    assert [type(event) for event in second.events] == [CarrierFound]


async def test_two_instances_on_one_switch_and_one_trunk_leave_each_others_legs_alone(
    customers: Called, dialers: Started
) -> None:
    """Each hears of all channels on the trunk."""
    people = await customers(Manner())
    north, south = await dialers(1), await dialers(9, app="south")
    north.dial("leg-1")
    south.dial("leg-2")
    await until(lambda: north.told(LegAnswered) and south.told(LegAnswered))
    assert {each.leg_id for each in north.events if isinstance(each, LegAnswered)} == {"leg-1"}
    again = await dialers(10, app="south", knows=["leg-2"])
    assert [leg.leg_id for leg in again.found.legs] == ["leg-2"]
    north.hang_up("leg-2")
    again.hang_up("leg-1")
    await asyncio.sleep(0.5)
    assert len(people.up) == 2
    assert north.has_switch
    assert north.fates == {"leg-1": []}


async def test_an_owner_whose_process_was_busy_across_the_takeover_does_nothing_when_it_is_not(
    customers: Called, dialers: Started, app: str
) -> None:
    people = await customers(RINGS)
    first = await dialers(1, silence_s=SILENCE_S)
    first.dial("leg-1")
    await until(lambda: people.invites)

    def sleep_through_it() -> None:
        with Ari(place_of_this_worker(), (), app=app) as other:
            other.ask("POST", "asterisk/variable", variable=f"{app}_token", value="2")
            time.sleep(STOPPED_S)
        first.dial("leg-2")
        first.hang_up("leg-1")

    sleep_through_it()
    await asyncio.sleep(RETRIES_S)
    assert not first.has_switch
    assert first.fates["leg-2"] == [VOID]
    assert people.rung() == {number_of("leg-1"): 1}
    assert not any(dialog.over for dialog in people.dialogs.values()), "it has not hung up what is another's"


async def hears(said: asyncio.StreamReader, what: type) -> None:
    """Wait until it says so; it may have needed several tries."""
    async with asyncio.timeout(WAIT_S):
        while (line := await said.readline()) != f"{what.__name__}\n".encode():
            assert line, "it has ended"


async def test_a_process_that_was_stopped_across_the_takeover_dials_nobody_when_it_wakes(
    customers: Called, dialers: Started, app: str
) -> None:
    people = await customers(Manner(code=486))
    command = [sys.executable, "-m", "telephony.asterisk.owner", app, "1", str(SILENCE_S)]
    owner = await create_subprocess_exec(*command, stdout=PIPE)
    assert owner.stdout is not None
    try:
        await hears(owner.stdout, CarrierFound)
        await until(lambda: len(people.invites) > 3)
        os.kill(owner.pid, signal.SIGSTOP)
        await asyncio.sleep(STOPPED_S)
        second = await dialers(2)
        await asyncio.sleep(0.3)
        before = len(people.invites)
        os.kill(owner.pid, signal.SIGCONT)
        await hears(owner.stdout, CarrierLost)
        await asyncio.sleep(RETRIES_S)
        assert len(people.invites) == before
        assert second.has_switch
        assert not second.told(CarrierLost)
        second.dial(f"leg-{LEGS}")
        await until(lambda: people.rung()[number_of(f"leg-{LEGS}")])
    finally:
        owner.kill()
        await owner.wait()
