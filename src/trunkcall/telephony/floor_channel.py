"""The simulated floor's channel, from the side of the process that simulates it.

Decides when it is told which agents are busy. Who is, is the simulated world's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from trunkcall.telephony import floor_wire as wire
from trunkcall.telephony.host import Session


class FloorChannel:
    """Tells a server of its agents. ``speed`` is how many times as fast as the wall clock the world's time runs."""

    def __init__(self, *, speed: float, busy_agents: Callable[[], Collection[str]]) -> None:
        self._speed = speed
        self._busy_agents = busy_agents
        self._session: Session | None = None

    async def begin(self, session: Session, *, token: int) -> None:
        self._session = session
        self._tell(self._floor())

    def take(self, line: bytes) -> None:
        wire.decode_from_server(line)
        self._tell(self._floor())

    def agent_done(self, agent_id: str) -> None:
        """A simulated agent is done with a contact."""
        self._tell(wire.AgentDone(agent_id))

    def _floor(self) -> wire.Floor:
        return wire.Floor(self._speed, tuple(self._busy_agents()))

    def _tell(self, frame: wire.FromFloor) -> None:
        if self._session is not None:
            self._session.send(frame)
