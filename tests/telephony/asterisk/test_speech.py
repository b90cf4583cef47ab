"""A text is heard at the other end of a real switch. If these fail, messages are silence for whoever is called."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from telephony.asterisk.centre import Centre, Site, greets, numbers
from telephony.asterisk.inside import inside
from telephony.asterisk.line import AsteriskLine
from telephony.asterisk.phone import Dialog, Manner, Phone, loudness
from telephony.asterisk.place import Which, place_of_this_worker
from telephony.asterisk.tones import a_tone, tones_in
from telephony.support import WAIT_S, Behaviour, answered, ends, told
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.saying import Part, Saying, SpeechKind, plain
from trunkcall.engine.events import PlaybackEnded
from trunkcall.telephony.ari.recorded import Recorded
from trunkcall.telephony.ari.speech import Speech

pytestmark = inside

AGENTLESS: dict[str, dict[str, str]] = {"agentlessDialerConfig": {}}
PITCHES = {"high": 1234.0, "low": 567.0}
VOICE = """
import math, sys, wave
hertz = float(sys.stdin.read())
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 22050, 0, "NONE", ""))
    for n in range(11025):
        file.writeframesraw(round(16000 * math.sin(2 * math.pi * hertz * n / 22050)).to_bytes(2, "little", signed=True))
"""
"""Speaks numbers: each is a tone of its pitch, for half a second."""


def speech_in(folder: Path) -> Speech:
    return Speech(shlex.join([sys.executable, "-c", VOICE, "{file}"]), folder)


async def until(line: AsteriskLine, *play_ids: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while [each.play_id for each in told(line, PlaybackEnded)] != list(play_ids):
            await asyncio.sleep(0.02)


@contextmanager
def calling(tmp_path: Path, command: str, called: Sequence[str]) -> Iterator[tuple[Centre, Phone]]:
    """A whole server that speaks by this command, and those who are called."""
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), (), stack)
        customers = site.customers(dict.fromkeys(called, Manner(answers_after_s=0.1, says=greets(440))))
        yield Centre(site.serve(tmp_path / "centre", speech_command=command), ()), customers


def test_whoever_an_agentless_campaign_calls_hears_its_message(tmp_path: Path) -> None:
    called = numbers(3)
    command = shlex.join(
        [sys.executable, "-c", VOICE.replace("sys.stdin.read()", "'1234'").replace("11025", "33075"), "{file}"]
    )
    with calling(tmp_path, command, called) as (centre, customers):
        records = centre.until_all_ended(centre.call(called, dialerConfig=AGENTLESS))
        assert {record["Disposition"] for record in records.values()} == {"message_played"}
        for dialog in customers.dialogs.values():
            assert tones_in(bytes(dialog.heard)) == {1234}
        assert health(centre)["status"] == "ok"


def test_a_command_that_fails_is_told_and_the_call_is_ended_all_the_same(tmp_path: Path) -> None:
    called = numbers(2)
    with calling(tmp_path, "/bin/false {file}", called) as (centre, _):
        records = centre.until_all_ended(centre.call(called, dialerConfig=AGENTLESS))
        assert {record["Disposition"] for record in records.values()} == {"attempt_failed"}, "they have heard nothing"
        told = health(centre)
        assert (told["status"], told["trouble"]) == (
            "upkeep failing",
            "speech_command has failed: it ended with 1.",
        )


def health(centre: Centre) -> dict[str, str]:
    told: dict[str, str] = json.loads(centre.server.get("/health"))
    return told


async def test_whoever_is_called_hears_one_text_after_the_other(tmp_path: Path) -> None:
    speech = speech_in(tmp_path)
    line = AsteriskLine(Recorded(Path, speech.speak).speak)
    await line.start()
    try:
        await answered(line, "leg", Behaviour.ANSWERS_AND_IS_LEFT)
        (dialog,) = line.phones["answers_and_is_left"].dialogs.values()
        for play_id, hertz in PITCHES.items():
            line.carrier.play("leg", play_id, plain(str(hertz)))
        await until(line, *PITCHES)
        heard = bytes(dialog.heard)
        parts = [heard[at : at + 1600] for at in range(0, len(heard), 1600)]
        loud = [[loudness(part, hertz) > 0.2 for part in parts] for hertz in PITCHES.values()]
        high, low = ([at for at, is_loud in enumerate(each) if is_loud] for each in loud)
        assert len(high) in (1, 2, 3), "half a second, in fifths"
        assert len(low) in (1, 2, 3)
        assert max(high) <= min(low)
        assert (ends(line, "leg"), speech.trouble, line.carrier.prompt_trouble) == ([], None, None)
    finally:
        await line.close()
        await speech.close()


async def test_ssml_and_a_prompt_are_heard_in_one_piece_with_their_pauses(tmp_path: Path) -> None:
    speech = speech_in(tmp_path)
    recorded = Recorded(lambda sound: a_tone(tmp_path / f"{sound}.wav", PITCHES["low"], 0.5), speech.speak)
    recorded.know(Directory.of(Instance("i", "instance", 0, onboarded=True), [Prompt("p1", "closing", "closing-1")]))
    ssml = "<speak>1234<break time='600ms'/><prosody rate='slow'>567</prosody></speak>"
    line = AsteriskLine(recorded.speak)
    await line.start()
    try:
        await answered(line, "leg", Behaviour.ANSWERS_AND_IS_LEFT)
        (dialog,) = line.phones["answers_and_is_left"].dialogs.values()
        parts = Part(SpeechKind.PROMPT, "closing"), Part(SpeechKind.SSML, ssml)
        line.carrier.play("leg", "play", Saying(parts))
        await until(line, "play")
        assert [pitch for pitch, _ in pitches(dialog)][:4] == [567, 1234, 0, 567]
        silence = next(length_s for pitch, length_s in pitches(dialog)[1:] if pitch == 0)
        assert 0.5 <= silence <= 0.9, "a tenth of a second of the edges of either word is left"
        assert told(line, PlaybackEnded) == [PlaybackEnded("leg", "play", heard=True)]

        line.carrier.play("leg", "broken", Saying((Part(SpeechKind.SSML, "<speak>1234"),)))
        await until(line, "play", "broken")
        assert told(line, PlaybackEnded)[1:] == [PlaybackEnded("leg", "broken", heard=False)]
        assert speech.trouble is not None
        assert "no SSML" in speech.trouble
        assert ends(line, "leg") == []
    finally:
        await line.close()


def pitches(dialog: Dialog) -> list[tuple[int, float]]:
    """What was heard one after the other, and for how many seconds; 0 is silence."""
    heard = bytes(dialog.heard)
    told: list[tuple[int, float]] = []
    for at in range(0, len(heard) - 799, 800):
        loud = next((int(hertz) for hertz in PITCHES.values() if loudness(heard[at : at + 800], hertz) > 0.2), 0)
        if told and told[-1][0] == loud:
            told[-1] = loud, round(told[-1][1] + 0.1, 1)
        else:
            told.append((loud, 0.1))
    return told if told[0][0] else told[1:]
