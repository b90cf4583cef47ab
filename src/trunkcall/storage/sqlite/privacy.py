"""Erasing personal data in an SQLite file (``ports.privacy``)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from trunkcall.domain.errors import StoreDamagedError
from trunkcall.domain.instants import Instant
from trunkcall.storage.ports.privacy import Erasure, ErasureReason
from trunkcall.storage.sqlite.database import Part
from trunkcall.storage.sqlite.operations import erasing
from trunkcall.storage.sqlite.operations.clearing import forget_numbers

_ERASED_AT_ONCE: Final = 1000


class SQLitePrivacy(Part):
    """Numbers that are forgotten, and those that were kept long enough."""

    async def forget_number(self, phone_number: str, *, at: Instant, number_key: int | None = None) -> int:
        """Erase a number. No index knows numbers, so that accepting one costs nothing: the search is a scan, in a
        thread of its own."""
        forgotten, before = 0, None
        while True:
            found = await self._database.long_read(
                "contacts_of_number", phone_number=phone_number, limit=_ERASED_AT_ONCE
            )
            if not found:
                break
            if found == before:
                # What was erased is found again: the file is damaged, and this would go on for ever.
                raise StoreDamagedError
            before = found
            await self._database.mending.with_damaged(partial(erasing.forget_contacts, contacts=found, at=at))
            forgotten += len(found)
        attempts = 0
        if number_key is not None:
            attempts = await self._database.write(partial(forget_numbers, number_keys=[number_key]))
        if forgotten or attempts:
            await self._database.drop_log()
        return forgotten

    async def erase_ended(self, instance_id: str, *, before: Instant, at: Instant, limit: int) -> int:
        """Erase personal data of contacts that ended before the instant."""
        return await self._database.mending.with_damaged(
            partial(erasing.erase_ended, instance_id=instance_id, before=before, at=at, limit=limit)
        )

    async def erasures(self) -> Sequence[Erasure]:
        """What was erased when, oldest first."""
        return [Erasure(row.at, ErasureReason(row.reason), row.contacts) for row in self._database.rows("erasures")]
