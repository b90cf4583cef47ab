"""What is around the campaigns changes while they are dialed, and is dialed by within a second.

What a user would lose otherwise: an agent who was hired this morning sits there unrung until the next restart, and one
who was dismissed is still dialed for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from service.support import House, dialing
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.contact import ContactState, DisconnectReason, Disposition
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import SECOND
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.domain.trunk import Trunk
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.engine.events import AgentRegistered, AgentRemoved, QueueLimited, TrunksChanged
from trunkcall.service.facts import KnownFacts
from trunkcall.storage.memory import MemoryStore

pytestmark = pytest.mark.virtual_time

INSTANCE = Instance("instance-1", "default", 0, onboarded=True)


def registered(agent_id: str, *queue_ids: str) -> AgentRegistered:
    """An agent who serves these queues, all alike."""
    return AgentRegistered(agent_id, alike(queue_ids))


@pytest.fixture
async def house() -> House:
    return House.in_memory()


async def until(so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(7200):
        while not await so():
            await asyncio.sleep(1.0)


def agents(house: House) -> dict[AgentState, int]:
    floor = house.dialer.floor()
    return {state: number for state, number in floor.agents.items() if number} if floor is not None else {}


# --- what a change is to the engine -----------------------------------------------------------------------------------


async def test_the_engine_is_told_what_has_changed_for_agents_and_nothing_else() -> None:
    store = MemoryStore(lambda: 0)
    ann, bob = Agent("a1", "ann", "r1"), Agent("a2", "bob", "r2")
    await store.create_instance(
        Directory.of(
            INSTANCE,
            [
                Queue("q1", "Sales"),
                RoutingProfile("r1", "R1", alike(("q1", "q2", "q1"))),
                RoutingProfile("r2", "R2", ()),
                ann,
                bob,
            ],
        )
    )
    facts = KnownFacts(INSTANCE, store, (Trunk("default"),))
    assert await facts.read() == (registered("a1", "q1"), registered("a2")), "of queues that exist"
    assert await facts.read() == ()
    await store.put_facts("instance-1", [Queue("q1", "Sales", "+12065550100"), Queue("q3", "Nobody's")])
    assert await facts.read() == ()
    assert facts.directory.queues["q1"].outbound_caller_id == "+12065550100"
    await store.put_facts("instance-1", [Queue("q2", "Service")])
    assert await facts.read() == (registered("a1", "q1", "q2"),)
    await store.put_facts("instance-1", [RoutingProfile("r2", "R2", alike(("q3",)))])
    assert await facts.read() == (registered("a2", "q3"),)
    await store.put_facts("instance-1", [Agent("a2", "bob", "r1"), Agent("a3", "cid", "lost")])
    assert await facts.read() == (registered("a2", "q1", "q2"), registered("a3"))
    phone = PhoneConfig(after_contact_work_limit_s=30, persistent_connection=True)
    desk_phone = replace(phone, phone_type="DESK_PHONE", desk_phone_number="+12025550199")
    for each, by_number in ((phone, False), (desk_phone, True)):
        await store.put_facts("instance-1", [Agent("a3", "cid", "lost", phone=each)])
        assert await facts.read() == (AgentRegistered("a3", (), 30 * SECOND, persistent=True, by_number=by_number),), (
            "a desk phone takes a line"
        )
    await store.remove_facts("instance-1", FactKind.QUEUE, ["q1"], at=1)
    assert await facts.read() == (registered("a1", "q2"), registered("a2", "q2"))
    await store.remove_facts("instance-1", FactKind.AGENT, ["a1"], at=1)
    await store.remove_facts("instance-1", FactKind.ROUTING_PROFILE, ["r1"], at=1)
    assert await facts.read() == (AgentRemoved("a1"), registered("a2"))
    await store.put_facts("instance-1", [ann])
    await store.remove_facts("instance-1", FactKind.AGENT, ["a1"], at=1)
    assert await facts.read() == (), "whoever came and went between two looks"


async def test_the_engine_is_told_how_many_may_wait_in_a_queue_when_that_has_changed() -> None:
    store = MemoryStore(lambda: 0)
    await store.create_instance(Directory.of(INSTANCE, [Queue("q1", "Sales", max_contacts=5), Queue("q2", "Service")]))
    facts = KnownFacts(INSTANCE, store, (Trunk("default"),))
    assert await facts.read() == (QueueLimited("q1", 5),)
    await store.put_facts(
        "instance-1", [Queue("q1", "Selling", max_contacts=5), Queue("q2", "Service", max_contacts=0)]
    )
    assert await facts.read() == (QueueLimited("q2", 0),)
    await store.put_facts("instance-1", [Queue("q1", "Selling", max_contacts=7)])
    assert await facts.read() == (QueueLimited("q1", 7),)
    await store.put_facts("instance-1", [Queue("q1", "Selling")])
    assert await facts.read() == (QueueLimited("q1", None),)
    await store.remove_facts("instance-1", FactKind.QUEUE, ["q2"], at=1)
    assert await facts.read() == (QueueLimited("q2", None),)
    await store.put_facts("instance-1", [Queue("q3", "Back office", max_contacts=1)])
    assert await KnownFacts(INSTANCE, store, (Trunk("default"),)).read() == (QueueLimited("q3", 1),), "a new engine too"


async def test_the_engine_is_told_of_all_trunks_when_one_has_changed() -> None:
    store = MemoryStore(lambda: 0)
    default, north, south = Trunk("default"), Trunk("north"), Trunk("south")
    await store.create_instance(Directory(INSTANCE))
    facts = KnownFacts(INSTANCE, store, (default,))
    assert await facts.read() == (), "it begins with those of an instance that has none of its own"
    await store.put_facts("instance-1", [north, south])
    assert await facts.read() == (TrunksChanged((north, south)),)
    await store.put_facts("instance-1", [replace(north, channels=5), Queue("q1", "Sales")])
    assert await facts.read() == (TrunksChanged((replace(north, channels=5), south)),)
    await store.put_facts("instance-1", [Queue("q1", "Sales", "+12065550100")])
    assert await facts.read() == ()
    await store.remove_facts("instance-1", FactKind.TRUNK, ["north"], at=1)
    assert await facts.read() == (TrunksChanged((south,)),)
    await store.remove_facts("instance-1", FactKind.TRUNK, ["south"], at=1)
    assert await facts.read() == (TrunksChanged((default,)),)
    anew = KnownFacts(INSTANCE, store, (default,))
    assert await anew.read() == (), "as after a restart"


# --- while campaigns are dialed ---------------------------------------------------------------------------------------


async def test_an_agent_who_is_added_takes_contacts(house: House) -> None:
    await house.open(agents=0, requests=5)
    async with dialing(house, house.owner()):
        await asyncio.sleep(60.0)
        assert await house.ended() == 0
        profile = next(iter(house.directory.routing_profiles))
        await house.kept.put_facts(house.instance_id, [Agent("zoe", "zoe", profile)])
        with pytest.raises(NotFoundError):
            house.presence.put_user_status("zoe", AgentStatus.AVAILABLE)
        await asyncio.sleep(2.0)
        house.floor.staff(["zoe"])
        telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
        await house.until_all_ended(5)
        telling.cancel()
    assert {record.agent_id for record in await house.records()} <= {"zoe", None}
    assert not house.store.fail_before


async def test_an_agent_who_is_removed_finishes_the_talk_and_is_not_dialed_for(house: House) -> None:
    await house.open(agents=2, requests=40)
    telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
    async with dialing(house, house.owner()):

        async def somebody_talks() -> bool:
            return any(record.state is ContactState.CONNECTED for record in await house.records())

        await until(somebody_talks)
        talk = next(record for record in await house.records() if record.state is ContactState.CONNECTED)
        await house.kept.remove_facts(house.instance_id, FactKind.AGENT, [talk.agent_id], at=house.clock.now())
        removed_at = house.clock.now()
        await asyncio.sleep(2.0)
        await house.until_all_ended(40)
        await asyncio.sleep(600.0)
        assert sum(agents(house).values()) == 1
        with pytest.raises(NotFoundError):
            house.presence.put_user_status(talk.agent_id, AgentStatus.AVAILABLE)
        assert not telling.done(), "the other simulated agents work on"
        telling.cancel()
    found = {record.contact_id: record for record in await house.records()}
    ended = found[talk.contact_id]
    assert ended.disposition is Disposition.CONNECTED_TO_AGENT
    assert ended.after_contact_work_ended_at is not None
    later = [r for r in found.values() if r.agent_id == talk.agent_id and (r.attempted_at or 0) > removed_at]
    assert not later


async def test_a_queue_that_is_removed_has_nobody_and_one_that_comes_back_has_its_agents(house: House) -> None:
    await house.open(agents=3, requests=60)
    telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
    queue = next(iter(house.directory.queues.values()))
    async with dialing(house, house.owner()):
        await until(lambda: _more_than(house, 5))
        await house.kept.remove_facts(house.instance_id, FactKind.QUEUE, [queue.queue_id], at=house.clock.now())
        await asyncio.sleep(600.0)
        snapshot = house.dialer.snapshot()
        assert snapshot is not None
        assert snapshot.contacts_in_progress == 0, "who waited there has left as nobody came"
        assert snapshot.campaigns[0].staffed_agents == 0
        ended = await house.ended()
        await asyncio.sleep(600.0)
        assert await house.ended() == ended < 60
        await house.kept.put_facts(house.instance_id, [queue])
        await house.until_all_ended(60)
        telling.cancel()


async def test_where_nobody_may_wait_whoever_finds_no_agent_is_hung_up_on_at_once(house: House) -> None:
    await house.open(agents=12, requests=300)
    directory = await house.kept.directory(house.instance_id)
    assert directory is not None
    queue = next(iter(house.directory.queues.values()))
    await house.kept.put_facts(house.instance_id, [replace(queue, max_contacts=0)])
    async with dialing(house, house.owner()):
        await asyncio.sleep(2.0)
        for agent_id in directory.agents:
            house.presence.put_user_status(agent_id, AgentStatus.AVAILABLE)

        async def phones_ring() -> bool:
            return sum(record.state is ContactState.DIALING for record in await house.records()) >= 6

        await until(phones_ring)
        for agent_id in directory.agents:
            house.presence.put_user_status(agent_id, AgentStatus.OFFLINE)
        await asyncio.sleep(120.0)
    abandoned = [record for record in await house.records() if record.disposition is Disposition.ABANDONED]
    assert abandoned, "phones rang, and some were answered"
    for record in abandoned:
        assert record.abandoned
        assert record.queued_at is None
        assert record.disconnect_reason is DisconnectReason.CONTACT_FLOW_DISCONNECT


async def _more_than(house: House, number: int) -> bool:
    return await house.ended() > number


async def test_a_restart_forgets_nobody_who_was_added_and_nobody_who_talks_and_was_removed(house: House) -> None:
    await house.open(agents=1, requests=30)
    telling = asyncio.create_task(house.floor.run(lambda: house.carrier.busy_agents))
    async with dialing(house):
        former = asyncio.create_task(house.owner().run())

        async def somebody_talks() -> bool:
            return any(record.state is ContactState.CONNECTED for record in await house.records())

        await until(somebody_talks)
        talk = next(record for record in await house.records() if record.state is ContactState.CONNECTED)
        former.cancel()
        await asyncio.gather(former, return_exceptions=True)
        await house.kept.remove_facts(house.instance_id, FactKind.AGENT, [talk.agent_id], at=house.clock.now())
        profile = next(iter(house.directory.routing_profiles))
        await house.kept.put_facts(house.instance_id, [Agent("zoe", "zoe", profile)])
        anew = asyncio.create_task(house.owner().run())
        await asyncio.sleep(2.0)
        house.presence.put_user_status("zoe", AgentStatus.AVAILABLE)
        await until(lambda: _more_than(house, 0))
        ended = {record.contact_id: record for record in await house.records()}[talk.contact_id]
        assert ended.disposition is Disposition.CONNECTED_TO_AGENT
        await asyncio.sleep(600.0)
        assert sum(agents(house).values()) == 1
        for task in (telling, anew):
            task.cancel()
        await asyncio.gather(telling, anew, return_exceptions=True)
