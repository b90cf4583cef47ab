"""`trunkcall demo`: the main job, end to end, on a server of its own.

It starts `trunkcall serve` on a free loopback port with a new data directory, then acts as an outside client: boto3 for
the API, /metrics for the progress. It must not look into the server.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from trunkcall.cli.client import InstanceTime, campaigns_client, connection, health
from trunkcall.cli.env import environment
from trunkcall.cli.files import open_output
from trunkcall.cli.leads import LeadList
from trunkcall.cli.load import Loader
from trunkcall.cli.report import Progress, Report, progress_view, read_progress, report_view
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import HOUR

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
LOOK_EVERY_S = 0.25
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""


class DemoError(TrunkcallError):
    """The demonstration could not be run."""


@dataclass(slots=True)
class _Loading:
    """A list being loaded in a thread of its own."""

    total: int
    rejected: list[str] = field(default_factory=list)
    accepted: int = 0
    done: bool = False
    error: TrunkcallError | None = None

    def run(self, loader: Loader, leads: LeadList) -> None:
        try:
            for result in loader.load(iter(leads)):
                self.accepted = result.accepted
        except TrunkcallError as error:
            self.error = error
        self.done = True


def demo(
    leads: Annotated[Path | None, typer.Option(help="Lead list to dial. Default: examples/leads.csv.")] = None,
    agents: Annotated[int, typer.Option(min=1, help="Simulated agents.")] = 20,
    speed: Annotated[float, typer.Option(min=0.1, help="How many times as fast as real time.")] = 120.0,
    seed: Annotated[int, typer.Option(help="Seed of the simulated world.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the report to this file.")] = None,
) -> None:
    """Dial a real lead list on the simulated carrier, with simulated agents, and account for every lead."""
    lead_list = LeadList(leads or _example_leads(), "phone")
    total = sum(1 for _ in lead_list)
    console = Console()
    report_file = open_output("--json", json_file) if json_file is not None else nullcontext()
    with report_file as written, tempfile.TemporaryDirectory(prefix="trunkcall-demo-") as directory:
        data_dir = Path(directory) / "data"
        with _server(data_dir, agents=agents, speed=speed, seed=seed) as url:
            console.print(f"Trunkcall at {url}, {agents} simulated agents, {speed:g} times as fast as real time")
            report, interrupted = _run(console, data_dir, url, lead_list, total)
        console.print()
        console.print(report_view(report))
        if written is not None:
            written.write(json.dumps(asdict(report), indent=2) + "\n")
    if interrupted:
        raise typer.Exit(INTERRUPTED)


def _run(console: Console, data_dir: Path, url: str, leads: LeadList, total: int) -> tuple[Report, bool]:
    client = campaigns_client(connection(data_dir, {}))
    given = environment(data_dir)
    created = client.create_campaign(
        name="Demonstration",
        connectInstanceId=given["TRUNKCALL_INSTANCE_ID"],
        dialerConfig={"progressiveDialerConfig": {"bandwidthAllocation": 1.0}},
        outboundCallConfig={
            "connectContactFlowId": given["TRUNKCALL_CONTACT_FLOW_ID"],
            "connectQueueId": given["TRUNKCALL_QUEUE_ID"],
            "answerMachineDetectionConfig": {"enableAnswerMachineDetection": True},
        },
    )
    campaign_id: str = created["id"]
    client.start_campaign(id=campaign_id)
    console.print(f"Campaign {campaign_id} is Running; loading {total:,} leads in batches of 25")
    loading = _Loading(total)
    clock = InstanceTime(url)
    loader = Loader(client, campaign_id, clock.now, 24 * HOUR, lambda _, reason: loading.rejected.append(reason))
    thread = threading.Thread(target=loading.run, args=(loader, leads), name="load", daemon=True)
    thread.start()
    interrupted = False
    try:
        with Live(console=console, refresh_per_second=4) as live:
            while True:
                progress = read_progress(url, campaign_id)
                live.update(progress_view(progress, total))
                if loading.error is not None:
                    raise loading.error
                if loading.done and progress.ended >= loading.accepted:
                    break
                time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        interrupted = True
        client.stop_campaign(id=campaign_id)
        console.print("Interrupted: the campaign was stopped. The report so far:")
        time.sleep(LOOK_EVERY_S)
        progress = read_progress(url, campaign_id)
    return _report(progress, loading), interrupted


def _report(progress: Progress, loading: _Loading) -> Report:
    dispositions = dict(sorted(progress.dispositions.items(), key=lambda item: -item[1]))
    if loading.rejected:
        dispositions["rejected"] = len(loading.rejected)
    requests = loading.accepted + len(loading.rejected)
    if open_requests := requests - sum(dispositions.values()):
        dispositions["not_over"] = open_requests
    return Report(
        dial_requests=requests,
        attempts=progress.attempts,
        human_answered=progress.live_answers,
        connected_to_agent=progress.connected,
        abandoned=progress.abandoned,
        abandonment_ratio=progress.abandoned / progress.live_answers if progress.live_answers else 0.0,
        occupancy_ratio=progress.occupancy_ratio,
        dispositions=dispositions,
    )


@contextmanager
def _server(data_dir: Path, *, agents: int, speed: float, seed: int) -> Iterator[str]:
    """A server in a process of its own, which Ctrl-C in this terminal does not reach."""
    command = [sys.executable, "-m", "trunkcall", "serve"]
    options = {
        "data-dir": data_dir,
        "host": "127.0.0.1",
        "port": 0,
        "agents": agents,
        "speed": speed,
        "seed": seed,
        "log-level": "warning",
        "drain-s": 0,
    }
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own program and options
    try:
        yield _wait_for(process, data_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], data_dir: Path) -> str:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_s:
        if process.poll() is not None:
            raise DemoError(f"The server ended at once, with exit code {process.returncode}.")
        try:
            url = environment(data_dir)["AWS_ENDPOINT_URL"]
            health(url)
        except (TrunkcallError, urllib.error.HTTPError):
            time.sleep(0.05)
        else:
            return url
    raise DemoError(f"The server did not come up within {START_TIMEOUT_S:g} s.")


def _example_leads() -> Path:
    """The list that comes with the source tree."""
    for folder in (Path.cwd(), *Path(__file__).resolve().parents):
        path = folder / "examples" / "leads.csv"
        if path.exists():
            return path
    raise DemoError("There is no examples/leads.csv here. Name a list with --leads FILE.csv.")
