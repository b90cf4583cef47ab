"""The contact centre around the campaigns, as the store holds it.

Decides what is refused of it; what is in a directory is the domain's. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from trunkcall.domain.directory import (
    AccessKey,
    CentreUse,
    Directory,
    Fact,
    FactRemoved,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    VersionedFact,
)
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant


class InstanceList(Protocol):
    """Which instances there are."""

    async def instances(self) -> Sequence[Instance]:
        """Every instance that was not deleted, oldest first."""


class InstanceArchive(Protocol):
    """Which instances there are and were."""

    async def every_instance(self) -> Sequence[Instance]:
        """Every instance, those that were deleted included, oldest first."""


class Directories(Protocol):
    """What is around the campaigns of an instance."""

    async def directory(self, instance_id: str) -> Directory | None:
        """The instance's directory, each map in the order of creation; None if there is no such instance, or it was
        deleted."""


class FactHistory(Protocol):
    """What of it has changed, and what there was."""

    async def facts_changed(self, instance_id: str, *, after_version: int) -> Sequence[VersionedFact]:
        """Facts of the instance whose version is greater, by version, those that were removed included."""


class InstanceCreation(Protocol):
    """How an instance comes to be."""

    async def create_instance(self, directory: Directory, access_key: AccessKey | None = None) -> None:
        """Create an instance with all that is in its directory, and a first access key, in one step. Raises
        ConflictError if there is or was one of that id."""


class InstanceChanges(Protocol):
    """What is changed of an instance."""

    async def change_instance(self, instance_id: str, decide: Callable[[Instance], Instance]) -> Instance:
        """Read, change and write in one transaction: alias, where its users are kept, which calls it takes, attributes
        and tags are taken from what ``decide`` returns. What it raises passes through and changes nothing; it may be
        called more than once, and by another thread. Raises NotFoundError."""


class InstanceHalts(Protocol):
    """How all calls of an instance are stopped at once, and let begin again."""

    async def halt_instance(self, instance_id: str, *, at: Instant, reason: str) -> Instance:
        """Have nothing be originated for the instance: once this has returned no attempt begins. One that is halted
        already stays so since when it was, for this reason. Raises NotFoundError."""

    async def resume_instance(self, instance_id: str) -> Instance:
        """Have calls be made for the instance again. Raises NotFoundError."""


class InstanceDeletion(Protocol):
    """How an instance goes."""

    async def delete_instance(self, instance_id: str, *, at: Instant) -> None:
        """Mark the instance deleted: it is in no list but ``every_instance``, and nothing can be done with it. Its
        contacts stay, and what retention says of them. Raises NotFoundError; InUseError while it has campaigns, is
        onboarded or about to be."""


class FactEditing(Protocol):
    """How the facts that the settings name come to be as they say."""

    async def put_facts(self, instance_id: str, facts: Sequence[Fact]) -> None:
        """Create these facts, or replace those of the same kind and id; one that was removed comes back. Each that is
        not so already gets a version greater than any before. Raises NotFoundError without the instance, ConflictError
        if two of a kind would have the same name."""


class FactRemoval(Protocol):
    """How something around the campaigns goes."""

    async def remove_facts(self, instance_id: str, kind: FactKind, ids: Collection[str], *, at: Instant) -> int:
        """Remove the facts of these ids, each with a version greater than any before; how many there were. Their names
        are free again. Raises NotFoundError without the instance."""


class FactChanges(Protocol):
    """How the facts of an instance are changed by what there is."""

    async def change_facts(
        self, instance_id: str, decide: Callable[[Directory, CentreUse], Sequence[Fact | FactRemoved]]
    ) -> Directory:
        """Have a decision made on the directory as it is then, and on what campaigns refer to; what it returns is
        removed first, then put, all in one transaction, as ``remove_facts`` and ``put_facts`` do. Returns the directory
        after it. What ``decide`` raises passes through and changes nothing; it may be called more than once, and by
        another thread, and everybody who changes something waits for it. Raises NotFoundError without the instance,
        ConflictError if two of a kind would have the same name."""


class FactOwners(Protocol):
    """Whose a fact is of which only the id is known."""

    async def find_instance_of(self, kind: FactKind, fact_id: str) -> str | None:
        """The id of the instance that has a fact of this kind and id, of several the oldest; None if none has."""


class OnboardingStore(Protocol):
    """Onboarding jobs, and which instances are onboarded."""

    async def start_onboarding(self, job: OnboardingJob) -> None:
        """Store a job that is IN_PROGRESS, in place of an earlier one. Raises NotFoundError without the instance,
        ConflictError if the instance is onboarded or a job is in progress."""

    async def onboarding_job(self, instance_id: str) -> OnboardingJob | None:
        """The instance's last job, or None."""

    async def onboarding_in_progress(self) -> Sequence[OnboardingJob]:
        """Jobs that are IN_PROGRESS, oldest first."""

    async def finish_onboarding(self, instance_id: str, failure: OnboardingFailure | None) -> None:
        """End the job that is IN_PROGRESS, if there is one. Without a failure the instance is onboarded from now on,
        with the job's encryption."""

    async def delete_onboarding_job(self, instance_id: str) -> None:
        """Forget the job. Raises NotFoundError, InvalidStateError while it is in progress."""

    async def offboard(self, instance_id: str) -> None:
        """The instance is not onboarded any more. Raises NotFoundError unless it was, InvalidStateError while it has
        campaigns."""
