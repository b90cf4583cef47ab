"""Use cases about recordings: which there are, what is heard on them, and what may be asked of those that go on.

Decides how much is given at once, and when one can be begun, suspended or ended. It must not know where sound is kept,
nor how it is taken. When it is deleted ``recording_retention`` decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

from trunkcall.domain.contact import ContactRecord, ContactState
from trunkcall.domain.errors import InvalidStateError, NotFoundError
from trunkcall.domain.recording import Recording, RecordingWish, contact_of, is_suspended
from trunkcall.domain.recording_file import RATE, Place, RecordingDamagedError
from trunkcall.service.centre import Centre
from trunkcall.storage.ports.recordings import FIRST, ListPlace, RecordedContacts, RecordedSounds

SAMPLES_AT_ONCE: Final = 30 * RATE
"""Of each track, in one answer: half a megabyte of sound."""

_ENDED: Final = "The contact has ended, and its recording with it."


class Dialing(Protocol):
    """Whoever dials, as far as these use cases need it."""

    async def recording_wished(self, instance_id: str, contact_id: str, wish: RecordingWish) -> bool:
        """Have it done; whether it is possible. Raises InvalidStateError if nobody dials for the instance."""


@dataclass(frozen=True, slots=True)
class ListedRecording:
    """A recording. ``samples`` is how many there are of each track; None without a file, or of a damaged one."""

    contact_id: str
    campaign_id: str
    recording: Recording
    samples: int | None
    damaged: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a list, and from where to go on; ``after`` is None at its end."""

    recordings: Sequence[ListedRecording]
    after: ListPlace | None


@dataclass(frozen=True, slots=True)
class Sound:
    """Some of a recording: samples of both tracks in turn, the customer's first, mu-law. It goes on ``after`` a place;
    None at its end, or where there is no more yet. ``whole`` is whether the recording was ended as it should be, as far
    as that is known by now. ``samples`` are all that there are of each track at present."""

    interleaved: bytes
    after: Place | None
    whole: bool
    samples: int


class Recordings:
    """What was recorded, and what is. Instances may be named by id or by ARN."""

    def __init__(self, store: RecordedContacts, sounds: RecordedSounds, centre: Centre, dialing: Dialing) -> None:
        self._store = store
        self._sounds = sounds
        self._centre = centre
        self._dialing = dialing

    # --- what there is ------------------------------------------------------------------------------------------------

    async def list_recordings(
        self, instance: str, *, campaign_id: str | None = None, after: ListPlace | None = None, limit: int
    ) -> Page:
        """Recordings of contacts that have ended, in the order of their ends. Raises NotFoundError."""
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        found = await self._store.recorded(instance_id, campaign_id=campaign_id, after=after or FIRST, limit=limit)
        listed = [
            await self._listed(contact.contact_id, contact.campaign_id, each)
            for contact in found
            for each in contact.recordings
        ]
        # One that cannot be read is left out, so fewer than asked for may not be all.
        return Page(listed, found[-1].place if found else None)

    async def recordings_of(self, instance: str, contact_id: str) -> Sequence[ListedRecording]:
        """Those of one contact, which may not have ended. Raises NotFoundError."""
        contact = await self._contact(instance, contact_id)
        kept = contact.recordings if contact.recordings_deleted_at is None else ()
        return [await self._listed(contact_id, contact.campaign_id, each) for each in kept]

    async def sound(self, instance: str, recording_id: str, at: Place | None = None) -> Sound:
        """Some of a recording from a place on. Raises NotFoundError, also where there is no sound of it;
        RecordingDamagedError where nothing before the damage is left to be heard."""
        contact = await self._contact(instance, contact_of(recording_id))
        recording = next((each for each in contact.recordings if each.recording_id == recording_id), None)
        if recording is None or contact.recordings_deleted_at is not None:
            raise NotFoundError("There is no recording with this id.")
        try:
            return await asyncio.to_thread(self._read, recording, at)
        except FileNotFoundError:
            raise NotFoundError(
                "There is no sound of this recording: nothing was recorded, or the carrier is the simulated one."
            ) from None

    def _read(self, recording: Recording, at: Place | None) -> Sound:
        counted = self._sounds.samples(recording)
        if counted is None:
            raise FileNotFoundError
        samples, _ = counted
        first, second = bytearray(), bytearray()
        after, whole = at, False
        try:
            for chunk in self._sounds.chunks(recording, at):
                first += chunk.first
                second += chunk.second
                after, whole = chunk.after, chunk.last
                if len(first) >= SAMPLES_AT_ONCE and not whole:
                    break
            else:
                after = None
        except RecordingDamagedError:
            # Whoever goes on from here is told.
            if not first:
                raise
        interleaved = bytearray(2 * len(first))
        interleaved[0::2], interleaved[1::2] = first, second
        return Sound(bytes(interleaved), after, whole, samples)

    async def _listed(self, contact_id: str, campaign_id: str, recording: Recording) -> ListedRecording:
        try:
            samples, damaged = await asyncio.to_thread(self._sounds.samples, recording) or (None, False)
        except RecordingDamagedError:
            samples, damaged = None, True
        return ListedRecording(contact_id, campaign_id, recording, None if damaged else samples, damaged)

    async def _contact(self, instance: str, contact_id: str) -> ContactRecord:
        instance_id = (await self._centre.directory(instance)).instance.instance_id
        contact = await self._store.contact(contact_id)
        if contact is None or contact.instance_id != instance_id:
            raise NotFoundError("There is no contact with this id in the instance.")
        return contact

    # --- what goes on -------------------------------------------------------------------------------------------------

    async def ask(self, instance: str, contact_id: str, wish: RecordingWish) -> None:
        """Have the recording of a contact in progress be begun, ended, suspended or resumed; once this returns it is.
        Raises NotFoundError, InvalidStateError where that is not possible."""
        contact = await self._contact(instance, contact_id)
        if contact.state is ContactState.ENDED:
            raise InvalidStateError(_ENDED)
        if contact.state is ContactState.WAITING:
            raise InvalidStateError("The contact was not dialed yet.")
        # What is to be recorded may not have begun: only whoever dials knows.
        if not await self._dialing.recording_wished(contact.instance_id, contact_id, wish):
            raise InvalidStateError(_refused(wish, contact.recordings))


def _refused(wish: RecordingWish, recordings: tuple[Recording, ...]) -> str:
    match wish:
        case RecordingWish.START:
            return "The contact is being recorded, or was, or is not to be: recording is begun once."
        case RecordingWish.SUSPEND if is_suspended(recordings):
            return "The recording is suspended."
        case RecordingWish.STOP | RecordingWish.SUSPEND:
            return "The contact is not being recorded."
        case RecordingWish.RESUME:
            return "The recording is not suspended."
        case _:
            assert_never(wish)
