"""What a dialer finds on a switch where its predecessor has gone. If these fail, a talk is cut off by a restart, a
phone rings for ever, somebody who has answered hears nothing and nobody knows of it, or legs are left over."""

from __future__ import annotations

import asyncio

import pytest

from telephony.asterisk.ari import Ari
from telephony.asterisk.conftest import Called, Started
from telephony.asterisk.dialer import Dialer, until
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner, tone
from telephony.asterisk.place import place_of_this_worker
from telephony.asterisk.switch import Asterisk
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause, LegState
from trunkcall.engine.events import LegAnswered, LegEnded, PutOnHold, TakenOffHold

pytestmark = inside

ALONE_S = 5.0
"""How long the switch keeps up whoever has nobody to speak to."""


async def goes(dialer: Dialer, switch: Asterisk) -> None:
    """There is no dialer any more, and the switch knows."""
    await dialer.close()
    await until(lambda: f"Deactivating Stasis app '{dialer.app}'" in switch.said())


async def until_gone(app: str) -> None:
    """Wait until the switch has done with all legs."""
    with Ari(place_of_this_worker(), ()) as looks:
        await asyncio.to_thread(looks.until_nobody_is_there, f"{app}.")


async def test_a_talk_goes_on_without_a_dialer_and_with_the_next(
    customers: Called, dialers: Started, switch: Asterisk
) -> None:
    people = await customers(Manner())
    first = await dialers(1)
    await first.talk("leg-1", "agent-1")
    await goes(first, switch)
    await asyncio.sleep(ALONE_S + 1.0)
    assert len(people.up) == 1
    second = await dialers(2)
    assert {leg.leg_id: (leg.state, leg.bridged_to) for leg in second.found.legs} == {
        "leg-1": (LegState.UP, "agent-1"),
        "agent-1": (LegState.UP, "leg-1"),
    }


async def test_whoever_finds_a_talk_again_is_told_of_the_end_of_a_hold(
    customers: Called, dialers: Started, switch: Asterisk
) -> None:
    people = await customers(Manner())
    dialer = await dialers()
    await dialer.talk("leg-1", "agent-1")
    people.agent.hold()
    await until(lambda: PutOnHold("agent-1") in dialer.events)
    await goes(dialer, switch)
    await dialer.start()
    people.agent.hold("sendrecv")
    await until(lambda: TakenOffHold("agent-1") in dialer.events)
    people.agent.hold()
    await until(lambda: dialer.events.count(PutOnHold("agent-1")) == 2)
    assert dialer.events.count(TakenOffHold("agent-1")) == 1


async def test_a_customer_whose_agent_hangs_up_while_no_dialer_is_there_is_not_left_in_silence(
    customers: Called, dialers: Started, switch: Asterisk
) -> None:
    people = await customers(Manner())
    first = await dialers(1)
    await first.talk("leg-1", "agent-1")
    await goes(first, switch)
    assert people.up
    people.agent.hang_up()
    await until(lambda: not people.up)


async def test_nothing_is_left_on_the_switch_of_a_talk_that_ended_meanwhile(
    customers: Called, dialers: Started, switch: Asterisk, app: str
) -> None:
    people = await customers(Manner())
    first = await dialers(1)
    await first.talk("leg-1", "agent-1")
    await goes(first, switch)
    people.hang_up()
    await until_gone(app)
    second = await dialers(2)
    assert second.found.legs == ()
    with Ari(place_of_this_worker(), ()) as looks:
        await until(lambda: not [each for each in looks.ask("GET", "bridges") if each["id"].startswith(f"{app}.")])


async def test_a_phone_that_rang_meanwhile_rings_no_longer_than_it_may(
    customers: Called, dialers: Started, switch: Asterisk
) -> None:
    people = await customers(Manner(answers_after_s=None))
    first = await dialers(1)
    first.dial("leg-1", ring=5 * SECOND)
    await until(lambda: people.invites)
    await goes(first, switch)
    second = await dialers(2, knows=["leg-1"])
    assert [(leg.leg_id, leg.state) for leg in second.found.legs] == [("leg-1", LegState.RINGING)]
    await until(lambda: second.fates["leg-1"])
    assert second.told(LegEnded) == [LegEnded("leg-1", HangupCause.RING_TIMEOUT)]
    await until(lambda: all(dialog.over for dialog in people.dialogs.values()))


async def test_who_answers_while_no_dialer_is_there_is_let_go_at_once_and_told_of(
    customers: Called, dialers: Started, switch: Asterisk, app: str
) -> None:
    people = await customers(Manner(answers_after_s=None))
    first = await dialers(1)
    first.dial("leg-1")
    await until(lambda: people.invites)
    await goes(first, switch)
    people.pick_up()
    await until(lambda: all(dialog.over for dialog in people.dialogs.values()))
    (dialog,) = people.dialogs.values()
    assert dialog.answered_s is not None
    assert dialog.over_s is not None
    assert dialog.over_s - dialog.answered_s < ALONE_S, "nobody is waited for"
    await until_gone(app)
    second = await dialers(2)
    assert [(leg.leg_id, leg.state) for leg in second.found.legs] == [("leg-1", LegState.UP)]
    await until(lambda: second.fates["leg-1"])
    assert second.told(LegEnded) == [LegEnded("leg-1", HangupCause.NORMAL)]
    third = await dialers(3)
    assert third.found.legs == (), "it is told once"


@pytest.mark.parametrize("stays", [True, False])
async def test_who_answers_a_detector_while_no_dialer_is_there_is_told_of_however_long_they_stay(
    customers: Called, dialers: Started, switch: Asterisk, app: str, stays: bool
) -> None:
    leaves_after_s = None if stays else 0.2
    people = await customers(Manner(answers_after_s=None, says=tone(440, 0.15), leaves_after_s=leaves_after_s))
    first = await dialers(1)
    first.dial("leg-1", detect=True)
    await until(lambda: people.invites)
    await goes(first, switch)
    people.pick_up()
    await until(lambda: all(dialog.over for dialog in people.dialogs.values()))
    await until_gone(app)
    second = await dialers(2)
    assert second.told(LegEnded) == [LegEnded("leg-1", HangupCause.NORMAL)]


async def test_who_leaves_a_detector_while_the_dialer_listens_is_told_of_by_it_alone(
    customers: Called, dialers: Started, switch: Asterisk
) -> None:
    await customers(Manner(answers_after_s=0.1, says=tone(440, 0.15), leaves_after_s=0.2))
    first = await dialers(1)
    first.dial("leg-1", detect=True)
    await until(lambda: first.fates["leg-1"])
    await asyncio.sleep(0.3)
    assert first.told(LegAnswered, "leg-1") == [LegAnswered("leg-1")]
    assert first.told(LegEnded) == [LegEnded("leg-1", HangupCause.NORMAL)]
    await goes(first, switch)
    second = await dialers(2)
    assert second.found.legs == ()


async def test_whoever_is_up_and_alone_is_let_go_some_seconds_after_the_dialer(
    customers: Called, dialers: Started, switch: Asterisk
) -> None:
    people = await customers(Manner())
    first = await dialers(1)
    first.dial("leg-1")
    await until(lambda: first.told(LegAnswered))
    await asyncio.sleep(ALONE_S + 1.0)
    assert len(people.up) == 1, "a dialer that is there puts it off"
    await goes(first, switch)
    await until(lambda: not people.up)


async def test_a_leg_that_nobody_remembers_is_ended_by_an_order(
    customers: Called, dialers: Started, switch: Asterisk
) -> None:
    people = await customers(Manner())
    first = await dialers(1)
    first.dial("leg-1")
    await until(lambda: first.told(LegAnswered))
    await goes(first, switch)
    second = await dialers(2)
    assert [leg.leg_id for leg in second.found.legs] == ["leg-1"]
    await until(lambda: second.told(LegEnded))
    assert second.told(LegEnded) == [LegEnded("leg-1", HangupCause.HUNG_UP_BY_US)]
    await until(lambda: not people.up)
