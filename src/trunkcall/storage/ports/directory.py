"""The contact centre around the campaigns, as the store holds it.

Decides what is refused of it; what is in a directory is the domain's. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trunkcall.domain.directory import AccessKey, Agent, Directory, Instance, OnboardingFailure, OnboardingJob


class InstanceList(Protocol):
    """Which instances there are."""

    async def instances(self) -> Sequence[Instance]:
        """Every instance, oldest first."""


class Directories(Protocol):
    """What is around the campaigns of an instance."""

    async def directory(self, instance_id: str) -> Directory | None:
        """The instance's directory, each map in the order of creation; None if there is no such instance."""


class DirectoryEditing(Protocol):
    """How a directory comes to be what it is."""

    async def create_instance(self, directory: Directory, access_key: AccessKey | None = None) -> None:
        """Create an instance with all that is in its directory, and a first access key, in one step. Raises
        ConflictError if there is one of that id."""

    async def put_agents(self, instance_id: str, agents: Sequence[Agent]) -> None:
        """Create these agents, or replace those of the same id. Raises NotFoundError without the instance."""


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
