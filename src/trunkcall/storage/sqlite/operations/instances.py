"""Instances of an SQLite store, their onboarding, and access keys: the verbs that change them.

Decides what each verb checks, changes and answers. It must not know threads or when it is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from trunkcall.domain.directory import (
    AccessKey,
    Directory,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    OnboardingStatus,
)
from trunkcall.domain.errors import ConflictError, InUseError, InvalidStateError, NotFoundError, OnboardedError
from trunkcall.domain.instants import Instant
from trunkcall.storage.sqlite.operations.facts import put_facts
from trunkcall.storage.sqlite.rows import (
    access_key_to_row,
    instance_document,
    instance_from_row,
    job_from_row,
    job_to_row,
)
from trunkcall.storage.sqlite.transaction import WriteTransaction


def create_instance(transaction: WriteTransaction, directory: Directory, access_key: AccessKey | None) -> None:
    instance = directory.instance
    instance_id = instance.instance_id
    if transaction.row("instance", instance_id=instance_id):
        raise ConflictError(f"There is an instance {instance_id} already.")
    transaction.execute(
        "insert_instance",
        instance_id=instance_id,
        alias=instance.alias,
        created_at=instance.created_at,
        onboarded=int(instance.onboarded),
        document=instance_document(instance),
    )
    put_facts(transaction, instance_id, directory.facts)
    if instance.onboarded:
        job = OnboardingJob(instance_id, OnboardingStatus.SUCCEEDED, instance.encryption, instance.created_at)
        transaction.execute("put_onboarding_job", **job_to_row(job))
    if access_key is not None:
        put_access_key(transaction, access_key)


def put_access_key(transaction: WriteTransaction, access_key: AccessKey) -> None:
    transaction.execute("put_access_key", **access_key_to_row(access_key))


def change_instance(
    transaction: WriteTransaction, instance_id: str, decide: Callable[[Instance], Instance]
) -> Instance:
    before = _instance(transaction, instance_id)
    wanted = decide(before)
    after = replace(
        before,
        alias=wanted.alias,
        identity_management=wanted.identity_management,
        inbound_calls=wanted.inbound_calls,
        outbound_calls=wanted.outbound_calls,
        attributes=wanted.attributes,
        tags=wanted.tags,
    )
    if after != before:
        transaction.execute(
            "change_instance", instance_id=instance_id, alias=after.alias, document=instance_document(after)
        )
    return after


def halt_instance(transaction: WriteTransaction, instance_id: str, at: Instant, reason: str) -> Instance:
    before = _instance(transaction, instance_id)
    since = at if before.halted_at is None else before.halted_at
    return _put_halt(transaction, replace(before, halted_at=since, halt_reason=reason))


def resume_instance(transaction: WriteTransaction, instance_id: str) -> Instance:
    return _put_halt(transaction, replace(_instance(transaction, instance_id), halted_at=None, halt_reason=""))


def _put_halt(transaction: WriteTransaction, instance: Instance) -> Instance:
    transaction.execute(
        "halt_instance",
        instance_id=instance.instance_id,
        halted_at=instance.halted_at,
        document=instance_document(instance),
    )
    return instance


def delete_instance(transaction: WriteTransaction, instance_id: str, at: Instant) -> None:
    instance = _instance(transaction, instance_id)
    if transaction.number("campaigns_in_instance", instance_id=instance_id):
        raise InUseError("The instance has campaigns. Delete all of them first.")
    job = transaction.row("onboarding_job", instance_id=instance_id)
    if instance.onboarded or (job is not None and job_from_row(job).status is OnboardingStatus.IN_PROGRESS):
        raise OnboardedError
    transaction.execute("delete_instance", instance_id=instance_id, at=at)
    transaction.forget_instance(instance_id)


def _instance(transaction: WriteTransaction, instance_id: str) -> Instance:
    """Raises NotFoundError if there is none or it was deleted."""
    row = transaction.row("instance", instance_id=instance_id)
    instance = instance_from_row(row) if row is not None else None
    if instance is None or instance.deleted_at is not None:
        raise NotFoundError(f"There is no instance {instance_id}.")
    return instance


def set_retention(transaction: WriteTransaction, instance_id: str, days: int | None) -> None:
    if not transaction.execute("set_retention", days=days, instance_id=instance_id):
        raise NotFoundError(f"There is no instance {instance_id}.")


def start_onboarding(transaction: WriteTransaction, job: OnboardingJob) -> None:
    if _instance(transaction, job.instance_id).onboarded:
        raise ConflictError("The instance is onboarded already.")
    earlier = transaction.row("onboarding_job", instance_id=job.instance_id)
    if earlier is not None and job_from_row(earlier).status is OnboardingStatus.IN_PROGRESS:
        raise ConflictError("An onboarding job of the instance is in progress.")
    transaction.execute("put_onboarding_job", **job_to_row(job))


def finish_onboarding(transaction: WriteTransaction, instance_id: str, failure: OnboardingFailure | None) -> None:
    status = OnboardingStatus.SUCCEEDED if failure is None else OnboardingStatus.FAILED
    ended = transaction.execute(
        "finish_onboarding_job",
        instance_id=instance_id,
        status=status.value,
        failure=failure.value if failure is not None else None,
    )
    if ended and failure is None:
        transaction.execute("set_onboarded", instance_id=instance_id)


def delete_onboarding_job(transaction: WriteTransaction, instance_id: str) -> None:
    row = transaction.row("onboarding_job", instance_id=instance_id)
    if row is None:
        raise NotFoundError("The instance has no onboarding job.")
    if job_from_row(row).status is OnboardingStatus.IN_PROGRESS:
        raise InvalidStateError("The onboarding job is in progress. Wait until it has ended.")
    transaction.execute("delete_onboarding_job", instance_id=instance_id)


def offboard(transaction: WriteTransaction, instance_id: str) -> None:
    row = transaction.row("instance", instance_id=instance_id)
    if row is None or not instance_from_row(row).onboarded:
        raise NotFoundError("The instance is not onboarded for outbound campaigns.")
    if transaction.number("campaigns_in_instance", instance_id=instance_id):
        raise InvalidStateError("The instance has campaigns. Delete all of them first.")
    transaction.execute("set_offboarded", instance_id=instance_id)
