"""Many campaigns whose queues share agents in every way, while agents and campaigns go from one queue to another.

If this fails, somebody idles although a campaign could dial for them, or two campaigns dial for the same agent: who
competes with whom is kept as things happen, and ``engine.recount`` counts it anew.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.floor import Floor
from engine.recount import check_allotments, check_whoever_may_dial_has_dialed
from engine.support import registered
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.contact import ContactState
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig

CAMPAIGNS = ("argon", "boron", "zinc", "iron", "neon")
QUEUES = ("sales", "service", "spares")
AGENTS = tuple(f"agent-{number}" for number in range(6))
numbers = st.integers(0, 50)


class Centre(RuleBasedStateMachine):
    """Nobody waits in a queue: whoever answers and finds no agent hangs up."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor(config=EngineConfig(window_size=6, trunks=(Trunk("one", channels=30, attempts_per_s=1000),)))

    @rule(
        name=st.sampled_from(CAMPAIGNS),
        dialer=st.sampled_from([DialerType.PROGRESSIVE, DialerType.PREDICTIVE]),
        queue=st.sampled_from(QUEUES),
        weight=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
        state=st.sampled_from([CampaignState.RUNNING, CampaignState.RUNNING, CampaignState.PAUSED]),
        requests=st.integers(0, 9),
    )
    def a_campaign_is_begun_or_changed(
        self, name: str, dialer: DialerType, queue: str, weight: float, state: CampaignState, requests: int
    ) -> None:
        before, told = self.floor.engine.details().campaigns.get(name), self.floor.campaigns.get(name)
        if before is not None and told is not None and before.in_flight:
            # Who is kept for a dial stays with it.
            dialer, queue = told.dialing.dialer_type, told.dialing.queue_id or queue
        self.floor.campaign(name, dialer=dialer, queue=queue, weight=weight, state=state)
        self.floor.accept(name, requests)

    @rule(agent=st.sampled_from(AGENTS), queues=st.lists(st.sampled_from(QUEUES), unique=True))
    def an_agent_serves(self, agent: str, queues: list[str]) -> None:
        self.floor.agents[agent] = tuple(queues)
        self.floor.tell(registered(agent, *queues))
        self.floor.sets(agent, AgentStatus.AVAILABLE)

    @rule(number=numbers, status=st.sampled_from(AgentStatus))
    def an_agent_wants(self, number: int, status: AgentStatus) -> None:
        if self.floor.agents:
            self.floor.sets(list(self.floor.agents)[number % len(self.floor.agents)], status)

    @rule(agent=st.sampled_from(AGENTS))
    def an_agent_is_removed(self, agent: str) -> None:
        if agent in self.floor.agents:
            self.floor.removes(agent)

    @rule(number=numbers)
    def an_attempt_fails(self, number: int) -> None:
        if dialing := self._in(ContactState.DIALING):
            self.floor.hangs_up(dialing[number % len(dialing)], HangupCause.NO_ANSWER)

    @rule(number=numbers)
    def somebody_answers(self, number: int) -> None:
        if dialing := self._in(ContactState.DIALING):
            contact = dialing[number % len(dialing)]
            self.floor.answers(contact)
            if contact in self._in(ContactState.QUEUED):
                self.floor.hangs_up(contact)
            elif contact in self._in(ContactState.CONNECTING):
                self.floor.agent_picks_up(contact)

    @rule(number=numbers)
    def a_talk_ends(self, number: int) -> None:
        if talks := self._in(ContactState.CONNECTED):
            self.floor.hangs_up(talks[number % len(talks)])

    @rule()
    def work_is_done(self) -> None:
        for agent in self.floor.engine.details().agents.values():
            if agent.state is AgentState.AFTER_CONTACT_WORK:
                self.floor.sets(agent.agent_id, AgentStatus.AVAILABLE)

    @rule(seconds=st.sampled_from([0.05, 1.0, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.floor.wait(seconds)

    @rule()
    def nothing_happens(self) -> None:
        check_whoever_may_dial_has_dialed(self.floor)

    @invariant()
    def nobody_counts_on_anothers_agents(self) -> None:
        check_allotments(self.floor)

    def teardown(self) -> None:
        check_whoever_may_dial_has_dialed(self.floor)

    def _in(self, state: ContactState) -> list[str]:
        return [
            contact.contact_id for contact in self.floor.engine.details().contacts.values() if contact.state is state
        ]


Centre.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCompetingCampaigns = Centre.TestCase
