"""A journal of every originate that a carrier was asked for: a witness outside the store.

Decides its form: one line of JSON an originate, appended in one write, so that it survives kill -9 of its process. It
holds ids only.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from trunkcall.domain.instants import Instant


class OriginateJournal:
    """Appends to a file that is made with mode 0600."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._open = True

    def write(self, at: Instant, contact_id: str, leg_id: str) -> None:
        if not self._open:
            raise ValueError("the journal is closed")
        line = json.dumps({"at": at, "contact_id": contact_id, "leg_id": leg_id}) + "\n"
        os.write(self._file, line.encode())

    def close(self) -> None:
        """Close the file. May be called twice."""
        if self._open:
            os.close(self._file)
            self._open = False
