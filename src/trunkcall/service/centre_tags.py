"""Use cases about the tags of what is around the campaigns, by ARN: of instances, and of everything in them.

Decides which of it has tags, and how many. It must not know what a tag allows whom.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol, TypeAlias, cast

from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import CentreUse, Directory, Fact
from trunkcall.domain.errors import InvalidInputError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.hours_of_operation import HoursOfOperation
from trunkcall.domain.identifiers import NamedResource, ResourceKind
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.prompt import Prompt
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile
from trunkcall.domain.security_profile import security_profiles
from trunkcall.domain.user import Agent
from trunkcall.domain.user_status import UserStatus
from trunkcall.service.campaigns import MAX_TAGS
from trunkcall.service.centre import Centre
from trunkcall.storage.ports.directory import FactOwners, InstanceChanges

TaggedFact: TypeAlias = (
    Queue | ContactFlow | PhoneNumber | RoutingProfile | Agent | HoursOfOperation | UserStatus | Prompt
)
EditTags: TypeAlias = Callable[[Mapping[str, str]], Mapping[str, str]]

_KINDS: Mapping[ResourceKind, FactKind] = MappingProxyType(
    {
        ResourceKind.QUEUE: FactKind.QUEUE,
        ResourceKind.CONTACT_FLOW: FactKind.CONTACT_FLOW,
        ResourceKind.ROUTING_PROFILE: FactKind.ROUTING_PROFILE,
        ResourceKind.AGENT: FactKind.AGENT,
        ResourceKind.HOURS_OF_OPERATION: FactKind.HOURS_OF_OPERATION,
        ResourceKind.AGENT_STATUS: FactKind.AGENT_STATUS,
        ResourceKind.PHONE_NUMBER: FactKind.PHONE_NUMBER,
        ResourceKind.PROMPT: FactKind.PROMPT,
    }
)


class TagStore(FactOwners, InstanceChanges, Protocol):
    """Which instance a number is of, and how an instance is changed."""


class CentreTags:
    """Tags of resources, each named by its ARN. Security profiles are built in and have none."""

    def __init__(self, centre: Centre, store: TagStore) -> None:
        self._centre = centre
        self._store = store

    async def list_tags_for_resource(self, arn: str) -> Mapping[str, str]:
        """The tags of the resource. Raises NotFoundError."""
        named, instance_id = await self._named(arn)
        directory = await self._centre.directory(instance_id)
        match named.kind:
            case ResourceKind.INSTANCE:
                return directory.instance.tags
            case ResourceKind.SECURITY_PROFILE:
                return {}
            case _:
                return _fact(directory, named).tags

    async def tag_resource(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set these tags; others stay. Raises NotFoundError, InvalidInputError if there would be too many, or where
        there can be none."""

        def edit(before: Mapping[str, str]) -> Mapping[str, str]:
            merged = {**before, **tags}
            if len(merged) > MAX_TAGS:
                raise InvalidInputError(f"A resource can have {MAX_TAGS} tags at most, not {len(merged)}.")
            return merged

        await self._edit(arn, edit)

    async def untag_resource(self, arn: str, tag_keys: Collection[str]) -> None:
        """Take these tags away, if they are there. Raises NotFoundError."""
        await self._edit(arn, lambda before: {key: value for key, value in before.items() if key not in tag_keys})

    async def _edit(self, arn: str, edit: EditTags) -> None:
        named, instance_id = await self._named(arn)
        match named.kind:
            case ResourceKind.INSTANCE:
                await self._store.change_instance(
                    instance_id, lambda instance: replace(instance, tags=edit(instance.tags))
                )
            case ResourceKind.SECURITY_PROFILE:
                raise InvalidInputError("A security profile is built in and has no tags.")
            case _:

                def decide(directory: Directory, use: CentreUse) -> Sequence[Fact]:
                    fact = _fact(directory, named)
                    return [replace(fact, tags=edit(fact.tags))]

                await self._centre.change(instance_id, decide)

    async def _named(self, arn: str) -> tuple[NamedResource, str]:
        """What the ARN names, and the instance in which to look for it."""
        named = self._centre.scope.named(arn)
        if named is None or named.kind is ResourceKind.CONTACT:
            # Contacts are no facts of an instance, and their records have no tags.
            raise _no_resource()
        instance_id = named.instance_id
        if instance_id is None:
            instance_id = await self._store.find_instance_of(FactKind.PHONE_NUMBER, named.resource_id)
        if instance_id is None:
            raise _no_resource()
        if named.kind is ResourceKind.SECURITY_PROFILE and named.resource_id not in security_profiles(instance_id):
            raise _no_resource()
        return named, instance_id


def _fact(directory: Directory, named: NamedResource) -> TaggedFact:
    kind = _KINDS[named.kind]
    # Statuses that every instance has are nowhere until somebody has changed one.
    of_kind = directory.user_statuses if kind is FactKind.AGENT_STATUS else directory.of_kind(kind)
    fact = of_kind.get(named.resource_id)
    if fact is None:
        raise _no_resource()
    return cast(TaggedFact, fact)


def _no_resource() -> NotFoundError:
    return NotFoundError("No resource with this ARN exists.")
