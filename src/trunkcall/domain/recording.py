"""What is recorded of talks: whether a campaign has it done, and what is known of each recording.

Decides the vocabulary of recordings, and how a campaign's tag switches them on. It must not know how sound is taken or
kept, nor when recording is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from trunkcall.domain.instants import Instant, to_datetime

TAG: Final = "trunkcall:recording"
ON: Final = "on"
FOLDER: Final = "recordings"
"""In the data directory."""
SUFFIX: Final = ".tcr"
"""Of a recording's file."""
VALUES: Final = (ON, "off")

Suspension: TypeAlias = tuple[Instant, Instant | None]
"""From when until when nothing was recorded; None is that it goes on, or that the recording ended meanwhile."""


class Unrecorded(StrEnum):
    """Why nothing was recorded although it was to be."""

    NOT_ANNOUNCED = "NotAnnounced"
    """The calling policy wants it announced, and the announcement was not heard to its end."""
    FAILED = "Failed"
    """It could not be made."""


class RecordingWish(StrEnum):
    """What can be asked for of the recording of a contact."""

    START = "Start"
    STOP = "Stop"
    """For good, once there is a talk."""
    SUSPEND = "Suspend"
    RESUME = "Resume"


@dataclass(frozen=True, slots=True)
class Recording:
    """A talk that is recorded, or a part of it. ``started_at`` is when sound was recorded first; None until then."""

    recording_id: str
    asked_at: Instant
    started_at: Instant | None = None
    stopped_at: Instant | None = None
    suspensions: tuple[Suspension, ...] = ()
    unrecorded: Unrecorded | None = None

    @property
    def goes_on(self) -> bool:
        return self.stopped_at is None and self.unrecorded is None

    @property
    def is_announced(self) -> bool:
        """Whether it is being announced: it says that it was not until that has been heard, or is given up."""
        return self.stopped_at is None and self.unrecorded is Unrecorded.NOT_ANNOUNCED


def recording_id_of(contact_id: str, part: int) -> str:
    """The id of a contact's recording; parts count from 1."""
    return f"{contact_id}.{part}"


def contact_of(recording_id: str) -> str:
    """Whose recording it is."""
    return recording_id.rpartition(".")[0]


def location_of(recording: Recording) -> str:
    """Where in the data directory what was recorded is kept: by the day, in UTC, at which it was asked for."""
    return f"{FOLDER}/{to_datetime(recording.asked_at):%Y-%m-%d}/{recording.recording_id}{SUFFIX}"


def is_suspended(recordings: tuple[Recording, ...]) -> bool:
    """Whether the last one was suspended, and not resumed."""
    return bool(recordings and recordings[-1].suspensions) and recordings[-1].suspensions[-1][1] is None


def records(tags: Mapping[str, str]) -> bool:
    """Whether the talks of a campaign with these tags are recorded."""
    return tags.get(TAG) == ON
