"""Several instances in one store, and one server that dials for all of them. If these fail, the campaigns of one
contact centre stand still, or are dialed by another's agents, because of what happens in another one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest

from service.instances import MINUTE_S, Installation, Server, goes_on, until_all_ended
from trunkcall.domain.agent import AgentState
from trunkcall.domain.calling_policy import POLICY_TAG, CallingPolicy
from trunkcall.domain.campaign import CampaignState, DialerConfig, DialerType
from trunkcall.domain.contact import ContactRecord, ContactState, DisconnectReason
from trunkcall.domain.errors import InvalidStateError, NotFoundError, StoreUnavailableError
from trunkcall.domain.instants import DAY, HOUR, MINUTE, SECOND
from trunkcall.domain.user import Agent
from trunkcall.domain.user_status import built_in_statuses
from trunkcall.engine.events import CarrierLost
from trunkcall.service.dial_requests import AcceptedItem, RefusedItem
from trunkcall.web.health import Health

pytestmark = pytest.mark.virtual_time


async def test_every_instance_is_dialed_at_once_by_its_own_agents_and_phones(installation: Installation) -> None:
    await installation.found("west")
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    names = ["north", "south", "west"]
    campaigns = {await server.campaign_of(name, 60, within=DAY): name for name in names}
    await until_all_ended(installation)
    await server.stops()
    records = await installation.records()
    assert len(records) == 180
    assert all(record.instance_id == campaigns[record.campaign_id] for record in records)
    for name in names:
        own = [record for record in records if record.instance_id == name]
        assert server.phones[name].originates == Counter(record.contact_id for record in own)
        assert {record.agent_id for record in own if record.agent_id} <= installation.agents_of(name)
    begun = [sorted(record.attempted_at or 0 for record in records if record.instance_id == name) for name in names]
    assert max(times[0] for times in begun) < min(times[-1] for times in begun), "one waited until another was done"


@pytest.mark.parametrize("fails", ["when a session begins", "in the middle", "it is away"])
async def test_whose_carrier_fails_stops_nobody_else(installation: Installation, fails: str) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    for name in ("north", "south"):
        await server.campaign_of(name, 1000, within=DAY)
    await asyncio.sleep(MINUTE_S)
    phones = server.phones["north"]

    def fail() -> None:
        raise RuntimeError("the line is dead")

    match fails:
        case "when a session begins":
            phones.fails = fail
            other = await installation.store.acquire_lease("north", "host:2", HOUR, sole=True)
            assert other is not None
            await installation.store.release_lease(other)
        case "in the middle":
            phones.breaks = fail
        case _:
            phones.tell(CarrierLost())
    await asyncio.sleep(MINUTE_S)
    if fails != "it is away":
        assert "RuntimeError" in (server.dialed("north").trouble or ""), "nobody is told"
    assert server.dialed("south").trouble is None
    assert await goes_on(server, "south")
    assert not await goes_on(server, "north")
    await server.is_killed()


async def test_a_clock_that_breaks_is_begun_again_and_the_others_never_notice(installation: Installation) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    for name in ("north", "south"):
        await server.campaign_of(name, 1000, within=DAY)
    await asyncio.sleep(MINUTE_S)

    def breaks() -> None:
        raise ZeroDivisionError

    north = server.dialed("north")
    north.clock.call_at(north.clock.now(), breaks)
    await asyncio.sleep(1.0)
    assert "clock fails" in (north.upkeep_trouble or ""), "nobody is told"
    assert server.dialed("south").upkeep_trouble is None
    assert await goes_on(server, "south")
    assert await goes_on(server, "north")
    assert north.upkeep_trouble is None
    await server.is_killed()


async def test_who_cannot_be_begun_keeps_nobody_waiting_and_is_tried_again(installation: Installation) -> None:
    server = Server(installation)
    server.cannot_build.add("north")
    server.begin()
    await asyncio.sleep(2.0)
    assert server.names == ["south"]
    assert "instances fails" in (server.background.trouble or ""), "nobody is told"
    await server.campaign_of("south", 100, within=DAY)
    assert await goes_on(server, "south")
    server.cannot_build.clear()
    await asyncio.sleep(10.0)
    assert server.names == ["south", "north"]
    await server.campaign_of("north", 100, within=DAY)
    assert await goes_on(server, "north")
    await server.is_killed()


async def test_a_lease_that_is_lost_is_one_instances(installation: Installation) -> None:
    """Another process takes one over. Then it alone dials for that one, and this one for the other."""
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    for name in ("north", "south"):
        await server.campaign_of(name, 1000, within=DAY)
    await asyncio.sleep(MINUTE_S)
    other = await installation.store.acquire_lease("north", "host:2", HOUR, sole=True)
    assert other is not None
    await asyncio.sleep(10.0)
    assert server.dialed("north").trouble == "another process owns this instance"
    assert server.dialed("south").trouble is None
    assert not await goes_on(server, "north")
    assert await goes_on(server, "south")
    await installation.store.release_lease(other)
    assert await goes_on(server, "north")
    await server.is_killed()


async def test_a_request_is_dialed_at_once_in_every_instance(installation: Installation) -> None:
    """Who dials is told of it, and does not have to look."""
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    campaigns = {name: await server.new_campaign(name) for name in ("north", "south")}
    await asyncio.sleep(MINUTE_S + 0.1)
    for name, campaign_id in campaigns.items():
        await server.submit(campaign_id, 1, expires_at=installation.now() + DAY)
        await asyncio.sleep(0.05)
        assert server.originates(name) == 1
    await server.is_killed()


async def test_a_store_that_cannot_be_read_for_a_while_ends_nobody(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    await server.campaign_of("north", 1000, within=DAY)

    async def fail() -> None:
        raise StoreUnavailableError

    monkeypatch.setattr(installation.store, "instances", fail)
    assert await goes_on(server, "north")
    monkeypatch.undo()
    await installation.found("west")
    await asyncio.sleep(10.0)
    assert server.names == ["north", "south", "west"]
    await server.is_killed()


# --- whose clock counts -----------------------------------------------------------------------------------------------


async def test_expiry_goes_by_the_clock_of_the_campaigns_instance(installation: Installation) -> None:
    """Two that were simulated at their own pace for a day are hours apart."""
    installation.ahead["south"] = 2 * HOUR
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    expires_at = installation.now() + HOUR
    (accepted,) = await server.submit(await server.new_campaign("north"), 1, expires_at=expires_at)
    (refused,) = await server.submit(await server.new_campaign("south"), 1, expires_at=expires_at)
    assert isinstance(accepted, AcceptedItem), "a request that has an hour left was refused"
    assert isinstance(refused, RefusedItem), "a request that could never be dialed was accepted"
    for name, at in (("north", installation.now()), ("south", installation.now() + 2 * HOUR)):
        assert abs((await server.progresses.get_instance_status(name)).at - at) < SECOND
    await server.is_killed()


async def test_lists_are_in_the_order_of_creation_whosever_clock_is_ahead(installation: Installation) -> None:
    installation.ahead["north"] = 2 * HOUR
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    made = [await server.new_campaign("north"), await server.new_campaign("south")]
    page = await server.campaigns.list_campaigns()
    assert [campaign.campaign_id for campaign in page.campaigns] == made
    await server.is_killed()


# --- what agents say --------------------------------------------------------------------------------------------------


async def test_an_agent_and_an_instance_that_have_just_come_are_told_of_at_once(installation: Installation) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    (pause,) = (status for status in built_in_statuses("north").values() if status.name == "Break")
    await installation.found("west", agents=1)
    for name in ("north", "west"):
        await installation.store.put_facts(name, [Agent(f"{name}-new", "new", "no profile")])
        await server.supervisor.put_user_status(name, f"{name}-new", pause)
        await asyncio.sleep(1.0)
        floor = server.supervisor.floor(name)
        assert floor is not None
        assert floor.agents[AgentState.ON_BREAK] == 1, "somebody is on a break, and counts as available"
    with pytest.raises(NotFoundError):
        await server.supervisor.put_user_status("north", "nobody", pause)
    with pytest.raises(InvalidStateError):
        await server.supervisor.put_user_status("nowhere", "north-new", pause)
    await server.is_killed()


# --- what is told of an instance --------------------------------------------------------------------------------------


async def test_each_campaign_is_explained_and_shown_by_its_own_dialer(installation: Installation) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    await installation.found("west", agents=0)
    await asyncio.sleep(2.0)
    campaigns = {name: await server.campaign_of(name, 1000, within=DAY) for name in ("north", "west")}
    await asyncio.sleep(MINUTE_S)
    reasons = {
        name: (await server.explanations.get_campaign_explanation(campaign_id)).reasons[0].code
        for name, campaign_id in campaigns.items()
    }
    assert reasons["north"] != "NO_AGENTS"
    assert reasons["west"] == "NO_AGENTS"
    shown = await server.progresses.get_campaign_progress(campaigns["north"])
    assert shown.floor is not None
    assert sum(shown.floor.agents.values()) == 5
    assert sum(shown.progress.attempts_by_minute) > 0
    page = await server.progresses.list_campaign_progress(states=(), after=None, limit=10)
    assert [sum(each.attempts_by_minute) > 0 for each in page.campaigns] == [True, False]
    await server.is_killed()


async def test_an_instance_that_nobody_dials_for_is_told_to_be_one(installation: Installation) -> None:
    await installation.found("west", onboarded=False)
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    assert server.names == ["north", "south"]
    assert (await server.progresses.get_instance_status("west")).floor is None
    assert (await server.progresses.get_instance_status("north")).floor is not None
    with pytest.raises(NotFoundError):
        await server.progresses.get_instance_status("east")
    with pytest.raises(NotFoundError, match="not onboarded"):
        await server.new_campaign("west")
    await server.is_killed()


# --- where nobody is to be dialed -------------------------------------------------------------------------------------


async def test_without_outbound_calls_nobody_is_dialed_and_talks_go_on(installation: Installation) -> None:
    """Switched off by mistake in the middle of a shift, they must cost nobody who has answered."""
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    campaigns = {name: await server.campaign_of(name, 40, within=DAY) for name in ("north", "south")}
    await asyncio.sleep(MINUTE_S)
    before = await installation.records("north")
    in_progress = {each.contact_id for each in before if each.state not in {ContactState.WAITING, ContactState.ENDED}}
    assert in_progress
    await installation.store.change_instance("north", lambda found: replace(found, outbound_calls=False))
    await asyncio.sleep(2.0)
    assert not await goes_on(server, "north")
    assert await goes_on(server, "south")
    (reason,) = (await server.explanations.get_campaign_explanation(campaigns["north"])).reasons
    assert reason.code == "OUTBOUND_CALLS_OFF"
    await asyncio.sleep(15 * MINUTE_S)
    ended = {each.contact_id: each for each in await installation.records("north")}
    assert all(ended[contact_id].disconnect_reason is not DisconnectReason.OTHER for contact_id in in_progress)
    assert (await server.campaigns.describe_campaign(campaigns["north"])).state is CampaignState.RUNNING

    await installation.store.change_instance("north", lambda found: replace(found, outbound_calls=True))
    await until_all_ended(installation)
    await server.stops()


async def test_while_all_is_halted_nobody_is_dialed_and_health_says_so(installation: Installation) -> None:
    """Whoever has halted by mistake, or forgotten it, must see it where everything else that is wrong is seen."""
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    campaigns = {name: await server.campaign_of(name, 40, within=DAY) for name in ("north", "south")}
    await asyncio.sleep(MINUTE_S)
    await installation.store.halt_instance("north", at=server.supervisor.now_of("north"), reason="a complaint")
    await asyncio.sleep(2.0)
    assert not await goes_on(server, "north")
    assert await goes_on(server, "south")
    page = Health("north", lambda: server.supervisor.dialed, server.supervisor.now_of, 1.0).page()
    told = {each["instance_id"]: each["status"] for each in json.loads((await page).body)["instances"]}
    assert (told["north"], told["south"]) == ("halted", "ok")
    (reason,) = (await server.explanations.get_campaign_explanation(campaigns["north"])).reasons
    assert (reason.code, "a complaint" in reason.text) == ("HALTED", True)
    await installation.store.resume_instance("north")
    await until_all_ended(installation)
    await server.stops()


async def test_a_campaign_whose_policy_nobody_has_put_is_dialed_once_it_is_there(installation: Installation) -> None:
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    campaign_id = await server.campaign_of("north", 40, within=DAY)
    await installation.store.edit_campaign(campaign_id, lambda found: replace(found, tags={POLICY_TAG: "night"}))
    await asyncio.sleep(2.0)
    assert not await goes_on(server, "north")
    (dialed,) = [each for each in server.supervisor.dialed if each.instance_id == "north"]
    assert dialed.dialer.closed_campaigns == 1
    await installation.store.put_facts("north", [CallingPolicy("night", 1, '[destinations]\nregions = ["any"]\n')])
    await until_all_ended(installation)
    assert dialed.dialer.closed_campaigns == 0
    await server.stops()


async def test_a_server_that_starts_dials_nobody_for_an_instance_without_outbound_calls(
    installation: Installation,
) -> None:
    await installation.store.change_instance("north", lambda found: replace(found, outbound_calls=False))
    server = Server(installation)
    await server.campaign_of("north", 10, within=DAY)
    server.begin()
    await asyncio.sleep(MINUTE_S)
    assert server.originates("north") == 0
    await server.stops()


# --- one is nothing to the other --------------------------------------------------------------------------------------


def decisions(records: list[ContactRecord]) -> list[tuple[object, ...]]:
    return [
        (
            (record.client_token or "").rpartition("-")[2],
            record.attempted_at,
            record.agent_id,
            record.disposition,
            record.ended_at,
        )
        for record in records
    ]


async def _shift(seed: int, *, beside: bool) -> list[tuple[object, ...]]:
    """What was decided in one instance, with another one beside it or not."""
    installation = Installation(seed)
    await installation.found("north")
    server = Server(installation).begin()
    await asyncio.sleep(2.0)
    if beside:
        await installation.found("south", agents=8)
    await asyncio.sleep(2.0)
    await server.campaign_of("north", 150, within=30 * MINUTE, dialer=DialerConfig(DialerType.PREDICTIVE, 1.0))
    if beside:
        await server.campaign_of("south", 400, within=30 * MINUTE)
        await asyncio.sleep(5 * MINUTE_S)
        server.phones["south"].tell(CarrierLost())
    await until_all_ended(installation, "north")
    decided = decisions(list(await installation.records("north")))
    if beside:
        assert server.originates("south") > 0
    await server.is_killed()
    await installation.store.close()
    return decided


@pytest.mark.parametrize("seed", range(3))
async def test_what_one_instance_does_changes_no_decision_of_another(seed: int) -> None:
    began_s = asyncio.get_running_loop().time()
    alone = await _shift(seed, beside=False)
    passed = round((asyncio.get_running_loop().time() - began_s) * SECOND)
    beside = await _shift(seed, beside=True)
    later = [tuple(part - passed if isinstance(part, int) else part for part in decision) for decision in beside]
    assert later == alone
    assert len(alone) == 150
