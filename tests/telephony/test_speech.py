"""Texts become sounds that the switch plays. If these fail, customers hear nothing where they were to hear a message,
or that of another text; a slow command holds calls up; or what is said to somebody lies open in a log."""

from __future__ import annotations

import asyncio
import io
import math
import os
import shlex
import stat
import sys
import time
import wave
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
import uvloop

from trunkcall.domain.errors import SettingsError
from trunkcall.domain.saying import Part, SpeechKind
from trunkcall.telephony.ari.sound import SoundError, as_wav, samples_of
from trunkcall.telephony.ari.speech import KEEPS_FOR_S, Speech, forget_all

TEXT = "Hello Ada. We are calling about your appointment."
WORKS = """
import sys, time, wave
text = sys.stdin.buffer.read()
with open({log!r}, "a") as log:
    log.write("made\\n")
{first}
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, {rate}, 0, "NONE", ""))
    file.writeframes(len(text).to_bytes(2, "little") * {rate})
"""
"""Says a second of nothing but the length of the text."""


class Voice:
    """A command, what it has been run for, and the directory of its sounds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.prompts, self.log = folder, folder / "prompts", folder / "runs"

    def command(self, first: str = "", *, rate: int = 8000) -> str:
        """A command that does this first."""
        script = self.folder / "voice.py"
        script.write_text(WORKS.format(log=str(self.log), first=first, rate=rate), encoding="utf-8")
        return shlex.join([sys.executable, str(script), "{file}"])

    @property
    def runs(self) -> int:
        return len(self.log.read_text(encoding="utf-8").splitlines()) if self.log.exists() else 0

    def sounds(self) -> list[Path]:
        return sorted(self.prompts.glob("*.wav"))


@pytest_asyncio.fixture
async def voice(tmp_path: Path) -> AsyncIterator[Voice]:
    yield Voice(tmp_path)
    left = [each.name for each in (tmp_path / "prompts").glob(".*")]
    assert left == [], "nothing half made is left over"


async def said(speech: Speech, text: str = TEXT, *, voice: str | None = None) -> Path | None:
    """The sound of a text, or of SSML."""
    done: asyncio.Future[Path | None] = asyncio.get_running_loop().create_future()
    speech.speak(part(text), voice, done.set_result)
    return await done


def part(text: str) -> Part:
    return Part(SpeechKind.SSML if text.startswith("<speak>") else SpeechKind.TEXT, text)


def length_said(sound: Path | None) -> int:
    """The length of the text that the sound is of."""
    assert sound is not None
    with wave.open(str(sound), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        return int.from_bytes(file.readframes(1), "little")


async def test_a_text_becomes_a_sound_that_nobody_else_may_hear(voice: Voice) -> None:
    sound = await said(Speech(voice.command(), voice.prompts))
    assert length_said(sound) == len(TEXT)
    (file,) = voice.sounds()
    assert sound == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(voice.prompts.stat().st_mode) == 0o700


async def test_a_text_that_was_said_before_is_said_at_once_and_also_after_a_restart(voice: Voice) -> None:
    speech = Speech(voice.command(), voice.prompts)
    first = await said(speech)
    told: list[Path | None] = []
    speech.speak(part(TEXT), None, told.append)
    Speech(voice.command(), voice.prompts).speak(part(TEXT), None, told.append)
    assert told == [first, first]
    assert voice.runs == 1


async def test_two_who_are_to_hear_the_same_at_once_have_it_made_once(voice: Voice) -> None:
    speech = Speech(voice.command(), voice.prompts)
    assert len(set(await asyncio.gather(*(said(speech) for _ in range(20))))) == 1
    assert voice.runs == 1


async def test_other_words_or_another_voice_are_another_sound(voice: Voice) -> None:
    speech, slower = Speech(voice.command(), voice.prompts), Speech(f"{voice.command()} -s 90", voice.prompts)
    sounds = [await said(speech), await said(speech, "Good bye."), await said(slower)]
    assert [length_said(each) for each in sounds] == [len(TEXT), 9, len(TEXT)]
    assert len(set(sounds)) == 3


async def test_a_text_is_another_sound_in_another_voice_and_at_another_rate(voice: Voice) -> None:
    seen = voice.folder / "seen"
    command = voice.command(f"open({str(seen)!r}, 'a').write(str(sys.argv[2:]))") + " -v {voice} -s {rate}"
    sounds = [
        await said(Speech(command, voice.prompts, voice=spoken, rate=rate))
        for spoken, rate in (("en-us", 160), ("en-gb", 160), ("en-us", 120), ("en-us", 160))
    ]
    assert len(set(sounds)) == voice.runs == 3, "the last was said before"
    assert seen.read_text(encoding="utf-8").startswith("['-v', 'en-us', '-s', '160']['-v', 'en-gb', '-s', '160']")


async def test_nothing_of_a_text_is_in_a_name_or_an_argument_or_a_log(
    voice: Voice, caplog: pytest.LogCaptureFixture
) -> None:
    seen = voice.folder / "seen"
    command = voice.command(f"open({str(seen)!r}, 'w').write(repr(sys.argv) + repr(dict(__import__('os').environ)))")
    await said(Speech(command, voice.prompts))
    await said(Speech(voice.command("sys.exit(text.decode())"), voice.prompts), "Hello Grace.")
    shown = seen.read_text(encoding="utf-8") + "".join(map(str, voice.sounds())) + caplog.text
    assert "Ada" not in shown
    assert "Grace" not in shown


async def test_the_command_is_not_told_this_process_s_secrets(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKCALL_ARI_PASSWORD", "secret")
    command = voice.command("assert 'TRUNKCALL_ARI_PASSWORD' not in __import__('os').environ")
    assert await said(Speech(command, voice.prompts)) is not None


async def test_a_command_without_a_shell_makes_nothing_of_its_signs(voice: Voice) -> None:
    script = f"{voice.command()} '$(touch {voice.folder}/touched)' ; touch {voice.folder}/touched"
    assert await said(Speech(script, voice.prompts)) is not None
    assert not (voice.folder / "touched").exists()


# --- where none can be made -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("sys.exit(3)", "it ended with 3"),
        ("sys.exit(0)", "has not written {file}"),
        ("open(sys.argv[1], 'w').write('words'); sys.exit(0)", "a WAV file of PCM samples"),
        ("time.sleep(600)", "within 0.5 s"),
    ],
)
async def test_a_command_that_fails_leaves_nobody_waiting_and_is_said_once(
    voice: Voice, caplog: pytest.LogCaptureFixture, first: str, why: str
) -> None:
    speech = Speech(voice.command(first), voice.prompts, time_limit_s=0.5 if "sleep" in first else 30.0)
    assert await said(speech) is None
    assert await said(speech) is None
    assert speech.trouble is not None
    assert why in speech.trouble
    assert len(caplog.records) == 1


def test_a_command_that_does_not_read_the_text_is_judged_by_what_it_does(voice: Voice) -> None:
    """A server's loop says so otherwise than others do."""

    async def troubles() -> set[str | None]:
        speeches = [Speech("/bin/false {file}", voice.prompts) for _ in range(40)]
        for speech in speeches:
            assert await said(speech) is None
        return {speech.trouble for speech in speeches}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(troubles()) == {"speech_command has failed: it ended with 1."}


async def test_trouble_is_over_once_a_text_is_a_sound_again(voice: Voice) -> None:
    speech = Speech(voice.command("if len(text) < 20: sys.exit(1)"), voice.prompts)
    assert await said(speech, "Good bye.") is None
    assert speech.trouble is not None
    assert await said(speech) is not None
    assert speech.trouble is None


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "speech_command is not set"),
        ("/nowhere/speaks {file}", "cannot be started: No such file or directory"),
    ],
)
async def test_without_a_command_that_can_be_run_the_reason_is_told(voice: Voice, command: str, why: str) -> None:
    speech = Speech(command, voice.prompts)
    assert speech.trouble is None, "nobody has wanted to hear anything"
    assert await said(speech) is None
    assert speech.trouble is not None
    assert why in speech.trouble


async def test_a_directory_that_cannot_be_written_is_named(voice: Voice) -> None:
    voice.prompts.write_text("a file", encoding="utf-8")
    speech = Speech(voice.command(), voice.prompts)
    assert await said(speech) is None
    assert speech.trouble is not None
    assert str(voice.prompts) in speech.trouble


async def test_a_command_that_is_too_slow_for_all_leaves_nobody_waiting(voice: Voice) -> None:
    speech = Speech(voice.command("time.sleep(600)"), voice.prompts, time_limit_s=1.0, max_waiting=3)
    told = await asyncio.gather(*(said(speech, f"text {number}") for number in range(8)))
    assert told == [None] * 8
    assert speech.trouble is not None


async def test_what_a_command_has_started_ends_with_it(voice: Voice) -> None:
    """Its child would hold the processor for ever, and another with every text."""
    mark = voice.folder / "child"
    child = f"import pathlib, time; time.sleep(2); pathlib.Path({str(mark)!r}).touch()"
    command = voice.command(f"__import__('subprocess').run([sys.executable, '-c', {child!r}])")
    assert await said(Speech(command, voice.prompts, time_limit_s=1.0)) is None
    await asyncio.sleep(2)
    assert not mark.exists()


async def test_at_the_end_nobody_is_left_waiting(voice: Voice) -> None:
    speech = Speech(voice.command("time.sleep(600)"), voice.prompts)
    waits = asyncio.ensure_future(said(speech))
    await asyncio.sleep(0.1)
    await speech.close()
    assert await waits is None


def test_settings_that_cannot_be_are_refused_where_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="quotation mark"):
        Speech("espeak-ng '{file}", tmp_path)


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_what_was_made_ahead_is_there_at_once(voice: Voice) -> None:
    speech = Speech(voice.command(), voice.prompts)
    await speech.prepare([TEXT, "Good bye.", ""])
    told: list[Path | None] = []
    speech.speak(part("Good bye."), None, told.append)
    assert length_said(told[0]) == 9


async def test_the_directory_keeps_what_was_asked_for_last_and_no_more_than_it_may(voice: Voice) -> None:
    second = 16044
    speech = Speech(voice.command(), voice.prompts, keeps_bytes=4 * second)
    for number in range(4):
        await said(speech, "a" * (number + 1))
    first = await said(speech, "a")
    await said(speech, "aaaaa")
    assert first == await said(speech, "a")
    assert voice.runs == 5, "it was not made anew"
    assert sum(file.stat().st_size for file in voice.sounds()) <= 4 * second


async def test_a_sound_that_nobody_has_heard_for_a_week_is_kept_no_longer(voice: Voice) -> None:
    speech = Speech(voice.command(), voice.prompts)
    await said(speech, "Hello Ann")
    week_ago = time.time() - KEEPS_FOR_S - 1
    os.utime(voice.sounds()[0], (week_ago, week_ago))
    for text in ("Hello", "Hello Bob"):
        await said(speech, text)
    assert len(voice.sounds()) == 2


async def test_what_was_said_is_forgotten_with_whom_it_may_name(voice: Voice) -> None:
    speech = Speech(voice.command(), voice.prompts)
    await said(speech, "Hello Ann")
    forget_all(voice.prompts)
    assert voice.sounds() == []
    assert await said(speech, "Hello Ann") is not None
    forget_all(voice.prompts / "never made")


async def test_a_sound_that_somebody_has_removed_is_made_anew(voice: Voice) -> None:
    speech = Speech(voice.command(), voice.prompts)
    first = await said(speech)
    voice.sounds()[0].unlink()
    assert await said(speech) == first
    assert voice.runs == 2


async def test_a_text_of_nothing_is_not_spoken(voice: Voice) -> None:
    speech = Speech(voice.command(), voice.prompts)
    assert await said(speech, " \n") is None
    assert (voice.runs, speech.trouble) == (0, None)


# --- SSML, and voices -------------------------------------------------------------------------------------------------

SPEAKS = """
import sys, wave
text, voice, rate = sys.stdin.read(), sys.argv[2], int(sys.argv[3])
with open({log!r}, "a") as log:
    print(voice, rate, text, file=log)
silence = bytes(2 * 1600)
with wave.open(sys.argv[1], "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(silence + (b"\\x00\\x40" * (len(text) * 800)) + silence)
"""
"""Says each letter for a tenth of a second, with a fifth of a second of silence around each text."""


def speaker(voice: Voice, program: str = "speaker") -> str:
    script = voice.folder / program
    script.write_text(f"#!{sys.executable}{SPEAKS.format(log=str(voice.log))}", encoding="utf-8")
    script.chmod(0o755)
    return shlex.join([str(script), "{file}", "{voice}", "{rate}"])


def shape(sound: Path | None) -> list[tuple[bool, float]]:
    """Whether it is loud, and for how many seconds, one after the other."""
    assert sound is not None
    with wave.open(str(sound), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    loud = np.abs(samples) > 1000
    edges = [0, *(np.flatnonzero(np.diff(loud.astype(int))) + 1), len(loud)]
    return [(bool(loud[begin]), round((end - begin) / 8000, 2)) for begin, end in pairwise(edges)]


async def test_ssml_is_one_sound_with_its_pauses_and_rates(voice: Voice) -> None:
    speech = Speech(speaker(voice), voice.prompts, voice="en", rate=100)
    ssml = "<speak>ab<break time='1s'/><prosody rate='slow'>cde</prosody></speak>"
    sound = await said(speech, ssml)
    assert voice.log.read_text(encoding="utf-8") == "en 100 ab\nen 75 cde\n"
    # A twentieth of a second is left around each of what is spoken.
    assert shape(sound) == [(False, 0.05), (True, 0.2), (False, 1.1), (True, 0.3), (False, 0.05)]
    assert await said(speech, ssml) == sound
    assert voice.runs == 2, "the second time it is there"
    assert speech.trouble is None


async def test_a_text_keeps_its_marks_and_ssml_its_words(voice: Voice) -> None:
    speech = Speech(speaker(voice), voice.prompts, voice="en", rate=100)
    assert await said(speech, "1 < 2 & <b>") is not None
    assert await said(speech, "<speak>1 &lt; <w>2</w></speak>") is not None
    assert voice.log.read_text(encoding="utf-8") == "en 100 1 < 2 & <b>\nen 100 1 < 2\n"


@pytest.mark.parametrize("broken", ["<speak>Hello <b>Ada</speak>", "<speak>Ada & Bert</speak>"])
async def test_broken_ssml_is_not_heard_and_told_in_words_without_its_text(
    voice: Voice, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    speech = Speech(speaker(voice), voice.prompts)
    assert await said(speech, broken) is None
    assert speech.trouble is not None
    assert speech.trouble.startswith("A message was not heard. It is no SSML: one <speak> around all")
    assert "Ada" not in f"{speech.trouble}{[vars(each) for each in caplog.records]}"
    assert await said(speech) is not None
    assert voice.runs == 1


@pytest.mark.parametrize(
    ("program", "name", "told"),
    [
        ("espeak-ng", None, "en-gb-x-rp"),
        ("espeak-ng", "Joanna", "en-us"),
        ("espeak-ng", "Léa", "fr"),
        ("espeak-ng", "Amy", "en-gb-x-rp"),
        ("espeak-ng", "Vicki", "de+f4"),
        ("espeak-ng", "vicki", "de+f4"),
        ("espeak-ng", "Nobody", "en-gb-x-rp"),
        ("espeak-ng", "-x {file}", "en-gb-x-rp"),
        ("another", "Joanna", "en-gb-x-rp"),
        ("another", "Vicki", "de+f4"),
    ],
)
async def test_a_voice_is_that_of_the_settings_or_of_its_language_or_else_the_usual_one(
    voice: Voice, program: str, name: str | None, told: str
) -> None:
    speech = Speech(speaker(voice, program), voice.prompts, voice="en-gb-x-rp", rate=100, voices={"Vicki": "de+f4"})
    await said(speech, "a", voice=name)
    assert voice.log.read_text(encoding="utf-8") == f"{told} 100 a\n"


# --- the sound itself -------------------------------------------------------------------------------------------------


def wav(rate: int, *, hertz: float = 1000.0, channels: int = 1, width: int = 2, length_s: float = 1.0) -> bytes:
    """A tone at half of full scale."""
    octets = bytearray()
    for n in range(round(rate * length_s)):
        value = round(0.5 * math.sin(2 * math.pi * hertz * n / rate) * (2 ** (8 * width - 1) - 1))
        one = bytes([value + 128]) if width == 1 else value.to_bytes(width, "little", signed=True)
        octets += one * channels
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(octets))
    return out.getvalue()


def as_played(made: bytes) -> bytes:
    """The sound that a voice has made, as it is played."""
    return as_wav(samples_of(made))


def heard(sound: bytes) -> tuple[float, float, float]:
    """Its length, the pitch that is loudest in it, and how loud that is, 1 at full scale."""
    with wave.open(io.BytesIO(sound), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) / len(samples) * 4
    loudest = int(spectrum.argmax())
    return len(samples) / 8000, loudest * 8000 / len(samples), float(spectrum[loudest])


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 44100, 48000, 6000, 22051])
def test_whatever_rate_a_voice_has_the_tone_and_its_length_are_the_same(rate: int) -> None:
    length_s, hertz, amplitude = heard(as_played(wav(rate)))
    assert length_s == pytest.approx(1.0, abs=0.001)
    assert hertz == pytest.approx(1000.0, abs=2.0)
    assert amplitude == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("channels", "width"), [(2, 2), (1, 1), (1, 3), (1, 4), (2, 3)])
def test_whatever_samples_a_voice_has_the_tone_is_the_same(channels: int, width: int) -> None:
    length_s, hertz, amplitude = heard(as_played(wav(22050, channels=channels, width=width)))
    assert length_s == pytest.approx(1.0, abs=0.001)
    assert hertz == pytest.approx(1000.0, abs=2.0)
    assert amplitude == pytest.approx(0.5, abs=0.02)


def test_what_a_telephone_cannot_carry_is_left_out_and_not_heard_as_another_tone() -> None:
    _, _, amplitude = heard(as_played(wav(22050, hertz=6000.0)))
    assert amplitude < 0.002


def test_a_length_in_the_header_that_is_none_does_no_harm() -> None:
    """As voices write them that do not know it yet."""
    sound = bytearray(wav(22050))
    sound[4:8] = sound[40:44] = b"\xff\xff\xff\x7f"
    length_s, hertz, _ = heard(as_played(bytes(sound)))
    assert length_s == pytest.approx(1.0, abs=0.001)
    assert hertz == pytest.approx(1000.0, abs=2.0)


def test_a_sound_of_nothing_is_one() -> None:
    with wave.open(io.BytesIO(as_played(wav(22050, length_s=0.0))), "rb") as file:
        assert file.getnframes() == 0


@pytest.mark.parametrize("made", [b"", b"RIFF", b"words " * 100, wav(8000)[:30], wav(200_000, length_s=0.01)])
def test_what_is_no_sound_is_refused(made: bytes) -> None:
    with pytest.raises(SoundError):
        as_played(made)


async def test_on_a_full_disk_half_a_sound_is_not_kept_for_the_whole(voice: Voice) -> None:
    """Many commands do not look at what becomes of what they write."""
    full = Speech(voice.command(), voice.prompts, min_room_bytes=1 << 62)
    assert await said(full, TEXT) is None
    assert full.trouble is not None
    assert "No space left on device" in full.trouble
    assert voice.sounds() == []
