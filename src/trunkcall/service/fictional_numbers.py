"""Numbers that nobody can have, because those who give out numbers keep them for fiction.

Decides which they are, by country and type:
- United States and Canada: 555-0100 to 555-0199 of every area code, and 800-555-0199 (North American Numbering Plan);
- United Kingdom: the ranges for drama of Ofcom;
- Germany: the numbers for media productions of the Bundesnetzagentur;
- France: the numbers for audiovisual works of Arcep;
- Australia: the numbers for creative works of the ACMA.

Other countries keep none, or so few that they are left out; numbers of mobile phones are. It must not know who claims
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

import phonenumbers

DID: Final = "DID"
TOLL_FREE: Final = "TOLL_FREE"


@dataclass(frozen=True, slots=True)
class Range:
    """All numbers that begin so, in E.164, and go on with so many digits."""

    beginning: str
    free: int

    def numbers(self, prefix: str, after: str) -> Iterator[str]:
        """Those that begin with the prefix and come after a number, in order."""
        if not (self.beginning.startswith(prefix) or prefix.startswith(self.beginning)):
            return
        wanted = prefix[len(self.beginning) :]
        first, last = (int(wanted.ljust(self.free, digit) or "0") for digit in "09")
        if after.startswith(self.beginning):
            first = max(first, int(after[len(self.beginning) :] or "0") + 1)
        elif after > self.beginning:
            return
        for number in range(first, last + 1 if len(wanted) <= self.free else first):
            yield self.beginning + str(number).zfill(self.free)[: self.free]

    def has(self, number: str) -> bool:
        return number.startswith(self.beginning) and len(number) == len(self.beginning) + self.free


_UK_AREAS = ("113", "114", "115", "116", "117", "118", "121", "131", "141", "151", "161")

_RANGES: Mapping[tuple[str, str], tuple[Range, ...]] = MappingProxyType(
    {
        ("US", TOLL_FREE): (Range("+18005550199", 0),),
        ("GB", DID): (
            *(Range(f"+44{area}4960", 3) for area in _UK_AREAS),
            Range("+441632960", 3),
            Range("+441914980", 3),
            Range("+442079460", 3),
            Range("+442920180", 3),
            Range("+443069990", 3),
        ),
        ("GB", TOLL_FREE): (Range("+448081570", 3),),
        ("DE", DID): (
            Range("+492214710", 3),
            Range("+493023125", 3),
            Range("+494066969", 3),
            Range("+496990009", 3),
            Range("+498999998", 3),
        ),
        ("FR", DID): tuple(Range(f"+33{area}", 4) for area in ("19900", "26191", "35301", "46571", "53649")),
        ("AU", DID): tuple(Range(f"+61{area}{part}", 4) for area in "2378" for part in ("5550", "7010")),
    }
)
_NORTH_AMERICA: Final = ("US", "CA")


@cache
def _ranges(country: str, number_type: str) -> tuple[Range, ...]:
    """In the order of their numbers."""
    if country in _NORTH_AMERICA and number_type == DID:
        return _north_american(country)
    return _RANGES.get((country, number_type), ())


@cache
def _north_american(country: str) -> tuple[Range, ...]:
    """The ranges of the country's area codes, as far as the library knows these as places."""
    ranges = []
    for area in range(200, 1000):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=area * 10_000_000 + 5550100)
        if phonenumbers.region_code_for_number(number) == country and phonenumbers.number_type(number) in (
            phonenumbers.PhoneNumberType.FIXED_LINE,
            phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        ):
            ranges.append(Range(f"+1{area}55501", 2))
    return tuple(ranges)


def fictional_numbers(country: str, number_type: str, prefix: str = "", after: str = "") -> Iterator[str]:
    """Numbers of the country (ISO 3166-1 alpha-2) and type that begin with the prefix and come after a number, in
    order, all in E.164."""
    for each in _ranges(country, number_type):
        yield from each.numbers(prefix, after)


def fiction_of(number: str) -> tuple[str, str] | None:
    """The country and type under which a number is kept for fiction; None if it is not."""
    for key in (*_RANGES, *((country, DID) for country in _NORTH_AMERICA)):
        if any(each.has(number) for each in _ranges(*key)):
            return key
    return None
