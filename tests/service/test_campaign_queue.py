"""A campaign that names no queue has the one that its contact flow sets, as long as the flow sets one.

If this fails, a campaign is dialed for agents whom its live answers never reach, or for nobody's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flows.support import ERROR, action, flow
from service.centres import NORTH, ContactCentre
from service.support import ONE_TO_ONE, SCOPE, House, dialing
from service.test_nothing_dangles import Meanwhile
from trunkcall.domain.campaign import Campaign, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.contact import Disposition
from trunkcall.domain.errors import InUseError, InvalidInputError
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, alike
from trunkcall.service.campaign_queue import queue_of
from trunkcall.service.contact_flows import ContactFlows
from trunkcall.storage.store import Store

NUMBER = "+12025550100"


def setting(*queues: str) -> str:
    """A flow that puts whoever answers into the first of the queues, and into the others where it is not there."""
    chosen = [
        action(f"queue {n}", "UpdateContactTargetQueue", {"QueueId": queue}, then=f"enter {n}", errors={ERROR: "end"})
        for n, queue in enumerate(queues)
    ]
    entered = [
        action(
            f"enter {n}",
            "TransferContactToQueue",
            then="end",
            errors={"QueueAtCapacity": "end", ERROR: f"queue {n + 1}" if n + 1 < len(queues) else "end"},
        )
        for n in range(len(queues))
    ]
    return flow(*chosen, *entered)


class Floor:
    """A contact centre with two queues, and somebody who writes flows for them."""

    def __init__(self, store: Store | None = None) -> None:
        self.centre = ContactCentre(store)
        self.flows = ContactFlows(self.centre.centre)

    async def open(self) -> Floor:
        await self.centre.opened()
        self.sales, self.service = [(await self.centre.queue(name)).queue_id for name in ("Sales", "Service")]
        await self.centre.numbers.claim_phone_number(NORTH, NUMBER)
        return self

    async def flow(self, content: str, name: str = "Greeting by name") -> str:
        made = await self.flows.create_contact_flow(
            NORTH, name=name, flow_type="CONTACT_FLOW", content=content, description="", published=True, tags={}
        )
        return made.contact_flow_id

    async def campaign(self, flow_id: str, dialer: DialerConfig = ONE_TO_ONE, **call: Any) -> Campaign:
        return await self.centre.campaigns.create_campaign(
            name=f"Campaign {self.centre.new_id()}",
            instance_id=NORTH,
            dialer=dialer,
            outbound_call=OutboundCallConfig(flow_id, **{"source_phone_number": NUMBER, **call}),
            tags={},
        )

    async def queue_of(self, campaign: Campaign) -> str | None:
        return queue_of(campaign, await self.centre.directory())


@pytest.fixture
async def floor() -> Floor:
    return await Floor().open()


async def test_a_campaign_without_a_queue_has_the_one_that_its_flow_sets(floor: Floor) -> None:
    for named in (floor.sales, SCOPE.arn(NORTH, ResourceKind.QUEUE, floor.sales)):
        campaign = await floor.campaign(await floor.flow(setting(named), name=named))
        assert campaign.outbound_call.queue_id is None, "it is described as it was given"
        assert await floor.queue_of(campaign) == floor.sales


async def test_of_a_flow_that_sets_several_queues_none_is_the_campaigns(floor: Floor) -> None:
    """Nobody publishes such a one for it; a disk may have made it so."""
    flow_id = await floor.flow(setting(floor.sales))
    campaign = await floor.campaign(flow_id)
    found = (await floor.centre.directory()).contact_flows[flow_id]
    several = replace(found, content=setting(floor.sales, floor.service))
    await floor.centre.store.put_facts(NORTH, [several])
    assert await floor.queue_of(campaign) is None


async def test_the_queue_that_a_campaign_names_is_before_that_of_its_flow(floor: Floor) -> None:
    campaign = await floor.campaign(await floor.flow(setting(floor.sales)), queue_id=floor.service)
    assert await floor.queue_of(campaign) == floor.service


async def test_an_agentless_campaign_dials_for_no_queue_whatever_its_flow_sets(floor: Floor) -> None:
    campaign = await floor.campaign(await floor.flow(setting(floor.sales)), DialerConfig(DialerType.AGENTLESS))
    assert await floor.queue_of(campaign) is None


async def test_whoever_names_no_queue_is_told_both_ways_to_have_one_and_what_is_wrong_with_the_flow(
    floor: Floor,
) -> None:
    cases = {
        flow(): "this one sets none.",
        setting("gone"): "what this one sets is not in this instance.",
        setting(floor.sales, floor.service): "this one sets 2, and a campaign dials for the agents of one.",
    }
    for number, (content, why) in enumerate(cases.items()):
        with pytest.raises(InvalidInputError) as caught:
            await floor.campaign(await floor.flow(content, name=f"Flow {number}"))
        assert caught.value.message.startswith("queue_id is required")
        assert "UpdateContactTargetQueue" in caught.value.message
        assert caught.value.message.endswith(why)


async def test_the_callers_number_is_named_where_no_queue_is(floor: Floor) -> None:
    with pytest.raises(InvalidInputError, match="number"):
        await floor.campaign(await floor.flow(setting(floor.sales)), source_phone_number=None)


async def test_a_flow_keeps_a_queue_as_long_as_a_campaign_has_it_from_there(floor: Floor) -> None:
    flow_id = await floor.flow(setting(floor.sales))
    campaign = await floor.campaign(flow_id)
    for content in (flow(), setting("gone"), setting(floor.sales, floor.service)):
        with pytest.raises(InUseError, match="names no queue"):
            await floor.flows.update_contact_flow_content(NORTH, flow_id, content, published=True)
    assert await floor.queue_of(campaign) == floor.sales
    await floor.flows.update_contact_flow_content(NORTH, flow_id, setting(floor.service), published=True)
    assert await floor.queue_of(campaign) == floor.service
    await floor.centre.campaigns.delete_campaign(campaign.campaign_id)
    await floor.flows.update_contact_flow_content(NORTH, flow_id, flow(), published=True)


async def test_a_flow_sets_what_it_likes_where_campaigns_name_their_queues(floor: Floor) -> None:
    flow_id = await floor.flow(setting(floor.sales))
    await floor.campaign(flow_id, queue_id=floor.service)
    await floor.flows.update_contact_flow_content(NORTH, flow_id, flow(), published=True)


async def test_a_campaign_does_not_get_a_flow_that_leaves_it_without_a_queue(floor: Floor) -> None:
    campaign = await floor.campaign(await floor.flow(setting(floor.sales)))
    without, other = await floor.flow(flow(), "Without"), await floor.flow(setting(floor.service), "Another")
    update = floor.centre.campaigns.update_campaign_outbound_call_config
    with pytest.raises(InvalidInputError, match="this one sets none"):
        await update(campaign.campaign_id, contact_flow_id=without)
    await update(campaign.campaign_id, contact_flow_id=other)
    changed = await floor.centre.campaigns.describe_campaign(campaign.campaign_id)
    assert await floor.queue_of(changed) == floor.service


def going_on_to(flow_id: str) -> str:
    return flow(action("elsewhere", "TransferToFlow", {"ContactFlowId": flow_id}, errors={ERROR: "end"}))


def having_for_whispers(flow_id: str) -> str:
    hooks = {"EventHooks": {"AgentWhisper": flow_id}}
    return flow(action("hook", "UpdateContactEventHooks", hooks, then="end", errors={ERROR: "end"}))


async def test_a_flow_keeps_the_queue_of_a_campaign_whose_flow_goes_on_to_it(floor: Floor) -> None:
    other = await floor.flow(setting(floor.sales), "Other")
    flow_id = await floor.flow(going_on_to(other))
    campaign = await floor.campaign(flow_id)
    assert await floor.queue_of(campaign) == floor.sales
    update = floor.flows.update_contact_flow_content
    for content in (flow(), setting("gone"), setting(floor.sales, floor.service)):
        with pytest.raises(InUseError, match=f"{flow_id} sets, which goes on to this one.*Keep it, or give"):
            await update(NORTH, other, content, published=True)
    with pytest.raises(InUseError, match=f"{flow_id}, which contacts of a campaign may come to"):
        await floor.flows.delete_contact_flow(NORTH, other)
    with pytest.raises(InUseError, match=flow_id):
        await floor.centre.queues.delete_queue(NORTH, floor.sales)
    await update(NORTH, other, setting(floor.service), published=True)
    assert await floor.queue_of(campaign) == floor.service
    await floor.centre.campaigns.delete_campaign(campaign.campaign_id)
    await floor.flows.delete_contact_flow(NORTH, other)


async def test_a_flow_that_is_only_saved_sets_nothing_for_those_that_go_on_to_it(floor: Floor) -> None:
    saved = await floor.flows.create_contact_flow(
        NORTH,
        name="Saved",
        flow_type="CONTACT_FLOW",
        content=setting(floor.sales),
        description="",
        published=False,
        tags={},
    )
    flow_id = await floor.flow(going_on_to(saved.contact_flow_id))
    with pytest.raises(InvalidInputError, match="or one to which it goes on by TransferToFlow"):
        await floor.campaign(flow_id)
    await floor.flows.update_contact_flow_content(NORTH, saved.contact_flow_id, setting(floor.sales), published=True)
    assert await floor.queue_of(await floor.campaign(flow_id)) == floor.sales


async def test_flows_that_no_campaign_has_its_queue_from_may_change(floor: Floor) -> None:
    other = await floor.flow(setting(floor.sales), "Other")
    await floor.campaign(await floor.flow(going_on_to(other)), queue_id=floor.service)
    await floor.flows.update_contact_flow_content(NORTH, other, flow(), published=True)


@pytest.mark.parametrize("names_it", [going_on_to, having_for_whispers])
async def test_a_flow_stays_while_contacts_of_a_campaign_may_come_to_it(
    floor: Floor, names_it: Callable[[str], str]
) -> None:
    last = await floor.flow(flow(), "Last")
    between = await floor.flow(names_it(last), "Between")
    campaign = await floor.campaign(await floor.flow(going_on_to(between)), queue_id=floor.service)
    with pytest.raises(InUseError, match=f"The contact flow {between}, which contacts of a campaign may come to"):
        await floor.flows.delete_contact_flow(NORTH, last)
    await floor.flows.update_contact_flow_content(NORTH, between, flow(), published=True)
    await floor.flows.delete_contact_flow(NORTH, last)
    await floor.centre.campaigns.delete_campaign(campaign.campaign_id)
    await floor.flows.delete_contact_flow(NORTH, between)


async def test_a_queue_stays_that_a_campaigns_flow_puts_people_into(floor: Floor) -> None:
    flow_id = await floor.flow(setting(floor.sales))
    campaign = await floor.campaign(flow_id)
    with pytest.raises(InUseError, match=flow_id):
        await floor.centre.queues.delete_queue(NORTH, floor.sales)
    await floor.centre.campaigns.delete_campaign(campaign.campaign_id)
    await floor.centre.queues.delete_queue(NORTH, floor.sales)


async def test_a_flow_that_loses_its_queue_while_a_campaign_for_it_is_made_is_not_dialed_by() -> None:
    store = Meanwhile()
    floor = await Floor(store).open()
    flow_id = await floor.flow(setting(floor.sales))
    store.happens.append(
        lambda: floor.flows.update_contact_flow_content(NORTH, flow_id, flow(), published=True),
    )
    with pytest.raises(InvalidInputError, match="this one sets none"):
        await floor.campaign(flow_id)
    assert not (await floor.centre.campaigns.list_campaigns()).campaigns


# --- what is dialed ---------------------------------------------------------------------------------------------------


@pytest.mark.virtual_time
@pytest.mark.parametrize("goes_on", [False, True], ids=["by itself", "in another flow"])
async def test_agents_of_the_flows_queue_take_the_live_answers_and_of_the_next_when_it_sets_another(
    goes_on: bool,
) -> None:
    house = House.in_memory()
    await house.open(requests=0, agents=4)
    house_flow = next(iter(house.directory.contact_flows.values()))
    directory = await house.kept.directory(house.instance_id)
    assert directory is not None
    ann, bob, *_ = directory.agents.values()
    east, west = Queue("east", "East"), Queue("west", "West")
    profiles = [RoutingProfile(each.queue_id, each.name, alike([each.queue_id])) for each in (east, west)]
    agents = [replace(ann, routing_profile_id="east"), replace(bob, routing_profile_id="west")]
    sets = replace(house_flow, contact_flow_id="other", name="Other") if goes_on else house_flow
    begins = [replace(house_flow, content=going_on_to("other"))] if goes_on else []
    await house.kept.put_facts(
        house.instance_id, [east, west, *profiles, *agents, *begins, replace(sets, content=setting("east"))]
    )
    await house.kept.edit_campaign(
        "spring",
        lambda campaign: replace(
            campaign, outbound_call=OutboundCallConfig(house_flow.contact_flow_id, source_phone_number=NUMBER)
        ),
    )
    async with dialing(house, house.owner()):
        await house.put(40)
        await house.until_all_ended(40)
        first = await took(house)
        await house.kept.put_facts(house.instance_id, [replace(sets, content=setting("west"))])
        await house.put(40, first=40)
        await house.until_all_ended(80)
        both = await took(house)
    assert first == {ann.agent_id}
    assert both == {ann.agent_id, bob.agent_id}


@pytest.mark.virtual_time
async def test_nobody_is_dialed_for_a_campaign_whose_flow_has_lost_its_queue() -> None:
    """A disk may have damaged the flow; nothing else takes the queue away."""
    house = House.in_memory()
    await house.open(requests=0, dialer=DialerConfig(DialerType.PREDICTIVE, 1.0))
    house_flow = next(iter(house.directory.contact_flows.values()))
    await house.kept.edit_campaign(
        "spring",
        lambda campaign: replace(
            campaign, outbound_call=OutboundCallConfig(house_flow.contact_flow_id, source_phone_number=NUMBER)
        ),
    )
    (queue_id,) = house.directory.queues
    async with dialing(house, house.owner()):
        await house.put(10)
        await asyncio.sleep(600.0)
        assert await house.ended() == 0
        await house.kept.put_facts(house.instance_id, [replace(house_flow, content=setting(queue_id))])
        await house.until_all_ended(10)


async def took(house: House) -> set[str]:
    """The agents who were connected."""
    return {
        record.agent_id
        for record in await house.records()
        if record.disposition is Disposition.CONNECTED_TO_AGENT and record.agent_id is not None
    }
