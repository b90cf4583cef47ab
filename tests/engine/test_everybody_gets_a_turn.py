"""Liveness: every campaign that may be dialed begins an attempt within a time that can be stated, whatever the others
do and whatever went wrong before. If this fails, somebody's campaign stands still beside others, for good, and nothing
else is wrong.

Town and troubles are drawn. While there is trouble nothing that is not safe happens (``engine.invariants``) and nobody
is called starved who is not. Then all is well again, and:

- every campaign with weight begins an attempt within ``longest_wait_s``;
- two that want attempts all the time get them by weight, within the bound of docs/explanation/sharing.md;
- when no more requests come, all that there are end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from engine.invariants import check_nothing_is_left
from engine.test_whatever_happens import LENIENT
from engine.town import Calls, Town, longest_hold_s
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.components import MEMORY
from trunkcall.engine.events import LedgerRestored

AGENTLESS, PREDICTIVE = DialerType.AGENTLESS, DialerType.PREDICTIVE
QUEUES = ("sales", "service", "billing")
NUMBER = "+4930200"
"""That only some trunks may show."""
TURNS = 30
SHARED_TURNS = 200
"""Of the town, after everybody had one: so many more, or where there are shares to be compared so many."""


@dataclass(frozen=True)
class Plan:
    """A campaign as it is from some time on."""

    dialer: DialerType
    queue: str
    weight: float
    capacity: float
    caller_id: str | None
    limits: AbandonmentLimits

    def changed(self, other: Plan | None) -> Plan:
        """The same campaign as another is, as far as it may come to be so: its queue stays."""
        if other is None:
            return self
        either_agentless = AGENTLESS in (self.dialer, other.dialer)
        return replace(other, queue=self.queue, dialer=self.dialer if either_agentless else other.dialer)


@dataclass(frozen=True)
class Place:
    """What there is."""

    before: tuple[Plan, ...]
    after: tuple[Plan, ...]
    """The same campaigns when all trouble is over."""
    calls: tuple[Calls, ...]
    agents: tuple[tuple[str, ...], ...]
    trunks: tuple[Trunk, ...]
    seed: int


plans = st.builds(
    Plan,
    st.sampled_from([DialerType.PROGRESSIVE, DialerType.PROGRESSIVE, PREDICTIVE, AGENTLESS]),
    st.sampled_from(QUEUES),
    st.sampled_from([0.0, 0.1, 1.0, 1.0]),
    st.sampled_from([0.1, 1.0, 1.0]),
    st.sampled_from([None, None, None, NUMBER]),
    st.sampled_from([AbandonmentLimits(), LENIENT]),
)
calls = st.builds(
    Calls, st.sampled_from([0.0, 0.3, 0.9]), st.sampled_from([2.0, 5.0, 18.0]), st.sampled_from([5.0, 60.0])
)


@st.composite
def places(draw: st.DrawFn) -> Place:
    number = draw(st.integers(2, 5))
    before = draw(st.lists(plans, min_size=number, max_size=number))
    changed = draw(st.lists(st.none() | plans, min_size=number, max_size=number))
    queues = st.sampled_from([QUEUES[:1], QUEUES[:2], QUEUES[1:], QUEUES])
    lines, per_s = draw(st.sampled_from([(1, 20.0), (2, 20.0), (3, 0.5), (40, 4.0), (40, 4.0)]))
    trunks = [Trunk("first", "north", lines, per_s)]
    if draw(st.booleans()):
        trunks.append(Trunk("second", "south", max(1, lines // 2), per_s, draw(st.sampled_from([(), (NUMBER,)]))))
    return Place(
        tuple(before),
        tuple(old.changed(new) for old, new in zip(before, changed, strict=True)),
        tuple(draw(st.lists(calls, min_size=number, max_size=number))),
        tuple(draw(st.lists(queues, min_size=0, max_size=4))),
        tuple(trunks),
        draw(st.integers(0, 99)),
    )


class Story:
    """One town, and what happens there."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.town = Town(place.trunks, place.seed)
        self.names = [f"c{number}" for number in range(len(place.before))]
        self.town.calls = dict(zip(self.names, place.calls, strict=True))
        for number, queues in enumerate(place.agents):
            self.town.agent(f"agent-{number}", *queues)
        self.plans = dict(zip(self.names, place.before, strict=True))
        for name in self.names:
            self.sets_up(name)

    def sets_up(self, name: str, state: CampaignState = CampaignState.RUNNING) -> None:
        plan = self.plans[name]
        self.town.sets_up(
            name,
            plan.dialer,
            plan.queue,
            weight=plan.weight,
            capacity=plan.capacity,
            caller_id=plan.caller_id,
            limits=plan.limits,
            state=state,
        )

    def agent(self, number: int) -> str | None:
        return f"agent-{number % len(self.place.agents)}" if self.place.agents else None

    # --- trouble ------------------------------------------------------------------------------------------------------

    def pauses(self, number: int) -> None:
        self.sets_up(self.names[number % len(self.names)], CampaignState.PAUSED)

    def resumes(self, number: int) -> None:
        self.sets_up(self.names[number % len(self.names)])

    def is_otherwise(self, number: int) -> None:
        """A campaign has other settings, among them perhaps another weight, queue or dialer type."""
        name = self.names[number % len(self.names)]
        self.plans[name] = self.place.after[number % len(self.names)]
        self.sets_up(name)

    def loses(self, number: int) -> None:
        self.town.loses(self.place.trunks[number % len(self.place.trunks)].host)

    def finds(self, number: int) -> None:
        self.town.finds(self.place.trunks[number % len(self.place.trunks)].host)

    def voids(self, number: int) -> None:
        self.town.voids = number

    def goes(self, number: int) -> None:
        if agent := self.agent(number):
            self.town.sets(agent, [AgentStatus.BREAK, AgentStatus.OFFLINE][number % 2])

    def comes(self, number: int) -> None:
        if agent := self.agent(number):
            self.town.sets(agent, AgentStatus.AVAILABLE)

    def serves(self, number: int) -> None:
        if agent := self.agent(number):
            self.town.serves(agent, *QUEUES[number % 3 :])

    def falls_silent(self, number: int) -> None:
        if agent := self.agent(number):
            self.town.falls_silent(agent)

    def runs_dry(self, number: int) -> None:
        """There are few requests for a while, some of them due later."""
        self.town.requests_without_end = False
        self.town.accept(self.names[number % len(self.names)], 3, due_in=(number - 5) * SECOND)

    def overdraws(self, number: int) -> None:
        """More live answers than may be have found nobody; not so many that nobody would wait for it."""
        minute = (self.town.now // MINUTE - 10 - number) * MINUTE
        self.town.tell(LedgerRestored(self.names[number % len(self.names)], ((minute, 2, 2),)))

    def all_is_well(self) -> None:
        """And campaigns are as they stay."""
        self.town.voids = 0
        for trunk in self.place.trunks:
            self.town.finds(trunk.host)
        for agent in self.town.agents:
            self.town.is_heard(agent)
            self.town.sets(agent, AgentStatus.AVAILABLE)
        self.town.requests_without_end = True
        self.plans = dict(zip(self.names, self.place.after, strict=True))
        for name in self.names:
            self.sets_up(name)
            self.town.accept(name)

    # --- who competes with whom ---------------------------------------------------------------------------------------

    def serving(self, name: str) -> list[tuple[str, ...]]:
        """The agents of the campaign's queue."""
        return [queues for queues in self.town.agents.values() if self.plans[name].queue in queues]

    def trunks_of(self, name: str) -> list[Trunk]:
        return [trunk for trunk in self.place.trunks if trunk.may_show(self.plans[name].caller_id)]

    def component(self, name: str) -> list[str]:
        """The campaigns that can want agents whom this one wants, or whom others want who do, and so on."""
        if self.plans[name].dialer is AGENTLESS:
            return []
        queues, before = {self.plans[name].queue}, 0
        while len(queues) > before:
            before = len(queues)
            queues.update(*(served for served in self.town.agents.values() if not queues.isdisjoint(served)))
        return [c for c in self.names if self.plans[c].dialer is not AGENTLESS and self.plans[c].queue in queues]

    def is_promised_a_turn(self, name: str) -> bool:
        """A campaign without weight has what nobody else wants, and nothing is promised to it."""
        plan = self.plans[name]
        return plan.dialer is AGENTLESS or (bool(self.serving(name)) and plan.weight > 0)


Trouble: TypeAlias = tuple[Callable[[Story, int], None], int, float]
TROUBLES: list[Callable[[Story, int], None]] = [
    Story.pauses,
    Story.resumes,
    Story.is_otherwise,
    Story.is_otherwise,
    Story.loses,
    Story.finds,
    Story.voids,
    Story.goes,
    Story.comes,
    Story.serves,
    Story.falls_silent,
    Story.runs_dry,
    Story.overdraws,
]
troubles = st.lists(
    st.tuples(st.sampled_from(TROUBLES), st.integers(0, 9), st.sampled_from([0.0, 1.0, 10.0, 30.0])), max_size=8
)


# --- what is promised -------------------------------------------------------------------------------------------------


def services(weight: float, weights: Iterable[float], batch: float = 1.0) -> float:
    """How many services of what is scarce at most go to others before one of this weight has one (fairness.py): what is
    remembered, ahead and behind, and for each of the others what its weight is worth and one."""
    each = list(weights)
    return 2 * MEMORY + sum(each) / weight + len(each) * batch


def longest_wait_s(story: Story, name: str) -> float:
    """How long a campaign waits at most for an attempt, from when it can be dialed.

    It has its turn at its agents after N services of those of its component. Where lines or attempts per second are
    scarce as well its component has a turn there at least whenever the campaign itself would have one: after N services
    to all, each time. A service ends when the attempt has, or when the next is within the rate."""
    plan, plans = story.plans[name], story.plans
    lines = sum(trunk.channels for trunk in story.trunks_of(name))
    agents, component = len(story.serving(name)), story.component(name)
    at_agents, at_once = 1.0, lines
    if component:
        weights = [plans[c].weight or 1.0 for c in component]
        batch = min(lines, story.town.engine.config.lines_per_agent * len(story.town.agents))
        at_agents = services(plan.weight or 1.0, weights, batch if len(component) > 1 else 1.0) + 1
        at_once = min(lines, agents)
    capacities = [plans[c].capacity for c in story.names]
    each = at_agents * sum(capacities) / plan.capacity + services(plan.capacity, capacities)
    hold_s = longest_hold_s(story.town.calls.values())
    return each * (hold_s / at_once + 1 / min(trunk.attempts_per_s for trunk in story.trunks_of(name))) + hold_s


def check_nobody_is_starved(story: Story) -> None:
    """As the engine has it, by a measure of its own."""
    for campaign in story.town.engine.snapshot(story.town.now).campaigns:
        assert not campaign.passed_over.too_often, f"{campaign.campaign_id} is passed over: {campaign.passed_over}"


def check_everybody_begins(story: Story) -> None:
    town, since = story.town, story.town.now
    promised = [name for name in story.names if story.is_promised_a_turn(name)]
    waiting = {name: since + round(longest_wait_s(story, name) * SECOND) for name in promised}
    while waiting:
        first = min(waiting.values())
        assert town.step(first), f"{[n for n, at in waiting.items() if at == first]} begin no attempt"
        waiting = {n: at for n, at in waiting.items() if town.last_begun_at.get(n, 0) < since}


class Shares:
    """What two campaigns have had, since both began to want more at the same time and did not cease to."""

    def __init__(self, story: Story) -> None:
        self.story = story
        names = [name for name in story.names if story.is_promised_a_turn(name)]
        lines = sum(trunk.channels for trunk in story.place.trunks)
        alone = [
            name
            for name in names
            if len(story.component(name)) <= 1 and story.trunks_of(name) == list(story.place.trunks)
        ]
        self.pairs = {pair: Counter[str]() for pair in combinations(alone, 2) if lines >= 40}
        self.before = Counter(story.town.begun)

    def look(self) -> None:
        """To be asked after each thing that happens."""
        story, town = self.story, self.story.town
        begun = town.begun - self.before
        self.before = Counter(town.begun)
        if not self.pairs:
            return
        floor, details = town.engine.floor(), town.engine.details()
        plenty = floor.lines_in_use < floor.lines - 5
        wanting = {c.campaign_id for c in details.campaigns.values() if wants_more(story, c.campaign_id)}
        for pair, had in self.pairs.items():
            if plenty and wanting.issuperset(pair):
                had.update({name: begun[name] for name in pair})
                self.check(*pair, had)
            else:
                had.clear()

    def check(self, one: str, other: str, had: Counter[str]) -> None:
        plans = self.story.plans
        weights = [plans[name].capacity for name in (one, other)]
        level = had[one] / weights[0] - had[other] / weights[1]
        memory = min(MEMORY, sum(trunk.attempts_per_s for trunk in self.story.place.trunks))
        # Others may compete or not: of all who do, these two at the least.
        bound = sum(1 / weight for weight in weights) + 2 * memory / sum(weights)
        if any(plans[name].dialer is PREDICTIVE for name in (one, other)):
            # It wants an attempt from its next look on, a second later at the most.
            bound += memory / min(weights)
        assert abs(level) <= bound + 1.0, f"{one} has had {had[one]} and {other} {had[other]}"


def wants_more(story: Story, name: str) -> bool:
    """Whether it surely does, for all that can be seen from without: somebody can be dialed and is free."""
    explained = story.town.engine.explain(name, story.town.now)
    assert explained is not None
    if not explained.window:
        return False
    if explained.one_to_one:
        return explained.free_agents > 0
    return not explained.needs_agents or explained.free_agents > explained.in_flight + explained.waiting


def looking_beside_one_that_always_wants() -> Place:
    """A predictive campaign looks once a second; an agentless one takes each attempt as soon as it is allowed."""
    plans = tuple(Plan(dialer, "sales", 1.0, 1.0, None, AbandonmentLimits()) for dialer in (PREDICTIVE, AGENTLESS))
    unanswered = Calls(answered=0.0, ring_s=2.0, talk_s=5.0)
    return Place(plans, plans, (unanswered,) * 2, (("sales",),) * 4, (Trunk("first", "north", 40, 4.0),), seed=1)


def waiting_for_lines_beside_two_that_end() -> Place:
    """Two of ten times its capacity have all lines but every 21st, until they have nobody to dial any more."""
    plans = tuple(Plan(AGENTLESS, "sales", 0.0, capacity, None, AbandonmentLimits()) for capacity in (1.0, 1.0, 0.1))
    unanswered = Calls(answered=0.0, ring_s=2.0, talk_s=5.0)
    trunks = (Trunk("first", "north", 1, 20.0), Trunk("second", "south", 1, 20.0))
    return Place(plans, plans, (unanswered,) * 3, (), trunks, seed=1)


def looking_beside_one_for_which_agents_are_kept() -> Place:
    """An agent waits for a phone that still rings, as a live answer of the predictive campaign comes for the other."""
    plans = tuple(
        Plan(dialer, "sales", 1.0, 1.0, None, AbandonmentLimits()) for dialer in (DialerType.PROGRESSIVE, PREDICTIVE)
    )
    calls = Calls(answered=0.0, ring_s=18.0, talk_s=5.0), Calls(answered=0.9, ring_s=2.0, talk_s=5.0)
    trunks = (Trunk("first", "north", 1, 20.0), Trunk("second", "south", 1, 20.0))
    return Place(plans, plans, calls, (("sales",),) * 2, trunks, seed=0)


@pytest.mark.timeout(900)  # it computes all the time: beside others for minutes, and for longer only if it hangs
@given(place=places(), troubles=troubles)
@example(place=looking_beside_one_that_always_wants(), troubles=[])
@example(place=waiting_for_lines_beside_two_that_end(), troubles=[(Story.runs_dry, 0, 30.0)])
@example(place=looking_beside_one_for_which_agents_are_kept(), troubles=[])
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_everybody_gets_a_turn_whatever_the_others_do(place: Place, troubles: list[Trouble]) -> None:
    story = Story(place)
    for happens, number, seconds_ in troubles:
        happens(story, number)
        story.town.passes(seconds_)
        check_nobody_is_starved(story)
    story.all_is_well()
    check_everybody_begins(story)
    shares, until = Shares(story), story.town.now + 600 * SECOND
    for turn in range(SHARED_TURNS if shares.pairs else TURNS):
        if not story.town.step(until):
            break
        shares.look()
        if turn % 10 == 0:
            check_nobody_is_starved(story)
    check_all_ends(story)


def check_all_ends(story: Story) -> None:
    town = story.town
    town.requests_without_end = False
    ending = [name for name in story.names if story.serving(name) or story.plans[name].dialer is AGENTLESS]

    def all_have_ended() -> bool:
        return not any(town.store[name] for name in ending) and not town.engine.floor().lines_in_use

    town.passes(longest_hold_s(town.calls.values()) * 20, enough=all_have_ended)
    for name in ending:
        assert not town.store[name], "a request is left for good"
    for name in story.names:
        story.sets_up(name, CampaignState.STOPPED)
    town.passes(600)
    for agent in town.agents:
        town.sets(agent, AgentStatus.OFFLINE)
    town.passes(3 * 3600)
    check_nothing_is_left(town.engine)
