"""A store in memory with the default instance, and the use cases of whoever sets up what is around campaigns."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from trunkcall.domain.campaign import DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.directory import Directory, IdentityManagement, Instance
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.centre import Centre
from trunkcall.service.centre_tags import CentreTags
from trunkcall.service.contact_flows import ContactFlows
from trunkcall.service.hours import Hours
from trunkcall.service.installation import first_installation
from trunkcall.service.instances import Instances
from trunkcall.storage.memory import MemoryStore

SCOPE = Scope("aws", "us-east-1", "000000000000")
NOW: Instant = 1_790_000_000 * SECOND


class NobodyDials:
    """Nobody has to be told anything."""

    def campaigns_changed(self, instance_id: str) -> None: ...

    def requests_accepted(self, instance_id: str, campaign_id: str) -> None: ...

    def due_changed(self, instance_id: str, campaign_id: str) -> None: ...

    def opted_out(self, instance_id: str, number_keys: Collection[int]) -> None: ...

    def heed(self, instance: Instance) -> None: ...


class BusyStore(MemoryStore):
    """A store that has others to answer, as one on a disk has."""

    async def instances(self) -> Sequence[Instance]:
        found = await super().instances()
        await asyncio.sleep(0)
        return found


class Office:
    """Where a contact centre is set up. ``clock`` stands still until somebody moves it."""

    def __init__(self) -> None:
        self.clock = NOW
        self.store = BusyStore(clock=lambda: self.clock)
        numbers = itertools.count(1)
        self.new_id = lambda: f"id-{next(numbers)}"
        self.centre = Centre(self.store, self.store, SCOPE, self.now_of, self.new_id, NobodyDials())
        self.flows = ContactFlows(self.centre)
        self.hours = Hours(self.centre)
        self.tags = CentreTags(self.centre, self.store)
        self.campaigns = Campaigns(self.store, self.store, SCOPE, self.now_of, self.new_id, NobodyDials())
        self.first = first_installation(
            now=NOW,
            new_id=self.new_id,
            access_key_id="AKIA",
            secret="s",
            policy="{}",
            seal=lambda secret, key: secret.encode(),
        ).directory
        self.default = self.first.instance.instance_id
        self.instances = Instances(self.centre, self.store, self.now_of, self.default, most=8)

    def now_of(self, instance_id: str) -> Instant:
        return self.clock

    async def open(self) -> Office:
        await self.store.create_instance(self.first)
        return self

    async def directory(self, instance_id: str | None = None) -> Directory:
        return await self.centre.directory(instance_id or self.default)

    async def new_instance(self, alias: str | None = "second", **changes: Any) -> Instance:
        arguments: dict[str, Any] = {
            "identity_management": IdentityManagement.CONNECT_MANAGED,
            "alias": alias,
            "directory_id": None,
            "inbound_calls": True,
            "outbound_calls": True,
            "tags": {},
            "client_token": None,
        }
        return await self.instances.create_instance(**{**arguments, **changes})

    async def new_campaign(
        self, name: str = "Spring", *, flow_id: str | None = None, tags: Mapping[str, str] | None = None
    ) -> str:
        """A campaign of the default instance; its id."""
        call = OutboundCallConfig(flow_id or next(iter(self.first.contact_flows)), next(iter(self.first.queues)))
        campaign = await self.campaigns.create_campaign(
            name=name,
            instance_id=self.default,
            dialer=DialerConfig(DialerType.PROGRESSIVE, 1.0),
            outbound_call=call,
            tags=tags or {},
        )
        return campaign.campaign_id
