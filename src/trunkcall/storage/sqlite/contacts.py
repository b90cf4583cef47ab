"""Dial requests and contacts in an SQLite file (``ports.contacts``)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from functools import partial

from trunkcall.domain.clearance import Hold
from trunkcall.domain.contact import ContactRecord, DialRequest
from trunkcall.domain.errors import StoreDamagedError
from trunkcall.domain.instants import MINUTE, Instant
from trunkcall.storage.ports.contacts import ContactCounts, PutResult, TokenForms
from trunkcall.storage.sqlite import contact_rows, rows
from trunkcall.storage.sqlite.clearances import hold_of, is_hold
from trunkcall.storage.sqlite.database import Part
from trunkcall.storage.sqlite.operations import requests as request_operations


class SQLiteContacts(Part):
    """Contacts, as they are accepted and told of."""

    async def put_dial_requests(
        self, campaign_id: str, requests: Sequence[DialRequest], *, at: Instant, max_waiting: int
    ) -> PutResult:
        """Accept dial requests in their order. Raises StoreFullError while nothing new is taken."""
        self._database.require_room()
        values = [contact_rows.request_to_values(request) for request in requests]
        return await self._database.write(
            lambda transaction: request_operations.put_dial_requests(
                transaction, campaign_id, requests, values, at, max_waiting
            )
        )

    async def change_due(self, campaign_id: str, contact_ids: Collection[str], *, due_at: Instant) -> int:
        """Have waiting contacts be due at another instant."""
        return await self._database.mending.without_damaged(
            partial(request_operations.change_due, campaign_id=campaign_id, contact_ids=contact_ids, due_at=due_at),
            partial(
                request_operations.set_aside_refused_due,
                campaign_id=campaign_id,
                contact_ids=contact_ids,
                due_at=due_at,
            ),
        )

    async def waiting_count(self, campaign_id: str) -> int:
        """How many contacts of the campaign wait; 0 for a campaign that does not exist."""
        row = self._database.row("waiting_count", campaign_id=campaign_id)
        return 0 if row is None else rows.whole(row.waiting)

    async def contact(self, contact_id: str) -> ContactRecord | None:
        """One contact record."""
        row = self._database.row("contact_record", contact_id=contact_id)
        return None if row is None else contact_rows.record_from_row(row)

    async def give_attributes(self, contact_id: str, attributes: Mapping[str, str], *, at: Instant) -> bool:
        """Set attributes, over those that there are."""
        document = rows.to_json(attributes)
        return await self._database.write(
            lambda transaction: (
                transaction.execute("give_attributes", contact_id=contact_id, attributes=document, at=at) > 0
            )
        )

    async def waiting_before(self, contact_id: str) -> int:
        """How many wait before it. Of a long backlog that is a long read."""
        found = await self._database.long_read("waiting_before", contact_id=contact_id)
        return int(found[0].waiting) if found else 0

    async def first_hold(self, campaign_id: str) -> Hold | None:
        """The hold of whoever is due first; None where it cannot be read."""
        row = self._database.row("first_hold", campaign_id=campaign_id)
        return None if row is None or not is_hold(row.hold) or row.hold is None else hold_of(row.hold)

    async def contacts(
        self,
        *,
        campaign_id: str | None = None,
        instance_id: str | None = None,
        chunk: int = 1000,
        on_left_out: Callable[[int], None] | None = None,
    ) -> AsyncIterator[Sequence[ContactRecord]]:
        """Every contact record in order of acceptance. Each chunk is a read of its own, as of when it is read. Raises
        StoreDamagedError where it comes to no end: the pages of the file lead back to where they were."""
        sequence = 0
        while True:
            records, damaged, last = await self._database.records(sequence, campaign_id, instance_id, chunk)
            if last is None:
                return
            if last <= sequence:
                raise StoreDamagedError
            sequence = last
            if damaged and on_left_out is not None:
                on_left_out(damaged)
            if records:
                yield records

    async def contact_counts(self, campaign_ids: Sequence[str]) -> Mapping[str, ContactCounts]:
        """The counts of several campaigns, from one statement."""
        return contact_rows.counts_from_rows(
            self._database.rows("contact_counts", campaign_ids=rows.to_json(list(campaign_ids)))
        )

    async def ledger_sum(self, campaign_id: str, *, since: Instant) -> tuple[int, int]:
        """Live answers and abandonments from the minute of ``since`` on."""
        (row,) = self._database.rows("ledger_sum", campaign_id=campaign_id, since=since - since % MINUTE)
        return row.live_answers, row.abandoned

    async def token_forms(self, campaign_id: str) -> TokenForms:
        """Of many tokens that only begin like these it is a long read."""
        [row] = await self._database.long_read("token_forms", campaign_id=campaign_id)
        return TokenForms(bool(row.of_lines), bool(row.erased))
