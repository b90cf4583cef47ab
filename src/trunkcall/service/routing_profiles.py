"""Use cases about routing profiles: create, describe, list, rename, which queues their agents serve, delete.

Decides which queues a profile may have, and when one may go. It must not know who is routed, nor the wire's names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import InUseError, InvalidInputError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue
from trunkcall.service.centre import Centre, PageOf, Position, page_of

MAX_DISASSOCIATED = 10
"""Queues that one request may take out of a profile, as documented."""


@dataclass(frozen=True, slots=True)
class ToldProfile:
    """A routing profile, and how many users have it."""

    profile: RoutingProfile
    users: int


@dataclass(frozen=True, slots=True)
class NamedServedQueue:
    """A queue of a profile, with its name."""

    served: ServedQueue
    name: str


class RoutingProfiles:
    """Use cases about routing profiles. Queues of a profile may be named by id or by ARN."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def create_routing_profile(
        self,
        instance: str,
        *,
        name: str,
        description: str,
        default_outbound_queue_id: str,
        queues: Sequence[ServedQueue] = (),
        voice_concurrency: int = 1,
        agent_availability_timer: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> RoutingProfile:
        """Create a routing profile. Raises NotFoundError for an instance or a queue that is not there, ConflictError
        for a name that is taken, InvalidInputError for a queue that is named twice."""
        profile_id = self._centre.new_id()

        def decide(directory: Directory, _: CentreUse) -> list[Fact]:
            profile = RoutingProfile(
                profile_id,
                name,
                self._served(directory, queues),
                description=description,
                default_outbound_queue_id=self._queue_id(directory, default_outbound_queue_id),
                voice_concurrency=voice_concurrency,
                tags=dict(tags or {}),
            )
            if agent_availability_timer is not None:
                profile = replace(profile, agent_availability_timer=agent_availability_timer)
            return [profile]

        return (await self._centre.change(instance, decide)).routing_profiles[profile_id]

    async def describe_routing_profile(self, instance: str, profile: str) -> ToldProfile:
        """The routing profile. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        found = self._profile(directory, profile)
        return ToldProfile(found, len(_users_of(directory, found)))

    async def list_routing_profiles(
        self, instance: str, *, after: Position | None = None, limit: int
    ) -> PageOf[RoutingProfile]:
        """Routing profiles in the order of creation. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        profiles = list(directory.routing_profiles.values())
        return page_of(profiles, lambda profile: profile.routing_profile_id, after, limit)

    async def list_routing_profile_queues(
        self, instance: str, profile: str, *, after: Position | None = None, limit: int
    ) -> tuple[RoutingProfile, PageOf[NamedServedQueue]]:
        """The profile, and its queues in its order. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        found = self._profile(directory, profile)
        queues = [
            NamedServedQueue(served, directory.queues[served.queue_id].name)
            for served in found.queues
            if served.queue_id in directory.queues
        ]
        return found, page_of(queues, lambda named: named.served.queue_id, after, limit)

    async def associate_routing_profile_queues(
        self, instance: str, profile: str, queues: Sequence[ServedQueue]
    ) -> None:
        """Have the profile's agents serve these queues too; one that they serve already gets this priority and delay.
        Raises NotFoundError, InvalidInputError for a queue that is named twice."""

        def edit(directory: Directory, found: RoutingProfile) -> RoutingProfile:
            return _with_queues(found, self._served(directory, queues))

        await self._edit(instance, profile, edit)

    async def disassociate_routing_profile_queues(
        self, instance: str, profile: str, queue_ids: Collection[str]
    ) -> None:
        """Have the profile's agents not serve these queues any more; those that they do not serve are no matter.
        Raises NotFoundError, InvalidInputError for more than ten."""
        if len(queue_ids) > MAX_DISASSOCIATED:
            raise InvalidInputError(f"At most {MAX_DISASSOCIATED} queues can be taken out at once.")

        def edit(directory: Directory, found: RoutingProfile) -> RoutingProfile:
            gone = {self._queue_id(directory, queue_id) for queue_id in queue_ids}
            return replace(found, queues=tuple(served for served in found.queues if served.queue_id not in gone))

        await self._edit(instance, profile, edit)

    async def update_routing_profile_queues(self, instance: str, profile: str, queues: Sequence[ServedQueue]) -> None:
        """Give queues that the profile has another priority and delay. Raises NotFoundError, also for a queue that it
        does not have, InvalidInputError for one that is named twice."""

        def edit(directory: Directory, found: RoutingProfile) -> RoutingProfile:
            updated = self._served(directory, queues)
            if not {served.queue_id for served in updated}.issubset(found.queue_ids):
                raise NotFoundError("The routing profile does not have this queue. Associate it first.")
            return _with_queues(found, updated)

        await self._edit(instance, profile, edit)

    async def update_routing_profile_concurrency(self, instance: str, profile: str, voice_concurrency: int) -> None:
        """Keep how many contacts by voice its agents take at once. Raises NotFoundError."""
        await self._edit(instance, profile, lambda _, found: replace(found, voice_concurrency=voice_concurrency))

    async def update_routing_profile_default_outbound_queue(self, instance: str, profile: str, queue: str) -> None:
        """Give the profile another default outbound queue. Raises NotFoundError."""
        await self._edit(
            instance,
            profile,
            lambda directory, found: replace(found, default_outbound_queue_id=self._queue_id(directory, queue)),
        )

    async def update_routing_profile_name(
        self, instance: str, profile: str, name: str | None, description: str | None
    ) -> None:
        """Change what is given. Raises NotFoundError, ConflictError for a name that is taken, InvalidInputError if
        nothing is given."""
        if name is None and description is None:
            raise InvalidInputError("A name or a description must be given.")

        def edit(_: Directory, found: RoutingProfile) -> RoutingProfile:
            return replace(
                found,
                name=found.name if name is None else name,
                description=found.description if description is None else description,
            )

        await self._edit(instance, profile, edit)

    async def delete_routing_profile(self, instance: str, profile: str) -> None:
        """Delete the routing profile. Raises NotFoundError, InUseError while a user has it."""

        def decide(directory: Directory, _: CentreUse) -> list[FactRemoved]:
            found = self._profile(directory, profile)
            if users := _users_of(directory, found):
                raise InUseError(f"The user {users[0]} has the routing profile. Give all of them another one first.")
            return [self._centre.removal(directory, FactKind.ROUTING_PROFILE, found.routing_profile_id)]

        await self._centre.change(instance, decide)

    async def _edit(
        self, instance: str, profile: str, edit: Callable[[Directory, RoutingProfile], RoutingProfile]
    ) -> None:
        await self._centre.change(instance, lambda directory, _: [edit(directory, self._profile(directory, profile))])

    def _profile(self, directory: Directory, profile: str) -> RoutingProfile:
        return self._centre.one(directory, ResourceKind.ROUTING_PROFILE, directory.routing_profiles, profile)

    def _queue_id(self, directory: Directory, queue: str) -> str:
        return self._centre.one(directory, ResourceKind.QUEUE, directory.queues, queue).queue_id

    def _served(self, directory: Directory, queues: Sequence[ServedQueue]) -> tuple[ServedQueue, ...]:
        """These queues by their ids."""
        served = tuple(replace(queue, queue_id=self._queue_id(directory, queue.queue_id)) for queue in queues)
        if len({queue.queue_id for queue in served}) < len(served):
            raise InvalidInputError("A queue is named twice.")
        return served


def _with_queues(profile: RoutingProfile, queues: Sequence[ServedQueue]) -> RoutingProfile:
    """The profile with these queues in place of what it has of them, new ones after the others."""
    merged = {queue.queue_id: queue for queue in (*profile.queues, *queues)}
    return replace(profile, queues=tuple(merged.values()))


def _users_of(directory: Directory, profile: RoutingProfile) -> list[str]:
    return [
        agent.agent_id for agent in directory.agents.values() if agent.routing_profile_id == profile.routing_profile_id
    ]
