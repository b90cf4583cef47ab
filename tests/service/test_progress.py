"""How far campaigns are, as the store has it where nobody dials. If these fail, a display shows one campaign by the
limits of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.support import dialing_of
from trunkcall.domain.abandonment import AbandonmentLimits, CalendarMonth, RollingWindow
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.instants import DAY, Instant
from trunkcall.service.explain import Reason
from trunkcall.service.progress import Progresses
from trunkcall.storage.ports.contacts import ContactCounts

NOW: Instant = 1_790_000_000_000_000
"""In the afternoon of September 21, 2026."""
LENIENT = AbandonmentLimits(target_ratio=0.05, windows=(RollingWindow(7 * DAY), CalendarMonth("Europe/Berlin")))


class House:
    """Two campaigns that nobody dials, each with a live answer at the end of each day for a hundred days."""

    async def describe_campaign(self, campaign_id: str) -> Campaign:
        agents = DialerConfig(DialerType.PREDICTIVE, 1.0)
        outbound_call = OutboundCallConfig("flow", "queue")
        return Campaign(campaign_id, "arn", "instance", campaign_id, agents, outbound_call, CampaignState.PAUSED, NOW)

    async def contact_counts(self, campaign_ids: Sequence[str]) -> Mapping[str, ContactCounts]:
        return {}

    async def ledger_sum(self, campaign_id: str, *, since: Instant) -> tuple[int, int]:
        return min((NOW - since) // DAY, 100), 0

    async def first_reason(self, campaign: Campaign, backlog: int) -> Reason:
        return Reason("CAMPAIGN_NOT_RUNNING", "It is paused.")

    def progress(self, instance_id: str, campaign_id: str) -> None:
        return None

    def floor(self, instance_id: str, queue_id: str | None = None) -> None:
        return None

    def attempts_by_minute(self, instance_id: str, campaign_id: str) -> Sequence[int]:
        return ()

    async def directory(self, instance_id: str) -> None:
        return None

    def now_of(self, instance_id: str) -> Instant:
        return NOW

    def dialing_of(self, campaign: Campaign) -> DialingSettings:
        settings = dialing_of(campaign)
        return replace(settings, abandonment=LENIENT) if campaign.campaign_id == "autumn" else settings


async def test_a_campaign_that_nobody_dials_is_shown_by_its_own_windows_and_target() -> None:
    house: Any = House()
    progresses = Progresses(house, house, house, house, house.now_of, house.dialing_of, house, house)
    spring, autumn = [(await progresses.get_campaign_progress(name)).progress for name in ("spring", "autumn")]
    assert (spring.target_ratio, autumn.target_ratio) == (0.03, 0.05)
    assert {total.window.name: total.live_answers for total in spring.ledger} == {"24h": 1, "30d": 30}
    assert {total.window.name: total.live_answers for total in autumn.ledger} == {"7d": 7, "month": 20}
