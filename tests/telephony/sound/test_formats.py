"""Files that are made prompts. If these fail, whoever adds a file that is odd is told that Trunkcall is at fault, has
noise for a prompt, or has the machine run out of memory."""

from __future__ import annotations

import io
import tracemalloc
import wave

import numpy as np
import pytest
import soundfile

from trunkcall.telephony.sound.formats import UnreadableSoundError, telephone_sound

MAX_S = 90
MIB = 1 << 20
RATE = 44_100


def written(samples: object, rate: int, subtype: str, form: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype=subtype, format=form)
    return file.getvalue()


def a_tone(length_s: float) -> object:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(length_s * RATE)) / RATE)


def test_a_small_file_of_much_silence_takes_little_memory() -> None:
    file = written(np.zeros((48_000 * 60, 8), "i2"), 48_000, "PCM_16", "FLAC")
    assert len(file) < MIB
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableSoundError, match="longer than 2 seconds"):
            telephone_sound(file, max_s=2)
        assert tracemalloc.get_traced_memory()[1] < 20 * MIB
    finally:
        tracemalloc.stop()


def test_a_sound_of_as_many_seconds_as_there_may_be_is_taken_whole() -> None:
    file = written(a_tone(MAX_S), RATE, "PCM_16", "FLAC")
    assert len(telephone_sound(file, max_s=MAX_S)) == 8_000 * MAX_S


@pytest.mark.parametrize("sample", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_sound(sample: float) -> None:
    with pytest.raises(UnreadableSoundError, match="no numbers"):
        telephone_sound(written(np.full(2_000, sample), 8_000, "FLOAT"), max_s=MAX_S)


@pytest.mark.parametrize("rate", [192_001, 2**31 - 1])
def test_a_file_of_more_samples_a_second_than_can_be_read_is_refused(rate: int) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(rate)
        made.writeframes(bytes(16_000))
    octets = bytearray(file.getvalue())
    octets[28:32] = bytes(4)
    with pytest.raises(UnreadableSoundError):
        telephone_sound(bytes(octets), max_s=MAX_S)


@pytest.mark.parametrize("start", [b"", b"RIFF\xff\xff\xff\xffWAVE", b"ID3\x04\0\0\0\0\0\0", b"OggS", b"fLaC", b"FORM"])
def test_what_only_begins_as_a_sound_does_is_refused_in_words(start: bytes) -> None:
    with pytest.raises(UnreadableSoundError, match="no sound that can be read"):
        telephone_sound(start + b"\x55" * 4_000, max_s=MAX_S)


@pytest.mark.parametrize("form", ["WAV", "AIFF", "AU", "OGG"])
def test_a_file_that_ends_where_its_sound_should_begin_is_refused(form: str) -> None:
    subtype = "VORBIS" if form == "OGG" else "PCM_16"
    for file in (written(np.zeros(0), RATE, subtype, form), written(a_tone(2), RATE, subtype, form)[:200]):
        with pytest.raises(UnreadableSoundError, match=r"no sound in it|no sound that can be read"):
            telephone_sound(file, max_s=MAX_S)
    with pytest.raises(UnreadableSoundError, match="file is empty"):
        telephone_sound(b"", max_s=MAX_S)


@pytest.mark.parametrize(("form", "subtype"), [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("AIFF", "PCM_16")])
def test_a_file_that_was_cut_short_is_refused_and_says_after_how_much(form: str, subtype: str) -> None:
    whole = written(a_tone(2), RATE, subtype, form)
    with pytest.raises(UnreadableSoundError, match=r"cut short after 1\.0 s"):
        telephone_sound(whole[: len(whole) // 2], max_s=MAX_S)


@pytest.mark.parametrize("unknown", [b"\xff\xff\xff\xff", b"\x24\xf0\xff\x7f"])
def test_a_file_that_was_written_to_a_pipe_is_taken_whole(unknown: bytes) -> None:
    file = bytearray(written(a_tone(2), RATE, "PCM_16"))
    file[4:8] = file[40:44] = unknown
    assert len(telephone_sound(bytes(file), max_s=MAX_S)) == 16_000


def test_an_aiff_file_that_sox_wrote_to_a_pipe_is_taken_whole() -> None:
    file = bytearray(written(a_tone(2), RATE, "PCM_16", "AIFF"))
    file[4:8] = (0x7F00_0000 + 46).to_bytes(4, "big")
    assert len(telephone_sound(bytes(file), max_s=MAX_S)) == 16_000


def test_a_file_in_which_nothing_is_heard_is_refused() -> None:
    hiss = np.random.default_rng(1).integers(-1, 2, RATE).astype("i2")
    for silent in (np.zeros(RATE, "i2"), hiss):
        with pytest.raises(UnreadableSoundError, match="silent from its beginning"):
            telephone_sound(written(silent, RATE, "PCM_16"), max_s=MAX_S)
