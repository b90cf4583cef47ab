"""A leg to one phone of a simulated world, and what is told of it.

Decides what is remembered of a leg, and how a carrier has it at this moment. It must not know what a phone does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import Duration
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.engine.commands import Originate
from trunkcall.simulation.world import Fate

# Named once: to look up a member of an enum takes as long as a call (CPython 3.11).
_ORIGINATING: Final = LegState.ORIGINATING
_NORMAL: Final = HangupCause.NORMAL


class SimulatedLeg:
    """A leg to one phone. ``command`` and ``fate`` are None for an agent's, ``agent_id`` for a customer's."""

    __slots__ = (
        "agent_id",
        "cause",
        "command",
        "detection",
        "fate",
        "holds",
        "host",
        "in_session",
        "leg_id",
        "listening",
        "messages",
        "peer",
        "prompts",
        "recordings",
        "served",
        "state",
    )

    def __init__(
        self, leg_id: str, host: str, fate: Fate | None, command: Originate | None, agent_id: str | None
    ) -> None:
        self.leg_id = leg_id
        self.host = host
        self.fate = fate
        self.command = command
        self.agent_id = agent_id
        self.state = _ORIGINATING
        self.cause = _NORMAL
        """Why it will end, unless somebody asks for it before."""
        self.in_session = False
        """Of an agent's: whether it stays up after a contact."""
        self.peer: SimulatedLeg | None = None
        """The one that it is joined with."""
        self.served: SimulatedLeg | None = None
        """Of an agent's: the customer whose contact there is still work to do after."""
        self.listening = False
        """Whether somebody or something has spoken to it."""
        self.messages = 0
        """How many it has heard to their end."""
        self.prompts: dict[str, Duration | None] = {}
        """What is played to it first, and what comes after that, with how long each takes; None for what is said again
        and again."""
        self.recordings: list[str] = []
        self.holds = False
        """Whether its party has put the other on hold."""
        self.detection: DetectionStatus | None = None
        """What detection has come to."""

    def as_live(self) -> LiveLeg:
        peer_id = self.peer.leg_id if self.peer is not None else None
        recordings = tuple(self.recordings)
        playing = bool(self.prompts)
        return LiveLeg(self.leg_id, self.state, peer_id, self.detection, playing, self.holds, recordings)


LegDeed: TypeAlias = Callable[[SimulatedLeg], None]
Later: TypeAlias = Callable[[Duration, LegDeed, SimulatedLeg], None]
"""Has something done with a leg after so long. What is asked for first comes first at the same instant."""
