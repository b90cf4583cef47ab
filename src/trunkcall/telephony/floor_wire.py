"""What a simulated world in the carrier's process tells the server of its agents: what no switch knows.

Decides the frames. It must not know legs or calls.

A session begins (``session``), then comes Floor (the world). After that the server sends Pings, and the world answers
each with Floor, and says AgentDone when it is so. Nothing keeps the two channels in step: an agent may be done here
before the carrier's channel has told that the talk is over, and then nobody heeds it. So who is busy is told again with
every answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias, get_args

from trunkcall.telephony.session import Ping, decode

CHANNEL: Final = "simulated floor"


@dataclass(frozen=True, slots=True)
class Floor:
    """How things are. ``speed`` is how many times as fast as the wall clock the world's time runs; ``busy_agents`` are
    talking or working on a contact that is over, and nobody else is."""

    speed: float
    busy_agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentDone:
    """A simulated agent has finished the work after a contact."""

    agent_id: str


FromFloor: TypeAlias = Floor | AgentDone

_FROM_FLOOR: dict[str, type[FromFloor]] = {kind.__name__: kind for kind in get_args(FromFloor)}


def decode_from_server(line: bytes) -> Ping:
    """Raises WireError."""
    return decode(line, {"Ping": Ping})


def decode_floor(line: bytes) -> Floor:
    """The first word. Raises WireError."""
    return decode(line, {"Floor": Floor})


def decode_from_floor(line: bytes) -> FromFloor:
    """Raises WireError."""
    return decode(line, _FROM_FLOOR)
