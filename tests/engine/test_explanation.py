"""What the engine tells of its reasons. If these fail, `trunkcall explain` says what is not so."""

from __future__ import annotations

from dataclasses import replace

from engine.floor import Floor
from engine.support import SPRING, dialing
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.instants import SECOND
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CampaignChanged, CarrierLost
from trunkcall.engine.explanation import DialingExplanation


def explained(floor: Floor) -> DialingExplanation:
    found = floor.engine.explain(SPRING, floor.now)
    assert found is not None
    return found


def test_a_campaign_that_nobody_told_the_engine_of_has_no_explanation() -> None:
    assert Floor().engine.explain("nowhere", 0) is None


def test_the_facts_are_those_that_dialing_goes_by() -> None:
    floor = Floor(agents=5, config=EngineConfig(trunks=(Trunk("default", channels=3, attempts_per_s=50.0),)))
    floor.campaign(requests=20)
    found = explained(floor)
    assert (found.in_flight, found.lines, found.lines_in_use, found.channels) == (3, 3, 3, 3)
    assert (found.free_agents, found.staffed_agents) == (2, 5), "three are kept for the attempts"
    assert found.window == 17
    assert found.one_to_one
    assert found.forecast is None


def test_asking_changes_nothing() -> None:
    floor = Floor(agents=5)
    floor.campaign(dialer=DialerType.PREDICTIVE, requests=20)
    before = floor.engine.snapshot(floor.now), floor.engine.next_timer()
    for _ in range(3):
        explained(floor)
    assert (floor.engine.snapshot(floor.now), floor.engine.next_timer()) == before


def test_attempts_per_second_hold_the_next_one_back() -> None:
    floor = Floor(agents=5, config=EngineConfig(trunks=(Trunk("default", channels=100, attempts_per_s=1.0),)))
    floor.campaign(requests=20)
    found = explained(floor)
    assert found.in_flight == 1
    assert 0 < found.next_attempt_in <= 1_000_000


def test_what_is_said_of_trunks_is_of_those_that_may_show_the_campaigns_number() -> None:
    mine, others = "+12025550100", "+12025550111"
    north = Trunk("north", "switch-1", 3, 1.0, (mine,))
    south = Trunk("south", "switch-2", 20, 50.0, (others, mine))
    floor = Floor(agents=5, config=EngineConfig(trunks=(north, south, Trunk("west", caller_numbers=(others,)))))
    shown = replace(dialing(), caller_id=mine)
    floor.tell(CampaignChanged(SPRING, CampaignState.RUNNING, shown))
    found = explained(floor)
    assert [trunk.trunk_id for trunk in found.trunks] == ["north", "south"]
    assert (found.channels, found.attempts_per_s) == (23, 51.0)
    floor.tell(CarrierLost("switch-2"))
    assert [trunk.up for trunk in explained(floor).trunks] == [True, False]
    floor.accept(SPRING, 9)
    found = explained(floor)
    assert [trunk.lines for trunk in found.trunks] == [1, 0]
    assert 0 < found.next_attempt_in <= SECOND, "what the lost one takes a second is of no help"
    floor.tell(CampaignChanged(SPRING, CampaignState.RUNNING, replace(shown, caller_id="+12025550199")))
    assert explained(floor).trunks == ()


def test_agents_at_work_for_other_campaigns_are_told_apart_from_none() -> None:
    """Else somebody goes to look for an agent who sits there and works."""
    floor = Floor()
    floor.agent("ada", "sales", "service")
    floor.campaign(queue="sales", requests=20)
    floor.campaign("autumn", queue="service", dialer=DialerType.PREDICTIVE, requests=20)
    facts = [floor.engine.explain(campaign, floor.now) for campaign in (SPRING, "autumn")]
    assert sorted((each.staffed_agents, each.others_agents) for each in facts if each is not None) == [(0, 1), (1, 0)]


def test_agents_who_only_help_out_are_told_apart_from_none() -> None:
    floor = Floor()
    floor.campaign(requests=20)
    floor.agent("ada", ServedQueue("sales", delay_s=5))
    assert (explained(floor).agents, explained(floor).helpers, explained(floor).others_agents) == (0, 1, 0)
