"""`trunkcall simulate` as a planner types it. If these fail, nobody knows before the calls what they will bring."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trunkcall", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_one_json_object_for_each_run_and_the_same_seed_gives_the_same() -> None:
    arguments = ["--agents", "5", "--hours", "0.5", "--runs", "2", "--seed", "7", "--json"]
    first, again = simulate(*arguments), simulate(*arguments)
    runs = [json.loads(line) for line in first.stdout.splitlines()]
    assert [run["seed"] for run in runs] == [7, 8]
    assert runs[0].keys() == {
        "agents", "hours", "seed", "pacer", "attempts", "live_answers", "abandoned", "abandonment_ratio",
        "occupancy_ratio", "mean_idle_s", "wall_s",
    }  # fmt: skip
    without_time = [{k: v for k, v in json.loads(line).items() if k != "wall_s"} for line in again.stdout.splitlines()]
    assert without_time == [{k: v for k, v in run.items() if k != "wall_s"} for run in runs]


def test_a_table_for_people() -> None:
    done = simulate("--agents", "5", "--hours", "0.5", "--pacer", "progressive", "--runs", "3")
    assert done.returncode == 0
    for words in ("occupancy", "abandonment", "95 %", "± s.e."):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.toml"], "cannot be read"),
        (["--set", "agents"], "key=value"),
        (["--set", "agnets=5"], "no parameter of a scenario"),
        (["--pacer", "psychic"], "predictive, progressive or agentless"),
        (["--agents", "-1"], "at least 0"),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments: list[str], why: str) -> None:
    done = simulate(*arguments)
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr
