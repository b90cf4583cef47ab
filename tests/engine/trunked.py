"""Two trunks on two switches, and what of them stories ask for."""

from __future__ import annotations

from engine.floor import Floor
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import AttemptBegun
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig

OURS, THEIRS = "+12025550100", "+12025550101"
NOTICES = DialerType.AGENTLESS
NORTH = Trunk("north", "near", channels=4, attempts_per_s=1000.0)
SOUTH = Trunk("south", "far", channels=2, attempts_per_s=1000.0)


def floor_with(*trunks: Trunk, agents: int = 0) -> Floor:
    return Floor(agents=agents, config=EngineConfig(trunks=trunks))


def over(floor: Floor) -> list[str]:
    """The trunk of each attempt, in their order."""
    return [attempt.trunk_id for attempt in floor.asked(AttemptBegun)]


def lines(floor: Floor) -> dict[str, int]:
    return {trunk.trunk_id: trunk.lines for trunk in floor.engine.snapshot(floor.now).trunks}


def on(floor: Floor, trunk_id: str) -> list[str]:
    """The contacts that were dialed over the trunk."""
    return [attempt.contact_id for attempt in floor.asked(AttemptBegun) if attempt.trunk_id == trunk_id]
