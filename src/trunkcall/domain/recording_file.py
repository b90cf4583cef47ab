"""The form of a recording's file: a head, and behind it chunks of sound that are sealed one by one.

Decides how a file is written and read so that any beginning of it can be played, and that whatever is changed in it is
noticed. It must not know the cipher, nor where the file is.

- The head: ``MAGIC``; the length of what follows as four octets, the greatest first; a JSON object in ASCII with the
  recording's id, the instant at which it was asked for (microseconds since the epoch), the samples per second, and the
  salt of the file's key (hexadecimal). Nothing in it is secret.
- Each chunk: its length and the complement of that, four octets each; then the sealed octets, which end in the cipher's
  tag. The nonce is the number of the chunk, from 0, as eleven octets, and one octet that is 1 of the last chunk and 0
  of all others; the head is authenticated with each (after STREAM, Hoang, Reyhanitabar, Rogaway and Vizár, 2015). So no
  chunk can be left out, repeated, moved or taken from another file, and an end that is not the end is told.
- What is sealed: the samples of the first track, then as many of the second, G.711 mu-law, an octet each. The first
  chunk and the last one are empty.

A file that was interrupted ends before its last chunk, or within one: it is played up to there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Protocol

from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import Instant, is_instant

MAGIC: Final = b"TCREC\x00\x00\x01"
RATE: Final = 8000
"""Samples per second."""
SILENCE: Final = b"\xff"
"""A sample of it, mu-law."""
SALT_BYTES: Final = 32
_LENGTH: Final = 4
_FRAME: Final = 2 * _LENGTH
_MAX_HEAD: Final = 4096
MAX_CHUNK: Final = 1 << 20
"""Octets of a sealed chunk; more than a minute."""


class RecordingDamagedError(TrunkcallError):
    """The file of this recording is damaged from here on: it is not what was written."""


class RecordingUnreadableError(RecordingDamagedError):
    """The file of this recording cannot be read."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """What whoever records is given: the place of the file, how it begins, and its key."""

    path: str
    head: bytes
    key: bytes = field(repr=False)


class Seals(Protocol):
    """An AEAD with a nonce of 12 octets, under the file's key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...


class Opens(Protocol):
    """The same one, for what it has sealed."""

    def opened(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes | None:
        """None for what was not sealed so."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself."""

    recording_id: str
    asked_at: Instant
    salt: bytes

    def written(self) -> bytes:
        """As the file begins."""
        told = {
            "recording_id": self.recording_id,
            "asked_at": self.asked_at,
            "rate": RATE,
            "encoding": "mulaw",
            "tracks": ["customer", "agent"],
            "salt": self.salt.hex(),
        }
        document = json.dumps(told).encode("ascii")
        return MAGIC + len(document).to_bytes(_LENGTH, "big") + document


def read_head(file: BinaryIO) -> tuple[Head, bytes]:
    """The head, and its octets. Raises RecordingDamagedError, also where there is less than a head."""
    start = file.read(len(MAGIC) + _LENGTH)
    length = int.from_bytes(start[len(MAGIC) :], "big")
    if len(start) != len(MAGIC) + _LENGTH or not start.startswith(MAGIC) or length > _MAX_HEAD:
        raise RecordingDamagedError
    document = file.read(length)
    try:
        told = json.loads(document.decode("ascii"))
        head = Head(told["recording_id"], told["asked_at"], bytes.fromhex(told["salt"]))
    except (ValueError, KeyError, TypeError):
        raise RecordingDamagedError from None
    if head.written() != start + document or not is_instant(head.asked_at):
        raise RecordingDamagedError
    return head, start + document


class ChunkSealer:
    """Seals the chunks of one file, in their order."""

    def __init__(self, cipher: Seals, head: bytes) -> None:
        self._cipher = cipher
        self._head = head
        self._number = 0

    def sealed(self, first: bytes, second: bytes, *, last: bool = False) -> bytes:
        """The next chunk as it is appended to the file. Both tracks are of one length, at most half of ``MAX_CHUNK``
        less a tag."""
        assert len(first) == len(second), "tracks are aligned"
        data = self._cipher.encrypt(_nonce(self._number, last=last), first + second, self._head)
        self._number += 1
        length = len(data)
        return length.to_bytes(_LENGTH, "big") + (length ^ 0xFFFFFFFF).to_bytes(_LENGTH, "big") + data


@dataclass(frozen=True, slots=True)
class Place:
    """Between two chunks: the number of the next, and where it begins."""

    number: int
    offset: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Sound of a file, ``after`` which it goes on. The last chunk of a whole file is ``last``."""

    first: bytes
    second: bytes
    last: bool
    after: Place


def chunks(file: BinaryIO, cipher_of: Callable[[Head], Opens], at: Place | None = None) -> Iterator[Chunk]:
    """The chunks from a place on, or all of them, up to the last or as far as the file goes. Raises
    RecordingDamagedError, once what is before the damage was given."""
    head, octets = read_head(file)
    cipher = cipher_of(head)
    number, offset = (0, len(octets)) if at is None else (at.number, at.offset)
    file.seek(offset)
    while (length := _length(file)) is not None:
        data = file.read(length)
        if len(data) < length:
            return
        offset += _FRAME + length
        number += 1
        plain, last = _opened(cipher, data, number - 1, octets)
        half = len(plain) // 2
        yield Chunk(plain[:half], plain[half:], last, Place(number, offset))
        if last:
            if file.read(1):
                raise RecordingDamagedError
            return


def samples_in(file: BinaryIO, tag_bytes: int) -> tuple[int, bool]:
    """How many samples of each track there are, by the lengths of whole chunks alone: nothing is decrypted. And whether
    it is damaged behind these. Raises RecordingDamagedError for a head that is."""
    read_head(file)
    begin = file.tell()
    end = file.seek(0, 2)
    file.seek(begin)
    samples = 0
    try:
        while (length := _length(file)) is not None and file.tell() + length <= end:
            samples += (length - tag_bytes) // 2
            file.seek(length, 1)
    except RecordingDamagedError:
        return samples, True
    return samples, False


def _length(file: BinaryIO) -> int | None:
    """Of the chunk that begins here; None where none does, or it was begun alone."""
    frame = file.read(_FRAME)
    if len(frame) < _FRAME:
        return None
    length = int.from_bytes(frame[:_LENGTH], "big")
    if length ^ 0xFFFFFFFF != int.from_bytes(frame[_LENGTH:], "big") or length > MAX_CHUNK:
        raise RecordingDamagedError
    return length


def _opened(cipher: Opens, data: bytes, number: int, head: bytes) -> tuple[bytes, bool]:
    for last in (False, True):
        plain = cipher.opened(_nonce(number, last=last), data, head)
        if plain is not None:
            return plain, last
    raise RecordingDamagedError


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
