"""Traces of simulated shifts. If these fail, what a planner saw cannot be shown to anybody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.support import scenario
from trunkcall.engine.trace import TraceReader, TraceWriter, replay
from trunkcall.simulation.pacers import pacers_of
from trunkcall.simulation.scenario import Scenario, read_scenario, values_of, with_values
from trunkcall.simulation.simulator import Simulator

SCENARIOS = Path(__file__).parents[2] / "examples" / "scenarios"


def lines_of(of: Scenario, seed: int) -> list[bytes]:
    lines: list[str] = []
    writer = TraceWriter(lines.append)
    simulator = Simulator(of, seed=seed, trace=writer.enter)
    writer.begin(simulator.engine.config, {"seed": seed, "scenario": values_of(of)})
    simulator.run()
    writer.end()
    return [line.encode() for line in lines]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"agents": 10, "hours": 1, "break_every_h": 0.3, "carrier_delay_s": 0.3}, id="one campaign"),
        pytest.param(
            {
                "agents": 10,
                "hours": 0.5,
                "channels": 30,
                "campaign": [
                    {"name": "zinc", "stop_at_h": 0.2},
                    {"name": "argon", "pacer": "progressive"},
                    {"name": "notes", "pacer": "agentless", "list_size": 200},
                ],
            },
            id="several campaigns",
        ),
        pytest.param({"agents": 6, "hours": 0.5, "pacer": "optimal"}, id="the pacer of somebody else"),
    ],
)
def test_a_shift_can_be_replayed_from_its_trace_alone(values: dict[str, object]) -> None:
    lines = lines_of(scenario(**values), 3)
    reader = TraceReader(lines)
    read = with_values(Scenario(), reader.about["scenario"], "the trace")
    result = replay(reader.turns(), reader.config, pacers_of(read))
    assert result.difference is None
    assert result.agreed.turns == len(lines) - 2 > 500
    assert lines == lines_of(read, reader.about["seed"]), "what the header says is all that it takes"


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_values_of_a_scenario_make_the_scenario(path: Path) -> None:
    read = read_scenario(path)
    assert with_values(Scenario(), values_of(read), "its values") == read
