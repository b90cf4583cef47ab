"""Texts that name a prompt. If these fail, a customer hears a voice read out the name of a prompt, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.prompt import Prompt
from trunkcall.telephony.ari.recorded import Recorded

SPOKEN = Path("spoken")


def _speak(text: str, then: Callable[[Path | None], None]) -> None:
    then(SPOKEN)


def _path(sound: str) -> Path:
    return Path("kept") / sound


def there(*prompts: Prompt) -> Directory:
    return Directory.of(Instance("i", "instance", 0, onboarded=True), prompts)


def said(recorded: Recorded, text: str) -> Path | None:
    told: list[Path | None] = []
    recorded.speak(text, told.append)
    (file,) = told
    return file


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
    said(recorded, "prompt:closing")
    assert recorded.trouble is None
