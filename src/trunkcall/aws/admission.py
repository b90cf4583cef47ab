"""Which requests are let in: throttled by operation, then authorized by the policy of the access key.

Decides which actions, resources and tags an operation involves (service authorization references of Amazon Connect
Outbound Campaigns, prefix ``connect-campaigns``, and of Amazon Connect, prefix ``connect``). It must not know how a
policy is evaluated, nor where keys, policies and resources are kept.

By the references every action is named as its operation. Of the contact centre, ``aws/connect/resources.py`` says what
a request is about; around campaigns they are the only resources:
- operations on one campaign are about its ARN and its tags; so are those on tags, about the ARN they name;
- CreateCampaign is about ``campaign/*``, for it has no id yet, and has no tags of a resource; if it brings tags,
  TagResource must be allowed on the same;
- GetCampaignStateBatch is about each campaign that it names and, as documented, cannot be restricted by their tags;
- ListCampaigns, ListCampaignProgress and all that concerns an instance as a whole have no resource: they are about
  ``*``.

Of a request that is about several resources each is looked at with its own tags. Whoever makes something with tags must
be allowed to tag it. A refusal tells nothing of a resource but what the caller sent. An unknown one has no tags.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from types import MappingProxyType
from typing import Any, TypeAlias, assert_never

from trunkcall.aws.connect.resources import instance_of, is_decided, resources_of
from trunkcall.aws.errors import ApiError
from trunkcall.aws.iam import (
    ALL,
    AuthorizationRequest,
    Decision,
    InvalidPolicyError,
    Policy,
    allowed,
    parse_policy,
    settled,
    uses_resource_tags,
)
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, CONNECT, TRUNKCALL, Operation, Service
from trunkcall.aws.protocol import RequestContext
from trunkcall.aws.shapes import ModelError
from trunkcall.aws.sigv4 import unknown_client
from trunkcall.aws.throttle import Throttle
from trunkcall.domain.clock import Seconds
from trunkcall.domain.identifiers import Scope

log = logging.getLogger(__name__)

PolicyOf: TypeAlias = Callable[[str], Awaitable[str | None]]
"""The policy document of an access key id; None if there is no such key or it was revoked."""
TagsOf: TypeAlias = Callable[[str], Awaitable[Mapping[str, str] | None]]
"""The tags of a resource by its ARN; None if there is no such resource."""

_NOTHING = Policy(())
_NO_TAGS: Mapping[str, str] = MappingProxyType({})


class Target(Enum):
    """What an operation is about."""

    CAMPAIGN = auto()
    """The campaign that its path names by id or ARN."""
    RESOURCE = auto()
    """The resource that its path names by ARN."""
    NEW_CAMPAIGN = auto()
    CAMPAIGNS = auto()
    """The campaigns that its body names."""
    CENTRE = auto()
    """What it names of a contact centre."""
    ALL = auto()


_BY_LABEL = (("{id}", Target.CAMPAIGN), ("{arn}", Target.RESOURCE), ("{connectInstanceId}", Target.ALL))
"""What an operation with such a label in its path is about."""

_BY_NAME: Mapping[str, Target] = MappingProxyType(
    {
        "CreateCampaign": Target.NEW_CAMPAIGN,
        "GetCampaignStateBatch": Target.CAMPAIGNS,
        "ListCampaignProgress": Target.ALL,
        "ListCampaigns": Target.ALL,
    }
)
"""What the operations without a label are about."""

_REVIEWED = frozenset({CAMPAIGNS_V1, CAMPAIGNS_V2, TRUNKCALL})
_TAGGING = "TagResource"


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be allowed for an operation. ``tagging`` is the action that it needs as well if it brings tags."""

    action: str
    target: Target
    tagging: str | None


def needs_of(service: Service) -> Mapping[str, Needs]:
    """What each operation of the service needs, by its name.

    Raises ModelError for an operation of which nobody has decided what it is about.
    """
    return MappingProxyType({name: _needs(service, operation) for name, operation in service.operations.items()})


def _needs(service: Service, operation: Operation) -> Needs:
    target = _target(service, operation)
    if target is None:
        raise ModelError(f"nobody has decided which resources {service.name}'s {operation.name} is about")
    prefix = service.signing_name
    tagging = f"{prefix}:{_TAGGING}" if operation.makes else None
    return Needs(f"{prefix}:{operation.name}", target, tagging)


def _target(service: Service, operation: Operation) -> Target | None:
    if service.name == CONNECT:
        return Target.CENTRE if is_decided(operation) else None
    if service.name not in _REVIEWED:
        return None
    return next((target for label, target in _BY_LABEL if label in operation.uri), _BY_NAME.get(operation.name))


class Admission:
    """The two questions that every request is asked: ``admit`` before its input is decoded, ``authorize`` after.

    ``monotonic`` is the clock of the throttle, in seconds. ``tags_of`` is asked only for policies that have a condition
    on them.
    """

    def __init__(
        self,
        services: Sequence[Service],
        scope: Scope,
        *,
        policy_of: PolicyOf,
        tags_of: TagsOf,
        throttle: Throttle,
        monotonic: Seconds = time.monotonic,
    ) -> None:
        self._needs = {(service.name, name): needs for service in services for name, needs in needs_of(service).items()}
        self._prefixes = {service.name: service.signing_name for service in services}
        self._scope = scope
        self._policy_of = policy_of
        self._tags_of = tags_of
        self._throttle = throttle
        self._monotonic = monotonic

    async def admit(self, context: RequestContext) -> None:
        """Raises ThrottlingException if the operation is called too often."""
        operation = context.operation
        self._throttle.take(f"{self._prefixes[operation.service]}:{operation.name}", self._monotonic())

    async def authorize(self, context: RequestContext, request: Mapping[str, Any]) -> None:
        """Raises AccessDeniedException unless the policy of the caller's key allows the request, by its decoded
        input."""
        text = await self._policy_of(context.access_key_id)
        if text is None:  # Revoked since its signature was accepted.
            raise unknown_client()
        try:
            policy = parse_policy(text)
        except InvalidPolicyError as error:
            log.error(  # noqa: TRY400 - the frames say nothing that the message does not
                "the policy of an access key cannot be read, so the key may do nothing",
                extra={"access_key_id": context.access_key_id, "error": error.message},
            )
            policy = _NOTHING
        needs = self._needs[context.operation.service, context.operation.name]
        resources = partial(self._resources, needs.target, context.operation, request)
        await self._check(policy, needs.action, needs, resources, context, request)
        if needs.tagging is not None and _tags_in(request):
            # What is made is tagged, and nothing that it refers to.
            await self._check(policy, needs.tagging, needs, lambda: resources()[:1], context, request)

    async def _check(
        self,
        policy: Policy,
        action: str,
        needs: Needs,
        resources_of: Callable[[], tuple[str, ...]],
        context: RequestContext,
        request: Mapping[str, Any],
    ) -> None:
        decision = settled(policy, action)
        if decision is not None and decision.allowed:
            return
        resources = resources_of()
        if decision is None:
            decision = await self._decide(policy, action, needs.target, resources, request)
        if not decision.allowed:
            raise self._denied(context.access_key_id, action, decision.resource or resources[0], decision)

    async def _decide(
        self, policy: Policy, action: str, target: Target, resources: tuple[str, ...], request: Mapping[str, Any]
    ) -> Decision:
        tags = _tags_in(request)
        keys = tuple(request.get("tagKeys") or tags)
        instance = instance_of(self._scope, request) if target is Target.CENTRE else None
        if target is Target.CAMPAIGNS or not uses_resource_tags(policy, action):
            return allowed(policy, AuthorizationRequest(action, resources, tags, _NO_TAGS, keys, instance))
        for resource in resources:
            found = _NO_TAGS if resource.endswith(ALL) else await self._tags_of(resource) or _NO_TAGS
            decision = allowed(policy, AuthorizationRequest(action, (resource,), tags, found, keys, instance))
            if not decision.allowed:
                return Decision(allowed=False, explicit_deny=decision.explicit_deny, resource=resource)
        return decision

    def _resources(self, target: Target, operation: Operation, request: Mapping[str, Any]) -> tuple[str, ...]:
        """The ARNs of what a request is about, one at least."""
        match target:
            case Target.CAMPAIGN | Target.RESOURCE:
                return (self._campaign_arn(request["id" if target is Target.CAMPAIGN else "arn"]),)
            case Target.CAMPAIGNS:
                return tuple(self._campaign_arn(named) for named in request["campaignIds"]) or (ALL,)
            case Target.NEW_CAMPAIGN:
                return (self._scope.campaign_arn(ALL),)
            case Target.CENTRE:
                return resources_of(operation, self._scope, request)
            case Target.ALL:
                return (ALL,)
            case other:
                assert_never(other)

    def _campaign_arn(self, id_or_arn: str) -> str:
        """An ARN stays as it is, whosever it is."""
        return id_or_arn if id_or_arn.startswith("arn:") else self._scope.campaign_arn(id_or_arn)

    def _denied(self, access_key_id: str, action: str, resource: str, decision: Decision) -> ApiError:
        user = f"arn:{self._scope.partition}:iam::{self._scope.account_id}:user/{access_key_id}"
        why = (
            "with an explicit deny in an identity-based policy"
            if decision.explicit_deny
            else f"because no identity-based policy allows the {action} action"
        )
        return ApiError(
            "AccessDeniedException",
            f"User: {user} is not authorized to perform: {action} on resource: {resource} {why}",
        )


def _tags_in(request: Mapping[str, Any]) -> Mapping[str, str]:
    """The tags that a request brings, by either name that they have in the models."""
    return request.get("tags") or request.get("Tags") or _NO_TAGS
