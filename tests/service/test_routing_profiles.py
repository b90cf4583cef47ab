"""Routing profiles say whom agents serve, at once and while they are dialed for. If these fail, agents sit beside a
queue that nobody serves, or a profile that users have is gone."""

from __future__ import annotations

import pytest

from service.centres import NORTH, ContactCentre
from trunkcall.domain.errors import ConflictError, InUseError, InvalidInputError, NotFoundError
from trunkcall.domain.routing_profile import ServedQueue


class TestQueuesOfAProfile:
    async def test_its_agents_serve_what_it_has_by_priority_and_delay(self) -> None:
        centre = await ContactCentre().opened()
        sales, service = await centre.queue("Sales"), await centre.queue("Service")
        profile = await centre.profile(sales)
        ada = await centre.user(profile)
        served = ServedQueue(service.queue_id, priority=3, delay_s=20)
        await centre.profiles.associate_routing_profile_queues(NORTH, profile.routing_profile_id, [served])
        assert (await centre.directory()).served_by(ada) == (ServedQueue(sales.queue_id), served)
        _, page = await centre.profiles.list_routing_profile_queues(NORTH, profile.routing_profile_id, limit=10)
        assert [(named.name, named.served) for named in page.items] == [
            ("Sales", ServedQueue(sales.queue_id)),
            ("Service", served),
        ]

    async def test_what_it_has_is_changed_and_what_it_has_not_is_refused(self) -> None:
        centre = await ContactCentre().opened()
        sales, service = await centre.queue("Sales"), await centre.queue("Service")
        profile = await centre.profile(sales)
        changed = ServedQueue(sales.queue_id, priority=2, delay_s=5)
        await centre.profiles.update_routing_profile_queues(NORTH, profile.routing_profile_id, [changed])
        assert (await centre.directory()).routing_profiles[profile.routing_profile_id].queues == (changed,)
        with pytest.raises(NotFoundError, match="Associate"):
            await centre.profiles.update_routing_profile_queues(
                NORTH, profile.routing_profile_id, [changed, ServedQueue(service.queue_id)]
            )

    async def test_to_associate_a_queue_again_changes_its_priority(self) -> None:
        centre = await ContactCentre().opened()
        sales = await centre.queue("Sales")
        profile = await centre.profile(sales)
        again = ServedQueue(sales.queue_id, priority=9)
        await centre.profiles.associate_routing_profile_queues(NORTH, profile.routing_profile_id, [again])
        assert (await centre.directory()).routing_profiles[profile.routing_profile_id].queues == (again,)

    async def test_a_queue_that_is_named_twice_or_is_not_there_is_refused(self) -> None:
        centre = await ContactCentre().opened()
        sales = await centre.queue("Sales")
        profile = await centre.profile(sales)
        twice = [ServedQueue(sales.queue_id), ServedQueue(sales.queue_id, priority=2)]
        with pytest.raises(InvalidInputError, match="twice"):
            await centre.profiles.associate_routing_profile_queues(NORTH, profile.routing_profile_id, twice)
        with pytest.raises(NotFoundError, match="queue"):
            await centre.profiles.associate_routing_profile_queues(
                NORTH, profile.routing_profile_id, [ServedQueue("none")]
            )

    async def test_what_is_taken_out_is_served_no_more(self) -> None:
        centre = await ContactCentre().opened()
        sales, service = await centre.queue("Sales"), await centre.queue("Service")
        profile = await centre.profile(sales, service)
        ada = await centre.user(profile)
        for _ in range(2):
            await centre.profiles.disassociate_routing_profile_queues(
                NORTH, profile.routing_profile_id, [sales.queue_id]
            )
        assert (await centre.directory()).queues_of(ada) == (service.queue_id,)
        with pytest.raises(InvalidInputError, match="10"):
            await centre.profiles.disassociate_routing_profile_queues(
                NORTH, profile.routing_profile_id, [sales.queue_id] * 11
            )


class TestLife:
    async def test_a_profile_is_renamed_and_names_are_unique(self) -> None:
        centre = await ContactCentre().opened()
        sales = await centre.queue("Sales")
        first, second = await centre.profile(sales, name="Sellers"), await centre.profile(sales, name="Servants")
        with pytest.raises(ConflictError):
            await centre.profiles.update_routing_profile_name(NORTH, second.routing_profile_id, "Sellers", None)
        await centre.profiles.update_routing_profile_name(NORTH, first.routing_profile_id, "Merchants", "Sell")
        await centre.profiles.update_routing_profile_name(NORTH, second.routing_profile_id, "Sellers", None)
        told = await centre.profiles.describe_routing_profile(NORTH, first.routing_profile_id)
        assert (told.profile.name, told.profile.description) == ("Merchants", "Sell")
        with pytest.raises(InvalidInputError):
            await centre.profiles.update_routing_profile_name(NORTH, first.routing_profile_id, None, None)

    async def test_a_profile_with_users_stays(self) -> None:
        centre = await ContactCentre().opened()
        sales = await centre.queue("Sales")
        first, second = await centre.profile(sales, name="Sellers"), await centre.profile(sales, name="Others")
        ada = await centre.user(first)
        assert (await centre.profiles.describe_routing_profile(NORTH, first.routing_profile_id)).users == 1
        with pytest.raises(InUseError, match=f"The user {ada.agent_id} has the routing profile"):
            await centre.profiles.delete_routing_profile(NORTH, first.routing_profile_id)
        await centre.users.update_user_routing_profile(NORTH, ada.agent_id, second.routing_profile_id)
        await centre.profiles.delete_routing_profile(NORTH, first.routing_profile_id)
        page = await centre.profiles.list_routing_profiles(NORTH, limit=10)
        assert [profile.name for profile in page.items] == ["Others"]
