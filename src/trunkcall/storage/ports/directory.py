"""The contact centre around the campaigns, as the store holds it.

Decides what is refused of it; what is in a directory is the domain's. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from trunkcall.domain.directory import (
    AccessKey,
    Directory,
    Fact,
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
        """Every instance, oldest first."""


class Directories(Protocol):
    """What is around the campaigns of an instance."""

    async def directory(self, instance_id: str) -> Directory | None:
        """The instance's directory, each map in the order of creation; None if there is no such instance."""


class FactHistory(Protocol):
    """What of it has changed, and what there was."""

    async def facts_changed(self, instance_id: str, *, after_version: int) -> Sequence[VersionedFact]:
        """Facts of the instance whose version is greater, by version, those that were removed included."""


class DirectoryEditing(Protocol):
    """How a directory comes to be what it is."""

    async def create_instance(self, directory: Directory, access_key: AccessKey | None = None) -> None:
        """Create an instance with all that is in its directory, and a first access key, in one step. Raises
        ConflictError if there is one of that id."""

    async def put_facts(self, instance_id: str, facts: Sequence[Fact]) -> None:
        """Create these facts, or replace those of the same kind and id; one that was removed comes back. Each that is
        not so already gets a version greater than any before. Raises NotFoundError without the instance, ConflictError
        if two of a kind would have the same name."""


class FactRemoval(Protocol):
    """How something around the campaigns goes."""

    async def remove_facts(self, instance_id: str, kind: FactKind, ids: Collection[str], *, at: Instant) -> int:
        """Remove the facts of these ids, each with a version greater than any before; how many there were. Their names
        are free again. Raises NotFoundError without the instance."""


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
