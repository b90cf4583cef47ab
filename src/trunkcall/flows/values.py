"""What references of a flow stand for.

Decides where a value is looked up: in what is kept of the contact, or in its surroundings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from trunkcall.flows.language import MAX_SPOKEN
from trunkcall.flows.progress import Progress
from trunkcall.flows.references import Path, begins_one, filled, path_of

MAX_TEXT: Final = 32_768
"""Characters of a text with its references replaced. Amazon Connect has no attributes that are longer."""
_MAX_DIGITS: Final = 20
_QUOTES: Final = {'"': "&quot;", "'": "&apos;"}


class Values:
    """The values of one contact at one instant; ``others`` are those that are not kept with its progress, where the
    queue is this one."""

    __slots__ = ("_at", "_others")

    def __init__(self, at: Progress, others: Callable[[Path, str | None], str | None]) -> None:
        self._at = at
        self._others = others

    def text(self, text: str, most: int = MAX_TEXT) -> str | None:
        """The text with its references replaced, one without a value by nothing; None if it is longer than ``most``."""
        return filled(text, lambda path: self.of(path) or "", most)

    def speech(self, text: str) -> str | None:
        """The same of what is written in SSML: a value in it is what is said, and has no marks. Where all of it is one
        reference, the value is SSML itself."""
        if path_of(text) is not None:
            return self.text(text, MAX_SPOKEN)
        return filled(text, lambda path: escape(self.of(path) or "", _QUOTES), MAX_SPOKEN)

    def texts(self, given: Mapping[str, str]) -> dict[str, str] | None:
        """Texts by key, both with their references replaced; None if all of them are longer than a text may be."""
        texts: dict[str, str] = {}
        room = MAX_TEXT
        for each in given.items():
            name, value = (self.text(part, room) for part in each)
            if name is None or value is None:
                return None
            texts[name] = value
            room -= len(name) + len(value)
        return texts if room >= 0 else None

    def whole(self, value: Any) -> str | None:
        """The value of a parameter that is static or one reference; None where it has none."""
        if not isinstance(value, str):
            return None if value is None else str(value)
        path = path_of(value) if begins_one(value) else None
        return self.of(path) if path is not None else value

    def of(self, path: Path) -> str | None:
        """The value of a reference, as text; None if there is none."""
        match path:
            case ("Attributes", name):
                return self._at.attributes.get(name)
            case ("StoredCustomerInput",):
                return self._at.stored_input
            case ("External", *names):
                return _within(self._at.external, names)
            case ("TextToSpeechVoiceId",) if "TextToSpeechVoice" in self._at.voice:
                return self._at.voice["TextToSpeechVoice"]
            case ("LanguageCode" | "TextToSpeechEngine" | "TextToSpeechStyle" as name,) if name in self._at.voice:
                return self._at.voice[name]
            case _:
                return self._others(path, self._at.queue_id)


def whole_number(text: str | None, least: int, most: int) -> int | None:
    """The whole number that a text is, if it is one within this reach."""
    if text is None or len(text) > _MAX_DIGITS or not text.isdecimal():
        return None
    number = int(text)
    return number if least <= number <= most else None


def _within(value: object, names: list[str]) -> str | None:
    for name in names:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and (place := whole_number(name, 0, len(value) - 1)) is not None:
            value = value[place]
        else:
            return None
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
        case _:
            return None
