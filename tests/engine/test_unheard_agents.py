"""Agents of whom nothing is heard. If these fail, phones ring for a desk where nobody sits, and whoever answers finds
nobody; or a floor stands idle though its agents are there."""

from __future__ import annotations

import pytest

from engine.floor import Floor, connected
from engine.support import SALES, SPRING, new_engine
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.changes import ContactAbandoned
from trunkcall.domain.instants import Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.commands import HangUp, OriginateAgentLeg
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import AgentHeard, AgentUnheard
from trunkcall.engine.pacing.base import LearnsNothing, PacingView

BOTH_WITH_AGENTS = pytest.mark.parametrize("dialer", [DialerType.PROGRESSIVE, DialerType.PREDICTIVE])


class Ahead(LearnsNothing):
    """Counts on everybody: one attempt for each agent who is free or will be, and ``extra`` more."""

    one_to_one = False
    needs_agents = True

    def __init__(self, extra: int = 0) -> None:
        self.extra = extra

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        coming = len(view.talking_since) + len(view.working_since)
        return max(0, view.free_agents + coming + self.extra - view.lines_in_flight)


UNBOUND = AbandonmentLimits(binding=False)


def dialing_ahead(agents: int, *, extra: int = 0, lines_per_agent: float = 10.0) -> Floor:
    floor = Floor()
    config = EngineConfig(lines_per_agent=lines_per_agent)
    floor.engine = new_engine(config, flows=floor.flows, pacer_for=lambda settings: Ahead(extra))
    for number in range(1, agents + 1):
        floor.agent(f"agent-{number}")
    return floor


# --- who is dialed for ------------------------------------------------------------------------------------------------


@BOTH_WITH_AGENTS
def test_nobody_is_dialed_for_an_agent_of_whom_nothing_is_heard(dialer: DialerType) -> None:
    floor = Floor(agents=3)
    floor.falls_silent("agent-2")
    floor.campaign(dialer=dialer, requests=10)
    floor.wait(2)
    assert len(floor.dialed) == 2


@BOTH_WITH_AGENTS
def test_when_nothing_is_heard_of_anybody_nobody_is_dialed_and_agentless_campaigns_go_on(dialer: DialerType) -> None:
    floor = Floor(agents=3)
    for agent in floor.agents:
        floor.falls_silent(agent)
    floor.campaign(dialer=dialer, requests=10)
    floor.campaign("notices", dialer=DialerType.AGENTLESS, requests=2)
    floor.wait(60)
    assert floor.dialed == ["notices-11", "notices-12"]


@BOTH_WITH_AGENTS
def test_an_agent_who_is_heard_of_again_is_dialed_for(dialer: DialerType) -> None:
    floor = Floor(agents=1)
    floor.falls_silent("agent-1")
    floor.campaign(dialer=dialer, requests=10)
    floor.wait(30)
    floor.is_heard("agent-1")
    floor.wait(1)
    assert len(floor.dialed) == 1


def test_an_agent_who_comes_while_nothing_is_heard_is_not_dialed_for() -> None:
    """Whoever takes over a floor knows what agents want to be, but not yet that they are there."""
    floor = Floor(agents=1)
    floor.sets("agent-1", AgentStatus.OFFLINE)
    floor.falls_silent("agent-1")
    floor.campaign(requests=1)
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.dialed == []
    floor.is_heard("agent-1")
    assert floor.dialed == ["spring-1"]


def test_being_heard_of_brings_nobody_back_from_a_break() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.sets("agent-1", AgentStatus.BREAK)
    floor.falls_silent("agent-1")
    floor.is_heard("agent-1")
    assert floor.state_of("agent-1") is AgentState.ON_BREAK


def test_who_talks_and_is_not_heard_of_is_not_counted_on() -> None:
    floor = dialing_ahead(2)
    floor.campaign(limits=UNBOUND, requests=10)
    connected(floor, "spring-1")
    connected(floor, "spring-2")
    assert floor.snapshot().in_flight == 2, "one ahead for each who talks"
    for contact in floor.engine.details().campaigns[SPRING].in_flight:
        floor.falls_silent("agent-1")
        floor.hangs_up(contact, HangupCause.NO_ANSWER)
    assert floor.snapshot().in_flight == 1


def test_who_works_after_a_contact_and_is_not_heard_of_is_not_counted_on() -> None:
    floor = dialing_ahead(1)
    floor.campaign(limits=UNBOUND, requests=10)
    connected(floor, "spring-1")
    floor.hangs_up("spring-1")
    floor.falls_silent("agent-1")
    floor.hangs_up("spring-2", HangupCause.NO_ANSWER)
    assert floor.snapshot().in_flight == 0


def test_lines_are_allowed_for_those_only_who_are_heard_of() -> None:
    floor = dialing_ahead(2, extra=50, lines_per_agent=3.0)
    floor.falls_silent("agent-1")
    floor.campaign(limits=UNBOUND, requests=100)
    assert floor.snapshot().in_flight == 3
    floor.is_heard("agent-1")
    assert floor.snapshot().in_flight == 6


# --- whoever was dialed already ---------------------------------------------------------------------------------------


def test_a_dial_whose_agent_falls_silent_gets_another() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=1)
    silent = floor.kept_agent("spring-1")
    assert silent is not None
    floor.falls_silent(silent)
    floor.answers("spring-1")
    assert floor.agent_of("spring-1") not in (silent, None)


def test_a_dial_whose_agent_falls_silent_rings_on_and_gets_the_next_who_is_heard_of() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    floor.falls_silent("agent-1")
    floor.wait(5)
    assert floor.asked(HangUp) == []
    assert floor.kept_agent("spring-1") is None
    floor.is_heard("agent-1")
    assert floor.kept_agent("spring-1") == "agent-1"
    assert floor.dialed == ["spring-1"]


def test_a_person_who_answers_waits_for_agents_who_are_there_and_no_phone_rings_in_vain() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    busy = floor.agent_of("spring-1")
    (silent,) = set(floor.agents) - {busy}
    floor.falls_silent(silent)
    floor.answers("spring-2")
    floor.wait(1)
    floor.hangs_up("spring-1")
    floor.sets(busy, AgentStatus.AVAILABLE)
    assert floor.agent_of("spring-2") == busy
    assert len(floor.asked(OriginateAgentLeg)) == 2
    assert floor.asked(ContactAbandoned) == []


def test_a_person_who_waits_is_taken_by_an_agent_who_is_heard_of_again() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    (silent,) = set(floor.agents) - {floor.agent_of("spring-1")}
    floor.falls_silent(silent)
    floor.answers("spring-2")
    floor.is_heard(silent)
    assert floor.agent_of("spring-2") == silent


def test_where_nobody_else_is_at_work_a_person_who_answers_gets_a_phone_that_may_ring_in_vain() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=1)
    floor.falls_silent("agent-1")
    floor.answers("spring-1")
    floor.agent_picks_up("spring-1")
    assert floor.state_of("agent-1") is AgentState.CONNECTED


def test_a_silent_agent_whose_customer_gave_up_is_not_free() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=5)
    floor.falls_silent("agent-1")
    floor.answers("spring-1")
    floor.hangs_up("spring-1")
    assert floor.state_of("agent-1") is AgentState.AVAILABLE
    assert floor.dialed == ["spring-1"]


def test_two_people_talk_on_when_nothing_is_heard_of_the_agent() -> None:
    floor = Floor(agents=1)
    floor.campaign(requests=2)
    connected(floor, "spring-1")
    asked = len(floor.log)
    floor.falls_silent("agent-1")
    floor.wait(600)
    assert floor.log[asked:] == []
    assert floor.state_of("agent-1") is AgentState.CONNECTED
    floor.hangs_up("spring-1")
    floor.is_heard("agent-1")
    assert floor.state_of("agent-1") is AgentState.AFTER_CONTACT_WORK, "being there is not being done"
    floor.sets("agent-1", AgentStatus.AVAILABLE)
    assert floor.dialed == ["spring-1", "spring-2"]


def test_a_silent_agent_who_is_given_another_queue_is_not_free_in_it() -> None:
    floor = Floor(agents=1)
    floor.falls_silent("agent-1")
    floor.agent("agent-1", SALES, "service")
    floor.campaign(queue="service", requests=1)
    assert floor.dialed == []


# --- what is told -----------------------------------------------------------------------------------------------------


def test_the_agents_who_are_left_out_are_counted() -> None:
    floor = Floor(agents=4)
    floor.campaign()
    floor.sets("agent-3", AgentStatus.OFFLINE)
    for number in (1, 2, 3):
        floor.falls_silent(f"agent-{number}")
    assert floor.engine.snapshot(floor.now).unheard_agents == 2, "of who has gone home nothing need be heard"
    assert floor.snapshot().staffed_agents == 1
    explained = floor.engine.explain(SPRING, floor.now)
    assert explained is not None
    assert (explained.staffed_agents, explained.unheard_agents) == (1, 2)


def test_repetitions_change_nothing() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=1)
    for agent in floor.agents:
        floor.is_heard(agent)
    assert floor.kept_agent("spring-1") is not None
    for _ in range(2):
        floor.falls_silent("agent-1")
    floor.is_heard("agent-1")
    assert floor.snapshot().free_agents == 1


@pytest.mark.parametrize("event", [AgentUnheard("nobody"), AgentHeard("nobody")])
def test_an_agent_who_is_not_known_is_refused(event: AgentUnheard | AgentHeard) -> None:
    assert "no such agent" in Floor().refusal_of(event)
