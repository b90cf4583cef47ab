"""The operations of ``connectcampaigns`` (2021-01-30), one small function each, between the model's names and use
cases.

Decides only how members of requests and responses correspond to the domain. Constraints of the model have been checked;
rules between members and about the world are the use cases'.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from trunkcall.aws.errors import failure_code, validation_error
from trunkcall.aws.members import MEMBERS
from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Encoded, Handler, Json, RequestContext, encode_result
from trunkcall.domain.campaign import (
    AnswerMachineDetectionConfig,
    Campaign,
    DialerConfig,
    DialerType,
    OutboundCallConfig,
)
from trunkcall.domain.directory import EncryptionConfig, OnboardingJob
from trunkcall.domain.identifiers import Scope
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem, DialRequests
from trunkcall.service.onboarding import InstanceOnboarding

log = logging.getLogger(__name__)

REFUSED_ITEMS_HEADER = "x-trunkcall-refused-items"
"""Why items of a batch were refused: `2: reason; 5: reason`, items counted from 1. A reason may hold a semicolon, and
what does not fit is left out, so programs read the next one."""
REFUSED_ITEMS_JSON_HEADER = "x-trunkcall-refused-items-json"
"""The same for programs, and whole: a JSON array of objects with ``item`` and ``reason``, in ASCII."""
KNOWN_ITEMS_HEADER = "x-trunkcall-known-items"
"""Accepted items whose client token the campaign knew already: `1,4,17`. Left out when there is none."""
MAX_REASON = 80
"""Characters of a reason in JSON."""
MAX_ABOUT_ITEMS = 3_300
"""Bytes of those headers together: common proxies take 4 KiB of headers from a server, and there are a few others."""

MAX_RESULTS = 50
MAX_DESCRIBED = 1024
"""Campaigns whose description is kept as it was last sent: it is what clients poll most."""

_DIALER_MEMBERS = {
    "progressiveDialerConfig": DialerType.PROGRESSIVE,
    "predictiveDialerConfig": DialerType.PREDICTIVE,
    "agentlessDialerConfig": DialerType.AGENTLESS,
}


class CampaignsV1:
    """Handlers of the operations, named as the operations are."""

    def __init__(
        self,
        campaigns: Campaigns,
        dial_requests: DialRequests,
        onboarding: InstanceOnboarding,
        paging: Paging,
        scope: Scope,
    ) -> None:
        self._campaigns = campaigns
        self._onboarding = onboarding
        self._described: dict[str, tuple[int, Encoded]] = {}
        """Of a campaign by its id: the version that was described, and how."""
        self._scope = scope
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
            "GetCampaignStateBatch": self.get_campaign_state_batch,
            "UpdateCampaignName": self.update_campaign_name,
            "UpdateCampaignDialerConfig": self.update_campaign_dialer_config,
            "UpdateCampaignOutboundCallConfig": self.update_campaign_outbound_call_config,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
            "StartInstanceOnboardingJob": self.start_instance_onboarding_job,
            "GetInstanceOnboardingJobStatus": self.get_instance_onboarding_job_status,
            "DeleteInstanceOnboardingJob": self.delete_instance_onboarding_job,
            "GetConnectInstanceConfig": self.get_connect_instance_config,
            "DeleteConnectInstanceConfig": self.delete_connect_instance_config,
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

    async def describe_campaign(self, context: RequestContext, request: Json) -> Encoded:
        campaign = await self._campaigns.describe_campaign(request["id"])
        known = self._described.get(campaign.campaign_id)
        if known is None or known[0] != campaign.version:
            if len(self._described) >= MAX_DESCRIBED:
                self._described.clear()
            known = campaign.version, encode_result(context.operation, {"campaign": _campaign(campaign)})
            self._described[campaign.campaign_id] = known
        return known[1]

    async def list_campaigns(self, context: RequestContext, request: Json) -> Json:
        instance_filter = request.get("filters", {}).get("instanceIdFilter")
        instance_id: str | None = instance_filter["value"] if instance_filter is not None else None
        query = instance_id or ""
        page = await self._campaigns.list_campaigns(
            instance_id=instance_id,
            after=self._paging.position("ListCampaigns", query, request.get("nextToken")),
            limit=request.get("maxResults", MAX_RESULTS),
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

    async def get_campaign_state_batch(self, context: RequestContext, request: Json) -> Json:
        successful, failed = [], []
        for campaign_id, state in await self._campaigns.get_campaign_state_batch(request["campaignIds"]):
            if state is not None:
                successful.append({"campaignId": campaign_id, "state": state})
            else:
                failed.append({"campaignId": campaign_id, "failureCode": "ResourceNotFound"})
        return {"successfulRequests": successful, "failedRequests": failed}

    async def update_campaign_name(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.update_campaign_name(request["id"], request["name"])

    async def update_campaign_dialer_config(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.update_campaign_dialer_config(request["id"], _dialer_config(request["dialerConfig"]))

    async def update_campaign_outbound_call_config(self, context: RequestContext, request: Json) -> None:
        _refuse_empty(request, "connectContactFlowId", "connectSourcePhoneNumber")
        await self._campaigns.update_campaign_outbound_call_config(
            request["id"],
            contact_flow_id=request.get("connectContactFlowId"),
            source_phone_number=request.get("connectSourcePhoneNumber"),
            answer_machine_detection=_detection(request.get("answerMachineDetectionConfig")),
        )

    async def list_tags_for_resource(self, context: RequestContext, request: Json) -> Json:
        return {"tags": await self._campaigns.list_tags_for_resource(request["arn"])}

    async def tag_resource(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.tag_resource(request["arn"], request["tags"])

    async def untag_resource(self, context: RequestContext, request: Json) -> None:
        await self._campaigns.untag_resource(request["arn"], request["tagKeys"])

    async def start_instance_onboarding_job(self, context: RequestContext, request: Json) -> Json:
        config = request["encryptionConfig"]
        encryption = EncryptionConfig(config["enabled"], config.get("encryptionType"), config.get("keyArn"))
        return _job(await self._onboarding.start_instance_onboarding_job(request["connectInstanceId"], encryption))

    async def get_instance_onboarding_job_status(self, context: RequestContext, request: Json) -> Json:
        return _job(await self._onboarding.get_instance_onboarding_job_status(request["connectInstanceId"]))

    async def delete_instance_onboarding_job(self, context: RequestContext, request: Json) -> None:
        await self._onboarding.delete_instance_onboarding_job(request["connectInstanceId"])

    async def get_connect_instance_config(self, context: RequestContext, request: Json) -> Json:
        instance = await self._onboarding.get_connect_instance_config(request["connectInstanceId"])
        encryption = instance.encryption
        return {
            "connectInstanceConfig": {
                "connectInstanceId": instance.instance_id,
                "serviceLinkedRoleArn": self._scope.service_linked_role_arn,
                "encryptionConfig": {
                    "enabled": encryption.enabled,
                    "encryptionType": encryption.encryption_type,
                    "keyArn": encryption.key_arn,
                },
            }
        }

    async def delete_connect_instance_config(self, context: RequestContext, request: Json) -> None:
        await self._onboarding.delete_connect_instance_config(request["connectInstanceId"])

    async def put_dial_request_batch(self, context: RequestContext, request: Json) -> Json:
        items = [
            DialRequestItem(item["clientToken"], item["phoneNumber"], item["expirationTime"], item["attributes"])
            for item in request["dialRequests"]
        ]
        successful, failed = [], []
        refused: list[tuple[int, str]] = []
        known: list[int] = []
        for number, result in enumerate(await self._dial_requests.put_dial_request_batch(request["id"], items), 1):
            if isinstance(result, AcceptedItem):
                successful.append({"clientToken": result.client_token, "id": result.contact_id})
                if result.known:
                    known.append(number)
            else:
                failed.append({"clientToken": result.client_token, "failureCode": failure_code(result.refusal)})
                refused.append((number, result.refusal.worded(MEMBERS)))
        # Callers of the real service cannot find out; the model has no members for it, so headers tell.
        if refused or known:
            context.response_headers.update(_about_items(refused, known))
        if refused:
            reasons = [f"{number}: {reason}" for number, reason in refused]
            log.info("dial requests were refused", extra={"request_id": context.request_id, "items": reasons})
        return {"successfulRequests": successful, "failedRequests": failed}


def _about_items(refused: Sequence[tuple[int, str]], known: Sequence[int]) -> dict[str, str]:
    """Headers that tell why items were refused and which were known. Of the reasons for people, those are left out at
    the end that would make the headers too large for a proxy."""
    headers: dict[str, str] = {}
    if refused:
        items = [{"item": number, "reason": reason[:MAX_REASON]} for number, reason in refused]
        headers[REFUSED_ITEMS_JSON_HEADER] = json.dumps(items, separators=(",", ":"))
    if known:
        headers[KNOWN_ITEMS_HEADER] = ",".join(map(str, known))
    if refused:
        room = MAX_ABOUT_ITEMS - sum(len(name) + len(value) for name, value in headers.items())
        words = [f"{number}: {reason}".encode("ascii", "backslashreplace").decode() for number, reason in refused]
        while len(words) > 1 and len("; ".join(words)) > room:
            words.pop()
        headers[REFUSED_ITEMS_HEADER] = "; ".join(words)
    return headers


def _dialer_config(union: Json) -> DialerConfig:
    ((member, config),) = union.items()
    return DialerConfig(
        dialer_type=_DIALER_MEMBERS[member],
        bandwidth_allocation=config.get("bandwidthAllocation"),
        dialing_capacity=config.get("dialingCapacity"),
    )


def _outbound_call_config(config: Json) -> OutboundCallConfig:
    _refuse_empty(config, "connectContactFlowId", "connectQueueId", "connectSourcePhoneNumber")
    return OutboundCallConfig(
        contact_flow_id=config["connectContactFlowId"],
        queue_id=config.get("connectQueueId"),
        source_phone_number=config.get("connectSourcePhoneNumber"),
        answer_machine_detection=_detection(config.get("answerMachineDetectionConfig")),
    )


def _detection(config: Json | None) -> AnswerMachineDetectionConfig | None:
    if config is None:
        return None
    return AnswerMachineDetectionConfig(config["enableAnswerMachineDetection"], config.get("awaitAnswerMachinePrompt"))


def _refuse_empty(config: Json, *members: str) -> None:
    for member in members:
        if config.get(member) == "":
            raise validation_error(f"{member} must not be empty. Leave it out if there is none.")


def _job(job: OnboardingJob) -> Json:
    return {
        "connectInstanceOnboardingJobStatus": {
            "connectInstanceId": job.instance_id,
            "status": job.status,
            "failureCode": job.failure,
        }
    }


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
