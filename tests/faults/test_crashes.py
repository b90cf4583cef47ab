"""kill -9 of the server at any moment and in every gap, SIGSTOP past its lease, a wall clock that jumps.

The witness is the journal of a carrier that outlives the server. What a user would lose otherwise: accepted requests,
and the people who are called twice.

The short form is part of `make test`; `make soak` sets TRUNKCALL_SOAK for the long one.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import pytest

from faults.carrying import Carrying, carrying, check, ended
from faults.load import Load
from faults.rigged_server import POINTS
from serving import Serving
from trunkcall.domain.errors import StoreUnavailableError
from trunkcall.domain.instants import SECOND
from trunkcall.storage.sqlite.store import SQLiteStore

pytestmark = pytest.mark.long

REFUSED = "Another process owns this instance now"
LONG = "TRUNKCALL_SOAK" in os.environ
RIGGED = Path(__file__).with_name("rigged_server.py")


def running_campaign(server: Serving) -> str:
    """Agentless, for the number of attempts: each of them is one that could be made twice."""
    client = server.client()
    given = server.environment
    campaign_id: str = client.create_campaign(
        **server.campaign_arguments(
            dialerConfig={"agentlessDialerConfig": {"dialingCapacity": 1.0}},
            outboundCallConfig={
                "connectContactFlowId": given["TRUNKCALL_CONTACT_FLOW_ID"],
                "connectSourcePhoneNumber": given["TRUNKCALL_SOURCE_PHONE_NUMBER"],
            },
        )
    )["id"]
    client.start_campaign(id=campaign_id)
    return campaign_id


def come_to_an_end(carrier: Carrying, server: Serving, load: Load) -> None:
    load.finish()
    server.wait_until(lambda: ended(server) >= len(load.ids), timeout_s=110)
    check(server, load.ids, carrier.originates())
    assert "Traceback" not in server.log_path.read_text()


@pytest.mark.timeout(7200 if LONG else 180)
def test_kill_9_under_load(tmp_path: Path) -> None:
    rounds = 100 if LONG else 5
    chance = random.Random(1)
    with carrying(tmp_path) as (carrier, server):
        load = Load(server.pinned(), running_campaign(server))
        load.start()
        for _ in range(rounds):
            dialed = len(carrier.originates())
            server.wait_until(lambda dialed=dialed: len(carrier.originates()) > dialed)
            time.sleep(chance.uniform(0, 0.7))
            server.kill()
            check(server, load.ids.copy(), carrier.originates(), all_ended=False)
            server.start()
        come_to_an_end(carrier, server, load)


@pytest.mark.timeout(7200 if LONG else 180)
def test_kill_9_in_each_gap(tmp_path: Path) -> None:
    """Of decide, commit, act and answer."""
    with carrying(tmp_path) as (carrier, server):
        load = Load(server.pinned(), running_campaign(server))
        load.start()
        server.program = (str(RIGGED),)
        for when in (1, 2, 5, 17) if LONG else (1, 3):
            for point in POINTS:
                server.kill()
                server.spawn(RIG_CRASH=f"{point}:{when}")
                assert server.process is not None
                assert server.process.wait(60) == -signal.SIGKILL, f"it did not die where {POINTS[point]}"
                check(server, load.ids.copy(), carrier.originates(), all_ended=False)
        server.start()
        come_to_an_end(carrier, server, load)


async def take_over(server: Serving) -> bool:
    """Take the instance from a server that sleeps, once its lease has run out. False if it holds the store."""
    store = SQLiteStore(server.data_dir / "trunkcall.db", busy_timeout=SECOND)
    await store.open()
    instance_id = server.environment["TRUNKCALL_INSTANCE_ID"]
    try:
        async with asyncio.timeout(30):
            while await store.acquire_lease(instance_id, "another host", SECOND, sole=False) is None:
                await asyncio.sleep(0.1)
    except StoreUnavailableError:
        return False
    finally:
        await store.close()
    return True


@pytest.mark.timeout(7200 if LONG else 180)
def test_stopped_past_its_lease_and_woken(tmp_path: Path) -> None:
    """Meanwhile another owner has taken the instance, so what it writes when it wakes is refused."""
    with carrying(tmp_path, **{"lease-s": 2}) as (carrier, server):
        load = Load(server.pinned(), running_campaign(server))
        load.start()
        for _ in range(10 if LONG else 2):
            dialed = len(carrier.originates())
            server.wait_until(lambda dialed=dialed: len(carrier.originates()) > dialed + 20)
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)
            while not asyncio.run(take_over(server)):
                # It fell asleep in the middle of a transaction: nobody else can write until it wakes.
                server.process.send_signal(signal.SIGCONT)
                time.sleep(0.1)
                server.process.send_signal(signal.SIGSTOP)
            server.process.send_signal(signal.SIGCONT)
            server.wait_until(lambda: REFUSED in server.log_path.read_text())
            dialed = len(carrier.originates())
            server.wait_until(lambda dialed=dialed: len(carrier.originates()) > dialed)
        come_to_an_end(carrier, server, load)


@pytest.mark.timeout(7200 if LONG else 180)
@pytest.mark.parametrize("hours", [-1, 1])
def test_the_wall_clock_jumps(tmp_path: Path, hours: int) -> None:
    """Under way and before a restart: nothing expires by the thousand, nobody is called twice, dialing goes on."""
    clock = tmp_path / "clock"
    clock.write_text("0")

    def set_clock(offset_s: float) -> None:
        part = clock.with_suffix(".part")
        part.write_text(str(offset_s))
        part.replace(clock)
        assert server.process is not None
        server.process.send_signal(signal.SIGUSR2)

    with carrying(tmp_path, **{"lease-s": 3, "attempts-per-s": 4}) as (carrier, server):
        server.program = (str(RIGGED),)
        server.kill()
        server.start(RIG_CLOCK=str(clock))
        # The client's clock is right, so nothing that it signs is accepted while the server's is not.
        # Nobody is dialed before all are accepted, however long it takes: enough are left for what is to come.
        server.trunkcall("halt", "--data-dir", str(server.data_dir))
        load = Load(server.pinned(), running_campaign(server), pause_s=0, most=1_500)
        load.start()
        load.join(60)
        assert not load.is_alive()
        assert not carrier.originates()
        server.trunkcall("resume", "--data-dir", str(server.data_dir))
        for restart in (False, True):
            server.wait_until(lambda: len(carrier.originates()) > 100)
            set_clock(hours * 3600)
            dialed = len(carrier.originates())
            server.wait_until(lambda dialed=dialed: len(carrier.originates()) > dialed, timeout_s=30)
            assert "owns this instance" not in server.log_path.read_text(), "nobody else does"
            if restart:
                server.kill()
                server.start(RIG_CLOCK=str(clock))
            set_clock(0)
        come_to_an_end(carrier, server, load)
        assert "expired" not in {record["Disposition"] for record in server.export()}
