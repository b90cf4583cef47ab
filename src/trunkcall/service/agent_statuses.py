"""Use cases about the statuses that agents choose among: create, describe, list, change, and choose one.

Decides which may be changed and chosen. It must not know what an agent is doing meanwhile, nor the wire's names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Protocol

from trunkcall.domain.directory import CentreUse, Directory, Fact
from trunkcall.domain.errors import ConflictError, InvalidInputError, InvalidStateError, QuotaExceededError
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.user_status import UserStatus, UserStatusType
from trunkcall.service.centre import Centre, PageOf, Position, page_of

MAX_STATUSES = 50
"""Of an instance, as documented."""


class AgentsFloor(Protocol):
    """Whoever dials for an instance, and counts on its agents."""

    async def put_user_status(self, instance_id: str, agent_id: str, status: UserStatus) -> None: ...


class AgentStatuses:
    """Use cases about agents' statuses. ``floor`` hears of those that agents choose."""

    def __init__(self, centre: Centre, floor: AgentsFloor) -> None:
        self._centre = centre
        self._floor = floor

    async def create_agent_status(
        self,
        instance: str,
        *,
        name: str,
        enabled: bool,
        description: str = "",
        display_order: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> UserStatus:
        """Create a status in which agents are at work and get no contacts. Raises NotFoundError, ConflictError for a
        name that is taken, QuotaExceededError if there are as many as there may be."""
        status_id = self._centre.new_id()

        def decide(directory: Directory, _: CentreUse) -> list[Fact]:
            if len(directory.user_statuses) >= MAX_STATUSES:
                raise QuotaExceededError(f"An instance can have {MAX_STATUSES} agent statuses at most.")
            status = UserStatus(
                status_id,
                name,
                description=description,
                display_order=display_order,
                enabled=enabled,
                tags=dict(tags or {}),
            )
            _check_name(directory, status)
            return [status]

        return (await self._centre.change(instance, decide)).user_statuses[status_id]

    async def describe_agent_status(self, instance: str, status: str) -> UserStatus:
        """The status. Raises NotFoundError."""
        return self._status(await self._centre.directory(instance), status)

    async def list_agent_statuses(
        self,
        instance: str,
        types: Collection[UserStatusType] = (),
        *,
        after: Position | None = None,
        limit: int,
    ) -> PageOf[UserStatus]:
        """Statuses of these types, or all, those first that every instance has. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        found = [each for each in directory.user_statuses.values() if not types or each.status_type in types]
        return page_of(found, lambda status: status.status_id, after, limit)

    async def update_agent_status(
        self,
        instance: str,
        status: str,
        *,
        name: str | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        display_order: int | None = None,
        reset_order: bool = False,
    ) -> None:
        """Change what is given; ``reset_order`` takes the status out of the order. Whoever has chosen a status that is
        disabled keeps it. Raises NotFoundError, ConflictError for a name that is taken, InvalidInputError for disabling
        what agents cannot do without."""

        def decide(directory: Directory, _: CentreUse) -> list[Fact]:
            found = self._status(directory, status)
            if enabled is False and found.status_type is not UserStatusType.CUSTOM:
                raise InvalidInputError(f"{found.name} cannot be disabled: every instance has such a status.")
            order = None if reset_order else found.display_order
            changed = replace(
                found,
                name=found.name if name is None else name,
                description=found.description if description is None else description,
                enabled=found.enabled if enabled is None else enabled,
                display_order=order if display_order is None else display_order,
            )
            _check_name(directory, changed)
            return [changed]

        await self._centre.change(instance, decide)

    async def put_user_status(self, instance: str, user: str, status: str) -> None:
        """Have the user choose a status: at once, or after the contact in progress. Raises NotFoundError,
        InvalidInputError for a status that is disabled, InvalidStateError while nobody dials for the instance."""
        directory = await self._centre.directory(instance)
        agent = self._centre.one(directory, ResourceKind.AGENT, directory.agents, user)
        chosen = self._status(directory, status)
        if not chosen.enabled:
            raise InvalidInputError("This agent status is disabled.")
        if not directory.instance.onboarded:
            raise InvalidStateError("Nobody dials for the instance: it is not onboarded for outbound campaigns.")
        await self._floor.put_user_status(directory.instance.instance_id, agent.agent_id, chosen)

    def _status(self, directory: Directory, status: str) -> UserStatus:
        return self._centre.one(directory, ResourceKind.AGENT_STATUS, directory.user_statuses, status)


def _check_name(directory: Directory, status: UserStatus) -> None:
    """The store knows no names of statuses that nobody has made or changed."""
    for other in directory.user_statuses.values():
        if other.name == status.name and other.status_id != status.status_id:
            raise ConflictError("The name is taken by another agent status of the instance.")
