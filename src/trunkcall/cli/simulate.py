"""`trunkcall simulate`: what so many agents and a list will do, before anyone is called.

Decides options and how results look. It must not know how a shift is simulated.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from trunkcall.cli.files import open_output
from trunkcall.cli.tables import show_table
from trunkcall.cli.traces import replayed, traced
from trunkcall.domain.errors import SettingsError
from trunkcall.simulation.plot import Film, drawing
from trunkcall.simulation.results import CampaignShift, Shift
from trunkcall.simulation.scenario import Scenario, assignments, read_scenario, with_values
from trunkcall.simulation.simulator import Simulator

MAX_RUNS = 10_000


def simulate(
    scenario_file: Annotated[
        str | None, typer.Argument(metavar="SCENARIO.toml", help="Parameters by their names. Default: the defaults.")
    ] = None,
    agents: Annotated[int | None, typer.Option(help="How many agents there are.", show_default="20")] = None,
    hours: Annotated[float | None, typer.Option(help="How long the shift is.", show_default="8")] = None,
    seed: Annotated[int, typer.Option(help="Of the first run; each further run takes the next.", min=0)] = 1,
    runs: Annotated[int, typer.Option(help="How many shifts, one seed after another.", min=1, max=MAX_RUNS)] = 1,
    pacer: Annotated[
        str | None,
        typer.Option(
            help="predictive, progressive or agentless, for campaigns that name none.", show_default="predictive"
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Another parameter; campaign.NAME.KEY=VALUE for one campaign. May be repeated.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw agents, lines and ledger over the first shift.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Write every turn of the engine in the first shift.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl",
            help="Simulate nothing: tell a new engine what a trace has, and compare what it wants. Alone.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each run.")] = False,
) -> None:
    """Simulate shifts of the real engine on virtual time."""
    if replay is not None:
        others = (scenario_file, agents, hours, pacer, settings or None, plot, trace, as_json or None)
        if any(other is not None for other in others) or (seed, runs) != (1, 1):
            raise SettingsError(
                "--replay takes everything from its file: give no scenario and no other option with it."
            )
        raise typer.Exit(replayed(replay))
    scenario = read_scenario(Path(scenario_file)) if scenario_file is not None else Scenario()
    given = {"agents": agents, "hours": hours, "pacer": pacer}
    scenario = with_values(scenario, {k: v for k, v in given.items() if v is not None}, "the command line")
    scenario = with_values(scenario, assignments(settings or []), "--set")
    if plot is not None and plot.suffix.lower() != ".svg":
        raise SettingsError(f"--plot {plot}: the drawing is an SVG. Name a file that ends in .svg.")
    shifts: list[Shift] = []
    seconds: list[float] = []
    for number in range(runs):
        first = number == 0
        started_s = time.perf_counter()
        # The drawing is of the first shift, and whole when that is over: what becomes of the others is nothing to it.
        with open_output("--plot", plot) if plot is not None and first else nullcontext() as drawn:
            film = Film() if drawn is not None else None
            watch = film.enter if film is not None else None
            if trace is not None and first:
                shifts.append(traced(trace, scenario, seed, watch))
            else:
                shifts.append(Simulator(scenario, seed=seed + number, watch=watch).run())
            if film is not None and drawn is not None:
                drawn.write(drawing(film, shifts[-1]))
        seconds.append(time.perf_counter() - started_s)
        if as_json:
            typer.echo(json.dumps(fields_of(shifts[-1]) | {"wall_s": round(seconds[-1], 3)}))
    if not as_json:
        show_table(table_of(shifts, seconds))
        if len(shifts[0].campaigns) > 1:
            show_table(campaign_table_of(shifts))


def fields_of(shift: Shift) -> dict[str, object]:
    """The fields of a run, as others rely on them."""
    return {
        "agents": shift.agents,
        "hours": shift.hours,
        "seed": shift.seed,
        "pacer": shift.pacer,
        "attempts": shift.attempts,
        "live_answers": shift.live_answers,
        "abandoned": shift.abandoned,
        "abandonment_ratio": round(shift.abandonment_ratio, 6),
        "false_machines": shift.false_machines,
        "false_machine_ratio": round(shift.false_machine_ratio, 6),
        "lost_ratio": round(shift.lost_ratio, 6),
        "occupancy_ratio": round(shift.occupancy_ratio, 6),
        "mean_idle_s": round(shift.mean_idle_s, 3),
        "campaigns": [campaign_fields_of(campaign) for campaign in shift.campaigns],
    }


def campaign_fields_of(campaign: CampaignShift) -> dict[str, object]:
    """The fields of one campaign of a run, as others rely on them."""
    return {
        "name": campaign.name,
        "pacer": campaign.pacer,
        "attempts": campaign.attempts,
        "live_answers": campaign.live_answers,
        "abandoned": campaign.abandoned,
        "abandonment_ratio": round(campaign.abandonment_ratio, 6),
        "false_machines": campaign.false_machines,
        "false_machine_ratio": round(campaign.false_machine_ratio, 6),
        "lost_ratio": round(campaign.lost_ratio, 6),
        "connected": campaign.connected,
        "handling_share": round(campaign.handling_share, 6),
        "mean_lines": round(campaign.mean_lines, 3),
    }


def table_of(shifts: Sequence[Shift], seconds: Sequence[float]) -> Table:
    """One run as it is; several as means with standard errors and 5th and 95th percentiles."""
    first = shifts[0]
    table = Table(title=f"{first.agents} agents, {first.hours:g} h, {first.pacer}, {len(shifts)} run(s)")
    table.add_column("")
    several = len(shifts) > 1
    for heading in ("mean", "± s.e.", "5 %", "95 %") if several else ("",):
        table.add_column(heading, justify="right")
    rows: list[tuple[str, list[float], str]] = [
        ("attempts", [float(s.attempts) for s in shifts], ",.0f"),
        ("live answers", [float(s.live_answers) for s in shifts], ",.0f"),
        ("connected to an agent", [float(s.connected) for s in shifts], ",.0f"),
        ("abandoned", [float(s.abandoned) for s in shifts], ",.0f"),
        ("abandonment (abandoned / live answers)", [s.abandonment_ratio for s in shifts], ".2%"),
    ]
    if any(s.false_machines for s in shifts):
        rows += [
            ("false machines (people hung up on as machines)", [float(s.false_machines) for s in shifts], ",.0f"),
            ("their share (of live answers and them)", [s.false_machine_ratio for s in shifts], ".2%"),
            ("lost (abandoned and them, of the same)", [s.lost_ratio for s in shifts], ".2%"),
        ]
    rows += [
        ("occupancy (handling / staffed)", [s.occupancy_ratio for s in shifts], ".1%"),
        ("idle between contacts, s", [s.mean_idle_s for s in shifts], ".1f"),
        ("seconds of this machine", list(seconds), ".2f"),
    ]
    for name, values, form in rows:
        if several:
            error = statistics.stdev(values) / math.sqrt(len(values))
            low, high = percentile(values, 0.05), percentile(values, 0.95)
            table.add_row(name, *(format(v, form) for v in (statistics.fmean(values), error, low, high)))
        else:
            table.add_row(name, format(values[0], form))
    return table


def campaign_table_of(shifts: Sequence[Shift]) -> Table:
    """A column for each campaign; several runs as means."""
    table = Table(title="by campaign" if len(shifts) == 1 else "by campaign, means")
    table.add_column("")
    for campaign in shifts[0].campaigns:
        table.add_column(escape(campaign.name), justify="right")
    rows: list[tuple[str, Callable[[CampaignShift], float], str]] = [
        ("attempts", lambda c: c.attempts, ",.0f"),
        ("live answers", lambda c: c.live_answers, ",.0f"),
        ("connected to an agent", lambda c: c.connected, ",.0f"),
        ("abandoned", lambda c: c.abandoned, ",.0f"),
        ("abandonment", lambda c: c.abandonment_ratio, ".2%"),
    ]
    if any(shift.false_machines for shift in shifts):
        rows += [
            ("false machines", lambda c: c.false_machines, ",.0f"),
            ("their share", lambda c: c.false_machine_ratio, ".2%"),
            ("lost, them included", lambda c: c.lost_ratio, ".2%"),
        ]
    rows += [
        ("share of all handling", lambda c: c.handling_share, ".1%"),
        ("lines, on average", lambda c: c.mean_lines, ".1f"),
    ]
    for name, value, form in rows:
        campaigns = zip(*(shift.campaigns for shift in shifts), strict=True)
        table.add_row(name, *(format(statistics.fmean(map(value, runs)), form) for runs in campaigns))
    return table


def percentile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996)."""
    if not values:
        raise SettingsError("There are no runs to tell of.")
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
