"""What is known of a number: where it is, what it costs to whom, which clocks may hang there, and how it leaves.

Decides of an E.164 number the time zones that it may lie in; and of the digits that leave for it whether they reach an
emergency service. It must not know policies, people or hours. All that it knows is the phonenumbers library's, but for
areas that lie over others (``_SHARED``).

The library's table of time zones names the exchanges that differ from the rest of an area: in 270, Kentucky, those of
Chicago's time, and New York for the area. Where an exchange is not named, all zones of its area count, not the one that
the table has for the rest; where an area is not named, or a number tells no place, all of the country.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, TypeAlias, assert_never

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberFormat
from phonenumbers.shortnumberinfo import connects_to_emergency_number
from phonenumbers.tzdata import TIMEZONE_DATA

from trunkcall.domain.clearance import Evidence
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.domain.values import quickly_made
from trunkcall.service.calling.plans import Kind, Plans, calling_code_of, parsed

__all__ = ["Kind", "Numbering", "is_region", "leaves_as", "leaves_to_emergency", "numbering_of"]


@quickly_made
@dataclass(frozen=True, slots=True)
class Numbering:
    """What is known of a number. ``region`` is an ISO 3166-1 code, None without a country; ``zones`` are IANA names,
    sorted, none where nothing is known of them."""

    region: str | None
    valid: bool
    kind: Kind
    zones: tuple[str, ...]
    evidence: Evidence


_NORTH_AMERICA: Final = "1"
_AREA: Final = 4
"""Digits of North America's calling code and an area code."""
_SHARED: Final = {
    "1236": ("1250",),
    "1257": ("1250",),
    "1672": ("1250",),
    "1778": ("1250",),
    "1364": ("1270",),
    "1367": ("1418",),
    "1581": ("1418",),
    "1448": ("1850",),
    "1458": ("1541",),
    "1729": ("1423",),
    "1930": ("1812",),
    "1986": ("1208",),
    # The west of Saskatchewan has Alberta's time, and Creighton that of Manitoba.
    "1306": ("1780", "1204"),
    "1474": ("1306", "1780", "1204"),
    "1639": ("1306", "1780", "1204"),
}
"""Areas whose exchanges may have the time of others: most lie over an area that has two zones (North American Numbering
Plan), of which the library's table has one or none."""
_CLOCKS: Final = (
    ("211", "Africa/Nairobi", ("Africa/Juba",)),
    ("212", "Atlantic/Canary", ("Africa/Casablanca", "Africa/El_Aaiun")),
    ("213", "Europe/Paris", ("Africa/Algiers",)),
    ("218", "Europe/Bucharest", ("Africa/Tripoli",)),
    ("505", "America/Chicago", ("America/Managua",)),
    ("563", "America/Santiago", ("America/Santiago", "Pacific/Easter")),
    ("566", "America/Santiago", ("America/Santiago", "America/Coyhaique", "America/Punta_Arenas")),
    ("569", "America/Santiago", ("America/Coyhaique", "America/Punta_Arenas", "America/Santiago", "Pacific/Easter")),
    ("61", "Australia/Adelaide", ("Australia/Adelaide", "Australia/Darwin")),
    ("675", "Pacific/Port_Moresby", ("Pacific/Port_Moresby", "Pacific/Bougainville")),
    ("7", "Europe/Bucharest", ("Europe/Kaliningrad",)),
    ("970", "Europe/Bucharest", ("Asia/Gaza", "Asia/Hebron")),
)
"""By first digits, zones of the library's table whose clocks are not those of the place, and those that are, or that
are there besides, by ``zone.tab`` of the time zone database. Most differ in summer: Algiers does not change its clocks,
as Paris does that the table has for it."""
_BEYOND: Final = frozenset(key[:length] for key in TIMEZONE_DATA for length in range(1, len(key)))
"""What longer keys of the table begin with."""
_EMERGENCY_DIGITS: Final = 9
"""More than emergency numbers have anywhere."""
_REMEMBERED: Final = 65_536
_ASKED_AGAIN: Final = 8_192
"""Numbers: the gate asks for one some ten times while it waits in a window, and for those that are shown with each."""

Place: TypeAlias = tuple[tuple[str, ...], Evidence]

_NOWHERE: Final[Place] = (), Evidence.COUNTRY

_plans = Plans()


def is_region(code: str) -> bool:
    """Whether numbers are of a region that has this ISO 3166-1 code."""
    return code in phonenumbers.SUPPORTED_REGIONS


@lru_cache(_ASKED_AGAIN)
def numbering_of(number: str) -> Numbering:
    """What is known of a number in E.164."""
    plan = _plans.plan_of(number)
    calling_code = calling_code_of(number)
    if calling_code is None:
        zones, evidence = _NOWHERE
    elif plan.of_a_place or not plan.valid:
        zones, evidence = _place(number, calling_code, plan.region)
    else:
        zones, evidence = _country(calling_code, plan.region)
    return Numbering(plan.region, plan.valid, plan.kind, zones, evidence)


def _place(number: str, calling_code: str, region: str | None) -> Place:
    """The zones that the first digits tell."""
    for length in _lengths(calling_code):
        found = _PLACES.get(number[1 : 1 + length])
        if found is not None:
            return found
    return _country(calling_code, region)


@cache
def _lengths(calling_code: str) -> tuple[int, ...]:
    """How many digits places have under a calling code, most first."""
    return tuple(sorted({len(digits) for digits in _PLACES if digits.startswith(calling_code)}, reverse=True))


def _listed(key: str) -> tuple[str, ...]:
    """What the library's table has under some first digits, by the clocks that hang there."""
    zones: tuple[str, ...] = TIMEZONE_DATA.get(key, ())
    clocks = [each for each in _CLOCKS if each[0].startswith(key) or key.startswith(each[0])]
    replaced = {listed for _, listed, _ in clocks}
    there = (zone for _, listed, besides in clocks if listed in zones for zone in besides)
    return (*(zone for zone in zones if zone not in replaced), *there)


def _places() -> dict[str, Place]:
    """By first digits that are more than a calling code."""
    under: dict[str, set[str]] = {}
    for key in TIMEZONE_DATA:
        for length in range(1, len(key) + 1):
            under.setdefault(key[:length], set()).update(_listed(key))
    found: dict[str, Place] = {}
    for key in under:
        calling_code = calling_code_of("+" + key)
        if key == calling_code or calling_code is None:
            continue
        if key in TIMEZONE_DATA and key not in _BEYOND and (calling_code != _NORTH_AMERICA or len(key) > _AREA):
            found[key] = tuple(sorted(under[key])), Evidence.NUMBER
        elif len(key) == _AREA if calling_code == _NORTH_AMERICA else key in TIMEZONE_DATA:
            found[key] = tuple(sorted(under[key].union(*(under[area] for area in _SHARED.get(key, ()))))), Evidence.AREA
    for key in _SHARED.keys() - found.keys():
        found[key] = tuple(sorted(set().union(*(under[area] for area in _SHARED[key])))), Evidence.AREA
    return found


_PLACES: Final = _places()


@cache
def _country(calling_code: str, region: str | None) -> Place:
    """All zones of a country; where countries share a calling code and are told by first digits, of this region alone.
    Those of North America share numbers that tell no place."""
    leading = {
        each: metadata.leading_digits
        for each in COUNTRY_CODE_TO_REGION_CODE.get(int(calling_code), ())
        if (metadata := PhoneMetadata.metadata_for_region(each, None)) is not None
    }
    zones = set(_listed(calling_code))
    mine = leading.get(region or "")
    if mine is not None and calling_code != _NORTH_AMERICA:
        within = {
            zone
            for key in TIMEZONE_DATA
            if key.startswith(calling_code) and re.match(mine, key[len(calling_code) :])
            for zone in _listed(key)
        }
        zones = within or zones
    return tuple(sorted(zones)), Evidence.COUNTRY


def leaves_as(number: str, trunk: Trunk) -> str:
    """The number, E.164, as the INVITE on this trunk has it, in the trunk's number format."""
    match trunk.number_format:
        case NumberFormat.E164:
            return number
        case NumberFormat.DIGITS:
            return number[1:]
        case NumberFormat.NATIONAL:
            return _national(number, trunk.country)
        case _:
            assert_never(trunk.number_format)


def _national(number: str, country: str) -> str:
    calling_code = calling_code_of(number)
    if calling_code is None:
        return number[1:]
    own = calling_code == str(phonenumbers.country_code_for_region(country))
    if own and calling_code == _NORTH_AMERICA:
        return number[1 + len(calling_code) :]
    as_known = parsed(int(calling_code), number[1 + len(calling_code) :])
    if own:
        written = phonenumbers.format_number(as_known, PhoneNumberFormat.NATIONAL)
    else:
        written = phonenumbers.format_out_of_country_calling_number(as_known, country)
    return str(phonenumbers.normalize_digits_only(written))


def leaves_to_emergency(number: str, trunk: Trunk) -> bool:
    """Whether the digits that leave for this number on this trunk, or some with which they begin, reach an emergency
    service: of the trunk's country, or of the number's region."""
    digits = leaves_as(number, trunk)
    if digits.startswith("+"):
        # No switch takes a calling code for the beginning of an emergency number.
        return False
    regions = {trunk.country, numbering_of(number).region}
    return any(_reaches_emergency(digits[:_EMERGENCY_DIGITS], region) for region in regions if region)


@lru_cache(_REMEMBERED)
def _reaches_emergency(digits: str, region: str) -> bool:
    return bool(connects_to_emergency_number(digits, region))
