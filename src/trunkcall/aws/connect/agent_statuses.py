"""The operations of ``connect`` on agents' statuses, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain.
"""

from __future__ import annotations

from trunkcall.aws.connect.common import Pages, arn_in, modified
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.user_status import UserStatus, UserStatusType
from trunkcall.service.agent_statuses import AgentStatuses

_ENABLED = {"ENABLED": True, "DISABLED": False}


class AgentStatusOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, statuses: AgentStatuses, pages: Pages, scope: Scope) -> None:
        self._statuses = statuses
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "ListAgentStatuses": self.list_agent_statuses,
            "CreateAgentStatus": self.create_agent_status,
            "DescribeAgentStatus": self.describe_agent_status,
            "UpdateAgentStatus": self.update_agent_status,
            "PutUserStatus": self.put_user_status,
        }

    async def list_agent_statuses(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        types = [UserStatusType(name) for name in request.get("AgentStatusTypes", ())]
        page = await self._statuses.list_agent_statuses(request["InstanceId"], types, after=after, limit=limit)
        return {
            "AgentStatusSummaryList": [
                {
                    "Id": status.status_id,
                    "Arn": self._arn(request, status),
                    "Name": status.name,
                    "Type": status.status_type,
                    **modified(self._scope, status),
                }
                for status in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def create_agent_status(self, context: RequestContext, request: Json) -> Json:
        status = await self._statuses.create_agent_status(
            request["InstanceId"],
            name=request["Name"],
            enabled=_ENABLED[request["State"]],
            description=request.get("Description", ""),
            display_order=request.get("DisplayOrder"),
            tags=request.get("Tags", {}),
        )
        return {"AgentStatusARN": self._arn(request, status), "AgentStatusId": status.status_id}

    async def describe_agent_status(self, context: RequestContext, request: Json) -> Json:
        status = await self._statuses.describe_agent_status(request["InstanceId"], request["AgentStatusId"])
        return {
            "AgentStatus": {
                "AgentStatusARN": self._arn(request, status),
                "AgentStatusId": status.status_id,
                "Name": status.name,
                "Description": status.description or None,
                "Type": status.status_type,
                "DisplayOrder": status.display_order,
                "State": "ENABLED" if status.enabled else "DISABLED",
                "Tags": status.tags,
                **modified(self._scope, status),
            }
        }

    async def update_agent_status(self, context: RequestContext, request: Json) -> None:
        state = request.get("State")
        await self._statuses.update_agent_status(
            request["InstanceId"],
            request["AgentStatusId"],
            name=request.get("Name"),
            description=request.get("Description"),
            enabled=None if state is None else _ENABLED[state],
            display_order=request.get("DisplayOrder"),
            reset_order=request.get("ResetOrderNumber", False),
        )

    async def put_user_status(self, context: RequestContext, request: Json) -> None:
        await self._statuses.put_user_status(request["InstanceId"], request["UserId"], request["AgentStatusId"])

    def _arn(self, request: Json, status: UserStatus) -> str:
        return arn_in(self._scope, request, ResourceKind.AGENT_STATUS, status.status_id)
