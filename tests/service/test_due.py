"""Contacts are dialed when they are due, by whoever dials.

What a user would lose otherwise: somebody is dialed too early, or a list stands still because a clock was set back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from service.support import BEGUN_AT, Ear, FaultyStore, House, dialing
from trunkcall.domain.changes import AttemptBegun, Change
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import ContactRecord, DialRequest, Disposition
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND, Instant
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dial_requests import DialRequests
from trunkcall.service.self_paced_clock import SelfPacedClock
from trunkcall.service.totals import SubmittedTotals
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.ports.ownership import NO_CLEARANCES, CommitResult, Lease

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def house() -> House:
    return House.in_memory()


async def accept(
    house: House, name: str, number: int = 1, *, due_at: Instant = 0, expires_in: int = 3 * DAY
) -> list[str]:
    """Dial requests that are due at this instant; their ids."""
    now = house.clock.now()
    ids = [f"{name}-{n}" for n in range(number)]
    requests = [DialRequest(each, each, "+12125550100", now + expires_in, {}, due_at) for each in ids]
    await house.kept.put_dial_requests("spring", requests, at=now, max_waiting=100_000)
    house.dialer.requests_accepted("spring")
    return ids


async def found(house: House) -> dict[str, ContactRecord]:
    return {record.contact_id: record for record in await house.records()}


async def never_looks(seconds: float) -> None:
    """For an owner who hears of changes by being told alone."""
    await asyncio.sleep(1000 * seconds + 100 * DAY / SECOND)


def use_case(house: House) -> DialRequests:
    """Dial requests as an API would take them."""

    class Campaigns:
        async def describe_campaign(self, id_or_arn: str) -> Any:
            return await house.kept.campaign(id_or_arn)

    nobody = cast(Any, None)
    return DialRequests(
        house.kept,
        cast(Any, Campaigns()),
        lambda _: house.clock.now(),
        nobody,
        Ear(house.instance_id, house.dialer),
        nobody,
        SubmittedTotals(),
        max_waiting=100_000,
    )


async def test_who_is_due_later_is_dialed_then_and_others_meanwhile(house: House) -> None:
    await house.open(requests=0)
    async with dialing(house, house.owner()):
        at_nine = house.clock.now() + 2 * HOUR
        later = await accept(house, "later", 20, due_at=at_nine)
        now = await accept(house, "now", 10)
        await house.until_all_ended(10)
        records = await found(house)
        assert all(records[each].disposition is not None for each in now)
        assert not house.carrier.originates.keys() & set(later)
        await house.until_all_ended(30)
        attempts = sorted((record.attempted_at or 0, name) for name, record in (await found(house)).items())[10:]
        assert at_nine <= attempts[0][0] < at_nine + SECOND
        assert [name for _, name in attempts] == later
        assert set(house.carrier.originates.values()) == {1}


async def test_who_is_moved_earlier_is_dialed_at_once(house: House) -> None:
    await house.open(requests=0)
    async with dialing(house, house.owner(sleep=never_looks)):
        await asyncio.sleep(1)
        ids = await accept(house, "later", 5, due_at=house.clock.now() + DAY)
        await asyncio.sleep(60)
        assert not house.carrier.originates
        moved_at = house.clock.now()
        assert await use_case(house).change_due("spring", [*ids[3:], "nobody"], 0) == 2
        await house.until_all_ended(2)
        records = await found(house)
        assert sorted(house.carrier.originates) == ids[3:]
        assert all((records[each].attempted_at or 0) < moved_at + SECOND for each in ids[3:])


async def test_who_is_moved_later_is_not_dialed_before_whatever_the_dialer_holds(house: House) -> None:
    await house.open(requests=0, agents=1)
    async with dialing(house, house.owner(sleep=never_looks)):
        await asyncio.sleep(1)
        ids = await accept(house, "now", 50)
        await house.until_all_ended(3)
        due_at = house.clock.now() + 12 * HOUR
        moved = await use_case(house).change_due("spring", ids[40:], due_at)
        assert moved == 10
        await house.until_all_ended(50)
        records = await found(house)
        assert min(records[each].attempted_at or 0 for each in ids[40:]) >= due_at
        assert set(house.carrier.originates.values()) == {1}


async def test_a_contact_moved_behind_the_dialers_back_is_refused_and_dialed_when_it_is_due(house: House) -> None:
    """Another process may move it; the transaction that records an attempt looks for itself."""
    await house.open(requests=0)
    due_at = house.clock.now() + HOUR

    class MovedMeanwhile(FaultyStore):
        async def commit(
            self, lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance] = NO_CLEARANCES
        ) -> CommitResult:
            attempts = [change for change in changes if isinstance(change, AttemptBegun)]
            if any(change.contact_id == "now-1" and change.at < due_at for change in attempts):
                await house.kept.change_due("spring", ["now-1"], due_at=due_at)
            return await super().commit(lease, changes, clearances)

    house.store = MovedMeanwhile(house.kept)
    async with dialing(house, house.owner()):
        ids = await accept(house, "now", 5)
        await house.until_all_ended(4)
        assert house.dialer.totals.attempts["spring"] == 4
        await house.until_all_ended(5)
        records = await found(house)
        assert due_at <= (records["now-1"].attempted_at or 0) < due_at + SECOND
        assert house.carrier.originates == dict.fromkeys(ids, 1)


async def test_a_clock_that_falls_back_over_a_restart_makes_nobody_later_who_was_due_at_once() -> None:
    """At 600 times real time an instance's clock is hours ahead of the wall clock's, from which it begins anew."""
    seconds = asyncio.get_running_loop().time
    house = House(MemoryStore(lambda: round(seconds() * SECOND)), seconds=seconds, speed=600.0)
    await house.open(requests=0, agents=2)
    async with dialing(house, house.owner()):
        before = await accept(house, "before", 60)
        short = await accept(house, "short", 3, due_at=house.clock.now() + 10 * HOUR, expires_in=5 * HOUR)
        await house.until_all_ended(30)
        stopped_at = house.clock.now()

    house.clock = SelfPacedClock(
        speed=600.0, wall=lambda: BEGUN_AT * 1000 + round(seconds() * 1_000_000_000), monotonic=seconds
    )
    house.carrier = house.new_carrier()
    house.dialer = CurrentDialer(house.clock, monotonic=house.monotonic)
    begun_at = house.clock.now()
    assert begun_at < stopped_at - 20 * MINUTE, "the clock fell back"
    async with dialing(house, house.owner("host:2")):
        after = await accept(house, "after", 10)
        soon = await accept(house, "soon", 2, due_at=begun_at + 3 * HOUR)
        await house.until_all_ended(60 + 10)
        records = await found(house)
        assert all(records[each].attempts for each in [*before, *after])
        assert max(records[each].attempted_at or 0 for each in after) < stopped_at + HOUR
        await house.until_all_ended(60 + 10 + 2 + 3)
        records = await found(house)
        assert all(begun_at + 3 * HOUR <= (records[each].attempted_at or 0) for each in soon)
        assert {records[each].disposition for each in short} == {Disposition.EXPIRED}
        assert set(house.carrier.originates.values()) == {1}
