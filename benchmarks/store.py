"""How fast the store takes requests and attempts, and how soon a killed server dials again.

Rates are ratios to plain inserts of the same rows, measured in the same run. Prints one JSON line a figure.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from api import ROUNDS, fill, raw_inserts_per_s, say
from faults.test_crashes import running_campaign
from serving import serving
from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.contact import DialRequest
from trunkcall.domain.directory import Directory
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import DAY, SECOND
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.saying import Saying
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    OriginateSessionLeg,
    PlayTone,
    ReportLegs,
    ResumeRecording,
    StartRecording,
    StopPlaying,
    StopRecording,
    SuspendRecording,
    UnbridgeLegs,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import CarrierFound, LegEnded
from trunkcall.service.calling.gate import Gate, GateOf
from trunkcall.service.current import CurrentDialer
from trunkcall.service.dialing_settings import DialingDefaults, dialing_settings
from trunkcall.service.installation import SOURCE_PHONE_NUMBER, first_installation
from trunkcall.service.lease import LeaseHolder
from trunkcall.service.owner import InstanceOwner
from trunkcall.service.presence import Presence
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.storage.sqlite.store import SQLiteStore
from trunkcall.telephony.carrier import CarrierSink, Destination

CLIENTS = 64
BATCH = 25


class BusyCarrier:
    """Every number is busy, at once."""

    def __init__(self) -> None:
        self._sink: CarrierSink = lambda event: None

    async def start(self, sink: CarrierSink, *, token: int) -> None:
        self._sink = sink
        sink(CarrierFound(()))

    async def close(self) -> None:
        return

    def originate(self, command: Originate, destination: Destination) -> None:
        self._sink(LegEnded(command.leg_id, HangupCause.BUSY))

    def originate_agent_leg(self, command: OriginateAgentLeg) -> None:
        raise NotImplementedError

    def originate_session_leg(self, command: OriginateSessionLeg) -> None:
        raise NotImplementedError

    def bridge(self, command: BridgeLegs) -> None:
        raise NotImplementedError

    def play(self, leg_id: str, play_id: str, saying: Saying) -> None:
        raise NotImplementedError

    def unbridge(self, command: UnbridgeLegs) -> None:
        raise NotImplementedError

    def play_tone(self, command: PlayTone) -> None:
        raise NotImplementedError

    def stop_playing(self, command: StopPlaying) -> None:
        raise NotImplementedError

    def start_recording(self, command: StartRecording) -> None:
        raise NotImplementedError

    def suspend_recording(self, command: SuspendRecording) -> None:
        raise NotImplementedError

    def resume_recording(self, command: ResumeRecording) -> None:
        raise NotImplementedError

    def stop_recording(self, command: StopRecording) -> None:
        raise NotImplementedError

    def hang_up(self, command: HangUp) -> None:
        return

    def report_legs(self, command: ReportLegs) -> None:
        return


async def stand_up(store: SQLiteStore) -> str:
    """An instance with one Running campaign; the instance's id."""
    ids = (f"id-{n}" for n in itertools.count())
    now = time.time_ns() // 1000
    first = first_installation(
        now=now,
        new_id=lambda: next(ids),
        access_key_id="AKIA",
        secret="s",
        policy=ALL_ACTIONS_POLICY,
        seal=lambda secret, key: secret.encode(),
    )
    instance_id = first.directory.instance.instance_id
    await store.create_instance(first.directory)
    call = OutboundCallConfig(next(iter(first.directory.contact_flows)), None, SOURCE_PHONE_NUMBER)
    arn = Scope("aws", "us-east-1", "000000000000").campaign_arn("spring")
    dialer = DialerConfig(DialerType.AGENTLESS)
    await store.create_campaign(
        Campaign("spring", arn, instance_id, "Spring", dialer, call, CampaignState.INITIALIZED, now)
    )
    await store.change_campaign_state("spring", allowed_from=[CampaignState.INITIALIZED], to=CampaignState.RUNNING)
    return instance_id


def a_batch(now: int) -> Sequence[DialRequest]:
    prefix = uuid4().hex
    attributes = {"first_name": "Ada", "last_name": "Lovelace", "account_number": f"AC-{prefix[:6]}"}
    return [
        DialRequest(str(uuid4()), f"{prefix}-{n}", f"+1212555{100 + n:04d}", now + DAY, attributes)
        for n in range(BATCH)
    ]


async def accept(store: SQLiteStore, number: int) -> float:
    """Accepted dial requests per second, 64 clients at once."""
    now = time.time_ns() // 1000
    batches = iter([a_batch(now) for _ in range(number // BATCH)])

    async def client() -> None:
        for batch in batches:
            await store.put_dial_requests("spring", batch, at=now, max_waiting=10_000_000)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return number / (time.perf_counter() - started)


def without_policy(directory: Directory) -> Gate:
    """The gate of a simulated carrier."""
    return Gate(directory, lambda number: 0, reaches_people=False)


async def attempt(
    store: SQLiteStore,
    instance_id: str,
    number: int,
    *,
    gate_of: GateOf = without_policy,
    wall: Callable[[], int] = time.time_ns,
) -> float:
    """Attempts per second from the backlog to their ends."""
    clock = WallPacedClock(wall=wall)
    lease = LeaseHolder(store, instance_id, "bench", sole=True)
    dialer = CurrentDialer(clock)
    owner = InstanceOwner(
        instance_id=instance_id,
        store=store,
        gate_store=store,
        directories=store,
        history=store,
        quarantine=store,
        presences=store,
        carrier=BusyCarrier(),
        clock=clock,
        presence=Presence(),
        config=EngineConfig(trunks=(Trunk("default", channels=100_000, attempts_per_s=10_000_000.0),)),
        gate_of=gate_of,
        dialing_of=partial(dialing_settings, defaults=DialingDefaults(30 * SECOND, AbandonmentLimits())),
        chance=Random(1),
        new_id=lambda: uuid4().hex,
        lease=lease,
        current=dialer,
    )
    started = time.perf_counter()
    tasks = [asyncio.create_task(clock.run()), asyncio.create_task(owner.run())]
    while sum(dialer.totals.ended.values()) < number:  # noqa: ASYNC110 - what is measured must not tell when it is done
        await asyncio.sleep(0.01)
    elapsed = time.perf_counter() - started
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await lease.let_go()
    return number / elapsed


async def round_trip(path: Path, number: int) -> tuple[float, float]:
    store = SQLiteStore(path)
    await store.open()
    instance_id = await stand_up(store)
    accepted_per_s = await accept(store, number)
    attempts_per_s = await attempt(store, instance_id, number)
    await store.close()
    return accepted_per_s, attempts_per_s


def rates(folder: Path, number: int) -> None:
    accepted, attempts, raw = [], [], []
    for index in range(ROUNDS):
        path = folder / f"store-{index}.db"
        accepted_per_s, attempts_per_s = asyncio.run(round_trip(path, number))
        accepted.append(accepted_per_s)
        attempts.append(attempts_per_s)
        raw.append(raw_inserts_per_s(path, folder, 4.0))
    for figure, values in (("accepted dial requests", accepted), ("attempts to their end", attempts)):
        say(
            f"{figure} per s through the store over raw SQLite inserts",
            ratio=round(statistics.median(v / r for v, r in zip(values, raw, strict=True)), 2),
            per_s=[round(v) for v in values],
            raw_per_s=[round(r) for r in raw],
        )


def restart(folder: Path, pending: int) -> None:
    journal = folder / f"journal-{pending}"
    options = {"agents": 0, "max-pending": 10_000_000, "carrier-journal": journal, "attempts-per-s": 20}
    with serving(folder / f"restart-{pending}", **options) as server:
        campaign_id = running_campaign(server)
        server.stop()
        asyncio.run(fill(server.data_dir / "trunkcall.db", campaign_id, pending))
        times = []
        for _ in range(ROUNDS + 1):
            server.start()
            server.wait_until(lambda: journal.exists() and journal.stat().st_size > 0)
            time.sleep(1)
            server.kill()
            journal.write_bytes(b"")
            killed = time.perf_counter()
            server.spawn()
            while not journal.stat().st_size:
                time.sleep(0.005)
            times.append(time.perf_counter() - killed)
            server.kill()
    say(
        f"seconds from kill -9 to the next attempt, {pending:,} requests pending",
        median_s=round(statistics.median(times), 2),
        worst_s=round(max(times), 2),
        bar_s=5 if pending >= 1_000_000 else None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=100_000, help="dial requests of each round")
    parser.add_argument("--pending", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trunkcall-bench-") as name:
        folder = Path(name)
        rates(folder, arguments.number)
        restart(folder, 1_000)
        restart(folder, arguments.pending)


if __name__ == "__main__":
    main()
