"""What is sent to a sound channel of Asterisk's, and when. If these fail, the end of a long message is missing, one
message is cut off by the end of another, or a flow goes on while somebody is still being spoken to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trunkcall.telephony.sound.websocket import AGAIN_S, AHEAD_S, FRAME, RATE, SILENCE, Message, Speaker

HELD_BY_ASTERISK = 900 * FRAME
"""Octets beyond which it says MEDIA_XOFF; of 1,000 frames it drops what is too much."""


def octets(messages: list[Message]) -> bytes:
    return b"".join(each for each in messages if isinstance(each, bytes))


def words(messages: list[Message]) -> list[str]:
    return [each for each in messages if isinstance(each, str)]


def sound(length_s: float) -> bytes:
    return bytes(n * 7 % 251 for n in range(round(length_s * RATE)))


@given(length=st.integers(0, 60 * RATE), late=st.lists(st.floats(0, 2), min_size=1, max_size=10))
def test_every_octet_is_sent_once_and_never_more_than_the_switch_holds(length: int, late: list[float]) -> None:
    speaker, sent, now_s = Speaker(), list[Message](), 100.0
    whole = bytes(n * 7 % 251 for n in range(length))
    speaker.play("play", whole)
    turn = 0
    while True:
        sent += speaker.due(now_s)
        played = min(len(octets(sent)), round((now_s - 100.0) * RATE))
        assert len(octets(sent)) - played < HELD_BY_ASTERISK
        if words(sent)[-1].startswith("STOP"):
            break
        now_s += AGAIN_S + late[turn % len(late)]
        turn += 1
    assert octets(sent) == whole + SILENCE * (-length % FRAME), "whole frames"
    assert words(sent) == ["START_MEDIA_BUFFERING", "STOP_MEDIA_BUFFERING 1"]
    assert speaker.hears("MEDIA_BUFFERING_COMPLETED 1") == "play"
    assert speaker.playing is None


def test_the_switch_is_never_left_without_sound_however_late_within_reason_it_is_given_more() -> None:
    speaker = Speaker()
    speaker.play("play", sound(30))
    sent = list(speaker.due(0.0))
    for second in range(1, 25):
        assert len(octets(sent)) >= (second + AHEAD_S - AGAIN_S) * RATE
        sent += speaker.due(float(second))


def test_what_is_stopped_is_thrown_away_at_once() -> None:
    speaker = Speaker()
    speaker.play("play", sound(10))
    list(speaker.due(0.0))
    assert speaker.stop() == "play"
    assert list(speaker.due(0.1)) == ["FLUSH_MEDIA"]
    assert list(speaker.due(5.0)) == []
    assert speaker.stop() is None


def test_what_was_never_begun_is_not_thrown_away() -> None:
    speaker = Speaker()
    speaker.play("play", sound(1))
    assert speaker.stop() == "play"
    assert list(speaker.due(0.0)) == []


def test_the_end_of_what_was_broken_off_is_not_taken_for_that_of_what_came_after() -> None:
    """It may be on its way already."""
    speaker = Speaker()
    speaker.play("first", sound(1))
    list(speaker.due(0.0))
    assert speaker.play("second", sound(1)) == "first"
    sent = list(speaker.due(0.9))
    assert words(sent) == ["FLUSH_MEDIA", "START_MEDIA_BUFFERING", "STOP_MEDIA_BUFFERING 2"]
    assert speaker.hears("MEDIA_BUFFERING_COMPLETED 1") is None
    assert speaker.playing == "second"
    assert speaker.hears("MEDIA_BUFFERING_COMPLETED 2") == "second"


def test_nothing_is_sent_while_the_switch_asks_for_nothing() -> None:
    speaker = Speaker()
    speaker.play("play", sound(30))
    list(speaker.due(0.0))
    speaker.hears("MEDIA_XOFF channel_id:some")
    assert list(speaker.due(10.0)) == []
    speaker.hears("MEDIA_XON channel_id:some")
    assert octets(list(speaker.due(10.0)))


def test_what_is_played_again_and_again_goes_on_until_it_is_stopped() -> None:
    speaker, music = Speaker(), sound(3.01)
    speaker.play("music", music, loop=True)
    sent = [message for second in range(600) for message in speaker.due(float(second))]
    assert len(octets(sent)) >= 600 * RATE
    whole = music + SILENCE * (-len(music) % FRAME)
    assert octets(sent)[: 3 * len(whole)] == 3 * whole
    assert words(sent) == ["START_MEDIA_BUFFERING"]
    assert speaker.stop() == "music"


def test_music_of_no_length_is_over_as_any_sound_is() -> None:
    speaker = Speaker()
    speaker.play("music", b"", loop=True)
    assert words(list(speaker.due(0.0))) == ["START_MEDIA_BUFFERING", "STOP_MEDIA_BUFFERING 1"]


@given(st.text(max_size=60))
def test_whatever_else_the_switch_says_is_passed_over(text: str) -> None:
    speaker = Speaker()
    speaker.play("play", sound(1))
    list(speaker.due(0.0))
    if text.split()[:2] != ["MEDIA_BUFFERING_COMPLETED", "1"]:
        assert speaker.hears(text) is None
