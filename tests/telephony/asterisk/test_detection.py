"""What a real switch takes whoever answers for. If these fail, people are hung up on, or machines are put through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from telephony.asterisk.bench import AGENT, TRUNK, Bench, bench
from telephony.asterisk.far_end import Call
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import tone
from telephony.support import until
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import Instant, to_seconds
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.commands import BridgeLegs
from trunkcall.engine.events import DetectionEnded, LegAnswered, LegsBridged

pytestmark = inside

HUMAN, MACHINE = DetectionStatus.HUMAN_ANSWERED, DetectionStatus.VOICEMAIL_NO_BEEP
SILENCE, UNRESOLVED = DetectionStatus.AMD_UNRESOLVED_SILENCE, DetectionStatus.AMD_UNRESOLVED
GAP = b"\xff" * 2400
"""0.3 s of silence."""
HELLO = tone(440, 0.5)
GREETING = tone(440, 3.5)
WORDS = (tone(440, 0.15) + GAP) * 6
AHEAD_S = 5.0
"""Whoever says the longest of these, and the silence that is waited for after it."""
LEAST_AMD_S = 2.0
"""Whoever says nothing is listened to for longer."""


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


class Parties:
    """Who is called, each by a leg of its own."""

    def __init__(self, at: Bench) -> None:
        self._at = at
        self.calls: dict[str, Call] = {}
        self.answered_at: dict[str, Instant] = {}

    async def answer(
        self,
        leg_id: str,
        says: bytes | None,
        figures: Mapping[str, int],
        *,
        awaits: bool,
        ahead_s: float = 0.0,
    ) -> None:
        """One is dialed, answers, and says this, so much of it ahead of time; None: it does not even send silence."""
        self._at.dial(leg_id, detect=True, awaits=awaits, figures=figures)
        call = self.calls[leg_id] = await self._at.ends[TRUNK].called()
        await call.picks_up()
        self.answered_at[leg_id] = time.time_ns() // 1000
        if says is not None:
            await call.speaks(says, ahead_s=ahead_s)

    async def results(self) -> dict[str, DetectionStatus]:
        return {leg_id: (await self._at.tells(DetectionEnded, leg_id)).detection for leg_id in self.calls}

    async def leave(self) -> None:
        for leg_id, call in self.calls.items():
            call.falls_silent()
            await call.asks("BYE")
            assert await self._at.ends_once(leg_id) is HangupCause.NORMAL


async def test_people_and_machines_are_told_apart_by_how_they_speak(at: Bench) -> None:
    parties = Parties(at)
    for leg_id, says in {"person": HELLO, "machine": GREETING, "words": WORDS, "silent": b"", "deaf": None}.items():
        await parties.answer(leg_id, says, {}, awaits=False, ahead_s=AHEAD_S)
    found = await parties.results()
    assert found["deaf"] in (SILENCE, UNRESOLVED), "somebody may be there"
    del found["deaf"]
    assert found == {"person": HUMAN, "machine": MACHINE, "words": MACHINE, "silent": SILENCE}
    for leg_id in parties.calls:
        assert len(at.told(LegAnswered, leg_id)) == len(at.told(DetectionEnded, leg_id)) == 1
    await parties.leave()


async def test_the_end_of_a_persons_greeting_is_told_about_when_it_was(at: Bench) -> None:
    parties = Parties(at)
    await parties.answer("person", HELLO, {}, awaits=False)
    ended = await at.tells(DetectionEnded, "person")
    assert ended.greeting_ended_at is not None
    greeting_s = to_seconds(ended.greeting_ended_at - parties.answered_at["person"])
    told_s = to_seconds(time.time_ns() // 1000 - parties.answered_at["person"])
    assert 0.4 < greeting_s < told_s - 0.7, "the silence after it is taken off"
    await parties.leave()


async def test_a_machines_prompt_is_waited_for_where_that_is_asked_for(at: Bench) -> None:
    parties = Parties(at)
    await parties.answer("awaited", GREETING, {}, awaits=True)
    await parties.answer("person", HELLO, {}, awaits=True)
    assert await parties.results() == {"awaited": MACHINE, "person": HUMAN}
    ended = at.told(DetectionEnded, "awaited")[0]
    assert ended.greeting_ended_at is not None
    waited_s = to_seconds(ended.greeting_ended_at - parties.answered_at["awaited"])
    assert waited_s > 2.5, "the prompt lasts for 3.5 s, of which 1.5 tell that it is one"
    await parties.leave()


async def test_each_campaign_has_the_figures_that_it_sets(at: Bench) -> None:
    """The same words, and the same silence: only figures tell who is taken for what."""
    parties = Parties(at)
    patient = {"greeting": 4500, "after_greeting_silence": 1000, "total_analysis_time": 8000}
    wordy = {"maximum_number_of_words": 9, "greeting": 5000}
    await parties.answer("patient", GREETING, patient, awaits=False, ahead_s=AHEAD_S)
    await parties.answer("wordy", WORDS, wordy, awaits=False, ahead_s=AHEAD_S)
    await parties.answer("terse", HELLO, {"greeting": 200}, awaits=False, ahead_s=AHEAD_S)
    await parties.answer("usual", GREETING, {}, awaits=False, ahead_s=AHEAD_S)
    quick = {"initial_silence": 300}
    await parties.answer("quick", b"", quick, awaits=False)
    began_s = time.monotonic()
    await at.tells(DetectionEnded, "quick")
    assert time.monotonic() - began_s < LEAST_AMD_S
    cut = {"greeting": 9000, "total_analysis_time": 1000}
    await parties.answer("cut", GREETING, cut, awaits=True, ahead_s=AHEAD_S)
    assert await parties.results() == {
        "patient": HUMAN,
        "wordy": HUMAN,
        "terse": MACHINE,
        "usual": MACHINE,
        "quick": SILENCE,
        "cut": UNRESOLVED,
    }
    await parties.leave()


async def test_whoever_hangs_up_while_it_is_found_out_has_answered_and_is_taken_for_nothing(at: Bench) -> None:
    parties = Parties(at)
    await parties.answer("gone", b"", {"initial_silence": 10_000, "total_analysis_time": 10_000}, awaits=False)
    await at.tells(LegAnswered, "gone")
    await asyncio.sleep(0.3)
    await parties.leave()
    assert at.told(DetectionEnded, "gone") == []


@pytest.mark.parametrize("awaits", [False, True])
async def test_whoever_is_listened_to_is_sent_silence_so_that_what_is_between_lets_them_be_heard(
    at: Bench, awaits: bool
) -> None:
    parties = Parties(at)
    await parties.answer("greeter", GREETING, {}, awaits=awaits)
    await until(lambda: parties.calls["greeter"].packets > 10)
    assert at.told(DetectionEnded) == []
    assert await parties.results() == {"greeter": MACHINE}
    await parties.leave()


async def test_with_detection_off_nobody_is_listened_to_first(at: Bench) -> None:
    at.ends[AGENT].on_call = lambda call: call.say(200, body=call.sdp())
    call = await at.dialed()
    await call.speaks()
    call.say(180)
    before = len(at.switch.said())
    await call.picks_up()
    await at.tells(LegAnswered)
    at.ring_agent("agent-leg")
    await at.tells(LegAnswered, "agent-leg")
    at.carrier.bridge(BridgeLegs("leg", "agent-leg"))
    await until(lambda: any(isinstance(each, LegsBridged) for each in at.events))
    assert "AMD(" not in at.switch.said()[before:]
    assert at.told(DetectionEnded) == []
    await call.asks("BYE")
    assert await at.ends_once() is HangupCause.NORMAL
    at.hang_up("agent-leg")
    await at.ends_once("agent-leg")
