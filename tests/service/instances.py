"""A store with several instances, and the servers that dial for all of them: whole but for what is outside, as in
``service.servers``. Each instance has phones and agents of its own, and ids that say whose they are."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from random import Random

from gating import no_policy, screening
from service.support import BEGUN_AT, ONE_TO_ONE, SCOPE, FaultyStore, Witness, dialing_of
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.campaign import DialerConfig, OutboundCallConfig
from trunkcall.domain.contact import ContactRecord, ContactState
from trunkcall.domain.directory import Directory
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.engine.commands import BridgeLegs
from trunkcall.engine.config import EngineConfig
from trunkcall.service.background import Background
from trunkcall.service.calling.gates import Gates
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dial_requests import DialRequestItem, DialRequests, ItemResult
from trunkcall.service.explain import Explanations
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.installation import first_installation, simulated_agents
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.progress import Progresses
from trunkcall.service.self_paced_clock import SelfPacedClock
from trunkcall.service.supervisor import DialedInstance, Supervisor
from trunkcall.service.totals import SubmittedTotals
from trunkcall.simulation.world import World, seed_of
from trunkcall.storage.memory import MemoryStore
from trunkcall.telephony.carrier import CarrierSink

DRAIN_S = 600.0
MINUTE_S, HOUR_S = 60.0, 3600.0


class Installation:
    """A store, and the instances that were made in it."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.seconds = asyncio.get_running_loop().time
        self.store = FaultyStore(MemoryStore(self.now))
        self.directories: dict[str, Directory] = {}
        self.ahead: dict[str, Duration] = {}
        """By how much an instance's clock is ahead of the others'."""
        self._ids: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)

    def now(self) -> Instant:
        return BEGUN_AT + round(self.seconds() * SECOND)

    def new_id(self, whose: str) -> str:
        """One that does not depend on what others have been given."""
        return f"{whose}-{next(self._ids[whose]):06d}"

    async def found(self, *names: str, agents: int = 5, onboarded: bool = True) -> None:
        """Instances that can run a campaign at once. Nobody is told."""
        for name in names:
            first = first_installation(
                now=self.now(),
                new_id=partial(self.new_id, f"{name}-part"),
                access_key_id="AKIA",
                secret="s",
                policy=ALL_ACTIONS_POLICY,
                seal=lambda secret, key: secret.encode(),
            )
            instance = replace(first.directory.instance, instance_id=name, alias=name, onboarded=onboarded)
            self.directories[name] = directory = replace(first.directory, instance=instance)
            await self.store.create_instance(directory)
            await self.store.put_facts(name, simulated_agents(directory, agents))

    def agents_of(self, name: str) -> set[str]:
        return {agent.agent_id for agent in simulated_agents(self.directories[name], 100)}

    async def records(self, name: str | None = None) -> Sequence[ContactRecord]:
        """Of one instance, or of all."""
        every = [record async for chunk in self.store.contacts() for record in chunk]
        return [record for record in every if name in (None, record.instance_id)]


class Phones(Witness):
    """A simulated carrier that fails as a test says."""

    fails: Callable[[], None] = staticmethod(lambda: None)
    """Called when a session is to begin."""
    breaks: Callable[[], None] = staticmethod(lambda: None)
    """Called when it is to bridge."""
    hangs = False
    """Whether it never closes."""

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        self.fails()
        await super().start(sink, token=token)

    def bridge(self, command: BridgeLegs) -> None:
        self.breaks()
        super().bridge(command)

    async def close(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        await super().close()


class Server:
    """One server, that dials for every instance. Phones and agents are its own: they end with it, unless its legs
    ``survive`` as on a switch."""

    def __init__(
        self, installation: Installation, name: str = "host:1", *, drain_s: float = DRAIN_S, legs_survive: bool = False
    ) -> None:
        store = installation.store
        self._legs_survive = legs_survive
        self._installation = installation
        self._name = name
        self.phones: dict[str, Phones] = {}
        self.leases: dict[str, LeaseHolder] = {}
        self.cannot_build: set[str] = set()
        self.background = Background(monotonic=installation.seconds)
        self.supervisor = Supervisor(store, self._build, installation.now, drain_s=drain_s)
        now_of = self.supervisor.now_of
        self.campaigns = Campaigns(
            store, store, SCOPE, now_of, lambda: installation.new_id("campaign"), self.supervisor
        )
        self.dial_requests = DialRequests(
            store,
            self.campaigns,
            now_of,
            lambda: installation.new_id("contact"),
            self.supervisor,
            screening(store, dialing_of),
            SubmittedTotals(),
            max_waiting=10_000,
        )
        self.explanations = Explanations(
            store, store, self.campaigns, self.supervisor, store, Gates(store, no_policy), now_of, 15.0
        )
        self.progresses = Progresses(
            store, self.campaigns, self.explanations, self.supervisor, now_of, dialing_of, store, store
        )
        self._looking: asyncio.Task[None] | None = None

    def _build(self, instance_id: str) -> DialedInstance:
        if instance_id in self.cannot_build:
            raise OSError("no such device")
        installation, store, seconds = self._installation, self._installation.store, self._installation.seconds
        ahead = installation.ahead.get(instance_id, 0)
        clock = SelfPacedClock(wall=lambda: (installation.now() + ahead) * 1000, monotonic=seconds)
        presence = Presence(max_age_s=15.0, monotonic=seconds)
        floor = SimulatedFloor(presence)
        agent_ids = installation.agents_of(instance_id)
        presence.know(frozenset(agent_ids))
        floor.staff(sorted(agent_ids))
        seed = seed_of(installation.seed, instance_id)
        phones = self.phones.setdefault(
            instance_id, Phones(clock, world=World(), seed=seed, on_agent_done=floor.agent_done)
        )
        dialer = CurrentDialer(clock, legs_survive=self._legs_survive, monotonic=seconds)
        lease = self.leases[instance_id] = LeaseHolder(store, instance_id, self._name, sole=False, monotonic=seconds)
        owner = InstanceOwner(
            instance_id=instance_id,
            store=store,
            gate_store=store,
            directories=store,
            history=store,
            quarantine=store,
            presences=store,
            carrier=phones,
            clock=clock,
            presence=presence,
            config=EngineConfig(),
            dialing_of=dialing_of,
            gate_of=no_policy,
            chance=Random(1),
            new_id=lambda: installation.new_id(f"{instance_id}-leg"),
            lease=lease,
            current=dialer,
            monotonic=seconds,
        )
        return DialedInstance(
            instance_id,
            clock=clock,
            dialer=dialer,
            owner=owner,
            lease=lease,
            background=Background(monotonic=seconds),
            works={"floor": lambda: floor.run(lambda: phones.busy_agents)},
            carrier_trouble=lambda: None,
            upkeep_trouble=lambda: None,
        )

    # --- its life -----------------------------------------------------------------------------------------------------

    def begin(self) -> Server:
        work = self.background.keep_running(self.supervisor.run, "instances")
        self._looking = asyncio.create_task(work)
        return self

    async def is_killed(self) -> None:
        """Nothing of it goes on, and nobody is told."""
        everything = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)

    async def stops(self) -> None:
        """As an operator stops it."""
        assert self._looking is not None
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking
        await self.supervisor.stop()

    def dialed(self, name: str) -> DialedInstance:
        (found,) = [each for each in self.supervisor.dialed if each.instance_id == name]
        return found

    @property
    def names(self) -> list[str]:
        """The instances that it dials for."""
        return [each.instance_id for each in self.supervisor.dialed]

    def originates(self, name: str) -> int:
        return self.phones[name].originates.total()

    # --- what its clients do ------------------------------------------------------------------------------------------

    async def new_campaign(self, name: str, dialer: DialerConfig = ONE_TO_ONE) -> str:
        """A campaign of this instance that runs; its id."""
        directory = self._installation.directories[name]
        call = OutboundCallConfig(next(iter(directory.contact_flows)), next(iter(directory.queues)))
        campaign = await self.campaigns.create_campaign(
            name=f"Spring of {name}", instance_id=name, dialer=dialer, outbound_call=call, tags={}
        )
        await self.campaigns.start_campaign(campaign.campaign_id)
        return campaign.campaign_id

    async def submit(self, campaign_id: str, number: int, *, expires_at: Instant) -> Sequence[ItemResult]:
        items = [DialRequestItem(f"{campaign_id}-person-{n}", "+12125550100", expires_at, {}) for n in range(number)]
        return await self.dial_requests.put_dial_request_batch(campaign_id, items)

    async def campaign_of(
        self, name: str, requests: int, *, within: Duration, dialer: DialerConfig = ONE_TO_ONE
    ) -> str:
        """A campaign of this instance that runs, with so many requests; its id."""
        campaign_id = await self.new_campaign(name, dialer)
        await self.submit(campaign_id, requests, expires_at=self.supervisor.now_of(name) + within)
        return campaign_id


# --- what a story waits for -------------------------------------------------------------------------------------------


async def until_all_ended(installation: Installation, name: str | None = None) -> None:
    """Every contact of the instance, or of all: within a day."""
    async with asyncio.timeout(24 * HOUR_S):
        while any(record.state is not ContactState.ENDED for record in await installation.records(name)):
            await asyncio.sleep(MINUTE_S)


async def goes_on(server: Server, name: str) -> bool:
    """Whether somebody is dialed within a few minutes."""
    before = server.originates(name)
    await asyncio.sleep(5 * MINUTE_S)
    return server.originates(name) > before
