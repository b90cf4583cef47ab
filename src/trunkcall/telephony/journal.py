"""A journal of every originate that a carrier was asked for: a witness outside the store.

Decides its form: one line of JSON an originate, appended in one write, so that it survives kill -9 of its process. It
holds ids only.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

from trunkcall.domain.instants import Instant


class OriginateJournal:
    """Appends to a file that is made with mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def open(self) -> None:
        """Make or open the file. May be called twice, and again after ``close``."""
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, at: Instant, contact_id: str, leg_id: str) -> None:
        """Enter what was asked for, whatever comes of it. Raises OSError; then no part of the line is left."""
        if self._file is None:
            raise ValueError("the journal is closed")
        line = (json.dumps({"at": at, "contact_id": contact_id, "leg_id": leg_id}) + "\n").encode()
        written = os.write(self._file, line)
        if written < len(line):
            # A disk that fills up takes part of a line, to which the next one would be joined.
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Close the file. May be called twice."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
