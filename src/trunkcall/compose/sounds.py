"""Sounds of an installation: where those of prompts and of spoken texts are kept, and how a file becomes one.

Decides the folder. It must not know which prompts there are, nor who hears them.
"""

from __future__ import annotations

from pathlib import Path

from trunkcall.settings import Settings
from trunkcall.storage.prompt_sounds import PromptFiles
from trunkcall.telephony.ari.speech import forget_all
from trunkcall.telephony.sound.formats import FORMATS, telephone_sound

__all__ = ["FORMATS", "forget_spoken", "prompt_files", "prompt_files_beside", "telephone_sound"]


def prompt_files(settings: Settings) -> PromptFiles:
    """Of all instances: ids are never used twice."""
    return PromptFiles(spoken_folder(settings) / "added")


def spoken_folder(settings: Settings) -> Path:
    """Where sounds of texts are."""
    return Path(settings.prompts_dir or settings.data_dir / "prompts")


def forget_spoken(settings: Settings) -> None:
    """Delete the sounds of all texts that were spoken. Raises TrunkcallError."""
    forget_all(spoken_folder(settings))


def prompt_files_beside(backup: Path) -> PromptFiles:
    """Of a backup of the store: what its prompts are heard by."""
    return PromptFiles(backup.with_name(f"{backup.name}.prompts"))
