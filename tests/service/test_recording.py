"""Talks of a campaign that is recorded, on the simulated carrier and virtual time, under a calling policy.

What a user would lose otherwise: people are recorded who had to be told and were not; or a campaign that is to be
recorded is not, and nobody notices before there is a dispute.
"""

from __future__ import annotations

import asyncio
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


async def a_shift(
    policy: str | None = None, *, tags: dict[str, str] | None = None, then: str | None = None
) -> list[ContactRecord]:
    """Ten people in New York are called; the records of those who talked to an agent. Another policy counts ``then``,
    while their phones ring."""
    house = House.in_memory()
    house.gate_of = partial(Gate, number_key=key_of, reaches_people=False, trunks=(Trunk("default"),))
    await house.open(agents=10, requests=10)
    tagged = {TAG: ON} if tags is None else tags
    await house.kept.edit_campaign("spring", lambda campaign: replace(campaign, tags=tagged))

    async def put(number: int, text: str | None) -> None:
        if text is not None:
            facts = [CallingPolicy("default", number, text, None, house.clock.now())]
            await house.kept.put_facts(house.instance_id, facts)

    await put(1, policy)
    async with dialing(house, house.owner()):
        while (await house.kept.contact_counts(["spring"]))["spring"].waiting:
            await asyncio.sleep(0.1)
        await put(2, then)
        await house.until_all_ended(10)
        records: list[ContactRecord] = await house.records()
    talks = [each for each in records if each.disposition is Disposition.CONNECTED_TO_AGENT]
    assert talks
    assert not any(each.recordings for each in records if each not in talks), "nobody is recorded alone"
    return talks


async def test_every_talk_is_recorded_until_it_ends() -> None:
    for talk in await a_shift():
        [recording] = talk.recordings
        assert recording.started_at == talk.connected_to_agent_at
        assert recording.stopped_at == talk.ended_at


async def test_a_campaign_is_not_recorded_that_does_not_say_so() -> None:
    for tags in ({}, {TAG: "off"}):
        assert not any(talk.recordings for talk in await a_shift(tags=tags))


async def test_whoever_has_to_be_told_is_recorded_after_the_announcement() -> None:
    for talk in await a_shift(RULES.format(text=TOLD)):
        [recording] = talk.recordings
        if recording.unrecorded is None:
            assert recording.started_at is not None
            assert talk.connected_to_agent_at is not None
            assert recording.started_at > talk.connected_to_agent_at
        else:
            assert recording.unrecorded is Unrecorded.NOT_ANNOUNCED, "somebody who left before it was over"


async def test_a_longer_prefix_may_say_that_nothing_has_to_be_said() -> None:
    for talk in await a_shift(BUT_NOT_THERE):
        [recording] = talk.recordings
        assert recording.started_at == talk.connected_to_agent_at


async def test_nobody_is_recorded_untold_where_the_policy_cannot_be_read_any_more() -> None:
    for talk in await a_shift(then="hours = 7"):
        [recording] = talk.recordings
        assert recording.unrecorded is Unrecorded.NOT_ANNOUNCED
