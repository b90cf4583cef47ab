"""What makes an instance's legs, and the clock that goes with it; in this process, or in one of its own.

Decides which carrier, which clock and which floor of agents there is. It must not know the store, nor who dials.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from trunkcall.compose.asterisk import ASTERISK
from trunkcall.compose.carrier_adapter import CarrierAdapter, Telephony, Wanted
from trunkcall.compose.store import secret_box
from trunkcall.domain.clock import Clock
from trunkcall.domain.customer_keys import parse_chances
from trunkcall.domain.errors import SettingsError, did_you_mean
from trunkcall.domain.instants import seconds
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.self_paced_clock import SelfPacedClock
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.settings import Settings
from trunkcall.simulation.failures import Failure
from trunkcall.simulation.world import World, seed_of
from trunkcall.storage.data_dir import DataDir
from trunkcall.storage.secret_box import SecretBox
from trunkcall.telephony import carrier_wire, floor_wire
from trunkcall.telephony.carrier_channel import CarrierChannel
from trunkcall.telephony.floor_channel import FloorChannel
from trunkcall.telephony.host import Channel, Host
from trunkcall.telephony.journal import OriginateJournal
from trunkcall.telephony.peer import Peer, parse_url
from trunkcall.telephony.remote_carrier import RemoteCarrier
from trunkcall.telephony.remote_floor import RemoteFloor
from trunkcall.telephony.session import PURPOSE
from trunkcall.telephony.simulated import ONE_HOST, SimulatedCarrier

DEFAULT = ""
"""Stands for the default instance, whose id is another in each installation: its simulated world is the seed's own."""


def _check_simulated(settings: Settings) -> None:
    if settings.carrier_url:
        parse_url(settings.carrier_url)
    else:
        _check_journal(settings)


def _check_journal(settings: Settings) -> None:
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


def _simulated_carrier(
    settings: Settings, clock: Clock, on_agent_done: Callable[[str], None], instance: str
) -> SimulatedCarrier:
    return SimulatedCarrier(
        clock,
        world=World(),
        seed=settings.seed if instance == DEFAULT else seed_of(settings.seed, instance),
        on_agent_done=on_agent_done,
        journal_path=Path(settings.carrier_journal) if settings.carrier_journal else None,
        hosts=_hosts(settings) if instance == DEFAULT and settings.trunks else ONE_HOST,
        customer_keys=parse_chances(settings.customer_keys),
    )


def _hosts(settings: Settings) -> Mapping[str, Failure | None]:
    """The hosts that the settings' trunks are on, and when each fails."""
    hosts: dict[str, Failure | None] = {table.trunk.host: None for table in settings.trunks}
    for table in settings.trunks:
        if table.fails_after_s is not None:
            lasts = seconds(table.fails_for_s) if table.fails_for_s is not None else None
            hosts[table.trunk.host] = Failure(seconds(table.fails_after_s), lasts)
    return hosts


def base_clock(settings: Settings) -> WallPacedClock:
    """The time of instances that have no clock of their own, and at which the others' begin. It begins at the wall
    clock's."""
    return WallPacedClock(speed=settings.speed)


def _simulated(wanted: Wanted) -> Telephony:
    """Each instance has a simulated world of its own, in which contacts have other fates; a carrier in a process of its
    own has all of them, and tells each of its own legs alone."""
    instance = DEFAULT if wanted.is_default else wanted.instance_id
    return _apart(wanted, instance) if wanted.settings.carrier_url else _built_in(wanted, instance)


def _built_in(wanted: Wanted, instance: str) -> Telephony:
    floor, clock = wanted.floor, SelfPacedClock(speed=wanted.settings.speed, wall=wanted.wall)
    carrier = _simulated_carrier(wanted.settings, clock, floor.agent_done, instance)
    works = {"floor": lambda: floor.run(lambda: carrier.busy_agents)}
    return Telephony(clock, carrier, legs_survive=False, works=works, know=carrier.know)


def _apart(wanted: Wanted, instance: str) -> Telephony:
    settings, floor = wanted.settings, wanted.floor
    host, port = parse_url(settings.carrier_url)
    peer = Peer(host, port, wanted.box.derive(PURPOSE), instance)
    # The carrier goes by its own clock, which this one follows.
    clock = WallPacedClock(speed=settings.speed, wall=wanted.wall)
    agents = RemoteFloor(peer, speed=settings.speed, on_busy_agents=floor.busy, on_agent_done=floor.agent_done)
    carrier = RemoteCarrier(peer, on_time=clock.catch_up, beside=agents.beside)
    return Telephony(
        clock,
        carrier,
        legs_survive=True,
        trouble=lambda: carrier.trouble,
        upkeep_trouble=lambda: agents.trouble,
    )


CARRIERS: Mapping[str, CarrierAdapter] = MappingProxyType(
    {"simulated": CarrierAdapter(_check_simulated, _simulated, is_simulated=True), "ari": ASTERISK}
)
"""By the value of the setting."""


def carrier_of(settings: Settings, carriers: Mapping[str, CarrierAdapter] = CARRIERS) -> CarrierAdapter:
    """The kind of carrier that the settings name. Raises SettingsError."""
    adapter = carriers.get(settings.carrier)
    if adapter is None:
        raise SettingsError(
            f"The setting carrier must be one of {', '.join(carriers)}, not {settings.carrier!r}."
            f"{did_you_mean(settings.carrier, carriers)}"
        )
    return adapter


def build_telephony(
    settings: Settings,
    box: SecretBox,
    floor: SimulatedFloor,
    base: Clock,
    instance_id: str,
    *,
    is_default: bool,
    carriers: Mapping[str, CarrierAdapter] = CARRIERS,
) -> Telephony:
    """What the settings ask for, for this instance. Raises SettingsError."""
    # At speed 1 it is the wall clock that clients go by, even if that was set since the base began.
    wall = time.time_ns if settings.speed == 1.0 else lambda: base.now() * 1000
    return carrier_of(settings, carriers).build(Wanted(settings, box, floor, wall, instance_id, is_default))


@dataclass(slots=True)
class CarrierProcess:
    """A carrier without a dialer."""

    clock: SelfPacedClock
    carriers: list[SimulatedCarrier]
    """One for each instance whose dialer has come."""
    host: Host
    tasks: list[asyncio.Task[None]]

    async def start(self) -> None:
        """Begin to simulate; legs are made once a dialer asks for them."""
        self.tasks.append(asyncio.create_task(self.clock.run(), name="clock"))
        self.tasks.append(asyncio.create_task(self.host.watch(), name="watch"))

    async def stop(self) -> None:
        """End every session, and with the process every leg."""
        self.host.drop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for carrier in self.carriers:
            await carrier.close()


def build_carrier_process(settings: Settings) -> CarrierProcess:
    """The simulated carrier as a process of its own. It takes its key from where the server does, and makes it if it is
    the first to come."""
    DataDir(settings.data_dir).make()
    _check_journal(settings)
    clock = SelfPacedClock(speed=settings.speed)
    carriers: list[SimulatedCarrier] = []

    def open_channels(instance: str) -> Mapping[str, Channel]:
        floor = FloorChannel(speed=settings.speed, busy_agents=lambda: carrier.busy_agents)
        carrier = _simulated_carrier(settings, clock, floor.agent_done, instance)
        carriers.append(carrier)
        return {carrier_wire.CHANNEL: CarrierChannel(carrier, now=clock.now), floor_wire.CHANNEL: floor}

    host = Host(
        open_channels,
        key=secret_box(settings).derive(PURPOSE),
        new_nonce=lambda: secrets.token_hex(16),
    )
    return CarrierProcess(clock, carriers, host, [])
