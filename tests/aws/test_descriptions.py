"""What clients poll most, a campaign's description, is written once for as long as the campaign stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

from aws.support import load
from trunkcall.aws.campaigns_v1 import CampaignsV1
from trunkcall.aws.model import CAMPAIGNS_V1
from trunkcall.aws.protocol import Encoded, RequestContext
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig

SPRING = Campaign(
    campaign_id="c1",
    arn="arn:aws:connect-campaigns:us-east-1:123456789012:campaign/c1",
    instance_id="i1",
    name="spring",
    dialer=DialerConfig(DialerType.AGENTLESS),
    outbound_call=OutboundCallConfig("flow"),
    state=CampaignState.INITIALIZED,
    created_at=0,
    version=7,
)


class Campaigns:
    """Reads the campaign from the disk each time, as a store does that keeps none in memory."""

    def __init__(self) -> None:
        self.spring = SPRING

    async def describe_campaign(self, id_or_arn: str) -> Campaign:
        return replace(self.spring)


async def test_a_description_is_written_anew_when_the_campaign_has_another_version_and_only_then() -> None:
    campaigns = Campaigns()
    nothing = cast("Any", None)
    api = CampaignsV1(cast("Any", campaigns), nothing, nothing, nothing, nothing)
    context = RequestContext("r1", "key", None, load(CAMPAIGNS_V1).operations["DescribeCampaign"], {})

    async def described() -> Encoded:
        return await api.describe_campaign(context, {"id": "c1"})

    first = await described()
    assert await described() is first, "every poll would cost a new description"

    campaigns.spring = replace(SPRING, name="summer", version=8)
    assert json.loads((await described()).body)["campaign"]["name"] == "summer"
