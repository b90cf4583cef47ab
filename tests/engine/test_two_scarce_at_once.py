"""Whoever needs two scarce things at once, as an agent and a line, gets both although others take each as it comes, and
nobody is held up for longer than that takes. If these fail, a campaign never has its turn, or agents idle for one that
cannot dial.
"""

from __future__ import annotations

import pytest

from engine.street import AGENTLESS, PREDICTIVE, PROGRESSIVE, Street, shares
from engine.town import Calls, Town
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.instants import HOUR, SECOND
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.events import AgentStatusSet


@pytest.mark.parametrize(
    ("dialer", "channels"),
    [(PROGRESSIVE, 2), (PREDICTIVE, 1)],
)
def test_whoever_needs_an_agent_and_a_line_gets_both_although_others_take_each_as_it_comes(
    dialer: DialerType, channels: int
) -> None:
    street = Street(
        Trunk("narrow", channels=channels, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(2)
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("agents", dialer, number="+12025550101")
    street.campaign("both", dialer, number="+12025550100")
    street.passes(1800)
    for _ in range(3):
        begun = street.passes(1800)
        assert begun["both"] > 0, "its line comes when no agent is free, and its agent when no line is"
        assert min(begun["lines"], begun["agents"]) > 50, "what is kept for it is no more than it needs"


@pytest.mark.parametrize("dialer", [PROGRESSIVE, PREDICTIVE])
def test_so_it_does_where_those_who_take_the_agents_have_no_weight(dialer: DialerType) -> None:
    """These get what nobody else wants; without a line at that moment a campaign wants no agent."""
    street = Street(
        Trunk("narrow", channels=1, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(1)
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("agents", dialer, number="+12025550101", weight=0.0)
    street.campaign("both", dialer, number="+12025550100")
    for _ in range(3):
        begun = street.passes(3600)
        assert begun["both"] > 0, "its line comes when no agent is free, and its agent when no line is"
        assert min(begun["lines"], begun["agents"]) > 50, "what is kept for it is no more than it needs"


def test_an_agent_who_is_by_turns_of_campaigns_without_a_line_does_not_idle() -> None:
    street = Street(
        Trunk("narrow", channels=1, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(1, "sales", "service")
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("narrow", PREDICTIVE, number="+12025550100", queue="sales", capacity=0.05)
    street.campaign("wide", queue="service", number="+12025550101", weight=0.3)
    for _ in range(4):
        begun = street.passes(1800)
        assert begun["wide"] > 100, "its trunk has a hundred lines"
        assert begun["narrow"] > 2, "one line in twenty"


def test_an_agent_who_is_by_turns_stays_with_whoever_it_is_kept_for_until_a_line_comes() -> None:
    street = Street(
        Trunk("narrow", channels=1, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(1, "sales", "service", "billing")
    street.campaign("lines", AGENTLESS, number="+12025550100", rings=(30, 30))
    street.campaign("sales", PREDICTIVE, number="+12025550100", queue="sales", capacity=0.05)
    street.campaign("billing", PREDICTIVE, number="+12025550100", queue="billing", capacity=0.05)
    street.campaign("service", number="+12025550100", queue="service", capacity=0.05)
    street.campaign("wide", number="+12025550101", queue="service")
    for _ in range(3):
        begun = street.passes(3600)
        assert min(begun.values()) > 0, "it would have the agent at some moments, and a line at others"
        assert begun["wide"] > 200, "no agent goes round idle among those that have no line"


def test_no_agent_is_kept_for_long_where_no_line_comes() -> None:
    street = Street(
        Trunk("slow", channels=1, attempts_per_s=1 / 7200, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(1)
    street.campaign("agents", number="+12025550101")
    alone = street.passes(3600)["agents"]
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("both", number="+12025550100")
    assert street.passes(12 * 3600)["agents"] > 0.6 * 12 * alone


def test_whoever_waits_for_an_agent_who_talks_for_hours_holds_nobody_else_up_for_more_than_one() -> None:
    narrow, wide = "+12025550100", "+12025550101"
    town = Town((Trunk("narrow", "near", 1, 100.0, (narrow,)), Trunk("wide", "near", 100, 100.0, (wide,))), seed=1)

    def sets_up(name: str, number: str, dialer: DialerType, queue: str, answered: float = 0.0) -> None:
        town.calls[name] = Calls(answered, ring_s=18.0, talk_s=5.0)
        town.sets_up(name, dialer, queue, weight=1.0, capacity=1.0, caller_id=number)
        town.accept(name)

    town.agent("of-service", "service")
    sets_up("lines", narrow, AGENTLESS, "service")
    sets_up("talks", wide, PROGRESSIVE, "service", answered=1.0)
    sets_up("first", narrow, PROGRESSIVE, "service")
    until = town.now + 2 * HOUR
    while not is_kept_for(town, "first"):
        assert town.step(until), "an agent is kept for it within two hours"
    town.calls["talks"] = Calls(answered=1.0, ring_s=18.0, talk_s=16 * 3600.0)
    town.agent("of-sales-1", "sales")
    town.agent("of-sales-2", "sales")
    sets_up("agents", wide, PROGRESSIVE, "sales")
    sets_up("second", narrow, PROGRESSIVE, "sales")
    town.passes(3600)
    for _ in range(3):
        before = town.begun["second"]
        town.passes(1800)
        assert town.begun["second"] > before, "its agents talk for no more than seconds"
    assert town.begun["first"] == 0, "its agent talks on"


def is_kept_for(town: Town, name: str) -> bool:
    explained = town.engine.explain(name, town.now)
    return explained is not None and explained.kept_for


def test_nobody_is_held_up_for_whoever_has_no_agent_at_work() -> None:
    street = Street(
        Trunk("narrow", channels=2, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(20, "sales", prefix="of-one")
    street.agents(1, "sales", "service", prefix="of-both")
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("agents", number="+12025550101")
    street.campaign("both", number="+12025550100", queue="service")
    for _ in range(30):
        street.passes(90)
        street.tell(AgentStatusSet("of-both-0", AgentStatus.BREAK))
        begun = street.passes(60)
        assert begun["agents"] > 60, "twenty agents are there for it alone"
        assert begun["lines"] > 3, "nobody else can use the lines"
        street.tell(AgentStatusSet("of-both-0", AgentStatus.AVAILABLE))


def test_lines_and_attempts_per_second_go_on_while_the_agents_of_whoever_waits_are_taken() -> None:
    street = Street(
        Trunk("narrow", channels=100, attempts_per_s=0.5, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(20, "sales", prefix="of-one")
    street.agents(1, "sales", "service", prefix="of-both")
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("agents", number="+12025550101", rings=(40, 40))
    street.campaign("both", number="+12025550100", queue="service")
    begun = street.passes(4 * 3600)
    assert begun["both"] > 0
    assert begun["lines"] + begun["both"] > 0.98 * 0.5 * 4 * 3600


def test_where_agents_are_scarcer_than_lines_their_weights_decide() -> None:
    """An agentless campaign takes every line that there is; that must not make two others equal that are not."""
    street = Street(lines=20, rings=(10, 20))
    street.agents(2)
    street.campaign("notices", AGENTLESS)
    street.campaign("argon", weight=0.1)
    street.campaign("zinc", weight=0.9)
    begun = street.passes(HOUR / SECOND)
    assert begun["argon"] / (begun["argon"] + begun["zinc"]) == pytest.approx(0.1, abs=0.03)
    assert begun["argon"] + begun["zinc"] > 0.9 * 2 * 3600 / 15, "and their agents do not idle"


@pytest.mark.parametrize("dialer", [PROGRESSIVE, PREDICTIVE])
def test_weights_decide_however_seldom_an_attempt_may_be_begun(dialer: DialerType) -> None:
    street = Street(per_s=0.05, rings=(1, 1))
    street.agents(2)
    street.campaign("many", dialer)
    street.campaign("few", dialer, weight=0.02)
    street.passes(3600)
    assert shares(street.passes(24 * 3600))["few"] == pytest.approx(0.02 / 1.02, rel=0.1)


def test_lines_and_attempts_per_second_that_are_scarce_together_starve_nobody() -> None:
    street = Street(lines=30, per_s=2, rings=(10, 20))
    street.agents(20)
    for name, dialer, weight, capacity in (
        ("argon", PROGRESSIVE, 0.5, 1.0),
        ("zinc", PROGRESSIVE, 0.5, 0.1),
        ("notices", AGENTLESS, 1.0, 1.0),
        ("rare", AGENTLESS, 1.0, 0.05),
    ):
        street.campaign(name, dialer, weight=weight, capacity=capacity)
    begun = street.passes(HOUR / SECOND)
    assert begun.total() > 0.95 * 2 * 3600
    assert shares(begun)["rare"] == pytest.approx(0.05 / 2.15, rel=0.2)
    assert min(shares(begun).values()) > 0.015
