"""A trunk: the way out of a switch by which customers are dialed.

Decides what is known of one, and which number an attempt on it may show. It must not know what is in use of it, nor
whether its host answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from trunkcall.domain.fact_kind import FactKind

MIN_ATTEMPTS_PER_S: Final = 0.01


class NumberFormat(StrEnum):
    """How a trunk wants to have the numbers that are dialed on it."""

    E164 = "e164"
    """With + and country calling code."""
    DIGITS = "digits"
    """The same without the +."""
    NATIONAL = "national"
    """As one dials in the trunk's country: ten digits in North America, with the 0 of Britain or Germany; for other
    countries after the international prefix, such as 011 or 00."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """One trunk of an instance, named by its id: 1 to 64 of a-z, 0-9 and the hyphen."""

    kind: ClassVar[FactKind] = FactKind.TRUNK

    trunk_id: str
    host: str = "local"
    """The switch that it is on. Trunks of one host are lost and found together, and so are all legs there."""
    channels: int = 1000
    """Its lines, at least 1; 0 of one that the disk has damaged."""
    attempts_per_s: float = 50.0
    """Attempts per second, at least ``MIN_ATTEMPTS_PER_S``, with a burst of one second's."""
    caller_numbers: tuple[str, ...] = ()
    """Numbers that it may show to those whom it dials, E.164; any of the instance's where there are none."""
    number_format: NumberFormat = NumberFormat.E164
    country: str = ""
    """The country that it dials in, ISO 3166-1; empty if nobody has said, as only E.164 allows."""
    regions: tuple[str, ...] = ()
    """Regions, ISO 3166-1, whose numbers may be dialed on it. Under a calling policy that has destinations it dials
    nothing without."""

    @property
    def fact_id(self) -> str:
        return self.trunk_id

    @property
    def name(self) -> str:
        return self.trunk_id

    def may_show(self, caller_id: str | None) -> bool:
        """Whether an attempt that is to show this number may go out here. None leaves it to the trunk."""
        return caller_id is None or not self.caller_numbers or caller_id in self.caller_numbers

    def shows(self, caller_id: str | None) -> str | None:
        """The number that an attempt shows here; None if nobody has said which."""
        return caller_id or (self.caller_numbers[0] if self.caller_numbers else None)
