"""What agents hear on the telephone, and customers do not, on a real switch: told by tones at both ends. If these fail,
an agent speaks to nobody knows whom, or a customer hears what is for the agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from telephony.asterisk.inside import inside
from telephony.asterisk.line import AGENTS, MUSIC_HZ, AsteriskLine
from telephony.asterisk.phone import Dialog, Manner, tone
from telephony.asterisk.tones import seconds_of
from telephony.support import Behaviour, answered, bridge, ends, in_session, told, until
from trunkcall.domain.confirmations import NOTHING_RECORDED, RECORDED_AGAIN
from trunkcall.domain.saying import plain
from trunkcall.engine.commands import PlayTone, StopPlaying, UnbridgeLegs
from trunkcall.engine.events import (
    CarrierFound,
    CarrierLost,
    KeyPressed,
    LegsBridged,
    LegsUnbridged,
    PlaybackEnded,
    PutOnHold,
    TakenOffHold,
)

pytestmark = inside

CUSTOMERS = Behaviour.ANSWERS_AND_IS_LEFT
CUSTOMER_HZ, AGENT_HZ, TONE_HZ = 450, 600, 900
"""A frame of sound has whole periods of each, so that it tells them apart."""
TONE = ((TONE_HZ, 150),)


@pytest_asyncio.fixture
async def line() -> AsyncIterator[AsteriskLine]:
    line = AsteriskLine()
    line.phones[CUSTOMERS.name.lower()].manner = Manner(answers_after_s=0.1, goes_on=tone(CUSTOMER_HZ, 1.0))
    line.phones[AGENTS[0]].manner = Manner(answers_after_s=0.02, rings=False, goes_on=tone(AGENT_HZ, 1.0))
    await line.start()
    yield line
    await line.close()


def heard_s(dialog: Dialog, hertz: int, since: int = 0) -> float:
    """For how long a tone was heard, in seconds."""
    return seconds_of(hertz, bytes(dialog.heard[since:]))


def both(line: AsteriskLine) -> tuple[Dialog, Dialog]:
    """The customer's end of the talk, and the agent's."""
    return line.phones[CUSTOMERS.name.lower()].talk, line.phones[AGENTS[0]].talk


async def hears(dialog: Dialog, hertz: int, seconds: float) -> int:
    """Waits until a tone is heard for that long from now on. Returns how much had been heard before."""
    at = len(dialog.heard)
    await until(lambda: heard_s(dialog, hertz, at) > seconds)
    return at


async def talking(line: AsteriskLine) -> tuple[Dialog, Dialog]:
    """An agent in session talks with a customer, who has heard it: both ends."""
    await in_session(line)
    await answered(line, "customer", CUSTOMERS)
    caller, agent = both(line)
    bridge(line, "customer", "session")
    await until(lambda: heard_s(caller, AGENT_HZ) > 0.2)
    return caller, agent


async def talks_after_a_tone(line: AsteriskLine, customer: str) -> None:
    await answered(line, customer, CUSTOMERS)
    caller, agent = both(line)
    at = len(agent.heard)
    bridge(line, customer, "session")
    line.carrier.play_tone(PlayTone("session", f"tone for {customer}", TONE))
    await until(lambda: heard_s(agent, CUSTOMER_HZ, at) > 0.3 and heard_s(caller, AGENT_HZ) > 0.3)
    assert heard_s(agent, TONE_HZ, at) >= 0.1
    assert heard_s(caller, TONE_HZ) == 0


async def test_the_agent_alone_hears_the_tone_of_a_live_answer_and_then_both_hear_each_other(
    line: AsteriskLine,
) -> None:
    await in_session(line)
    await talks_after_a_tone(line, "first")
    line.phones[CUSTOMERS.name.lower()].hang_up()
    await until(lambda: ends(line, "first"))
    await talks_after_a_tone(line, "second")
    assert len(told(line, LegsBridged)) == 2
    assert len(told(line, PlaybackEnded)) == 2


async def test_what_an_agent_is_told_does_not_keep_a_live_answer_waiting(line: AsteriskLine) -> None:
    await in_session(line)
    await answered(line, "customer", CUSTOMERS)
    caller, agent = both(line)
    line.carrier.play("session", "words", plain("Something that takes seconds to be said."))
    await asyncio.sleep(0.3)
    at = len(agent.heard)
    loop = asyncio.get_running_loop()
    asked_s = loop.time()
    line.carrier.stop_playing(StopPlaying("session", "words"))
    bridge(line, "customer", "session")
    line.carrier.play_tone(PlayTone("session", "tone", TONE))
    await until(lambda: told(line, LegsBridged))
    assert loop.time() - asked_s < 1.0, "the words take two seconds and more"
    await until(lambda: heard_s(agent, CUSTOMER_HZ, at) > 0.3 and heard_s(caller, AGENT_HZ) > 0.3)


async def test_whoever_hears_a_tone_keeps_nobody_waiting(line: AsteriskLine) -> None:
    """Asterisk does what is asked of a channel once its tone is over, and nothing else meanwhile."""
    await in_session(line)
    await answered(line, "customer", CUSTOMERS)
    caller, agent = both(line)
    bridge(line, "customer", "session")
    await until(lambda: told(line, LegsBridged))
    line.carrier.play_tone(PlayTone("session", "tone", ((TONE_HZ, 60_000),)))
    await until(lambda: heard_s(agent, TONE_HZ) > 0.05)
    line.carrier.unbridge(UnbridgeLegs("customer", "session"))
    await until(lambda: told(line, LegsUnbridged))
    bridge(line, "customer", "session")
    at, caller_at = len(agent.heard), len(caller.heard)
    await until(lambda: heard_s(agent, CUSTOMER_HZ, at) > 0.3 and heard_s(caller, AGENT_HZ, caller_at) > 0.3)
    assert told(line, CarrierLost) == []
    assert told(line, PlaybackEnded) == [PlaybackEnded("session", "tone", False)]


async def test_an_agent_hears_in_a_talk_that_nothing_is_recorded_and_the_customer_hears_nothing_of_it(
    line: AsteriskLine,
) -> None:
    caller, agent = await talking(line)
    line.carrier.play_tone(PlayTone("session", "nothing is", NOTHING_RECORDED))
    line.carrier.play_tone(PlayTone("session", "it is again", RECORDED_AGAIN))
    await until(lambda: len(told(line, PlaybackEnded)) == 2)
    at, caller_at = len(agent.heard), len(caller.heard)
    await until(lambda: heard_s(agent, CUSTOMER_HZ, at) > 0.3 and heard_s(caller, AGENT_HZ, caller_at) > 0.3)
    hertz = {hertz for hertz, _ in (*NOTHING_RECORDED, *RECORDED_AGAIN)}
    assert all(heard_s(agent, each) > 0.1 for each in hertz)
    assert not any(heard_s(caller, each) for each in hertz)


async def test_every_part_of_a_tone_is_heard_in_its_order(line: AsteriskLine) -> None:
    """By its parts alone an agent tells "available" from "break", and "break" from "logged out"."""
    await in_session(line)
    agent = line.phones[AGENTS[0]].talk
    parts = (TONE_HZ, 1200, 300)
    line.carrier.play_tone(PlayTone("session", "tone", tuple((hertz, 150) for hertz in parts)))
    await until(lambda: told(line, PlaybackEnded))
    await until(lambda: heard_s(agent, parts[-1]) >= 0.1)
    assert all(0.1 <= heard_s(agent, hertz) <= 0.2 for hertz in parts)
    heard = bytes(agent.heard)
    begins = [next(at for at in range(0, len(heard), 160) if seconds_of(hertz, heard[:at]) > 0.05) for hertz in parts]
    assert begins == sorted(begins)


async def test_a_tone_that_a_dialer_has_left_behind_is_over_once_there_is_another(line: AsteriskLine) -> None:
    _, agent = await talking(line)
    line.carrier.play_tone(PlayTone("session", "tone", TONE))
    await until(lambda: heard_s(agent, TONE_HZ) > 0.05)
    await line.carrier.close()
    await line.start()
    await hears(agent, CUSTOMER_HZ, 0.3)


# --- a hold -----------------------------------------------------------------------------------------------------------


async def joined_on_hold(line: AsteriskLine) -> Dialog:
    """A customer is joined with an agent's telephone that is on hold, and hears music: what the customer hears."""
    await answered(line, "customer", CUSTOMERS)
    caller, _ = both(line)
    bridge(line, "customer", "session")
    await until(lambda: heard_s(caller, MUSIC_HZ) > 0.3)
    return caller


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
async def test_a_customer_on_hold_by_the_agents_telephone_hears_music_until_the_agent_is_back(
    line: AsteriskLine, direction: str
) -> None:
    caller, agent = await talking(line)
    phone = line.phones[AGENTS[0]]
    phone.hold(direction)
    await until(lambda: told(line, PutOnHold))
    await until(lambda: heard_s(caller, MUSIC_HZ) > 0.2)
    at = await hears(caller, MUSIC_HZ, 0.3)
    assert heard_s(caller, AGENT_HZ, at) == 0
    phone.hold("sendrecv")
    await until(lambda: told(line, TakenOffHold))
    await hears(caller, AGENT_HZ, 0.3)
    assert told(line, PutOnHold) == [PutOnHold("session")]
    assert list(agent.answers.values()) == [200, 200]


async def test_a_customer_who_is_joined_with_a_telephone_on_hold_hears_music_and_not_silence(
    line: AsteriskLine,
) -> None:
    await in_session(line)
    phone = line.phones[AGENTS[0]]
    phone.hold()
    await until(lambda: told(line, PutOnHold))
    caller = await joined_on_hold(line)
    phone.hold("sendrecv")
    await until(lambda: heard_s(caller, AGENT_HZ) > 0.3)


async def test_a_customer_who_is_joined_with_a_telephone_on_hold_after_a_takeover_hears_music(
    line: AsteriskLine,
) -> None:
    await in_session(line)
    phone = line.phones[AGENTS[0]]
    phone.hold()
    await until(lambda: told(line, PutOnHold))
    await line.carrier.close()
    await line.start()
    (found,) = told(line, CarrierFound)
    assert [(leg.leg_id, leg.holds) for leg in found.legs] == [("session", True)]
    caller = await joined_on_hold(line)
    phone.hold("sendrecv")
    await until(lambda: heard_s(caller, AGENT_HZ) > 0.3)
    assert told(line, PutOnHold) == []
    assert told(line, TakenOffHold) == [TakenOffHold("session")]


async def test_a_hold_that_ends_while_no_dialer_is_there_ends_its_music(line: AsteriskLine) -> None:
    """Asterisk ends it by itself, and the next dialer does not begin it anew."""
    await in_session(line)
    phone = line.phones[AGENTS[0]]
    phone.hold()
    await until(lambda: told(line, PutOnHold))
    caller = await joined_on_hold(line)
    await line.carrier.close()
    phone.hold("sendrecv")
    await until(lambda: len(phone.talk.answers) == 2)
    await line.start()
    (found,) = told(line, CarrierFound)
    assert {leg.leg_id: leg.holds for leg in found.legs} == {"customer": False, "session": False}
    await until(lambda: heard_s(caller, AGENT_HZ) > 0.3)
    at = await hears(caller, AGENT_HZ, 0.5)
    assert heard_s(caller, MUSIC_HZ, at) == 0


WORDS_HZ = 700
"""What everything is that is said here."""


async def on_hold(line: AsteriskLine, direction: str = "sendonly") -> Dialog:
    """An agent has put the customer on hold, who hears music: what the customer hears."""
    caller, _ = await talking(line)
    line.phones[AGENTS[0]].hold(direction)
    await until(lambda: told(line, PutOnHold))
    await until(lambda: heard_s(caller, MUSIC_HZ) > 0.2)
    return caller


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
async def test_a_customer_on_hold_hears_what_is_said_in_place_of_the_music_and_then_the_agent(
    line: AsteriskLine, direction: str
) -> None:
    caller = await on_hold(line, direction)
    line.carrier.play("customer", "flow", replace(plain("One moment."), again=True))
    await until(lambda: heard_s(caller, WORDS_HZ) > 0.2)
    at = await hears(caller, WORDS_HZ, 0.5)
    assert heard_s(caller, MUSIC_HZ, at) == 0
    assert heard_s(caller, AGENT_HZ, at) == 0
    line.phones[AGENTS[0]].hold("sendrecv")
    await until(lambda: told(line, TakenOffHold))
    line.carrier.stop_playing(StopPlaying("customer", "flow"))
    await until(lambda: told(line, PlaybackEnded))
    await until(lambda: heard_s(caller, AGENT_HZ, at) > 0.3)
    at = await hears(caller, AGENT_HZ, 0.5)
    assert heard_s(caller, WORDS_HZ, at) == 0
    assert heard_s(caller, MUSIC_HZ, at) == 0


async def test_the_music_goes_on_after_what_was_said_and_gives_way_again(line: AsteriskLine) -> None:
    caller = await on_hold(line)
    for play_id in ("first", "second"):
        line.carrier.play("customer", play_id, replace(plain("One moment."), again=True))
        await hears(caller, WORDS_HZ, 0.2)
        line.carrier.stop_playing(StopPlaying("customer", play_id))
        at = await hears(caller, MUSIC_HZ, 0.3)
    assert heard_s(caller, AGENT_HZ, at) == 0


async def test_the_next_dialer_finds_whoever_is_on_hold_in_music_and_can_say_something(line: AsteriskLine) -> None:
    caller = await on_hold(line)
    line.carrier.play("customer", "flow", replace(plain("One moment."), again=True))
    await until(lambda: heard_s(caller, WORDS_HZ) > 0.2)
    await line.carrier.close()
    await line.start()
    at = await hears(caller, MUSIC_HZ, 0.3)
    line.carrier.play("customer", "flow anew", replace(plain("One moment."), again=True))
    await until(lambda: heard_s(caller, WORDS_HZ, at) > 0.3)
    at = await hears(caller, WORDS_HZ, 0.3)
    assert heard_s(caller, MUSIC_HZ, at) == 0
    line.phones[AGENTS[0]].hold("sendrecv")
    await until(lambda: heard_s(caller, AGENT_HZ, at) > 0.3)


async def test_an_agent_who_is_back_while_no_dialer_is_there_is_heard(line: AsteriskLine) -> None:
    caller = await on_hold(line)
    line.carrier.play("customer", "flow", replace(plain("One moment."), again=True))
    await until(lambda: heard_s(caller, WORDS_HZ) > 0.2)
    await line.carrier.close()
    at = len(caller.heard)
    line.phones[AGENTS[0]].hold("sendrecv")
    await until(lambda: heard_s(caller, AGENT_HZ, at) > 0.5)
    await line.start()
    at = await hears(caller, AGENT_HZ, 0.5)
    assert heard_s(caller, MUSIC_HZ, at) == 0


@pytest.mark.parametrize("agent_leaves", [True, False])
async def test_who_was_joined_with_a_telephone_on_hold_hears_what_is_said_after_that_and_no_music(
    line: AsteriskLine, agent_leaves: bool
) -> None:
    await in_session(line)
    line.phones[AGENTS[0]].hold()
    await until(lambda: told(line, PutOnHold))
    caller = await joined_on_hold(line)
    if agent_leaves:
        line.phones[AGENTS[0]].hang_up()
        await until(lambda: ends(line, "session"))
    else:
        line.carrier.unbridge(UnbridgeLegs("customer", "session"))
        await until(lambda: told(line, LegsUnbridged))
    line.carrier.play("customer", "words", replace(plain("Nobody is there."), again=True))
    await until(lambda: heard_s(caller, WORDS_HZ) > 0.3)
    at = await hears(caller, WORDS_HZ, 0.3)
    assert heard_s(caller, MUSIC_HZ, at) == 0


async def test_an_agent_whom_the_customers_telephone_puts_on_hold_hears_what_is_said(line: AsteriskLine) -> None:
    await in_session(line)
    await answered(line, "customer", CUSTOMERS)
    _, agent = both(line)
    bridge(line, "customer", "session")
    await until(lambda: heard_s(agent, CUSTOMER_HZ) > 0.2)
    line.phones[CUSTOMERS.name.lower()].hold()
    await until(lambda: told(line, PutOnHold))
    line.carrier.play("session", "flow", replace(plain("You are on hold."), again=True))
    await until(lambda: heard_s(agent, WORDS_HZ) > 0.2)
    at = await hears(agent, WORDS_HZ, 0.5)
    assert heard_s(agent, MUSIC_HZ, at) == heard_s(agent, CUSTOMER_HZ, at) == 0
    line.phones[CUSTOMERS.name.lower()].hold("sendrecv")
    line.carrier.stop_playing(StopPlaying("session", "flow"))
    await until(lambda: heard_s(agent, CUSTOMER_HZ, at) > 0.3)


async def test_what_is_said_in_a_talk_is_heard_to_its_end_by_whoever_is_left_alone(line: AsteriskLine) -> None:
    caller, _ = await talking(line)
    line.carrier.play("customer", "words", replace(plain("One moment."), again=True))
    await until(lambda: heard_s(caller, WORDS_HZ) > 0.2)
    line.carrier.unbridge(UnbridgeLegs("customer", "session"))
    await until(lambda: told(line, LegsUnbridged))
    await hears(caller, WORDS_HZ, 1.0)
    line.carrier.stop_playing(StopPlaying("customer", "words"))
    line.carrier.play("customer", "more", replace(plain("Good-bye."), again=True))
    await hears(caller, WORDS_HZ, 1.0)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("party", ["customer", "session"])
async def test_keys_arrive_within_the_sound_and_beside_it_and_the_other_hears_both(
    line: AsteriskLine, party: str
) -> None:
    await in_session(line)
    await answered(line, "customer", CUSTOMERS)
    caller, agent = both(line)
    bridge(line, "customer", "session")
    await until(lambda: told(line, LegsBridged))
    own, other = (
        (line.phones[CUSTOMERS.name.lower()], agent) if party == "customer" else (line.phones[AGENTS[0]], caller)
    )
    own.press("4")
    await until(lambda: told(line, KeyPressed))
    own.press_by_info("5")
    await until(lambda: len(told(line, KeyPressed)) == 2)
    assert told(line, KeyPressed) == [KeyPressed(party, "4"), KeyPressed(party, "5")]
    await until(lambda: len(other.heard_keys) == 2)
    assert "".join(other.heard_keys.values()) == "45"
