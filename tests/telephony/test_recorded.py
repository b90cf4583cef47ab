"""Texts that name a prompt. If these fail, a customer hears a voice read out the name of a prompt, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.saying import Part, Saying, SpeechKind, plain
from trunkcall.telephony.ari.recorded import Recorded

SPOKEN = Path("spoken")


def _speak(part: Part, voice: str | None, then: Callable[[Path | None], None]) -> None:
    then(SPOKEN)


def _path(sound: str) -> Path:
    return Path("kept") / sound


def there(*prompts: Prompt) -> Directory:
    return Directory.of(Instance("i", "instance", 0, onboarded=True), prompts)


def said(recorded: Recorded, text: str) -> Path | None:
    sounds = heard(recorded, plain(text))
    assert sounds is None or len(sounds) == 1
    return sounds[0] if sounds else None


def heard(recorded: Recorded, saying: Saying) -> tuple[Path, ...] | None:
    told: list[tuple[Path, ...] | None] = []
    recorded.speak(saying, told.append)
    (sounds,) = told
    return sounds


def test_a_text_that_names_a_prompt_is_its_sound_and_all_others_are_spoken() -> None:
    recorded = Recorded(_path, _speak)
    recorded.know(there(Prompt("p1", "closing", "p1-1")))
    assert said(recorded, "prompt:closing") == said(recorded, "prompt:p1") == Path("kept/p1-1")
    assert said(recorded, "Closing.") == SPOKEN
    recorded.know(there(Prompt("p1", "closing", "p1-2")))
    assert said(recorded, "prompt:closing") == Path("kept/p1-2"), "its sound has changed since"


def test_a_prompt_that_is_not_there_is_told_until_one_is_heard() -> None:
    recorded = Recorded(_path, _speak)
    assert said(recorded, "prompt:closing") is None
    assert recorded.trouble is not None
    recorded.know(there(Prompt("p1", "closing", "p1-1")))
    assert heard(recorded, Saying((Part(SpeechKind.PROMPT, "opening"), Part(SpeechKind.PROMPT, "closing")))) is None
    assert recorded.trouble is not None, "by whichever part"
    said(recorded, "prompt:closing")
    assert recorded.trouble is None


def test_parts_are_heard_in_their_order_whichever_is_made_first() -> None:
    waiting: dict[str, Callable[[Path | None], None]] = {}
    recorded = Recorded(_path, lambda part, voice, then: waiting.__setitem__(part.value, then))
    recorded.know(there(Prompt("p1", "closing", "p1-1")))
    told: list[tuple[Path, ...] | None] = []
    parts = (
        Part(SpeechKind.TEXT, "first"),
        Part(SpeechKind.PROMPT, "arn:aws:connect:us-east-1:1:instance/i/prompt/p1"),
        Part(SpeechKind.TEXT, "last"),
    )
    recorded.speak(Saying(parts), told.append)
    waiting["last"](Path("last"))
    assert told == []
    waiting["first"](Path("first"))
    assert told == [(Path("first"), Path("kept/p1-1"), Path("last"))]


def test_nothing_is_said_where_a_part_of_it_cannot_be() -> None:
    recorded = Recorded(_path, _speak)
    parts = Part(SpeechKind.TEXT, "Goodbye."), Part(SpeechKind.PROMPT, "closing")
    assert heard(recorded, Saying(parts)) is None
    assert heard(recorded, Saying(())) is None
    assert heard(recorded, Saying((Part(SpeechKind.TEXT, "Goodbye."),) * 101)) is None
    assert recorded.trouble == "A message has no part, or more than 100."
