"""Personal data that is erased, and how long it is kept.

Decides what is erased of a contact; what stays is a count. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from trunkcall.domain.instants import Instant


class ErasureReason(StrEnum):
    """Why personal data was erased."""

    FORGOTTEN = "Forgotten"
    """Somebody asked for it (``trunkcall forget``)."""
    RETENTION = "Retention"
    """The instance's retention had passed."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is left of what was erased: a count."""

    at: Instant
    reason: ErasureReason
    contacts: int


class PersonalData(Protocol):
    """Numbers, attributes and telling client tokens of contacts."""

    async def forget_number(self, phone_number: str, *, at: Instant, number_key: int | None = None) -> int:
        """Erase a number, its attributes, and client tokens that hold its digits or are made from them
        (``number-<32 hexadecimal digits>``), from every contact; one that waits ends EXPIRED, and so does one whose
        attempt turns out to be void. Attempts to it that calling limits count are forgotten, by the keys that its
        contacts were cleared with, and by ``number_key``: of contacts that were erased before no other is known. Counts
        by the day stay. Returns and keeps how many contacts there were."""

    async def erase_ended(self, instance_id: str, *, before: Instant, at: Instant, limit: int) -> int:
        """Erase the same of up to ``limit`` contacts that ended before the instant. Returns and keeps how many. Calling
        limits go on counting the attempts, as long as they do anyway: there is no number in what they count."""

    async def set_retention(self, instance_id: str, days: int | None) -> None:
        """Keep personal data of contacts that have ended for so many days; None is for ever. Raises NotFoundError."""
