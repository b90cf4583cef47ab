"""The sounds of prompts, as files of the data directory: octets of G.711 mu-law, 8,000 a second, and nothing else.

Decides names and modes of the files, and for how long a sound is left that is dropped: whoever has looked up where it
is, a moment before, has to find it there. It must not know which prompts there are.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from trunkcall.domain.errors import StoreUnavailableError

log = logging.getLogger(__name__)

SUFFIX: Final = ".ulaw"
FORMER: Final = ".former"
"""Of an empty file beside a sound that was dropped, and is left for now."""
LINGERS_S: Final = 300.0
"""A dialer knows within seconds of another prompt, and by then begins to play within as many what it has looked up."""


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
        """Keep it no more, once nobody can be about to play it."""
        await asyncio.to_thread(self._leave, self.path(sound))

    async def sweep(self) -> None:
        """Delete what was dropped so long ago that nobody can be about to play it."""
        await asyncio.to_thread(self._sweep)

    def copy_to(self, other: PromptFiles) -> int:
        """Have another folder hold all sounds that this one does; how many there are. What it has already is not copied
        again: no two sounds are kept as the same. Raises StoreUnavailableError."""
        number = 0
        for path in self._folder.glob(f"*{SUFFIX}"):
            if path.with_suffix(FORMER).exists():
                continue
            if other.path(path.stem).exists():
                # It may have been dropped there.
                other.path(path.stem).with_suffix(FORMER).unlink(missing_ok=True)
            else:
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

    def _leave(self, path: Path) -> None:
        try:
            if path.exists():
                path.with_suffix(FORMER).touch(0o600)
        except OSError:
            # A disk that is full needs the room at once.
            self._remove(path)

    def _sweep(self) -> None:
        before_s = time.time() - LINGERS_S
        for former in self._folder.glob(f"*{FORMER}"):
            if former.stat().st_mtime < before_s and self._remove(former.with_suffix(SUFFIX)):
                former.unlink(missing_ok=True)

    def _remove(self, path: Path) -> bool:
        """Whether it is gone."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # Nobody knows of it any more, and whoever has deleted a prompt can do nothing about it.
            log.warning("the sound of a former prompt is left", extra={"path": str(path), "why": error.strerror})
            return False
        return True
