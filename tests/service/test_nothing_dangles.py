"""In whatever order a contact centre is built, changed and taken down, nothing in it refers to what is gone.

If this fails, a campaign dials for nobody's queue, an agent has a routing profile that says nothing, or customers see a
number that somebody else may claim.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.centres import FLOW, HOURS, NORTH, ContactCentre
from service.support import BEGUN_AT
from trunkcall.domain.campaign import Campaign
from trunkcall.domain.errors import ConflictError, InUseError, NotFoundError
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.domain.security_profile import security_profiles
from trunkcall.domain.user import PhoneConfig
from trunkcall.service.queues import OutboundCaller
from trunkcall.service.users import Identity
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.sqlite.store import SQLiteStore

AGENT = list(security_profiles(NORTH))[1]


class Builder:
    """Somebody who makes and removes things without looking. ``made`` are the ids of all that was ever made of a kind:
    each is named by its place among them, whether it is still there or not."""

    def __init__(self, centre: ContactCentre) -> None:
        self.centre = centre
        self.queues: list[str] = []
        self.numbers: list[str] = []
        self.profiles: list[str] = []
        self.users: list[str] = []
        self.campaigns: list[str] = []

    async def queue(self, a: int, b: int) -> None:
        caller = OutboundCaller(number_id=one(self.numbers, a) if self.numbers and b else None, flow_id=FLOW)
        made = await self.centre.queues.create_queue(
            NORTH, name=f"Queue {len(self.queues)}", hours_of_operation_id=HOURS, caller=caller
        )
        self.queues.append(made.queue_id)

    async def shows(self, a: int, b: int) -> None:
        caller = OutboundCaller(number_id=one(self.numbers, b))
        await self.centre.queues.update_queue_outbound_caller_config(NORTH, one(self.queues, a), caller)

    async def number(self, a: int, b: int) -> None:
        number = f"+1202555{100 + (a + b) % 4:04d}"
        self.numbers.append((await self.centre.numbers.claim_phone_number(NORTH, number)).phone_number_id)

    async def profile(self, a: int, b: int) -> None:
        made = await self.centre.profiles.create_routing_profile(
            NORTH,
            name=f"Profile {len(self.profiles)}",
            description="Who serves",
            default_outbound_queue_id=one(self.queues, a),
            queues=[ServedQueue(one(self.queues, b))],
        )
        self.profiles.append(made.routing_profile_id)

    async def associates(self, a: int, b: int) -> None:
        queues = [ServedQueue(one(self.queues, b), priority=1 + a)]
        await self.centre.profiles.associate_routing_profile_queues(NORTH, one(self.profiles, a), queues)

    async def another_default(self, a: int, b: int) -> None:
        await self.centre.profiles.update_routing_profile_default_outbound_queue(
            NORTH, one(self.profiles, a), one(self.queues, b)
        )

    async def disassociates(self, a: int, b: int) -> None:
        gone = [one(self.queues, b)]
        await self.centre.profiles.disassociate_routing_profile_queues(NORTH, one(self.profiles, a), gone)

    async def user(self, a: int, b: int) -> None:
        made = await self.centre.users.create_user(
            NORTH,
            username=f"user-{len(self.users)}",
            has_password=True,
            routing_profile_id=one(self.profiles, a),
            security_profile_ids=[AGENT],
            identity=Identity(),
            phone=PhoneConfig(),
        )
        self.users.append(made.agent_id)

    async def moves(self, a: int, b: int) -> None:
        await self.centre.users.update_user_routing_profile(NORTH, one(self.users, a), one(self.profiles, b))

    async def campaign(self, a: int, b: int) -> None:
        directory = await self.centre.directory()
        queue = directory.queues.get(one(self.queues, a)) if self.queues else None
        number = directory.phone_numbers.get(one(self.numbers, b)) if self.numbers else None
        if queue is not None or number is not None:
            shown = number.phone_number if number is not None else None
            self.campaigns.append((await self.centre.campaign(queue=queue, shows=shown)).campaign_id)

    async def removes_queue(self, a: int, b: int) -> None:
        await self.centre.queues.delete_queue(NORTH, one(self.queues, a))

    async def removes_number(self, a: int, b: int) -> None:
        await self.centre.numbers.release_phone_number(one(self.numbers, a))

    async def removes_profile(self, a: int, b: int) -> None:
        await self.centre.profiles.delete_routing_profile(NORTH, one(self.profiles, a))

    async def removes_user(self, a: int, b: int) -> None:
        await self.centre.users.delete_user(NORTH, one(self.users, a))

    async def removes_campaign(self, a: int, b: int) -> None:
        await self.centre.campaigns.delete_campaign(one(self.campaigns, a))


Step = Callable[[Builder, int, int], Awaitable[None]]
STEPS: list[Step] = [
    Builder.queue,
    Builder.shows,
    Builder.number,
    Builder.profile,
    Builder.associates,
    Builder.another_default,
    Builder.disassociates,
    Builder.user,
    Builder.moves,
    Builder.campaign,
    Builder.removes_queue,
    Builder.removes_queue,
    Builder.removes_number,
    Builder.removes_profile,
    Builder.removes_user,
    Builder.removes_campaign,
]


def one(made: list[str], place: int) -> str:
    return made[place % len(made)] if made else "none"


async def whole(centre: ContactCentre) -> None:
    """Nothing refers to what is not there."""
    directory = await centre.directory()
    numbers = {number.phone_number for number in directory.phone_numbers.values()}
    for queue in directory.queues.values():
        assert queue.outbound_caller_id_number_id in (None, *directory.phone_numbers)
        assert queue.hours_of_operation_id in directory.hours_of_operation
        assert queue.outbound_flow_id in (None, *directory.contact_flows)
    for profile in directory.routing_profiles.values():
        assert set(profile.queue_ids) <= directory.queues.keys()
        assert profile.default_outbound_queue_id in directory.queues
    for user in directory.agents.values():
        assert user.routing_profile_id in directory.routing_profiles
    for campaign in (await centre.campaigns.list_campaigns(limit=1000)).campaigns:
        assert campaign.outbound_call.queue_id in (None, *directory.queues)
        assert campaign.outbound_call.source_phone_number in (None, *numbers)


class Meanwhile(MemoryStore):
    """A store in which something happens right before a campaign is written."""

    def __init__(self) -> None:
        super().__init__(lambda: BEGUN_AT)
        self.happens: list[Callable[[], Awaitable[None]]] = []

    async def create_campaign(self, campaign: Campaign, *, most: int | None = None) -> Campaign:
        await self.on_the_way()
        return await super().create_campaign(campaign, most=most)

    async def edit_campaign(self, campaign_id: str, edit: Callable[[Campaign], Campaign]) -> Campaign:
        await self.on_the_way()
        return await super().edit_campaign(campaign_id, edit)

    async def on_the_way(self) -> None:
        for happens in (*self.happens,):
            self.happens.remove(happens)
            await happens()


async def test_a_queue_that_goes_while_a_campaign_for_it_is_made_is_not_dialed_for() -> None:
    store = Meanwhile()
    centre = await ContactCentre(store).opened()
    queue = await centre.queue()
    store.happens.append(lambda: centre.queues.delete_queue(NORTH, queue.queue_id))
    with pytest.raises(NotFoundError, match="queue"):
        await centre.campaign(queue=queue)
    assert not (await centre.campaigns.list_campaigns()).campaigns


async def test_a_number_that_goes_while_a_campaign_gets_it_is_not_shown() -> None:
    store = Meanwhile()
    centre = await ContactCentre(store).opened()
    first, second = [await centre.numbers.claim_phone_number(NORTH, f"+1202555010{digit}") for digit in (1, 2)]
    campaign = await centre.campaign(shows=first.phone_number)
    store.happens.append(lambda: centre.numbers.release_phone_number(second.phone_number_id))
    with pytest.raises(NotFoundError, match="number"):
        await centre.campaigns.update_campaign_outbound_call_config(
            campaign.campaign_id, source_phone_number=second.phone_number
        )
    told = await centre.campaigns.describe_campaign(campaign.campaign_id)
    assert told.outbound_call.source_phone_number == first.phone_number


async def test_whatever_happens_at_the_same_time_nothing_refers_to_what_is_gone(tmp_path: Path) -> None:
    """In a file, where changes wait for one another and for the disk."""
    chance = random.Random(17)
    store = SQLiteStore(tmp_path / "trunkcall.db")
    await store.open()
    centre = await ContactCentre(store).opened()
    builder = Builder(centre)

    async def take(step: Step) -> None:
        with suppress(NotFoundError, InUseError, ConflictError):
            await step(builder, chance.randrange(3), chance.randrange(3))

    for step in (Builder.queue, Builder.number, Builder.profile, Builder.user):
        await step(builder, 0, 0)
    for _ in range(40):
        await asyncio.gather(*(take(chance.choice(STEPS)) for _ in range(20)))
        await whole(centre)
    await store.close()


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 2)), min_size=20, max_size=60))
async def test_whatever_is_made_and_removed_nothing_refers_to_what_is_gone(steps: list[tuple[Step, int, int]]) -> None:
    centre = await ContactCentre().opened()
    builder = Builder(centre)
    for step, a, b in ((Builder.queue, 0, 0), (Builder.number, 0, 0), (Builder.profile, 0, 0), *steps):
        with suppress(NotFoundError, InUseError, ConflictError):
            await step(builder, a, b)
        await whole(centre)
