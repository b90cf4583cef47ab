"""Whose turn it is among campaigns that look ahead for the same agents. If these fail, one starves the others."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.support import NOW, SALES, Floor
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, ContactAbandoned
from trunkcall.domain.leg import HangupCause
from trunkcall.engine.allotment import ROUND, allotment_of
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.events import LedgerRestored
from trunkcall.engine.shares import MAX_LEAD, Shares, campaigns_of, lead_of, share_of


def house(*weights: float, pacer: DialerType = DialerType.PREDICTIVE) -> tuple[Floor, Shares, list[CampaignDialing]]:
    """Campaigns of one queue with such weights and much to dial. Nobody is at work, so nothing is begun by itself."""
    floor = Floor(agents=0)
    for number, weight in enumerate(weights):
        floor.campaign(f"c{number}", weight=weight, requests=100, dialer=pacer)
        floor.tell(LedgerRestored(f"c{number}", ((NOW, 1000, 0),)))
    state = floor.engine._state
    return floor, Shares(state), [state.campaigns[f"c{number}"] for number in range(len(weights))]


def dial(shares: Shares, campaigns: list[CampaignDialing], rounds: int) -> list[int]:
    """In each round every campaign that need not wait begins an attempt: how many each has begun."""
    begun = [0] * len(campaigns)
    for _ in range(rounds):
        for number, campaign in enumerate(campaigns):
            if not shares.must_wait(campaign, NOW):
                shares.count_attempt(campaign)
                begun[number] += 1
    return begun


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.75, 0.25), (1.0, 0.1), (0.6, 0.3, 0.1)])
def test_attempts_go_by_weight(weights: tuple[float, ...]) -> None:
    _, shares, campaigns = house(*weights)
    begun = dial(shares, campaigns, 2000)
    for count, weight in zip(begun, weights, strict=True):
        assert count / sum(begun) == pytest.approx(weight / sum(weights), abs=MAX_LEAD / sum(begun))


def test_a_lone_campaign_waits_for_nobody() -> None:
    _, shares, campaigns = house(0.1)
    assert dial(shares, campaigns, 200) == [200]


def test_whoever_paused_has_no_claim_to_what_others_dialed_meanwhile() -> None:
    floor, shares, (zinc, argon) = house(0.5, 0.5)
    dial(shares, [zinc, argon], 10)
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5, state=CampaignState.PAUSED)
    assert dial(shares, [zinc], 500) == [500]
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5)
    assert not shares.must_wait(zinc, NOW)
    assert lead_of(floor.engine._state, zinc) == 0.0


def test_nobody_waits_for_a_campaign_whose_ledger_has_nothing_left() -> None:
    floor, shares, (zinc, argon) = house(0.5, 0.5)
    floor.tell(LedgerRestored("c1", ((NOW, 0, 100),)))
    assert dial(shares, [zinc], 500) == [500]
    floor.tell(LedgerRestored("c1", ((NOW, 100_000, 0),)))
    assert lead_of(floor.engine._state, zinc) <= MAX_LEAD, "nor is what it could not dial made up for"
    assert argon.attempts_per_weight > 0


def test_shares_are_weights_over_those_of_all_who_have_somebody_to_dial() -> None:
    floor, _, (zinc, argon) = house(0.6, 0.2)
    state = floor.engine._state
    assert share_of(state, zinc) == pytest.approx(0.75)
    floor.campaign("slow", weight=0.8, requests=10, dialer=DialerType.PROGRESSIVE)
    for number in range(8):
        floor.agent(f"agent-{number}")
    assert share_of(state, argon) == pytest.approx(0.125)
    assert share_of(state, state.campaigns["slow"]) == pytest.approx(0.5)
    floor.campaign("dry", weight=1.0, dialer=DialerType.PROGRESSIVE)
    assert [c.campaign_id for c in campaigns_of(state, frozenset((zinc.agent_queue_id,)))] == ["c0", "c1", "slow"]


def allotted(floor: Floor, *names: str) -> list[int]:
    """How many agents are these campaigns'."""
    state = floor.engine._state
    found = [allotment_of(state, state.campaigns[name]) for name in names]
    return [allotment.agents for allotment in found if allotment is not None]


def test_agents_are_allotted_by_weight_among_those_who_look_ahead_and_those_dialed_one_to_one() -> None:
    floor = Floor(agents=0)
    floor.campaign("ahead", weight=0.75, requests=100, dialer=DialerType.PREDICTIVE)
    assert allotted(floor, "ahead") == [], "a lone campaign has all agents"
    floor.campaign("slow", weight=0.25, requests=100)
    for number in range(8):
        floor.agent(f"agent-{number}")
    assert allotted(floor, "ahead", "slow") == [6, 2]
    assert len(floor.engine._state.campaigns["slow"].contacts) == 2
    assert len(floor.engine._state.roster.queue(SALES).free) == 6, "they are free for those who look ahead"


def test_an_agent_who_is_not_wholly_anybodys_serves_them_by_turns() -> None:
    floor = Floor(agents=0)
    floor.campaign("ahead", weight=0.5, requests=100, dialer=DialerType.PREDICTIVE)
    floor.campaign("slow", weight=0.5, requests=100)
    state = floor.engine._state
    shares, ahead, slow = Shares(state), state.campaigns["ahead"], state.campaigns["slow"]
    for number in range(3):
        floor.agent(f"agent-{number}")
    turns = [allotted(floor, "ahead", "slow")]
    for campaign in (ahead, slow, ahead):
        for _ in range(round(ROUND)):
            shares.count_attempt(campaign)
        turns.append(allotted(floor, "ahead", "slow"))
    assert turns == [[2, 1], [1, 2], [2, 1], [1, 2]]


@pytest.mark.parametrize(
    ("sales", "service", "both", "expected"),
    [(6, 0, 6, [6, 6]), (2, 2, 8, [6, 6]), (10, 0, 2, [10, 2]), (0, 3, 9, [6, 6]), (4, 4, 0, [])],
)
def test_where_queues_share_some_agents_each_group_has_its_agents(
    sales: int, service: int, both: int, expected: list[int]
) -> None:
    """Whoever has more agents beside would otherwise count on all, and the other would never dial."""
    floor = Floor(agents=0)
    floor.campaign("zinc", weight=0.5, requests=100, dialer=DialerType.PREDICTIVE, queue="sales")
    floor.campaign("argon", weight=0.5, requests=100, dialer=DialerType.PREDICTIVE, queue="service")
    for queues, number in ((("sales",), sales), (("service",), service), (("sales", "service"), both)):
        for one in range(number):
            floor.agent(f"{'-'.join(queues)}-{one}", *queues)
    assert allotted(floor, "zinc", "argon") == expected


@pytest.mark.parametrize(
    ("sales", "without", "expected"),
    [
        (8, "", {"renewals": (6, 4 / 12), "offers": (6, 2 / 12), "surveys": (2, 2 / 12), "support": (4, 4 / 4)}),
        (8, "support", {"renewals": (9, 6 / 12), "offers": (9, 3 / 12), "surveys": (3, 3 / 12)}),
        (9, "", {"renewals": (7, 4.5 / 13), "offers": (7, 2.25 / 13), "surveys": (2, 2.25 / 13), "support": (4, 1.0)}),
    ],
)
def test_the_example_of_the_documentation(sales: int, without: str, expected: dict[str, tuple[int, float]]) -> None:
    """docs/explanation/sharing.md counts these agents out, one by one."""
    floor = Floor(agents=0)
    for name, weight, dialer, queue in (
        ("renewals", 0.5, DialerType.PREDICTIVE, "sales"),
        ("offers", 0.25, DialerType.PREDICTIVE, "sales"),
        ("surveys", 0.25, DialerType.PROGRESSIVE, "sales"),
        ("support", 0.5, DialerType.PREDICTIVE, "service"),
    ):
        if name != without:
            floor.campaign(name, weight=weight, dialer=dialer, queue=queue, requests=100)
    for number in range(sales):
        floor.agent(f"sales-{number}", "sales")
    for number in range(4):
        floor.agent(f"both-{number}", "sales", "service")
    state = floor.engine._state
    for name, (agents, share) in expected.items():
        assert allotted(floor, name) == [agents]
        assert share_of(state, state.campaigns[name]) == pytest.approx(share)


@given(
    campaigns=st.lists(
        st.tuples(
            st.sampled_from(["sales", "service", "billing"]),
            st.sampled_from([DialerType.PREDICTIVE, DialerType.PROGRESSIVE]),
            st.sampled_from([0.1, 0.5, 1.0]),
        ),
        min_size=2,
        max_size=4,
    ),
    agents=st.lists(st.sets(st.sampled_from(["sales", "service", "billing"]), min_size=1), max_size=12),
)
@settings(max_examples=60)
def test_every_agent_is_somebodys_and_nobodys_twice(
    campaigns: list[tuple[str, DialerType, float]], agents: list[set[str]]
) -> None:
    floor = Floor(agents=0)
    for number, (queue, dialer, weight) in enumerate(campaigns):
        floor.campaign(f"c{number}", queue=queue, dialer=dialer, weight=weight, requests=200)
    for number, queues in enumerate(agents):
        floor.agent(f"agent-{number}", *sorted(queues))
    state = floor.engine._state
    found = {a.group: a for c in state.campaigns.values() if (a := allotment_of(state, c)) is not None}
    for group, allotment in found.items():
        assert abs(allotment.agents - allotment.fair) < 4, "agents cannot be halved, in no pool of them"
        assert len(allotment.free) <= allotment.agents
        usable = [a for a in state.roster.agents.values() if not group.queues.isdisjoint(a.queue_ids)]
        assert allotment.agents <= len(usable)
    free = [agent.agent_id for allotment in found.values() for agent in allotment.free]
    really = {a.agent_id for a in state.roster.agents.values() if a.is_free}
    assert set(free) <= really
    assert len(free) <= len(really), "an agent is counted on by two"
    usable = [a for a in state.roster.agents.values() if any(group.queues & set(a.queue_ids) for group in found)]
    assert sum(allotment.agents for allotment in found.values()) == len(usable), "an agent is nobody's"


def test_whoever_serves_one_queue_alone_is_taken_first() -> None:
    """The others are left for whom they alone can serve."""
    floor = Floor(agents=0)
    floor.agent("ann", "sales", "service")
    floor.agent("bob", "sales")
    roster = floor.engine._state.roster
    for queue_id, name in (("sales", "bob"), ("service", "ann")):
        first = roster.first_free(queue_id)
        assert first is not None
        assert first.agent_id == name


def test_an_agent_on_whom_somebody_counts_does_not_change_hands() -> None:
    floor = Floor(agents=1)
    floor.campaign("ahead", weight=0.5, requests=100, dialer=DialerType.PREDICTIVE)
    floor.campaign("slow", weight=0.5, requests=100)
    assert {attempt.campaign_id for attempt in floor.asked(AttemptBegun)} == {"ahead"}
    floor.wait(1)
    floor.answers("ahead-1")
    floor.agent_picks_up("ahead-1")
    floor.wait(3)
    assert not floor.asked(ContactAbandoned)
    assert list(floor.engine._state.roster.queue(SALES).talking_since) == ["agent-1"]


def test_who_is_dialed_one_to_one_from_now_on_counts_what_is_in_flight_already() -> None:
    """UpdateCampaignDialerConfig while phones ring that were dialed ahead: an agent for each of those and for each of
    the new ones as well there is not."""
    floor = Floor(agents=4)
    floor.campaign("c0", requests=100, dialer=DialerType.PREDICTIVE)
    in_flight = len(floor.asked(AttemptBegun))
    assert 0 < in_flight <= 4
    floor.campaign("c0", dialer=DialerType.PROGRESSIVE)
    for number in range(4):
        floor.agent(f"more-{number}")
    assert len(floor.asked(AttemptBegun)) == 8
    for contact in list(floor.engine._state.contacts):
        floor.hangs_up(contact, HangupCause.NO_ANSWER)
    assert len(floor.engine._state.contacts) == 8


def test_queues_with_the_same_agents_are_one_and_others_are_not() -> None:
    """An agent who serves two queues is counted on by both; those who serve one of them must not idle for the other."""
    floor = Floor(agents=0)
    floor.agent("ann", "sales", "service")
    floor.agent("bob", "service", "sales")
    roster = floor.engine._state.roster
    assert roster.overlap("sales") == roster.overlap("service")
    assert roster.overlap("sales").same_agents == {"sales", "service"}
    floor.agent("eve", "sales")
    assert roster.overlap("sales").same_agents == {"sales"}
    assert roster.overlap("service").same_agents == {"service"}
    assert roster.overlap("service").some_agents == {"sales", "service"}
    assert roster.overlap("nobody's").same_agents == roster.overlap("nobody's").some_agents == {"nobody's"}


def test_new_campaigns_that_look_at_the_same_moment_do_not_count_on_the_same_agents() -> None:
    floor = Floor(agents=0)
    for number in range(5):
        floor.campaign(f"c{number}", weight=0.2, requests=100, dialer=DialerType.PREDICTIVE)
    with floor.backlog():
        for number in range(10):
            floor.agent(f"agent-{number}")
    floor.wait(1)
    assert 0 < len(floor.asked(AttemptBegun)) <= 10


@pytest.mark.parametrize(("agents", "progressive", "predictive"), [(1, 0.5, 0.5), (4, 0.9, 0.1), (20, 1.0, 0.02)])
def test_nobody_waits_for_ever_for_one_who_counts_on_a_part_of_an_agent(
    agents: int, progressive: float, predictive: float
) -> None:
    floor = Floor(agents=agents)
    floor.campaign("p", weight=progressive, requests=2000)
    floor.campaign("q", weight=predictive, requests=2000, dialer=DialerType.PREDICTIVE)
    for _ in range(300):
        for contact in list(floor.engine._state.contacts):
            floor.hangs_up(contact, HangupCause.NO_ANSWER)
        floor.wait(1)
    begun = Counter(attempt.campaign_id for attempt in floor.asked(AttemptBegun))
    assert begun["q"] > 0
    assert begun.total() > 150 * min(agents, 2)
