"""The operations of ``connect`` on queues, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain. Every queue is a standard one: agents have
none of their own, and none has quick connects or e-mail addresses.
"""

from __future__ import annotations

from trunkcall.aws.connect.common import Pages, arn_in, modified
from trunkcall.aws.connect.searching import Texts, criterion_of, filter_of
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.queue import Queue
from trunkcall.service.queues import OutboundCaller, Queues, ToldQueue
from trunkcall.service.searching import all_of

STANDARD = "STANDARD"

_TEXTS: Texts[Queue] = {
    "name": lambda queue: (queue.name,),
    "description": lambda queue: (queue.description,),
    "resourceid": lambda queue: (queue.queue_id,),
}
_ELSEWHERE = ("QuickConnectIds", "EmailAddressesConfig", "OutboundEmailConfig")
"""Members that name what no instance here has."""


class QueueOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, queues: Queues, pages: Pages, scope: Scope) -> None:
        self._queues = queues
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "CreateQueue": self.create_queue,
            "DescribeQueue": self.describe_queue,
            "ListQueues": self.list_queues,
            "SearchQueues": self.search_queues,
            "UpdateQueueName": self.update_queue_name,
            "UpdateQueueStatus": self.update_queue_status,
            "UpdateQueueHoursOfOperation": self.update_queue_hours_of_operation,
            "UpdateQueueOutboundCallerConfig": self.update_queue_outbound_caller_config,
            "UpdateQueueMaxContacts": self.update_queue_max_contacts,
            "DeleteQueue": self.delete_queue,
        }

    async def create_queue(self, context: RequestContext, request: Json) -> Json:
        for member in _ELSEWHERE:
            if request.get(member):
                raise NotFoundError(f"The instance has nothing of what {member} names.")
        queue = await self._queues.create_queue(
            request["InstanceId"],
            name=request["Name"],
            hours_of_operation_id=request["HoursOfOperationId"],
            description=request.get("Description", ""),
            caller=_caller(request.get("OutboundCallerConfig", {})),
            max_contacts=request.get("MaxContacts"),
            tags=request.get("Tags", {}),
        )
        return {"QueueArn": self._arn(request, queue), "QueueId": queue.queue_id}

    async def describe_queue(self, context: RequestContext, request: Json) -> Json:
        return {
            "Queue": self._told(request, await self._queues.describe_queue(request["InstanceId"], request["QueueId"]))
        }

    async def list_queues(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        page = await self._queues.list_queues(request["InstanceId"], after=after, limit=limit)
        types = request.get("QueueTypes") or [STANDARD]
        listed = page.items if STANDARD in types else ()
        return {
            "QueueSummaryList": [
                {
                    "Id": queue.queue_id,
                    "Arn": self._arn(request, queue),
                    "Name": queue.name,
                    "QueueType": STANDARD,
                    **modified(self._scope, queue),
                }
                for queue in listed
            ],
            "NextToken": self._pages.token(context, request, page.after) if listed else None,
        }

    async def search_queues(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        criterion = all_of(
            (criterion_of(request.get("SearchCriteria"), _TEXTS), filter_of(request.get("SearchFilter")))
        )
        page = await self._queues.search_queues(request["InstanceId"], criterion, after=after, limit=limit)
        return {
            "Queues": [self._told(request, queue) for queue in page.items],
            "NextToken": self._pages.token(context, request, page.after),
            "ApproximateTotalCount": page.total,
        }

    async def update_queue_name(self, context: RequestContext, request: Json) -> None:
        await self._queues.update_queue_name(
            request["InstanceId"], request["QueueId"], request.get("Name"), request.get("Description")
        )

    async def update_queue_status(self, context: RequestContext, request: Json) -> None:
        enabled = request["Status"] == "ENABLED"
        await self._queues.update_queue_status(request["InstanceId"], request["QueueId"], enabled=enabled)

    async def update_queue_hours_of_operation(self, context: RequestContext, request: Json) -> None:
        await self._queues.update_queue_hours_of_operation(
            request["InstanceId"], request["QueueId"], request["HoursOfOperationId"]
        )

    async def update_queue_outbound_caller_config(self, context: RequestContext, request: Json) -> None:
        await self._queues.update_queue_outbound_caller_config(
            request["InstanceId"], request["QueueId"], _caller(request["OutboundCallerConfig"])
        )

    async def update_queue_max_contacts(self, context: RequestContext, request: Json) -> None:
        await self._queues.update_queue_max_contacts(
            request["InstanceId"], request["QueueId"], request.get("MaxContacts")
        )

    async def delete_queue(self, context: RequestContext, request: Json) -> None:
        await self._queues.delete_queue(request["InstanceId"], request["QueueId"])

    def _arn(self, request: Json, queue: Queue) -> str:
        return arn_in(self._scope, request, ResourceKind.QUEUE, queue.queue_id)

    def _told(self, request: Json, told: ToldQueue) -> Json:
        queue = told.queue
        caller = {
            "OutboundCallerIdName": queue.outbound_caller_id_name,
            "OutboundCallerIdNumberId": told.number_id,
            "OutboundFlowId": queue.outbound_flow_id,
        }
        return {
            "Name": queue.name,
            "QueueArn": self._arn(request, queue),
            "QueueId": queue.queue_id,
            "Description": queue.description or None,
            "OutboundCallerConfig": caller if any(caller.values()) else None,
            "HoursOfOperationId": queue.hours_of_operation_id,
            "MaxContacts": queue.max_contacts,
            "Status": "ENABLED" if queue.enabled else "DISABLED",
            "Tags": queue.tags,
            **modified(self._scope, queue),
        }


def _caller(config: Json) -> OutboundCaller:
    return OutboundCaller(
        name=config.get("OutboundCallerIdName"),
        number_id=config.get("OutboundCallerIdNumberId"),
        flow_id=config.get("OutboundFlowId"),
    )
