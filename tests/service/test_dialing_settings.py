"""How campaigns are dialed, and what a change of it does while they are. If these fail, the installation's settings do
not reach its campaigns, or a change of windows lets a campaign forget whom it has abandoned."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from service.support import House, dialing, dialing_of
from trunkcall.domain.abandonment import AbandonmentClock, AbandonmentLimits, CalendarMonth, RollingWindow
from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    CampaignState,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.changes import LedgerCounted
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.instants import DAY, HOUR, SECOND
from trunkcall.service.dialing_settings import DialingDefaults, dialing_settings

LIMITS = AbandonmentLimits(
    5 * SECOND, AbandonmentClock.GREETING_START, 0.05, (CalendarMonth("Europe/Berlin"),), binding=True
)


def campaign(dialer: DialerConfig, outbound_call: OutboundCallConfig) -> Campaign:
    return Campaign("spring", "arn", "instance-1", "Spring", dialer, outbound_call, CampaignState.RUNNING, 0)


def test_a_campaign_is_dialed_as_it_says_and_otherwise_as_the_installation_has_it() -> None:
    detection = AnswerMachineDetectionConfig(enabled=True, await_prompt=True)
    said = campaign(DialerConfig(DialerType.PREDICTIVE, 0.4, 0.2), OutboundCallConfig("flow", "queue", None, detection))
    assert dialing_settings(said, DialingDefaults(20 * SECOND, LIMITS)) == DialingSettings(
        dialer_type=DialerType.PREDICTIVE,
        queue_id="queue",
        bandwidth_allocation=0.4,
        dialing_capacity=0.2,
        detects_machines=True,
        awaits_prompt=True,
        ring_timeout=20 * SECOND,
        abandonment=LIMITS,
    )


def test_an_agentless_campaign_has_no_share_of_agents_and_may_have_all_lines() -> None:
    settings = dialing_of(campaign(DialerConfig(DialerType.AGENTLESS), OutboundCallConfig("flow")))
    assert (settings.queue_id, settings.bandwidth_allocation, settings.dialing_capacity) == (None, 0.0, 1.0)
    assert not settings.detects_machines


@pytest.mark.virtual_time
async def test_windows_that_become_longer_have_all_that_the_store_remembers() -> None:
    """Whoever has abandoned too many in a month is not free of it because somebody looked at a day meanwhile."""
    house = House.in_memory()
    await house.open(requests=0)
    lease = await house.kept.acquire_lease(house.instance_id, "host:0", HOUR)
    assert lease is not None
    now = house.clock.now()
    past = [LedgerCounted("spring", now - 10 * DAY, 900, 30), LedgerCounted("spring", now - HOUR, 100, 1)]
    await house.kept.commit(lease, past)
    await house.kept.release_lease(lease)
    limits = AbandonmentLimits(windows=(RollingWindow(DAY),))
    house.dialing_of = lambda campaign: replace(dialing_of(campaign), abandonment=limits)
    async with dialing(house, house.owner()), asyncio.timeout(30):
        while (progress := house.dialer.progress("spring")) is None or not progress.ledger[0].live_answers:
            await asyncio.sleep(0.01)
        assert [(total.live_answers, total.abandoned) for total in progress.ledger] == [(100, 1)]
        limits = AbandonmentLimits()
        await house.to_state(CampaignState.RUNNING, CampaignState.PAUSED)
        while (progress := house.dialer.progress("spring")) is None or len(progress.ledger) < 2:
            await asyncio.sleep(0.01)
        assert [(total.live_answers, total.abandoned) for total in progress.ledger] == [(100, 1), (1000, 31)]
