"""The sounds of prompts, as files of the data directory: octets of G.711 mu-law, 8,000 a second, and nothing else.

Decides names and modes of the files. It must not know which prompts there are.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from trunkcall.domain.errors import StoreUnavailableError

log = logging.getLogger(__name__)

SUFFIX: Final = ".ulaw"


class PromptFiles:
    """The folder of an installation's prompts, which is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sound: str) -> Path:
        """Where a sound is, if it is kept."""
        return self._folder / f"{sound}{SUFFIX}"

    async def keep(self, sound: str, octets: bytes) -> None:
        """Keep one, over restarts and power cuts too. Raises StoreUnavailableError."""
        await asyncio.to_thread(self._write, self.path(sound), octets)

    async def drop(self, sound: str) -> None:
        """Keep it no more."""
        await asyncio.to_thread(self._remove, self.path(sound))

    def copy_to(self, other: PromptFiles) -> int:
        """Have another folder hold all sounds that this one does; how many there are. What it has already is not copied
        again: no two sounds are kept as the same. Raises StoreUnavailableError."""
        number = 0
        for path in self._folder.glob(f"*{SUFFIX}"):
            if not other.path(path.stem).exists():
                try:
                    octets = path.read_bytes()
                except FileNotFoundError:
                    # It was dropped meanwhile.
                    continue
                except OSError as error:
                    raise StoreUnavailableError(f"A sound cannot be read: {error.strerror}.") from error
                other._write(other.path(path.stem), octets)
            number += 1
        return number

    def _write(self, path: Path, octets: bytes) -> None:
        made = path.with_suffix(".new")
        try:
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            made.replace(path)
        except OSError as error:
            with suppress(OSError):
                made.unlink()
            raise StoreUnavailableError(f"The sound cannot be kept: {error.strerror}.") from error

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # Nobody knows of it any more, and whoever has deleted a prompt can do nothing about it.
            log.warning("the sound of a former prompt is left", extra={"path": str(path), "why": error.strerror})
