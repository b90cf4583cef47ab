"""The operations of ``connectcampaigns`` (2021-01-30), one small function each, between the model's names and use
cases.

Decides only how members of requests and responses correspond to the domain. Constraints of the model have been checked;
rules between members and about the world are the use cases'.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from trunkcall.aws.errors import validation_error
from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import RequestContext
from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem, DialRequests

log = logging.getLogger(__name__)

Json: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[RequestContext, dict[str, Any]], Awaitable[Json | None]]

MOST_RESULTS = 50

_DIALER_MEMBERS = {
    "progressiveDialerConfig": DialerType.PROGRESSIVE,
    "predictiveDialerConfig": DialerType.PREDICTIVE,
    "agentlessDialerConfig": DialerType.AGENTLESS,
}


class CampaignsV1:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, campaigns: Campaigns, dial_requests: DialRequests, paging: Paging) -> None:
        self._campaigns = campaigns
        self._dial_requests = dial_requests
        self._paging = paging

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "CreateCampaign": self.create_campaign,
            "DescribeCampaign": self.describe_campaign,
            "ListCampaigns": self.list_campaigns,
            "GetCampaignState": self.get_campaign_state,
            "StartCampaign": self.start_campaign,
            "PauseCampaign": self.pause_campaign,
            "ResumeCampaign": self.resume_campaign,
            "StopCampaign": self.stop_campaign,
            "DeleteCampaign": self.delete_campaign,
            "PutDialRequestBatch": self.put_dial_request_batch,
        }

    async def create_campaign(self, context: RequestContext, request: Json) -> Json:
        campaign = await self._campaigns.create_campaign(
            name=request["name"],
            instance_id=request["connectInstanceId"],
            dialer=_dialer_config(request["dialerConfig"]),
            outbound_call=_outbound_call_config(request["outboundCallConfig"]),
            tags=request.get("tags", {}),
        )
        return {"id": campaign.campaign_id, "arn": campaign.arn, "tags": campaign.tags}

    async def describe_campaign(self, context: RequestContext, request: Json) -> Json:
        return {"campaign": _campaign(await self._campaigns.describe_campaign(request["id"]))}

    async def list_campaigns(self, context: RequestContext, request: Json) -> Json:
        instance_filter = request.get("filters", {}).get("instanceIdFilter")
        instance_id: str | None = instance_filter["value"] if instance_filter is not None else None
        query = instance_id or ""
        page = await self._campaigns.list_campaigns(
            instance_id=instance_id,
            after=self._paging.position("ListCampaigns", query, request.get("nextToken")),
            limit=request.get("maxResults", MOST_RESULTS),
        )
        return {
            "campaignSummaryList": [_summary(campaign) for campaign in page.campaigns],
            "nextToken": self._paging.token("ListCampaigns", query, page.after),
        }

    async def get_campaign_state(self, context: RequestContext, request: Json) -> Json:
        return {"state": await self._campaigns.get_campaign_state(request["id"])}

    async def start_campaign(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.start_campaign(request["id"])

    async def pause_campaign(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.pause_campaign(request["id"])

    async def resume_campaign(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.resume_campaign(request["id"])

    async def stop_campaign(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.stop_campaign(request["id"])

    async def delete_campaign(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.delete_campaign(request["id"])

    async def put_dial_request_batch(self, context: RequestContext, request: Json) -> Json:
        items = [
            DialRequestItem(item["clientToken"], item["phoneNumber"], item["expirationTime"], item["attributes"])
            for item in request["dialRequests"]
        ]
        successful, failed = [], []
        for number, result in enumerate(await self._dial_requests.put_dial_request_batch(request["id"], items), 1):
            if isinstance(result, AcceptedItem):
                successful.append({"clientToken": result.client_token, "id": result.contact_id})
            else:
                failed.append({"clientToken": result.client_token, "failureCode": result.failure_code})
                log.info(
                    "a dial request was refused",
                    extra={"request_id": context.request_id, "item": number, "reason": result.reason},
                )
        return {"successfulRequests": successful, "failedRequests": failed}


def _dialer_config(union: Json) -> DialerConfig:
    ((member, config),) = union.items()
    return DialerConfig(
        dialer_type=_DIALER_MEMBERS[member],
        bandwidth_allocation=config.get("bandwidthAllocation"),
        dialing_capacity=config.get("dialingCapacity"),
    )


def _outbound_call_config(config: Json) -> OutboundCallConfig:
    detection = config.get("answerMachineDetectionConfig")
    for member in ("connectContactFlowId", "connectQueueId", "connectSourcePhoneNumber"):
        if config.get(member) == "":
            raise validation_error(f"outboundCallConfig.{member} must not be empty. Leave it out if there is none.")
    return OutboundCallConfig(
        contact_flow_id=config["connectContactFlowId"],
        queue_id=config.get("connectQueueId"),
        source_phone_number=config.get("connectSourcePhoneNumber"),
        answer_machine_detection=None
        if detection is None
        else AnswerMachineDetectionConfig(
            detection["enableAnswerMachineDetection"], detection.get("awaitAnswerMachinePrompt")
        ),
    )


def _campaign(campaign: Campaign) -> Json:
    dialer, call = campaign.dialer, campaign.outbound_call
    member = next(name for name, dialer_type in _DIALER_MEMBERS.items() if dialer_type is dialer.dialer_type)
    detection = call.answer_machine_detection
    return {
        **_summary(campaign),
        "dialerConfig": {
            member: {
                "bandwidthAllocation": dialer.bandwidth_allocation,
                "dialingCapacity": dialer.dialing_capacity,
            }
        },
        "outboundCallConfig": {
            "connectContactFlowId": call.contact_flow_id,
            "connectQueueId": call.queue_id,
            "connectSourcePhoneNumber": call.source_phone_number,
            "answerMachineDetectionConfig": None
            if detection is None
            else {
                "enableAnswerMachineDetection": detection.enabled,
                "awaitAnswerMachinePrompt": detection.await_prompt,
            },
        },
        "tags": campaign.tags,
    }


def _summary(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.campaign_id,
        "arn": campaign.arn,
        "name": campaign.name,
        "connectInstanceId": campaign.instance_id,
    }
