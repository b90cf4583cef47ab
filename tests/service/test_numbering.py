"""What the numbering plans say of a number decides whether it is dialed at all, and by whose clock.

If this fails, somebody pays for satellites, an emergency service is called, or people are woken.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneNumberType
from phonenumbers.timezone import time_zones_for_geographical_number, time_zones_for_number

from trunkcall.domain.clearance import Evidence
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.service.calling.numbering import Kind, leaves_as, leaves_to_emergency, numbering_of
from trunkcall.service.calling.plans import Plans

IN_AMERICA = Trunk("north", number_format=NumberFormat.NATIONAL, country="US")
IN_BRITAIN = Trunk("west", number_format=NumberFormat.NATIONAL, country="GB")
WITHOUT_PLUS = Trunk("south", number_format=NumberFormat.DIGITS, country="US")


def many_numbers(seed: int) -> list[str]:
    """Some of every country: examples of each type, with last digits at random, and digits that are nobody's."""
    chance = random.Random(seed)
    numbers = []
    for region in SUPPORTED_REGIONS:
        for each in range(11):
            example = phonenumbers.example_number_for_type(region, each)
            if example is not None:
                numbers.append(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))
    for code in sorted(COUNTRY_CODE_TO_REGION_CODE):
        numbers += [f"+{code}{chance.randrange(10**9):09}"[: chance.choice((8, 11, 12, 13))] for _ in range(3)]
    numbers += [f"+1{chance.randrange(200, 1000)}{chance.randrange(10**7):07}" for _ in range(400)]
    cut = [number[: -chance.randrange(1, 8)] for number in numbers]
    return numbers + [
        short + "".join(chance.choices("0123456789", k=len(long) - len(short)))
        for short, long in zip(cut, numbers, strict=True)
    ]


def as_written(number: str) -> phonenumbers.PhoneNumber | None:
    """The number as the library has it, if it takes its digits as they are."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    same = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
    return parsed if same else None


@pytest.mark.parametrize("seed", range(3))
def test_what_is_remembered_is_what_the_library_says(seed: int) -> None:
    kinds = {
        PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
        PhoneNumberType.SHARED_COST: Kind.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER: Kind.PERSONAL,
    }
    numbers = many_numbers(seed)
    checked = 0
    for number in numbers:
        parsed = as_written(number)
        if parsed is None:
            continue
        checked += 1
        found = numbering_of(number)
        region = phonenumbers.region_code_for_number(parsed)
        assert found.region == (None if region == "001" else region), number
        assert found.valid == phonenumbers.is_valid_number(parsed), number
        if found.kind is Kind.SATELLITE:
            assert region in (None, "001"), number
        elif phonenumbers.is_valid_short_number(parsed):
            assert found.kind is Kind.SHORT, number
        else:
            assert found.kind is kinds.get(phonenumbers.number_type(parsed), Kind.ORDINARY), number
    assert checked > 0.8 * len(numbers), "else this says little"


def test_who_forgets_is_told_the_same_again() -> None:
    """A list of the whole world does not fill the memory, and is read all the same."""
    forgetful, others = Plans(most=7), Plans()
    for number in many_numbers(4):
        assert forgetful.plan_of(number) == others.plan_of(number), number


def test_no_zone_that_the_library_has_is_left_out() -> None:
    """But those whose clocks differ from the place's, and those of the other countries with a calling code."""
    nobody_is_there = ("Etc/Unknown",)
    for number in many_numbers(7):
        parsed = as_written(number)
        found = numbering_of(number)
        if parsed is None or not found.valid or parsed.country_code in (7, 211, 212, 213, 218, 505, 970):
            continue
        assert parsed.country_code is not None
        listed: tuple[str, ...] = time_zones_for_number(parsed)
        if parsed.country_code == 1 and phonenumbers.number_type(parsed) == PhoneNumberType.MOBILE:
            listed = time_zones_for_geographical_number(parsed)
        if listed == nobody_is_there:
            assert found.zones == (), number
        elif len(listed) < 20:
            shared = len(COUNTRY_CODE_TO_REGION_CODE[parsed.country_code]) > 1 and found.evidence is Evidence.COUNTRY
            assert shared or set(listed) <= set(found.zones), number
            assert set(listed) & set(found.zones), number


@pytest.mark.parametrize(
    ("number", "evidence", "zones"),
    [
        ("+12704440100", Evidence.NUMBER, ("America/Chicago",)),
        ("+12705550100", Evidence.AREA, ("America/Chicago", "America/New_York")),
        ("+13645550100", Evidence.AREA, ("America/Chicago", "America/New_York")),
        ("+12085550100", Evidence.AREA, ("America/Boise", "America/Denver", "America/Los_Angeles")),
        ("+16025550100", Evidence.AREA, ("America/Phoenix",)),
        ("+18765550100", Evidence.AREA, ("America/Jamaica",)),
        ("+442079460000", Evidence.NUMBER, ("Europe/London",)),
        ("+61255500000", Evidence.AREA, ("Australia/Lord_Howe", "Australia/Sydney")),
        ("+77011234567", Evidence.COUNTRY, ("Asia/Almaty", "Asia/Aqtobe")),
        ("+870773111632", Evidence.COUNTRY, ()),
        ("+999123456789", Evidence.COUNTRY, ()),
    ],
)
def test_zones_are_known_by_number_area_or_country(number: str, evidence: Evidence, zones: tuple[str, ...]) -> None:
    assert (numbering_of(number).evidence, numbering_of(number).zones) == (evidence, zones)


CLOCKS_OF_NOBODY = {"Asia/Urumqi", "America/Danmarkshavn", "Europe/Simferopol"}
"""Not by law (China has one time), a weather station, and where +380 does not reach any more."""


@cache
def clock(zone: str) -> tuple[timedelta | None, ...]:
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return tuple((begin + timedelta(days=day)).astimezone(ZoneInfo(zone)).utcoffset() for day in range(365))


def zones_of_countries() -> dict[str, set[str]]:
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text().splitlines()
    found: dict[str, set[str]] = {}
    for line in lines:
        if not line.startswith("#"):
            region, _, zone, *_ = line.split("\t")
            found.setdefault(region, set()).add(zone)
    return found


def test_no_clock_of_a_country_is_unknown() -> None:
    """By the time zone database: whoever may be anywhere in a country is not called while a clock there forbids it."""
    unknown = {}
    for region, zones in zones_of_countries().items():
        mobile = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
        if mobile is None or region in ("US", "CA"):
            continue
        found = numbering_of(phonenumbers.format_number(mobile, phonenumbers.PhoneNumberFormat.E164))
        if found.evidence is Evidence.COUNTRY:
            known = {clock(zone) for zone in found.zones}
            missing = {zone for zone in zones - CLOCKS_OF_NOBODY if clock(zone) not in known}
            if missing:
                unknown[region] = missing
    assert not unknown
    free = {clock(zone) for zone in numbering_of("+18005550199").zones}
    assert {zone for zone in zones_of_countries()["US"] if clock(zone) not in free} == set()


@pytest.mark.parametrize(
    ("number", "trunk", "leaves"),
    [
        ("+12125550100", Trunk("north"), "+12125550100"),
        ("+12125550100", WITHOUT_PLUS, "12125550100"),
        ("+12125550100", IN_AMERICA, "2125550100"),
        ("+18095550100", IN_AMERICA, "8095550100"),
        ("+442079460000", IN_AMERICA, "011442079460000"),
        ("+390612345678", IN_AMERICA, "011390612345678"),
        ("+442079460000", IN_BRITAIN, "02079460000"),
        ("+12125550100", IN_BRITAIN, "0012125550100"),
        ("+493023125000", Trunk("east", number_format=NumberFormat.NATIONAL, country="DE"), "03023125000"),
        ("+390612345678", Trunk("rome", number_format=NumberFormat.NATIONAL, country="IT"), "0612345678"),
        ("+34911234567", Trunk("madrid", number_format=NumberFormat.NATIONAL, country="ES"), "911234567"),
        ("+61291234567", Trunk("sydney", number_format=NumberFormat.NATIONAL, country="AU"), "0291234567"),
        ("+12125550100", Trunk("sydney", number_format=NumberFormat.NATIONAL, country="AU"), "001112125550100"),
    ],
)
def test_a_number_leaves_in_the_form_of_its_trunk(number: str, trunk: Trunk, leaves: str) -> None:
    assert leaves_as(number, trunk) == leaves


@pytest.mark.parametrize(
    ("number", "trunk"),
    [
        ("+19115550100", IN_AMERICA),
        ("+911123456789", WITHOUT_PLUS),
        ("+61000555010", Trunk("sydney", number_format=NumberFormat.NATIONAL, country="AU")),
    ],
)
def test_digits_may_begin_with_an_emergency_number(number: str, trunk: Trunk) -> None:
    assert leaves_to_emergency(number, trunk)
    assert not leaves_to_emergency(number, Trunk("north")), "with its + it reaches nobody else"


@pytest.mark.parametrize(
    ("number", "trunk"),
    [
        ("+12125550100", IN_AMERICA),
        ("+911123456789", IN_AMERICA),
        ("+19115550100", WITHOUT_PLUS),
        ("+442079460000", IN_BRITAIN),
        ("+551932345678", Trunk("sao-paulo", number_format=NumberFormat.NATIONAL, country="BR")),
    ],
)
def test_others_do_not(number: str, trunk: Trunk) -> None:
    """In Brazil an emergency number is one with no digits after it: 193 begins the numbers of Campinas."""
    assert not leaves_to_emergency(number, trunk)
