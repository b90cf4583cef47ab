"""Texts that name a prompt, and all others.

Decides which sound a text stands for that names one. What is to be spoken is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from trunkcall.domain.directory import Directory
from trunkcall.domain.prompt import Prompt, named, prompt_named
from trunkcall.telephony.ari.prompts import Speak


class Recorded:
    """The prompts of one instance; ``path`` says where a sound is kept, and ``speak`` is for all other texts."""

    def __init__(self, path: Callable[[str], Path], speak: Speak) -> None:
        self._path = path
        self._speak = speak
        self._prompts: Mapping[str, Prompt] = {}
        self.trouble: str | None = None
        """Which prompt was to be played last and is not there, in words; None where it was."""

    def know(self, directory: Directory) -> None:
        """What there is now."""
        self._prompts = directory.prompts

    def speak(self, text: str, then: Callable[[Path | None], None]) -> None:
        """Have ``then`` told the file of a text's sound; None where there is none."""
        name = named(text)
        if name is None:
            self._speak(text, then)
            return
        found = prompt_named(self._prompts, name)
        self.trouble = None
        if found is None:
            self.trouble = "A message names a prompt that is not there: `trunkcall prompts list` has those that are."
        then(None if found is None else self._path(found.sound))
