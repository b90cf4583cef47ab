"""A long day: memory stays flat, and no handle and no task is left behind.

What a user would lose otherwise: the dialer, in the third week.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from faults.load import Load
from faults.test_crashes import LONG, RIGGED, running_campaign
from serving import Serving, serving

pytestmark = pytest.mark.long

REQUESTS = 1_000_000 if LONG else 20_000
WARM = 0.3
"""The share of the requests after which caches have what they will have."""


def resident_mib(server: Serving) -> float:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def handles(server: Serving) -> int:
    assert server.process is not None
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def tasks(server: Serving, census: Path) -> int:
    census.unlink(missing_ok=True)
    assert server.process is not None
    server.process.send_signal(signal.SIGUSR1)
    server.wait_until(lambda: census.exists() and census.read_text())
    return int(census.read_text())


@pytest.mark.timeout(4 * 3600 if LONG else 180)
def test_memory_handles_and_tasks_stay_what_they_are(tmp_path: Path) -> None:
    census = tmp_path / "census"
    options = {"speed": 300, "attempts-per-s": 100, "channels": 4000, "agents": 0, "max-pending": REQUESTS}
    with serving(tmp_path / "data", **options) as server:
        server.kill()
        server.program, server.afresh = (str(RIGGED),), True
        server.start(RIG_CENSUS=str(census))
        load = Load(server, running_campaign(server), pause_s=0.0, most=REQUESTS)
        load.start()

        def share() -> float:
            return server.metric("trunkcall_contacts_ended_total") / REQUESTS

        readings = []
        for at in (WARM, 0.45, 0.6, 0.75, 0.9):
            server.wait_until(lambda at=at: share() >= at, timeout_s=3 * 3600 if LONG else 120)
            readings.append((resident_mib(server), handles(server), tasks(server, census)))
        server.wait_until(lambda: share() >= 1, timeout_s=3600)
        load.finish()
        told = f"{REQUESTS} requests: MiB, handles and tasks after 30, 45, 60, 75, 90 %: {readings}"
        sys.stdout.write(told + "\n")
        time.sleep(1)
        warm, *later = readings
        for memory, open_files, running in later:
            assert memory <= warm[0] * 1.05, f"memory grows: {readings}"
            assert open_files <= warm[1] + 2, f"handles leak: {readings}"
            assert running <= warm[2] + 3, f"tasks leak: {readings}"
        assert len(server.export()) == REQUESTS
        assert "Traceback" not in server.log_path.read_text()
