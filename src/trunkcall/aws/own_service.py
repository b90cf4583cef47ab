"""The operations of Trunkcall's own service, one small function each: what Amazon's API has no question for.

Decides only how members of requests and responses correspond to the use case. They are signed and authorized as those
of ``connectcampaigns`` are, under the same prefix, so that a key that may do everything with campaigns may ask this
too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from trunkcall.aws.members import MEMBERS
from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.fields import worded
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.instants import SECOND
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.service.confirmations import Confirmations
from trunkcall.service.explain import CampaignExplanation, Explanations, Reason
from trunkcall.service.known_people import KnownPeople
from trunkcall.service.phone_numbers import PhoneNumbers
from trunkcall.service.progress import CampaignProgress, DetailedProgress, InstanceStatus, Progresses

MAX_RESULTS = 100


class TrunkcallOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(
        self,
        explanations: Explanations,
        progresses: Progresses,
        known_people: KnownPeople,
        confirmations: Confirmations,
        numbers: PhoneNumbers,
        paging: Paging,
        scope: Scope,
    ) -> None:
        self._confirmations = confirmations
        self._explanations = explanations
        self._known_people = known_people
        self._progresses = progresses
        self._numbers = numbers
        self._paging = paging
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {
            "ConfirmAgents": self.confirm_agents,
            "GetAgentStates": self.get_agent_states,
            "GetCampaignExplanation": self.get_campaign_explanation,
            "GetCampaignProgress": self.get_campaign_progress,
            "GetCampaignTokenForms": self.get_campaign_token_forms,
            "GetDialRequestExplanation": self.get_dial_request_explanation,
            "GetInstanceStatus": self.get_instance_status,
            "ImportPhoneNumbers": self.import_phone_numbers,
            "ListCampaignProgress": self.list_campaign_progress,
        }

    async def confirm_agents(self, context: RequestContext, request: Json) -> None:
        await self._confirmations.confirm_agents(request["connectInstanceId"], request["agentIds"])

    async def get_campaign_explanation(self, context: RequestContext, request: Json) -> Json:
        found = await self._explanations.get_campaign_explanation(request["id"])
        return {
            "campaignId": found.campaign.campaign_id,
            "state": found.campaign.state,
            "reasons": _reasons(found.reasons),
            "figures": _figures(found),
        }

    async def get_dial_request_explanation(self, context: RequestContext, request: Json) -> Json:
        found = await self._explanations.get_dial_request_explanation(request["id"], request["dialRequestId"])
        return {
            "dialRequestId": found.contact_id,
            "state": found.state or "Unknown",
            "reasons": _reasons(found.reasons),
        }

    async def get_campaign_progress(self, context: RequestContext, request: Json) -> Json:
        found = await self._progresses.get_campaign_progress(request["id"])
        return {
            "progress": {
                **_progress(found.progress),
                "liveAnswers": found.live_answers,
                "abandoned": found.abandoned,
                "reason": _reason(found.reason),
                "floor": _floor(found),
            }
        }

    async def get_campaign_token_forms(self, context: RequestContext, request: Json) -> Json:
        campaign_id, forms = await self._known_people.get_campaign_token_forms(request["id"])
        return {"campaignId": campaign_id, "lineTokens": forms.of_lines, "erasedTokens": forms.erased}

    async def list_campaign_progress(self, context: RequestContext, request: Json) -> Json:
        states = sorted(set(request.get("states") or ()))
        query = ",".join(states)
        page = await self._progresses.list_campaign_progress(
            states=frozenset(map(CampaignState, states)),
            after=self._paging.position(context.operation.name, query, request.get("nextToken")),
            limit=request.get("maxResults") or MAX_RESULTS,
        )
        return {
            "campaigns": [_progress(progress) for progress in page.campaigns],
            "nextToken": self._paging.token(context.operation.name, query, page.after),
        }

    async def get_instance_status(self, context: RequestContext, request: Json) -> Json:
        found = await self._progresses.get_instance_status(request["connectInstanceId"])
        return {
            "connectInstanceId": found.instance_id,
            "instanceAlias": found.alias or None,
            "instanceTime": found.at,
            "dialing": found.floor is not None,
            "floor": _floor(found),
        }

    async def get_agent_states(self, context: RequestContext, request: Json) -> Json:
        instance_id = request["connectInstanceId"]
        found = await self._progresses.get_agent_states(instance_id)
        told = {"states": found.states, "phones": found.phones} if found is not None else {"states": {}, "phones": {}}
        return {"connectInstanceId": instance_id, "dialing": found is not None, **told}

    async def import_phone_numbers(self, context: RequestContext, request: Json) -> Json:
        found = await self._numbers.import_phone_numbers(request["connectInstanceId"], request["phoneNumbers"])
        return {"imported": self._told(found.new), "known": self._told(found.known)}

    def _told(self, numbers: Iterable[PhoneNumber]) -> list[Json]:
        return [
            {
                "phoneNumberId": number.phone_number_id,
                "phoneNumberArn": self._scope.arn("", ResourceKind.PHONE_NUMBER, number.phone_number_id),
                "phoneNumber": number.phone_number,
            }
            for number in numbers
        ]


def _figures(found: CampaignExplanation) -> dict[str, float]:
    """The numbers that the reasons go by, those that there are."""
    facts = found.facts
    figures: dict[str, float] = {"dialRequestsWaiting": found.backlog}
    if facts is None:
        return figures
    figures |= {
        "agentsFree": facts.free_agents,
        "agentsAtWork": facts.staffed_agents,
        "agentsUnheard": facts.unheard_agents,
        "shareOfAgents": round(facts.share, 4),
        "attemptsInFlight": facts.in_flight,
        "liveAnswersWaiting": facts.waiting,
        "linesOfCampaign": facts.lines,
        "linesInUse": facts.lines_in_use,
        "lines": facts.channels,
        "attemptsPerSecond": facts.attempts_per_s,
    }
    for total in facts.ledger:
        window = f"In{total.window.name.capitalize()}"
        figures[f"liveAnswers{window}"] = total.live_answers
        figures[f"abandoned{window}"] = total.abandoned
    if math.isfinite(facts.headroom):
        figures["abandonmentsLeft"] = round(facts.headroom, 3)
    if facts.forecast is not None:
        forecast = facts.forecast
        figures |= {
            "liveAnswerRatio": round(forecast.live_ratio, 4),
            "horizonSeconds": round(forecast.horizon / SECOND, 3),
            "agentsExpected": round(forecast.agents_expected, 3),
            "liveAnswersExpected": round(forecast.live_answers_expected, 3),
            "riskAllowed": round(forecast.risk_allowed, 5),
        }
    return figures


def _progress(progress: CampaignProgress) -> dict[str, Any]:
    campaign, counts = progress.campaign, progress.counts
    return {
        "campaignId": campaign.campaign_id,
        "name": campaign.name,
        "state": campaign.state,
        "dialer": campaign.dialer.dialer_type,
        "instanceTime": progress.at,
        "accepted": counts.accepted,
        "waiting": counts.waiting,
        "inProgress": counts.in_progress,
        "setAside": counts.set_aside,
        "attempts": counts.attempts,
        "inState": progress.in_state,
        "dispositions": counts.dispositions,
        "abandonment": [
            {
                "window": total.window.name,
                "liveAnswers": total.live_answers,
                "abandoned": total.abandoned,
                "abandonmentRatio": total.abandonment_ratio,
            }
            for total in progress.ledger
        ],
        "abandonmentTargetRatio": progress.target_ratio,
        "attemptsByMinute": progress.attempts_by_minute,
    }


def _floor(found: DetailedProgress | InstanceStatus) -> Json | None:
    floor = found.floor
    if floor is None:
        return None
    return {
        "agents": floor.agents,
        "agentsUnheard": floor.unheard_agents,
        "linesInUse": floor.lines_in_use,
        "lines": floor.lines,
        "carrierUp": floor.carrier_up,
        "trunks": [
            {
                "trunkId": trunk.trunk_id,
                "host": trunk.host,
                "up": trunk.up,
                "held": trunk.held,
                "failing": trunk.failing,
                "linesInUse": trunk.lines,
                "lines": trunk.channels,
                "attemptsPerSecond": trunk.attempts_per_s,
                "callerNumbers": trunk.caller_numbers,
            }
            for trunk in floor.trunks
        ],
    }


def _reason(reason: Reason) -> Json:
    return {"code": reason.code, "text": worded(reason.text, reason.fields, MEMBERS)}


def _reasons(reasons: Iterable[Reason]) -> list[Json]:
    return [_reason(reason) for reason in reasons]
