"""Campaigns whose contacts go through flows of the flow language, as an installation runs them. If these fail, people
hear and are asked something else than the flow says, or records do not tell what became of them."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flows.support import EXAMPLES
from service.support import House, dialing
from trunkcall.domain.contact import ContactRecord, ContactState, DisconnectReason
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.saying import Saying
from trunkcall.engine.events import KeyPressed, LegEnded
from trunkcall.service.totals import left_by

pytestmark = pytest.mark.virtual_time

REQUESTS = 30


async def open_with(house: House, content: str, *, requests: int = REQUESTS) -> None:
    """The house with a campaign whose flow has this content."""
    await house.open(agents=4, requests=0)
    flow_id = next(iter(house.directory.contact_flows))
    await house.kept.put_facts(house.instance_id, [ContactFlow(flow_id, "Flow", content=content)])
    await house.put(requests)


def press_keys(house: House, keys: str = "1234567890*#") -> None:
    """Customers press a key some seconds into whatever they hear, and another a little later."""
    random = Random(7)

    def pressed(leg_id: str) -> None:
        house.carrier.tell(KeyPressed(leg_id, random.choice(keys)))

    def heard(leg_id: str, play_id: str, saying: Saying) -> None:
        if random.random() < 0.8:
            for after in (1, 2, 3):
                house.clock.call_at(house.clock.now() + after * SECOND, lambda: pressed(leg_id))

    house.carrier.listeners.append(heard)


def hang_up_in_loops(house: House) -> None:
    """Customers who hear the same again and again hang up after a minute."""

    def heard(leg_id: str, play_id: str, saying: Saying) -> None:
        if saying.again:
            at = house.clock.now() + MINUTE
            house.clock.call_at(at, lambda: house.carrier.tell(LegEnded(leg_id, HangupCause.NORMAL)))

    house.carrier.listeners.append(heard)


def follows(flow: dict[str, Any], record: ContactRecord) -> bool:
    """Whether the trail is a way through the flow: each action leads to the next one."""
    actions = {each["Identifier"]: each for each in flow["Actions"]}
    trail = record.flow_trail
    for before, after in itertools.pairwise(trail):
        ways = actions[before.action_id]["Transitions"]
        if after.action_id not in {
            ways.get("NextAction"),
            *[each["NextAction"] for each in [*ways.get("Errors", []), *ways.get("Conditions", [])]],
        }:
            return False
    return not trail or trail[0].action_id == flow["StartAction"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
async def test_a_campaign_goes_through_a_flow_of_a_usual_shape(path: Path) -> None:
    content = path.read_text("utf-8")
    house = House.in_memory()
    await open_with(house, content)
    press_keys(house)
    hang_up_in_loops(house)
    async with dialing(house, house.owner()):
        await house.until_all_ended(REQUESTS)
        assert house.dialer.trouble is None
        counted = house.dialer.totals.flow_actions
        records = await house.records()
    assert {record.state for record in records} == {ContactState.ENDED}
    assert all(follows(json.loads(content), record) for record in records)
    in_records = Counter((taken.action, left_by(taken)) for record in records for taken in record.flow_trail)
    assert not counted - in_records, "what is counted stands in the records again"
    hung_up = sum(record.disconnect_reason is DisconnectReason.CUSTOMER_DISCONNECT for record in records)
    stood_in = in_records - counted
    assert stood_in.total() <= hung_up, "and besides in which action customers have hung up"
    assert {by for _, by in stood_in} <= {"end"}


async def test_nobody_is_dialed_to_be_hung_up_on_because_their_flow_cannot_be_run() -> None:
    # Given a campaign whose flow was published by a version that took what none can run
    house = House.in_memory()
    await open_with(house, '{"Version": "2019-10-30"}')
    flow_id = next(iter(house.directory.contact_flows))
    async with dialing(house, house.owner()):
        # When it runs, then nobody is dialed
        await asyncio.sleep(60)
        assert {record.state for record in await house.records()} == {ContactState.WAITING}
        assert house.dialer.closed_campaigns == 1
        # And everybody is once the flow is mended
        content = next(path for path in EXAMPLES if path.stem == "agentless-reminder").read_text("utf-8")
        await house.kept.put_facts(house.instance_id, [ContactFlow(flow_id, "Flow", content=content)])
        await house.until_all_ended(REQUESTS)
        assert house.dialer.closed_campaigns == 0
