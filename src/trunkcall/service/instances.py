"""Use cases about instances: create, describe, list, delete, and their attributes.

Decides which instances there can be, what a new one is made with, and when one may go. It must not know who dials for
one: a new instance is dialed for once it is onboarded (``service.onboarding``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Protocol
from uuid import NAMESPACE_URL, uuid5

from trunkcall.domain.clock import NowOf
from trunkcall.domain.directory import Directory, IdentityManagement, Instance
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, QuotaExceededError
from trunkcall.domain.fields import Field
from trunkcall.domain.instants import Instant
from trunkcall.service.centre import Centre, PageOf, Position, page_of
from trunkcall.service.installation import basic_facts
from trunkcall.storage.ports.directory import InstanceChanges, InstanceCreation, InstanceDeletion, InstanceList

INBOUND_CALLS: Final = "INBOUND_CALLS"
OUTBOUND_CALLS: Final = "OUTBOUND_CALLS"
ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        INBOUND_CALLS: "true",
        OUTBOUND_CALLS: "true",
        "CONTACTFLOW_LOGS": "false",
        "CONTACT_LENS": "true",
        "AUTO_RESOLVE_BEST_VOICES": "true",
        "USE_CUSTOM_TTS_VOICES": "false",
        "EARLY_MEDIA": "true",
        "MULTI_PARTY_CONFERENCE": "false",
        "AUTO_MUTE_AGENT_ON_HOLD": "false",
        "HIGH_VOLUME_OUTBOUND": "false",
        "ENHANCED_CONTACT_MONITORING": "false",
        "ENHANCED_CHAT_MONITORING": "false",
        "MULTI_PARTY_CHAT_CONFERENCE": "false",
        "MESSAGE_STREAMING": "false",
    }
)
"""The attributes of an instance, each with what it is until somebody sets it."""
_VALUES: Final = ("true", "false")


@dataclass(frozen=True, slots=True)
class InstancePage:
    """Some of the instances, and from where to go on; ``after`` is None at the end."""

    instances: Sequence[Instance]
    after: tuple[Instant, str] | None


class InstanceStore(InstanceList, InstanceCreation, InstanceChanges, InstanceDeletion, Protocol):
    """The instances that there are, and how they come, change and go."""


class Instances:
    """Instances, named by id or by ARN. ``default_instance_id`` is the one that stays; ``most`` is how many there may
    be."""

    def __init__(
        self, centre: Centre, store: InstanceStore, now_of: NowOf, default_instance_id: str, *, most: int
    ) -> None:
        self._centre = centre
        self._store = store
        self._now_of = now_of
        self._default_instance_id = default_instance_id
        self._most = most
        self._creating = asyncio.Lock()

    async def create_instance(
        self,
        *,
        identity_management: IdentityManagement,
        alias: str | None,
        directory_id: str | None,
        inbound_calls: bool,
        outbound_calls: bool,
        tags: Mapping[str, str],
        client_token: str | None,
    ) -> Instance:
        """Create an instance with what every new one has. It is there at once.

        Repeated with a client token it returns the first instance. Raises InvalidInputError where parameters do not fit
        together, or with a token that made another instance; ConflictError if the alias is taken, QuotaExceededError if
        there are as many instances as may be.
        """
        _check_identity(identity_management, alias, directory_id)
        instance_id = self._centre.new_id()
        if client_token:
            instance_id = str(uuid5(NAMESPACE_URL, self._centre.scope.instance_arn(client_token)))
        # Nobody else makes one between the look and the creation: aliases stay unique.
        async with self._creating:
            there = await self._store.instances()
            instance = Instance(
                instance_id,
                alias or "",
                # Lists are in this order, and clocks may be set back.
                max((self._now_of(instance_id), *(each.created_at + 1 for each in there))),
                onboarded=False,
                identity_management=identity_management,
                inbound_calls=inbound_calls,
                outbound_calls=outbound_calls,
                tags=dict(tags),
            )
            for each in there:
                if each.instance_id == instance_id:
                    return _repeated(each, instance)
            if alias and alias.casefold() in {each.alias.casefold() for each in there}:
                raise ConflictError("The alias is already used by another instance. Choose another one.")
            if len(there) >= self._most:
                raise QuotaExceededError(
                    f"There are {len(there)} instances, as many as may be. Delete one that is no longer needed first."
                )
            directory = Directory.of(instance, basic_facts(self._centre.new_id))
            try:
                await self._store.create_instance(directory)
            except ConflictError:
                raise InvalidInputError(
                    "The instance that was made with this client token has been deleted. Use another token."
                ) from None
        return instance

    async def describe_instance(self, instance: str) -> Instance:
        """The instance. Raises NotFoundError."""
        return (await self._centre.directory(instance)).instance

    async def list_instances(self, *, after: tuple[Instant, str] | None = None, limit: int) -> InstancePage:
        """Instances in the order of their creation."""
        listed = [
            each
            for each in await self._store.instances()
            if after is None or (each.created_at, each.instance_id) > after
        ]
        page = listed[:limit]
        return InstancePage(page, (page[-1].created_at, page[-1].instance_id) if len(listed) > limit else None)

    async def delete_instance(self, instance: str) -> None:
        """Delete the instance with all that is in it; records of its contacts stay. Raises NotFoundError, InUseError
        for the default instance, and while the instance has campaigns or is onboarded."""
        instance_id = (await self.describe_instance(instance)).instance_id
        if instance_id == self._default_instance_id:
            raise InUseError(
                "This is the default instance of this server, for which its simulated agents work and which "
                "`trunkcall env` names: it cannot be deleted."
            )
        await self._store.delete_instance(instance_id, at=self._now_of(instance_id))

    # --- attributes ---------------------------------------------------------------------------------------------------

    async def describe_instance_attribute(self, instance: str, attribute: str) -> str:
        """What the attribute is. Raises NotFoundError."""
        return attributes_of(await self.describe_instance(instance))[attribute]

    async def list_instance_attributes(
        self, instance: str, *, after: Position | None = None, limit: int
    ) -> PageOf[tuple[str, str]]:
        """All attributes with what they are. Raises NotFoundError."""
        attributes = attributes_of(await self.describe_instance(instance))
        return page_of(tuple(attributes.items()), lambda attribute: attribute[0], after, limit)

    async def update_instance_attribute(self, instance: str, attribute: str, value: str) -> None:
        """Set the attribute. Raises NotFoundError, InvalidInputError for a value that it cannot have.

        Without outbound calls nobody is dialed for the instance, from a second later at the latest; contacts in
        progress go on. All other attributes are kept and told, and nothing goes by them.
        """
        if value not in _VALUES:
            raise InvalidInputError(f"The value of {attribute} must be true or false.")

        def edit(found: Instance) -> Instance:
            match attribute:
                case "INBOUND_CALLS":
                    return replace(found, inbound_calls=value == "true")
                case "OUTBOUND_CALLS":
                    return replace(found, outbound_calls=value == "true")
                case _:
                    return replace(found, attributes={**found.attributes, attribute: value})

        await self._store.change_instance((await self.describe_instance(instance)).instance_id, edit)


def attributes_of(instance: Instance) -> Mapping[str, str]:
    """Every attribute of the instance with what it is."""
    calls = {INBOUND_CALLS: instance.inbound_calls, OUTBOUND_CALLS: instance.outbound_calls}
    known = {name: value for name, value in instance.attributes.items() if name in ATTRIBUTES}
    return {**ATTRIBUTES, **known, **{name: str(on).lower() for name, on in calls.items()}}


def _check_identity(identity_management: IdentityManagement, alias: str | None, directory_id: str | None) -> None:
    if identity_management is IdentityManagement.EXISTING_DIRECTORY:
        if directory_id is None:
            raise InvalidInputError(
                "{} is required where users are those of an existing directory.", Field.DIRECTORY_ID
            )
    elif alias is None:
        raise InvalidInputError("{} is required unless users are those of an existing directory.", Field.ALIAS)


def _repeated(first: Instance, again: Instance) -> Instance:
    if (first.alias, first.identity_management) != (again.alias, again.identity_management):
        raise InvalidInputError("Another instance was made with this client token. Use another token.")
    return first
