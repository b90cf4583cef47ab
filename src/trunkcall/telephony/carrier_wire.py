"""What a dialer and a carrier in a process of its own say to each other: what a switch can say, and no more.

Decides the frames. It must not know what a frame leads to, nor of anything that only a simulated world has.

A session begins (``session``), then comes Welcome (carrier). After that the dialer sends commands and Pings, the
carrier events and Pongs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, get_args

from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import LiveLeg
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayTone,
    ReportLegs,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.engine.events import CarrierEvent
from trunkcall.telephony.carrier import Destination
from trunkcall.telephony.session import Ping, decode

CHANNEL: Final = "carrier"


@dataclass(frozen=True, slots=True)
class HostLegs:
    """All the legs that a host has; None while it is lost. ``host`` is None where one carrier speaks for all."""

    host: str | None
    legs: tuple[LiveLeg, ...] | None


@dataclass(frozen=True, slots=True)
class Welcome:
    """The carrier's first word. ``now`` is its time."""

    now: Instant
    hosts: tuple[HostLegs, ...]


@dataclass(frozen=True, slots=True)
class Dial:
    """Originate, and to whom."""

    command: Originate
    destination: Destination


@dataclass(frozen=True, slots=True)
class Play:
    """Say something to a leg."""

    leg_id: str
    play_id: str
    saying: Saying


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a Ping."""


FromDialer: TypeAlias = (
    Dial
    | OriginateAgentLeg
    | OriginateSessionLeg
    | BridgeLegs
    | UnbridgeLegs
    | Play
    | PlayTone
    | StopPlaying
    | StartRecording
    | SuspendRecording
    | ResumeRecording
    | StopRecording
    | HangUp
    | ReportLegs
    | Ping
)
FromCarrier: TypeAlias = Pong | CarrierEvent

_FROM_DIALER: dict[str, type[FromDialer]] = {kind.__name__: kind for kind in get_args(FromDialer)}
_FROM_CARRIER: dict[str, type[FromCarrier]] = {kind.__name__: kind for kind in get_args(FromCarrier)}


def decode_from_dialer(line: bytes) -> FromDialer:
    """Raises WireError."""
    return decode(line, _FROM_DIALER)


def decode_welcome(line: bytes) -> Welcome:
    """Raises WireError."""
    return decode(line, {"Welcome": Welcome})


def decode_from_carrier(line: bytes) -> FromCarrier:
    """What comes after the Welcome. Raises WireError."""
    return decode(line, _FROM_CARRIER)
