"""Damaged contacts in an SQLite file (``ports.quarantine``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from trunkcall.domain.contact import QuarantinedContact
from trunkcall.domain.instants import Instant
from trunkcall.storage.sqlite import contact_rows
from trunkcall.storage.sqlite.database import Part
from trunkcall.storage.sqlite.operations import quarantine


class SQLiteQuarantine(Part):
    """Who is set aside, and how that ends."""

    async def quarantine_damaged(self) -> int:
        """Look at every contact. Those in progress are left to whoever has them in hand until they have ended."""
        sequence, before = 0, await self.quarantined_count()
        while page := await self._database.long_read(
            "contact_records",
            after_sequence=sequence,
            campaign_id=None,
            instance_id=None,
            limit=1000,
        ):
            sequence = page[-1].sequence
            _, damaged = quarantine.sound_of_records([row for row in page if not quarantine.is_in_progress(row)])
            if damaged:
                await self._database.write(partial(quarantine.set_aside_as_it_stands, found=damaged))
        return await self.quarantined_count() - before

    async def quarantined(self, campaign_id: str | None = None) -> Sequence[QuarantinedContact]:
        """What is set aside, in order of acceptance."""
        return [
            contact_rows.quarantined_from_row(row)
            for row in self._database.rows("quarantined", campaign_id=campaign_id)
        ]

    async def quarantined_count(self, instance_id: str | None = None) -> int:
        """How many are set aside."""
        (row,) = self._database.rows("count_quarantined", instance_id=instance_id)
        return int(row.contacts)

    async def end_quarantined(self, sequences: Collection[int] | None, *, at: Instant, erase: bool = False) -> int:
        """End them. Where the indexes have a row elsewhere they are made anew, which takes a while."""
        ended = await self._database.mending.with_damaged(
            partial(quarantine.end_quarantined, sequences=sequences, at=at, erase=erase)
        )
        if ended:
            await self._database.drop_log()
        return ended
