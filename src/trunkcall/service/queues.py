"""Use cases about queues: create, describe, list, search, rename, enable, disable, delete.

Decides what a queue may refer to, and when one may go. It must not know who waits in it, nor the wire's names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.errors import InUseError, InvalidInputError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.queue import Queue
from trunkcall.service.campaign_queue import queues_set_by
from trunkcall.service.centre import Centre, PageOf, Position, page_of
from trunkcall.service.searching import Criterion, everything


@dataclass(frozen=True, slots=True)
class OutboundCaller:
    """What customers are shown who are dialed for a queue, and the flow that is theirs; None is nothing."""

    name: str | None = None
    number_id: str | None = None
    flow_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToldQueue:
    """A queue, and the id of the number that it shows."""

    queue: Queue
    number_id: str | None


class Queues:
    """Use cases about queues."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def create_queue(
        self,
        instance: str,
        *,
        name: str,
        hours_of_operation_id: str,
        description: str = "",
        caller: OutboundCaller | None = None,
        max_contacts: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Queue:
        """Create a queue, enabled. Raises NotFoundError for an instance, hours, a number or a flow that is not there,
        ConflictError for a name that is taken."""
        queue_id = self._centre.new_id()

        def decide(directory: Directory, _: CentreUse) -> list[Fact]:
            queue = Queue(
                queue_id,
                name,
                description=description,
                hours_of_operation_id=self._hours(directory, hours_of_operation_id),
                max_contacts=max_contacts,
                tags=dict(tags or {}),
            )
            return [self._shown(directory, queue, caller or OutboundCaller())]

        return (await self._centre.change(instance, decide)).queues[queue_id]

    async def describe_queue(self, instance: str, queue: str) -> ToldQueue:
        """The queue. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        return _told(directory, self._queue(directory, queue))

    async def list_queues(self, instance: str, *, after: Position | None = None, limit: int) -> PageOf[Queue]:
        """Queues in the order of creation. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        return page_of(list(directory.queues.values()), _id, after, limit)

    async def search_queues(
        self, instance: str, criterion: Criterion[Queue] = everything, *, after: Position | None = None, limit: int
    ) -> PageOf[ToldQueue]:
        """Queues that meet the criterion, in the order of creation. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        found = [_told(directory, queue) for queue in directory.queues.values() if criterion(queue)]
        return page_of(found, lambda told: told.queue.queue_id, after, limit)

    async def update_queue_name(self, instance: str, queue: str, name: str | None, description: str | None) -> None:
        """Change what is given. Raises NotFoundError, ConflictError for a name that is taken, InvalidInputError if
        nothing is given."""
        if name is None and description is None:
            raise InvalidInputError("A name or a description must be given.")

        def edit(_: Directory, found: Queue) -> Queue:
            return replace(
                found,
                name=found.name if name is None else name,
                description=found.description if description is None else description,
            )

        await self._edit(instance, queue, edit)

    async def update_queue_status(self, instance: str, queue: str, *, enabled: bool) -> None:
        """Enable or disable the queue. Nobody serves one that is disabled, so nobody is dialed for it; who waits in it
        or is being rung for it is put through or abandoned as ever. Raises NotFoundError."""
        await self._edit(instance, queue, lambda _, found: replace(found, enabled=enabled))

    async def update_queue_hours_of_operation(self, instance: str, queue: str, hours_of_operation_id: str) -> None:
        """Give the queue other hours. Raises NotFoundError."""
        await self._edit(
            instance,
            queue,
            lambda directory, found: replace(
                found, hours_of_operation_id=self._hours(directory, hours_of_operation_id)
            ),
        )

    async def update_queue_outbound_caller_config(self, instance: str, queue: str, caller: OutboundCaller) -> None:
        """Have the queue show this, and nothing of what it showed before. Raises NotFoundError."""
        await self._edit(instance, queue, lambda directory, found: self._shown(directory, found, caller))

    async def update_queue_max_contacts(self, instance: str, queue: str, max_contacts: int | None) -> None:
        """Let so many contacts wait in the queue at once; None is as many as there are. Raises NotFoundError."""
        await self._edit(instance, queue, lambda _, found: replace(found, max_contacts=max_contacts))

    async def delete_queue(self, instance: str, queue: str) -> None:
        """Delete the queue. Raises NotFoundError, InUseError while a routing profile, a campaign or a
        campaign's flow has it."""

        def decide(directory: Directory, use: CentreUse) -> list[FactRemoved]:
            queue_id = self._queue(directory, queue).queue_id
            for profile in directory.routing_profiles.values():
                if queue_id in profile.queue_ids:
                    raise InUseError(
                        f"The routing profile {profile.routing_profile_id} has the queue. Take it out of all first."
                    )
                if queue_id == profile.default_outbound_queue_id:
                    raise InUseError(
                        f"The routing profile {profile.routing_profile_id} has the queue as its default outbound "
                        "queue. Give all such profiles another one first."
                    )
            if queue_id in use.queue_ids:
                raise InUseError("A campaign dials for the queue. Delete all such campaigns first.")
            for flow_id in use.contact_flow_ids & directory.contact_flows.keys():
                if queue_id in queues_set_by(directory.contact_flows[flow_id], directory):
                    raise InUseError(
                        f"The contact flow {flow_id}, which a campaign has, puts people into the queue. Have all such "
                        "flows set another one first."
                    )
            return [self._centre.removal(directory, FactKind.QUEUE, queue_id)]

        await self._centre.change(instance, decide)

    async def _edit(self, instance: str, queue: str, edit: Callable[[Directory, Queue], Queue]) -> None:
        await self._centre.change(instance, lambda directory, _: [edit(directory, self._queue(directory, queue))])

    def _queue(self, directory: Directory, queue: str) -> Queue:
        return self._centre.one(directory, ResourceKind.QUEUE, directory.queues, queue)

    def _hours(self, directory: Directory, hours: str) -> str:
        there = directory.hours_of_operation
        return self._centre.one(directory, ResourceKind.HOURS_OF_OPERATION, there, hours).hours_of_operation_id

    def _shown(self, directory: Directory, queue: Queue, caller: OutboundCaller) -> Queue:
        number_id = flow_id = None
        if caller.number_id:
            numbers = directory.phone_numbers
            number_id = self._centre.one(
                directory, ResourceKind.PHONE_NUMBER, numbers, caller.number_id
            ).phone_number_id
        if caller.flow_id:
            flows = directory.contact_flows
            flow_id = self._centre.one(directory, ResourceKind.CONTACT_FLOW, flows, caller.flow_id).contact_flow_id
        return replace(
            queue,
            outbound_caller_id=None,
            outbound_caller_id_name=caller.name,
            outbound_caller_id_number_id=number_id,
            outbound_flow_id=flow_id,
        )


def _id(queue: Queue) -> str:
    return queue.queue_id


def _told(directory: Directory, queue: Queue) -> ToldQueue:
    shown = directory.outbound_caller_id_of(queue)
    number_ids = (number.phone_number_id for number in directory.phone_numbers.values() if number.phone_number == shown)
    return ToldQueue(queue, next(number_ids, None))
