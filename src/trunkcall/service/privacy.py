"""Use cases about personal data: forgetting a number, and erasing what was kept long enough.

Decides what is erased and when; a count stays. It must not know where the data rests.
"""

from __future__ import annotations

import asyncio
import logging

from trunkcall.domain.clock import NowOf, Sleep
from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.fields import Field
from trunkcall.domain.instants import DAY
from trunkcall.service.calling.number_key import NumberKey
from trunkcall.service.numbers import NotDialableError, to_e164
from trunkcall.service.recording_retention import RecordingRetention, RecordingsLeftError
from trunkcall.storage.ports.directory import InstanceArchive
from trunkcall.storage.ports.privacy import PersonalData

log = logging.getLogger(__name__)

ERASE_EVERY_S = 60.0
ERASED_AT_ONCE = 1000
MAX_DAYS = 36_500
"""Longest retention, a hundred years. Far longer ones lie before any instant that a store can hold."""


class Privacy:
    """Erases personal data. ``number_key`` finds what is kept of attempts to a number by its key alone; without it that
    goes as far as there is a contact of the number. ``recordings`` deletes what was recorded of it; where it is None,
    that is done by whoever has it when due."""

    def __init__(
        self,
        store: PersonalData,
        instances: InstanceArchive,
        now_of: NowOf,
        *,
        number_key: NumberKey | None = None,
        recordings: RecordingRetention | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._instances = instances
        self._now_of = now_of
        self._number_key = number_key
        self._recordings = recordings
        self._sleep = sleep

    async def forget(self, phone_number: str) -> int:
        """Erase a number and its attributes from every request and record; a request that waits is not dialed any
        more, and calling limits count attempts to it from here on. It stays on do-not-call lists. Returns how many
        contacts there were. Raises InvalidInputError for what is no number, RecordingsLeftError where the number is
        forgotten and something that was recorded of it is left."""
        try:
            number = to_e164(phone_number)
        except NotDialableError as error:
            reason = error.worded({Field.PHONE_NUMBER: "the number"})
            raise InvalidInputError(f"That is no number that could be kept here: {reason}.") from error
        times = [self._now_of(instance.instance_id) for instance in await self._instances.every_instance()]
        number_key = None if self._number_key is None else self._number_key(number)
        left: RecordingsLeftError | None = None
        if self._recordings is not None:
            # First: once the number is erased nobody knows whose they are.
            try:
                await self._recordings.delete_of_number(number, at=max(times, default=0))
            except RecordingsLeftError as error:
                left = error
        forgotten = await self._store.forget_number(number, at=max(times, default=0), number_key=number_key)
        if left is not None:
            raise RecordingsLeftError(f"The number was forgotten, but not all that was said. {left.message}") from left
        return forgotten

    async def set_retention(self, instance_id: str, days: int | None) -> None:
        """Keep personal data of contacts that have ended for so many days; None is for ever."""
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise InvalidInputError(f"Retention must be from 1 to {MAX_DAYS} days.")
        await self._store.set_retention(instance_id, days)

    async def erase_due(self) -> int:
        """Erase what was kept long enough, in every instance, deleted ones included. Returns how many contacts there
        were."""
        erased = 0
        for instance in await self._instances.every_instance():
            if instance.retention_days is None:
                continue
            now = self._now_of(instance.instance_id)
            while True:
                number = await self._store.erase_ended(
                    instance.instance_id,
                    before=now - instance.retention_days * DAY,
                    at=now,
                    limit=ERASED_AT_ONCE,
                )
                erased += number
                if number < ERASED_AT_ONCE:
                    break
        return erased

    async def run(self) -> None:
        """Erase what is due every now and then, until cancelled."""
        while True:
            erased = await self.erase_due()
            if erased:
                log.info("personal data was erased after its retention", extra={"contacts": erased})
            await self._sleep(ERASE_EVERY_S)
