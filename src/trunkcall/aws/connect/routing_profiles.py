"""The operations of ``connect`` on routing profiles, between the model's names and use cases.

Decides only how members of requests and responses correspond to the domain. Agents talk, one contact at a time, and
nothing else: other channels and manual assignment are refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from trunkcall.aws.connect.common import VOICE, Pages, arn_in, check_channels, modified
from trunkcall.aws.errors import validation_error
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue
from trunkcall.service.routing_profiles import RoutingProfiles

_MANUAL = ("ManualAssignmentQueueConfigs", "ManualAssignmentQueueReferences")


class RoutingProfileOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, profiles: RoutingProfiles, pages: Pages, scope: Scope) -> None:
        self._profiles = profiles
        self._pages = pages
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "CreateRoutingProfile": self.create_routing_profile,
            "DescribeRoutingProfile": self.describe_routing_profile,
            "ListRoutingProfiles": self.list_routing_profiles,
            "AssociateRoutingProfileQueues": self.associate_routing_profile_queues,
            "DisassociateRoutingProfileQueues": self.disassociate_routing_profile_queues,
            "ListRoutingProfileQueues": self.list_routing_profile_queues,
            "UpdateRoutingProfileQueues": self.update_routing_profile_queues,
            "UpdateRoutingProfileConcurrency": self.update_routing_profile_concurrency,
            "UpdateRoutingProfileDefaultOutboundQueue": self.update_routing_profile_default_outbound_queue,
            "UpdateRoutingProfileName": self.update_routing_profile_name,
            "DeleteRoutingProfile": self.delete_routing_profile,
        }

    async def create_routing_profile(self, context: RequestContext, request: Json) -> Json:
        _refuse_manual(request)
        profile = await self._profiles.create_routing_profile(
            request["InstanceId"],
            name=request["Name"],
            description=request["Description"],
            default_outbound_queue_id=request["DefaultOutboundQueueId"],
            queues=_served(request),
            voice_concurrency=_voice_concurrency(request),
            agent_availability_timer=request.get("AgentAvailabilityTimer"),
            tags=request.get("Tags", {}),
        )
        return {"RoutingProfileArn": self._arn(request, profile), "RoutingProfileId": profile.routing_profile_id}

    async def describe_routing_profile(self, context: RequestContext, request: Json) -> Json:
        told = await self._profiles.describe_routing_profile(request["InstanceId"], request["RoutingProfileId"])
        profile = told.profile
        return {
            "RoutingProfile": {
                "InstanceId": self._scope.instance_id(request["InstanceId"]),
                "Name": profile.name,
                "RoutingProfileArn": self._arn(request, profile),
                "RoutingProfileId": profile.routing_profile_id,
                "Description": profile.description or None,
                "MediaConcurrencies": [
                    {
                        "Channel": VOICE,
                        "Concurrency": profile.voice_concurrency,
                        "CrossChannelBehavior": {"BehaviorType": "ROUTE_CURRENT_CHANNEL_ONLY"},
                    }
                ],
                "DefaultOutboundQueueId": profile.default_outbound_queue_id,
                "Tags": profile.tags,
                "NumberOfAssociatedQueues": len(profile.queues),
                "NumberOfAssociatedManualAssignmentQueues": 0,
                "NumberOfAssociatedUsers": told.users,
                "AgentAvailabilityTimer": profile.agent_availability_timer,
                **modified(self._scope, profile),
            }
        }

    async def list_routing_profiles(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        page = await self._profiles.list_routing_profiles(request["InstanceId"], after=after, limit=limit)
        return {
            "RoutingProfileSummaryList": [
                {
                    "Id": profile.routing_profile_id,
                    "Arn": self._arn(request, profile),
                    "Name": profile.name,
                    **modified(self._scope, profile),
                }
                for profile in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
        }

    async def associate_routing_profile_queues(self, context: RequestContext, request: Json) -> None:
        _refuse_manual(request)
        queues = _served(request)
        if not queues:
            raise validation_error("QueueConfigs is required.")
        await self._profiles.associate_routing_profile_queues(
            request["InstanceId"], request["RoutingProfileId"], queues
        )

    async def disassociate_routing_profile_queues(self, context: RequestContext, request: Json) -> None:
        _refuse_manual(request)
        references = request.get("QueueReferences", ())
        for reference in references:
            check_channels([reference["Channel"]], "QueueReferences")
        await self._profiles.disassociate_routing_profile_queues(
            request["InstanceId"],
            request["RoutingProfileId"],
            [reference["QueueId"] for reference in references],
        )

    async def list_routing_profile_queues(self, context: RequestContext, request: Json) -> Json:
        after, limit = self._pages.asked(context, request)
        profile, page = await self._profiles.list_routing_profile_queues(
            request["InstanceId"], request["RoutingProfileId"], after=after, limit=limit
        )
        return {
            "RoutingProfileQueueConfigSummaryList": [
                {
                    "QueueId": named.served.queue_id,
                    "QueueArn": arn_in(self._scope, request, ResourceKind.QUEUE, named.served.queue_id),
                    "QueueName": named.name,
                    "Priority": named.served.priority,
                    "Delay": named.served.delay_s,
                    "Channel": VOICE,
                }
                for named in page.items
            ],
            "NextToken": self._pages.token(context, request, page.after),
            **modified(self._scope, profile),
        }

    async def update_routing_profile_queues(self, context: RequestContext, request: Json) -> None:
        await self._profiles.update_routing_profile_queues(
            request["InstanceId"], request["RoutingProfileId"], _served(request)
        )

    async def update_routing_profile_concurrency(self, context: RequestContext, request: Json) -> None:
        await self._profiles.update_routing_profile_concurrency(
            request["InstanceId"], request["RoutingProfileId"], _voice_concurrency(request)
        )

    async def update_routing_profile_default_outbound_queue(self, context: RequestContext, request: Json) -> None:
        await self._profiles.update_routing_profile_default_outbound_queue(
            request["InstanceId"], request["RoutingProfileId"], request["DefaultOutboundQueueId"]
        )

    async def update_routing_profile_name(self, context: RequestContext, request: Json) -> None:
        await self._profiles.update_routing_profile_name(
            request["InstanceId"], request["RoutingProfileId"], request.get("Name"), request.get("Description")
        )

    async def delete_routing_profile(self, context: RequestContext, request: Json) -> None:
        await self._profiles.delete_routing_profile(request["InstanceId"], request["RoutingProfileId"])

    def _arn(self, request: Json, profile: RoutingProfile) -> str:
        return arn_in(self._scope, request, ResourceKind.ROUTING_PROFILE, profile.routing_profile_id)


def _served(request: Json) -> Sequence[ServedQueue]:
    configs = request.get("QueueConfigs", ())
    for config in configs:
        check_channels([config["QueueReference"]["Channel"]], "QueueConfigs")
    return [ServedQueue(config["QueueReference"]["QueueId"], config["Priority"], config["Delay"]) for config in configs]


def _voice_concurrency(request: Json) -> int:
    """Of the one channel that there is: what an agent can do is to talk with one customer at a time."""
    medias = request["MediaConcurrencies"]
    check_channels((media["Channel"] for media in medias), "MediaConcurrencies")
    if not medias:
        raise validation_error(f"MediaConcurrencies must name the channel {VOICE}.")
    if medias[0].get("Concurrency", 1) != 1:
        raise validation_error(f"The Concurrency of the channel {VOICE} must be 1.")
    if medias[0].get("WorkloadTypeConcurrencies"):
        raise validation_error("Trunkcall does not offer WorkloadTypeConcurrencies.")
    return 1


def _refuse_manual(request: Json) -> None:
    for member in _MANUAL:
        if request.get(member):
            raise validation_error(f"Trunkcall does not offer manual assignment, so {member} must be left out.")
