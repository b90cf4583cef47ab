"""What a dialer and a carrier in a process of its own say to each other: frames, and proofs of who is speaking.

Decides the form: one line of JSON a frame, ``["Name", {fields}]``. Beyond reading a line it does no I/O, and must
not know what a frame leads to.

A session begins with Challenge (carrier), Hello (dialer), then Welcome or Refused (carrier). After that the dialer
sends commands and Pings, the carrier events, AgentDone and Pongs. Each side proves that it holds the key by a hash
over both nonces (HMAC, RFC 2104); the key itself is never sent, and nothing of a frame may be logged.
"""

from __future__ import annotations

import hashlib
import hmac
from asyncio import IncompleteReadError, StreamReader
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar, get_args

import msgspec

from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LiveLeg
from trunkcall.engine.commands import BridgeLegs, HangUp, Originate, OriginateAgentLeg, ReportLegs
from trunkcall.engine.events import (
    DetectionEnded,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    OriginateVoided,
    PlaybackEnded,
)
from trunkcall.telephony.carrier import Destination

Frame = TypeVar("Frame")

VERSION: Final = 2
"""Of this protocol. Both sides must have the same."""
MAX_BYTES: Final = 16 * 1024 * 1024
"""Of a line from the carrier. A Welcome or LegsReported with a hundred thousand legs has room."""
MAX_BYTES_FROM_DIALER: Final = 64 * 1024
"""Of a line from the dialer: little, since strangers can make the carrier hold so much for as long as a handshake."""
PURPOSE: Final = "carrier sessions"
"""For which the key is derived from the installation's secret key."""


class WireError(TrunkcallError):
    """What arrived is not a frame of a carrier session. The connection is closed."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The carrier's first word."""

    version: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Hello:
    """The dialer's answer. ``token`` is the fencing token of its lease."""

    nonce: str
    token: int
    proof: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """The session is open. ``now`` is the carrier's time, ``speed`` how many times as fast as the wall clock it runs;
    ``busy_agents`` are talking or working on a contact that is over."""

    proof: str
    now: Instant
    speed: float
    legs: tuple[LiveLeg, ...]
    busy_agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no session, and why, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Originate, and to whom."""

    command: Originate
    destination: Destination


@dataclass(frozen=True, slots=True)
class Play:
    """Play a prompt to a leg."""

    leg_id: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Is anybody there?"""


@dataclass(frozen=True, slots=True)
class Pong:
    """Yes."""


@dataclass(frozen=True, slots=True)
class AgentDone:
    """A simulated agent has finished the work after a contact."""

    agent_id: str


Event: TypeAlias = (
    LegRang | LegAnswered | DetectionEnded | LegsBridged | LegEnded | OriginateVoided | PlaybackEnded | LegsReported
)
FromDialer: TypeAlias = Hello | Dial | OriginateAgentLeg | BridgeLegs | Play | HangUp | ReportLegs | Ping
FromCarrier: TypeAlias = Challenge | Welcome | Refused | Pong | AgentDone | Event

_FROM_DIALER: dict[str, type[FromDialer]] = {kind.__name__: kind for kind in get_args(FromDialer)}
_FROM_CARRIER: dict[str, type[FromCarrier]] = {kind.__name__: kind for kind in get_args(FromCarrier)}
_decode = msgspec.json.Decoder(tuple[str, msgspec.Raw]).decode


def encode(frame: FromDialer | FromCarrier) -> bytes:
    """The frame's line, with its line feed."""
    return msgspec.json.encode((type(frame).__name__, frame)) + b"\n"


async def read_line(reader: StreamReader) -> bytes:
    """The next whole line. Raises IncompleteReadError when the connection ends before."""
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise IncompleteReadError(line, None)
    return line


def decode_from_dialer(line: bytes) -> FromDialer:
    """Raises WireError."""
    return _read(line, _FROM_DIALER)


def decode_from_carrier(line: bytes) -> FromCarrier:
    """Raises WireError."""
    return _read(line, _FROM_CARRIER)


def _read(line: bytes, kinds: dict[str, type[Frame]]) -> Frame:
    try:
        name, fields = _decode(line)
        return msgspec.json.decode(fields, type=kinds[name])
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError, RecursionError):
        # Neither the line nor the reason: both may hold a phone number.
        raise WireError from None


def proof(key: bytes, side: str, challenge: Challenge, nonce: str, token: int) -> str:
    """That this side ("dialer" or "carrier") of this session holds the key."""
    text = f"{side} {challenge.version} {challenge.nonce} {nonce} {token}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_proof(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), wanted.encode())
