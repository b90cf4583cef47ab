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
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

import trunkcall
from trunkcall.cli.campaign_place import Place
from trunkcall.cli.client import InstanceTime, campaigns_client, connection, health
from trunkcall.cli.env import ENDPOINT_VARIABLE, environment
from trunkcall.cli.files import open_output
from trunkcall.cli.installation import Installation
from trunkcall.cli.interrupts import exit_code, held_back
from trunkcall.cli.lists.leads import Duplicates, LeadList
from trunkcall.cli.lists.tokens import Tokens
from trunkcall.cli.loading import Loader, LoadResult
from trunkcall.cli.reading import Country, Encoding, NoHeader, PhoneColumn, Sheet, reading
from trunkcall.cli.report import (
    Kept,
    Progress,
    Report,
    progress_line,
    progress_view,
    read_kept,
    read_progress,
    show_report,
    told,
)
from trunkcall.domain.errors import TrunkcallError
from trunkcall.domain.instants import HOUR

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
LOOK_EVERY_S = 0.25
SALT = "demonstration"
"""In place of the campaign's id, which is another one each time: the simulated world draws fates from client tokens."""


NAME = "Demonstration"
CALL_BACKS = "Call backs"
"""The campaign for which the default agentless flow has people called back."""
PROGRESSIVE = {"progressiveDialerConfig": {"bandwidthAllocation": 1.0}}
AGENTLESS: Mapping[str, Any] = {"agentlessDialerConfig": {}}
KEYS = "1=0.1,9=0.05"
"""How likely simulated customers press which key, once they have heard what it is for."""


class DemoError(TrunkcallError):
    """The demonstration could not be run."""


@dataclass(slots=True)
class _Loading:
    """A list being loaded in a thread of its own."""

    result: LoadResult = field(default_factory=LoadResult)
    done: bool = False
    error: TrunkcallError | None = None

    def run(self, loader: Loader, leads: LeadList) -> None:
        try:
            for _ in loader.load(leads.items(Tokens(SALT))):
                pass
        except TrunkcallError as error:
            self.error = error
        finally:
            self.done = True


def demo(
    leads: Annotated[Path | None, typer.Option(help="Lead list to dial.", show_default="2,000 invented leads")] = None,
    agents: Annotated[int, typer.Option(min=1, help="Simulated agents.")] = 20,
    speed: Annotated[float, typer.Option(min=0.1, help="How many times as fast as real time.")] = 120.0,
    seed: Annotated[int, typer.Option(help="Seed of the simulated world.")] = 1,
    agentless: Annotated[
        bool,
        typer.Option(
            "--agentless",
            help="Say a message to whoever answers, with a key for a call back, which agents make, and one for no more "
            "calls.",
        ),
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the report to this file.")] = None,
    phone_column: PhoneColumn = None,
    country: Country = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    no_header: NoHeader = False,
) -> None:
    """Dial a real lead list on the simulated carrier, with simulated agents, and account for every lead."""
    console = Console()
    how = reading(
        phone_column=phone_column,
        country=country,
        encoding=encoding,
        sheet=sheet,
        no_header=no_header,
        duplicates=Duplicates.KEEP,
    )
    report_file = open_output("--json", json_file) if json_file is not None else nullcontext()
    with report_file as written, _temporary_directory() as directory:
        lead_list = LeadList(leads or _example_leads(), how)
        for note in lead_list.columns.notes:
            console.print(note, style="dim", highlight=False)
        data_dir = directory / "data"
        with _server(data_dir, agents=agents, speed=speed, seed=seed, keys=KEYS if agentless else "") as url:
            typer.echo(f"Trunkcall at {url}, {agents} simulated agents, {speed:g} times as fast as real time")
            shift = _agentless(data_dir, url) if agentless else _with_agents(data_dir, url)
            report, interrupted = _run(console, shift, lead_list)
        typer.echo()
        show_report(report)
        if written is not None:
            written.write(json.dumps(told(report), indent=2) + "\n")
    if interrupted:
        raise typer.Exit(exit_code())


@dataclass(frozen=True, slots=True)
class _Shift:
    """What is run: a campaign for the leads, and one for those who want to be called back, if there is any."""

    client: Any
    url: str
    campaign_id: str
    call_backs_id: str | None = None

    def progress(self) -> Progress:
        """How far it is."""
        return read_progress(self.url, self.campaign_id)

    def kept(self) -> Kept | None:
        """What customers have asked for by a key, and what came of it."""
        return read_kept(self.url, self.call_backs_id) if self.call_backs_id is not None else None

    def stop(self) -> None:
        """Have nobody dialed any more."""
        for campaign_id in filter(None, (self.campaign_id, self.call_backs_id)):
            self.client.stop_campaign(id=campaign_id)


def _with_agents(data_dir: Path, url: str) -> _Shift:
    client, given = campaigns_client(connection(data_dir, {})), environment(data_dir)
    return _Shift(client, url, _started(client, given, NAME, given["TRUNKCALL_CONTACT_FLOW_ID"], PROGRESSIVE))


def _agentless(data_dir: Path, url: str) -> _Shift:
    """The agentless flow says its message; agents call back whoever wants that."""
    where, given = connection(data_dir, {}), environment(data_dir)
    client = campaigns_client(where)
    call_backs_id = _started(client, given, CALL_BACKS, given["TRUNKCALL_CONTACT_FLOW_ID"], PROGRESSIVE)
    flow_id = Place(where, Installation(given), None).flow(None, agentless=True)
    campaign_id = _started(client, given, NAME, flow_id, AGENTLESS)
    return _Shift(client, url, campaign_id, call_backs_id)


def _started(client: Any, given: Mapping[str, str], name: str, flow_id: str, dialer: Mapping[str, Any]) -> str:
    """A campaign that runs; its id."""
    call: dict[str, Any] = {
        "connectContactFlowId": flow_id,
        "answerMachineDetectionConfig": {"enableAnswerMachineDetection": True},
    }
    if dialer is AGENTLESS:
        call["connectSourcePhoneNumber"] = given["TRUNKCALL_SOURCE_PHONE_NUMBER"]
    else:
        call["connectQueueId"] = given["TRUNKCALL_QUEUE_ID"]
    created = client.create_campaign(
        name=name,
        connectInstanceId=given["TRUNKCALL_INSTANCE_ID"],
        dialerConfig=dialer,
        outboundCallConfig=call,
    )
    client.start_campaign(id=created["id"])
    campaign_id: str = created["id"]
    return campaign_id


def _run(console: Console, shift: _Shift, leads: LeadList) -> tuple[Report, bool]:
    typer.echo(f"Campaign {shift.campaign_id} is Running; loading the leads in batches of 25")
    loading = _Loading()
    clock = InstanceTime(shift.url)
    loader = Loader(
        shift.client,
        shift.campaign_id,
        clock.now,
        24 * HOUR,
        lambda _, __: None,
        endpoint_url=shift.url,
        result=loading.result,
    )
    thread = threading.Thread(target=loading.run, args=(loader, leads), name="load", daemon=True)
    thread.start()
    interrupted = False
    try:
        with _shown(console, loading) as show:
            while True:
                progress, kept = shift.progress(), shift.kept()
                show(progress)
                if loading.error is not None:
                    raise loading.error
                is_dialed = loading.done and progress.ended >= loading.result.accepted
                if is_dialed and (kept is None or kept.called_back >= kept.call_backs):
                    break
                time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        interrupted = True
        shift.stop()
        typer.echo("Interrupted: the campaign was stopped. The report so far:")
        time.sleep(LOOK_EVERY_S)
        progress, kept = shift.progress(), shift.kept()
    return _report(progress, kept, loading), interrupted


@contextmanager
def _shown(console: Console, loading: _Loading) -> Iterator[Callable[[Progress], None]]:
    """How progress is shown: moving on a terminal; elsewhere, as in a log, a line for each tenth of the leads."""
    if console.is_terminal and not console.is_dumb_terminal:
        with Live(console=console, refresh_per_second=4) as live:
            yield lambda progress: live.update(progress_view(progress, loading.result.rows, console.width))
        return
    told = -1

    def tell(progress: Progress) -> None:
        nonlocal told
        total = loading.result.rows
        tenths = 10 * progress.ended // max(total, 1)
        if loading.done and tenths > told:
            told = tenths
            typer.echo(progress_line(progress, total))

    yield tell


def _report(progress: Progress, kept: Kept | None, loading: _Loading) -> Report:
    dispositions = dict(sorted(progress.dispositions.items(), key=lambda item: -item[1]))
    result = loading.result
    if result.rejected:
        dispositions["rejected"] = dispositions.get("rejected", 0) + result.rejected
    if result.duplicates:
        dispositions["duplicate"] = result.duplicates
    requests = result.rows
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
        kept=kept,
    )


@contextmanager
def _server(data_dir: Path, *, agents: int, speed: float, seed: int, keys: str) -> Iterator[str]:
    """A server in a process of its own, which Ctrl-C in this terminal does not reach."""
    command = [sys.executable, "-m", "trunkcall", "serve"]
    options = {
        "data-dir": data_dir,
        "host": "127.0.0.1",
        "port": 0,
        "agents": agents,
        "speed": speed,
        "seed": seed,
        "customer-keys": keys,
        "log-level": "error",
        "drain-s": 0,
    }
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with ExitStack() as stack:
        with held_back():
            process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own program and options
            stack.callback(_stop, process)
        yield _wait_for(process, data_dir)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with held_back():
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _temporary_directory() -> Iterator[Path]:
    """A directory that is gone afterwards, whenever Ctrl-C comes."""
    with ExitStack() as stack:
        with held_back():
            directory = tempfile.TemporaryDirectory(prefix="trunkcall-demo-")
            stack.callback(_removed, directory)
        yield Path(directory.name)


def _removed(directory: tempfile.TemporaryDirectory[str]) -> None:
    with held_back():
        directory.cleanup()


def _wait_for(process: subprocess.Popen[bytes], data_dir: Path) -> str:
    give_up_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up_s:
        if process.poll() is not None:
            raise DemoError(f"The server ended at once, with exit code {process.returncode}.")
        try:
            url = environment(data_dir)[ENDPOINT_VARIABLE]
            health(url)
        except (TrunkcallError, urllib.error.HTTPError):
            time.sleep(0.05)
        else:
            return url
    raise DemoError(f"The server did not come up within {START_TIMEOUT_S:g} s.")


def _example_leads() -> Path:
    """The list that comes along: in the package where it is installed, else in the source tree."""
    package = Path(trunkcall.__file__).parent
    for folder in (package, package.parent.parent):
        path = folder / "examples" / "leads.csv"
        if path.exists():
            return path
    raise DemoError("The example list is missing from this installation. Name a list with --leads FILE.csv.")
