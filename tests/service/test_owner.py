"""One owner dials, and no engine outlives a failed commit.

What a user would lose otherwise: people called twice after a disk error, or a campaign that stands still for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from service.support import House, dialing, hardly_ever
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerConfig, DialerType
from trunkcall.domain.contact import DisconnectReason, Disposition
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.engine.events import AgentUnheard
from trunkcall.service.installation import simulated_agents

pytestmark = pytest.mark.virtual_time

MINUTE_S, HOUR_S = 60.0, 3600.0


@pytest.fixture
async def house() -> House:
    return House.in_memory()


async def test_every_contact_is_dialed_once_and_ends(house: House) -> None:
    await house.open()
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        assert house.carrier.originates == Counter(f"c-{n}" for n in range(60))


async def test_an_attempt_whose_commit_failed_is_not_made_and_is_made_later(house: House) -> None:
    await house.open()
    house.store.fail_before = 3
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        assert house.carrier.originates == Counter(f"c-{n}" for n in range(60))
        assert all(record.attempts == 1 for record in await house.records())


async def test_an_attempt_whose_commit_has_no_known_result_is_never_made(house: House) -> None:
    """The store may hold the attempt, so it counts as one: better uncalled than called twice."""
    await house.open()
    house.store.fail_after = 1
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        assert max(house.carrier.originates.values()) == 1
        failed = [r for r in await house.records() if r.contact_id not in house.carrier.originates]
        assert failed
        assert {(r.disposition, r.disconnect_reason) for r in failed} == {
            (Disposition.ATTEMPT_FAILED, DisconnectReason.OUTBOUND_ATTEMPT_FAILED)
        }


@pytest.mark.parametrize("later", range(6))
async def test_whoever_is_told_to_end_as_a_commit_fails_ends(house: House, later: int) -> None:
    """So many turns of the loop after it: a server would never end otherwise."""
    await house.open()
    house.store.fail_before = 1
    clock, owner = asyncio.create_task(house.clock.run()), asyncio.create_task(house.owner().run())
    while house.store.fail_before:
        await asyncio.sleep(0)
    for _ in range(later):
        await asyncio.sleep(0)
    owner.cancel()
    ended, _ = await asyncio.wait([owner], timeout=MINUTE_S)
    assert ended == {owner}
    clock.cancel()
    await house.kept.close()


async def test_whoever_is_told_to_end_ends_though_its_carrier_fails_as_it_is_let_go_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails() -> None:
        raise OSError

    await house.open()
    monkeypatch.setattr(house.carrier, "close", fails)
    clock, owner = asyncio.create_task(house.clock.run()), asyncio.create_task(house.owner().run())
    await asyncio.sleep(MINUTE_S)
    owner.cancel()
    ended, _ = await asyncio.wait([owner], timeout=MINUTE_S)
    assert ended == {owner}
    clock.cancel()
    await house.kept.close()


async def test_a_store_that_fails_for_minutes_has_the_log_told_once_a_minute(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.open()
    house.store.fail_before = failures = 1000
    async with dialing(house, house.owner()):
        await asyncio.sleep(2.5 * MINUTE_S)
    told = [each for each in caplog.records if each.message == "dialing has stopped and is begun anew from the store"]
    assert len(told) == 3
    assert failures - house.store.fail_before > 100, "it was tried all the time"


async def test_agents_work_on_after_the_engine_was_rebuilt(house: House) -> None:
    await house.open(agents=3, requests=90)
    house.store.fail_before = 1
    async with dialing(house, house.owner()):
        await house.until_all_ended(90)
        agents = {r.agent_id for r in await house.records() if r.agent_id}
        assert len(agents) == 3


async def test_a_campaign_paused_behind_the_dialers_back_is_not_dialed(house: House) -> None:
    """Another process may pause it; the transaction that records an attempt looks for itself."""
    await house.open(requests=200)
    async with dialing(house, house.owner(sleep=hardly_ever)):
        while sum(house.carrier.originates.values()) < 10:
            await asyncio.sleep(0.01)
        await house.to_state(CampaignState.RUNNING, CampaignState.PAUSED)
        made = sum(house.carrier.originates.values())
        await asyncio.sleep(10 * MINUTE_S)
        assert sum(house.carrier.originates.values()) == made
        await house.to_state(CampaignState.PAUSED, CampaignState.RUNNING)
        house.dialer.campaigns_changed()
        await house.until_all_ended(200)
        assert house.carrier.originates == Counter(f"c-{n}" for n in range(200))


async def test_changes_by_another_process_are_found_by_polling(house: House) -> None:
    await house.open(requests=0)
    async with dialing(house, house.owner()):
        await asyncio.sleep(HOUR_S)
        await house.put(10)
        await asyncio.sleep(1.5)
        assert house.carrier.originates
        await house.until_all_ended(10)


async def test_a_former_owner_dials_no_more(house: House) -> None:
    await house.open(requests=400)
    async with dialing(house, house.owner(sole=False)):
        while sum(house.carrier.originates.values()) < 10:
            await asyncio.sleep(0.01)
        lease = await house.kept.acquire_lease(house.instance_id, "host:2", MINUTE, sole=True)
        assert lease is not None
        async with asyncio.timeout(10):
            while house.dialer.trouble is None:
                await asyncio.sleep(0.01)
        made = sum(house.carrier.originates.values())
        await asyncio.sleep(30.0)
        assert sum(house.carrier.originates.values()) == made
        await house.kept.release_lease(lease)
        async with asyncio.timeout(60):
            while sum(house.carrier.originates.values()) == made:
                await asyncio.sleep(0.01)
        assert max(house.carrier.originates.values()) == 1


async def test_nobody_is_dialed_for_an_agent_who_is_known_to_have_left(house: House) -> None:
    """After a stall much is told at once: what came first does not count once the rest is there."""
    await house.open(agents=1, requests=10)
    (agent,) = simulated_agents(house.directory, 1)
    house.presence.put_user_status(agent.agent_id, AgentStatus.OFFLINE)
    async with dialing(house, house.owner()):
        async with asyncio.timeout(10):
            while (snapshot := house.dialer.snapshot()) is None or not sum(c.in_window for c in snapshot.campaigns):
                await asyncio.sleep(0.01)
        house.presence.put_user_status(agent.agent_id, AgentStatus.AVAILABLE)
        house.presence.put_user_status(agent.agent_id, AgentStatus.OFFLINE)
        await asyncio.sleep(60.0)
        assert not house.carrier.originates
        house.presence.put_user_status(agent.agent_id, AgentStatus.AVAILABLE)
        await house.until_all_ended(10)


async def test_an_agent_who_leaves_gets_no_more_contacts(house: House) -> None:
    await house.open(agents=2, requests=100)
    leaving = simulated_agents(house.directory, 2)[0].agent_id
    async with dialing(house, house.owner()):
        while await house.ended() < 20:
            await asyncio.sleep(1.0)
        house.presence.put_user_status(leaving, AgentStatus.OFFLINE)
        left_at = house.clock.now()
        # The simulated agent comes back when the work after a contact in progress is done; this one does not.
        house.agent_done = lambda agent_id: house.floor.agent_done(agent_id) if agent_id != leaving else None
        await house.until_all_ended(100)
        late = [r for r in await house.records() if (r.connected_to_agent_at or 0) > left_at + MINUTE]
        assert late
        assert leaving not in {r.agent_id for r in late}


# --- agents of whom nothing is heard ----------------------------------------------------------------------------------


async def unheard(house: House, number: int) -> None:
    """Wait until so many agents are unheard."""
    async with asyncio.timeout(10):
        while (snapshot := house.dialer.snapshot()) is None or snapshot.unheard_agents != number:
            await asyncio.sleep(0.01)


async def test_nobody_is_dialed_for_agents_whose_desktops_have_died(house: House) -> None:
    await house.open(requests=200)
    async with dialing(house, house.owner()):
        while sum(house.carrier.originates.values()) < 10:
            await asyncio.sleep(0.01)
        house.silent_agents()
        for _ in range(16):
            house.desk_s += 1.0
            await asyncio.sleep(1.0)
        await unheard(house, 5)
        made = sum(house.carrier.originates.values())
        await asyncio.sleep(HOUR_S)
        assert sum(house.carrier.originates.values()) == made
        house.everybody_is_there()
        await house.until_all_ended(200)


async def test_an_engine_that_replaces_another_knows_who_is_unheard(house: House) -> None:
    await house.open(agents=3)
    silent, *others = (agent.agent_id for agent in simulated_agents(house.directory, 3))
    house.desk_s = 20.0
    house.presence.confirm(others)
    house.store.fail_before = 1
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        await unheard(house, 1)
        assert {r.agent_id for r in await house.records() if r.agent_id} == set(others)
        assert silent not in others


async def test_who_was_asleep_dials_for_those_alone_who_have_spoken_since(house: House) -> None:
    """Their words were waiting to be read, so it is not before they were that others are taken to be gone."""
    await house.open(agents=4, requests=0)
    there = {agent.agent_id for agent in simulated_agents(house.directory, 4)[:2]}
    async with dialing(house, house.owner()):
        await unheard(house, 0)
        house.desk_s += HOUR_S
        await house.put(60)
        house.dialer.requests_accepted("spring")
        await asyncio.sleep(0.2)
        assert not house.carrier.originates, "somebody is dialed on what was known an hour ago"
        house.presence.confirm(there)
        await house.until_all_ended(60)
        gone = {event.agent_id for event in house.presence.told if isinstance(event, AgentUnheard)}
        assert gone
        assert gone.isdisjoint(there)
        assert {r.agent_id for r in await house.records() if r.agent_id} == there


async def test_an_attempt_is_not_made_by_who_fell_asleep_before_it_was_handed_over(house: House) -> None:
    """It is durable by then, and goes back to the backlog: nobody is lost, and nobody called twice."""
    await house.open()

    def sleep() -> None:
        house.desk_s += HOUR_S
        house.store.after_attempts = lambda: None

    house.store.after_attempts = sleep
    async with dialing(house, house.owner()):
        await unheard(house, 5)
        await asyncio.sleep(HOUR_S)
        assert not house.carrier.originates
        house.everybody_is_there()
        await house.until_all_ended(60)
        assert house.carrier.originates == Counter(f"c-{n}" for n in range(60))


async def test_an_attempt_that_needs_no_agent_is_made_whatever_is_known_of_agents(house: House) -> None:
    await house.open(dialer=DialerConfig(DialerType.AGENTLESS))

    def sleep() -> None:
        house.desk_s += HOUR_S

    house.store.after_attempts = sleep
    async with dialing(house, house.owner()):
        await house.until_all_ended(60)
        assert {r.attempts for r in await house.records()} == {1}


async def test_nobody_is_dialed_by_who_slept_until_the_lease_had_nearly_run_out(house: House) -> None:
    """By the time the carrier has dialed, another owner might have closed the contact."""
    await house.open(dialer=DialerConfig(DialerType.AGENTLESS))
    lease_s = 30.0

    def sleep() -> None:
        house.slept_s += lease_s * 0.7
        house.store.after_attempts = lambda: None

    house.store.after_attempts = sleep
    async with dialing(house, house.owner(lease=round(lease_s * SECOND))):
        await house.until_all_ended(60)
        assert house.dialer.totals.voided.total() > 0, "they wait again until the lease was renewed"
        assert house.carrier.originates == Counter(f"c-{n}" for n in range(60))
