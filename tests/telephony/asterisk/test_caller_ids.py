"""Whose number is seen at the other end of a real switch. If these fail, people are shown a number that is not the
campaign's, or one that they must not see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest_asyncio

from telephony.asterisk.bench import AGENT, CALLER_ID, NUMBER, TRUNK, Bench, bench
from telephony.asterisk.far_end import Call, user_of
from telephony.asterisk.inside import inside
from telephony.support import until
from trunkcall.engine.commands import BridgeLegs
from trunkcall.engine.events import LegAnswered, LegsBridged

pytestmark = inside

LEGS = 50


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


def number(area: int, which: int) -> str:
    """Of those for fiction: +1 NPA 555 01XX."""
    return f"+1{area}5550{100 + which}"


async def test_each_of_fifty_at_once_sees_the_number_of_its_attempt_and_no_other(at: Bench) -> None:
    shown = {number(206, which): number(312, which) for which in range(LEGS)}
    for which, (called, caller_id) in enumerate(shown.items()):
        at.dial(f"leg{which}", number=called, caller_id=caller_id)
    calls = [await at.ends[TRUNK].called() for _ in shown]
    assert {call.invite.user: user_of(call.invite.header("from")) for call in calls} == shown
    assert {call.invite.user: user_of(call.invite.header("p-asserted-identity")) for call in calls} == shown
    for call in calls:
        said = "\n".join([*(f"{name}: {value}" for name, value in call.invite.headers), call.invite.body])
        assert set(re.findall(r"\+\d+", said)) == {call.invite.user, shown[call.invite.user]}
        call.say(486)
    for which in range(LEGS):
        await at.ends_once(f"leg{which}")


async def in_talk(at: Bench) -> tuple[Call, Call]:
    customer = await at.dialed()
    await customer.speaks()
    await customer.picks_up()
    await at.tells(LegAnswered)
    at.ring_agent("agent-leg")
    agent = await at.ends[AGENT].called()
    await agent.speaks()
    await agent.picks_up()
    await at.tells(LegAnswered, "agent-leg")
    at.carrier.bridge(BridgeLegs("leg", "agent-leg"))
    await until(lambda: [each for each in at.events if isinstance(each, LegsBridged)])
    await asyncio.sleep(0.5)
    return customer, agent


async def test_customer_and_agent_see_nothing_of_each_other_when_they_are_joined(at: Bench) -> None:
    customer, agent = await in_talk(at)
    assert [each.what for each in customer.heard] == ["ACK"]
    assert [each.what for each in agent.heard] == ["ACK"]
    told = "\n".join(f"{name}: {value}" for name, value in agent.invite.headers)
    assert NUMBER not in told
    assert CALLER_ID not in told
    at.hang_up()
    at.hang_up("agent-leg")
    await at.ends_once()


async def test_without_a_number_to_show_none_of_another_leg_is_shown(at: Bench) -> None:
    at.dial("shown", caller_id=CALLER_ID)
    at.dial("unshown", caller_id=None, number="+12065550198")
    calls = {call.invite.user: call for call in [await at.ends[TRUNK].called() for _ in range(2)]}
    unshown = calls["+12065550198"].invite
    assert not re.search(r"\d{5}", user_of(unshown.header("from")))
    assert not unshown.header("p-asserted-identity")
    for call in calls.values():
        call.say(486)
    for leg_id in ("shown", "unshown"):
        await at.ends_once(leg_id)
