"""Machines that answer on a real switch, and are listened to. If these fail, messages are said into greetings, or begin
when nothing is recorded any more."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest_asyncio

from telephony.asterisk.bench import TRUNK, Bench, bench
from telephony.asterisk.far_end import Call
from telephony.asterisk.inside import inside
from telephony.asterisk.line import PROMPT_S
from telephony.asterisk.phone import loudness, speech, tone
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.saying import plain
from trunkcall.engine.events import BeepHeard, CarrierFound, DetectionEnded, LegsReported, PlaybackEnded

pytestmark = inside

BEEPED, NO_BEEP = DetectionStatus.VOICEMAIL_BEEP, DetectionStatus.VOICEMAIL_NO_BEEP
PAUSE = b"\xff" * 4000
GREETING = speech(5.0)
BEEP = tone(1000, 0.4)
MESSAGE_HZ = 700
TRIES = 5
LATE_S = 2.0
"""Far more than it takes, on a machine that has much else to do."""


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as made:
        await made.sounds.start()
        yield made


async def machine(at: Bench, says: bytes, *, awaits: bool = True, leg_id: str = "leg") -> Call:
    """One that answers, and says this."""
    at.dial(leg_id, detect=True, awaits=awaits)
    call = await at.ends[TRUNK].called()
    await call.picks_up()
    await call.speaks(says)
    return call


async def beeping(at: Bench) -> tuple[Call, DetectionEnded]:
    """One whose beep was heard, and what was told of it. Where a machine has much else to do, sound is lost on its way,
    and a beep with it: then another is called."""
    for number in range(1, TRIES):
        leg_id = "leg" if number == 1 else f"leg-{number}"
        call = await machine(at, GREETING + PAUSE + BEEP, leg_id=leg_id)
        ended = await at.tells(DetectionEnded, leg_id)
        if ended.detection is BEEPED:
            return call, ended
        await leaves(at, call, leg_id)
    raise AssertionError("no beep was heard")


async def leaves(at: Bench, call: Call, leg_id: str = "leg") -> None:
    call.falls_silent()
    await call.asks("BYE")
    assert await at.ends_once(leg_id) is HangupCause.NORMAL


def heard(call: Call, hertz: float) -> list[float]:
    """When packets arrived in which the tone was loud."""
    return [at_s for at_s, octets in call.sound if loudness(octets, hertz) > 0.2]


async def test_a_message_begins_right_after_the_beep_and_is_heard_whole(at: Bench) -> None:
    call, ended = await beeping(at)
    at.carrier.play(ended.leg_id, "message", plain("any words"))
    await at.tells(PlaybackEnded, ended.leg_id)
    beep_ended_s = call.spoke_from_s + len(GREETING + PAUSE + BEEP) / 8000
    times = heard(call, MESSAGE_HZ)
    assert 0.0 < times[0] - beep_ended_s < LATE_S
    assert PROMPT_S - 0.2 < len(times) * 0.02 < PROMPT_S + 0.1
    await leaves(at, call, ended.leg_id)


async def test_the_end_of_a_machines_greeting_is_told_by_what_was_heard(at: Bench) -> None:
    call, ended = await beeping(at)
    loop = asyncio.get_running_loop()
    assert ended.greeting_ended_at is not None
    beep_ended_s = call.spoke_from_s + len(GREETING + PAUSE + BEEP) / 8000
    told_ago_s = (at.now() - ended.greeting_ended_at) / SECOND
    assert abs((loop.time() - told_ago_s) - beep_ended_s) < LATE_S / 2
    await leaves(at, call, ended.leg_id)


async def test_where_nothing_beeps_silence_ends_a_greeting_and_pauses_do_not(at: Bench) -> None:
    says = speech(3.0) + b"\xff" * 12_000 + speech(2.0)
    call = await machine(at, says)
    assert (await at.tells(DetectionEnded)).detection is NO_BEEP
    assert asyncio.get_running_loop().time() - call.spoke_from_s > len(says) / 8000 + 1.5
    await leaves(at, call)


async def test_a_machine_that_sends_nothing_while_it_is_silent_is_silent(at: Bench) -> None:
    call = await machine(at, GREETING)
    await asyncio.sleep(len(GREETING) / 8000)
    call.falls_silent()
    assert (await at.tells(DetectionEnded)).detection is NO_BEEP
    await call.asks("BYE")
    await at.ends_once()


async def test_while_a_machine_is_listened_to_it_is_not_known_to_be_over(at: Bench) -> None:
    """Although the switch has found out already that it is one: a comparison settles nothing."""
    call = await machine(at, speech(8.0))
    await asyncio.sleep(4.0)
    assert await at.live_legs() == {"leg"}
    (leg,) = at.told(LegsReported)[-1].legs
    assert leg.detection is None
    assert at.told(DetectionEnded) == []
    assert (await at.tells(DetectionEnded)).detection is NO_BEEP
    await leaves(at, call)


async def test_where_nobody_can_listen_the_switch_waits_for_silence(at: Bench) -> None:
    """The sound process dies while it listens."""
    call = await machine(at, GREETING)
    await asyncio.sleep(3.5)
    assert at.told(DetectionEnded) == []
    dead = at.sounds.process.process_id
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    assert (await at.tells(DetectionEnded)).detection is NO_BEEP
    assert asyncio.get_running_loop().time() - call.spoke_from_s > len(GREETING) / 8000
    await leaves(at, call)


async def test_a_machine_that_is_not_waited_for_is_told_at_once_and_that_it_beeps_later(at: Bench) -> None:
    call = await machine(at, GREETING + (PAUSE + BEEP) * TRIES, awaits=False)
    assert (await at.tells(DetectionEnded)).detection is NO_BEEP
    assert at.told(BeepHeard) == []
    await at.tells(BeepHeard)
    assert asyncio.get_running_loop().time() - call.spoke_from_s > len(GREETING + PAUSE) / 8000
    await leaves(at, call)
    assert len(at.told(BeepHeard)) == 1


async def taken_over(at: Bench) -> None:
    """The connection to the switch is lost, and there is another: it may be another dialer's as well."""
    await at.carrier.close()
    at.events.clear()
    await at.carrier.start(at.events.append, token=1)


async def test_whoever_takes_over_while_a_machine_is_listened_to_waits_for_its_beep(at: Bench) -> None:
    for number in range(1, TRIES):
        leg_id = f"leg-{number}"
        call = await machine(at, speech(8.0) + PAUSE + BEEP, leg_id=leg_id)
        await asyncio.sleep(4.0)
        await taken_over(at)
        (found,) = at.told(CarrierFound)
        assert [(leg.leg_id, leg.detection) for leg in found.legs] == [(leg_id, None)]
        ended = await at.tells(DetectionEnded, leg_id)
        assert asyncio.get_running_loop().time() - call.spoke_from_s > 8.0, "the greeting is not spoken into"
        await taken_over(at)
        (found,) = at.told(CarrierFound)
        assert [leg.detection for leg in found.legs] == [ended.detection], "that is known to the next one"
        await leaves(at, call, leg_id)
        if ended.detection is BEEPED:
            return
    raise AssertionError("no beep was heard")


async def test_whoever_takes_over_hears_of_the_beep_of_a_machine_that_was_not_waited_for(at: Bench) -> None:
    call = await machine(at, GREETING + (PAUSE + BEEP) * TRIES, awaits=False)
    await at.tells(DetectionEnded)
    await taken_over(at)
    await at.tells(BeepHeard)
    await asyncio.sleep(1.5)
    assert len(at.told(BeepHeard)) == 1
    await leaves(at, call)
