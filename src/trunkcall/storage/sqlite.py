"""The store on one machine: one SQLite file, one writer thread, reads beside it.

Decides on which thread each verb of a Store runs: everything that changes something in the writer's, point
reads on the event loop's own thread (they take microseconds, a thread hop takes longer), exports in a worker thread. It
must not decide what a verb changes: for that each subject has a module of its own.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import closing
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, TypeVar

from trunkcall.domain.campaign import Campaign, CampaignState
from trunkcall.domain.changes import Change
from trunkcall.domain.contact import ContactRecord, DialRequest, LiveContact, QuarantinedContact, WaitingContact
from trunkcall.domain.directory import (
    AccessKey,
    Directory,
    Fact,
    FactKind,
    Instance,
    OnboardingFailure,
    OnboardingJob,
    VersionedFact,
)
from trunkcall.domain.errors import StoreDamagedError, StoreError, StoreUnavailableError
from trunkcall.domain.instants import LATEST, MINUTE, SECOND, Duration, Instant
from trunkcall.storage import (
    sqlite_campaigns,
    sqlite_erasing,
    sqlite_facts,
    sqlite_instances,
    sqlite_leases,
    sqlite_requests,
)
from trunkcall.storage import sqlite_changes as changing
from trunkcall.storage import sqlite_contact_rows as contact_rows
from trunkcall.storage import sqlite_quarantine as quarantine
from trunkcall.storage import sqlite_rows as rows
from trunkcall.storage import sqlite_schema as schema
from trunkcall.storage.disk import Room
from trunkcall.storage.ports.contacts import ContactCounts, PutResult, TokenForms
from trunkcall.storage.ports.ownership import CommitResult, DueContacts, Lease, LedgerMinute
from trunkcall.storage.ports.privacy import Erasure, ErasureReason
from trunkcall.storage.sqlite_beside import Beside
from trunkcall.storage.sqlite_faults import FAILURES, Troubles, fault_of
from trunkcall.storage.sqlite_mending import Mending
from trunkcall.storage.sqlite_reader import Reader
from trunkcall.storage.sqlite_statements import Row
from trunkcall.storage.sqlite_transaction import WriteTransaction
from trunkcall.storage.sqlite_writer import Operation, Writer

T = TypeVar("T")

log = logging.getLogger(__name__)

_MAX_CACHED_CAMPAIGNS: Final = 1024
_ERASED_AT_ONCE: Final = 1000
_TRUSTED_S: Final = 0.05
"""How long a campaign that was read is not looked for again. A change through this store ends that at once."""


_due = attrgetter("due_at", "sequence")


def _wall_clock() -> Instant:
    return time.time_ns() // 1000


def _not_open() -> StoreError:
    return StoreError("The store is not open: it was closed, or `await store.open()` has not been called yet.")


class SQLiteStore:
    """A Store in an SQLite file, used by one event loop. ``clock`` is the time of leases.

    A lease that has run out by this clock is refused by ``commit`` and ``expire_waiting`` even while nobody else has
    acquired it; ``renew_lease`` revives it unless somebody has. While less than ``min_free`` bytes of the disk are
    free, nothing new is taken. ``sole`` says that no other server can have the file open, so that what a dead one has
    left is put in order first.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], Instant] = _wall_clock,
        busy_timeout: Duration = 5 * SECOND,
        min_free: int = 0,
        sole: bool = False,
    ) -> None:
        self._path = path
        self._clock = clock
        self._busy_timeout = busy_timeout
        self._sole = sole
        self._troubles = Troubles(path)
        self._beside = Beside(self._connect_to_read, self._connect_to_write, self._troubles)
        self._room = Room(path.parent, min_free, trouble=lambda: self._troubles.words)
        self._writer: Writer | None = None
        self._reader: Reader | None = None
        self._campaigns: dict[str, tuple[Campaign, float]] = {}
        """Campaigns as last decoded, and until when that is good without looking."""
        self._directories: dict[str, tuple[Directory, int]] = {}
        """As last read, each with the version of the facts then."""
        self._damaged_campaigns: set[str] = set()
        self._mending = Mending(self._write, self._troubles)

    async def open(self) -> None:
        """Create or check the schema. Raises SchemaMismatchError when it is newer, needs a migration or is not ours."""
        if self._writer is not None:
            raise StoreError("The store is open already.")
        await asyncio.to_thread(self._prepare, schema.ensure_schema, settle=self._sole)
        self._reader = Reader(self._connect_to_read, self._troubles)
        self._writer = Writer(self._connect_to_write, asyncio.get_running_loop(), self._troubles)

    async def migrate(self) -> None:
        """Bring the file to this version's schema. No process may have the store open meanwhile."""
        if self._writer is not None:
            raise StoreError("Close the store before it is migrated.")
        await asyncio.to_thread(self._prepare, schema.migrate_schema, settle=self._sole)

    async def close(self) -> None:
        """Finish what was begun and let go of every handle. May be called twice."""
        writer, self._writer = self._writer, None
        reader, self._reader = self._reader, None
        if writer is not None:
            await writer.close()
        if reader is not None:
            reader.close()

    @property
    def trouble(self) -> str | None:
        """Why the file cannot be written or read at the moment, in words; None while all is well."""
        return self._troubles.words

    @property
    def refusal(self) -> str | None:
        """Why nothing new is taken, in words; None while it is."""
        return self._room.refusal

    def _prepare(self, step: Callable[[sqlite3.Connection], None], *, settle: bool = False) -> None:
        try:
            schema.create_file(self._path)
            with (
                schema.checked_file(self._path, self._busy_timeout),
                closing(self._connect_to_write()) as connection,
            ):
                if settle:
                    schema.settle_log(connection, self._path)
                step(connection)
        except (*FAILURES, OSError) as error:
            reason = fault_of(error, self._path).value
            raise StoreUnavailableError(f"The store {self._path} cannot be opened. {reason} ({error})") from error

    def _connect_to_read(self) -> sqlite3.Connection:
        return schema.connect(self._path, self._busy_timeout, read_only=True)

    def _connect_to_write(self) -> sqlite3.Connection:
        return schema.connect(self._path, self._busy_timeout, read_only=False)

    # --- how statements get to the database --------------------------------------------------------------------------

    async def _write(self, operation: Operation[T]) -> T:
        if self._writer is None:
            raise _not_open()
        return await self._writer.submit(operation)

    def _rows(self, query: str, /, **parameters: Any) -> list[Row]:
        """All rows of a point read, on this thread. In autocommit each sees the newest commit and holds nothing."""
        if self._reader is None:
            raise _not_open()
        return self._reader.rows(query, parameters)

    def _row(self, query: str, /, **parameters: Any) -> Row | None:
        if self._reader is None:
            raise _not_open()
        found = self._reader.rows(query, parameters)
        return found[0] if found else None

    # --- the contact centre -----------------------------------------------------------------------------------------

    async def create_instance(self, directory: Directory, access_key: AccessKey | None = None) -> None:
        """Create an instance. Raises ConflictError if there is one of that id."""
        await self._write(lambda transaction: sqlite_instances.create_instance(transaction, directory, access_key))

    async def instances(self) -> Sequence[Instance]:
        """Every instance, oldest first."""
        return [rows.instance_from_row(row) for row in self._rows("instances")]

    async def directory(self, instance_id: str) -> Directory | None:
        """What is around the campaigns of the instance, each map in the order of creation. Read anew only when
        something has changed."""
        row = self._row("fact_version", instance_id=instance_id)
        if row is None:
            return None
        known = self._directories.get(instance_id)
        instance = rows.instance_from_row(row)
        if known is None or (known[0].instance, known[1]) != (instance, row.fact_version):
            found = sqlite_facts.facts_from_rows(self._rows("facts", instance_id=instance_id))
            known = Directory.of(instance, [each.fact for each in found]), row.fact_version
            self._directories[instance_id] = known
        return known[0]

    async def facts_changed(self, instance_id: str, *, after_version: int) -> Sequence[VersionedFact]:
        """Facts whose version is greater, by version, removed ones included."""
        return sqlite_facts.facts_from_rows(
            self._rows("facts_changed", instance_id=instance_id, after_version=after_version)
        )

    async def put_facts(self, instance_id: str, facts: Sequence[Fact]) -> None:
        """Create these facts, or replace those of the same id."""
        await self._write(partial(sqlite_facts.put_facts, instance_id=instance_id, facts=facts))

    async def remove_facts(self, instance_id: str, kind: FactKind, ids: Collection[str], *, at: Instant) -> int:
        """Remove these facts."""
        return await self._write(partial(sqlite_facts.remove_facts, instance_id=instance_id, kind=kind, ids=ids, at=at))

    async def start_onboarding(self, job: OnboardingJob) -> None:
        """Store a job that is IN_PROGRESS."""
        await self._write(lambda transaction: sqlite_instances.start_onboarding(transaction, job))

    async def onboarding_job(self, instance_id: str) -> OnboardingJob | None:
        """The instance's last job."""
        row = self._row("onboarding_job", instance_id=instance_id)
        return None if row is None else rows.job_from_row(row)

    async def onboarding_in_progress(self) -> Sequence[OnboardingJob]:
        """Jobs that are IN_PROGRESS, oldest first."""
        return [rows.job_from_row(row) for row in self._rows("onboarding_in_progress")]

    async def finish_onboarding(self, instance_id: str, failure: OnboardingFailure | None) -> None:
        """End the job that is IN_PROGRESS."""
        await self._write(lambda transaction: sqlite_instances.finish_onboarding(transaction, instance_id, failure))

    async def delete_onboarding_job(self, instance_id: str) -> None:
        """Forget the job."""
        await self._write(lambda transaction: sqlite_instances.delete_onboarding_job(transaction, instance_id))

    async def offboard(self, instance_id: str) -> None:
        """The instance is not onboarded any more."""
        await self._write(lambda transaction: sqlite_instances.offboard(transaction, instance_id))

    async def set_retention(self, instance_id: str, days: int | None) -> None:
        """How long personal data of ended contacts is kept."""
        await self._write(lambda transaction: sqlite_instances.set_retention(transaction, instance_id, days))

    async def put_access_key(self, access_key: AccessKey) -> None:
        """Create the access key, or replace the one of that id."""
        await self._write(lambda transaction: sqlite_instances.put_access_key(transaction, access_key))

    async def access_key(self, access_key_id: str) -> AccessKey | None:
        """The access key, revoked or not."""
        row = self._row("access_key", access_key_id=access_key_id)
        return None if row is None else rows.access_key_from_row(row)

    async def access_keys(self) -> Sequence[AccessKey]:
        """Every access key, oldest first, revoked ones included."""
        return [rows.access_key_from_row(row) for row in self._rows("access_keys")]

    # --- campaigns --------------------------------------------------------------------------------------------------

    async def create_campaign(self, campaign: Campaign, *, most: int | None = None) -> Campaign:
        """Store a new campaign or return its namesake. Raises StoreFullError while nothing new is taken."""
        self._room.require()
        return await self._write(sqlite_campaigns.CreateCampaign(campaign, rows.campaign_to_row(campaign), most))

    async def campaign(self, campaign_id: str) -> Campaign | None:
        """The campaign, or None if there is none or it was deleted. Changes through this object are seen at once,
        another process's within ``_TRUSTED_S``."""
        known = self._campaigns.get(campaign_id)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        row = self._row("campaign_version", campaign_id=campaign_id)
        if row is None:
            self._campaigns.pop(campaign_id, None)
            return None
        campaign = known[0] if known is not None else None
        if campaign is None or campaign.version != row.version:
            (row,) = self._rows("campaign", campaign_id=campaign_id)
            campaign = rows.campaign_from_row(row)
            if campaign.deleted_at is not None:
                return None
            if len(self._campaigns) >= _MAX_CACHED_CAMPAIGNS:
                self._campaigns.clear()
        self._campaigns[campaign_id] = campaign, time.monotonic() + _TRUSTED_S
        return campaign

    async def has_campaign(self, campaign_id: str) -> bool:
        """Whether there is such a campaign or was one that is deleted now."""
        return self._row("campaign", campaign_id=campaign_id) is not None

    async def _write_campaign(self, campaign_id: str, operation: Operation[T]) -> T:
        """Change a campaign. Nobody reads what it was once its change has been answered, or may have happened."""
        try:
            return await self._write(operation)
        finally:
            self._campaigns.pop(campaign_id, None)

    async def campaigns(
        self, *, instance_id: str | None, after: tuple[Instant, str] | None, limit: int
    ) -> Sequence[Campaign]:
        """Campaigns that were not deleted, by ``created_at`` then ``campaign_id``, beginning after the given pair."""
        # Ids are never empty, so this pair is before every campaign.
        after_at, after_id = after or (-(2**63), "")
        found: list[Campaign] = []
        while room := limit - len(found):
            if instance_id is None:
                page = self._rows("campaigns", after_at=after_at, after_id=after_id, limit=room)
            else:
                page = self._rows(
                    "campaigns_of_instance", instance_id=instance_id, after_at=after_at, after_id=after_id, limit=room
                )
            found += self._sound_campaigns(page)
            if len(page) < room:
                break
            last = page[-1].created_at, page[-1].campaign_id
            # A damaged one that tells another place than its own must not have the list go round.
            if tuple(map(type, last)) != (int, str) or last <= (after_at, after_id):
                break
            after_at, after_id = last
        return found

    def _sound_campaigns(self, found: Sequence[Row]) -> list[Campaign]:
        """The campaigns that can be read. A damaged one is out of use by itself; the log names it once."""
        sound = []
        for row in found:
            try:
                sound.append(rows.campaign_from_row(row))
            except StoreDamagedError:
                campaign_id = rows.readable(row.campaign_id)
                if campaign_id not in self._damaged_campaigns:
                    self._damaged_campaigns.add(campaign_id)
                    log.error(  # noqa: TRY400 - a traceback tells nothing more
                        "a campaign is damaged and not dialed", extra={"campaign_id": campaign_id}
                    )
        return sound

    async def change_campaign_state(
        self,
        campaign_id: str,
        *,
        allowed_from: Collection[CampaignState],
        to: CampaignState,
        max_running: int | None = None,
    ) -> Campaign:
        """Compare and set."""
        return await self._write_campaign(
            campaign_id,
            lambda transaction: sqlite_campaigns.change_campaign_state(
                transaction, campaign_id, allowed_from, to, max_running
            ),
        )

    async def edit_campaign(self, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
        """Read, change and write in one transaction. ``edit`` runs in the writer's thread."""
        return await self._write_campaign(
            campaign_id, lambda transaction: sqlite_campaigns.edit_campaign(transaction, campaign_id, edit)
        )

    async def delete_campaign(self, campaign_id: str, *, at: Instant) -> Campaign:
        """Mark the campaign deleted."""
        return await self._write_campaign(
            campaign_id, lambda transaction: sqlite_campaigns.delete_campaign(transaction, campaign_id, at)
        )

    async def every_campaign(self) -> Sequence[Campaign]:
        """Every campaign but those that were deleted before they were started."""
        return self._sound_campaigns(self._rows("every_campaign"))

    async def campaigns_changed(self, instance_id: str, *, after_version: int) -> Sequence[Campaign]:
        """Campaigns that were started at some time, deleted ones included, whose version is greater, by version."""
        return self._sound_campaigns(
            self._rows("campaigns_changed", instance_id=instance_id, after_version=after_version)
        )

    # --- dial requests ----------------------------------------------------------------------------------------------

    async def put_dial_requests(
        self, campaign_id: str, requests: Sequence[DialRequest], *, at: Instant, max_waiting: int
    ) -> PutResult:
        """Accept dial requests in their order. Raises StoreFullError while nothing new is taken."""
        self._room.require()
        values = [contact_rows.request_to_values(request) for request in requests]
        return await self._write(
            lambda transaction: sqlite_requests.put_dial_requests(
                transaction, campaign_id, requests, values, at, max_waiting
            )
        )

    async def due_contacts(self, campaign_id: str, *, now: Instant, held: Collection[int], limit: int) -> DueContacts:
        """Waiting contacts that are due, and when the next is."""
        found: list[WaitingContact] = []
        passed_over = list(held)
        while room := limit - len(found):
            page = self._rows(
                "due_contacts", campaign_id=campaign_id, now=now, held=rows.to_json(passed_over), limit=room
            )
            sound, damaged = quarantine.sound_of_waiting(campaign_id, page)
            found += sound
            if not damaged:
                break
            passed_over += [contact.sequence for contact in sound]
            await self._mending.set_aside(damaged)
        found.sort(key=_due)
        next_due = self._row("next_due_at", campaign_id=campaign_id, now=now, latest=LATEST)
        return DueContacts(found, None if next_due is None else next_due.due_at)

    async def change_due(self, campaign_id: str, contact_ids: Collection[str], *, due_at: Instant) -> int:
        """Have waiting contacts be due at another instant."""
        return await self._mending.without_damaged(
            partial(sqlite_requests.change_due, campaign_id=campaign_id, contact_ids=contact_ids, due_at=due_at),
            partial(
                sqlite_requests.set_aside_refused_due, campaign_id=campaign_id, contact_ids=contact_ids, due_at=due_at
            ),
        )

    async def waiting_count(self, campaign_id: str) -> int:
        """How many contacts of the campaign wait; 0 for a campaign that does not exist."""
        row = self._row("waiting_count", campaign_id=campaign_id)
        return 0 if row is None else rows.whole(row.waiting)

    async def contact(self, contact_id: str) -> ContactRecord | None:
        """One contact record."""
        row = self._row("contact_record", contact_id=contact_id)
        return None if row is None else contact_rows.record_from_row(row)

    async def waiting_before(self, contact_id: str) -> int:
        """How many wait before it. Of a long backlog that is a long read."""
        if self._writer is None:
            raise _not_open()
        [row] = await asyncio.to_thread(self._beside.rows, "waiting_before", contact_id=contact_id)
        return int(row.waiting)

    async def contacts(
        self,
        *,
        campaign_id: str | None = None,
        instance_id: str | None = None,
        chunk: int = 1000,
        on_left_out: Callable[[int], None] | None = None,
    ) -> AsyncIterator[Sequence[ContactRecord]]:
        """Every contact record in order of acceptance. Each chunk is a read of its own, as of when it is read."""
        sequence = 0
        while True:
            if self._writer is None:
                raise _not_open()
            records, damaged, last = await asyncio.to_thread(
                self._beside.records, sequence, campaign_id, instance_id, chunk
            )
            if last is None:
                return
            sequence = last
            if damaged and on_left_out is not None:
                on_left_out(damaged)
            if records:
                yield records

    async def quarantine_damaged(self) -> int:
        """Look at every contact. Those in progress are left to whoever has them in hand until they have ended."""
        if self._writer is None:
            raise _not_open()
        sequence, before = 0, await self.quarantined_count()
        while page := await asyncio.to_thread(
            self._beside.rows,
            "contact_records",
            after_sequence=sequence,
            campaign_id=None,
            instance_id=None,
            limit=1000,
        ):
            sequence = page[-1].sequence
            _, damaged = quarantine.sound_of_records([row for row in page if not quarantine.is_in_progress(row)])
            if damaged:
                await self._write(partial(quarantine.set_aside_as_it_stands, found=damaged))
        return await self.quarantined_count() - before

    async def quarantined(self, campaign_id: str | None = None) -> Sequence[QuarantinedContact]:
        """What is set aside, in order of acceptance."""
        return [contact_rows.quarantined_from_row(row) for row in self._rows("quarantined", campaign_id=campaign_id)]

    async def quarantined_count(self) -> int:
        """How many are set aside."""
        (row,) = self._rows("count_quarantined")
        return int(row.contacts)

    async def end_quarantined(self, sequences: Collection[int] | None, *, at: Instant, erase: bool = False) -> int:
        """End them. Where the indexes have a row elsewhere they are made anew, which takes a while."""
        ended = await self._mending.with_damaged(
            partial(quarantine.end_quarantined, sequences=sequences, at=at, erase=erase)
        )
        if ended:
            await asyncio.to_thread(self._beside.drop_log)
        return ended

    async def forget_number(self, phone_number: str, *, at: Instant) -> int:
        """Erase a number. No index knows numbers, so that accepting one costs nothing: the search is a scan, in a
        thread of its own."""
        forgotten = 0
        while True:
            found = await asyncio.to_thread(
                self._beside.rows, "contacts_of_number", phone_number=phone_number, limit=_ERASED_AT_ONCE
            )
            if not found:
                break
            await self._mending.with_damaged(partial(sqlite_erasing.forget_contacts, contacts=found, at=at))
            forgotten += len(found)
        if forgotten:
            await asyncio.to_thread(self._beside.drop_log)
        return forgotten

    async def erase_ended(self, instance_id: str, *, before: Instant, at: Instant, limit: int) -> int:
        """Erase personal data of contacts that ended before the instant."""
        return await self._mending.with_damaged(
            partial(sqlite_erasing.erase_ended, instance_id=instance_id, before=before, at=at, limit=limit)
        )

    async def erasures(self) -> Sequence[Erasure]:
        """What was erased when, oldest first."""
        return [Erasure(row.at, ErasureReason(row.reason), row.contacts) for row in self._rows("erasures")]

    async def token_forms(self, campaign_id: str) -> TokenForms:
        """Of many tokens that only begin like these it is a long read."""
        if self._writer is None:
            raise _not_open()
        [row] = await asyncio.to_thread(self._beside.rows, "token_forms", campaign_id=campaign_id)
        return TokenForms(bool(row.of_lines), bool(row.erased))

    async def contact_counts(self, campaign_ids: Sequence[str]) -> Mapping[str, ContactCounts]:
        """The counts of several campaigns, from one statement."""
        return contact_rows.counts_from_rows(
            self._rows("contact_counts", campaign_ids=rows.to_json(list(campaign_ids)))
        )

    # --- what the owner of the lease may do -------------------------------------------------------------------------

    async def acquire_lease(self, instance_id: str, owner: str, ttl: Duration, *, sole: bool = False) -> Lease | None:
        """Own the instance. Whoever owns it already gets a new lease. Raises NotFoundError without the instance."""
        return await self._write(
            lambda transaction: sqlite_leases.acquire_lease(
                transaction, instance_id, owner, ttl, self._clock(), sole=sole
            )
        )

    async def renew_lease(self, lease: Lease, ttl: Duration) -> None:
        """Own it for ``ttl`` from now."""
        await self._write(lambda transaction: sqlite_leases.renew_lease(transaction, lease, ttl, self._clock()))

    async def release_lease(self, lease: Lease) -> None:
        """Let the next owner in at once."""
        await self._write(lambda transaction: sqlite_leases.release_lease(transaction, lease))

    async def commit(self, lease: Lease, changes: Sequence[Change]) -> CommitResult:
        """Make the changes durable. Raises IllegalTransitionError, and changes nothing, if one is impossible in the
        state that its contact is in."""

        def operation(transaction: WriteTransaction) -> CommitResult:
            sqlite_leases.check_lease(transaction, lease, self._clock())
            return changing.apply_changes(transaction, lease, changes)

        refused = partial(changing.set_aside_refused_changes, lease=lease, changes=changes)
        return await self._mending.without_damaged(operation, refused)

    async def expire_waiting(self, lease: Lease, *, now: Instant, limit: int) -> Sequence[WaitingContact]:
        """End up to ``limit`` waiting contacts that will not be dialed any more."""

        def operation(transaction: WriteTransaction) -> Sequence[WaitingContact]:
            sqlite_leases.check_lease(transaction, lease, self._clock())
            return changing.expire_waiting(transaction, lease, now, limit)

        refused = partial(changing.set_aside_refused_expiries, lease=lease, now=now, limit=limit)
        return await self._mending.without_damaged(operation, refused)

    async def live_contacts(self, instance_id: str) -> Sequence[LiveContact]:
        """Contacts that are neither waiting nor ended."""
        sound, damaged = quarantine.sound_of_live(self._rows("live_contacts", instance_id=instance_id))
        if damaged:
            await self._mending.set_aside(damaged)
        return sound

    async def ledger(self, campaign_id: str, *, since: Instant) -> Sequence[LedgerMinute]:
        """The campaign's ledger from the minute of ``since``, oldest first."""
        return contact_rows.ledger_from_rows(
            self._rows("ledger", campaign_id=campaign_id, since=since - since % MINUTE)
        )

    async def ledger_sum(self, campaign_id: str, *, since: Instant) -> tuple[int, int]:
        """Live answers and abandonments from the minute of ``since`` on."""
        (row,) = self._rows("ledger_sum", campaign_id=campaign_id, since=since - since % MINUTE)
        return row.live_answers, row.abandoned
