"""Nobody is starved: each campaign that can dial gets its share of agents, lines and attempts per second, whatever
else the others do. If these fail, a campaign that somebody pays for stands still beside others, and nothing says so.

What needs two of them at once is in ``test_two_scarce_at_once``.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.street import AGENTLESS, PLENTY, PREDICTIVE, PROGRESSIVE, Street, shares
from engine.support import NOW, registered
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.instants import HOUR, MINUTE, SECOND
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.events import CarrierFound, CarrierLost, LedgerRestored

# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agents", [1, 2, 7])
@pytest.mark.parametrize("others_pause", [True, False])
def test_a_campaign_without_weight_that_is_given_one_has_its_share_from_then_on(
    agents: int, others_pause: bool
) -> None:
    street = Street(rings=(5, 5))
    street.agents(agents)
    street.campaign("argon", left=0 if others_pause else PLENTY)
    street.campaign("zinc", weight=0.0)
    street.passes(60)
    assert (street.begun["zinc"] > 0) is others_pause, "it has what nobody else wants"
    street.gets_requests("argon")
    assert street.passes(60)["zinc"] == 0
    street.campaign("zinc", weight=1.0)
    assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.02)


@pytest.mark.parametrize(("before", "after"), [(1.0, 0.1), (0.1, 1.0), (0.5, 0.25)])
@pytest.mark.parametrize("dialer", [PROGRESSIVE, PREDICTIVE])
def test_another_weight_counts_at_once(dialer: DialerType, before: float, after: float) -> None:
    street = Street(rings=(1, 20))
    street.agents(10)
    street.campaign("argon", dialer)
    street.campaign("zinc", dialer, weight=before)
    street.passes(HOUR / SECOND)
    street.campaign("zinc", dialer, weight=after)
    begun = street.passes(600)
    assert begun["zinc"] == pytest.approx(begun.total() * after / (1 + after), abs=31)


def test_what_is_wanted_by_nobody_else_goes_to_whoever_has_no_weight_by_turns() -> None:
    street = Street()
    street.agents(4)
    for name in ("argon", "xenon"):
        street.campaign(name, weight=0.0)
    assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "xenon": 0.5}, abs=0.02)
    assert street.snapshot("argon").passed_over.at_most is None, "nothing is promised"


def test_a_campaign_without_weight_takes_no_agents_from_those_that_look_ahead_with_it() -> None:
    street = Street()
    street.agents(1)
    street.campaign("argon", PREDICTIVE, weight=0.0)
    street.campaign("zinc", PREDICTIVE, weight=1.0)
    street.campaign("iron", PROGRESSIVE, weight=0.1)
    begun = street.passes(600)
    assert begun["zinc"] > begun["iron"] > 0, begun


def test_names_and_the_order_of_beginning_decide_nothing() -> None:
    for names in (("argon", "zinc"), ("zinc", "argon")):
        street = Street(lines=1)
        for name in names:
            street.campaign(name, AGENTLESS)
        assert shares(street.passes(HOUR / SECOND)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.06)


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "capacities"), [(1, [1.0, 1.0]), (4, [1.0] * 8), (10, [1.0, 0.05]), (1, [1.0] + [0.01] * 4)]
)
@pytest.mark.parametrize("dialer", [AGENTLESS, PROGRESSIVE])
def test_more_campaigns_than_lines_have_them_by_turns(dialer: DialerType, lines: int, capacities: list[float]) -> None:
    street = Street(lines=lines)
    for number, capacity in enumerate(capacities):
        street.agents(10, f"queue-{number}", prefix=f"agent-{number}")
        street.campaign(f"c{number}", dialer, queue=f"queue-{number}", capacity=capacity)
    street.passes(4 * HOUR / SECOND)
    shares_of_time = shares(street.line_s)
    for number, capacity in enumerate(capacities):
        assert shares_of_time[f"c{number}"] == pytest.approx(capacity / sum(capacities), rel=0.1, abs=0.005)


def test_lines_are_shared_by_the_time_for_which_they_are_held() -> None:
    """A campaign whose phones ring six times as long would otherwise have six times the lines."""
    street = Street(lines=12)
    street.campaign("surveys", AGENTLESS, rings=(5, 5))
    street.campaign("alerts", AGENTLESS, rings=(30, 30))
    street.passes(600)
    street.line_s.clear()
    street.passes(HOUR / SECOND)
    assert shares(street.line_s) == pytest.approx({"surveys": 0.5, "alerts": 0.5}, abs=0.02)


def test_a_campaign_that_begins_while_all_lines_are_held_has_its_share_of_those_that_come_free() -> None:
    street = Street(lines=30, rings=(10, 20))
    street.campaign("argon", AGENTLESS)
    street.passes(600)
    street.campaign("zinc", AGENTLESS)
    begun = street.passes(60)
    assert shares(begun) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.05)


@pytest.mark.parametrize(
    "scarce",
    [
        Trunk("south", channels=1, caller_numbers=("+12025550101",)),
        Trunk("south", attempts_per_s=0.1, caller_numbers=("+12025550101",)),
    ],
)
def test_whoever_waits_for_a_trunk_of_its_own_holds_nobody_up_on_others(scarce: Trunk) -> None:
    street = Street(
        Trunk("north", channels=20, caller_numbers=("+12025550100",)),
        scarce,
    )
    street.agents(30)
    for number in range(3):
        street.campaign(f"argon-{number}", PREDICTIVE, number="+12025550100")
        street.campaign(f"zinc-{number}", PREDICTIVE, number="+12025550101")
    begun = street.passes(600)
    argon = sum(begun[f"argon-{number}"] for number in range(3))
    assert argon > 600, "their trunk has twenty lines, each for some ten seconds, and agents are free"
    zinc = [begun[f"zinc-{number}"] for number in range(3)]
    assert sum(zinc) > 40, "the other trunk is never idle"
    assert min(zinc) >= 10, "whoever looks first does not take it for ever"


# --- agents -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "agents"), [((1.0, 1.0), 1), ((0.1, 0.9), 1), ((0.1, 0.9), 10)])
def test_queues_that_share_all_agents_have_them_by_weight(weights: tuple[float, float], agents: int) -> None:
    street = Street()
    street.agents(agents, "sales", "service")
    for name, queue, weight in zip(("argon", "zinc"), ("sales", "service"), weights, strict=True):
        street.campaign(name, queue=queue, weight=weight)
    begun = street.passes(HOUR / SECOND)
    assert shares(begun)["argon"] == pytest.approx(weights[0] / sum(weights), abs=0.03)


def test_whoever_has_agents_of_its_own_leaves_the_shared_ones_to_whoever_has_not() -> None:
    street = Street()
    street.agents(3, "sales", prefix="own")
    street.agents(1, "sales", "service", prefix="shared")
    street.campaign("argon", queue="sales")
    street.campaign("zinc", queue="service")
    begun = street.passes(HOUR / SECOND)
    assert shares(begun) == pytest.approx({"argon": 0.75, "zinc": 0.25}, abs=0.02)


def test_a_chain_of_queues_starves_nobody_in_the_middle() -> None:
    """Each agent serves two of five queues, and each queue but the outer ones has two agents."""
    street = Street()
    for number in range(4):
        street.agents(1, f"queue-{number}", f"queue-{number + 1}", prefix=f"agent-{number}")
    for number in range(5):
        street.campaign(f"c{number}", queue=f"queue-{number}")
    begun = street.passes(HOUR / SECOND)
    assert all(0.12 < share < 0.28 for share in shares(begun).values()), begun


def test_agents_who_get_other_queues_all_the_time_keep_nobody_from_its_turn() -> None:
    street = Street(rings=(10, 10))
    names = [f"{queue}-{number}" for queue in ("sales", "service") for number in range(20)]
    for queue in ("sales", "service"):
        street.agents(1, queue, prefix=queue)
    for name in names:
        street.campaign(name, queue=name.partition("-")[0])
    for minute in range(60):
        street.tell(registered("offline", *(("sales", "service") if minute % 2 else ("service",))))
        street.passes(60)
        if minute == 4:
            passed_over = [street.snapshot(name).passed_over.times for name in names if not street.begun[name]]
            assert min(passed_over, default=30) >= 30, "that many went before it, whatever queues an agent has"
    assert all(16 <= street.begun[name] <= 20 for name in names), street.begun


def test_agents_are_not_dialed_for_by_one_dialer_type_alone() -> None:
    street = Street(rings=(10, 20))
    street.agents(10)
    for name, dialer in (("argon", PROGRESSIVE), ("zinc", PREDICTIVE)):
        street.campaign(name, dialer, weight=0.5)
    begun = street.passes(HOUR / SECOND)
    assert min(shares(begun).values()) > 0.4, begun


def test_who_pauses_and_resumes_has_its_share_and_no_more() -> None:
    street = Street(rings=(5, 10))
    street.agents(5)
    for name in ("argon", "zinc"):
        street.campaign(name, weight=0.5)
    for _ in range(5):
        street.campaign("zinc", weight=0.5, state=CampaignState.PAUSED)
        assert street.passes(600)["zinc"] == 0
        street.campaign("zinc", weight=0.5)
        assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.03)


def test_an_overdrawn_ledger_holds_nobody_up_and_is_not_made_up_for() -> None:
    street = Street(rings=(10, 20))
    street.agents(10)
    for name in ("argon", "zinc"):
        street.campaign(name, PREDICTIVE, weight=0.5)
    street.passes(600)
    alone = street.passes(600).total()
    before = NOW - 10 * MINUTE
    street.tell(LedgerRestored("zinc", ((before, 0, 100),)))
    assert street.passes(600)["argon"] > 0.45 * alone
    street.tell(LedgerRestored("zinc", ((before - MINUTE, 3_400, 0),)))
    begun = street.passes(600)
    # What is remembered, and a look of each: it did without more than three hundred.
    assert begun["argon"] == pytest.approx(begun["zinc"], abs=80)


@pytest.mark.parametrize("lost", [PROGRESSIVE, PREDICTIVE])
@pytest.mark.parametrize("up", [PROGRESSIVE, PREDICTIVE])
def test_no_agents_idle_for_a_campaign_that_no_trunk_is_up_for(up: DialerType, lost: DialerType) -> None:
    street = Street(
        Trunk("north", host="near", caller_numbers=("+12025550100",)),
        Trunk("south", host="far", caller_numbers=("+12025550101",)),
    )
    street.agents(20)
    street.campaign("argon", up, number="+12025550100")
    street.campaign("zinc", lost, number="+12025550101")
    together = street.passes(300).total()
    street.tell(CarrierLost("far"))
    street.passes(60)
    begun = street.passes(300)
    assert begun["argon"] == pytest.approx(together, rel=0.15), "it has the agents of whom zinc can make no use"
    assert begun["zinc"] == 0
    assert street.snapshot("zinc").passed_over_since is None, "nobody has what it cannot have"
    street.tell(CarrierFound((), "far"))
    assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.05)


def test_the_only_agent_of_one_campaign_is_not_left_to_what_others_have_in_flight_for_twenty() -> None:
    street = Street(rings=(5, 20))
    street.agents(20, "sales", prefix="of-sales")
    street.agents(1, "sales", "service", prefix="of-both")
    street.campaign("many", PREDICTIVE)
    street.campaign("few", queue="service", weight=0.02)
    street.passes(1800)
    assert shares(street.passes(1800))["few"] == pytest.approx(0.02 / 1.02, rel=0.1)


# --- attempts per second ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialer", [PROGRESSIVE, PREDICTIVE])
@pytest.mark.parametrize(("agentless", "per_s"), [(1, 10.0), (5, 10.0), (5, 2.0)])
def test_attempts_per_second_do_not_all_go_to_whoever_wants_them_all_the_time(
    dialer: DialerType, agentless: int, per_s: float
) -> None:
    street = Street(per_s=per_s, rings=(10, 20))
    street.agents(100)
    street.campaign("zinc", dialer)
    for number in range(agentless):
        street.campaign(f"notices-{number}", AGENTLESS)
    assert shares(street.passes(600))["zinc"] == pytest.approx(1 / (1 + agentless), rel=0.05)


def test_attempts_per_second_go_by_dialing_capacity_whoever_wants_them() -> None:
    street = Street(per_s=4, rings=(5, 20))
    for number, (dialer, capacity) in enumerate([(PROGRESSIVE, 0.4), (PREDICTIVE, 0.4), (AGENTLESS, 0.2)]):
        street.agents(60, f"queue-{number}", prefix=f"agent-{number}")
        street.campaign(f"c{number}", dialer, queue=f"queue-{number}", capacity=capacity)
    assert shares(street.passes(HOUR / SECOND)) == pytest.approx({"c0": 0.4, "c1": 0.4, "c2": 0.2}, abs=0.02)


# --- how long anybody waits -------------------------------------------------------------------------------------------

campaigns_of = st.lists(
    st.tuples(
        st.sampled_from([PROGRESSIVE, PROGRESSIVE, PREDICTIVE, AGENTLESS]),
        st.sampled_from(["sales", "service", "billing"]),
        st.sampled_from([0.05, 0.3, 1.0]),
        st.sampled_from([0.05, 0.3, 1.0]),
    ),
    min_size=2,
    max_size=6,
)
agents_of = st.lists(st.sets(st.sampled_from(["sales", "service", "billing"]), min_size=1), max_size=8)


@given(
    campaigns=campaigns_of, agents=agents_of, lines=st.sampled_from([1, 3, 1000]), per_s=st.sampled_from([1, 5, 1e6])
)
@settings(max_examples=30, deadline=None)
def test_nobody_is_passed_over_more_often_than_is_said(
    campaigns: list[tuple[DialerType, str, float, float]], agents: list[set[str]], lines: int, per_s: float
) -> None:
    street = Street(lines=lines, per_s=per_s, rings=(5, 20))
    for number, queues in enumerate(agents):
        street.agents(1, *sorted(queues), prefix=f"agent-{number}")
    for number, (dialer, queue, weight, capacity) in enumerate(campaigns):
        street.campaign(f"c{number}", dialer, queue=queue, weight=weight, capacity=capacity)
    for _ in range(30):
        street.passes(10)
        for campaign in street.engine.snapshot(street.now).campaigns:
            assert campaign.passed_over.at_most is not None
            assert campaign.passed_over.times <= campaign.passed_over.at_most


def test_it_is_told_how_often_and_since_when_a_campaign_was_passed_over() -> None:
    street = Street(lines=1, rings=(10, 10))
    street.campaign("argon", AGENTLESS)
    street.campaign("zinc", AGENTLESS, capacity=0.1)
    while not street.begun["zinc"]:
        street.passes(10)
    assert street.snapshot("zinc").passed_over.times == 0
    street.passes(51)
    waits_since = street.snapshot("zinc").passed_over_since
    assert waits_since is not None
    assert waits_since < street.now - 30 * SECOND
    assert street.snapshot("zinc").passed_over.times == 5
    street.passes(10)
    assert street.snapshot("zinc").passed_over_since == waits_since
    street.campaign("zinc", AGENTLESS, state=CampaignState.PAUSED)
    street.passes(1)
    paused = street.snapshot("zinc")
    assert (paused.passed_over_since, paused.passed_over.times, paused.passed_over.at_most) == (None, 0, None)


def test_a_campaign_that_has_all_that_it_wants_is_passed_over_by_nobody() -> None:
    street = Street()
    street.agents(3)
    street.campaign("argon")
    street.campaign("zinc", queue="nobody's")
    street.passes(60)
    for name in ("argon", "zinc"):
        assert street.snapshot(name).passed_over_since is None
        assert street.snapshot(name).passed_over.times == 0
