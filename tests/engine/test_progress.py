"""What the engine tells of progress. If these fail, people watch figures that are not so."""

from __future__ import annotations

from engine.floor import Floor
from engine.support import SALES, SPRING
from trunkcall.domain.agent import AgentState
from trunkcall.domain.contact import ContactState


def test_a_campaign_that_nobody_told_the_engine_of_has_no_progress() -> None:
    assert Floor().engine.progress("nowhere", 0) is None


def test_contacts_in_progress_and_agents_are_counted_by_state() -> None:
    floor = Floor(agents=5)
    floor.campaign(requests=3)
    found = floor.engine.progress(SPRING, floor.now)
    assert found is not None
    assert found.in_state == {ContactState.DIALING: 3}
    agents = floor.engine.floor(SALES)
    assert {state: number for state, number in agents.agents.items() if number} == {AgentState.AVAILABLE: 5}
    assert (agents.staffed_agents, agents.unheard_agents, agents.lines_in_use) == (5, 0, 3)
    assert floor.engine.floor("another queue").staffed_agents == 0
    assert floor.engine.floor().staffed_agents == 5
