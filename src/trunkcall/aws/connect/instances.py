"""The operations of ``connect`` on instances and their attributes, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain.
"""

from __future__ import annotations

from typing import Any

from trunkcall.aws.connect.common import Pages
from trunkcall.aws.errors import ApiError
from trunkcall.aws.members import MEMBERS
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.directory import IdentityManagement, Instance
from trunkcall.domain.errors import ConflictError, OnboardedError
from trunkcall.domain.identifiers import Scope
from trunkcall.service.instances import Instances

MAX_RESULTS = 10
MAX_ATTRIBUTES = 7


class InstanceOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, instances: Instances, pages: Pages, scope: Scope) -> None:
        self._instances = instances
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "CreateInstance": self.create_instance,
            "DescribeInstance": self.describe_instance,
            "ListInstances": self.list_instances,
            "DeleteInstance": self.delete_instance,
            "DescribeInstanceAttribute": self.describe_instance_attribute,
            "ListInstanceAttributes": self.list_instance_attributes,
            "UpdateInstanceAttribute": self.update_instance_attribute,
        }

    async def create_instance(self, context: RequestContext, request: Json) -> Json:
        try:
            instance = await self._instances.create_instance(
                identity_management=IdentityManagement(request["IdentityManagementType"]),
                alias=request.get("InstanceAlias"),
                directory_id=request.get("DirectoryId"),
                inbound_calls=request["InboundCallsEnabled"],
                outbound_calls=request["OutboundCallsEnabled"],
                tags=request.get("Tags", {}),
                client_token=request.get("ClientToken"),
            )
        except ConflictError as error:
            # As Amazon's service answers where an alias is taken; the operation declares no error of a conflict.
            raise ApiError("InvalidRequestException", error.worded(MEMBERS)) from None
        return {"Id": instance.instance_id, "Arn": self._scope.instance_arn(instance.instance_id)}

    async def describe_instance(self, context: RequestContext, request: Json) -> Json:
        instance = await self._instances.describe_instance(request["InstanceId"])
        return {"Instance": {**self._summary(instance), "Tags": instance.tags}}

    async def list_instances(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request, MAX_RESULTS)
        page = await self._instances.list_instances(after=after, limit=limit)
        return {
            "InstanceSummaryList": [self._summary(instance) for instance in page.instances],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def delete_instance(self, context: RequestContext, request: Json) -> None:
        try:
            await self._instances.delete_instance(request["InstanceId"])
        except OnboardedError as error:
            # That is another service's, and nobody would look for it here.
            how = "DeleteConnectInstanceConfig of connectcampaigns does."
            raise ApiError("ResourceInUseException", f"{error.worded(MEMBERS)} {how}") from None

    async def describe_instance_attribute(self, context: RequestContext, request: Json) -> Json:
        attribute = request["AttributeType"]
        value = await self._instances.describe_instance_attribute(request["InstanceId"], attribute)
        return {"Attribute": {"AttributeType": attribute, "Value": value}}

    async def list_instance_attributes(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request, MAX_ATTRIBUTES)
        page = await self._instances.list_instance_attributes(request["InstanceId"], after=after, limit=limit)
        return {
            "Attributes": [{"AttributeType": attribute, "Value": value} for attribute, value in page.items],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def update_instance_attribute(self, context: RequestContext, request: Json) -> None:
        await self._instances.update_instance_attribute(
            request["InstanceId"], request["AttributeType"], request["Value"]
        )

    def _summary(self, instance: Instance) -> dict[str, Any]:
        return {
            "Id": instance.instance_id,
            "Arn": self._scope.instance_arn(instance.instance_id),
            "IdentityManagementType": instance.identity_management,
            "InstanceAlias": instance.alias or None,
            "CreatedTime": instance.created_at,
            "InstanceStatus": "ACTIVE",
            "InboundCallsEnabled": instance.inbound_calls,
            "OutboundCallsEnabled": instance.outbound_calls,
        }
