"""How dialing for an instance begins and ends, on a server that dials for several. If these fail, people are cut off
because an instance or the server went, somebody is called twice, or nobody dials for an instance that is there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from service.instances import DRAIN_S, HOUR_S, MINUTE_S, Installation, Server, goes_on, until_all_ended
from trunkcall.domain.contact import ContactState, Disposition
from trunkcall.domain.directory import EncryptionConfig, OnboardingJob, OnboardingStatus
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.instants import DAY, SECOND
from trunkcall.domain.leg import LiveLeg
from trunkcall.engine.events import CarrierFound
from trunkcall.service.installation import simulated_agents
from trunkcall.service.lease import LEASE
from trunkcall.service.supervisor import CLOSE_S

pytestmark = pytest.mark.virtual_time


# --- an instance ------------------------------------------------------------------------------------------------------


async def test_an_instance_that_appears_is_dialed_for_and_one_that_goes_ends_in_peace(
    installation: Installation,
) -> None:
    server = Server(installation).begin()
    await server.campaign_of("north", 2000, within=DAY)
    await asyncio.sleep(MINUTE_S)
    await installation.found("west")
    campaign_id = await server.campaign_of("west", 500, within=DAY)
    await asyncio.sleep(MINUTE_S)
    assert server.originates("west") > 0, "nobody dials for an instance that came while the server ran"
    await server.campaigns.delete_campaign(campaign_id)
    await installation.store.offboard("west")
    in_progress = {contact.contact_id for contact in await installation.store.live_contacts("west")}
    assert in_progress
    async with asyncio.timeout(HOUR_S):
        while "west" in server.names:
            await asyncio.sleep(1.0)
    west = {record.contact_id: record for record in await installation.records("west")}
    assert {record.state for record in west.values()} == {ContactState.ENDED}
    cut_off = {key for key in in_progress if west[key].disposition is Disposition.ATTEMPT_FAILED}
    assert not cut_off, "people were cut off because their instance went"
    assert await installation.store.acquire_lease("west", "host:2", LEASE) is not None, "its lease was not let go"
    assert await goes_on(server, "north")
    await server.is_killed()


async def test_an_instance_that_comes_back_is_dialed_for_again(installation: Installation) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    await installation.store.offboard("south")
    await asyncio.sleep(2.0)
    assert server.names == ["north"]
    job = OnboardingJob("south", OnboardingStatus.IN_PROGRESS, EncryptionConfig(), installation.now())
    await installation.store.start_onboarding(job)
    await installation.store.finish_onboarding("south", None)
    await server.campaign_of("south", 100, within=DAY)
    assert await goes_on(server, "south")
    await server.is_killed()


async def test_an_instance_that_comes_back_while_it_ends_is_dialed_for_by_one_at_a_time(
    installation: Installation,
) -> None:
    server = Server(installation).begin()
    campaign_id = await server.campaign_of("south", 500, within=DAY)
    await asyncio.sleep(MINUTE_S)
    await server.campaigns.delete_campaign(campaign_id)
    await installation.store.offboard("south")
    await asyncio.sleep(2.0)
    talking = {contact.contact_id for contact in await installation.store.live_contacts("south")}
    assert talking
    job = OnboardingJob("south", OnboardingStatus.IN_PROGRESS, EncryptionConfig(), installation.now())
    await installation.store.start_onboarding(job)
    await installation.store.finish_onboarding("south", None)
    await server.campaign_of("south", 100, within=DAY)
    assert await goes_on(server, "south")
    assert server.names.count("south") == 1
    ends = {record.contact_id: record.disposition for record in await installation.records("south")}
    assert not [key for key in talking if ends[key] is Disposition.ATTEMPT_FAILED], "people were cut off"
    assert max(server.phones["south"].originates.values()) == 1
    await server.is_killed()


async def test_talks_of_an_instance_that_is_deleted_come_to_their_end(installation: Installation) -> None:
    """Taken down in one go, as a script does, with people still on the line."""
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    campaign_id = await server.campaign_of("south", 40, within=DAY)
    await asyncio.sleep(MINUTE_S)
    before = await installation.records("south")
    in_progress = {each.contact_id for each in before if each.state not in {ContactState.WAITING, ContactState.ENDED}}
    assert in_progress
    await server.campaigns.delete_campaign(campaign_id)
    await installation.store.offboard("south")
    await installation.store.delete_instance("south", at=server.supervisor.now_of("south"))
    await asyncio.sleep(DRAIN_S + 2 * CLOSE_S)
    assert server.names == ["north"]
    records = await installation.records("south")
    assert all(record.state is ContactState.ENDED for record in records), "somebody is on the line for ever"
    assert any(record.agent_id for record in records if record.contact_id in in_progress)
    await server.stops()


async def test_an_instance_ends_although_its_store_fails_at_that_instant(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)

    async def fail_when_cancelled(instance_id: str) -> int:
        monkeypatch.undo()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise StoreUnavailableError from None
        return 0

    # Whoever asks first.
    monkeypatch.setattr(installation.store, "quarantined_count", fail_when_cancelled)
    await asyncio.sleep(2.0)
    await server.stops()
    for name in ("north", "south"):
        lease = await installation.store.acquire_lease(name, "host:2", LEASE)
        assert lease is not None, "a server that was stopped dials on"
    await server.is_killed()


async def legs_of(server: Server, name: str) -> Sequence[LiveLeg]:
    """What the instance's carrier has, as it tells whoever comes to it."""
    heard: list[object] = []
    await server.phones[name].start(heard.append, token=99)
    return [leg for found in heard if isinstance(found, CarrierFound) for leg in found.legs]


@pytest.mark.parametrize("goes", [True, False])
async def test_an_instance_that_goes_leaves_nobody_on_a_switch_and_a_server_that_stops_leaves_all(
    installation: Installation, goes: bool
) -> None:
    """Agents who talk, or wait for the next customer, would hear nothing for ever, and the contacts would never end."""
    agents = simulated_agents(installation.directories["south"], 5)
    persistent = [replace(each, phone=replace(each.phone, persistent_connection=True)) for each in agents]
    await installation.store.put_facts("south", persistent)
    server = Server(installation, drain_s=1.0, legs_survive=True).begin()
    await asyncio.sleep(2.0)
    campaign_id = await server.campaign_of("south", 200, within=DAY)
    async with asyncio.timeout(HOUR_S):
        while not any(each.state is ContactState.CONNECTED for each in await installation.records("south")):
            await asyncio.sleep(1.0)
    if goes:
        await server.campaigns.delete_campaign(campaign_id)
        await installation.store.offboard("south")
        await asyncio.sleep(5.0)
        assert server.names == ["north"]
    else:
        await server.stops()
    records = await installation.records("south")
    in_progress = [each for each in records if each.state not in {ContactState.WAITING, ContactState.ENDED}]
    sessions = await installation.store.live_sessions("south")
    legs = await legs_of(server, "south")
    assert bool(in_progress) is bool(sessions) is bool(legs) is not goes
    await server.is_killed()


# --- a server ---------------------------------------------------------------------------------------------------------


async def test_what_is_accepted_before_anybody_dials_is_dialed_then(installation: Installation) -> None:
    server = Server(installation)
    campaign_id = await server.campaign_of("north", 10, within=DAY)
    found = await server.explanations.get_campaign_explanation(campaign_id)
    assert [reason.code for reason in found.reasons] == ["NO_DIALER"]
    server.begin()
    await until_all_ended(installation)
    await server.stops()


async def test_after_a_crash_everybody_is_dialed_and_nobody_twice(installation: Installation) -> None:
    first = Server(installation).begin()
    await asyncio.sleep(2.0)
    for name in ("north", "south"):
        await first.campaign_of(name, 100, within=DAY)
    await asyncio.sleep(5 * MINUTE_S)
    live = {name: len(await installation.store.live_contacts(name)) for name in ("north", "south")}
    assert all(live.values())
    await first.is_killed()
    second = Server(installation, "host:2").begin()
    await asyncio.sleep(LEASE / SECOND)
    await until_all_ended(installation)
    await second.stops()
    for name in ("north", "south"):
        records = await installation.records(name)
        calls = first.phones[name].originates + second.phones[name].originates
        assert calls == Counter(record.contact_id for record in records), "somebody was called twice, or never"
        assert second.originates(name) > 0


async def test_a_server_that_stops_ends_all_at_once_and_lets_the_next_one_in(installation: Installation) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    for name in ("north", "south"):
        await server.campaign_of(name, 1000, within=DAY)
    await asyncio.sleep(MINUTE_S)
    before = {name: server.originates(name) for name in ("north", "south")}
    began_s = installation.seconds()
    await server.stops()
    assert installation.seconds() - began_s < DRAIN_S
    assert {name: server.originates(name) for name in before} == before, "one dialed on while another ended"
    ends = {record.disposition for record in await installation.records()}
    assert Disposition.ATTEMPT_FAILED not in ends, "a talk was cut off although the server was stopped in peace"
    for name in ("north", "south"):
        assert await installation.store.acquire_lease(name, "host:2", LEASE) is not None


async def test_who_never_closes_keeps_neither_the_server_nor_another_instances_lease(
    installation: Installation,
) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    for name in ("north", "south"):
        await server.campaign_of(name, 1000, within=DAY)
    await asyncio.sleep(MINUTE_S)
    server.phones["north"].hangs = True
    began_s = installation.seconds()
    await server.stops()
    assert installation.seconds() - began_s <= DRAIN_S + CLOSE_S
    assert await installation.store.acquire_lease("south", "host:2", LEASE) is not None
    await server.is_killed()
