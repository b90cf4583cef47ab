"""One running installation: its parts, and in what order they start and stop.

Decides what dials for the instance, and what goes on beside the requests. Which adapters there are is decided by the
modules beside it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from trunkcall.compose.first_start import first_directory
from trunkcall.compose.gateway import build_gateway
from trunkcall.compose.store import open_store, secret_box
from trunkcall.compose.telephony import build_telephony, check_journal
from trunkcall.compose.trunks import named_trunks, put_trunks
from trunkcall.domain.abandonment import AbandonmentClock, AbandonmentLimits, parse_windows
from trunkcall.domain.instants import seconds
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.config import EngineConfig
from trunkcall.service.background import Background
from trunkcall.service.clock import InstanceClock
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dialing_settings import DialingDefaults, DialingOf, dialing_settings
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.installation import out_of_the_way, simulated_agents
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.onboarding import InstanceOnboarding
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.privacy import Privacy
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import AUDIT_LOG, DataDir
from trunkcall.storage.store import Store
from trunkcall.web.audit import AuditLog
from trunkcall.web.gateway import Gateway

log = logging.getLogger(__name__)


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
    trunks = named_trunks(settings)
    data_dir = DataDir(settings.data_dir)
    data_dir.open()
    if not settings.carrier_url:
        check_journal(settings)
    box = secret_box(settings)
    store = open_store(data_dir.store_path, min_free_mb=settings.min_free_mb, sole=True)
    await store.open()
    presence = Presence(max_age_s=settings.agent_state_max_age_s)
    floor = SimulatedFloor(presence)
    telephony = build_telephony(settings, box, floor)
    clock = telephony.clock
    directory = await first_directory(store, settings, data_dir, box, clock, url)
    agents = simulated_agents(directory, settings.agents)
    await store.put_facts(directory.instance.instance_id, [*out_of_the_way(directory, agents), *agents])
    await put_trunks(store, directory, trunks, at=clock.now())
    data_dir.write_endpoint(url)

    instance_id = directory.instance.instance_id
    lease = LeaseHolder(
        store, instance_id, f"{os.uname().nodename}:{os.getpid()}", sole=True, length=seconds(settings.lease_s)
    )
    dialing_of = _dialing_of(settings)
    dialer = CurrentDialer(instance_id, clock, legs_survive=telephony.legs_survive)
    leg_ids = random.SystemRandom()
    owner = InstanceOwner(
        instance_id=instance_id,
        store=store,
        directories=store,
        history=store,
        quarantine=store,
        carrier=telephony.carrier,
        clock=clock,
        presence=presence,
        config=_engine_config(settings, trunks),
        dialing_of=dialing_of,
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
        gateway=build_gateway(
            settings,
            store=store,
            box=box,
            telephony=telephony,
            dialer=dialer,
            onboarding=onboarding,
            audit=audit,
            background=background,
            instance_id=instance_id,
            dialing_of=dialing_of,
        ),
        tasks=[],
    )


def _engine_config(settings: Settings, trunks: tuple[Trunk, ...]) -> EngineConfig:
    return EngineConfig(
        trunks=trunks,
        lines_per_agent=settings.max_lines_per_agent,
    )


def _dialing_of(settings: Settings) -> DialingOf:
    limits = AbandonmentLimits(
        threshold=seconds(settings.abandonment_threshold_s),
        clock=AbandonmentClock(settings.abandonment_clock),
        target_ratio=settings.abandonment_target_ratio,
        windows=parse_windows(settings.abandonment_windows, settings.abandonment_time_zone),
    )
    return partial(dialing_settings, defaults=DialingDefaults(seconds(settings.ring_timeout_s), limits))
