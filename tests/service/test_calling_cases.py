"""The cases of local time, destination and digits in docs/reference/calling-cases.md, each with its source there.

If this fails, that page says what is not so, or somebody is called who should not be.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from trunkcall.domain.calling_hours import callable_until, opens_at
from trunkcall.domain.calling_rules import HoursRule, Window
from trunkcall.domain.instants import DAY, Instant, from_datetime, to_datetime
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.service.calling.numbering import Kind, leaves_as, leaves_to_emergency, numbering_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "calling-cases.md"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def table(title: str) -> list[list[str]]:
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def name(value: object) -> str:
    return str(value[0]) if isinstance(value, list) else ""


def instant(written: str) -> Instant:
    return from_datetime(datetime.fromisoformat(written))


def minute(written: str) -> int:
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


def rule(hours: str) -> HoursRule:
    if not hours:
        return HoursRule((), {day: (Window(480, 1260),) for day in range(7)})
    day, _, window = hours.partition(" ")
    begins, _, ends = window.partition("-")
    return HoursRule((), {WEEKDAYS.index(day): (Window(minute(begins), minute(ends)),)})


@pytest.mark.parametrize("row", table("Local times"), ids=name)
def test_local_time(row: list[str]) -> None:
    _, number, attribute, hours, at, then, source = row
    assert source, "a case without a source proves nothing"
    zones = (attribute,) if attribute else numbering_of(number).zones
    now, rules = instant(at), (rule(hours),)
    until = callable_until(rules, zones, now, 0)
    opens = opens_at(rules, zones, now, 0, now + 30 * DAY)
    assert opens is not None
    found = (
        f"opens {to_datetime(opens):%Y-%m-%dT%H:%M}" if until is None else f"until {to_datetime(until):%Y-%m-%dT%H:%M}"
    )
    assert found == then


@pytest.mark.parametrize("row", table("Destinations"), ids=name)
def test_destination(row: list[str]) -> None:
    _, number, region, kind, dialed, source = row
    found = numbering_of(number)
    assert ((found.region or ""), found.kind.value) == (region, kind)
    allowed = found.valid and found.kind is Kind.ORDINARY and found.region
    assert dialed == (f"where {found.region} is allowed" if allowed else "never")
    assert source


@pytest.mark.parametrize("row", table("Digits that leave"), ids=name)
def test_digits(row: list[str]) -> None:
    _, number, number_format, country, leaves, emergency, source = row
    trunk = Trunk("out", number_format=NumberFormat(number_format), country=country)
    assert leaves_as(number, trunk) == leaves
    assert leaves_to_emergency(number, trunk) == (emergency == "yes")
    assert source


def test_there_are_as_many_cases_as_are_promised() -> None:
    assert len(table("Local times")) + len(table("Destinations")) + len(table("Digits that leave")) >= 60
