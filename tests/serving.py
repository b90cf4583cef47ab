"""A real `trunkcall serve` in a process of its own, for tests that act as its clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from commands import COMMANDS, TRUNKCALL, Command
from trunkcall.settings import Settings, load_settings
from trunkcall.settings.setting import Value

ROOT = Path(__file__).parent.parent
START_TIMEOUT_S = 30.0
ENDPOINTS = ("AWS_ENDPOINT_URL_CONNECTCAMPAIGNS", "AWS_ENDPOINT_URL_CONNECT")
LOOK_EVERY_S = 0.04
FROM_THE_BEGINNING = {"LD_PRELOAD", "RIG_CLOCK"}
"""Variables that act on a program before it has imported anything."""


@dataclass
class Serving:
    """One data directory and the server on it, which may be started and stopped again and again."""

    data_dir: Path
    options: dict[str, str] = field(default_factory=dict)
    process: Command | subprocess.Popen[str] | None = None
    printed: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = TRUNKCALL
    afresh: bool = False
    """Whether it imports everything by itself. Else it is forked from a process that has, in a tenth of the time."""

    def pinned(self) -> Serving:
        """Itself, with the port that it has now for all starts to come: a client may hold on to its address."""
        self.options["port"] = self.url.rpartition(":")[2]
        return self

    def start(self, **environment: str) -> None:
        """Start it, and wait until it takes requests."""
        self.spawn(**environment)
        assert self.process is not None
        give_up_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < give_up_s:
            assert self.process.poll() is None, f"the server ended at once: {self.log_path.read_text()}"
            try:
                self.get("/health")
            except (OSError, urllib.error.URLError):
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the server did not come up: {self.log_path.read_text()}")

    def spawn(self, **environment: str) -> None:
        """Start it, whatever comes of it."""
        arguments = ["serve", "--data-dir", str(self.data_dir), "--port", "0"]
        arguments += [part for name, value in self.options.items() for part in (f"--{name}", value)]
        (self.data_dir / "endpoint").unlink(missing_ok=True)
        self.log_path = self.data_dir.with_suffix(".log")
        variables = {**os.environ, **environment}
        if not self.afresh and environment.keys().isdisjoint(FROM_THE_BEGINNING):
            self.process = COMMANDS.start(arguments, variables, err=self.log_path, program=self.program)
            return
        with self.log_path.open("a") as log:
            command = [sys.executable, *self.program, *arguments]
            self.process = subprocess.Popen(command, stderr=log, text=True, env=variables)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s: float = 30.0) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    @property
    def url(self) -> str:
        return (self.data_dir / "endpoint").read_text().strip()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            text: str = answer.read().decode()
            return text

    def instance_time(self) -> datetime:
        return datetime.fromisoformat(json.loads(self.get("/health"))["instance_time"])

    def in_instance_time(self, **delta: float) -> datetime:
        return self.instance_time() + timedelta(**delta)

    @property
    def environment(self) -> dict[str, str]:
        """What `trunkcall env` prints."""
        if not self.printed:
            lines = self.trunkcall("env", "--data-dir", str(self.data_dir)).stdout.splitlines()
            pairs = (line.removeprefix("export ").partition("=") for line in lines if line.startswith("export "))
            self.printed = {name: value.strip("'") for name, _, value in pairs}
        return self.printed | dict.fromkeys(ENDPOINTS, self.url)

    def client(self, service: str = "connectcampaigns", **config: Any) -> Any:
        given = self.environment
        return boto3.client(
            service,
            endpoint_url=given[f"AWS_ENDPOINT_URL_{service.upper()}"],
            region_name=given["AWS_REGION"],
            aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def campaign_arguments(self, name: str = "Spring", **changes: Any) -> dict[str, Any]:
        """Arguments of CreateCampaign for a progressive campaign of the default instance."""
        given = self.environment
        arguments: dict[str, Any] = {
            "name": name,
            "connectInstanceId": given["TRUNKCALL_INSTANCE_ID"],
            "dialerConfig": {"progressiveDialerConfig": {"bandwidthAllocation": 1.0}},
            "outboundCallConfig": {
                "connectContactFlowId": given["TRUNKCALL_CONTACT_FLOW_ID"],
                "connectQueueId": given["TRUNKCALL_QUEUE_ID"],
                "answerMachineDetectionConfig": {"enableAnswerMachineDetection": True},
            },
        }
        return arguments | changes

    def trunkcall(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as a user would."""
        done = COMMANDS.run(*arguments, **environment)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def export(self, *arguments: str) -> list[dict[str, Any]]:
        """Every contact record."""
        path = self.data_dir.with_suffix(".jsonl")
        self.trunkcall("export", "contacts", "--data-dir", str(self.data_dir), "--output", str(path), *arguments)
        return [json.loads(line) for line in path.read_text().splitlines()]

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        lines = self.get("/metrics").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + "{", name + " ")))

    def wait_until(self, true: Any, *, timeout_s: float = 60.0) -> None:
        began_s = looked_s = time.monotonic()
        while not true():
            now_s = time.monotonic()
            assert now_s < began_s + timeout_s, f"it never came true; {self.log_path.read_text()[-4000:]}"
            # Whoever looks at an export all the time leaves the server no time to get there.
            time.sleep(max(LOOK_EVERY_S, 2 * (now_s - looked_s)))
            looked_s = time.monotonic()


def settings_of(data_dir: Path, **values: Value) -> Settings:
    """The settings of a server on this data directory, for who opens its store beside it."""
    return load_settings({"data_dir": data_dir, **values}, environment={})


@contextmanager
def serving(data_dir: Path, **options: object) -> Iterator[Serving]:
    """A server that is gone when the test is over. Options are flags, with underscores."""
    server = Serving(data_dir, {name.replace("_", "-"): str(value) for name, value in options.items()})
    data_dir.mkdir(mode=0o700, exist_ok=True)
    server.start()
    try:
        yield server
    finally:
        assert server.process is not None
        if server.process.poll() is None:
            server.kill()


def dial_request(token: str, digits: int, expires_at: datetime | None = None, **attributes: str) -> dict[str, Any]:
    """A dial request to one of the numbers reserved for fiction."""
    return {
        "clientToken": token,
        "phoneNumber": f"+1212555{100 + digits % 100:04d}",
        "expirationTime": expires_at or datetime.now(UTC) + timedelta(days=30),
        "attributes": attributes,
    }


def put_all(client: Any, campaign_id: str, requests: list[dict[str, Any]]) -> dict[str, str]:
    """Submit in batches of 25; returns the contact ids by client token."""
    ids: dict[str, str] = {}
    for start in range(0, len(requests), 25):
        answer = client.put_dial_request_batch(id=campaign_id, dialRequests=requests[start : start + 25])
        assert answer["failedRequests"] == []
        ids.update({item["clientToken"]: item["id"] for item in answer["successfulRequests"]})
    return ids
