"""The contact centre and access keys in an SQLite file (``ports.directory``, ``ports.keys``), and for how long it keeps
personal data (``ports.privacy``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

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
from trunkcall.storage.sqlite import rows
from trunkcall.storage.sqlite.database import TRUSTED_S, Database, Part
from trunkcall.storage.sqlite.known_directory import KnownDirectory
from trunkcall.storage.sqlite.operations import facts as fact_operations
from trunkcall.storage.sqlite.operations import instances as instance_operations
from trunkcall.storage.sqlite.operations.centre import as_of_now, change_facts

T = TypeVar("T")


class SQLiteDirectory(Part):
    """Instances with all that is around their campaigns, onboarding, and keys."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._known: dict[str, KnownDirectory] = {}
        """As last read."""
        self._trusted: dict[str, float] = {}
        """Until when that is good without looking."""

    async def create_instance(self, directory: Directory, access_key: AccessKey | None = None) -> None:
        """Create an instance. Raises ConflictError if there is one of that id."""
        await self._database.write(
            lambda transaction: instance_operations.create_instance(transaction, directory, access_key)
        )

    async def instances(self) -> Sequence[Instance]:
        """Every instance, oldest first."""
        return [rows.instance_from_row(row) for row in self._database.rows("instances")]

    async def every_instance(self) -> Sequence[Instance]:
        """Every instance, deleted ones included."""
        return [rows.instance_from_row(row) for row in self._database.rows("every_instance")]

    async def directory(self, instance_id: str) -> Directory | None:
        """What is around the campaigns of the instance, each map in the order of creation. Read anew only when
        something has changed, and looked for as seldom as a campaign is."""
        known = self._known.get(instance_id)
        if known is not None and self._trusted.get(instance_id, 0.0) > self._database.monotonic():
            return known.directory
        known = as_of_now(self._database.rows, instance_id, known)
        if known is None:
            self._known.pop(instance_id, None)
            return None
        self._known[instance_id] = known
        self._trusted[instance_id] = self._database.monotonic() + TRUSTED_S
        return known.directory

    async def _changing(self, change: Awaitable[T]) -> T:
        """Await a change of a directory. Nobody reads what it was once it has been answered, or may have happened."""
        try:
            return await change
        finally:
            self._trusted.clear()

    async def facts_changed(self, instance_id: str, *, after_version: int) -> Sequence[VersionedFact]:
        """Facts whose version is greater, by version, removed ones included."""
        changed = self._database.rows("facts_changed", instance_id=instance_id, after_version=after_version)
        filled = self._database.rows("filled_lists", instance_id=instance_id) if after_version == 0 else ()
        return [*fact_operations.lost_lists(changed, filled), *fact_operations.facts_from_rows(changed)]

    async def put_facts(self, instance_id: str, facts: Sequence[Fact]) -> None:
        """Create these facts, or replace those of the same id."""
        await self._changing(
            self._database.mending.with_facts(partial(fact_operations.put_facts, instance_id=instance_id, facts=facts))
        )

    async def remove_facts(self, instance_id: str, kind: FactKind, ids: Collection[str], *, at: Instant) -> int:
        """Remove these facts."""
        return await self._changing(
            self._database.mending.with_facts(
                partial(fact_operations.remove_facts, instance_id=instance_id, kind=kind, ids=ids, at=at)
            )
        )

    async def change_facts(
        self, instance_id: str, decide: Callable[[Directory, CentreUse], Sequence[Fact | FactRemoved]]
    ) -> Directory:
        """Change facts by a decision on the directory, of which only what is not known is read for it."""
        known = self._known.get(instance_id)
        after = await self._changing(
            self._database.mending.with_facts(
                partial(change_facts, instance_id=instance_id, known=known, decide=decide)
            )
        )
        self._known[instance_id] = after
        return after.directory

    async def find_instance_of(self, kind: FactKind, fact_id: str) -> str | None:
        """Whose the fact is."""
        row = self._database.row("instance_of_fact", kind=kind.value, id=fact_id)
        return None if row is None else rows.readable(row.instance_id)

    async def halt_instance(self, instance_id: str, *, at: Instant, reason: str) -> Instance:
        """Have nothing be originated for it."""
        return await self._changing(
            self._database.write(
                partial(instance_operations.halt_instance, instance_id=instance_id, at=at, reason=reason)
            )
        )

    async def resume_instance(self, instance_id: str) -> Instance:
        """Have calls be made for it again."""
        return await self._changing(
            self._database.write(partial(instance_operations.resume_instance, instance_id=instance_id))
        )

    async def change_instance(self, instance_id: str, decide: Callable[[Instance], Instance]) -> Instance:
        """Change the instance itself."""
        return await self._changing(
            self._database.write(partial(instance_operations.change_instance, instance_id=instance_id, decide=decide))
        )

    async def delete_instance(self, instance_id: str, *, at: Instant) -> None:
        """Mark the instance deleted."""
        await self._changing(
            self._database.write(partial(instance_operations.delete_instance, instance_id=instance_id, at=at))
        )

    async def set_retention(self, instance_id: str, days: int | None) -> None:
        """How long personal data of ended contacts is kept."""
        await self._changing(
            self._database.write(partial(instance_operations.set_retention, instance_id=instance_id, days=days))
        )

    # --- onboarding ------------------------------------------------------------------------------------------------

    async def start_onboarding(self, job: OnboardingJob) -> None:
        """Store a job that is IN_PROGRESS."""
        await self._database.write(lambda transaction: instance_operations.start_onboarding(transaction, job))

    async def onboarding_job(self, instance_id: str) -> OnboardingJob | None:
        """The instance's last job."""
        row = self._database.row("onboarding_job", instance_id=instance_id)
        return None if row is None else rows.job_from_row(row)

    async def onboarding_in_progress(self) -> Sequence[OnboardingJob]:
        """Jobs that are IN_PROGRESS, oldest first."""
        return [rows.job_from_row(row) for row in self._database.rows("onboarding_in_progress")]

    async def finish_onboarding(self, instance_id: str, failure: OnboardingFailure | None) -> None:
        """End the job that is IN_PROGRESS."""
        await self._changing(
            self._database.write(
                lambda transaction: instance_operations.finish_onboarding(transaction, instance_id, failure)
            )
        )

    async def delete_onboarding_job(self, instance_id: str) -> None:
        """Forget the job."""
        await self._database.write(lambda writing: instance_operations.delete_onboarding_job(writing, instance_id))

    async def offboard(self, instance_id: str) -> None:
        """The instance is not onboarded any more."""
        await self._changing(
            self._database.write(lambda transaction: instance_operations.offboard(transaction, instance_id))
        )

    # --- access keys -----------------------------------------------------------------------------------------------

    async def put_access_key(self, access_key: AccessKey) -> None:
        """Create the access key, or replace the one of that id."""
        await self._database.write(lambda transaction: instance_operations.put_access_key(transaction, access_key))

    async def access_key(self, access_key_id: str) -> AccessKey | None:
        """The access key, revoked or not."""
        row = self._database.row("access_key", access_key_id=access_key_id)
        return None if row is None else rows.access_key_from_row(row)

    async def access_keys(self) -> Sequence[AccessKey]:
        """Every access key, oldest first, revoked ones included."""
        return [rows.access_key_from_row(row) for row in self._database.rows("access_keys")]
