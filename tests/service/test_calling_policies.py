"""Calling policies, as they are put and kept. If these fail, nobody can tell by which rules somebody was called, or a
policy counts that nobody can read."""

from __future__ import annotations

import pytest

from service.offices import NOW, Office
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.errors import InvalidInputError, NotFoundError
from trunkcall.domain.instants import HOUR
from trunkcall.service.calling.policy_file import PolicyFileError
from trunkcall.service.calling_policies import AnywhereError, CallingPolicies

DAY, NIGHT = '[[hours]]\nevery_day = "09:00-20:00"\n', '[[hours]]\nevery_day = "20:00-09:00"\n'
ANYWHERE = '[destinations]\nregions = ["any"]\n'


@pytest.fixture
async def office() -> Office:
    return await Office().open()


def policies(office: Office, *, reaches_people: bool = False) -> CallingPolicies:
    return CallingPolicies(office.centre, office.now_of, reaches_people=reaches_people)


async def test_whoever_puts_a_policy_can_still_see_those_before_it(office: Office) -> None:
    use = policies(office)
    first = await use.put_calling_policy(office.default, DAY)
    office.clock += HOUR
    other = await use.put_calling_policy(office.default, NIGHT, name="night")
    last = await use.put_calling_policy(office.default, DAY + "# again\n")
    assert first == CallingPolicy("default", 1, DAY, None, NOW)
    assert (other.number, last.number, last.set_at) == (2, 3, NOW + HOUR)
    assert await use.get_calling_policy(office.default) == last
    assert await use.get_calling_policy(office.default, number=1) == first
    assert await use.get_calling_policy(office.default, name="night") == other
    page = await use.list_calling_policies(office.default, limit=2)
    assert page.items == [last, other]
    rest = await use.list_calling_policies(office.default, limit=2, after=page.after)
    assert (rest.items, rest.after) == ([first], None)
    of_name = await use.list_calling_policies(office.default, name="default", limit=9)
    assert of_name.items == [last, first]


async def test_a_policy_that_says_what_counts_already_is_no_other_one(office: Office) -> None:
    """Whoever puts the file from version control at each deployment leaves no trace of nothing."""
    use = policies(office)
    first = await use.put_calling_policy(office.default, DAY)
    office.clock += HOUR
    assert await use.put_calling_policy(office.default, DAY) == first
    await use.put_calling_policy(office.default, NIGHT)
    assert (await use.put_calling_policy(office.default, DAY)).number == 3, "to go back is a change"


async def test_a_policy_that_cannot_be_read_changes_nothing(office: Office) -> None:
    use = policies(office)
    first = await use.put_calling_policy(office.default, DAY)
    with pytest.raises(PolicyFileError, match="line 1, column 1: sauce is no key here"):
        await use.put_calling_policy(office.default, 'sauce = "x"')
    for name in ("", "Night", "-x", "a" * 65, "a@b", "a b"):
        with pytest.raises(InvalidInputError, match="small letters"):
            await use.put_calling_policy(office.default, NIGHT, name=name)
    assert await use.get_calling_policy(office.default) == first
    assert (await use.list_calling_policies(office.default, limit=9)).total == 1


async def test_where_people_are_reached_no_policy_lets_calls_go_anywhere(office: Office) -> None:
    with pytest.raises(AnywhereError):
        await policies(office, reaches_people=True).put_calling_policy(office.default, ANYWHERE)
    assert (await policies(office).put_calling_policy(office.default, ANYWHERE)).number == 1


async def test_policies_are_each_instances_own(office: Office) -> None:
    use = policies(office)
    await use.put_calling_policy(office.default, DAY)
    with pytest.raises(NotFoundError, match="no such calling policy"):
        await use.get_calling_policy(office.default, name="night")
    with pytest.raises(NotFoundError):
        await use.put_calling_policy("nowhere", DAY)
