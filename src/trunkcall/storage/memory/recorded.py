"""Which contacts have recordings that are kept, in memory (``ports.recordings``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trunkcall.domain.contact import ContactState
from trunkcall.domain.instants import Instant
from trunkcall.storage.memory.state import Held, Part
from trunkcall.storage.ports.recordings import FIRST, ListPlace, RecordedContact


class RecordedInMemory(Part):
    """Contacts whose recordings are kept."""

    async def recorded(
        self, instance_id: str, *, campaign_id: str | None = None, after: ListPlace = FIRST, limit: int
    ) -> Sequence[RecordedContact]:
        found = _told(
            held
            for held in self._kept()
            if held.record.instance_id == instance_id
            and held.record.ended_at is not None
            and campaign_id in (None, held.record.campaign_id)
        )
        return sorted([each for each in found if each.place > after], key=lambda each: each.place)[:limit]

    async def recorded_of_number(self, phone_number: str) -> Sequence[RecordedContact]:
        return _told(held for held in self._kept() if held.record.phone_number == phone_number)

    async def recorded_and_erased(self, instance_id: str, *, limit: int) -> Sequence[RecordedContact]:
        return _told(
            held
            for held in self._kept()
            if held.record.instance_id == instance_id
            and held.record.ended_at is not None
            and not held.record.phone_number
        )[:limit]

    async def note_deleted_recordings(self, sequences: Sequence[int], *, at: Instant) -> None:
        found = [self._state.contacts[sequence] for sequence in sequences if sequence in self._state.contacts]
        self._state.put_contacts(
            held.noted(recordings_deleted_at=at)
            for held in found
            if held.record.state is ContactState.ENDED and held.record.recordings
        )

    def _kept(self) -> Iterable[Held]:
        return (
            held
            for held in self._state.contacts.values()
            if held.record.recordings and held.record.recordings_deleted_at is None
        )


def _told(found: Iterable[Held]) -> list[RecordedContact]:
    return [
        RecordedContact(
            held.sequence,
            held.record.contact_id,
            held.record.campaign_id,
            held.record.ended_at or 0,
            held.record.recordings,
        )
        for held in found
    ]
