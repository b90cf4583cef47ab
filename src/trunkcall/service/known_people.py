"""The question whether a campaign knows again whom it has.

Decides nothing: the store looks at client tokens. It must not know how whoever loads a list makes them.
"""

from __future__ import annotations

from trunkcall.service.campaigns import Campaigns
from trunkcall.storage.ports.contacts import ClientTokens, TokenForms


class KnownPeople:
    """Asks the store."""

    def __init__(self, store: ClientTokens, campaigns: Campaigns) -> None:
        self._store = store
        self._campaigns = campaigns

    async def get_campaign_token_forms(self, id_or_arn: str) -> tuple[str, TokenForms]:
        """The campaign's id, and which forms of client tokens it holds. Raises NotFoundError."""
        campaign = await self._campaigns.describe_campaign(id_or_arn)
        return campaign.campaign_id, await self._store.token_forms(campaign.campaign_id)
