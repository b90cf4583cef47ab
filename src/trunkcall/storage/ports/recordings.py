"""What was recorded: which contacts have recordings, and the sound of each.

Decides what is listed and deleted together: all recordings of a contact. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.instants import Instant
from trunkcall.domain.recording import Recording
from trunkcall.domain.recording_file import Chunk, Place

ListPlace: TypeAlias = tuple[Instant, int]
"""Where a list goes on: behind what ended then and has this sequence."""
FIRST: ListPlace = (-1, -1)


@dataclass(frozen=True, slots=True)
class RecordedContact:
    """A contact that has ended and of which something was recorded, or was to be."""

    sequence: int
    contact_id: str
    campaign_id: str
    ended_at: Instant
    recordings: tuple[Recording, ...]

    @property
    def place(self) -> ListPlace:
        return self.ended_at, self.sequence


class RecordedContacts(Protocol):
    """The contacts whose recordings are kept."""

    async def recorded(
        self, instance_id: str, *, campaign_id: str | None = None, after: ListPlace = FIRST, limit: int
    ) -> Sequence[RecordedContact]:
        """Up to ``limit`` contacts that have ended, in the order of their ends, behind a place: those whose recordings
        were not deleted. What cannot be read is left out."""

    async def contact(self, contact_id: str) -> ContactRecord | None:
        """All that is known of one contact, or None if there is none. Raises ContactDamagedError."""


class RecordingDeletion(Protocol):
    """The contacts whose recordings are to be deleted."""

    async def recorded(self, instance_id: str, *, limit: int) -> Sequence[RecordedContact]:
        """The first ones, as in ``RecordedContacts``."""

    async def recorded_of_number(self, phone_number: str) -> Sequence[RecordedContact]:
        """Those of one number, ended or not. Of a large store it is a long read."""

    async def recorded_and_erased(self, instance_id: str, *, limit: int) -> Sequence[RecordedContact]:
        """Those that have ended and whose personal data was erased, in whatever order. It is a long read."""

    async def note_deleted_recordings(self, sequences: Sequence[int], *, at: Instant) -> None:
        """Note that what was recorded of these contacts was deleted. Whoever has not ended is left as it is."""


class RecordedSounds(Protocol):
    """The files, to be heard."""

    def samples(self, recording: Recording) -> tuple[int, bool] | None:
        """How many samples there are of each track at present, and whether damage is behind them; None where there is
        no file. Raises RecordingDamagedError for one that is damaged from its beginning, RecordingUnreadableError."""

    def chunks(self, recording: Recording, at: Place | None = None) -> Iterator[Chunk]:
        """The sound of a recording from a place on. Raises FileNotFoundError, RecordingDamagedError,
        RecordingUnreadableError."""


class KeptRecordings(Protocol):
    """The files, to be deleted."""

    def delete(self, recording: Recording) -> bool:
        """Delete a file; whether there was one. Raises OSError where it cannot be deleted."""

    def delete_before(self, day: str) -> int:
        """Delete what is left of days before this one (YYYY-MM-DD); how many files there were. Raises OSError where
        something cannot be deleted."""
