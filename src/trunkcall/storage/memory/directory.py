"""The contact centre and access keys in memory (``ports.directory``, ``ports.keys``), and for how long it keeps
personal data (``ports.privacy``)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from trunkcall.domain.directory import (
    KEPT,
    AccessKey,
    CentreUse,
    Directory,
    EncryptionConfig,
    Fact,
    FactRemoved,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
    VersionedFact,
    changed_facts,
)
from trunkcall.domain.errors import ConflictError, InUseError, InvalidStateError, NotFoundError, OnboardedError
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
        return [instance for instance in await self.every_instance() if instance.deleted_at is None]

    async def every_instance(self) -> Sequence[Instance]:
        found = [directory.instance for directory in self._state.directories.values()]
        return sorted(found, key=lambda instance: (instance.created_at, instance.instance_id))

    async def change_instance(self, instance_id: str, decide: Callable[[Instance], Instance]) -> Instance:
        before = self._state.there(instance_id).instance
        wanted = decide(before)
        after = replace(
            before,
            alias=wanted.alias,
            identity_management=wanted.identity_management,
            inbound_calls=wanted.inbound_calls,
            outbound_calls=wanted.outbound_calls,
            attributes=dict(wanted.attributes),
            tags=dict(wanted.tags),
        )
        return self._put_instance(after)

    async def halt_instance(self, instance_id: str, *, at: Instant, reason: str) -> Instance:
        before = self._state.there(instance_id).instance
        since = at if before.halted_at is None else before.halted_at
        return self._put_instance(replace(before, halted_at=since, halt_reason=reason))

    async def resume_instance(self, instance_id: str) -> Instance:
        before = self._state.there(instance_id).instance
        return self._put_instance(replace(before, halted_at=None, halt_reason=""))

    async def delete_instance(self, instance_id: str, *, at: Instant) -> None:
        instance = self._state.there(instance_id).instance
        if self._state.campaigns_of(instance_id):
            raise InUseError("The instance has campaigns. Delete all of them first.")
        job = self._state.jobs.get(instance_id)
        if instance.onboarded or (job is not None and job.status is OnboardingStatus.IN_PROGRESS):
            raise OnboardedError
        self._put_instance(replace(instance, deleted_at=at))

    async def directory(self, instance_id: str) -> Directory | None:
        directory = self._state.directories.get(instance_id)
        return directory if directory is not None and directory.instance.deleted_at is None else None

    async def facts_changed(self, instance_id: str, *, after_version: int) -> Sequence[VersionedFact]:
        changed = [each for each in self._state.facts[instance_id].values() if each.version > after_version]
        return sorted(changed, key=lambda each: each.version)

    async def put_facts(self, instance_id: str, facts: Sequence[Fact]) -> None:
        changed = changed_facts(self._state.there(instance_id).facts, facts)
        self._state.put_facts(instance_id, changed, deleted_at=None)

    async def remove_facts(self, instance_id: str, kind: FactKind, ids: Collection[str], *, at: Instant) -> int:
        there = {fact.fact_id: fact for fact in self._state.there(instance_id).facts if fact.kind is kind}
        if kind in KEPT:
            raise ConflictError(f"A {kind.replace('_', ' ')} is never removed.")
        removed = [there[fact_id] for fact_id in dict.fromkeys(ids) if fact_id in there]
        self._remove(instance_id, removed, at)
        return len(removed)

    def _remove(self, instance_id: str, facts: Sequence[Fact], at: Instant) -> None:
        self._state.put_facts(instance_id, facts, deleted_at=at)
        for fact in facts:
            if fact.kind is FactKind.AGENT:
                self._state.presences[instance_id].pop(fact.fact_id, None)

    async def change_facts(
        self, instance_id: str, decide: Callable[[Directory, CentreUse], Sequence[Fact | FactRemoved]]
    ) -> Directory:
        before = self._state.there(instance_id)
        campaigns = self._state.campaigns_of(instance_id)
        calls = [campaign.outbound_call for campaign in campaigns]
        use = CentreUse(
            frozenset(call.queue_id for call in calls if call.queue_id is not None),
            frozenset(call.contact_flow_id for call in calls),
            frozenset(call.source_phone_number for call in calls if call.source_phone_number is not None),
            frozenset(each.outbound_call.contact_flow_id for each in campaigns if each.takes_queue_from_flow),
        )
        decided = decide(before, use)
        gone = {(each.kind, each.fact_id): each for each in decided if isinstance(each, FactRemoved)}
        put = [each for each in decided if not isinstance(each, FactRemoved)]
        changed = changed_facts((fact for fact in before.facts if (fact.kind, fact.fact_id) not in gone), put)
        for (kind, fact_id), removed in gone.items():
            fact = before.of_kind(kind).get(fact_id)
            if fact is not None:
                self._remove(instance_id, [fact], removed.at)
        self._state.put_facts(instance_id, changed, deleted_at=None)
        return self._state.there(instance_id)

    async def find_instance_of(self, kind: FactKind, fact_id: str) -> str | None:
        for instance in await self.instances():
            if fact_id in self._state.there(instance.instance_id).of_kind(kind):
                return instance.instance_id
        return None

    async def set_retention(self, instance_id: str, days: int | None) -> None:
        directory = self._state.directories.get(instance_id)
        if directory is None:
            raise NotFoundError(f"There is no instance {instance_id}.")
        self._put_instance(replace(directory.instance, retention_days=days))

    def _put_instance(self, instance: Instance) -> Instance:
        directories = self._state.directories
        directories[instance.instance_id] = replace(directories[instance.instance_id], instance=instance)
        return instance

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
