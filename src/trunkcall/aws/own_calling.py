"""The operations of Trunkcall's own service that are about the calling rules, one small function each.

Decides only how members of requests and responses correspond to the use cases.
"""

from __future__ import annotations

from trunkcall.aws.paging import Paging
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.calling_policy import DEFAULT_POLICY, CallingPolicy
from trunkcall.service.calling_policies import CallingPolicies

MAX_RESULTS = 100


class CallingOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, policies: CallingPolicies, paging: Paging) -> None:
        self._policies = policies
        self._paging = paging

    def handlers(self) -> dict[str, Handler]:
        """Every operation, by its name in the model."""
        return {
            "GetCallingPolicy": self.get_calling_policy,
            "ListCallingPolicies": self.list_calling_policies,
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


def _summary(policy: CallingPolicy) -> Json:
    return {
        "name": policy.policy_name,
        "number": policy.number,
        "setTime": policy.set_at,
        "readable": policy.text is not None,
    }
