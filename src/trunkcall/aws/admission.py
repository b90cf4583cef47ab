"""Which requests are let in: throttled by operation, then authorized by the policy of the access key.

Decides which actions, resources and tags an operation involves (service authorization reference of Amazon Connect
Outbound Campaigns, prefix ``connect-campaigns``). It must not know how a policy is evaluated, nor where keys, policies
and campaigns are kept.

By the reference every action is named as its operation, and campaigns are the only resources:
- operations on one campaign are about its ARN and its tags; so are those on tags, about the ARN they name;
- CreateCampaign is about ``campaign/*``, for it has no id yet, and has no tags of a resource; if it brings tags,
  TagResource must be allowed on the same;
- GetCampaignStateBatch is about each campaign that it names and, as documented, cannot be restricted by their tags;
- ListCampaigns, ListCampaignProgress and all that concerns an instance as a whole have no resource: they are about
  ``*``.

A refusal tells nothing of the campaign but what the caller sent. An unknown campaign is one without tags.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Any, TypeAlias, assert_never

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
from trunkcall.aws.model import CAMPAIGNS_V1, CAMPAIGNS_V2, TRUNKCALL, Operation, Service
from trunkcall.aws.protocol import RequestContext
from trunkcall.aws.shapes import ModelError
from trunkcall.aws.sigv4 import unknown_client
from trunkcall.aws.throttle import Throttle
from trunkcall.domain.clock import Seconds
from trunkcall.domain.identifiers import Scope

log = logging.getLogger(__name__)

PolicyOf: TypeAlias = Callable[[str], Awaitable[str | None]]
"""The policy document of an access key id; None if there is no such key or it was revoked."""
CampaignTags: TypeAlias = Callable[[str], Awaitable[Mapping[str, str] | None]]
"""The tags of a campaign by its id; None if there is no such campaign."""

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
    target = next((target for label, target in _BY_LABEL if label in operation.uri), _BY_NAME.get(operation.name))
    if target is None or service.name not in _REVIEWED:
        raise ModelError(f"nobody has decided which resources {service.name}'s {operation.name} is about")
    prefix = service.signing_name
    tagging = f"{prefix}:{_TAGGING}" if target is Target.NEW_CAMPAIGN else None
    return Needs(f"{prefix}:{operation.name}", target, tagging)


class Admission:
    """The two questions that every request is asked: ``admit`` before its input is decoded, ``authorize`` after.

    ``monotonic`` is the clock of the throttle, in seconds. ``campaign_tags`` is asked only for policies that have a
    condition on them.
    """

    def __init__(
        self,
        services: Iterable[Service],
        scope: Scope,
        *,
        policy_of: PolicyOf,
        campaign_tags: CampaignTags,
        throttle: Throttle,
        monotonic: Seconds = time.monotonic,
    ) -> None:
        self._needs = {(service.name, name): needs for service in services for name, needs in needs_of(service).items()}
        self._scope = scope
        self._policy_of = policy_of
        self._campaign_tags = campaign_tags
        self._throttle = throttle
        self._monotonic = monotonic

    async def admit(self, context: RequestContext) -> None:
        """Raises ThrottlingException if the operation is called too often."""
        self._throttle.take(context.operation.name, self._monotonic())

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
        await self._check(policy, needs.action, needs, context, request)
        if needs.tagging is not None and request.get("tags"):
            await self._check(policy, needs.tagging, needs, context, request)

    async def _check(
        self, policy: Policy, action: str, needs: Needs, context: RequestContext, request: Mapping[str, Any]
    ) -> None:
        decision = settled(policy, action)
        if decision is not None and decision.allowed:
            return
        resources, campaign_id = self._resources(needs.target, request)
        if decision is None:
            resource_tags: Mapping[str, str] = _NO_TAGS
            if campaign_id is not None and uses_resource_tags(policy, action):
                resource_tags = await self._campaign_tags(campaign_id) or _NO_TAGS
            tags = request.get("tags") or _NO_TAGS
            keys = tuple(request.get("tagKeys") or tags)
            decision = allowed(policy, AuthorizationRequest(action, resources, tags, resource_tags, keys))
        if not decision.allowed:
            raise self._denied(context.access_key_id, action, decision.resource or resources[0], decision)

    def _resources(self, target: Target, request: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
        """The ARNs of what a request is about, and the id of the campaign whose tags count."""
        match target:
            case Target.CAMPAIGN | Target.RESOURCE:
                named: str = request["id" if target is Target.CAMPAIGN else "arn"]
                return (self._campaign_arn(named),), self._scope.campaign_id(named)
            case Target.CAMPAIGNS:
                return tuple(self._campaign_arn(named) for named in request["campaignIds"]) or (ALL,), None
            case Target.NEW_CAMPAIGN:
                return (self._scope.campaign_arn(ALL),), None
            case Target.ALL:
                return (ALL,), None
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
