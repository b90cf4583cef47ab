"""When recordings are deleted: after so many days, with the personal data of their contacts, and when somebody is to be
forgotten.

Decides that, that what is deleted is noted where it was recorded, and that what cannot be deleted keeps nothing else
from being. It must not know where files are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

from trunkcall.domain.clock import NowOf, Sleep
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import DAY, Instant, to_datetime
from trunkcall.storage.ports.directory import InstanceArchive
from trunkcall.storage.ports.recordings import KeptRecordings, RecordedContact, RecordingDeletion

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 600.0
DELETED_AT_ONCE: Final = 100
"""Contacts: a file is deleted in a moment, and nobody waits for that many."""


class RecordingsLeftError(TrunkcallError):
    """Recordings that are to be kept no longer cannot be deleted."""


class RecordingRetention:
    """Deletes recordings. They are kept for ``days`` after their contacts have ended; None is for as long as the
    personal data of those. Times are of their instances."""

    def __init__(
        self,
        store: RecordingDeletion,
        files: KeptRecordings,
        instances: InstanceArchive,
        now_of: NowOf,
        *,
        days: int | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._files = files
        self._instances = instances
        self._now_of = now_of
        self._days = days
        self._sleep = sleep

    async def delete_of_number(self, phone_number: str, *, at: Instant) -> int:
        """Delete all that was recorded of a number, E.164; how many files there were. Of a talk that goes on, what is
        recorded until its end is deleted after that, by ``delete_due``. Raises RecordingsLeftError, once all others
        are gone."""
        left = _Left()
        deleted, _ = await self._delete(await self._store.recorded_of_number(phone_number), at, left)
        left.tell()
        return deleted

    async def delete_due(self) -> int:
        """Delete what is kept no longer, in every instance, deleted ones included; how many files there were. Raises
        RecordingsLeftError, once all others are gone."""
        left = _Left()
        deleted, days = 0, []
        for instance in await self._instances.every_instance():
            instance_id, now = instance.instance_id, self._now_of(instance.instance_id)
            deleted += await self._delete_all(partial(self._erased, instance_id), now, left)
            if self._days is not None:
                before = now - self._days * DAY
                days.append(f"{to_datetime(before - DAY):%Y-%m-%d}")
                deleted += await self._delete_all(partial(self._ended, instance_id, before), now, left)
        if days:
            # What is in no record any more: of contacts that the disk has changed.
            with left.noted():
                deleted += self._files.delete_before(min(days))
        if deleted:
            log.info("recordings were deleted that are kept no longer", extra={"files": deleted})
        left.tell()
        return deleted

    async def _erased(self, instance_id: str, limit: int) -> Sequence[RecordedContact]:
        return await self._store.recorded_and_erased(instance_id, limit=limit)

    async def _ended(self, instance_id: str, before: Instant, limit: int) -> Sequence[RecordedContact]:
        found = await self._store.recorded(instance_id, limit=limit)
        return [each for each in found if each.ended_at < before]

    async def _delete_all(
        self, find: Callable[[int], Awaitable[Sequence[RecordedContact]]], now: Instant, left: _Left
    ) -> int:
        """Delete of all that are found, so many at once, behind those that cannot be deleted."""
        deleted, before, stuck = 0, None, 0
        while (found := await find(DELETED_AT_ONCE + stuck)) and found != before:
            # In a store that is damaged what was deleted may be found again, and what cannot be deleted is: this would
            # go on for ever.
            before = found
            files, stuck = await self._delete(found, now, left)
            deleted += files
        return deleted

    async def _delete(self, contacts: Sequence[RecordedContact], at: Instant, left: _Left) -> tuple[int, int]:
        """How many files were deleted, and of how many contacts there are some that cannot be."""
        files, gone = 0, []
        for contact in contacts:
            with left.noted():
                files += sum(self._files.delete(each) for each in contact.recordings)
                gone.append(contact.sequence)
        # After the files: what is not noted yet is deleted again.
        await self._store.note_deleted_recordings(gone, at=at)
        return files, len(contacts) - len(gone)

    async def run(self) -> None:
        """Delete what is due every now and then, until cancelled."""
        while True:
            await self.delete_due()
            await self._sleep(LOOK_EVERY_S)


class _Left:
    """What could not be deleted on the way."""

    def __init__(self) -> None:
        self._why: OSError | None = None

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Go on behind what cannot be deleted."""
        try:
            yield
        except OSError as error:
            self._why = error

    def tell(self) -> None:
        """Raises RecordingsLeftError if there was anything."""
        if self._why is not None:
            raise RecordingsLeftError(
                f"Recordings that are to be kept no longer cannot be deleted: {self._why.strerror}."
            ) from self._why
