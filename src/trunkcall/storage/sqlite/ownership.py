"""Leases, and what their holders read and change, in an SQLite file (``ports.ownership``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from trunkcall.domain.calling_limits import DayCount
from trunkcall.domain.changes import Change
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import CalledContact, LiveContact, WaitingContact
from trunkcall.domain.instants import LATEST, MINUTE, Duration, Instant
from trunkcall.domain.leg import LiveSession
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, DueContacts, Lease, LedgerMinute
from trunkcall.storage.sqlite import contact_rows, rows
from trunkcall.storage.sqlite.database import Database, Part
from trunkcall.storage.sqlite.day_counts import day_count_from_row
from trunkcall.storage.sqlite.flow_columns import called_from_row
from trunkcall.storage.sqlite.operations import changes as changing
from trunkcall.storage.sqlite.operations import clearing, quarantine
from trunkcall.storage.sqlite.operations import leases as lease_operations
from trunkcall.storage.sqlite.transaction import WriteTransaction

_due = attrgetter("due_at", "sequence")


class SQLiteOwnership(Part):
    """Who owns an instance, and what a dialer does."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._purged: dict[str, tuple[Any, ...]] = {}
        """For each instance the attempt to a number that was looked at last."""
        self._released: dict[str, changing.HeldPlace] = {}
        """Of each instance the held contact that was looked at last."""

    async def acquire_lease(self, instance_id: str, owner: str, ttl: Duration, *, sole: bool = False) -> Lease | None:
        """Own the instance. Whoever owns it already gets a new lease. Raises NotFoundError without the instance."""
        return await self._database.write(
            lambda transaction: lease_operations.acquire_lease(
                transaction, instance_id, owner, ttl, self._database.clock(), sole=sole
            )
        )

    async def renew_lease(self, lease: Lease, ttl: Duration) -> None:
        """Own it for ``ttl`` from now."""
        await self._database.write(
            lambda transaction: lease_operations.renew_lease(transaction, lease, ttl, self._database.clock())
        )

    async def release_lease(self, lease: Lease) -> None:
        """Let the next owner in at once."""
        await self._database.write(lambda transaction: lease_operations.release_lease(transaction, lease))

    # --- what a dialer reads ---------------------------------------------------------------------------------------

    async def due_contacts(self, campaign_id: str, *, now: Instant, held: Collection[int], limit: int) -> DueContacts:
        """Waiting contacts that are due, and when the next is."""
        found: list[WaitingContact] = []
        passed_over = list(held)
        while room := limit - len(found):
            page = self._database.rows(
                "due_contacts", campaign_id=campaign_id, now=now, held=rows.to_json(passed_over), limit=room
            )
            sound, damaged = quarantine.sound_of_waiting(campaign_id, page)
            found += sound
            if not damaged:
                break
            passed_over += [contact.sequence for contact in sound]
            await self._database.mending.set_aside(damaged)
        found.sort(key=_due)
        next_due = self._database.row("next_due_at", campaign_id=campaign_id, now=now, latest=LATEST)
        return DueContacts(found, None if next_due is None else next_due.due_at)

    async def live_contacts(self, instance_id: str) -> Sequence[LiveContact]:
        """Contacts that are neither waiting nor ended."""
        sound, damaged = quarantine.sound_of_live(self._database.rows("live_contacts", instance_id=instance_id))
        if damaged:
            await self._database.mending.set_aside(damaged)
        return sound

    async def called_contacts(self, instance_id: str) -> Sequence[CalledContact]:
        """What flows may look up of contacts in progress."""
        return [called_from_row(row) for row in self._database.rows("called_contacts", instance_id=instance_id)]

    async def dialed_contacts(self, instance_id: str) -> Sequence[WaitingContact]:
        """Contacts that are being dialed. Damaged ones are for ``live_contacts`` to set aside."""
        found = self._database.rows("dialed_contacts", instance_id=instance_id)
        return [contact for row in found for contact in quarantine.sound_of_waiting(row.campaign_id, [row])[0]]

    async def live_sessions(self, instance_id: str) -> Sequence[LiveSession]:
        """Sessions that have not ended. One that the disk has made unreadable is none."""
        found = self._database.rows("live_sessions", instance_id=instance_id)
        return [session for session in map(rows.session_from_row, found) if session is not None]

    async def ledger(self, campaign_id: str, *, since: Instant) -> Sequence[LedgerMinute]:
        """The campaign's ledger from the minute of ``since``, oldest first."""
        return contact_rows.ledger_from_rows(
            self._database.rows("ledger", campaign_id=campaign_id, since=since - since % MINUTE)
        )

    async def day_counts(self, instance_id: str, *, since: Instant) -> Sequence[DayCount]:
        """What was counted by the day."""
        found = self._database.rows("day_counts", instance_id=instance_id, since=since)
        return [count for count in map(day_count_from_row, found) if count is not None]

    # --- what a dialer changes -------------------------------------------------------------------------------------

    async def commit(
        self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
    ) -> CommitResult:
        """Make the changes durable. Raises IllegalTransitionError, and changes nothing, if one is impossible in the
        state that its contact is in."""

        def operation(transaction: WriteTransaction) -> CommitResult:
            lease_operations.check_lease(transaction, lease, self._database.clock())
            return changing.apply_changes(transaction, lease, changes, clearances)

        refused = partial(changing.set_aside_refused_changes, lease=lease, changes=changes, clearances=clearances)
        return await self._database.mending.without_damaged(operation, refused)

    async def release_holds(self, lease: Lease, *, limit: int, anew: bool = True) -> int:
        """Have contacts that are held be due when they were asked to be. They are taken in the order of their places
        (``changing.HeldPlace``)."""
        instance_id = lease.instance_id
        after = changing.FIRST_PLACE if anew else self._released.get(instance_id, changing.FIRST_PLACE)

        def operation(transaction: WriteTransaction) -> tuple[int, changing.HeldPlace]:
            lease_operations.check_lease(transaction, lease, self._database.clock())
            return changing.release_holds(transaction, lease, after, limit)

        refused = partial(changing.set_aside_refused_releases, lease=lease, after=after, limit=limit)
        released, self._released[instance_id] = await self._database.mending.without_damaged(operation, refused)
        return released

    async def purge_counts(self, lease: Lease, *, before: Instant, limit: int) -> None:
        """Forget what is too old to be counted. Attempts are looked at in the order of their numbers' keys."""
        instance_id = lease.instance_id
        after = self._purged.get(instance_id, ())

        def operation(transaction: WriteTransaction) -> tuple[Any, ...]:
            lease_operations.check_lease(transaction, lease, self._database.clock())
            return clearing.purge_counts(transaction, instance_id, before, after, limit)

        self._purged[instance_id] = await self._database.write(operation)

    async def expire_waiting(self, lease: Lease, *, now: Instant, limit: int) -> Sequence[WaitingContact]:
        """End up to ``limit`` waiting contacts that will not be dialed any more."""

        def operation(transaction: WriteTransaction) -> Sequence[WaitingContact]:
            lease_operations.check_lease(transaction, lease, self._database.clock())
            return changing.expire_waiting(transaction, lease, now, limit)

        refused = partial(changing.set_aside_refused_expiries, lease=lease, now=now, limit=limit)
        return await self._database.mending.without_damaged(operation, refused)
