"""Traces of simulated shifts as files: writing one, and replaying one.

Decides what a person reads of a replay. It must not know the form of a trace.
"""

from __future__ import annotations

from pathlib import Path

import typer

from trunkcall.cli.files import open_output
from trunkcall.engine.decision import Decision
from trunkcall.engine.encoding import encode
from trunkcall.engine.trace import Difference, TraceError, TraceReader, TraceWriter, replay
from trunkcall.simulation.pacers import pacers_of
from trunkcall.simulation.results import Shift
from trunkcall.simulation.scenario import Scenario, values_of, with_values
from trunkcall.simulation.simulator import Simulator, Watch


def traced(path: Path, scenario: Scenario, seed: int, watch: Watch | None) -> Shift:
    """Run a shift and write its trace. A shift that is interrupted or fails leaves a former trace as it was, and
    PATH.cut, which says of itself that it is cut."""
    with open_output("--trace", path, keep_cut=True) as file:
        writer = TraceWriter(file.write)
        simulator = Simulator(scenario, seed=seed, trace=writer.enter, watch=watch)
        writer.begin(simulator.engine.config, {"seed": seed, "scenario": values_of(scenario)})
        shift = simulator.run()
        writer.end()
    return shift


def replayed(path: Path) -> int:
    """Replay a trace and say what came of it. The exit code: 0 if every decision agreed, 1 at the first difference.
    Raises TraceError if the file is no whole trace."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise TraceError(
            f"The trace {path} cannot be read: {error.strerror}. Give a file that `trunkcall simulate --trace` wrote."
        ) from error
    try:
        with file:
            reader = TraceReader(file)
            scenario = with_values(Scenario(), _scenario_of(reader), f"{path}, line 1")
            result = replay(reader.turns(), reader.config, pacers_of(scenario))
    except TraceError as error:
        raise TraceError(f"{path}, {error.message}") from None
    agreed = result.agreed
    typer.echo(f"{agreed.turns} turns of the engine, {agreed.changes} changes and {agreed.deeds} deeds agree.")
    if result.difference is None:
        return 0
    _tell(path, result.difference)
    return 1


def _scenario_of(reader: TraceReader) -> dict[str, object]:
    values = reader.about.get("scenario")
    if not isinstance(values, dict):
        raise TraceError("line 1: the trace has no scenario, so it is not known how its campaigns were paced.")
    return values


def _tell(path: Path, difference: Difference) -> None:
    turn = difference.turn
    typer.echo(f"{path}, line {turn.line}: the decisions differ. The events were {encode(turn.events)}.")
    if difference.replayed is None:
        typer.echo(f"  the engine cannot go on: {difference.reason}")
        return
    for name, recorded, replayed in zip(Decision._fields, turn.decision, difference.replayed, strict=True):
        if recorded != replayed:
            typer.echo(f"  the trace has    {name} {encode(recorded)}")
            typer.echo(f"  the engine wants {name} {encode(replayed)}")
