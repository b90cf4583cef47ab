"""The operations of Trunkcall's own service that are about the calling rules, one small function each.

Decides only how members of requests and responses correspond to the use cases.
"""

from __future__ import annotations

from trunkcall.aws.members import MEMBERS
from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.calling_policy import DEFAULT_POLICY, CallingPolicy
from trunkcall.service.calling.previews import Previewed, PreviewItem, Previews, RefusedPreview
from trunkcall.service.calling_policies import CallingPolicies

MAX_RESULTS = 100


class CallingOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, policies: CallingPolicies, previews: Previews, paging: Paging) -> None:
        self._policies = policies
        self._previews = previews
        self._paging = paging

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {
            "GetCallingPolicy": self.get_calling_policy,
            "ListCallingPolicies": self.list_calling_policies,
            "PreviewDialRequests": self.preview_dial_requests,
            "PutCallingPolicy": self.put_calling_policy,
        }

    async def put_calling_policy(self, context: RequestContext, request: Json) -> Json:
        policy = await self._policies.put_calling_policy(
            request["connectInstanceId"],
            request["policy"],
            name=request.get("name") or DEFAULT_POLICY,
            rates=request.get("rates"),
        )
        return {"policy": _summary(policy)}

    async def get_calling_policy(self, context: RequestContext, request: Json) -> Json:
        policy = await self._policies.get_calling_policy(
            request["connectInstanceId"],
            name=request.get("name") or DEFAULT_POLICY,
            number=request.get("number"),
        )
        return {"policy": {**_summary(policy), "text": policy.text, "rates": policy.rates}}

    async def preview_dial_requests(self, context: RequestContext, request: Json) -> Json:
        items = [PreviewItem(each["phoneNumber"], each.get("attributes") or {}) for each in request["dialRequests"]]
        found = await self._previews.preview_dial_requests(request["id"], items)
        return {
            "instanceTime": found.at,
            "trouble": found.trouble,
            "previews": [_previewed(each) for each in found.items],
        }

    async def list_calling_policies(self, context: RequestContext, request: Json) -> Json:
        name = request.get("name")
        query = f"{request['connectInstanceId']} {name or ''}"
        page = await self._policies.list_calling_policies(
            request["connectInstanceId"],
            name=name,
            after=self._paging.position(context.operation.name, query, request.get("nextToken")),
            limit=request.get("maxResults") or MAX_RESULTS,
        )
        return {
            "policies": [_summary(policy) for policy in page.items],
            "nextToken": self._paging.token(context.operation.name, query, page.after),
        }


def _previewed(item: Previewed) -> Json:
    if isinstance(item, RefusedPreview):
        reason = {"code": item.code, "text": item.refusal.worded(MEMBERS)}
        return {"outcome": "refused", "reason": reason}
    hold, local = item.hold, item.local
    return {
        "outcome": "allowed" if hold is None else "held",
        "reason": {"code": hold.reason, "text": item.words} if hold is not None else None,
        "heldUntil": hold.until if hold is not None else None,
        "timeZones": local.zones,
        "timeZoneEvidence": local.evidence,
    }


def _summary(policy: CallingPolicy) -> Json:
    return {
        "name": policy.policy_name,
        "number": policy.number,
        "setTime": policy.set_at,
        "readable": policy.text is not None,
    }
