"""What is played is heard at the other end of a real switch, by whom it is for, and nothing of it is left over. If
these fail, messages are silence, a key does not break one off, or a switch fills up with channels that nobody uses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from telephony.asterisk.ari import ask
from telephony.asterisk.inside import inside
from telephony.asterisk.line import AGENTS, AsteriskLine
from telephony.asterisk.phone import Dialog, loudness, tone
from telephony.asterisk.place import place_of_this_worker
from telephony.asterisk.tones import a_tone
from telephony.support import WAIT_S, Behaviour, agent_leg, answered, bridge, ends, hang_up, session_leg, told, until
from trunkcall.domain.saying import Part, Saying, SpeechKind, plain
from trunkcall.engine.commands import PlayTone, StopPlaying
from trunkcall.engine.events import KeyPressed, LegAnswered, LegEnded, LegsBridged, PlaybackEnded
from trunkcall.telephony.ari.prompts import Sounds as Said
from trunkcall.telephony.ari.recorded import Recorded

pytestmark = inside

HIGH, LOW = 1234, 567
NOTHING = "no sound"
FRAMES = 1600
"""A fifth of a second."""


class Sounds:
    """Texts are tones: their pitch, and for how many seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def speak(self, saying: Saying, then: Callable[[Said | None], None]) -> None:
        Recorded(Path, self._text).speak(saying, then)

    def _text(self, part: Part, voice: str | None, then: Callable[[Path | None], None]) -> None:
        text = part.value
        hertz, _, length_s = text.partition(" for ")
        if text == NOTHING:
            (self._folder / NOTHING).write_text("words", encoding="utf-8")
            then(self._folder / NOTHING)
            return
        then(a_tone(self._folder / f"{text}.wav", float(hertz), float(length_s)))


@pytest_asyncio.fixture
async def line(tmp_path: Path) -> AsyncIterator[AsteriskLine]:
    made = AsteriskLine(Sounds(tmp_path).speak)
    await made.sounds.start()
    await made.start()
    yield made
    await made.close()


def hears(dialog: Dialog, hertz: int, *, since: int = 0) -> bool:
    """Whether the tone was loud for a fifth of a second."""
    heard = bytes(dialog.heard[since:])
    return any(loudness(heard[at : at + FRAMES], hertz) > 0.2 for at in range(0, len(heard) - FRAMES + 1, FRAMES // 4))


async def called(line: AsteriskLine, leg_id: str = "leg") -> Dialog:
    await answered(line, leg_id, Behaviour.ANSWERS_AND_IS_LEFT)
    *_, dialog = line.phones["answers_and_is_left"].dialogs.values()
    return dialog


async def talking(line: AsteriskLine) -> tuple[Dialog, Dialog]:
    """A customer and an agent, who are joined."""
    customer = await called(line)
    line.carrier.originate_agent_leg(agent_leg("agent", "leg"))
    await until(lambda: told(line, LegAnswered, "agent"))
    bridge(line, "leg", "agent")
    await until(lambda: told(line, LegsBridged))
    *_, agent = line.phones[AGENTS[0]].dialogs.values()
    return customer, agent


async def left_at_the_switch(line: AsteriskLine) -> list[str]:
    """Channels and bridges of this line's."""
    found = [each for what in ("channels", "bridges") for each in await asyncio.to_thread(_ask, what)]
    return [each for each in found if each.startswith(f"{line.app}.")]


def _ask(what: str) -> list[str]:
    return [str(each["id"]) for each in ask(place_of_this_worker(), "GET", what)]


async def is_rid_of_all(line: AsteriskLine, *, but: frozenset[str] = frozenset()) -> None:
    try:
        async with asyncio.timeout(WAIT_S):
            while set(await left_at_the_switch(line)) != {f"{line.app}.{each}" for each in but}:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"left are {await left_at_the_switch(line)}") from None


@pytest.mark.long
async def test_a_sound_of_half_a_minute_is_heard_whole(line: AsteriskLine) -> None:
    """Asterisk holds twenty seconds, and drops what it is sent beyond."""
    dialog = await called(line)
    line.carrier.play("leg", "play", plain(f"{HIGH} for 25"))
    async with asyncio.timeout(25 + WAIT_S):
        while not told(line, PlaybackEnded):
            await asyncio.sleep(0.1)
    heard = bytes(dialog.heard)
    loud = [at for at in range(0, len(heard), 800) if loudness(heard[at : at + 800], HIGH) > 0.2]
    assert 24.8 < len(loud) / 10 < 25.2
    assert loud[-1] - loud[0] < 25.2 * 8000, "without a gap"


async def test_a_sound_that_is_stopped_is_not_heard_any_more(line: AsteriskLine) -> None:
    dialog = await called(line)
    line.carrier.play("leg", "play", plain(f"{HIGH} for 20"))
    await until(lambda: hears(dialog, HIGH))
    line.carrier.stop_playing(StopPlaying("leg", "play"))
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "play", heard=False)], "at once"
    stopped_at = len(dialog.heard)
    await asyncio.sleep(0.7)
    # What the switch had sent already is a frame or two.
    assert not hears(dialog, HIGH, since=stopped_at + 800)
    assert len(told(line, PlaybackEnded)) == 1


async def test_what_is_said_in_a_talk_is_heard_by_whom_it_is_for_alone(line: AsteriskLine) -> None:
    customer, agent = await talking(line)
    line.carrier.play("agent", "whisper", plain(f"{LOW} for 1"))
    await until(lambda: told(line, PlaybackEnded, "agent"))
    line.carrier.play("leg", "told", plain(f"{HIGH} for 1"))
    await until(lambda: told(line, PlaybackEnded, "leg"))
    assert hears(agent, LOW)
    assert hears(customer, HIGH)
    assert not hears(customer, LOW)
    assert not hears(agent, HIGH)
    assert ends(line, "leg") == ends(line, "agent") == []


async def test_a_person_goes_before_what_is_played(line: AsteriskLine) -> None:
    await called(line)
    line.carrier.play("leg", "waiting", plain(f"{HIGH} for 20"))
    line.carrier.originate_agent_leg(agent_leg("agent", "leg"))
    await until(lambda: told(line, LegAnswered, "agent"))
    bridge(line, "leg", "agent")
    await until(lambda: told(line, LegsBridged))
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "waiting", heard=False)]


async def test_nothing_is_left_over_once_it_is_quiet_nor_when_the_leg_has_gone(line: AsteriskLine) -> None:
    await called(line)
    line.carrier.play("leg", "first", plain(f"{HIGH} for 0.2"))
    await until(lambda: told(line, PlaybackEnded))
    await is_rid_of_all(line, but=frozenset({"leg"}))
    line.carrier.play("leg", "second", plain(f"{HIGH} for 20"))
    await asyncio.sleep(0.3)
    hang_up(line, "leg")
    await until(lambda: told(line, LegEnded))
    await is_rid_of_all(line)


async def test_a_sound_process_that_dies_ends_what_is_played_and_another_plays_on(line: AsteriskLine) -> None:
    dialog = await called(line)
    line.carrier.play("leg", "before", plain(f"{HIGH} for 20"))
    await until(lambda: hears(dialog, HIGH))
    dying = asyncio.create_task(line.sounds.dies())
    await until(lambda: told(line, PlaybackEnded))
    # Once the next process has connected anything there is no trouble any more.
    assert line.carrier.prompt_trouble
    await dying
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "before", heard=False)]
    line.carrier.play("leg", "after", plain(f"{LOW} for 0.5"))
    await until(lambda: PlaybackEnded("leg", "after") in told(line, PlaybackEnded))
    assert hears(dialog, LOW)
    assert ends(line, "leg") == []


async def test_a_sound_that_is_none_is_over_at_once_and_told(line: AsteriskLine, tmp_path: Path) -> None:
    await called(line)
    line.carrier.play("leg", "none", plain(NOTHING))
    await until(lambda: told(line, PlaybackEnded))
    assert line.carrier.prompt_trouble
    line.carrier.play("leg", "some", plain(f"{LOW} for 0.2"))
    await until(lambda: len(told(line, PlaybackEnded)) == len(("none", "some")))
    assert line.carrier.prompt_trouble is None
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "none", False), PlaybackEnded("leg", "some", True)]


def parts(*texts: str, again: bool = False) -> Saying:
    return Saying(tuple(Part(SpeechKind.TEXT, each) for each in texts), again=again)


def pitches(dialog: Dialog, *, since: int = 0) -> list[int]:
    """What was heard for tenths of a second, each pitch or 0 for silence, without repetitions."""
    heard = bytes(dialog.heard[since:])
    tenths = [heard[at : at + 800] for at in range(0, len(heard) - 799, 800)]
    told = [next((hertz for hertz in (HIGH, LOW) if loudness(each, hertz) > 0.2), 0) for each in tenths]
    return [each for each, before in zip(told, [0, *told], strict=False) if each != before]


async def test_parts_follow_each_other_without_a_gap(line: AsteriskLine) -> None:
    dialog = await called(line)
    line.carrier.play("leg", "play", parts(f"{HIGH} for 0.5", f"{LOW} for 0.5", f"{HIGH} for 0.5"))
    await until(lambda: told(line, PlaybackEnded) == [PlaybackEnded("leg", "play")])
    assert pitches(dialog)[:3] == [HIGH, LOW, HIGH]


async def test_what_is_said_again_and_again_is_heard_so_until_a_key_stops_it_at_once(line: AsteriskLine) -> None:
    dialog = await called(line)
    line.carrier.play("leg", "loop", parts(f"{HIGH} for 0.5", f"{LOW} for 0.5", again=True))
    await until(lambda: len(pitches(dialog)) > 5)
    assert pitches(dialog)[:6] == [HIGH, LOW] * 3
    assert told(line, PlaybackEnded) == []
    line.press("leg", "5")
    await until(lambda: told(line, KeyPressed))
    line.phones["answers_and_is_left"].press_by_info("6")
    await until(lambda: told(line, KeyPressed) == [KeyPressed("leg", "5"), KeyPressed("leg", "6")])
    assert told(line, PlaybackEnded) == []
    line.carrier.stop_playing(StopPlaying("leg", "loop"))
    await until(lambda: told(line, PlaybackEnded))
    stopped_at = len(dialog.heard)
    await asyncio.sleep(1)
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "loop", heard=False)]
    assert not hears(dialog, HIGH, since=stopped_at + 800)
    assert not hears(dialog, LOW, since=stopped_at + 800)
    assert ends(line, "leg") == []


async def test_a_sound_ends_within_a_tenth_of_a_second_of_the_key_that_stops_it(line: AsteriskLine) -> None:
    """Of half of them: a machine that others work on too is late by itself."""
    dialog = await called(line)
    late: list[int] = []
    for number in range(6):
        began = len(dialog.heard)
        line.carrier.play("leg", f"play-{number}", plain(f"{HIGH} for 20"))
        await until(partial(hears, dialog, HIGH, since=began))
        stopped_at = len(dialog.heard)
        line.carrier.stop_playing(StopPlaying("leg", f"play-{number}"))
        await asyncio.sleep(0.5)
        after = bytes(dialog.heard[stopped_at:])
        loud = [at for at in range(0, len(after) - 159, 160) if loudness(after[at : at + 160], HIGH) > 0.2]
        late.append((loud[-1] + 160) // 8 if loud else 0)
    assert sorted(late)[len(late) // 2 - 1] <= 100, f"milliseconds of it were heard: {late}"


async def test_whoever_waits_is_spoken_to_on_a_stream_that_is_ready(line: AsteriskLine, tmp_path: Path) -> None:
    """Making one takes a switch that is busy a while, and a safe-harbour message has its time."""
    waiting = AsteriskLine(Sounds(tmp_path).speak)
    await line.close()
    await waiting.sounds.start()
    await waiting.start()
    try:
        dialog = await called(waiting)
        sound = f"{waiting.app}.leg.ready.sound"
        async with asyncio.timeout(10):
            while sound not in await left_at_the_switch(waiting):
                await asyncio.sleep(0.05)
        waiting.carrier.play("leg", "play", plain(f"{HIGH} for 0.5"))
        await until(lambda: told(waiting, PlaybackEnded) == [PlaybackEnded("leg", "play")])
        assert hears(dialog, HIGH)
        waiting.carrier.originate_agent_leg(agent_leg("agent", "leg"))
        await until(lambda: told(waiting, LegAnswered, "agent"))
        bridge(waiting, "leg", "agent")
        await until(lambda: told(waiting, LegsBridged))
        await is_rid_of_all(waiting, but=frozenset({"leg", "agent", "agent.talk"}))
    finally:
        await waiting.close()


async def test_whoever_waits_in_silence_is_sent_some_and_hears_what_comes_after_it(line: AsteriskLine) -> None:
    """A telephone at which nothing arrives takes the call for lost. What is said, or a person, is heard as before."""
    for phone, hertz in ((line.phones["answers_and_is_left"], HIGH), (line.phones[AGENTS[0]], LOW)):
        phone.manner = replace(phone.manner, says=b"", goes_on=tone(hertz, 1.0))
    customer = await called(line)
    line.carrier.originate_session_leg(session_leg("session"))
    await until(lambda: told(line, LegAnswered, "session"))
    (agent,) = line.phones[AGENTS[0]].dialogs.values()
    await hear_silence(customer, agent)
    line.carrier.play("leg", "play", plain(f"{LOW} for 0.5"))
    line.carrier.play_tone(PlayTone("session", "tone", ((HIGH, 400),)))
    await until(lambda: len(told(line, PlaybackEnded)) == len(("play", "tone")))
    assert all(each.heard for each in told(line, PlaybackEnded))
    assert (hears(customer, LOW), hears(agent, HIGH)) == (True, True)
    await hear_silence(customer, agent)
    await line.start()
    since = len(customer.heard)
    line.carrier.play("leg", "by the next dialer", plain(f"{LOW} for 0.5"))
    await until(lambda: told(line, PlaybackEnded))
    assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "by the next dialer")]
    assert hears(customer, LOW, since=since)
    await hear_silence(customer, agent)
    bridge(line, "leg", "session")
    await until(lambda: told(line, LegsBridged))
    heard = len(customer.heard), len(agent.heard)
    await until(lambda: hears(customer, LOW, since=heard[0]) and hears(agent, HIGH, since=heard[1]))
    assert ends(line, "leg") == ends(line, "session") == []


async def hear_silence(*dialogs: Dialog) -> None:
    """Half a second of it, and nothing else."""
    since = [len(each.heard) for each in dialogs]
    await until(lambda: all(len(each.heard) >= begin + 4000 for each, begin in zip(dialogs, since, strict=True)))
    for each, begin in zip(dialogs, since, strict=True):
        # What was said last may still arrive.
        assert not any(hears(each, hertz, since=begin + 1600) for hertz in (HIGH, LOW))


async def test_what_a_dialer_leaves_behind_is_gone_when_the_next_one_comes(line: AsteriskLine) -> None:
    await called(line)
    line.carrier.play("leg", "play", plain(f"{HIGH} for 20"))
    await asyncio.sleep(0.3)
    await line.start()
    await is_rid_of_all(line, but=frozenset({"leg"}))
    line.carrier.play("leg", "again", plain(f"{LOW} for 0.2"))
    await until(lambda: told(line, PlaybackEnded) == [PlaybackEnded("leg", "again")])
