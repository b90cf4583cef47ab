"""An installation and the servers on it, whole but for what is outside: its store is in memory, its phones and agents
are simulated, and time is the loop's (``virtual_time``)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from random import Random

from gating import no_policy, screening
from service.support import BEGUN_AT, ONE_TO_ONE, SCOPE, Ear, FaultyStore, Witness, dialing_of
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.campaign import DialerConfig, OutboundCallConfig
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.engine.config import EngineConfig
from trunkcall.service.background import Background
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dial_requests import AcceptedItem, DialRequestItem, DialRequests
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.installation import first_installation, simulated_agents
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.onboarding import InstanceOnboarding
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.privacy import Privacy
from trunkcall.service.self_paced_clock import SelfPacedClock
from trunkcall.service.totals import SubmittedTotals
from trunkcall.simulation.world import World
from trunkcall.storage.memory import MemoryStore


class Installation:
    """A store with one instance that can run a campaign at once."""

    def __init__(self) -> None:
        self.seconds = asyncio.get_running_loop().time
        self.store = FaultyStore(MemoryStore(self.now))
        self._ids = (f"id-{number:06d}" for number in itertools.count())

    def now(self) -> Instant:
        return BEGUN_AT + round(self.seconds() * SECOND)

    def new_id(self) -> str:
        return next(self._ids)

    async def found(self, *, agents: int = 0) -> None:
        first = first_installation(
            now=self.now(),
            new_id=self.new_id,
            access_key_id="AKIA",
            secret="s",
            policy=ALL_ACTIONS_POLICY,
            seal=lambda secret, key: secret.encode(),
        )
        self.directory = first.directory
        self.instance_id = first.directory.instance.instance_id
        self.agents = simulated_agents(self.directory, agents)
        await self.store.create_instance(self.directory, first.access_key)
        await self.store.put_facts(self.instance_id, self.agents)

    async def records(self) -> Sequence[ContactRecord]:
        return [record async for chunk in self.store.contacts() for record in chunk]


class Server:
    """One server, whose phones and agents are its own: they end with it."""

    def __init__(self, installation: Installation, name: str = "host:1") -> None:
        store, seconds, instance_id = installation.store, installation.seconds, installation.instance_id
        self._installation = installation
        self.clock = SelfPacedClock(wall=lambda: installation.now() * 1000, monotonic=seconds)
        self.presence = Presence(max_age_s=15.0, monotonic=seconds)
        self.floor = SimulatedFloor(self.presence)
        self.carrier = Witness(self.clock, world=World(), seed=1, on_agent_done=self.floor.agent_done)
        self.dialer = CurrentDialer(self.clock, monotonic=seconds)
        self.lease = LeaseHolder(store, instance_id, name, sole=False, monotonic=seconds)
        self.background = Background(monotonic=seconds)
        ear = Ear(instance_id, self.dialer)
        self.campaigns = Campaigns(store, store, SCOPE, self.now_of, installation.new_id, ear)
        self.dial_requests = DialRequests(
            store,
            self.campaigns,
            self.now_of,
            installation.new_id,
            ear,
            screening(store, dialing_of),
            SubmittedTotals(),
            max_waiting=10_000,
        )
        self.onboarding = InstanceOnboarding(store, store, self.now_of)
        self.privacy = Privacy(store, store, self.now_of)
        self._tasks: list[asyncio.Task[None]] = []

    def now_of(self, instance_id: str) -> Instant:
        return self.clock.now()

    def begin(self, *, dials: bool = True) -> Server:
        """All that ``compose`` has a server do, or only what it does beside dialing."""
        works = {"onboarding": self.onboarding.run, "retention": self.privacy.run}
        self._tasks = [asyncio.create_task(self.background.keep_running(work, name)) for name, work in works.items()]
        if dials:
            self._dial()
        return self

    def _dial(self) -> None:
        installation, store = self._installation, self._installation.store
        owner = InstanceOwner(
            instance_id=installation.instance_id,
            store=store,
            gate_store=store,
            directories=store,
            history=store,
            quarantine=store,
            presences=store,
            carrier=self.carrier,
            clock=self.clock,
            presence=self.presence,
            config=EngineConfig(),
            dialing_of=dialing_of,
            gate_of=no_policy,
            chance=Random(1),
            new_id=installation.new_id,
            lease=self.lease,
            current=self.dialer,
            monotonic=installation.seconds,
        )
        agent_ids = frozenset(agent.agent_id for agent in installation.agents)
        self.presence.know(agent_ids)
        self.floor.staff(sorted(agent_ids))
        self._tasks += [
            asyncio.create_task(self.clock.run()),
            asyncio.create_task(owner.run()),
            asyncio.create_task(self.floor.run(lambda: self.carrier.busy_agents)),
        ]

    async def is_killed(self) -> None:
        """Nothing of it goes on, and nobody is told."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def stops(self) -> None:
        """As an operator stops it: contacts in progress go on to their end, and the next owner may come at once."""
        await self.dialer.suspend()
        assert await self.dialer.drained(3600.0)
        await self.is_killed()
        await self.lease.let_go()

    # --- what its clients do ------------------------------------------------------------------------------------------

    async def new_campaign(self, name: str = "Spring", dialer: DialerConfig = ONE_TO_ONE) -> str:
        """A campaign that runs; its id."""
        directory = self._installation.directory
        flow, queue = next(iter(directory.contact_flows)), next(iter(directory.queues))
        campaign = await self.campaigns.create_campaign(
            name=name,
            instance_id=self._installation.instance_id,
            dialer=dialer,
            outbound_call=OutboundCallConfig(flow, queue),
            tags={},
        )
        await self.campaigns.start_campaign(campaign.campaign_id)
        return campaign.campaign_id

    async def submit(self, campaign_id: str, tokens: Sequence[str], *, within: Duration) -> None:
        """A batch of dial requests, all of which are accepted."""
        expires_at = self.clock.now() + within
        items = [DialRequestItem(token, "+12125550100", expires_at, {"name": "Ada"}) for token in tokens]
        results = await self.dial_requests.put_dial_request_batch(campaign_id, items)
        assert all(isinstance(result, AcceptedItem) for result in results)
