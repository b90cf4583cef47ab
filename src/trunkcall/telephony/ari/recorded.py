"""What is said, as sounds: prompts have theirs, and texts are spoken.

Decides which sound each part of a saying has. How a text is spoken is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from trunkcall.domain.directory import Directory
from trunkcall.domain.prompt import Prompt, prompt_named
from trunkcall.domain.saying import Part, Saying, SpeechKind
from trunkcall.telephony.ari.prompts import Sounds

SpeakPart: TypeAlias = Callable[[Part, str | None, Callable[[Path | None], None]], None]
"""Has a text or SSML made a sound, in the voice of this name or the usual one, and tells its file; None where that
cannot be."""
MAX_PARTS: Final = 100
"""Of a saying: what is played at one go is in the memory of the process that plays it."""


class Recorded:
    """The prompts of one instance; ``path`` says where a sound is kept, and ``speak`` is for all other parts."""

    def __init__(self, path: Callable[[str], Path], speak: SpeakPart) -> None:
        self._path = path
        self._speak = speak
        self._prompts: Mapping[str, Prompt] = {}
        self.trouble: str | None = None
        """Why what was to be said last with a prompt in it could not be, in words; None where it could."""

    def know(self, directory: Directory) -> None:
        """What there is now."""
        self._prompts = directory.prompts

    def speak(self, saying: Saying, then: Callable[[Sounds | None], None]) -> None:
        """Have ``then`` told the files of all its parts, in their order; None where one has none."""
        if not 0 < len(saying.parts) <= MAX_PARTS:
            self.trouble = f"A message has no part, or more than {MAX_PARTS}."
            then(None)
            return
        if any(part.kind is SpeechKind.PROMPT for part in saying.parts):
            self.trouble = None
        found: dict[int, Path | None] = {}

        def is_found(place: int, path: Path | None) -> None:
            found[place] = path
            if len(found) == len(saying.parts):
                paths = [found[each] for each in range(len(saying.parts))]
                sounds = tuple(each for each in paths if each is not None)
                then(sounds if sounds and len(sounds) == len(paths) else None)

        for place, part in enumerate(saying.parts):
            self._part(part, saying.voice, partial(is_found, place))

    def _part(self, part: Part, voice: str | None, then: Callable[[Path | None], None]) -> None:
        if part.kind is not SpeechKind.PROMPT:
            self._speak(part, voice, then)
            return
        found = prompt_named(self._prompts, part.value)
        if found is None:
            self.trouble = "A message names a prompt that is not there: `trunkcall prompts list` has those that are."
        then(None if found is None else self._path(found.sound))
