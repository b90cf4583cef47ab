"""How a dialer's session with a carrier in a process of its own begins: frames, and proofs of who is speaking.

Decides the form, one line of JSON a frame, ``["Name", {fields}]``, and what is said before anything else. Beyond
reading a line it does no I/O, and must not know what a session is about.

The process has one port and several channels; a connection is a session on one of them. It begins with Challenge (the
process), Hello (the dialer, which names instance and channel), then Accepted or Refused (the process). What follows is
the channel's own: ``carrier_wire``, ``floor_wire``. Each side proves that it holds the key by a hash over both nonces
(HMAC, RFC 2104); the key itself is never sent, and nothing of a frame may be logged.
"""

from __future__ import annotations

import hashlib
import hmac
from asyncio import IncompleteReadError, StreamReader
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from trunkcall.domain.errors import TrunkcallError

Frame = TypeVar("Frame")

VERSION: Final = 10
"""Of this protocol, with all its channels. Both sides must have the same."""
MAX_BYTES: Final = 24 * 1024 * 1024
"""Of a line from the process. A Welcome or LegsReported with a hundred thousand legs has room."""
MAX_BYTES_FROM_DIALER: Final = 256 * 1024
"""Of a line from the dialer: little, since strangers can make the process hold so much for as long as a handshake."""
PURPOSE: Final = "carrier sessions"
"""For which the key is derived from the installation's secret key."""


class WireError(TrunkcallError):
    """What arrived is not a frame of a carrier session. The connection is closed."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The process's first word."""

    version: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Hello:
    """The dialer's answer. ``instance`` is the id of the instance that it dials for, empty for the default one;
    ``token`` is the fencing token of its lease."""

    instance: str
    channel: str
    nonce: str
    token: int
    proof: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The session is open."""

    proof: str


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no session, and why, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ping:
    """The dialer asks, on any channel, whether anybody is there. Each channel has its own answer."""


def _plain(value: object) -> object:
    """A mapping of whatever kind, as one that is written."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def encode(frame: object) -> bytes:
    """The frame's line, with its line feed."""
    return _encode((type(frame).__name__, frame)) + b"\n"


_decode = msgspec.json.Decoder(tuple[str, msgspec.Raw]).decode


def decode(line: bytes, kinds: Mapping[str, type[Frame]]) -> Frame:
    """The frame that this line is, of these kinds by their names. Raises WireError."""
    try:
        name, fields = _decode(line)
        return msgspec.json.decode(fields, type=kinds[name])
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError, RecursionError):
        # Neither the line nor the reason: both may hold a phone number.
        raise WireError from None


def decode_hello(line: bytes) -> Hello:
    """Raises WireError."""
    return decode(line, {"Hello": Hello})


def decode_challenge(line: bytes) -> Challenge:
    """Raises WireError, also where it is another version's."""
    challenge = decode(line, {"Challenge": Challenge})
    if challenge.version != VERSION:
        raise WireError
    return challenge


_VERDICTS: dict[str, type[Accepted | Refused]] = {"Accepted": Accepted, "Refused": Refused}


def decode_verdict(line: bytes) -> Accepted | Refused:
    """Raises WireError."""
    return decode(line, _VERDICTS)


async def read_line(reader: StreamReader) -> bytes:
    """The next whole line. Raises IncompleteReadError when the connection ends before."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise IncompleteReadError(line, None)
    return line


def proof(key: bytes, side: str, challenge: Challenge, instance: str, channel: str, nonce: str, token: int) -> str:
    """That this side ("dialer" or "carrier") of this session holds the key."""
    text = f"{side} {challenge.version} {challenge.nonce} {channel} {nonce} {token} {instance}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_proof(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), wanted.encode())
