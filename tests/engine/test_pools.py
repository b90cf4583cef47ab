"""Whose turn it is among campaigns that look ahead for the same agents. If these fail, one starves the others."""

from __future__ import annotations

import pytest

from engine.support import NOW, Floor
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.engine.campaigns import CampaignDialing
from trunkcall.engine.events import LedgerRestored
from trunkcall.engine.pools import (
    LEAD,
    Pools,
    contending,
    lead_of,
    share_of,
    share_of_those_who_look_ahead,
)


def house(*weights: float, pacer: DialerType = DialerType.PREDICTIVE) -> tuple[Floor, Pools, list[CampaignDialing]]:
    """Campaigns of one queue with such weights and much to dial. Nobody is at work, so nothing is begun by itself."""
    floor = Floor(agents=0)
    for number, weight in enumerate(weights):
        floor.campaign(f"c{number}", weight=weight, requests=100, dialer=pacer)
        floor.tell(LedgerRestored(f"c{number}", ((NOW, 1000, 0),)))
    state = floor.engine._state
    return floor, Pools(state), [state.campaigns[f"c{number}"] for number in range(len(weights))]


def dial(pools: Pools, campaigns: list[CampaignDialing], rounds: int) -> list[int]:
    """In each round every campaign that need not wait begins an attempt: how many each has begun."""
    begun = [0] * len(campaigns)
    for _ in range(rounds):
        for number, campaign in enumerate(campaigns):
            if not pools.is_ahead(campaign, NOW):
                pools.begun(campaign)
                begun[number] += 1
    return begun


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.75, 0.25), (1.0, 0.1), (0.6, 0.3, 0.1)])
def test_attempts_go_by_weight(weights: tuple[float, ...]) -> None:
    _, pools, campaigns = house(*weights)
    begun = dial(pools, campaigns, 2000)
    for count, weight in zip(begun, weights, strict=True):
        assert count / sum(begun) == pytest.approx(weight / sum(weights), abs=LEAD / sum(begun))


def test_a_lone_campaign_waits_for_nobody() -> None:
    _, pools, campaigns = house(0.1)
    assert dial(pools, campaigns, 200) == [200]


def test_whoever_paused_has_no_claim_to_what_others_dialed_meanwhile() -> None:
    floor, pools, (zinc, argon) = house(0.5, 0.5)
    dial(pools, [zinc, argon], 10)
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5, state=CampaignState.PAUSED)
    assert dial(pools, [zinc], 500) == [500]
    floor.campaign("c1", dialer=DialerType.PREDICTIVE, weight=0.5)
    assert not pools.is_ahead(zinc, NOW)
    assert lead_of(floor.engine._state, zinc) == 0.0


def test_nobody_waits_for_a_campaign_whose_ledger_has_nothing_left() -> None:
    floor, pools, (zinc, argon) = house(0.5, 0.5)
    floor.tell(LedgerRestored("c1", ((NOW, 0, 100),)))
    assert dial(pools, [zinc], 500) == [500]
    floor.tell(LedgerRestored("c1", ((NOW, 100_000, 0),)))
    assert lead_of(floor.engine._state, zinc) <= LEAD, "nor is what it could not dial made up for"
    assert argon.dealt > 0


def test_shares_are_weights_over_those_of_all_who_have_somebody_to_dial() -> None:
    floor, _, (zinc, argon) = house(0.6, 0.2)
    state = floor.engine._state
    assert share_of(state, zinc) == pytest.approx(0.75)
    assert share_of_those_who_look_ahead(state, zinc.pool) == 1.0
    floor.campaign("slow", weight=0.8, requests=10, dialer=DialerType.PROGRESSIVE)
    assert share_of(state, argon) == pytest.approx(0.125)
    assert share_of_those_who_look_ahead(state, zinc.pool) == pytest.approx(0.5)
    floor.campaign("dry", weight=1.0, dialer=DialerType.PROGRESSIVE)
    assert [c.campaign_id for c in contending(state, zinc.pool)] == ["c0", "c1", "slow"]
