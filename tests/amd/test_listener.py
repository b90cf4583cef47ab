"""What is heard on an answered leg. If these fail, messages are said into greetings, long after the beep, or never."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.amd.g711 import RATE, decoded
from trunkcall.amd.listener import Beep, GreetingEnded, Heard, How, Listener
from trunkcall.domain.instants import SECOND
from trunkcall.telephony.sound.ulaw import encoded

Sound = npt.NDArray[np.float64]


def silence(length_s: float) -> Sound:
    return np.zeros(round(length_s * RATE))


def tone(hz: float, length_s: float, loud: float = 0.2) -> Sound:
    return loud * np.sin(2 * np.pi * hz * np.arange(round(length_s * RATE)) / RATE)


def speech(length_s: float) -> Sound:
    """Syllables: voiced sounds whose pitch falls, with the strongest overtones of a vowel, one after the other."""
    made: list[Sound] = []
    for number in range(round(length_s / 0.25)):
        at = np.arange(round(0.18 * RATE)) / RATE
        pitch = 2 * np.pi * (140 - 25 * (number % 3)) * (at - 0.4 * at**2)
        vowel = 400 + 150 * (number % 4)
        heard = sum(np.sin(n * pitch) / (1 + abs(n * 120 - vowel) / 100) for n in range(1, 20))
        made += [0.05 * np.asarray(heard) * np.hanning(len(at)), silence(0.07)]
    return np.concatenate(made)


def noise(length_s: float, loud: float, seed: int = 1) -> Sound:
    return loud * np.random.default_rng(seed).normal(size=round(length_s * RATE))


def octets(*sounds: Sound) -> bytes:
    return encoded((np.clip(np.concatenate(sounds), -1, 1) * 32767).astype(np.int16))


def heard_in(*sounds: Sound) -> tuple[Heard, ...]:
    return Listener().feed(octets(*sounds))


def beeps(*sounds: Sound) -> list[Beep]:
    return [each for each in heard_in(*sounds) if isinstance(each, Beep)]


def over(*sounds: Sound) -> GreetingEnded | None:
    return next((each for each in heard_in(*sounds) if isinstance(each, GreetingEnded)), None)


# --- beeps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", [400.0, 441.0, 620.0, 1000.0, 1400.0, 2000.0])
@pytest.mark.parametrize("length_s", [0.12, 0.4, 1.5])
def test_a_beep_after_a_greeting_is_told_with_its_height_and_when_it_was(hz: float, length_s: float) -> None:
    (beep,) = beeps(speech(3), silence(0.5), tone(hz, length_s), silence(1))
    assert abs(beep.hz - hz) < 2
    assert abs(beep.began_after - 3.5 * SECOND) < 0.04 * SECOND
    assert abs(beep.ended_after - (3.5 + length_s) * SECOND) < 0.04 * SECOND


@pytest.mark.parametrize(
    "beep",
    [
        tone(440, 0.4) + tone(620, 0.4),
        np.concatenate([tone(800, 0.15), silence(0.03), tone(800, 0.2)]),
        0.2 * np.sin(2 * np.pi * np.cumsum(np.linspace(900, 1200, 4000)) / RATE),
        tone(1000, 0.4) + noise(0.4, 0.02),
        tone(1000, 0.4, loud=0.01),
        tone(1000, 0.4, loud=0.9),
    ],
    ids=["of two tones", "interrupted", "sweeping", "in noise", "faint", "loud"],
)
def test_a_beep_is_heard_that_is_not_plain(beep: Sound) -> None:
    assert len(beeps(speech(2), silence(0.4), beep, silence(1))) == 1


def test_each_beep_is_told() -> None:
    heard = beeps(
        speech(2), silence(0.4), tone(800, 0.3), silence(0.4), tone(1000, 0.3), silence(2), tone(800, 0.5), silence(1)
    )
    assert [round(each.hz, -1) for each in heard] == [800, 1000, 800]


@pytest.mark.parametrize(
    "sound",
    [
        speech(20),
        noise(20, 0.1),
        tone(425, 5),
        np.tile(np.concatenate([tone(440, 2) + tone(480, 2), silence(4)]), 2),
        np.concatenate([tone(914, 0.38), tone(1371, 0.27), tone(1777, 0.38), silence(1)]),
        tone(1000, 0.05),
        0.2 * np.sin(2 * np.pi * 30 * np.arange(8000) / RATE),
    ],
    ids=["speech", "noise", "dial tone", "ringing", "tones before an announcement", "click", "hum"],
)
def test_what_is_no_beep_is_not_told_as_one(sound: Sound) -> None:
    assert beeps(silence(0.5), sound, silence(1)) == []


def test_a_tone_whose_beginning_was_not_heard_is_none() -> None:
    assert beeps(tone(440, 1.0), silence(1)) == []


# --- when a message may begin -----------------------------------------------------------------------------------------


def test_a_message_may_begin_right_after_the_beep() -> None:
    ended = over(speech(3), silence(0.5), tone(1000, 0.4), silence(1))
    assert ended is not None
    assert ended.how is How.BEEP
    assert 0 <= ended.known_after - 3.9 * SECOND < 0.3 * SECOND


def test_two_beeps_in_a_row_are_waited_for() -> None:
    ended = over(speech(2), silence(0.4), tone(1000, 0.2), silence(0.1), tone(800, 0.3), silence(1))
    assert ended is not None
    assert ended.known_after > 3.0 * SECOND


def test_where_nothing_beeps_some_two_seconds_of_silence_end_a_greeting() -> None:
    ended = over(speech(3), silence(1.6), speech(2), noise(3, 0.002))
    assert ended is not None
    assert ended.how is How.SILENCE
    assert abs(ended.ended_after - 6.6 * SECOND) < 0.15 * SECOND
    assert abs(ended.known_after - 8.8 * SECOND) < 0.2 * SECOND


def test_a_word_that_fades_away_before_a_long_pause_ends_no_greeting() -> None:
    """As people speak at the end of a sentence, and as a word begins after it."""
    faint = 0.1 * speech(0.5)
    ended = over(speech(3), faint, silence(1.6), faint, speech(2), silence(3))
    assert ended is not None
    assert ended.ended_after > 7 * SECOND


def test_a_voice_without_pauses_on_a_line_without_noise_is_one() -> None:
    """As machines have it whose greetings were synthesised: nothing at all is heard between words."""
    at = np.arange(round(6 * RATE)) / RATE
    loud = 0.2 * np.maximum(0.0, np.sin(2 * np.pi * 2.2 * at)) ** 0.3
    pitch = 2 * np.pi * np.cumsum(260 + 90 * np.sin(2 * np.pi * 3.1 * at)) / RATE
    ended = over(loud * (np.sin(pitch) + 0.6 * np.sin(2 * pitch)), silence(3))
    assert ended is not None
    assert abs(ended.ended_after - 6 * SECOND) < 0.4 * SECOND


def test_where_nobody_speaks_more_is_waited_for_before_the_first_word() -> None:
    assert over(silence(3.9)) is None
    ended = over(silence(4.2))
    assert ended is not None
    assert (ended.how, ended.ended_after) == (How.SILENCE, 0)


def test_where_it_is_never_quiet_half_a_minute_is_enough() -> None:
    ended = over(*[speech(1), noise(0.3, 0.05)] * 30)
    assert ended is not None
    assert ended.how is How.TOO_LONG
    assert abs(ended.known_after - 30 * SECOND) < 0.1 * SECOND


def test_that_a_greeting_is_over_is_told_once() -> None:
    heard = heard_in(speech(1), silence(3), speech(1), silence(3), tone(1000, 0.4), silence(3))
    assert [type(each) for each in heard] == [GreetingEnded, Beep]


def test_a_far_end_that_sends_nothing_while_it_is_silent_is_silent() -> None:
    listener = Listener()
    assert listener.feed(octets(speech(3))) == ()
    (ended,) = listener.gap(round(2.5 * RATE))
    assert isinstance(ended, GreetingEnded)
    assert ended.how is How.SILENCE
    assert listener.listened_for == 5.5 * SECOND


# --- sound as it comes ------------------------------------------------------------------------------------------------

_CALL = octets(speech(1), silence(0.3), tone(1000, 0.3), silence(0.4), tone(440, 0.3) + tone(700, 0.3), silence(0.6))


@given(st.lists(st.integers(0, 3000), max_size=40))
def test_in_whatever_pieces_sound_comes_the_same_is_heard(cuts: list[int]) -> None:
    listener = Listener()
    heard: list[Heard] = []
    at = 0
    for cut in cuts:
        heard += listener.feed(_CALL[at : at + cut])
        at = min(at + cut, len(_CALL))
    heard += listener.feed(_CALL[at:])
    assert tuple(heard) == Listener().feed(_CALL)


def test_beeps_are_heard_beside_each_other() -> None:
    assert [type(each) for each in Listener().feed(_CALL)] == [Beep, GreetingEnded, Beep]


def test_octets_are_decoded_as_the_recommendation_says() -> None:
    """ITU-T G.711: the greatest values, and those around 0."""
    assert decoded(b"\x00\x80\xff\x7f").tolist() == [-32124, 32124, 0, 0]
