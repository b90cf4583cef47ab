"""Hours of operation and their overrides. If these fail, whoever asks when a queue is open is told something else than
was set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.offices import SCOPE, Office
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError, QuotaExceededError
from trunkcall.domain.hours_of_operation import Day, HoursOfOperation, HoursOverride, OpenHours
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.instants import from_datetime
from trunkcall.service.hours import MAX_OVERRIDES, effective_hours, is_open

NINE_TO_FIVE = tuple(OpenHours(day, 9 * 60, 17 * 60) for day in list(Day)[:5])
CHRISTMAS = {"effective_from": "2026-12-24", "effective_till": "2026-12-26"}


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    found = await Office().open()
    yield found
    await found.store.close()


async def create(office: Office, name: str = "Office hours", **changes: Any) -> HoursOfOperation:
    arguments = {"time_zone": "Europe/Berlin", "config": NINE_TO_FIVE, "description": "", "tags": {}, **changes}
    return await office.hours.create_hours_of_operation(office.default, name=name, **arguments)


async def override(office: Office, hours: HoursOfOperation, name: str = "Christmas", **changes: Any) -> HoursOverride:
    arguments = {"description": "", "config": (), **CHRISTMAS, **changes}
    return await office.hours.create_hours_of_operation_override(
        office.default, hours.hours_of_operation_id, name=name, **arguments
    )


async def test_hours_are_described_as_they_were_given_and_changed(office: Office) -> None:
    hours = await create(office, description="Of the front desk", tags={"team": "north"})
    for named in (
        hours.hours_of_operation_id,
        SCOPE.arn(office.default, ResourceKind.HOURS_OF_OPERATION, hours.hours_of_operation_id),
    ):
        assert await office.hours.describe_hours_of_operation(office.default, named) == hours
    await office.hours.update_hours_of_operation(office.default, hours.hours_of_operation_id)
    assert await office.hours.describe_hours_of_operation(office.default, hours.hours_of_operation_id) == hours
    await office.hours.update_hours_of_operation(
        office.default,
        hours.hours_of_operation_id,
        name="Desk",
        description="",
        time_zone="America/New_York",
        config=[],
    )
    found = await office.hours.describe_hours_of_operation(office.default, hours.hours_of_operation_id)
    assert found == replace(hours, name="Desk", description="", time_zone="America/New_York", config=())
    listed = await office.hours.list_hours_of_operations(office.default, limit=10)
    assert [each.name for each in listed.items] == ["Basic Hours", "Desk"]


@pytest.mark.parametrize("wrong", ["", "Berlin", "Europe", "Europe/Nowhere", "../etc/passwd", "a\0b", "x" * 300])
async def test_a_time_zone_is_one_that_there_is(office: Office, wrong: str) -> None:
    await refused_everywhere(office, wrong)


@pytest.mark.parametrize("machines", ["localtime", "posixrules", "right/Europe/Berlin"])
async def test_hours_are_the_same_on_whichever_machine_the_store_is_read(office: Office, machines: str) -> None:
    await refused_everywhere(office, machines)


async def refused_everywhere(office: Office, wrong: str) -> None:
    with pytest.raises(InvalidInputError, match="names such as Europe/Berlin"):
        await create(office, time_zone=wrong)
    (basic,) = office.first.hours_of_operation
    with pytest.raises(InvalidInputError, match="names such as Europe/Berlin"):
        await office.hours.update_hours_of_operation(office.default, basic, time_zone=wrong)


async def test_no_two_hours_have_the_same_name(office: Office) -> None:
    with pytest.raises(ConflictError, match="taken"):
        await create(office, "Basic Hours")
    hours = await create(office)
    with pytest.raises(ConflictError, match="taken"):
        await office.hours.update_hours_of_operation(office.default, hours.hours_of_operation_id, name="Basic Hours")


async def test_hours_that_a_queue_has_stay(office: Office) -> None:
    (basic,) = office.first.hours_of_operation
    (queue,) = office.first.queues.values()
    with pytest.raises(InUseError, match=f"The queue {queue.queue_id} has these hours"):
        await office.hours.delete_hours_of_operation(office.default, basic)
    await office.store.put_facts(office.default, [replace(queue, hours_of_operation_id=None)])
    await office.hours.delete_hours_of_operation(office.default, basic)
    with pytest.raises(NotFoundError, match="No hours of operation with this id"):
        await office.hours.describe_hours_of_operation(office.default, basic)


async def test_overrides_are_described_listed_changed_and_deleted(office: Office) -> None:
    hours = await create(office)
    hours_id = hours.hours_of_operation_id
    first = await override(office, hours)
    second = await override(office, hours, "Stocktaking", effective_from="2026-12-31", effective_till="2026-12-31")
    assert (await office.hours.describe_hours_of_operation_override(office.default, hours_id, first.override_id))[
        1
    ] == first
    _, page = await office.hours.list_hours_of_operation_overrides(office.default, hours_id, limit=1)
    assert page.items == (first,)
    _, page = await office.hours.list_hours_of_operation_overrides(office.default, hours_id, after=page.after, limit=1)
    assert (page.items, page.after) == ((second,), None)
    await office.hours.update_hours_of_operation_override(office.default, hours_id, first.override_id)
    await office.hours.update_hours_of_operation_override(
        office.default, hours_id, second.override_id, name="Inventory", effective_till="2027-01-01", config=NINE_TO_FIVE
    )
    changed = replace(second, name="Inventory", effective_till="2027-01-01", config=NINE_TO_FIVE)
    found = await office.hours.describe_hours_of_operation(office.default, hours_id)
    assert found.overrides == (first, changed)
    await office.hours.delete_hours_of_operation_override(office.default, hours_id, first.override_id)
    assert (await office.hours.describe_hours_of_operation(office.default, hours_id)).overrides == (changed,)
    with pytest.raises(NotFoundError, match="no override with this id"):
        await office.hours.delete_hours_of_operation_override(office.default, hours_id, first.override_id)


async def test_no_two_overrides_of_the_same_hours_have_the_same_name(office: Office) -> None:
    hours = await create(office)
    await override(office, hours)
    with pytest.raises(ConflictError, match="Another override"):
        await override(office, hours)
    other = await override(office, hours, "Easter")
    with pytest.raises(ConflictError, match="Another override"):
        await office.hours.update_hours_of_operation_override(
            office.default, hours.hours_of_operation_id, other.override_id, name="Christmas"
        )
    await override(office, await create(office, "Others"))


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"effective_from": "2026-02-30"}, "effective_from must be a date of the calendar, written as"),
        ({"effective_till": "2026-13-01"}, "effective_till must be a date of the calendar, written as"),
        ({"effective_from": "2026-12-27"}, "effective_till must not be before effective_from"),
    ],
)
async def test_an_override_is_in_effect_on_dates_that_there_are(
    office: Office, dates: dict[str, str], words: str
) -> None:
    hours = await create(office)
    with pytest.raises(InvalidInputError, match=words):
        await override(office, hours, **dates)
    made = await override(office, hours)
    with pytest.raises(InvalidInputError, match=words):
        await office.hours.update_hours_of_operation_override(
            office.default,
            hours.hours_of_operation_id,
            made.override_id,
            effective_from=dates.get("effective_from"),
            effective_till=dates.get("effective_till"),
        )


async def test_there_are_as_many_overrides_as_amazon_has_and_no_more(office: Office) -> None:
    hours = await create(office)
    for number in range(MAX_OVERRIDES):
        await override(office, hours, f"Day {number}")
    with pytest.raises(QuotaExceededError, match="50 overrides at most"):
        await override(office, hours, "Another")


async def test_an_override_counts_in_place_of_the_ordinary_week(office: Office) -> None:
    hours = await create(office)
    await override(office, hours)
    short = (OpenHours(Day.THURSDAY, 600, 720),)
    await override(office, hours, "Eve", config=short, effective_from="2026-12-24", effective_till="2026-12-24")
    _, days = await office.hours.get_effective_hours_of_operations(
        office.default, hours.hours_of_operation_id, first="2026-12-23", last="2026-12-28"
    )
    assert [each.config for each in days] == [NINE_TO_FIVE[2:3], short, (), (), (), NINE_TO_FIVE[:1]]
    assert [[found.name for found in each.overrides] for each in days] == [
        [],
        ["Christmas", "Eve"],
        ["Christmas"],
        ["Christmas"],
        [],
        [],
    ]
    for first, last in (("2026-12-28", "2026-12-27"), ("2026-01-01", "2027-01-02"), ("2026-02-30", "2026-03-01")):
        with pytest.raises(InvalidInputError, match="_date must be"):
            await office.hours.get_effective_hours_of_operations(
                office.default, hours.hours_of_operation_id, first=first, last=last
            )


dates = st.dates(date(2026, 1, 1), date(2026, 2, 1))
open_hours = st.builds(OpenHours, st.sampled_from(Day), st.integers(0, 1439), st.integers(0, 1439))
configs = st.lists(open_hours, max_size=5).map(tuple)


@given(configs, st.lists(st.tuples(dates, st.integers(0, 9), configs), max_size=4), dates)
def test_on_every_date_those_hours_count_that_were_set_for_it(
    week: tuple[OpenHours, ...], overrides: list[tuple[date, int, tuple[OpenHours, ...]]], day: date
) -> None:
    hours = HoursOfOperation(
        "hours",
        "Hours",
        "UTC",
        week,
        overrides=tuple(
            HoursOverride(f"{n}", f"{n}", "", config, f"{begin}", f"{begin + timedelta(days=length)}")
            for n, (begin, length, config) in enumerate(overrides)
        ),
    )
    set_for_it = [config for begin, length, config in overrides if 0 <= (day - begin).days <= length] or [week]
    wanted = [each for config in set_for_it for each in config if each.day == day.strftime("%A").upper()]
    assert list(effective_hours(hours, day).config) == wanted


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = OpenHours(Day.FRIDAY, 22 * 60, 6 * 60)
ALL_SUNDAY = OpenHours(Day.SUNDAY, 0, 0)
CLOSED = HoursOverride("o1", "Christmas", "", (), "2026-12-24", "2026-12-25")
WEEK = HoursOfOperation("h1", "Week", "Europe/Berlin", (*NINE_TO_FIVE, NIGHT, ALL_SUNDAY), overrides=(CLOSED,))


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("2026-11-30 08:59", False),
        ("2026-11-30 09:00", True),
        ("2026-11-30 16:59", True),
        ("2026-11-30 17:00", False),
        ("2026-12-04 22:00", True),
        ("2026-12-05 05:59", True),
        ("2026-12-05 06:00", False),
        ("2026-12-06 00:00", True),
        ("2026-12-06 23:59", True),
        ("2026-12-07 00:00", False),
        ("2026-12-24 10:00", False),
        ("2026-12-26 05:00", False),
        ("2026-12-28 10:00", True),
    ],
)
def test_it_is_open_by_the_clocks_of_its_time_zone(written: str, opened: bool) -> None:
    """Over midnight too, and not where an override has it closed, into the next day either."""
    at = from_datetime(datetime.fromisoformat(written).replace(tzinfo=BERLIN))
    assert is_open(WEEK, at) is opened


def test_nobody_knows_whether_it_is_open_where_there_is_no_such_time_zone() -> None:
    assert is_open(replace(WEEK, time_zone="Mars/Olympus"), 0) is None
