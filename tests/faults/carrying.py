"""A real `trunkcall carrier` in a process of its own, and what its journal says."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import COMMANDS, Command
from serving import START_TIMEOUT_S, Serving, serving

SPEED = 40
"""How fast the worlds of these tests go. Faster, and agents come late for customers who wait two seconds."""

AGENTS = 20


@dataclass
class Carrying:
    """The carrier's process, which may be killed and started again. Its journal outlives it."""

    data_dir: Path
    journal_path: Path
    speed: float = SPEED
    port: int = 0
    process: Command | None = None

    def start(self) -> None:
        endpoint = self.data_dir / "carrier-endpoint"
        endpoint.unlink(missing_ok=True)
        self.log_path = self.journal_path.with_suffix(".log")
        arguments = ["carrier", "--data-dir", str(self.data_dir), "--carrier-port", str(self.port)]
        arguments += ["--speed", str(self.speed), "--carrier-journal", str(self.journal_path)]
        self.process = COMMANDS.start(arguments, os.environ, err=self.log_path)
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while not endpoint.exists() or not endpoint.read_text().endswith("\n"):
            assert self.process.poll() is None, f"the carrier ended at once: {self.log_path.read_text()}"
            assert time.monotonic() < give_up_s, f"the carrier did not come up: {self.log_path.read_text()}"
            time.sleep(0.02)
        self.url = endpoint.read_text().strip()
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """kill -9: every leg is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        assert self.process is not None
        return self.process.wait(30)

    def originates(self) -> Counter[str]:
        """How often each contact was asked for."""
        if not self.journal_path.exists():
            return Counter()
        # The last line may be half written at this moment.
        lines = self.journal_path.read_text().split("\n")[:-1]
        return Counter(json.loads(line)["contact_id"] for line in lines)


@contextmanager
def carrying(tmp_path: Path, **options: object) -> Iterator[tuple[Carrying, Serving]]:
    """A carrier, and a server that dials through it."""
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    given: dict[str, Any] = {"speed": SPEED, "agents": AGENTS, **options}
    carrier = Carrying(data_dir, tmp_path / "journal.jsonl", given["speed"])
    carrier.start()
    try:
        given["carrier-url"] = carrier.url
        with serving(data_dir, **given) as server:
            yield carrier, server
    finally:
        if carrier.process is not None and carrier.process.poll() is None:
            carrier.signal(signal.SIGCONT)
            carrier.kill()


def check(server: Serving, ids: dict[str, str], originates: Counter[str], *, all_ended: bool = True) -> None:
    """What must hold at any time: every accepted id in the export once, nobody called twice, nobody unknown."""
    records = server.export()
    exported = Counter(record["ContactId"] for record in records)
    assert max(originates.values(), default=0) <= 1, "somebody was called twice"
    assert set(ids.values()) <= exported.keys(), "an accepted request was lost"
    assert set(exported.values()) <= {1}
    assert originates.keys() <= exported.keys(), "somebody unknown was called"
    for record in records:
        dialed = originates[record["ContactId"]]
        assert dialed <= record["Attempts"] <= 1, "a call was made that the store does not know"
        if all_ended:
            assert record["Disposition"], f"a contact never came to its end: {record['State']}"


def ended(server: Serving) -> int:
    """How many contacts have come to their end."""
    return sum(1 for record in server.export() if record["Disposition"])
