"""The numbering plans of the phonenumbers library, remembered by as many digits as they look at.

Decides of an E.164 number its region, whether anybody can have it, its kind, and whether it tells a place. Asking the
library costs a hundred microseconds a number; but all numbers of a length that begin with the same few digits are alike
to it, so what it says of one is kept for all. How few digits, its own patterns tell (``digit_patterns``). It must not
know time zones, nor what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, PhoneNumberType
from phonenumbers.phonenumberutil import is_number_type_geographical

from trunkcall.service.calling.digit_patterns import Pattern


class Kind(StrEnum):
    """What kind of number it is, as far as that decides whether it may be called. Only ordinary ones may."""

    ORDINARY = "ordinary"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    """It follows a person anywhere, at a price of its own: +44 70."""
    SATELLITE = "satellite"
    """Of satellites and of networks that belong to no country: +87x, +881, +882, +883, +888."""
    SHORT = "short"
    """A short code of its region."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a numbering plan says of a number. ``region`` is an ISO 3166-1 code, None without a country."""

    region: str | None
    valid: bool
    kind: Kind
    of_a_place: bool
    """Whether its digits tell where it is within its country."""


_KINDS: Final = {
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
    PhoneNumberType.SHARED_COST: Kind.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: Kind.PERSONAL,
}
_SATELLITE: Final = ("87", "881", "882", "883", "888")
"""+880 is Bangladesh, and +886 Taiwan."""
_NO_COUNTRY: Final = "001"
_NORTH_AMERICA: Final = 1
_LONGEST_CALLING_CODE: Final = 3
_CALLING_CODES: Final = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)
_MOST_KEPT: Final = 100_000
"""Beginnings of numbers that are remembered at once, of about 500 bytes each: several times what the plans of North
America and of Europe come to."""
_DESCRIPTIONS: Final = (
    "general_desc",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)
_UNKNOWN: Final = Plan(None, False, Kind.ORDINARY, of_a_place=False)
_OF_NOBODY: Final = Plan(None, False, Kind.SATELLITE, of_a_place=False)


class _Beginning:
    """Some first digits of national numbers of a length: the patterns that they leave open, and how they go on."""

    __slots__ = ("after", "open", "plan")

    def __init__(self, undecided: tuple[tuple[Pattern, int], ...], left: int) -> None:
        self.open = tuple(each for each in undecided if each[0].outcome(each[1], left) is None)
        self.after: dict[str, _Beginning] = {}
        self.plan: Plan | None = None


class Plans:
    """What the plans say of numbers, remembered: of ``most`` beginnings of numbers at once."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        self._most = most
        self._roots: dict[tuple[str, int], _Beginning] = {}
        self._kept = 0

    def plan_of(self, number: str) -> Plan:
        """What its plan says of a number in E.164."""
        calling_code = calling_code_of(number)
        if calling_code is None:
            return _OF_NOBODY if number.startswith(_SATELLITE, 1) else _UNKNOWN
        first = len(calling_code) + 1
        left = len(number) - first
        here = self._roots.get((calling_code, left)) or self._root(calling_code, left)
        for digit in number[first:]:
            if here.plan is not None:
                return here.plan
            if not here.open:
                break
            left -= 1
            here = here.after.get(digit) or self._after(here, digit, left)
        if here.plan is None:
            here.plan = _asked(int(calling_code), number[first:])
        return here.plan

    def _root(self, calling_code: str, length: int) -> _Beginning:
        patterns = tuple((pattern, 0) for pattern in _patterns(int(calling_code), length))
        root = self._roots[calling_code, length] = _Beginning(patterns, length)
        return root

    def _after(self, here: _Beginning, digit: str, left: int) -> _Beginning:
        if self._kept >= self._most:
            self._roots.clear()
            self._kept = 0
        self._kept += 1
        undecided = tuple((pattern, pattern.after(state, digit)) for pattern, state in here.open)
        after = here.after[digit] = _Beginning(undecided, left)
        return after


def calling_code_of(number: str) -> str | None:
    """The country calling code of a number in E.164; None if nobody has one that it begins with."""
    for length in range(1, _LONGEST_CALLING_CODE + 1):
        if number[1 : 1 + length] in _CALLING_CODES:
            return number[1 : 1 + length]
    return None


def parsed(calling_code: int, national: str) -> PhoneNumber:
    """The number as the library has it, with the digits that were written and no others: its own parsing leaves out
    what is not dialed from abroad."""
    zeros = len(national) - len(str(int(national or "0")))
    return PhoneNumber(
        country_code=calling_code,
        national_number=int(national or "0"),
        italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def _asked(calling_code: int, national: str) -> Plan:
    """What the library says of one number."""
    number = parsed(calling_code, national)
    region = phonenumbers.region_code_for_number(number)
    type_ = phonenumbers.number_type(number)
    return Plan(
        None if region == _NO_COUNTRY else region,
        phonenumbers.is_valid_number(number),
        _kind(number, type_),
        # All numbers of North America begin with an area, those of mobile phones too.
        is_number_type_geographical(type_, calling_code)
        or (calling_code == _NORTH_AMERICA and type_ == PhoneNumberType.MOBILE),
    )


def _kind(number: PhoneNumber, type_: int) -> Kind:
    if str(number.country_code).startswith(_SATELLITE):
        return Kind.SATELLITE
    if phonenumbers.is_valid_short_number(number):
        return Kind.SHORT
    return _KINDS.get(type_, Kind.ORDINARY)


def _patterns(calling_code: int, length: int) -> Iterator[Pattern]:
    """All that the library may go by for national numbers of this length."""
    for region in COUNTRY_CODE_TO_REGION_CODE[calling_code]:
        plans = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
        short = None if region == _NO_COUNTRY else PhoneMetadata.short_metadata_for_region(region)
        if plans is not None:
            if plans.leading_digits is not None:
                yield _pattern(plans.leading_digits, beginning=True)
            descriptions = [getattr(plans, name) for name in _DESCRIPTIONS]
        if short is not None:
            descriptions += short.general_desc, short.short_code
        for each in descriptions:
            if (
                each is not None
                and each.national_number_pattern
                and (not each.possible_length or length in each.possible_length)
            ):
                yield _pattern(each.national_number_pattern)


@cache
def _pattern(written: str, *, beginning: bool = False) -> Pattern:
    return Pattern(written, beginning=beginning)
