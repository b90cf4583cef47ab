"""Campaigns in memory (``ports.campaigns``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.errors import ConflictError, InvalidCampaignStateError, QuotaExceededError
from trunkcall.domain.instants import Instant
from trunkcall.domain.transitions import CAMPAIGN, CampaignEvent
from trunkcall.storage.memory.state import Part


class CampaignsInMemory(Part):
    """The campaigns that there are, and were."""

    async def create_campaign(self, campaign: Campaign, *, most: int | None = None) -> Campaign:
        self._state.there(campaign.instance_id)
        namesake = self._namesake(campaign)
        if namesake is not None:
            return namesake
        if most is not None and len(self._state.campaigns_of(campaign.instance_id)) >= most:
            raise QuotaExceededError(
                f"The instance has {most} campaigns, which is its quota. Delete some, or raise it."
            )
        return self._state.put_campaign(replace(campaign, tags=dict(campaign.tags)))

    def _namesake(self, campaign: Campaign) -> Campaign | None:
        of_name = (each for each in self._state.campaigns_of(campaign.instance_id) if each.name == campaign.name)
        return next(of_name, None)

    async def campaign(self, campaign_id: str) -> Campaign | None:
        campaign = self._state.campaigns.get(campaign_id)
        return campaign if campaign is not None and campaign.deleted_at is None else None

    async def campaigns(
        self, *, instance_id: str | None, after: tuple[Instant, str] | None, limit: int
    ) -> Sequence[Campaign]:
        found = [
            campaign
            for campaign in self._state.campaigns.values()
            if campaign.deleted_at is None
            and instance_id in (None, campaign.instance_id)
            and (after is None or _place(campaign) > after)
        ]
        return sorted(found, key=_place)[:limit]

    async def change_campaign_state(
        self,
        campaign_id: str,
        *,
        allowed_from: Collection[CampaignState],
        to: CampaignState,
        max_running: int | None = None,
    ) -> Campaign:
        campaign = self._state.campaign(campaign_id)
        if campaign.state not in allowed_from:
            raise InvalidCampaignStateError(campaign.state, f"The campaign is {campaign.state}; it cannot become {to}.")
        if to is CampaignState.RUNNING and max_running is not None:
            others = self._state.campaigns_of(campaign.instance_id)
            running = sum(other.state is CampaignState.RUNNING for other in others)
            if running >= max_running:
                raise QuotaExceededError(
                    f"The instance has {running} active campaigns and its quota is {max_running}. "
                    "Pause or stop one, or raise the quota."
                )
        return self._state.put_campaign(replace(campaign, state=to))

    async def edit_campaign(self, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
        before = self._state.campaign(campaign_id)
        wanted = edit(before)
        after = replace(
            before,
            name=wanted.name,
            dialer=wanted.dialer,
            outbound_call=wanted.outbound_call,
            tags=dict(wanted.tags),
        )
        if after == before:
            return before
        namesake = self._namesake(after)
        if namesake is not None and namesake.campaign_id != campaign_id:
            raise ConflictError("Another campaign of the instance has this name.")
        return self._state.put_campaign(after)

    async def delete_campaign(self, campaign_id: str, *, at: Instant) -> Campaign:
        campaign = self._state.campaign(campaign_id)
        state = CAMPAIGN[campaign.state].get(CampaignEvent.STOP, campaign.state)
        return self._state.put_campaign(replace(campaign, state=state, deleted_at=at))

    async def has_campaign(self, campaign_id: str) -> bool:
        return campaign_id in self._state.campaigns

    async def every_campaign(self) -> Sequence[Campaign]:
        found = [
            campaign
            for campaign in self._state.campaigns.values()
            if campaign.deleted_at is None or campaign.state is not CampaignState.INITIALIZED
        ]
        return sorted(found, key=_place)


def _place(campaign: Campaign) -> tuple[Instant, str]:
    return campaign.created_at, campaign.campaign_id
