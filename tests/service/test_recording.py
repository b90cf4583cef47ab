"""Talks of a campaign that is recorded, on the simulated carrier and virtual time, under a calling policy.

What a user would lose otherwise: people are recorded who had to be told and were not; or a campaign that is to be
recorded is not, and nobody notices before there is a dispute.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest

from gating import test_key as key_of
from service.support import House, dialing
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.contact import ContactRecord, Disposition
from trunkcall.domain.recording import ON, TAG, Unrecorded
from trunkcall.domain.trunk import Trunk
from trunkcall.service.calling.gate import Gate

pytestmark = pytest.mark.virtual_time

RULES = """\
[destinations]
regions = ["any"]

[[announce_recording]]
prefixes = ["+1212"]
text = "{text}"
"""
TOLD = "This call is recorded for training."
BUT_NOT_THERE = RULES.format(text=TOLD) + '\n[[announce_recording]]\nprefixes = ["+12125"]\ntext = ""\n'


@asynccontextmanager
async def calling(policy: str | None = None, *, tags: dict[str, str] | None = None) -> AsyncIterator[House]:
    """Ten people in New York are called."""
    house = House.in_memory()
    house.gate_of = partial(Gate, number_key=key_of, reaches_people=False, trunks=(Trunk("default"),))
    await house.open(agents=10, requests=10)
    tagged = {TAG: ON} if tags is None else tags
    await house.kept.edit_campaign("spring", lambda campaign: replace(campaign, tags=tagged))
    if policy is not None:
        await put(house, 1, policy)
    async with dialing(house, house.owner()):
        yield house


async def put(house: House, version: int, policy: str) -> None:
    await house.kept.put_facts(house.instance_id, [CallingPolicy("default", version, policy, None, house.clock.now())])


async def talks_of(house: House, requests: int = 10) -> list[ContactRecord]:
    """The records of those who talked to an agent, once everybody was called."""
    await house.until_all_ended(requests)
    records: list[ContactRecord] = await house.records()
    talks = [each for each in records if each.disposition is Disposition.CONNECTED_TO_AGENT]
    assert talks
    assert not any(each.recordings for each in records if each not in talks), "nobody is recorded alone"
    return talks


async def a_shift(policy: str | None = None, *, tags: dict[str, str] | None = None) -> list[ContactRecord]:
    async with calling(policy, tags=tags) as house:
        return await talks_of(house)


def was_told_or_not_recorded(talk: ContactRecord) -> bool:
    [recording] = talk.recordings
    if recording.unrecorded is Unrecorded.NOT_ANNOUNCED:
        # Somebody who left before it was over.
        return recording.started_at is None
    assert recording.started_at is not None
    assert talk.connected_to_agent_at is not None
    return recording.started_at > talk.connected_to_agent_at


async def test_every_talk_is_recorded_until_it_ends() -> None:
    for talk in await a_shift():
        [recording] = talk.recordings
        assert recording.started_at == talk.connected_to_agent_at
        assert recording.stopped_at == talk.ended_at


async def test_a_campaign_is_not_recorded_that_does_not_say_so() -> None:
    for tags in ({}, {TAG: "off"}):
        assert not any(talk.recordings for talk in await a_shift(tags=tags))


async def test_whoever_has_to_be_told_is_recorded_after_the_announcement_and_both_hear_what_the_policy_says() -> None:
    async with calling(RULES.format(text=TOLD)) as house:
        talks = await talks_of(house)
        assert all(map(was_told_or_not_recorded, talks))
        assert house.carrier.said == Counter({TOLD: 2 * len(talks)})


async def test_a_policy_that_is_put_while_people_are_called_counts_from_the_next_talk() -> None:
    async with calling(RULES.format(text="")) as house:
        before = await talks_of(house)
        await put(house, 2, RULES.format(text=TOLD))
        # Facts are looked at every second.
        await asyncio.sleep(3)
        await house.put(10, first=10)
        house.dialer.requests_accepted("spring")
        talks = [
            each for each in await talks_of(house, 20) if each.contact_id not in {was.contact_id for was in before}
        ]
        assert talks
        assert all(map(was_told_or_not_recorded, talks))


async def test_a_longer_prefix_may_say_that_nothing_has_to_be_said() -> None:
    for talk in await a_shift(BUT_NOT_THERE):
        [recording] = talk.recordings
        assert recording.started_at == talk.connected_to_agent_at


async def test_nobody_is_recorded_untold_where_the_policy_cannot_be_read_any_more() -> None:
    async with calling() as house:
        while (await house.kept.contact_counts(["spring"]))["spring"].waiting:
            await asyncio.sleep(0.1)
        await put(house, 1, "hours = 7")
        for talk in await talks_of(house, 10):
            [recording] = talk.recordings
            assert recording.unrecorded is Unrecorded.NOT_ANNOUNCED
