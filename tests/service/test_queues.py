"""Queues are made, changed and deleted, and nothing that is dialed for disappears. If these fail, a campaign dials for
a queue that is gone, or customers see a number that nobody owns."""

from __future__ import annotations

import asyncio

import pytest

from service.centres import FLOW, HOURS, NORTH, SOUTH, ContactCentre
from service.support import BEGUN_AT, SCOPE
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.instants import HOUR
from trunkcall.domain.queue import Queue
from trunkcall.service.queues import OutboundCaller
from trunkcall.service.searching import Comparison, Criterion, tagged, text

NUMBER = "+12025550123"


class TestCreation:
    async def test_a_queue_is_what_was_asked_for(self) -> None:
        centre = await ContactCentre().opened()
        number = await centre.numbers.claim_phone_number(NORTH, NUMBER)
        caller = OutboundCaller("Sales", number.phone_number_id, FLOW)
        made = await centre.queues.create_queue(
            NORTH,
            name="Sales",
            hours_of_operation_id=HOURS,
            description="Who buys",
            caller=caller,
            max_contacts=5,
            tags={"team": "north"},
        )
        told = await centre.queues.describe_queue(NORTH, made.queue_id)
        assert told.queue == made
        assert told.number_id == number.phone_number_id
        assert (made.name, made.description, made.max_contacts, made.enabled) == ("Sales", "Who buys", 5, True)
        assert (await centre.directory()).outbound_caller_id_of(made) == NUMBER

    async def test_what_it_refers_to_must_be_there(self) -> None:
        centre = await ContactCentre().opened()
        elsewhere = await centre.numbers.claim_phone_number(SOUTH, NUMBER)
        for caller in (OutboundCaller(number_id=elsewhere.phone_number_id), OutboundCaller(flow_id="none")):
            with pytest.raises(NotFoundError):
                await centre.queue(caller=caller)
        with pytest.raises(NotFoundError, match="hours of operation"):
            await centre.queues.create_queue(NORTH, name="Sales", hours_of_operation_id="none")
        with pytest.raises(NotFoundError, match="instance"):
            await centre.queues.create_queue("west", name="Sales", hours_of_operation_id=HOURS)
        assert not (await centre.directory()).queues

    async def test_a_name_is_taken_once_in_an_instance(self) -> None:
        centre = await ContactCentre().opened()
        await centre.queue("Sales")
        other = await centre.queue("Service")
        with pytest.raises(ConflictError):
            await centre.queue("Sales")
        with pytest.raises(ConflictError):
            await centre.queues.update_queue_name(NORTH, other.queue_id, "Sales", None)
        await centre.queues.create_queue(SOUTH, name="Sales", hours_of_operation_id=HOURS)

    async def test_of_two_who_make_the_same_queue_at_once_one_does(self) -> None:
        centre = await ContactCentre().opened()
        made = await asyncio.gather(*(centre.queue("Sales") for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(each, ConflictError) for each in made) == 4
        assert len((await centre.directory()).queues) == 1

    async def test_ids_and_arns_name_the_same(self) -> None:
        centre = await ContactCentre().opened()
        queue = await centre.queue()
        arn = SCOPE.arn(NORTH, ResourceKind.QUEUE, queue.queue_id)
        assert (await centre.queues.describe_queue(SCOPE.instance_arn(NORTH), arn)).queue == queue
        with pytest.raises(NotFoundError):
            await centre.queues.describe_queue(NORTH, SCOPE.arn(SOUTH, ResourceKind.QUEUE, queue.queue_id))


class TestChanges:
    async def test_a_name_and_a_description_are_changed_each_by_itself(self) -> None:
        centre = await ContactCentre().opened()
        queue = await centre.queue("Sales")
        await centre.queues.update_queue_name(NORTH, queue.queue_id, None, "Who buys")
        await centre.queues.update_queue_name(NORTH, queue.queue_id, "Selling", None)
        changed = (await centre.queues.describe_queue(NORTH, queue.queue_id)).queue
        assert (changed.name, changed.description) == ("Selling", "Who buys")
        with pytest.raises(InvalidInputError):
            await centre.queues.update_queue_name(NORTH, queue.queue_id, None, None)

    async def test_when_it_was_changed_last_is_kept_and_what_changes_nothing_is_no_change(self) -> None:
        """Whoever copies what has changed since yesterday copies no queue too few, and not all of them."""
        centre = await ContactCentre().opened()
        queue, other = await centre.queue("Sales"), await centre.queue("Service")

        async def changed_at(of: Queue) -> int | None:
            return (await centre.queues.describe_queue(NORTH, of.queue_id)).queue.changed_at

        centre.now += HOUR
        await centre.queues.update_queue_name(NORTH, queue.queue_id, "Sales", None)
        assert await changed_at(queue) == BEGUN_AT
        await centre.queues.update_queue_status(NORTH, queue.queue_id, enabled=False)
        assert (await changed_at(queue), await changed_at(other)) == (BEGUN_AT + HOUR, BEGUN_AT)

    async def test_nobody_serves_a_queue_that_is_disabled(self) -> None:
        centre = await ContactCentre().opened()
        sales, service = await centre.queue("Sales"), await centre.queue("Service")
        ada = await centre.user(await centre.profile(sales, service))
        await centre.queues.update_queue_status(NORTH, sales.queue_id, enabled=False)
        assert (await centre.directory()).queues_of(ada) == (service.queue_id,)
        await centre.queues.update_queue_status(NORTH, sales.queue_id, enabled=True)
        assert (await centre.directory()).queues_of(ada) == (sales.queue_id, service.queue_id)

    async def test_what_customers_see_is_replaced_as_a_whole(self) -> None:
        centre = await ContactCentre().opened()
        number = await centre.numbers.claim_phone_number(NORTH, NUMBER)
        queue = await centre.queue(caller=OutboundCaller("Sales", number.phone_number_id, FLOW))
        await centre.queues.update_queue_outbound_caller_config(NORTH, queue.queue_id, OutboundCaller("Selling"))
        told = await centre.queues.describe_queue(NORTH, queue.queue_id)
        assert (told.number_id, told.queue.outbound_caller_id_name, told.queue.outbound_flow_id) == (
            None,
            "Selling",
            None,
        )
        assert (await centre.directory()).outbound_caller_id_of(told.queue) is None

    async def test_how_many_may_wait_is_kept_until_it_is_taken_back(self) -> None:
        centre = await ContactCentre().opened()
        queue = await centre.queue()
        await centre.queues.update_queue_max_contacts(NORTH, queue.queue_id, 7)
        assert (await centre.queues.describe_queue(NORTH, queue.queue_id)).queue.max_contacts == 7
        await centre.queues.update_queue_max_contacts(NORTH, queue.queue_id, None)
        assert (await centre.queues.describe_queue(NORTH, queue.queue_id)).queue.max_contacts is None


class TestDeletion:
    async def test_a_queue_that_nothing_has_goes_and_its_name_is_free(self) -> None:
        centre = await ContactCentre().opened()
        queue = await centre.queue("Sales")
        await centre.queues.delete_queue(NORTH, queue.queue_id)
        with pytest.raises(NotFoundError):
            await centre.queues.describe_queue(NORTH, queue.queue_id)
        await centre.queue("Sales")

    async def test_a_queue_of_a_routing_profile_stays(self) -> None:
        centre = await ContactCentre().opened()
        sales, service = await centre.queue("Sales"), await centre.queue("Service")
        profile = await centre.profile(sales, service)
        named = f"The routing profile {profile.routing_profile_id} has the queue"
        for queue in (sales, service):
            with pytest.raises(InUseError, match=f"{named}. Take it out"):
                await centre.queues.delete_queue(NORTH, queue.queue_id)
        gone = [sales.queue_id, service.queue_id]
        await centre.profiles.disassociate_routing_profile_queues(NORTH, profile.routing_profile_id, gone)
        with pytest.raises(InUseError, match=f"{named} as its default outbound queue. Give all such profiles another"):
            await centre.queues.delete_queue(NORTH, sales.queue_id)
        await centre.profiles.update_routing_profile_default_outbound_queue(
            NORTH, profile.routing_profile_id, service.queue_id
        )
        await centre.queues.delete_queue(NORTH, sales.queue_id)
        told = await centre.profiles.describe_routing_profile(NORTH, profile.routing_profile_id)
        assert told.profile.default_outbound_queue_id == service.queue_id

    async def test_a_queue_that_a_campaign_dials_for_stays_until_the_campaign_is_deleted(self) -> None:
        centre = await ContactCentre().opened()
        queue = await centre.queue()
        campaign = await centre.campaign(queue=queue)
        with pytest.raises(InUseError, match="campaign"):
            await centre.queues.delete_queue(NORTH, queue.queue_id)
        await centre.campaigns.delete_campaign(campaign.campaign_id)
        await centre.queues.delete_queue(NORTH, queue.queue_id)


class TestLists:
    async def test_whoever_deletes_what_a_page_told_misses_nothing(self) -> None:
        centre = await ContactCentre().opened()
        names = [f"Queue {number}" for number in range(7)]
        for name in names:
            await centre.queue(name)
        seen, after = [], None
        while True:
            page = await centre.queues.list_queues(NORTH, after=after, limit=3)
            for queue in page.items:
                seen.append(queue.name)
                await centre.queues.delete_queue(NORTH, queue.queue_id)
            if (after := page.after) is None:
                break
        assert seen == names

    async def test_a_search_finds_by_text_and_by_tag(self) -> None:
        centre = await ContactCentre().opened()
        await centre.queue("Sales North")
        await centre.queues.create_queue(NORTH, name="Sales South", hours_of_operation_id=HOURS, tags={"team": "south"})

        async def found(criterion: Criterion[Queue]) -> list[str]:
            page = await centre.queues.search_queues(NORTH, criterion, limit=10)
            return [told.queue.name for told in page.items]

        def names(queue: Queue) -> tuple[str]:
            return (queue.name,)

        assert await found(text(names, Comparison.STARTS_WITH, "sales")) == ["Sales North", "Sales South"]
        assert await found(text(names, Comparison.CONTAINS, "SOUTH")) == ["Sales South"]
        assert await found(text(names, Comparison.EXACT, "sales south")) == []
        assert await found(tagged("team", "south")) == ["Sales South"]
        assert await found(tagged("team", "north")) == []
        assert await found(tagged("team", None)) == ["Sales South"]
