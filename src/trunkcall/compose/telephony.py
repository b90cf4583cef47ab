"""What makes an instance's legs, and the clock that goes with it; in this process, or in one of its own.

Decides which carrier, which clock and which floor of agents there is. It must not know the store, nor who dials.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from trunkcall.compose.store import secret_box
from trunkcall.domain.clock import Clock
from trunkcall.domain.errors import SettingsError
from trunkcall.service.clock import InstanceClock
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.self_paced_clock import SelfPacedClock
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.settings import Settings
from trunkcall.simulation.world import World
from trunkcall.storage.data_dir import DataDir
from trunkcall.storage.secret_box import SecretBox
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


def check_journal(settings: Settings) -> None:
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
class Telephony:
    """What makes an instance's legs, and the clock that goes with it. ``trouble`` says why it cannot, ``floor_trouble``
    why the simulated agents are not heard although it can, in words; None while all is well."""

    clock: InstanceClock
    carrier: Carrier
    legs_survive: bool
    works: dict[str, Callable[[], Awaitable[None]]]
    trouble: Callable[[], str | None]
    floor_trouble: Callable[[], str | None]


def build_telephony(settings: Settings, box: SecretBox, floor: SimulatedFloor) -> Telephony:
    """What the settings ask for."""
    return _apart(settings, box, floor) if settings.carrier_url else _built_in(settings, floor)


def _built_in(settings: Settings, floor: SimulatedFloor) -> Telephony:
    clock = SelfPacedClock(speed=settings.speed)
    carrier = _simulated_carrier(settings, clock, floor.agent_done)
    return Telephony(
        clock,
        carrier,
        legs_survive=False,
        works={"floor": lambda: floor.run(lambda: carrier.busy_agents)},
        trouble=lambda: None,
        floor_trouble=lambda: None,
    )


def _apart(settings: Settings, box: SecretBox, floor: SimulatedFloor) -> Telephony:
    host, port = parse_url(settings.carrier_url)
    peer = Peer(host, port, box.derive(PURPOSE))
    # The carrier goes by its own clock, which this one follows.
    clock = WallPacedClock(speed=settings.speed)
    agents = RemoteFloor(peer, speed=settings.speed, on_busy_agents=floor.busy, on_agent_done=floor.agent_done)
    carrier = RemoteCarrier(peer, on_time=clock.catch_up, beside=agents.beside)
    return Telephony(
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
    check_journal(settings)
    clock = SelfPacedClock(speed=settings.speed)
    floor = FloorChannel(speed=settings.speed, busy_agents=lambda: carrier.busy_agents)
    carrier = _simulated_carrier(settings, clock, floor.agent_done)
    channel = CarrierChannel(carrier, now=clock.now)
    host = Host(
        {carrier_wire.CHANNEL: channel, floor_wire.CHANNEL: floor},
        key=secret_box(settings).derive(PURPOSE),
        new_nonce=lambda: secrets.token_hex(16),
    )
    return CarrierProcess(clock, carrier, channel, host, [])
