"""Files of recordings for tests that do not look at them, and for those that do."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cached_property
from pathlib import Path

from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import Recording
from trunkcall.domain.recording_file import NewFile
from trunkcall.storage.recording_files import RecordingFiles

AT: Instant = 1_790_000_000_000_000


class Tapes:
    """Recordings in a folder that goes with the tests. There is none until something is recorded: who is killed
    leaves it behind."""

    @cached_property
    def _folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="trunkcall-tapes-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    @cached_property
    def files(self) -> RecordingFiles:
        return RecordingFiles(self._folder, bytes(32))

    def new_file(self, recording_id: str, asked_at: Instant) -> NewFile:
        return self.files.begin(Recording(recording_id, asked_at))

    @property
    def number(self) -> int:
        """How many files there are."""
        return len(list(self._folder.rglob("*.tcr")))

    def heard(self, recording_id: str, asked_at: Instant = AT) -> tuple[bytes, bytes, bool]:
        """Both tracks as far as there are any, mu-law, and whether that is all."""
        first = second = b""
        last = False
        for chunk in self.files.chunks(Recording(recording_id, asked_at)):
            first, second, last = first + chunk.first, second + chunk.second, chunk.last
        return first, second, last
