"""What the numbering plans say of a number: where it is, what it costs to whom, and which clocks may hang there.

Decides of an E.164 number its region, whether anybody can have it, its kind, and the time zones that it may lie in; and
of the digits that leave for it whether they reach an emergency service. It must not know policies, people or hours. All
that it knows is the phonenumbers library's.

The library's table of time zones holds what differs from the rest: of the area 270 in Kentucky some exchanges with
Chicago, and New York for the area. Where the exchange is not named, all zones of the area count, not the one that the
table has for its rest; where the area is not named, all of the country.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers.shortnumberinfo import connects_to_emergency_number
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

from trunkcall.domain.clearance import Evidence
from trunkcall.domain.trunk import NumberFormat, Trunk

_REMEMBERED: Final = 65_536


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
class Numbering:
    """What is known of a number. ``region`` is an ISO 3166-1 code, None without a country; ``zones`` are IANA names,
    sorted, none where nothing is known of them."""

    region: str | None
    valid: bool
    kind: Kind
    zones: tuple[str, ...]
    evidence: Evidence


_KINDS: Final = {
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
    PhoneNumberType.SHARED_COST: Kind.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: Kind.PERSONAL,
}
_SATELLITE: Final = ("+87", "+881", "+882", "+883", "+888")
_NO_COUNTRY: Final = "001"


@lru_cache(_REMEMBERED)
def numbering_of(number: str) -> Numbering:
    """What the plans say of a number in E.164."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        kind = Kind.SATELLITE if number.startswith(_SATELLITE) else Kind.ORDINARY
        return Numbering(None, False, kind, (), Evidence.COUNTRY)
    region = phonenumbers.region_code_for_number(parsed)
    zones, evidence = _zones(number, str(parsed.country_code))
    return Numbering(
        None if region == _NO_COUNTRY else region,
        phonenumbers.is_valid_number(parsed),
        _kind(number, parsed),
        zones,
        evidence,
    )


def _kind(number: str, parsed: phonenumbers.PhoneNumber) -> Kind:
    if number.startswith(_SATELLITE):
        return Kind.SATELLITE
    if phonenumbers.is_valid_short_number(parsed):
        return Kind.SHORT
    return _KINDS.get(phonenumbers.number_type(parsed), Kind.ORDINARY)


def _zones(number: str, calling_code: str) -> tuple[tuple[str, ...], Evidence]:
    digits = number[1:]
    for length in range(min(TIMEZONE_LONGEST_PREFIX, len(digits)), len(calling_code), -1):
        if digits[:length] in TIMEZONE_DATA:
            return _all_zones(digits[:length]), Evidence.NUMBER
    return _all_zones(calling_code), Evidence.COUNTRY


def _all_zones(prefix: str) -> tuple[str, ...]:
    return tuple(sorted({zone for key, zones in TIMEZONE_DATA.items() if key.startswith(prefix) for zone in zones}))


def leaves_as(number: str, trunk: Trunk) -> str:
    """The number as the INVITE on this trunk has it, in the trunk's number format."""
    match trunk.number_format:
        case NumberFormat.E164:
            return number
        case NumberFormat.DIGITS:
            return number[1:]
        case NumberFormat.NATIONAL:
            parsed = phonenumbers.parse(number)
            if parsed.country_code == phonenumbers.country_code_for_region(trunk.country):
                written = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
            else:
                written = phonenumbers.format_out_of_country_calling_number(parsed, trunk.country)
            return phonenumbers.normalize_digits_only(written)


@lru_cache(_REMEMBERED)
def reaches_emergency(digits: str, region: str) -> bool:
    """Whether the digits of an INVITE, or some with which they begin, reach an emergency service in a region."""
    return bool(connects_to_emergency_number(digits, region))


def leaves_to_emergency(number: str, trunk: Trunk) -> bool:
    """Whether an attempt to this number on this trunk may reach an emergency service: of the trunk's country, or of
    the number's region."""
    digits = leaves_as(number, trunk)
    regions = {trunk.country, numbering_of(number).region} - {"", None}
    return any(reaches_emergency(digits, region) for region in regions if region)
