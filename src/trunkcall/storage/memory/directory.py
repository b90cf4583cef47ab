"""The contact centre and access keys in memory (``ports.directory``, ``ports.keys``), and for how long it keeps
personal data (``ports.privacy``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from trunkcall.domain.directory import (
    AccessKey,
    Directory,
    EncryptionConfig,
    Fact,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
    VersionedFact,
    changed_facts,
)
from trunkcall.domain.errors import ConflictError, InvalidStateError, NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import Instant
from trunkcall.storage.memory.state import Part


class DirectoryInMemory(Part):
    """Instances with all that is around their campaigns, onboarding, and keys."""

    async def create_instance(self, directory: Directory, access_key: AccessKey | None = None) -> None:
        instance = directory.instance
        if instance.instance_id in self._state.directories:
            raise ConflictError(f"There is an instance {instance.instance_id} already.")
        changed_facts((), directory.facts)
        self._state.directories[instance.instance_id] = Directory(instance)
        await self.put_facts(instance.instance_id, directory.facts)
        if instance.onboarded:
            self._state.jobs[instance.instance_id] = OnboardingJob(
                instance.instance_id, OnboardingStatus.SUCCEEDED, instance.encryption, instance.created_at
            )
        if access_key is not None:
            await self.put_access_key(access_key)

    async def instances(self) -> Sequence[Instance]:
        found = [directory.instance for directory in self._state.directories.values()]
        return sorted(found, key=lambda instance: (instance.created_at, instance.instance_id))

    async def directory(self, instance_id: str) -> Directory | None:
        return self._state.directories.get(instance_id)

    async def facts_changed(self, instance_id: str, *, after_version: int) -> Sequence[VersionedFact]:
        changed = [each for each in self._state.facts[instance_id].values() if each.version > after_version]
        return sorted(changed, key=lambda each: each.version)

    async def put_facts(self, instance_id: str, facts: Sequence[Fact]) -> None:
        changed = changed_facts(self._state.there(instance_id).facts, facts)
        self._state.put_facts(instance_id, changed, deleted_at=None)

    async def remove_facts(self, instance_id: str, kind: FactKind, ids: Collection[str], *, at: Instant) -> int:
        there = {fact.fact_id: fact for fact in self._state.there(instance_id).facts if fact.kind is kind}
        removed = [there[fact_id] for fact_id in dict.fromkeys(ids) if fact_id in there]
        self._state.put_facts(instance_id, removed, deleted_at=at)
        return len(removed)

    async def set_retention(self, instance_id: str, days: int | None) -> None:
        self._put_instance(replace(self._state.there(instance_id).instance, retention_days=days))

    def _put_instance(self, instance: Instance) -> None:
        directories = self._state.directories
        directories[instance.instance_id] = replace(directories[instance.instance_id], instance=instance)

    # --- onboarding -------------------------------------------------------------------------------------------------

    async def start_onboarding(self, job: OnboardingJob) -> None:
        if self._state.there(job.instance_id).instance.onboarded:
            raise ConflictError("The instance is onboarded already.")
        earlier = self._state.jobs.get(job.instance_id)
        if earlier is not None and earlier.status is OnboardingStatus.IN_PROGRESS:
            raise ConflictError("An onboarding job of the instance is in progress.")
        self._state.jobs[job.instance_id] = job

    async def onboarding_job(self, instance_id: str) -> OnboardingJob | None:
        return self._state.jobs.get(instance_id)

    async def onboarding_in_progress(self) -> Sequence[OnboardingJob]:
        found = [job for job in self._state.jobs.values() if job.status is OnboardingStatus.IN_PROGRESS]
        return sorted(found, key=lambda job: job.started_at)

    async def finish_onboarding(self, instance_id: str, failure: OnboardingFailure | None) -> None:
        job = self._state.jobs.get(instance_id)
        if job is None or job.status is not OnboardingStatus.IN_PROGRESS:
            return
        status = OnboardingStatus.SUCCEEDED if failure is None else OnboardingStatus.FAILED
        self._state.jobs[instance_id] = replace(job, status=status, failure=failure)
        if failure is None:
            instance = self._state.there(instance_id).instance
            self._put_instance(replace(instance, onboarded=True, encryption=job.encryption))

    async def delete_onboarding_job(self, instance_id: str) -> None:
        job = self._state.jobs.get(instance_id)
        if job is None:
            raise NotFoundError("The instance has no onboarding job.")
        if job.status is OnboardingStatus.IN_PROGRESS:
            raise InvalidStateError("The onboarding job is in progress. Wait until it has ended.")
        del self._state.jobs[instance_id]

    async def offboard(self, instance_id: str) -> None:
        directory = self._state.directories.get(instance_id)
        if directory is None or not directory.instance.onboarded:
            raise NotFoundError("The instance is not onboarded for outbound campaigns.")
        if self._state.campaigns_of(instance_id):
            raise InvalidStateError("The instance has campaigns. Delete all of them first.")
        self._put_instance(replace(directory.instance, onboarded=False, encryption=EncryptionConfig()))

    # --- access keys ------------------------------------------------------------------------------------------------

    async def put_access_key(self, access_key: AccessKey) -> None:
        self._state.access_keys[access_key.access_key_id] = access_key

    async def access_key(self, access_key_id: str) -> AccessKey | None:
        return self._state.access_keys.get(access_key_id)

    async def access_keys(self) -> Sequence[AccessKey]:
        return sorted(self._state.access_keys.values(), key=lambda key: (key.created_at, key.access_key_id))
