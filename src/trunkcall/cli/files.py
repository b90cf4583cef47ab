"""Files that a command writes: opened before its work is begun.

Decides that a name which cannot be written is told with its option, and before anything was dialed or simulated for it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TextIO

from trunkcall.domain.errors import TrunkcallError


class OutputError(TrunkcallError):
    """The file cannot be written. Name one in a directory that exists."""


def open_output(option: str, path: Path, *, mode: int = 0o666) -> TextIO:
    """The file that an option names, empty. ``mode`` is a new file's at most. Raises OutputError."""
    try:
        return open(path, "w", encoding="utf-8", newline="", opener=partial(os.open, mode=mode))
    except OSError as error:
        raise OutputError(
            f"{option} {path} cannot be written: {error.strerror}. Name a file in a directory that exists."
        ) from error
