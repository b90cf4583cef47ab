"""What a person sees of a campaign while it runs and at its end.

Decides which figures are shown and how. It reads them from /metrics, as any monitoring would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import typer
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from trunkcall.cli.figures import STAFFED
from trunkcall.cli.proxies import open_url
from trunkcall.cli.tables import show_table
from trunkcall.domain.do_not_call import OPT_OUTS
from trunkcall.service.functions import CALL_BACK, DO_NOT_CALL, Outcome

TIMEOUT_S = 10.0
LONGEST_BAR = 40
MAX_BESIDE_BAR = 26
"""Columns of what stands beside a bar."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign as /metrics has it."""

    attempts: int
    live_answers: int
    connected: int
    abandoned: int
    dispositions: Mapping[str, int]
    agents: Mapping[str, int]
    in_flight: int
    occupancy_ratio: float

    @property
    def ended(self) -> int:
        return sum(self.dispositions.values())


@dataclass(frozen=True, slots=True)
class Kept:
    """What customers have asked for by a key: not to be called again, or to be called back, and how many were, or could
    not be reached."""

    opt_outs: int
    call_backs: int
    called_back: int
    reached: int
    """Of those who were called back."""


@dataclass(frozen=True, slots=True)
class Report:
    """The account of a run. ``dispositions`` add up to ``dial_requests``. ``kept`` is of a run that takes keys."""

    dial_requests: int
    attempts: int
    human_answered: int
    connected_to_agent: int
    abandoned: int
    abandonment_ratio: float
    occupancy_ratio: float
    dispositions: dict[str, int]
    kept: Kept | None = None


def told(report: Report) -> dict[str, Any]:
    """The report as JSON has it."""
    members = asdict(report)
    kept = members.pop("kept") or {}
    return members | kept


def read_kept(url: str, call_backs_id: str) -> Kept:
    """Read /metrics. ``call_backs_id`` is the campaign of those who are called back."""
    asked: dict[str, int] = {}
    for family in text_string_to_metric_families(_metrics(url)):
        for sample in family.samples:
            if sample.name == "trunkcall_function_calls_total" and sample.labels["outcome"] == Outcome.ANSWERED:
                asked[sample.labels["function"]] = int(sample.value)
    progress = read_progress(url, call_backs_id)
    return Kept(asked.get(DO_NOT_CALL, 0), asked.get(CALL_BACK, 0), progress.ended, progress.connected)


def _metrics(url: str) -> str:
    with open_url(f"{url}/metrics", TIMEOUT_S) as answer:
        page: bytes = answer.read()
    return page.decode()


def read_progress(url: str, campaign_id: str) -> Progress:
    """Read /metrics."""
    text = _metrics(url)
    sums: dict[str, float] = {}
    dispositions: dict[str, int] = {}
    agents: dict[str, int] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "trunkcall_contacts_ended_total" and sample.labels["campaign_id"] == campaign_id:
                dispositions[sample.labels["disposition"]] = int(sample.value)
            elif sample.name == "trunkcall_agents":
                agents[sample.labels["state"]] = int(sample.value)
            elif sample.labels.get("campaign_id", campaign_id) == campaign_id:
                sums[sample.name] = sample.value
    staffed_s = sums.get("trunkcall_agent_staffed_seconds_total", 0.0)
    return Progress(
        attempts=int(sums.get("trunkcall_attempts_total", 0) - sums.get("trunkcall_attempts_voided_total", 0)),
        live_answers=int(sums.get("trunkcall_live_answers_total", 0)),
        connected=int(sums.get("trunkcall_connected_to_agent_total", 0)),
        abandoned=int(sums.get("trunkcall_abandoned_total", 0)),
        dispositions=dispositions,
        agents=agents,
        in_flight=int(sums.get("trunkcall_campaign_in_flight", 0)),
        occupancy_ratio=sums.get("trunkcall_agent_handling_seconds_total", 0.0) / staffed_s if staffed_s else 0.0,
    )


def progress_view(progress: Progress, total: int, width: int) -> RenderableType:
    """The moving picture of a run, on a terminal of so many columns."""
    bar = max(min(width - MAX_BESIDE_BAR, LONGEST_BAR), 1)
    staffed = sum(progress.agents.get(state, 0) for state in STAFFED)
    busy = staffed - progress.agents.get("Available", 0)
    table = Table.grid(padding=(0, 2))
    table.add_row(
        "leads", ProgressBar(total=total, completed=progress.ended, width=bar), f"{progress.ended:,}/{total:,}"
    )
    table.add_row("agents busy", ProgressBar(total=max(staffed, 1), completed=busy, width=bar), f"{busy}/{staffed}")
    return Group(table, Text("   ".join(_facts(progress))))


def progress_line(progress: Progress, total: int) -> str:
    """The state of a run in one line, for what is no terminal."""
    return f"leads {progress.ended:,}/{total:,}: " + ", ".join(_facts(progress))


def _facts(progress: Progress) -> list[str]:
    return [
        f"dialing {progress.in_flight}",
        f"attempts {progress.attempts:,}",
        f"live answers {_share(progress.live_answers, progress.attempts)}",
        f"abandoned {progress.abandoned}/{progress.live_answers}",
    ]


def show_report(report: Report) -> None:
    """Print the account at the end."""
    table = Table(title="What became of every lead", title_justify="left")
    table.add_column("disposition")
    table.add_column("leads", justify="right")
    table.add_column("share", justify="right")
    for disposition, number in report.dispositions.items():
        table.add_row(disposition.replace("_", " "), f"{number:,}", _share(number, report.dial_requests))
    table.add_section()
    table.add_row("all", f"{sum(report.dispositions.values()):,}", "")
    show_table(table)
    ratio = f"{report.abandonment_ratio:.2%}"
    for name, value in (
        ("attempts", f"{report.attempts:,}"),
        ("live answers", f"{report.human_answered:,} ({_share(report.human_answered, report.attempts)})"),
        ("connected to an agent", f"{report.connected_to_agent:,}"),
        ("abandonment", f"{report.abandoned}/{report.human_answered} = {ratio} (limit 3%)"),
        ("occupancy", f"{report.occupancy_ratio:.1%}"),
    ):
        typer.echo(f"{name:<21}  {value}")
    if report.kept is not None:
        kept = report.kept
        typer.echo(f"{'asked for no calls':<21}  {kept.opt_outs}, now on the list {OPT_OUTS}")
        called = f"{kept.called_back} called back, {kept.reached} reached by an agent"
        typer.echo(f"{'asked for a call back':<21}  {kept.call_backs}: {called}")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"
