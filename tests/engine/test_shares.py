"""Whose turn it is among campaigns that look ahead for the same agents. If these fail, one starves the others."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.floor import Floor
from engine.support import NOW, SALES, new_engine
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, ContactAbandoned
from trunkcall.domain.instants import MINUTE, Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierFound, CarrierLost, LedgerRestored
from trunkcall.engine.explanation import DialingExplanation
from trunkcall.engine.pacing.base import LearnsNothing, PacingView

PROGRESSIVE = DialerType.PROGRESSIVE
LEAD = 30
"""Attempts by which a campaign may lead another, as docs/explanation/sharing.md says."""
AT_ONCE = 5
"""Attempts that an eager campaign has in flight."""


class Eager(LearnsNothing):
    """Looks ahead without looking at others: dials as many at once as ever, for as long as the ledger lets it."""

    one_to_one = False
    needs_agents = True

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        return 0 if view.standing.spent else max(0, AT_ONCE - view.lines_in_flight)


def eager(*weights: float) -> Floor:
    """Campaigns of one queue with such weights, of which each would dial for all its agents."""
    floor = Floor()
    config = EngineConfig(trunks=(Trunk("default", channels=1000, attempts_per_s=1_000_000),))
    floor.engine = new_engine(config, flows=floor.flows, pacer_for=lambda settings: Eager())
    floor.agent("agent-1")
    for number, weight in enumerate(weights):
        floor.campaign(f"c{number}", weight=weight, dialer=DialerType.PREDICTIVE)
        floor.tell(LedgerRestored(f"c{number}", ((NOW, 1000, 0),)))
    for number in range(len(weights)):
        floor.accept(f"c{number}", 1000)
    return floor


def dial(floor: Floor, rounds: int) -> Counter[str]:
    """In each round nobody answers, and whoever need not wait dials anew: how many attempts of each campaign."""
    before = len(floor.asked(AttemptBegun))
    for _ in range(rounds):
        for contact in floor.in_progress:
            floor.hangs_up(contact, HangupCause.NO_ANSWER)
        floor.wait(1)
    return Counter(attempt.campaign_id for attempt in floor.asked(AttemptBegun)[before:])


def explained(floor: Floor, campaign: str) -> DialingExplanation:
    explanation = floor.engine.explain(campaign, floor.now)
    assert explanation is not None
    return explanation


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.75, 0.25), (1.0, 0.1), (0.6, 0.3, 0.1)])
def test_attempts_go_by_weight(weights: tuple[float, ...]) -> None:
    begun = dial(eager(*weights), 100)
    for number, weight in enumerate(weights):
        share = begun[f"c{number}"] / begun.total()
        assert share == pytest.approx(weight / sum(weights), abs=(LEAD + 2 * AT_ONCE) / begun.total())


def test_a_lone_campaign_waits_for_nobody() -> None:
    floor = eager(0.1)
    assert dial(floor, 40)["c0"] >= 40 * AT_ONCE
    assert not explained(floor, "c0").waits_for_others


def test_whoever_paused_has_no_claim_to_what_others_dialed_meanwhile() -> None:
    floor = eager(0.5, 0.5)
    dial(floor, 10)
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5, state=CampaignState.PAUSED)
    assert dial(floor, 60)["c0"] >= 60 * AT_ONCE
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5)
    assert not explained(floor, "c0").waits_for_others
    begun = dial(floor, 30)
    assert abs(begun["c0"] - begun["c1"]) <= 2 * AT_ONCE


def test_nor_has_whoever_had_other_agents_meanwhile() -> None:
    """An agent of one queue alone comes, and goes again: in between the campaigns were not each other's rivals."""
    floor = eager(0.5, 0.5)
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5, queue="service")
    floor.agent("agent-1", SALES, "service")
    dial(floor, 10)
    floor.agent("agent-2", SALES)
    for _ in range(60):
        for contact in floor.in_progress:
            if contact.startswith("c0"):
                floor.hangs_up(contact, HangupCause.NO_ANSWER)
        floor.wait(1)
    floor.removes("agent-2")
    begun = dial(floor, 30)
    assert abs(begun["c0"] - begun["c1"]) <= LEAD


def test_nobody_waits_for_a_campaign_whose_ledger_has_nothing_left() -> None:
    floor = eager(0.5, 0.5)
    floor.tell(LedgerRestored("c1", ((NOW - MINUTE, 0, 100),)))
    begun = dial(floor, 60)
    assert begun["c0"] >= 0.95 * 60 * AT_ONCE, "but for the moments in which an agent is kept for it"
    assert begun["c1"] <= AT_ONCE, "those that were in flight"
    floor.tell(LedgerRestored("c1", ((NOW - 2 * MINUTE, 100_000, 0),)))
    begun = dial(floor, 60)
    assert 0 <= begun["c1"] - begun["c0"] <= LEAD, "nor is what it could not dial made up for"


@pytest.mark.parametrize(("target_ratio", "waits"), [(0.03, True), (0.01, False)])
def test_how_long_a_ledger_is_waited_for_goes_by_its_own_target(target_ratio: float, waits: bool) -> None:
    """Two abandonments too many are made good for by 70 live answers, or by 200."""
    floor = eager(0.5, 0.5)
    limits = AbandonmentLimits(target_ratio=target_ratio)
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5, limits=limits)
    floor.tell(LedgerRestored("c1", ((NOW - MINUTE, 0, round(1000 * target_ratio) + 2),)))
    begun = dial(floor, 60)
    assert (begun["c0"] < 0.95 * 60 * AT_ONCE) is waits


def test_shares_are_weights_over_those_of_all_who_have_somebody_to_dial() -> None:
    floor = Floor()
    for name, weight in (("c0", 0.6), ("c1", 0.2)):
        floor.campaign(name, weight=weight, requests=100, dialer=DialerType.PREDICTIVE)
    assert explained(floor, "c0").share == pytest.approx(0.75)
    floor.campaign("slow", weight=0.8, requests=10, dialer=DialerType.PROGRESSIVE)
    floor.campaign("dry", weight=1.0, dialer=DialerType.PROGRESSIVE)
    for number in range(8):
        floor.agent(f"agent-{number}")
    shares = {name: explained(floor, name).share for name in ("c0", "c1", "slow")}
    assert shares == pytest.approx({"c0": 0.375, "c1": 0.125, "slow": 0.5})


def allotted(floor: Floor, *names: str) -> list[int]:
    """How many agents are there for these campaigns."""
    return [explained(floor, name).staffed_agents for name in names]


def test_agents_are_allotted_by_weight_among_those_who_look_ahead_and_those_dialed_one_to_one() -> None:
    floor = Floor()
    floor.campaign("ahead", weight=0.75, requests=100, dialer=DialerType.PREDICTIVE)
    floor.campaign("slow", weight=0.25, requests=100)
    for number in range(8):
        floor.agent(f"agent-{number}")
    assert allotted(floor, "ahead", "slow") == [6, 2]
    assert floor.snapshot("slow").in_flight == 2
    assert len(floor.engine.details().queues[SALES].free) == 6, "they are free for those who look ahead"
    floor.campaign("slow", weight=0.25, state=CampaignState.PAUSED)
    assert allotted(floor, "ahead") == [8], "a lone campaign has all agents"


def test_an_agent_who_is_not_wholly_anybodys_serves_them_by_turns() -> None:
    floor = Floor()
    floor.campaign("ahead", weight=0.5, requests=1000, dialer=DialerType.PREDICTIVE)
    floor.campaign("slow", weight=0.5, requests=1000)
    for number in range(3):
        floor.agent(f"agent-{number}")
    found = []
    for _ in range(100):
        dial(floor, 1)
        found.append(tuple(allotted(floor, "ahead", "slow")))
    assert Counter(found) == pytest.approx({(2, 1): 50, (1, 2): 50}, abs=12)
    # Three are dialed each time. The last turn is not over.
    turns = [3 * len(list(turn)) for _, turn in groupby(found)][:-1]
    rounds = [one + other for one, other in zip(turns[::2], turns[1::2], strict=False)]
    assert rounds == pytest.approx([30] * len(rounds), abs=3), "in a round each has the agent once"
    assert turns[2:] == pytest.approx([15] * len(turns[2:]), abs=4), "for its part of the round"


@pytest.mark.parametrize(
    ("sales", "service", "both", "expected"),
    [(6, 0, 6, [6, 6]), (2, 2, 8, [6, 6]), (10, 0, 2, [10, 2]), (0, 3, 9, [6, 6]), (4, 4, 0, [4, 4])],
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
    for name, (agents, share) in expected.items():
        explanation = explained(floor, name)
        assert explanation.staffed_agents == agents
        assert explanation.share == pytest.approx(share)


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
    assume(any(dialer is DialerType.PREDICTIVE for _, dialer, _ in campaigns))
    floor = Floor()
    for number, (queue, dialer, weight) in enumerate(campaigns):
        floor.campaign(f"c{number}", queue=queue, dialer=dialer, weight=weight, requests=200)
    for number, queues in enumerate(agents):
        floor.agent(f"agent-{number}", *sorted(queues))

    serving = {queue: frozenset(n for n, queues in enumerate(agents) if queue in queues) for queue, _, _ in campaigns}
    groups: dict[tuple[frozenset[int], DialerType], dict[str, float]] = {}
    for number, (queue, dialer, weight) in enumerate(campaigns):
        if serving[queue]:
            groups.setdefault((serving[queue], dialer), {})[f"c{number}"] = weight
    counted_on = free = 0
    for (usable, _), members in groups.items():
        explanations = {name: explained(floor, name) for name in members}
        numbers = {(e.staffed_agents, e.free_agents) for e in explanations.values()}
        assert len(numbers) == 1, "campaigns that count on agents together see the same"
        ((staffed_agents, free_agents),) = numbers
        fair = sum(e.share for e in explanations.values()) * len(usable)
        assert abs(staffed_agents - fair) < 4, "agents cannot be halved, in no pool of them"
        assert free_agents <= staffed_agents <= len(usable)
        counted_on += staffed_agents
        free += free_agents
    really_free = {agent for queue in floor.engine.details().queues.values() for agent in queue.free}
    assert free <= len(really_free), "an agent is counted on by two"
    assert counted_on == len(frozenset().union(*serving.values())), "an agent is nobody's"


def test_whoever_serves_one_queue_alone_is_taken_first() -> None:
    """The others are left for whom they alone can serve."""
    floor = Floor(agents=0)
    floor.agent("ann", "sales", "service")
    floor.agent("bob", "sales")
    floor.campaign("zinc", queue="sales", requests=1)
    floor.campaign("argon", queue="service", requests=1)
    assert {name: floor.kept_agent(name) for name in floor.dialed} == {"zinc-1": "bob", "argon-2": "ann"}


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
    assert list(floor.engine.details().queues[SALES].talking_since) == ["agent-1"]


def test_nobody_is_dialed_beyond_the_limit_for_an_agent_who_is_others_again_in_the_same_turn() -> None:
    """While the carrier was lost nobody could dial for the agent who is by turns: whoever is next may, until the others
    have begun an attempt. That is for a moment of one turn, once the carrier is found."""
    floor = Floor(agents=2)
    floor.tell(CarrierLost())
    for name, dialer in (("c0", PROGRESSIVE), ("c1", PROGRESSIVE), ("ahead", DialerType.PREDICTIVE)):
        floor.campaign(name, requests=10, dialer=dialer)
    floor.wait(6)
    floor.tell(CarrierFound(()))
    begun = [attempt.campaign_id for attempt in floor.asked(AttemptBegun)]
    assert begun == ["c0", "c1"], "its ledger has nothing left, and both agents are kept for others"


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
    for contact in floor.in_progress:
        floor.hangs_up(contact, HangupCause.NO_ANSWER)
    assert len(floor.in_progress) == 8


def test_queues_with_the_same_agents_are_one_and_others_are_not() -> None:
    """An agent who serves two queues is counted on by both; those who serve one of them must not idle for the other."""
    floor = Floor()
    floor.agent("ann", "sales", "service")
    floor.agent("bob", "service", "sales")
    for name, queue in (("zinc", "sales"), ("argon", "service"), ("xenon", "nobody's")):
        floor.campaign(name, weight=0.5, requests=100, dialer=DialerType.PREDICTIVE, queue=queue)
    shares = {name: explained(floor, name).share for name in ("zinc", "argon", "xenon")}
    assert shares == {"zinc": 0.5, "argon": 0.5, "xenon": 1.0}
    assert allotted(floor, "zinc", "argon", "xenon") == [2, 2, 0], "two campaigns count on them as one would"
    floor.agent("eve", "sales")
    assert sum(allotted(floor, "zinc", "argon")) == 3, "each counts on agents of its own"


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
        for contact in floor.in_progress:
            floor.hangs_up(contact, HangupCause.NO_ANSWER)
        floor.wait(1)
    begun = Counter(attempt.campaign_id for attempt in floor.asked(AttemptBegun))
    assert begun["q"] > 0
    assert begun.total() > 150 * min(agents, 2)
