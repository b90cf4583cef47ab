"""Campaigns, as use cases and exports ask for them. The dialer has its own view (``ports.ownership``).

Decides what is unique, and which change is refused. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.instants import Instant


class CampaignStore(Protocol):
    """The campaigns that there are."""

    async def create_campaign(self, campaign: Campaign, *, most: int | None = None) -> Campaign:
        """Store a new campaign. If the instance has a campaign of that name that was not deleted, store nothing and
        return that one (its ``campaign_id`` differs from the given). Raises NotFoundError without the instance,
        QuotaExceededError if the instance has ``most`` campaigns, StoreFullError."""

    async def campaign(self, campaign_id: str) -> Campaign | None:
        """The campaign, or None if there is none or it was deleted."""

    async def campaigns(
        self, *, instance_id: str | None, after: tuple[Instant, str] | None, limit: int
    ) -> Sequence[Campaign]:
        """Campaigns that were not deleted, by ``created_at`` then ``campaign_id``, beginning after the given pair."""

    async def change_campaign_state(
        self,
        campaign_id: str,
        *,
        allowed_from: Collection[CampaignState],
        to: CampaignState,
        max_running: int | None = None,
    ) -> Campaign:
        """Compare and set. Raises NotFoundError; InvalidCampaignStateError with the actual state; QuotaExceededError
        if ``to`` is Running and the instance has ``max_running`` Running campaigns."""

    async def edit_campaign(self, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
        """Read, change and write in one transaction: name, dialer, outbound call and tags are taken from what ``edit``
        returns. What ``edit`` raises passes through and changes nothing; it may be called more than once. Raises
        NotFoundError; ConflictError if another campaign of the instance has the new name."""

    async def delete_campaign(self, campaign_id: str, *, at: Instant) -> Campaign:
        """Mark the campaign deleted; one that is Running or Paused is Stopped with it. Its records stay, its name is
        free again. Raises NotFoundError."""


class CampaignArchive(Protocol):
    """The campaigns that there are and were."""

    async def has_campaign(self, campaign_id: str) -> bool:
        """Whether there is such a campaign or was one that is deleted now."""

    async def every_campaign(self) -> Sequence[Campaign]:
        """Every campaign that there is, and every deleted one that was ever started and so may have contacts; by
        ``created_at`` then ``campaign_id``."""
