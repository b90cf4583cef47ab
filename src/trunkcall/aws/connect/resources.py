"""Which resources of a contact centre a request is about, for the policies that guard them.

Decides which ARNs count, after the service authorization reference of Amazon Connect (prefix ``connect``). It must not
know who asks, what a policy says, or whether a resource exists.

- A request is about what its path names, and about every other part of the contact centre that it names: putting a user
  into a routing profile needs both. Each must be allowed.
- Where something is made, its id is ``*``; so it is where the reference has wildcards of a kind for a list.
- Other lists, searches and attributes are about the instance; ListInstances and CreateInstance are about ``*``.
- An ARN stays as it is, whosever it is.
- An alias after a flow's id or ARN names no other flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from trunkcall.aws.connect.common import LATEST, SAVED
from trunkcall.aws.iam import ALL
from trunkcall.aws.model import Operation
from trunkcall.domain.identifiers import ResourceKind, Scope

KINDS: Final[Mapping[str, ResourceKind]] = MappingProxyType(
    {
        "AgentStatusId": ResourceKind.AGENT_STATUS,
        "ContactFlowId": ResourceKind.CONTACT_FLOW,
        "ContactId": ResourceKind.CONTACT,
        "DefaultOutboundQueueId": ResourceKind.QUEUE,
        "HoursOfOperationId": ResourceKind.HOURS_OF_OPERATION,
        "InitialContactId": ResourceKind.CONTACT,
        "OutboundCallerIdNumberId": ResourceKind.PHONE_NUMBER,
        "OutboundFlowId": ResourceKind.CONTACT_FLOW,
        "PhoneNumberId": ResourceKind.PHONE_NUMBER,
        "PromptId": ResourceKind.PROMPT,
        "QueueId": ResourceKind.QUEUE,
        "RoutingProfileId": ResourceKind.ROUTING_PROFILE,
        "SecurityProfileIds": ResourceKind.SECURITY_PROFILE,
        "UserId": ResourceKind.AGENT,
    }
)
"""What the members are about that name a part of a contact centre, wherever they stand in a request."""

_WHOLE: Final[Mapping[str, ResourceKind]] = MappingProxyType(
    {
        "ClaimPhoneNumber": ResourceKind.PHONE_NUMBER,
        "CreateAgentStatus": ResourceKind.AGENT_STATUS,
        "CreateContactFlow": ResourceKind.CONTACT_FLOW,
        "CreateHoursOfOperation": ResourceKind.HOURS_OF_OPERATION,
        "CreateQueue": ResourceKind.QUEUE,
        "CreateRoutingProfile": ResourceKind.ROUTING_PROFILE,
        "CreateUser": ResourceKind.AGENT,
        "ListAgentStatuses": ResourceKind.AGENT_STATUS,
        "ListContactFlows": ResourceKind.CONTACT_FLOW,
        "ListPhoneNumbersV2": ResourceKind.PHONE_NUMBER,
        "ListQueues": ResourceKind.QUEUE,
        "SearchAvailablePhoneNumbers": ResourceKind.PHONE_NUMBER,
    }
)
"""Operations that are about all of a kind, or about one that has no id yet."""

_TARGETED: Final = frozenset({"ClaimPhoneNumber", "ListPhoneNumbersV2", "SearchAvailablePhoneNumbers"})
"""Operations that are about the instance of the numbers as well, whose ARNs do not name it: about every instance, if
they name none."""

_WITHOUT_LABELS: Final = frozenset(
    {
        "CreateInstance",
        "ListInstances",
        "ResumeContactRecording",
        "SearchPrompts",
        "SearchQueues",
        "SearchUsers",
        "StartContactRecording",
        "StopContactRecording",
        "SuspendContactRecording",
        "UpdateContactAttributes",
        *_WHOLE,
    }
)
"""Operations whose path names nothing, and of which it was decided what they are about."""

_INSTANCES: Final = ("InstanceId", "TargetArn")
_LABELS: Final = frozenset({"InstanceId", "resourceArn", *KINDS})
_OF_WHAT_IS_NAMED: Final = frozenset({"AttributeType", "HoursOfOperationOverrideId"})
"""Labels that name a part of what another names, which has no ARN."""
_label_names = re.compile(r"\{(\w+)\}").findall


def is_decided(operation: Operation) -> bool:
    """Whether it was decided what the operation is about."""
    labels = set(_label_names(operation.uri)) - _OF_WHAT_IS_NAMED
    return labels <= _LABELS if labels else operation.name in _WITHOUT_LABELS


def resources_of(operation: Operation, scope: Scope, request: Mapping[str, Any]) -> tuple[str, ...]:
    """The ARNs of what the request is about, ``*`` if there is none; the first is what its path names."""
    if (arn := request.get("resourceArn")) is not None:
        return (arn,)
    # A request may name two instances, and whoever serves it chooses between them.
    instances = [_instance(scope, request[member]) for member in _INSTANCES if request.get(member)]
    within = instances[0] if instances else ""
    found: dict[str, None] = {}
    if kind := _WHOLE.get(operation.name):
        found[_part(scope, within, kind, ALL)] = None
    for member, name in _named(request):
        found[_part(scope, within, KINDS[member], name)] = None
    if operation.name in _TARGETED:
        found.update(dict.fromkeys(instances or [scope.instance_arn(ALL)]))
    elif not found:
        found.update(dict.fromkeys(instances))
    return tuple(found) or (ALL,)


def instance_of(scope: Scope, request: Mapping[str, Any]) -> str | None:
    """The id of the instance that the request names, by itself or in the ARN of what it tags; None if it names none, as
    where a number is named by its id."""
    if (arn := request.get("resourceArn")) is not None:
        named = scope.named(arn)
        return None if named is None else named.instance_id
    return next((scope.instance_id(request[member]) for member in _INSTANCES if request.get(member)), None)


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """The members that name something, and what they name, from the outside to the inside."""
    match value:
        case dict():
            for member, inner in value.items():
                if member in KINDS:
                    yield from ((member, name) for name in (inner if isinstance(inner, list) else [inner]))
                else:
                    yield from _named(inner)
        case list():
            for inner in value:
                yield from _named(inner)
        case _:
            pass


def _instance(scope: Scope, name: str) -> str:
    return name if name.startswith("arn:") else scope.instance_arn(name)


def _part(scope: Scope, instance: str, kind: ResourceKind, name: str) -> str:
    if kind is ResourceKind.CONTACT_FLOW:
        name = name.removesuffix(SAVED).removesuffix(LATEST)
    if name.startswith("arn:"):
        return name
    return scope.arn("", kind, name) if kind is ResourceKind.PHONE_NUMBER else f"{instance}/{kind}/{name}"
