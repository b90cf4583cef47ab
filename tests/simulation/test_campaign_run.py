"""Whom a campaign meets as the hours pass. If these fail, a scenario's drift, steps and mistakes of detection are not
those that its file asks for."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from trunkcall.domain.contact import LIVE_DETECTIONS
from trunkcall.domain.instants import HOUR, Instant
from trunkcall.simulation.campaign import Campaign
from trunkcall.simulation.campaign_run import CampaignRun
from trunkcall.simulation.world import Fate, Outcome, World

START: Instant = 1_000 * HOUR
DRAWS = 4_000


def fates(campaign: Campaign, hour: float = 0.0) -> list[Fate]:
    """What attempts meet that are all begun at an hour of the shift."""
    run, random = CampaignRun(campaign, START), Random(1)
    return [run.draw(START + round(hour * HOUR), random) for _ in range(DRAWS)]


def people(campaign: Campaign, hour: float) -> float:
    return sum(fate.outcome is Outcome.HUMAN for fate in fates(campaign, hour)) / DRAWS


@pytest.mark.parametrize(("hour", "ratio"), [(0.0, 0.2), (1.0, 0.3), (2.0, 0.2), (3.0, 0.1), (5.0, 0.3)])
def test_drift_swings_the_share_of_people_by_so_much_of_it(hour: float, ratio: float) -> None:
    campaign = Campaign(drift=0.5, drift_period_h=4.0, world=World(human_ratio=0.2))
    assert people(campaign, hour) == pytest.approx(ratio, abs=0.02)


@pytest.mark.parametrize(("hour", "ratio"), [(3.9, 0.1), (4.0, 0.25), (8.0, 0.25)])
def test_a_step_changes_the_share_of_people_for_the_rest_of_the_shift(hour: float, ratio: float) -> None:
    campaign = Campaign(step_at_h=4.0, step_factor=2.5, world=World(human_ratio=0.1))
    assert people(campaign, hour) == pytest.approx(ratio, abs=0.02)


def test_people_never_become_more_than_what_machines_and_failures_leave() -> None:
    campaign = Campaign(step_at_h=1.0, step_factor=100.0, world=World(machine_ratio=0.3, failure_ratio=0.1))
    assert people(campaign, 2.0) == pytest.approx(0.6, abs=0.03)


def test_a_world_goes_on_changing_during_a_shift() -> None:
    run, random = CampaignRun(Campaign(drift=1.0, world=World(human_ratio=0.5)), START), Random(1)
    met = {
        hour: sum(run.draw(START + hour * HOUR, random).outcome is Outcome.HUMAN for _ in range(500)) for hour in (1, 3)
    }
    assert met[1] > 250
    assert met[3] == 0


def test_detection_is_mistaken_as_often_as_it_says() -> None:
    campaign = Campaign(false_machine_ratio=0.2, false_human_ratio=0.4)
    taken = Counter((fate.outcome, fate.detection in LIVE_DETECTIONS) for fate in fates(campaign))
    met = {outcome: taken[outcome, True] + taken[outcome, False] for outcome in (Outcome.HUMAN, Outcome.MACHINE)}
    assert taken[Outcome.HUMAN, False] / met[Outcome.HUMAN] == pytest.approx(0.2, abs=0.04)
    assert taken[Outcome.MACHINE, True] / met[Outcome.MACHINE] == pytest.approx(0.4, abs=0.04)
    right = Counter((fate.outcome, fate.detection in LIVE_DETECTIONS) for fate in fates(Campaign()))
    assert right[Outcome.HUMAN, False] == right[Outcome.MACHINE, True] == 0


def test_a_list_gives_what_it_has_and_an_endless_one_whatever_is_asked_for() -> None:
    short, endless = CampaignRun(Campaign(list_size=7), START), CampaignRun(Campaign(), START)
    assert [short.take(5), short.take(5), short.take(5)] == [5, 2, 0]
    assert endless.take(5000) == 5000
