"""Agents with a persistent connection as a story begins: in a session, and talking in it. And two hosts for those."""

from __future__ import annotations

from engine.floor import Floor
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import LegsBridged

NEAR = Trunk("north", "near", attempts_per_s=1000.0)
FAR = Trunk("south", "far", attempts_per_s=1000.0)


def on_the_line(*agents: str, requests: int = 0, config: EngineConfig | None = None) -> Floor:
    """Each of these agents is available and in a session; so many contacts are dialed for them."""
    floor = Floor(config=config)
    for agent in agents:
        floor.agent(agent, persistent=True)
        floor.session_comes_up(agent)
    floor.campaign(requests=requests)
    return floor


def talking(config: EngineConfig | None = None) -> tuple[Floor, str, str]:
    """Ann talks to a customer in her session: the floor, the customer's leg, the session's."""
    floor = on_the_line("ann", requests=1, config=config)
    floor.answers("spring-1")
    customer, session = floor.leg("spring-1"), floor.session("ann")
    floor.tell(LegsBridged(customer, session))
    return floor, customer, session
