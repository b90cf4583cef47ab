"""The operations of ``connect`` on contact flows, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain, and what an alias after a flow's id means.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from trunkcall.aws.connect.common import LATEST, SAVED, Pages, arn_in, modified
from trunkcall.aws.errors import ApiError
from trunkcall.aws.members import MEMBERS
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.service.contact_flows import ContactFlows, FlowContentError


class ContactFlowOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, contact_flows: ContactFlows, pages: Pages, scope: Scope) -> None:
        self._contact_flows = contact_flows
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "CreateContactFlow": self.create_contact_flow,
            "DescribeContactFlow": self.describe_contact_flow,
            "ListContactFlows": self.list_contact_flows,
            "UpdateContactFlowContent": self.update_contact_flow_content,
            "UpdateContactFlowName": self.update_contact_flow_name,
            "DeleteContactFlow": self.delete_contact_flow,
        }

    async def create_contact_flow(self, context: RequestContext, request: Json) -> Json:
        with _problems_told():
            flow = await self._contact_flows.create_contact_flow(
                request["InstanceId"],
                name=request["Name"],
                flow_type=request["Type"],
                content=request["Content"],
                description=request.get("Description", ""),
                published=request.get("Status", "PUBLISHED") == "PUBLISHED",
                tags=request.get("Tags", {}),
            )
        return {
            "ContactFlowId": flow.contact_flow_id,
            "ContactFlowArn": self._arn(request, flow),
            "FlowContentSha256": _hash(flow),
        }

    async def describe_contact_flow(self, context: RequestContext, request: Json) -> Json:
        named, saved = _named(request)
        flow = await self._contact_flows.describe_contact_flow(request["InstanceId"], named, saved=saved)
        if not flow.published and not saved:
            raise ApiError(
                "ContactFlowNotPublishedException",
                f"The flow has not been published. Its saved content is described with {SAVED} after its id.",
            )
        return {
            "ContactFlow": {
                "Arn": self._arn(request, flow),
                "Id": flow.contact_flow_id,
                "Name": flow.name,
                "Type": flow.flow_type,
                "State": _state(flow),
                "Status": _status(flow),
                "Description": flow.description or None,
                "Content": flow.content,
                "Tags": flow.tags,
                "FlowContentSha256": _hash(flow),
                **modified(self._scope, flow),
            }
        }

    async def list_contact_flows(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        page = await self._contact_flows.list_contact_flows(
            request["InstanceId"], types=request.get("ContactFlowTypes", ()), after=after, limit=limit
        )
        return {
            "ContactFlowSummaryList": [
                {
                    "Id": flow.contact_flow_id,
                    "Arn": self._arn(request, flow),
                    "Name": flow.name,
                    "ContactFlowType": flow.flow_type,
                    "ContactFlowState": _state(flow),
                    "ContactFlowStatus": _status(flow),
                }
                for flow in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def update_contact_flow_content(self, context: RequestContext, request: Json) -> None:
        named, saved = _named(request)
        with _problems_told():
            await self._contact_flows.update_contact_flow_content(
                request["InstanceId"], named, request["Content"], published=not saved
            )

    async def update_contact_flow_name(self, context: RequestContext, request: Json) -> None:
        await self._contact_flows.update_contact_flow_name(
            request["InstanceId"],
            request["ContactFlowId"],
            name=request.get("Name"),
            description=request.get("Description"),
        )

    async def delete_contact_flow(self, context: RequestContext, request: Json) -> None:
        await self._contact_flows.delete_contact_flow(request["InstanceId"], request["ContactFlowId"])

    def _arn(self, request: Json, flow: ContactFlow) -> str:
        return arn_in(self._scope, request, ResourceKind.CONTACT_FLOW, flow.contact_flow_id)


@contextmanager
def _problems_told() -> Iterator[None]:
    """Where a content cannot be published, each problem of it is told by itself."""
    try:
        yield
    except FlowContentError as error:
        problems = [{"message": problem} for problem in error.problems]
        raise ApiError("InvalidContactFlowException", error.worded(MEMBERS), members={"problems": problems}) from None


def _named(request: Json) -> tuple[str, bool]:
    """The flow, and whether it is about what was saved."""
    named: str = request["ContactFlowId"]
    return named.removesuffix(SAVED).removesuffix(LATEST), named.endswith(SAVED)


def _state(flow: ContactFlow) -> str:
    return "ACTIVE" if flow.active else "ARCHIVED"


def _status(flow: ContactFlow) -> str:
    return "PUBLISHED" if flow.published else "SAVED"


def _hash(flow: ContactFlow) -> str:
    return sha256((flow.content or "").encode()).hexdigest()
