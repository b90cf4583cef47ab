"""Numbers, queues and trunks change while people are dialed, and each record has what the carrier was told.

What a user would lose otherwise: whoever complains about a call names the number that they saw, and nobody finds the
call by it; or a number that was given back is shown for another day.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle

import pytest

from service.support import House, dialing
from trunkcall.domain.campaign import CampaignState
from trunkcall.domain.changes import AttemptBegun, Change
from trunkcall.domain.clearance import Clearance
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.directory import Fact
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.queue import Queue
from trunkcall.domain.trunk import Trunk
from trunkcall.service.installation import SOURCE_PHONE_NUMBER
from trunkcall.storage.ports.ownership import CommitResult, Lease

pytestmark = pytest.mark.virtual_time

FIRST, SECOND, THIRD = SOURCE_PHONE_NUMBER, "+12025550111", "+12025550122"


@pytest.fixture
async def house() -> House:
    return House.in_memory()


def queue_of(house: House) -> Queue:
    return next(iter(house.directory.queues.values()))


async def recorded(house: House) -> dict[str, tuple[str | None, str | None]]:
    """By contact, the trunk and the number of its attempt, as the records have them."""
    return {
        record.contact_id: (record.trunk_id, record.source_phone_number)
        for record in await house.records()
        if record.attempts
    }


async def until_dialed(house: House, number: int) -> None:
    async with asyncio.timeout(7200):
        while len(house.carrier.shown) < number:
            await asyncio.sleep(1.0)


async def test_carrier_and_record_agree_whatever_changes_between_decision_and_commit(house: House) -> None:
    """Every commit of an attempt finds the queue with another number than its decision did, or other trunks."""
    await house.open(agents=10, requests=200)
    queue = queue_of(house)
    trunks = [Trunk("north", caller_numbers=(FIRST, SECOND)), Trunk("south", caller_numbers=(SECOND, THIRD))]
    wide = Trunk("wide", channels=3)
    steps: list[Sequence[Fact] | None] = [
        [replace(queue, outbound_caller_id=SECOND)],
        [replace(queue, outbound_caller_id=None), *trunks],
        None,
        [replace(queue, outbound_caller_id=THIRD), wide],
        [replace(queue, outbound_caller_id=FIRST), PhoneNumber(THIRD, THIRD)],
    ]
    following = cycle(steps)

    async def meanwhile(lease: Lease, changes: Sequence[Change], clearances: Mapping[str, Clearance]) -> CommitResult:
        if any(isinstance(change, AttemptBegun) for change in changes):
            put = next(following)
            if put is not None:
                await house.kept.put_facts(house.instance_id, put)
            else:
                now = house.clock.now()
                await house.kept.remove_facts(house.instance_id, FactKind.TRUNK, ["north", "wide"], at=now)
                await house.kept.remove_facts(house.instance_id, FactKind.PHONE_NUMBER, [THIRD], at=now)
            house.dialer.campaigns_changed()
        return await house.kept.commit(lease, changes, clearances)

    house.store.carry_out = meanwhile
    telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
    async with dialing(house, house.owner()):
        await house.until_all_ended(200)
        assert await recorded(house) == house.carrier.shown
    telling.cancel()
    assert {number for _, number in house.carrier.shown.values()} >= {FIRST, SECOND, THIRD}
    assert {trunk for trunk, _ in house.carrier.shown.values()} >= {"north", "south", "wide"}


async def test_a_queues_new_number_is_shown_from_a_moment_later_on(house: House) -> None:
    await house.open(agents=10, requests=120)
    telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
    async with dialing(house, house.owner()):
        for number, done in ((SECOND, 20), (None, 40), (FIRST, 60)):
            await until_dialed(house, done)
            await house.kept.put_facts(house.instance_id, [replace(queue_of(house), outbound_caller_id=number)])
            await asyncio.sleep(2.0)
            before = set(house.carrier.shown)
            await until_dialed(house, len(before) + 10)
            new = {shown for contact_id, shown in house.carrier.shown.items() if contact_id not in before}
            assert new == {("default", number)}
        telling.cancel()
    assert await recorded(house) == house.carrier.shown


async def test_a_campaigns_own_number_is_shown_whatever_its_queue_has(house: House) -> None:
    await house.open(agents=5, requests=30)
    await house.kept.edit_campaign(
        "spring",
        lambda found: replace(found, outbound_call=replace(found.outbound_call, source_phone_number=THIRD)),
    )
    async with dialing(house, house.owner()):
        await until_dialed(house, 5)
        await house.kept.put_facts(house.instance_id, [replace(queue_of(house), outbound_caller_id=SECOND)])
        await asyncio.sleep(2.0)
        await until_dialed(house, 15)
    assert {number for _, number in house.carrier.shown.values()} == {THIRD}


async def test_trunks_that_are_added_are_dialed_over_and_removed_ones_are_not(house: House) -> None:
    await house.open(agents=10, requests=150)
    telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
    async with dialing(house, house.owner()):
        await until_dialed(house, 20)
        assert {trunk for trunk, _ in house.carrier.shown.values()} == {"default"}, "there are no facts of trunks"
        await house.kept.put_facts(house.instance_id, [Trunk("north"), Trunk("south", caller_numbers=(SECOND,))])
        await asyncio.sleep(2.0)
        before = set(house.carrier.shown)
        await until_dialed(house, 50)
        new = {trunk for contact_id, (trunk, _) in house.carrier.shown.items() if contact_id not in before}
        assert new == {"north"}, (
            "the other may not show the queue's number, and the default is not the instance's any more"
        )
        talking = {each.contact_id for each in await house.records() if each.state is ContactState.CONNECTED}
        assert talking
        await house.kept.remove_facts(house.instance_id, FactKind.TRUNK, ["north"], at=house.clock.now())
        await asyncio.sleep(60.0)
        before = set(house.carrier.shown)
        await asyncio.sleep(600.0)
        assert set(house.carrier.shown) == before, "no trunk is left that may show its number"
        await house.kept.put_facts(house.instance_id, [replace(queue_of(house), outbound_caller_id=SECOND)])
        await house.until_all_ended(150)
        telling.cancel()
    over = {shown for contact_id, shown in house.carrier.shown.items() if contact_id not in before}
    assert over == {("south", SECOND)}
    ends = {each.disposition for each in await house.records() if each.contact_id in talking}
    assert ends == {Disposition.CONNECTED_TO_AGENT}, "whoever talks on a trunk that is removed goes on talking"
    assert await recorded(house) == house.carrier.shown


async def test_a_campaign_that_was_paused_dials_with_the_number_that_its_queue_has_by_then(house: House) -> None:
    await house.open(agents=5, requests=40)
    async with dialing(house, house.owner()):
        await until_dialed(house, 3)
        await house.to_state(CampaignState.RUNNING, CampaignState.PAUSED)
        await asyncio.sleep(2.0)
        before = set(house.carrier.shown)
        await house.kept.put_facts(house.instance_id, [replace(queue_of(house), outbound_caller_id=SECOND)])
        await asyncio.sleep(600.0)
        assert set(house.carrier.shown) == before
        await house.to_state(CampaignState.PAUSED, CampaignState.RUNNING)
        house.everybody_is_there()
        await until_dialed(house, len(before) + 3)
    new = {number for contact_id, (_, number) in house.carrier.shown.items() if contact_id not in before}
    assert new == {SECOND}


async def test_a_new_owner_knows_at_once_which_lines_of_which_trunk_are_taken(house: House) -> None:
    """It would dial more people over a trunk than that carries, and the switch would turn them away."""
    await house.open(agents=12, requests=120)
    await house.kept.put_facts(house.instance_id, [Trunk("north", channels=3), Trunk("south", channels=6)])
    telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
    async with dialing(house):
        former = asyncio.create_task(house.owner().run())
        await until_dialed(house, 40)
        former.cancel()
        await asyncio.gather(former, return_exceptions=True)
        held = Counter(contact.trunk_id for contact in await house.kept.live_contacts(house.instance_id))
        assert held == {"north": 3, "south": 6}
        anew = asyncio.create_task(house.owner().run())
        async with asyncio.timeout(60):
            while (floor := house.dialer.floor()) is None or not floor.carrier_up:
                await asyncio.sleep(0.01)
        assert {trunk.trunk_id: trunk.lines for trunk in floor.trunks} == held
        await house.until_all_ended(120)
        for task in (telling, anew):
            task.cancel()
        await asyncio.gather(telling, anew, return_exceptions=True)
    assert await recorded(house) == house.carrier.shown
