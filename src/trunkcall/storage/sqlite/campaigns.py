"""Campaigns in an SQLite file (``ports.campaigns``), and those that changed (``ports.ownership``).

Decides for how long a campaign that was read is not looked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.errors import StoreDamagedError
from trunkcall.domain.instants import Instant
from trunkcall.storage.sqlite import rows
from trunkcall.storage.sqlite.database import TRUSTED_S, Database, Part
from trunkcall.storage.sqlite.operations import campaigns as campaign_operations
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.writer import Operation

T = TypeVar("T")

log = logging.getLogger(__name__)

_MAX_CACHED_CAMPAIGNS: Final = 1024


class SQLiteCampaigns(Part):
    """The campaigns that there are, and were."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._campaigns: dict[str, tuple[Campaign, float]] = {}
        """Campaigns as last decoded, and until when that is good without looking."""
        self._damaged_campaigns: set[str] = set()

    async def create_campaign(self, campaign: Campaign, *, most: int | None = None) -> Campaign:
        """Store a new campaign or return its namesake. Raises StoreFullError while nothing new is taken."""
        self._database.require_room()
        return await self._database.write(
            campaign_operations.CreateCampaign(campaign, rows.campaign_to_row(campaign), most)
        )

    async def campaign(self, campaign_id: str) -> Campaign | None:
        """The campaign, or None if there is none or it was deleted. Changes through this object are seen at once,
        another process's within ``TRUSTED_S``."""
        known = self._campaigns.get(campaign_id)
        if known is not None and known[1] > self._database.monotonic():
            return known[0]
        row = self._database.row("campaign_version", campaign_id=campaign_id)
        if row is None:
            self._campaigns.pop(campaign_id, None)
            return None
        campaign = known[0] if known is not None else None
        if campaign is None or campaign.version != row.version:
            (row,) = self._database.rows("campaign", campaign_id=campaign_id)
            campaign = rows.campaign_from_row(row)
            if campaign.deleted_at is not None:
                return None
            if len(self._campaigns) >= _MAX_CACHED_CAMPAIGNS:
                self._campaigns.clear()
        self._campaigns[campaign_id] = campaign, self._database.monotonic() + TRUSTED_S
        return campaign

    async def has_campaign(self, campaign_id: str) -> bool:
        """Whether there is such a campaign or was one that is deleted now."""
        return self._database.row("campaign", campaign_id=campaign_id) is not None

    async def campaigns(
        self, *, instance_id: str | None, after: tuple[Instant, str] | None, limit: int
    ) -> Sequence[Campaign]:
        """Campaigns that were not deleted, by ``created_at`` then ``campaign_id``, beginning after the given pair."""
        # Ids are never empty, so this pair is before every campaign.
        after_at, after_id = after or (-(2**63), "")
        found: list[Campaign] = []
        while room := limit - len(found):
            if instance_id is None:
                page = self._database.rows("campaigns", after_at=after_at, after_id=after_id, limit=room)
            else:
                page = self._database.rows(
                    "campaigns_of_instance", instance_id=instance_id, after_at=after_at, after_id=after_id, limit=room
                )
            found += self._sound_campaigns(page)
            if len(page) < room:
                break
            last = page[-1].created_at, page[-1].campaign_id
            # A damaged one that tells another place than its own must not have the list go round.
            if tuple(map(type, last)) != (int, str) or last <= (after_at, after_id):
                break
            after_at, after_id = last
        return found

    async def every_campaign(self) -> Sequence[Campaign]:
        """Every campaign but those that were deleted before they were started."""
        return self._sound_campaigns(self._database.rows("every_campaign"))

    async def campaigns_changed(self, instance_id: str, *, after_version: int) -> Sequence[Campaign]:
        """Campaigns that were started at some time, deleted ones included, whose version is greater, by version."""
        return self._sound_campaigns(
            self._database.rows("campaigns_changed", instance_id=instance_id, after_version=after_version)
        )

    async def change_campaign_state(
        self,
        campaign_id: str,
        *,
        allowed_from: Collection[CampaignState],
        to: CampaignState,
        max_running: int | None = None,
    ) -> Campaign:
        """Compare and set."""
        return await self._write_campaign(
            campaign_id,
            lambda transaction: campaign_operations.change_campaign_state(
                transaction, campaign_id, allowed_from, to, max_running
            ),
        )

    async def edit_campaign(self, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
        """Read, change and write in one transaction. ``edit`` runs in the writer's thread."""
        return await self._write_campaign(
            campaign_id, lambda transaction: campaign_operations.edit_campaign(transaction, campaign_id, edit)
        )

    async def delete_campaign(self, campaign_id: str, *, at: Instant) -> Campaign:
        """Mark the campaign deleted."""
        return await self._write_campaign(
            campaign_id, lambda transaction: campaign_operations.delete_campaign(transaction, campaign_id, at)
        )

    async def _write_campaign(self, campaign_id: str, operation: Operation[T]) -> T:
        """Change a campaign. Nobody reads what it was once its change has been answered, or may have happened."""
        try:
            return await self._database.write(operation)
        finally:
            self._campaigns.pop(campaign_id, None)

    def _sound_campaigns(self, found: Sequence[Row]) -> list[Campaign]:
        """The campaigns that can be read. A damaged one is out of use by itself; the log names it once."""
        sound = []
        for row in found:
            try:
                sound.append(rows.campaign_from_row(row))
            except StoreDamagedError:
                campaign_id = rows.readable(row.campaign_id)
                if campaign_id not in self._damaged_campaigns:
                    self._damaged_campaigns.add(campaign_id)
                    log.error(  # noqa: TRY400 - a traceback tells nothing more
                        "a campaign is damaged and not dialed", extra={"campaign_id": campaign_id}
                    )
        return sound
