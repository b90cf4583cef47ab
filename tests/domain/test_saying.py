"""How long something takes to be said. If these fail, simulated customers hear messages that take no time, and one who
has heard a message to its end before a server was restarted hears it anew."""

from __future__ import annotations

import pytest

from trunkcall.domain.instants import SECOND
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.saying import Part, Saying, SpeechKind, at_least, length, plain

PROMPTS = {"p1": Prompt("p1", "closing", "p1-1", octets=24_000)}
TEXT, SSML, PROMPT = SpeechKind


def test_a_text_takes_as_long_as_its_words_and_parts_take_as_long_as_all_of_them() -> None:
    text = Part(TEXT, "x" * 150)
    assert length(Saying((text,)), {}) == 10 * SECOND
    assert length(Saying((text, text, Part(PROMPT, "closing"))), PROMPTS) == 23 * SECOND


@pytest.mark.parametrize("name", ["closing", "p1", "arn:aws:connect:us-east-1:123456789012:instance/i/prompt/p1"])
def test_a_prompt_takes_as_long_as_its_sound_whatever_it_is_called_by(name: str) -> None:
    assert length(plain(f"prompt:{name}"), PROMPTS) == 3 * SECOND


def test_ssml_takes_as_long_as_what_is_heard_of_it() -> None:
    slow = f"<speak><prosody rate='50%'>{'x' * 150}</prosody><break time='2s'/></speak>"
    assert length(Saying((Part(SSML, slow),)), {}) == 22 * SECOND


@pytest.mark.parametrize(
    "part", [Part(PROMPT, "nobody's"), Part(SSML, "<speak>"), Part(SSML, "<speak/>"), Part(TEXT, " ")]
)
def test_what_cannot_be_said_has_no_length(part: Part) -> None:
    assert length(Saying((Part(TEXT, "Hello."), part)), PROMPTS) is None
    assert at_least(Saying((part,)), PROMPTS) == 0
    assert length(Saying(()), PROMPTS) is None


def test_nobody_speaks_quicker_than_is_reckoned_at_least() -> None:
    for saying in (plain("Hello. This is a test."), plain("prompt:closing")):
        known = length(saying, PROMPTS)
        assert known is not None
        assert 0 < at_least(saying, PROMPTS) <= known


def test_a_text_is_reckoned_to_be_said_quicker_at_least_than_it_usually_is() -> None:
    text = plain("x" * 150)
    assert (at_least(text, {}), length(text, {})) == (6 * SECOND, 10 * SECOND)


def test_what_is_said_is_in_no_log() -> None:
    assert "Ada" not in repr(plain("Hello Ada."))
