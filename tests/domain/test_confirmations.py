"""What agents are told, in words. If these fail, an agent hears a placeholder, or another time than there is."""

from __future__ import annotations

import pytest

from trunkcall.domain.confirmations import PHRASES, TONES, Confirmation, Told, in_words
from trunkcall.domain.instants import MILLISECOND
from trunkcall.domain.tones import lasts, parse_tone, written


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Told(Confirmation.AVAILABLE), "Available."),
        (Told(Confirmation.BREAK), "Break."),
        (Told(Confirmation.LOGGED_OUT), "Logged out."),
        (Told(Confirmation.WORK, work_s=180), "3 minutes of wrap-up."),
        (Told(Confirmation.WORK, work_s=60), "One minute of wrap-up."),
        (Told(Confirmation.WORK, work_s=90), "90 seconds of wrap-up."),
        (Told(Confirmation.WORK, work_s=1), "One second of wrap-up."),
        (Told(Confirmation.WORK), "Wrap-up."),
        (Told(Confirmation.NOTED, disposition="Call back"), "Call back."),
        (Told(Confirmation.NOT_POSSIBLE), "Not possible."),
    ],
)
def test_each_is_said_as_people_say_it(told: Told, words: str) -> None:
    assert in_words(told, PHRASES) == words


def test_an_empty_phrase_is_not_said() -> None:
    assert in_words(Told(Confirmation.BREAK), {**PHRASES, "break": ""}) == ""


def test_each_has_a_tone_of_its_own_of_less_than_half_a_second() -> None:
    assert set(TONES) == set(Confirmation)
    assert len(set(TONES.values())) == len(TONES)
    assert max(map(lasts, TONES.values())) < 500 * MILLISECOND


@pytest.mark.parametrize("text", ["880/150", "880/100,0/50,440/100", ""])
def test_a_tone_is_read_as_it_is_written(text: str) -> None:
    assert written(parse_tone(text)) == text
