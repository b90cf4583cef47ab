"""The operations of ``connect`` on tags, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain.
"""

from __future__ import annotations

from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.service.centre_tags import CentreTags


class TagOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, tags: CentreTags) -> None:
        self._tags = tags

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    async def tag_resource(self, context: RequestContext, request: Json) -> None:
        await self._tags.tag_resource(request["resourceArn"], request["tags"])

    async def untag_resource(self, context: RequestContext, request: Json) -> None:
        await self._tags.untag_resource(request["resourceArn"], request["tagKeys"])

    async def list_tags_for_resource(self, context: RequestContext, request: Json) -> Json:
        return {"tags": await self._tags.list_tags_for_resource(request["resourceArn"])}
