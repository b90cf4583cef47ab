"""A contact centre in a store in memory, with the use cases around its campaigns, for stories of how it is changed."""

from __future__ import annotations

import itertools
from collections.abc import Collection

from service.support import BEGUN_AT, ONE_TO_ONE, SCOPE
from trunkcall.domain.campaign import Campaign, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory, IdentityManagement, Instance
from trunkcall.domain.hours_of_operation import HoursOfOperation
from trunkcall.domain.queue import Queue
from trunkcall.domain.routing_profile import RoutingProfile, ServedQueue
from trunkcall.domain.security_profile import security_profiles
from trunkcall.domain.user import Agent, PhoneConfig
from trunkcall.domain.user_status import UserStatus
from trunkcall.service.agent_statuses import AgentStatuses
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.centre import Centre
from trunkcall.service.phone_numbers import PhoneNumbers
from trunkcall.service.queues import OutboundCaller, Queues
from trunkcall.service.routing_profiles import RoutingProfiles
from trunkcall.service.users import Identity, Users
from trunkcall.storage.memory import MemoryStore
from trunkcall.storage.store import Store

NORTH, SOUTH = "north", "south"
"""The instances that there are."""
HOURS, FLOW = "hours", "flow"


class Nobody:
    """Who hears that something has changed, and does nothing about it."""

    def campaigns_changed(self, instance_id: str) -> None: ...

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None: ...

    def due_changed(self, instance_id: str, campaign_id: str) -> None: ...

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None: ...

    def heed(self, instance: Instance) -> None: ...


class HeardFloor:
    """Who hears which status an agent has chosen."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, UserStatus]] = []

    async def put_user_status(self, instance_id: str, agent_id: str, status: UserStatus) -> None:
        self.heard.append((instance_id, agent_id, status))


class ContactCentre:
    """Two instances, each with hours and a flow, and nothing else; in memory if no other store is given."""

    def __init__(self, store: Store | None = None, *, offers_fiction: bool = True) -> None:
        self.store = store or MemoryStore(lambda: BEGUN_AT)
        self._ids = itertools.count(1)
        self.now = BEGUN_AT
        self.floor = HeardFloor()
        self.centre = Centre(self.store, self.store, SCOPE, lambda _: self.now, self.new_id, Nobody())
        self.queues = Queues(self.centre)
        self.numbers = PhoneNumbers(self.centre, self.store, offers_fiction=offers_fiction)
        self.profiles = RoutingProfiles(self.centre)
        self.users = Users(self.centre)
        self.statuses = AgentStatuses(self.centre, self.floor)
        self.campaigns = Campaigns(self.store, self.store, SCOPE, lambda _: BEGUN_AT, self.new_id, Nobody())

    def new_id(self) -> str:
        return f"id-{next(self._ids)}"

    async def opened(
        self, kept: IdentityManagement = IdentityManagement.CONNECT_MANAGED, *, onboarded: bool = True
    ) -> ContactCentre:
        for place, name in enumerate((NORTH, SOUTH)):
            instance = Instance(name, name, BEGUN_AT + place, onboarded, identity_management=kept)
            hours = HoursOfOperation(HOURS, "Always", "Europe/Berlin", ())
            await self.store.create_instance(Directory.of(instance, (hours, ContactFlow(FLOW, "Greeting"))))
        return self

    async def directory(self, instance: str = NORTH) -> Directory:
        return await self.centre.directory(instance)

    # --- what most stories begin with ---------------------------------------------------------------------------------

    async def queue(self, name: str = "Sales", *, caller: OutboundCaller | None = None) -> Queue:
        return await self.queues.create_queue(NORTH, name=name, hours_of_operation_id=HOURS, caller=caller)

    async def profile(self, queue: Queue, *queues: Queue, name: str = "Sellers") -> RoutingProfile:
        return await self.profiles.create_routing_profile(
            NORTH,
            name=name,
            description="Who sells",
            default_outbound_queue_id=queue.queue_id,
            queues=[ServedQueue(each.queue_id, place) for place, each in enumerate((queue, *queues), start=1)],
        )

    async def user(self, profile: RoutingProfile, username: str = "ada") -> Agent:
        return await self.users.create_user(
            NORTH,
            username=username,
            has_password=True,
            routing_profile_id=profile.routing_profile_id,
            security_profile_ids=[next(iter(security_profiles(NORTH)))],
            identity=Identity("Ada", "Lovelace", "ada@example.com"),
            phone=PhoneConfig(),
        )

    async def campaign(self, *, queue: Queue | None = None, shows: str | None = None) -> Campaign:
        return await self.campaigns.create_campaign(
            name=f"Campaign {self.new_id()}",
            instance_id=NORTH,
            dialer=ONE_TO_ONE if queue is not None else DialerConfig(DialerType.AGENTLESS),
            outbound_call=OutboundCallConfig(FLOW, queue.queue_id if queue is not None else None, shows),
            tags={},
        )
