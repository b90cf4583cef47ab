"""What a dialer and its sound process say to each other: frames of ``telephony.session``'s form, a line each.

Decides what can be asked of the process, and what it tells. It does no I/O, and must not know legs: a stream is one
sound channel of the switch, whatever that is joined with. Ids of streams and plays are chosen by the dialer and never
used twice. Nothing of a frame may be logged: ``Reach`` has a password.

A recording is of two streams, and is called by the first. It gets Recording once there is a file, unless it cannot be
made, and exactly one Recorded: when that is asked for, when one of its streams is closed, or when it cannot be written.

Each stream that was opened gets Opened, at most once, and exactly one Closed, also when that is asked for. Each play of
a stream that is open gets exactly one Played, unless the stream is closed before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

# --- from the dialer --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """The first word: where the switch's HTTP server is, such as http://127.0.0.1:8088, and who asks."""

    url: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """Whether anybody is there. It is answered by Here."""


@dataclass(frozen=True, slots=True)
class Open:
    """Connect to the sound channel that the switch calls so (its MEDIA_WEBSOCKET_CONNECTION_ID)."""

    stream_id: str
    connection_id: str


@dataclass(frozen=True, slots=True)
class Play:
    """Play files one after the other, in place of what is played: WAV, 8,000 samples of 16 bits a second, mono.
    ``loop`` is again and again, until it is stopped."""

    stream_id: str
    play_id: str
    paths: tuple[str, ...]
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Be silent at once, if this is what is played."""

    stream_id: str
    play_id: str


@dataclass(frozen=True, slots=True)
class Listen:
    """Tell what a machine does that is heard from here on: each beep, and once that its greeting is over."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class Record:
    """Write what is heard on two streams, which are open, into a new file: on the first track that of ``stream_id``,
    on the second that of ``heard_id``. ``head`` is how the file begins, and ``key`` by what it is encrypted, both
    hexadecimal. So many octets of the disk are left free."""

    stream_id: str
    heard_id: str
    path: str
    head: str
    key: str = field(repr=False)
    keep_free: int


@dataclass(frozen=True, slots=True)
class Mute:
    """Write silence, or sound again."""

    stream_id: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Finish:
    """End a recording."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """Let go of a stream."""

    stream_id: str


# --- from the process -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Here:
    """Of a process that does what it is asked."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is connected. What is played before its channel is joined with somebody is heard by nobody."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class Played:
    """A play is over: to its end, stopped, or replaced. ``problem`` says in words why it was not heard; empty if it
    was."""

    stream_id: str
    play_id: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Beeped:
    """A machine has beeped. It was over ``ago`` microseconds before this was told."""

    stream_id: str
    hz: float
    ago: int


@dataclass(frozen=True, slots=True)
class GreetingOver:
    """From here on a machine records. ``how`` is that of ``amd.listener``; its beep, or its last word, was over ``ago``
    microseconds before this was told."""

    stream_id: str
    how: str
    ago: int


@dataclass(frozen=True, slots=True)
class Recording:
    """Sound is being written."""

    stream_id: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording is over. ``problem`` says in words why it could not be written; empty if it could."""

    stream_id: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """A stream is over, and all that was played or heard on it. ``why`` is empty where that was asked for."""

    stream_id: str
    why: str = ""


OnStream: TypeAlias = Play | Stop | Listen | Record | Mute | Finish
"""What is asked of a stream that is open."""
FromDialer: TypeAlias = Reach | Ask | Open | OnStream | Close
OfStream: TypeAlias = Opened | Played | Beeped | GreetingOver | Recording | Recorded | Closed
FromProcess: TypeAlias = Here | OfStream

FROM_DIALER: Final[Mapping[str, type[FromDialer]]] = MappingProxyType(
    {each.__name__: each for each in (Reach, Ask, Open, Play, Stop, Listen, Record, Mute, Finish, Close)}
)
FROM_PROCESS: Final[Mapping[str, type[FromProcess]]] = MappingProxyType(
    {each.__name__: each for each in (Here, Opened, Played, Beeped, GreetingOver, Recording, Recorded, Closed)}
)
