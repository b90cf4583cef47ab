"""Files of recordings in a data directory: encrypted under a key of each file's own, made from the installation's.

Decides the cipher (AES-256-GCM), keys (HKDF, RFC 5869) and modes of files. What a file looks like is decided by
``domain.recording_file``, where it is by ``domain.recording``. It must not know who may hear what.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trunkcall.domain.recording import FOLDER, Recording, location_of
from trunkcall.domain.recording_file import (
    SALT_BYTES,
    Chunk,
    Head,
    NewFile,
    Place,
    RecordingDamagedError,
    RecordingUnreadableError,
    chunks,
    samples_in,
)

PURPOSE: Final = "recordings"
"""What the installation's key is derived for."""
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_NO_FILE: Final = FileNotFoundError, NotADirectoryError


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A file, to be read. Raises FileNotFoundError, RecordingUnreadableError."""
    try:
        with path.open("rb") as file:
            yield file
    except _NO_FILE:
        raise FileNotFoundError from None
    except OSError as error:
        raise RecordingUnreadableError(f"The file of this recording cannot be read: {error.strerror}.") from error


class Opening:
    """AES-256-GCM under this key, for what was sealed so."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def opened(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes | None:
        try:
            return self._cipher.decrypt(nonce, data, associated_data)
        except InvalidTag:
            return None


class RecordingFiles:
    """Those of one data directory. ``key`` is the installation's, derived for ``PURPOSE``."""

    def __init__(self, data_dir: Path, key: bytes) -> None:
        self._data_dir = data_dir
        self._key = key

    def begin(self, recording: Recording) -> NewFile:
        """What whoever records is to be given. Raises OSError where there is no place for the file."""
        path = self._path(recording)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        head = Head(recording.recording_id, recording.asked_at, os.urandom(SALT_BYTES))
        return NewFile(str(path), head.written(), self._key_of(head))

    def samples(self, recording: Recording) -> tuple[int, bool] | None:
        """How many samples there are of each track at present, and whether damage is behind them; None where there is
        no file. Raises RecordingDamagedError for one that is damaged from its beginning, RecordingUnreadableError."""
        try:
            with _opened(self._path(recording)) as file:
                return samples_in(file, _TAG_BYTES)
        except FileNotFoundError:
            return None

    def chunks(self, recording: Recording, at: Place | None = None) -> Iterator[Chunk]:
        """The sound of a recording from a place on. Raises FileNotFoundError, RecordingDamagedError,
        RecordingUnreadableError."""
        with _opened(self._path(recording)) as file:
            yield from chunks(file, lambda head: self._cipher(recording, head), at)

    def delete(self, recording: Recording) -> bool:
        """Delete a file; whether there was one. Raises OSError where it cannot be deleted."""
        path = self._path(recording)
        try:
            path.unlink()
        except _NO_FILE:
            return False
        with suppress(OSError):
            # The last one of its day.
            path.parent.rmdir()
        return True

    def delete_before(self, day: str) -> int:
        """Delete what is left of days before this one (YYYY-MM-DD); how many files there were. Raises OSError where
        something cannot be deleted."""
        deleted = 0
        with suppress(*_NO_FILE):
            for folder in (self._data_dir / FOLDER).iterdir():
                if len(folder.name) == len(day) and folder.name < day:
                    for path in folder.iterdir():
                        path.unlink()
                        deleted += 1
                    folder.rmdir()
        return deleted

    def _path(self, recording: Recording) -> Path:
        return self._data_dir / location_of(recording)

    def _cipher(self, recording: Recording, head: Head) -> Opening:
        if head.recording_id != recording.recording_id:
            raise RecordingDamagedError
        return Opening(self._key_of(head))

    def _key_of(self, head: Head) -> bytes:
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=head.salt, info=head.recording_id.encode()).derive(
            self._key
        )
