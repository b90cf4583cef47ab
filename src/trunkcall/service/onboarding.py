"""Use cases of onboarding: enabling outbound campaigns on an instance, and disabling them.

Decides how a job runs: it is stored IN_PROGRESS and answered at once, then carried out in the background, by the next
server if this one does not live to see its end. It must not know how an instance came to be.
"""

from __future__ import annotations

import asyncio
import logging
import re

from trunkcall.domain.clock import NowOf, Sleep
from trunkcall.domain.directory import (
    EncryptionConfig,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
)
from trunkcall.domain.errors import InvalidInputError, NotFoundError
from trunkcall.domain.fields import Field
from trunkcall.storage.ports.directory import Directories, OnboardingStore

log = logging.getLogger(__name__)

JOB_TAKES_S = 1.0
"""How long a job is IN_PROGRESS, in real seconds: long enough that a client has to wait for it, as it has to for
Amazon's, which take minutes."""

_KMS_KEY = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)/[\w/-]+")


class InstanceOnboarding:
    """Onboarding of instances. Ids are plain instance ids, as the service model has them."""

    def __init__(
        self, store: OnboardingStore, directories: Directories, now_of: NowOf, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._store = store
        self._directories = directories
        self._now_of = now_of
        self._sleep = sleep
        self._started = asyncio.Event()

    async def start_instance_onboarding_job(self, instance_id: str, encryption: EncryptionConfig) -> OnboardingJob:
        """Begin to onboard. Raises NotFoundError, ConflictError if the instance is onboarded or about to be,
        InvalidInputError for encryption without a key."""
        if encryption.enabled and not encryption.key_arn:
            raise InvalidInputError("{} is required when encryption is enabled.", Field.KEY_ARN)
        job = OnboardingJob(instance_id, OnboardingStatus.IN_PROGRESS, encryption, self._now_of(instance_id))
        await self._store.start_onboarding(job)
        self._started.set()
        return job

    async def get_instance_onboarding_job_status(self, instance_id: str) -> OnboardingJob:
        """The instance's last job. Raises NotFoundError, also for an instance that was deleted since."""
        job = await self._store.onboarding_job(instance_id)
        directory = await self._directories.directory(instance_id)
        if job is None or directory is None or directory.instance.deleted_at is not None:
            raise NotFoundError("The instance has no onboarding job.")
        return job

    async def delete_instance_onboarding_job(self, instance_id: str) -> None:
        """Forget the job; what it achieved stays. Raises NotFoundError, InvalidStateError while it is in progress."""
        await self._store.delete_onboarding_job(instance_id)

    async def get_connect_instance_config(self, instance_id: str) -> Instance:
        """The onboarded instance. Raises NotFoundError."""
        directory = await self._directories.directory(instance_id)
        if directory is None or not directory.instance.onboarded:
            raise NotFoundError("The instance is not onboarded for outbound campaigns.")
        return directory.instance

    async def delete_connect_instance_config(self, instance_id: str) -> None:
        """Disable campaigns on the instance. Raises NotFoundError, InvalidStateError while it has campaigns."""
        await self._store.offboard(instance_id)

    async def run(self) -> None:
        """Carry jobs out, until cancelled."""
        while True:
            self._started.clear()
            for job in await self._store.onboarding_in_progress():
                await self._sleep(JOB_TAKES_S)
                failure = _carry_out(job)
                await self._store.finish_onboarding(job.instance_id, failure)
                log.info("an onboarding job has ended", extra={"failure": failure.value if failure else None})
            await self._started.wait()


def _carry_out(job: OnboardingJob) -> OnboardingFailure | None:
    """What becomes of a job. There is no key management service here, so no key of the customer's can be found in
    one; data is encrypted with nobody's key but the operator's disk encryption."""
    if not job.encryption.enabled:
        return None
    if _KMS_KEY.fullmatch(job.encryption.key_arn or "") is None:
        return OnboardingFailure.KMS_KEY_NOT_FOUND
    return OnboardingFailure.KMS_ACCESS_DENIED
