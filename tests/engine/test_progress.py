"""What the engine tells of progress. If these fail, people watch figures that are not so."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from engine.floor import Floor
from engine.support import SALES, SPRING
from trunkcall.domain.agent import AgentState, AgentStatus
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


def test_a_queue_tells_how_many_are_available_staffed_and_online() -> None:
    floor = Floor(agents=4)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.falls_silent("agent-2")
    figures = floor.engine.queue_figures(SALES)
    assert (figures.available, figures.staffed, figures.online) == (2, 2, 3)
    floor.removes("agent-3")
    assert floor.engine.queue_figures(SALES).online == 2
    floor.serves("agent-4", "other")
    assert floor.engine.queue_figures(SALES).online == 1
    assert floor.engine.queue_figures("other").online == 1


def test_a_queue_of_many_agents_tells_what_it_has_in_no_more_steps_than_one_of_few() -> None:
    """A flow may ask hundreds of times in one turn."""
    assert steps_to_tell_of(100) == steps_to_tell_of(2)


def steps_to_tell_of(agents: int) -> int:
    """How often anything in Python was called or gone on with, to tell of a queue of so many."""
    engine, steps = Floor(agents=agents).engine, 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal steps
        steps += event == "call" and frame.f_globals["__name__"].startswith("trunkcall.")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        figures = engine.queue_figures(SALES)
    finally:
        sys.setprofile(before)
    assert figures.online == agents
    return steps
