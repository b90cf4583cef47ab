"""The operations of Trunkcall's own service, one small function each: what Amazon's API has no question for.

Decides only how members of requests and responses correspond to the use case. They are signed and authorized as those
of ``connectcampaigns`` are, under the same prefix, so that a key that may do everything with campaigns may ask this
too.
"""

from __future__ import annotations

from collections.abc import Iterable

from trunkcall.aws.campaigns_v1 import Handler, Json
from trunkcall.aws.protocol import RequestContext
from trunkcall.service.explain import Explanations, Reason


class TrunkcallOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, explanations: Explanations) -> None:
        self._explanations = explanations

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {
            "GetCampaignExplanation": self.get_campaign_explanation,
            "GetDialRequestExplanation": self.get_dial_request_explanation,
        }

    async def get_campaign_explanation(self, context: RequestContext, request: Json) -> Json:
        found = await self._explanations.get_campaign_explanation(request["id"])
        return {
            "campaignId": found.campaign.campaign_id,
            "state": found.campaign.state,
            "reasons": _reasons(found.reasons),
            "figures": found.figures,
        }

    async def get_dial_request_explanation(self, context: RequestContext, request: Json) -> Json:
        found = await self._explanations.get_dial_request_explanation(request["id"], request["dialRequestId"])
        return {"dialRequestId": found.contact_id, "state": found.state, "reasons": _reasons(found.reasons)}


def _reasons(reasons: Iterable[Reason]) -> list[Json]:
    return [{"code": reason.code, "text": reason.text} for reason in reasons]
