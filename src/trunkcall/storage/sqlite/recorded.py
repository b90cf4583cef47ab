"""Which contacts have recordings that are kept, in an SQLite file (``ports.recordings``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from trunkcall.domain.instants import Instant, is_instant
from trunkcall.storage.ports.recordings import FIRST, ListPlace, RecordedContact
from trunkcall.storage.sqlite.database import Part
from trunkcall.storage.sqlite.recordings import is_recordings, recordings_of
from trunkcall.storage.sqlite.rows import to_json
from trunkcall.storage.sqlite.statements import Row
from trunkcall.storage.sqlite.transaction import WriteTransaction


class SQLiteRecorded(Part):
    """Contacts whose recordings are kept."""

    async def recorded(
        self, instance_id: str, *, campaign_id: str | None = None, after: ListPlace = FIRST, limit: int
    ) -> Sequence[RecordedContact]:
        ended_at, sequence = after
        return _read(
            self._database.rows(
                "recorded",
                instance_id=instance_id,
                campaign_id=campaign_id,
                ended_at=ended_at,
                sequence=sequence,
                limit=limit,
            )
        )

    async def recorded_of_number(self, phone_number: str) -> Sequence[RecordedContact]:
        return _read(await self._database.long_read("recorded_of_number", phone_number=phone_number))

    async def recorded_and_erased(self, instance_id: str, *, limit: int) -> Sequence[RecordedContact]:
        return _read(await self._database.long_read("recorded_and_erased", instance_id=instance_id, limit=limit))

    async def note_deleted_recordings(self, sequences: Sequence[int], *, at: Instant) -> None:
        await self._database.mending.with_damaged(partial(_note_deleted, sequences=sequences, at=at))


def _note_deleted(transaction: WriteTransaction, sequences: Sequence[int], at: Instant) -> None:
    transaction.execute("note_deleted_recordings", sequences=to_json(sequences), at=at)


def _read(rows: Iterable[Row]) -> list[RecordedContact]:
    return [
        RecordedContact(row.sequence, row.contact_id, row.campaign_id, row.ended_at, recordings_of(row.recordings))
        for row in rows
        if is_recordings(row.recordings) and type(row.contact_id) is str and is_instant(row.ended_at)
    ]
