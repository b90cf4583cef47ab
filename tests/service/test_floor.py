"""Simulated agents, as a carrier tells of them: one who is forgotten in a contact takes no other, for ever."""

from __future__ import annotations

from trunkcall.domain.agent import AgentStatus
from trunkcall.engine.events import AgentStatusSet
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.presence import Presence


def floor_of(*agent_ids: str) -> tuple[SimulatedFloor, list[AgentStatusSet]]:
    presence = Presence()
    presence.know(frozenset(agent_ids))
    floor = SimulatedFloor(presence)
    floor.staff(agent_ids)
    said: list[AgentStatusSet] = []
    presence.listen(said.append)
    return floor, said


def test_agents_whose_last_word_was_lost_are_available_again_and_those_who_talk_are_left_alone() -> None:
    floor, said = floor_of("ann", "ben", "cleo")
    floor.busy(["ben"])
    assert said == [AgentStatusSet("ann", AgentStatus.AVAILABLE), AgentStatusSet("cleo", AgentStatus.AVAILABLE)]


def test_an_agent_of_whom_this_server_knows_nothing_does_no_harm() -> None:
    """A carrier apart outlives the store that its agents were of."""
    floor, said = floor_of("ann")
    floor.agent_done("somebody else's")
    floor.busy(["somebody else's"])
    assert said == [AgentStatusSet("ann", AgentStatus.AVAILABLE)]
