"""A hammering process seen from outside, and the verdict on what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from faults.hammer import CAMPAIGN, request_of
from storage.support import records
from trunkcall.domain.contact import ContactState
from trunkcall.storage.sqlite.check import check_store
from trunkcall.storage.sqlite.store import SQLiteStore

TESTS = Path(__file__).parents[1]
PATIENCE_S = 20.0


class Hammer:
    """The process, and all that it was answered."""

    def __init__(self, path: Path, name: str, variables: Mapping[str, str]) -> None:
        environment = {**os.environ, "PYTHONPATH": str(TESTS), **variables}
        command = [sys.executable, "-m", "faults.hammer", str(path), name]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.accepted: set[str] = set()
        self.begun: set[str] = set()
        self.failures: list[str] = []
        self.unopened: str | None = None
        self.ready = False
        self.errors = ""
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, _, rest = line.decode().rstrip("\n").partition(" ")
            match word:
                case "accepted":
                    self.accepted.update(rest.split())
                case "begun":
                    self.begun.add(rest)
                case "failed":
                    self.failures.append(rest)
                case "unopened":
                    self.unopened = rest
                case _:
                    self.ready = True

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Wait for something that the process has to be told."""
        give_up_s = time.monotonic() + PATIENCE_S
        while not true():
            assert self.process.poll() is None, self.end()
            assert time.monotonic() < give_up_s, f"it never came true; {self.failures[-3:]}"
            time.sleep(0.002)

    def wait_for_more(self, contacts: int) -> None:
        """Wait until so many more are accepted."""
        target = len(self.accepted) + contacts
        self.wait_until(lambda: len(self.accepted) >= target)

    def end(self) -> str:
        """kill -9, if it still runs; what it wrote to standard error."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        assert self.process.stdout is not None
        if not self.process.stderr.closed:
            self.errors = self.process.stderr.read().decode()
            self.process.stderr.close()
            self.process.stdout.close()
        return self.errors


@contextmanager
def hammering(path: Path, name: str, variables: Mapping[str, str] | None = None) -> Iterator[Hammer]:
    """A hammer at work, which is gone at the end."""
    hammer = Hammer(path, name, variables or {})
    try:
        hammer.wait_until(lambda: hammer.ready or hammer.unopened is not None)
        assert hammer.unopened is None, hammer.unopened
        yield hammer
    finally:
        hammer.end()
    assert "Traceback" not in hammer.errors, hammer.errors


def judge(path: Path, accepted: set[str], begun: set[str]) -> None:
    """Every promise that was made to the hammer is kept, nothing is in the store that it never sent, and the books
    agree."""

    async def look() -> None:
        store = SQLiteStore(path)
        await store.open()
        found = await records(store, CAMPAIGN)
        await store.close()
        assert accepted <= found.keys(), f"{len(accepted - found.keys())} accepted requests are lost"
        for contact_id, record in found.items():
            sent = request_of(contact_id)
            assert (record.client_token, record.phone_number) == (sent.client_token, sent.phone_number)
            assert record.attributes == sent.attributes
            assert record.attempts == (record.state is not ContactState.WAITING)
        assert all(found[contact_id].attempts == 1 for contact_id in begun), "an attempt is forgotten"

    asyncio.run(look())
    report = check_store(path, unused=True)
    assert report.sound, report.faults
