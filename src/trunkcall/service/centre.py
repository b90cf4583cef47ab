"""What all use cases around an instance's campaigns share: the instance they are about, what an id in it names, and
lists that are told page by page.

Decides how things of an instance are found, by id or by ARN, and how they are changed: by decisions that the store
makes in one step with what they go by. It must not know what any of them is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar

from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.clock import NowOf
from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved
from trunkcall.domain.do_not_call import DoNotCallList
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import NewId, ResourceKind, Scope
from trunkcall.domain.instants import Instant
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.trunk import Trunk
from trunkcall.service.wakeups import Wakeups
from trunkcall.storage.ports.directory import Directories, FactChanges

T = TypeVar("T")

Position: TypeAlias = tuple[int, str]
"""Where a list goes on: how many were before it, and the id of the next."""

Decision: TypeAlias = Callable[[Directory, CentreUse], Sequence[Fact | FactRemoved]]
"""What is to change of a directory as it is, and of what campaigns use of it. What it raises is raised, and nothing is
changed."""

_CALLED: Mapping[ResourceKind, str] = MappingProxyType(
    {
        ResourceKind.QUEUE: "queue",
        ResourceKind.CONTACT_FLOW: "contact flow",
        ResourceKind.ROUTING_PROFILE: "routing profile",
        ResourceKind.AGENT: "user",
        ResourceKind.HOURS_OF_OPERATION: "hours of operation",
        ResourceKind.AGENT_STATUS: "agent status",
        ResourceKind.SECURITY_PROFILE: "security profile",
        ResourceKind.PHONE_NUMBER: "phone number",
        ResourceKind.PROMPT: "prompt",
    }
)


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """Some of a list, from where to go on, and how many the list has; ``after`` is None at its end."""

    items: Sequence[T]
    after: Position | None
    total: int


def page_of(found: Sequence[T], id_of: Callable[[T], str], after: Position | None, limit: int) -> PageOf[T]:
    """So many of the list from a position on. Whoever deletes what a page told misses nothing of the next."""
    start = 0
    if after is not None:
        before, next_id = after
        start = next((place for place, each in enumerate(found) if id_of(each) == next_id), before)
    end = start + limit
    return PageOf(found[start:end], (end, id_of(found[end])) if end < len(found) else None, len(found))


class Centre:
    """The contact centres of a store, each by its instance. Instances and what is in them may be named by id or by
    ARN."""

    def __init__(
        self,
        directories: Directories,
        editing: FactChanges,
        scope: Scope,
        now_of: NowOf,
        new_id: NewId,
        wakeups: Wakeups,
    ) -> None:
        self._directories = directories
        self._editing = editing
        self.scope = scope
        self.new_id = new_id
        self._now_of = now_of
        self._wakeups = wakeups

    async def directory(self, instance: str) -> Directory:
        """What there is in the instance. Raises NotFoundError."""
        instance_id = self.scope.instance_id(instance)
        directory = await self._directories.directory(instance_id) if instance_id else None
        if directory is None or directory.instance.deleted_at is not None:
            raise NotFoundError("No Connect instance with this id exists.")
        return directory

    async def change(self, instance: str, decide: Decision) -> Directory:
        """Change what the decision says; the directory after it. Raises NotFoundError, ConflictError for a name that is
        taken, and what the decision raises."""
        instance_id = (await self.directory(instance)).instance.instance_id
        at = self._now_of(instance_id)

        def decide_at(directory: Directory, use: CentreUse) -> list[Fact | FactRemoved]:
            return [_as_of(change, at) for change in decide(directory, use)]

        directory = await self._editing.change_facts(instance_id, decide_at)
        self._wakeups.campaigns_changed(instance_id)
        return directory

    def removal(self, directory: Directory, kind: FactKind, fact_id: str) -> FactRemoved:
        """That a fact of the instance is to be gone, as of now."""
        return FactRemoved(kind, fact_id, self._now_of(directory.instance.instance_id))

    def one(self, directory: Directory, kind: ResourceKind, there: Mapping[str, T], id_or_arn: str) -> T:
        """The one of those there that is named. Raises NotFoundError."""
        named = self.scope.resource_id(directory.instance.instance_id, kind, id_or_arn)
        if named is None or named not in there:
            raise NotFoundError(f"No {_CALLED[kind]} with this id exists in the instance.")
        return there[named]


def _as_of(change: Fact | FactRemoved, at: Instant) -> Fact | FactRemoved:
    """What is put, with when it was changed, where that is kept; what is so already is not put for that."""
    if isinstance(change, CallingPolicy | DoNotCallList | PhoneNumber | Trunk | FactRemoved):
        return change
    return replace(change, changed_at=at)
