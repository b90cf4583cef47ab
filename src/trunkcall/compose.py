"""The composition root: the only module that names concrete adapters.

Decides which store, carrier and clock an installation has, and in what order its parts start and stop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

from trunkcall.aws.admission import Admission
from trunkcall.aws.campaigns_v1 import CampaignsV1
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.aws.model import CAMPAIGNS_V1, TRUNKCALL, load_service
from trunkcall.aws.own_service import TrunkcallOperations
from trunkcall.aws.paging import Paging
from trunkcall.aws.throttle import QUOTAS, RATES, Throttle
from trunkcall.domain.abandonment import AbandonmentClock, AbandonmentLimits, parse_windows
from trunkcall.domain.clock import Clock
from trunkcall.domain.directory import AccessKey, Directory
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.identifiers import Scope, time_ordered_uuid
from trunkcall.domain.instants import seconds
from trunkcall.engine.capacity import TrunkLimit
from trunkcall.engine.config import EngineConfig
from trunkcall.service.access_keys import new_access_key_id, new_secret
from trunkcall.service.background import Background
from trunkcall.service.campaigns import Campaigns
from trunkcall.service.clock import InstanceClock, steady_clock
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dial_requests import DialRequests
from trunkcall.service.dialing_settings import DialingDefaults, DialingOf, dialing_settings
from trunkcall.service.explain import Explanations
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.installation import SOURCE_PHONE_NUMBER, first_installation, simulated_agents
from trunkcall.service.key_ring import KeyRing
from trunkcall.service.known_people import KnownPeople
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.onboarding import InstanceOnboarding
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.privacy import Privacy
from trunkcall.service.progress import Progresses
from trunkcall.service.self_paced_clock import SelfPacedClock
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.settings import Settings
from trunkcall.simulation.world import World
from trunkcall.storage.data_dir import AUDIT_LOG, KEY_FILE, DataDir
from trunkcall.storage.disk import MEGABYTE
from trunkcall.storage.ports.maintenance import StoreMaintenance
from trunkcall.storage.secret_box import SecretBox, load_secret_key
from trunkcall.storage.sqlite import SQLiteStore
from trunkcall.storage.sqlite_maintenance import SQLiteMaintenance
from trunkcall.storage.store import Store
from trunkcall.telephony import carrier_wire, floor_wire
from trunkcall.telephony.carrier import Carrier
from trunkcall.telephony.carrier_channel import CarrierChannel
from trunkcall.telephony.floor_channel import FloorChannel
from trunkcall.telephony.host import Host
from trunkcall.telephony.journal import OriginateJournal
from trunkcall.telephony.peer import Peer, parse_url
from trunkcall.telephony.remote_carrier import RemoteCarrier
from trunkcall.telephony.remote_floor import RemoteFloor
from trunkcall.telephony.session import PURPOSE
from trunkcall.telephony.simulated import SimulatedCarrier
from trunkcall.web.audit import AuditLog
from trunkcall.web.connection import GuardedProtocol
from trunkcall.web.gateway import Gateway, Limits
from trunkcall.web.health import Health
from trunkcall.web.metrics import Metrics

log = logging.getLogger(__name__)


def open_store(path: Path, *, min_free_mb: int = 0, sole: bool = False) -> Store:
    """The embedded store at this path. ``sole`` is for who holds the data directory."""
    return SQLiteStore(path, clock=steady_clock(), min_free=min_free_mb * MEGABYTE, sole=sole)


@asynccontextmanager
async def opened_store(path: Path) -> AsyncIterator[Store]:
    """The embedded store at this path, open meanwhile, beside a running server or not."""
    store = open_store(path)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def maintenance_of_store(path: Path) -> StoreMaintenance:
    """What looks after the embedded store at this path."""
    return SQLiteMaintenance(path)


def new_contact_id() -> str:
    """A contact id that sorts by the time at which it was made."""
    return time_ordered_uuid(time.time_ns() // 1_000_000, secrets.randbits(74))


@dataclass(slots=True)
class Server:
    """One running installation."""

    settings: Settings
    data_dir: DataDir
    store: Store
    clock: InstanceClock
    lease: LeaseHolder
    dialer: CurrentDialer
    owner: InstanceOwner
    works: Mapping[str, Callable[[], Awaitable[None]]]
    """What goes on beside the requests, by name."""
    audit: AuditLog
    background: Background
    gateway: Gateway
    tasks: list[asyncio.Task[None]]

    async def start(self) -> None:
        """Begin to dial."""
        self.tasks.append(asyncio.create_task(self.clock.run(), name="clock"))
        self.tasks.append(asyncio.create_task(self.owner.run(), name="owner"))
        for name, work in self.works.items():
            self.tasks.append(asyncio.create_task(self.background.keep_running(work, name), name=name))

    async def stop(self) -> None:
        """Stop dialing, let contacts in progress go on for ``drain_s``, close what is left, close the store."""
        await self.dialer.suspend()
        if not await self.dialer.drained(self.settings.drain_s):
            log.warning("contacts were still in progress when the time for draining was up")
        await self.dialer.close_out()
        for task in reversed(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.lease.let_go()
        await self.store.close()
        self.audit.close()
        self.data_dir.close()


async def build_server(settings: Settings, *, url: str) -> Server:
    """Open the data directory, create what a first start needs, and wire everything together. ``url`` is where the
    server listens."""
    data_dir = DataDir(settings.data_dir)
    data_dir.open()
    if not settings.carrier_url:
        _check_journal(settings)
    box = _secret_box(settings)
    store = open_store(data_dir.store_path, min_free_mb=settings.min_free_mb, sole=True)
    await store.open()
    presence = Presence(max_age_s=settings.agent_state_max_age_s)
    floor = SimulatedFloor(presence)
    telephony = _telephony_apart(settings, box, floor) if settings.carrier_url else _built_in(settings, floor)
    clock = telephony.clock
    directory = await _directory(store, settings, data_dir, box, clock, url)
    agents = simulated_agents(directory, settings.agents)
    await store.put_facts(directory.instance.instance_id, agents)
    data_dir.write_endpoint(url)

    instance_id = directory.instance.instance_id
    lease = LeaseHolder(
        store, instance_id, f"{os.uname().nodename}:{os.getpid()}", sole=True, length=seconds(settings.lease_s)
    )
    dialer = CurrentDialer(instance_id, clock, legs_survive=telephony.legs_survive)
    leg_ids = random.SystemRandom()
    owner = InstanceOwner(
        instance_id=instance_id,
        store=store,
        directories=store,
        quarantine=store,
        carrier=telephony.carrier,
        clock=clock,
        presence=presence,
        config=_engine_config(settings),
        dialing_of=_dialing_of(settings),
        new_id=lambda: f"{leg_ids.getrandbits(128):032x}",
        lease=lease,
        current=dialer,
    )
    onboarding = InstanceOnboarding(store, store, clock)
    audit = AuditLog(settings.data_dir / AUDIT_LOG)
    background = Background()
    presence.know(frozenset(agent.agent_id for agent in agents))
    floor.staff(agent.agent_id for agent in agents)
    return Server(
        settings=settings,
        data_dir=data_dir,
        store=store,
        clock=clock,
        lease=lease,
        dialer=dialer,
        owner=owner,
        works={"onboarding": onboarding.run, "retention": Privacy(store, store, clock).run} | telephony.works,
        audit=audit,
        background=background,
        gateway=_gateway(settings, store, box, telephony, dialer, onboarding, audit, background, instance_id),
        tasks=[],
    )


def _secret_box(settings: Settings) -> SecretBox:
    key_file = Path(settings.secret_key_file) if settings.secret_key_file else settings.data_dir / KEY_FILE
    return SecretBox(load_secret_key(key_file))


def _check_journal(settings: Settings) -> None:
    """Find out before anything is served that the journal cannot be written: the carrier would start in vain for ever.
    Raises SettingsError."""
    if not settings.carrier_journal:
        return
    journal = OriginateJournal(Path(settings.carrier_journal))
    try:
        journal.open()
    except OSError as error:
        raise SettingsError(
            f"The carrier's journal {settings.carrier_journal} cannot be written: {error.strerror}. Name a file in a "
            "directory that exists with --carrier-journal."
        ) from error
    journal.close()


def _simulated_carrier(settings: Settings, clock: Clock, on_agent_done: Callable[[str], None]) -> SimulatedCarrier:
    return SimulatedCarrier(
        clock,
        world=World(),
        seed=settings.seed,
        on_agent_done=on_agent_done,
        journal_path=Path(settings.carrier_journal) if settings.carrier_journal else None,
    )


@dataclass(frozen=True, slots=True)
class _Telephony:
    """What makes an instance's legs, and the clock that goes with it. ``trouble`` says why it cannot, ``floor_trouble``
    why the simulated agents are not heard although it can, in words; None while all is well."""

    clock: InstanceClock
    carrier: Carrier
    legs_survive: bool
    works: dict[str, Callable[[], Awaitable[None]]]
    trouble: Callable[[], str | None]
    floor_trouble: Callable[[], str | None]


def _built_in(settings: Settings, floor: SimulatedFloor) -> _Telephony:
    clock = SelfPacedClock(speed=settings.speed)
    carrier = _simulated_carrier(settings, clock, floor.agent_done)
    return _Telephony(
        clock,
        carrier,
        legs_survive=False,
        works={"floor": lambda: floor.run(lambda: carrier.busy_agents)},
        trouble=lambda: None,
        floor_trouble=lambda: None,
    )


def _telephony_apart(settings: Settings, box: SecretBox, floor: SimulatedFloor) -> _Telephony:
    host, port = parse_url(settings.carrier_url)
    peer = Peer(host, port, box.derive(PURPOSE))
    # The carrier goes by its own clock, which this one follows.
    clock = WallPacedClock(speed=settings.speed)
    agents = RemoteFloor(peer, speed=settings.speed, on_busy_agents=floor.busy, on_agent_done=floor.agent_done)
    carrier = RemoteCarrier(peer, on_time=clock.catch_up, beside=agents.beside)
    return _Telephony(
        clock,
        carrier,
        legs_survive=True,
        works={},
        trouble=lambda: carrier.trouble,
        floor_trouble=lambda: agents.trouble,
    )


@dataclass(slots=True)
class CarrierProcess:
    """A carrier without a dialer."""

    clock: SelfPacedClock
    carrier: SimulatedCarrier
    channel: CarrierChannel
    host: Host
    tasks: list[asyncio.Task[None]]

    async def start(self) -> None:
        """Begin to simulate; legs are made once a dialer asks for them."""
        await self.channel.start()
        self.tasks.append(asyncio.create_task(self.clock.run(), name="clock"))
        self.tasks.append(asyncio.create_task(self.host.watch(), name="watch"))

    async def stop(self) -> None:
        """End every session, and with the process every leg."""
        self.host.drop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.carrier.close()


def build_carrier_process(settings: Settings) -> CarrierProcess:
    """The simulated carrier as a process of its own. It takes its key from where the server does, and makes it if it is
    the first to come."""
    DataDir(settings.data_dir).make()
    _check_journal(settings)
    clock = SelfPacedClock(speed=settings.speed)
    floor = FloorChannel(speed=settings.speed, busy_agents=lambda: carrier.busy_agents)
    carrier = _simulated_carrier(settings, clock, floor.agent_done)
    channel = CarrierChannel(carrier, now=clock.now)
    host = Host(
        {carrier_wire.CHANNEL: channel, floor_wire.CHANNEL: floor},
        key=_secret_box(settings).derive(PURPOSE),
        new_nonce=lambda: secrets.token_hex(16),
    )
    return CarrierProcess(clock, carrier, channel, host, [])


def _gateway(
    settings: Settings,
    store: Store,
    box: SecretBox,
    telephony: _Telephony,
    dialer: CurrentDialer,
    onboarding: InstanceOnboarding,
    audit: AuditLog,
    background: Background,
    instance_id: str,
) -> Gateway:
    scope, clock = Scope("aws", settings.region, settings.account_id), telephony.clock
    quotas = QUOTAS[settings.quotas]
    campaigns = Campaigns(
        store,
        store,
        scope,
        clock,
        lambda: str(uuid4()),
        dialer,
        max_campaigns=settings.max_campaigns or quotas.campaigns_per_instance,
        max_running=settings.max_active_campaigns or quotas.active_campaigns_per_instance,
    )
    dial_requests = DialRequests(store, campaigns, clock, new_contact_id, dialer, max_waiting=settings.max_pending)
    paging = Paging(box.derive(Paging.PURPOSE))
    v1 = CampaignsV1(campaigns, dial_requests, onboarding, paging, scope)
    # At another speed nobody compares it with anything.
    metrics = Metrics(dialer, instance_id, clock_behind_s=clock.behind_s if settings.speed == 1.0 else None)
    health = Health(
        instance_id,
        clock,
        settings.speed,
        lambda: dialer.trouble or telephony.trouble(),
        store_trouble=lambda: store.trouble,
        refusal=lambda: store.refusal,
        upkeep_trouble=lambda: background.trouble or telephony.floor_trouble(),
        behind_s=clock.behind_s,
        quarantined=lambda: dialer.quarantined,
    )
    keys = KeyRing(store, box.open)

    services = [load_service(CAMPAIGNS_V1), load_service(TRUNKCALL)]
    explanations = Explanations(store, store, campaigns, dialer, clock, settings.agent_state_max_age_s)
    progresses = Progresses(store, campaigns, explanations, dialer, clock, _dialing_of(settings), instance_id)
    own = TrunkcallOperations(explanations, progresses, KnownPeople(store, campaigns), paging)

    async def campaign_tags(campaign_id: str) -> Mapping[str, str] | None:
        campaign = await store.campaign(campaign_id)
        return campaign.tags if campaign is not None else None

    admission = Admission(
        services,
        scope,
        policy_of=keys.policy,
        campaign_tags=campaign_tags,
        throttle=Throttle(RATES[settings.quotas]),
    )
    return Gateway(
        services,
        {CAMPAIGNS_V1: v1.handlers(), TRUNKCALL: own.handlers()},
        region=settings.region,
        authenticate=keys.secret,
        clock=lambda: time.time_ns() // 1000,
        limits=Limits(
            body_bytes=settings.max_body_bytes,
            body_timeout_s=None,
            bodies_bytes=settings.max_bodies_mb * 1_048_576,
            unfinished_bodies=GuardedProtocol.max_connections // 2,
        ),
        on_request=metrics.on_request,
        admit=admission.admit,
        authorize=admission.authorize,
        audit=audit.write,
        pages={"/health": health.page, "/metrics": metrics.page},
    )


async def _directory(
    store: Store, settings: Settings, data_dir: DataDir, box: SecretBox, clock: Clock, url: str
) -> Directory:
    """The default instance's directory, made on the first start. A first start that was cut short before it had written
    the shared files is finished by the next. ``config`` follows the settings at each start."""
    instances = await store.instances()
    if not instances:
        first = first_installation(
            now=clock.now(),
            new_id=lambda: str(uuid4()),
            access_key_id=new_access_key_id(),
            secret=new_secret(),
            policy=ALL_ACTIONS_POLICY,
            seal=box.seal,
        )
        await store.create_instance(first.directory, first.access_key)
        instances = await store.instances()
    directory = await store.directory(instances[0].instance_id)
    assert directory is not None
    if not data_dir.has_config:
        data_dir.write_credentials(_first_usable_key(await store.access_keys(), box))
    data_dir.write_config(
        {
            "region": settings.region,
            "endpoint_url": url,
            "trunkcall_instance_id": directory.instance.instance_id,
            "trunkcall_queue_id": next(iter(directory.queues)),
            "trunkcall_contact_flow_id": next(iter(directory.contact_flows)),
            "trunkcall_source_phone_number": SOURCE_PHONE_NUMBER,
        }
    )
    return directory


def _first_usable_key(keys: Sequence[AccessKey], box: SecretBox) -> dict[str, str]:
    """The oldest access key of this secret key. A store that came without its secret key has only keys made since."""
    for key in keys:
        if key.revoked_at is None:
            with suppress(SettingsError):
                secret = box.open(key.encrypted_secret, key.access_key_id)
                return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": secret}
    raise SettingsError(
        "None of the store's access keys can be used: they were encrypted with another secret key. Put the secret.key "
        "of the store's former server into this data directory. If it is lost, revoke them (`trunkcall keys list`, "
        "`trunkcall keys revoke`) and make another with `trunkcall keys create`."
    )


def _engine_config(settings: Settings) -> EngineConfig:
    return EngineConfig(
        trunk=TrunkLimit(settings.channels, settings.attempts_per_s), lines_per_agent=settings.max_lines_per_agent
    )


def _dialing_of(settings: Settings) -> DialingOf:
    limits = AbandonmentLimits(
        threshold=seconds(settings.abandonment_threshold_s),
        clock=AbandonmentClock(settings.abandonment_clock),
        target_ratio=settings.abandonment_target_ratio,
        windows=parse_windows(settings.abandonment_windows, settings.abandonment_time_zone),
    )
    return partial(dialing_settings, defaults=DialingDefaults(seconds(settings.ring_timeout_s), limits))
