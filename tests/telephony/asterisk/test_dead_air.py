"""Calls of which one side or the other is not heard, over a real switch. If these fail, agents sit in dead air, or
customers do, or calls are cut that are well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from telephony.asterisk.answers import after_answer, recorded_after
from telephony.asterisk.bench import AGENT, TRUNK, Bench, bench
from telephony.asterisk.centre import Centre, Site, calls, greets, numbers, own_tone, speaks
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner, Phone
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.tones import tones_in
from telephony.support import until
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.commands import BridgeLegs
from trunkcall.engine.events import LegAnswered, LegEnded, LegsBridged

pytestmark = inside

NO_SOUND = "no sound at all has come from the party some seconds after the answer"
WITHIN_S = 1.0


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench(sound_within_s=WITHIN_S) as made:
        yield made


@pytest.mark.parametrize("detect", [False, True], ids=["put through at once", "while it is found out who is there"])
async def test_whoever_answers_and_is_not_heard_at_all_is_let_go(at: Bench, detect: bool) -> None:
    at.dial(detect=detect)
    call = await at.ends[TRUNK].called()
    await call.picks_up()
    await call.hears("BYE")
    cause = await at.ends_once()
    assert cause is HangupCause.NO_SOUND
    assert recorded_after(cause) == after_answer()[NO_SOUND]


async def test_whoever_sends_silence_is_there(at: Bench) -> None:
    call = await at.dialed()
    await call.speaks()
    await call.picks_up()
    await at.tells(LegAnswered)
    await asyncio.sleep(2 * WITHIN_S)
    assert at.told(LegEnded) == []
    await call.asks("BYE")
    assert await at.ends_once() is HangupCause.NORMAL


async def test_an_agent_whose_phone_is_not_heard_is_told_of_as_one(at: Bench) -> None:
    """And the customer goes on: whose leg it is that ends the dialer is to know."""
    at.ends[AGENT].on_call = lambda call: call.say(200, body=call.sdp())
    call = await at.dialed()
    await call.speaks()
    await call.picks_up()
    await at.tells(LegAnswered)
    at.ring_agent("agent-leg")
    await at.tells(LegAnswered, "agent-leg")
    at.carrier.bridge(BridgeLegs("leg", "agent-leg"))
    await until(lambda: any(isinstance(each, LegsBridged) for each in at.events))
    assert await at.ends_once("agent-leg") is HangupCause.NO_SOUND
    assert at.told(LegEnded, "leg") == []
    await call.asks("BYE")
    await at.ends_once()


async def test_whoever_is_not_heard_is_let_go_by_the_next_dialer_and_whoever_is_heard_is_not(at: Bench) -> None:
    """The dialer that was there as they answered has gone before it could know."""
    unheard, heard = await at.dialed("unheard"), await at.dialed("heard")
    await heard.speaks()
    for call, leg_id in ((heard, "heard"), (unheard, "unheard")):
        await call.picks_up()
        await at.tells(LegAnswered, leg_id)
    await at.carrier.close()
    await at.carrier.start(at.events.append, token=2)
    assert await at.ends_once("unheard") is HangupCause.NO_SOUND
    await asyncio.sleep(WITHIN_S)
    assert at.told(LegEnded, "heard") == []
    await heard.asks("BYE")
    assert await at.ends_once("heard") is HangupCause.NORMAL


# --- a whole centre ---------------------------------------------------------------------------------------------------

AGENTS = "ann", "bea"


class Talk:
    """Two agents, and people who are called one after the other."""

    def __init__(self, stack: ExitStack, folder: Path, agents: dict[str, Manner], people: list[Manner]) -> None:
        self.called = numbers(len(people))
        site = Site.of(place_of_this_worker(Which.CENTRE), agents, stack)
        self.customers: Phone = site.customers(dict(zip(self.called, people, strict=True)))
        self.phones = site.agents(agents)
        self.centre = Centre(site.serve(folder / "centre", sound_within_s=2), self.phones)
        self.centre.hire()

    def records(self) -> list[dict[str, object]]:
        with self.centre.confirming():
            records = self.centre.until_all_ended(self.centre.call(self.called))
        return [records[number] for number in self.called]


def test_no_agent_is_rung_for_somebody_who_is_not_heard_and_the_record_says_so(tmp_path: Path) -> None:
    with ExitStack() as stack:
        talk = Talk(
            stack,
            tmp_path,
            {"ann": Manner(answers_after_s=0.05, leaves_after_s=1.5)},
            [Manner(mute=True), Manner(says=greets(440), goes_on=speaks(440))],
        )
        unheard, heard = talk.records()
        assert unheard["ConnectedToSystemTimestamp"]
        found = unheard["Disposition"], unheard["DisconnectReason"], unheard["AnsweringMachineDetectionStatus"]
        assert found == ("network_failure", "TELECOM_PROBLEM", "AMD_ERROR")
        assert not unheard["Abandoned"]
        assert heard["Disposition"] == "connected_to_agent"
        assert len(calls(talk.phones["ann"])) == 1


def test_whoever_gets_an_agent_who_is_not_heard_is_let_go_and_the_next_one_gets_another(tmp_path: Path) -> None:
    person = Manner(says=greets(440), goes_on=speaks(440))
    with ExitStack() as stack:
        agents = {
            "ann": Manner(answers_after_s=0.05, mute=True),
            "bea": Manner(answers_after_s=0.05, goes_on=speaks(own_tone(300)), leaves_after_s=1.5),
        }
        talk = Talk(stack, tmp_path, agents, [person] * 4)
        records = talk.records()
        with_ann = [each for each in records if each["DisconnectReason"] == "TELECOM_PROBLEM"]
        assert len(with_ann) == len(calls(talk.phones["ann"])) == 1, "her state is an error from there on"
        assert {each["Disposition"] for each in records} == {"connected_to_agent"}
        heard = [tones_in(bytes(dialog.heard)) for dialog in calls(talk.customers)]
        assert heard.count({own_tone(300)}) == 3
