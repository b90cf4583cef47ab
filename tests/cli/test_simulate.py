"""`trunkcall simulate` as a planner types it. If these fail, nobody knows before the calls what they will bring."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from commands import COMMANDS
from trunkcall.engine.trace import VERSION


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return COMMANDS.run("simulate", *arguments)


def simulate_elsewhere(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a Python of its own, whose sets have another order."""
    command = [sys.executable, "-m", "trunkcall", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def test_one_json_object_for_each_run_and_the_same_seed_gives_the_same() -> None:
    arguments = ["--agents", "5", "--hours", "0.5", "--runs", "2", "--seed", "7", "--json"]
    first, again = simulate(*arguments), simulate_elsewhere(*arguments)
    runs = [json.loads(line) for line in first.stdout.splitlines()]
    assert [run["seed"] for run in runs] == [7, 8]
    assert runs[0].keys() == {
        "agents", "hours", "seed", "pacer", "attempts", "live_answers", "abandoned", "abandonment_ratio",
        "false_machines", "false_machine_ratio", "lost_ratio", "occupancy_ratio", "mean_idle_s", "campaigns", "wall_s",
    }  # fmt: skip
    without_time = [{k: v for k, v in json.loads(line).items() if k != "wall_s"} for line in again.stdout.splitlines()]
    assert without_time == [{k: v for k, v in run.items() if k != "wall_s"} for run in runs]


TWO = """
agents = 6
hours = 0.3
pacer = "progressive"
[[campaign]]
name = "zinc"
list_size = 60
[[campaign]]
name = "[argon]"
talk_mean_s = 40
"""


def test_each_campaign_is_told_of_by_itself_and_the_rest_is_their_sum(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(TWO)
    done = simulate(str(path), "--json", "--set", "campaign.zinc.list_size=50", "--set", "false_machine_ratio=0.2")
    run = json.loads(done.stdout)
    zinc, argon = run["campaigns"]
    assert zinc.keys() == {
        "name", "pacer", "attempts", "live_answers", "abandoned", "abandonment_ratio", "false_machines",
        "false_machine_ratio", "lost_ratio", "connected", "handling_share", "mean_lines",
    }  # fmt: skip
    assert (zinc["name"], zinc["attempts"], argon["name"]) == ("zinc", 50, "[argon]")
    for name in ("attempts", "live_answers", "abandoned", "false_machines"):
        assert zinc[name] + argon[name] == run[name]
    assert zinc["handling_share"] + argon["handling_share"] == pytest.approx(1.0, abs=1e-5)
    table = simulate(str(path), "--runs", "2").stdout
    for words in ("by campaign, means", "zinc", "[argon]", "share of all handling", "lines, on average"):
        assert words in table


def test_a_table_for_people() -> None:
    done = simulate("--agents", "5", "--hours", "0.5", "--pacer", "progressive", "--runs", "3")
    assert done.returncode == 0
    for words in ("occupancy", "abandonment", "95 %", "± s.e."):
        assert words in done.stdout
    assert "machines" not in done.stdout


def test_people_whom_detection_takes_for_machines_are_in_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(TWO)
    whole, by_campaign = simulate(str(path), "--set", "false_machine_ratio=0.2").stdout.split("by campaign")
    for words in ("false machines (people hung up on as machines)", "their share", "lost (abandoned and them"):
        assert words in whole
    for words in ("false machines", "their share", "lost, them included"):
        assert words in by_campaign


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.toml"], "cannot be read"),
        (["--set", "agents"], "NAME=VALUE"),
        (["--set", "agnets=5"], "no parameter of a scenario"),
        (["--pacer", "psychic"], "predictive, progressive or agentless"),
        (["--agents", "-1"], "at least 0"),
        (["--hours", "1e-11"], "at least 0.001"),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments: list[str], why: str) -> None:
    done = simulate(*arguments)
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_a_negative_seed_is_refused_as_it_would_give_the_shift_of_another() -> None:
    done = simulate("--seed", "-1")
    assert done.returncode == 2
    assert "--seed" in done.stderr
    assert "must be at least 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shift_can_be_drawn_and_the_drawing_changes_nothing(tmp_path: Path) -> None:
    picture = tmp_path / "shift.svg"
    arguments = ["--agents", "5", "--hours", "0.5", "--seed", "7", "--json"]
    drawn, plain = simulate(*arguments, "--plot", str(picture)), simulate(*arguments)
    runs = [json.loads(done.stdout) for done in (drawn, plain)]
    assert {k: v for k, v in runs[0].items() if k != "wall_s"} == {k: v for k, v in runs[1].items() if k != "wall_s"}
    root = ElementTree.parse(picture).getroot()
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"agents", "lines in use", "abandoned / live answers", "abandonments left", "idle", "limit 3.0%"} <= texts
    lines = [element.get("points", "").split() for element in root.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [31] * 7, "a look in every minute, the first and the last included"


def test_each_campaigns_ledger_is_drawn_and_the_hours_can_be_read(tmp_path: Path) -> None:
    """Together two campaigns may look well while one of them is over the limit."""
    picture, scenario = tmp_path / "shift.svg", tmp_path / "two.toml"
    scenario.write_text(
        '[[campaign]]\nname = "zinc"\n[[campaign]]\nname = "argon"\nstart_at_h = 0.2\n', encoding="utf-8"
    )
    assert simulate(str(scenario), "--agents", "4", "--hours", "0.5", "--plot", str(picture)).returncode == 0
    root = ElementTree.parse(picture).getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert (texts.count("zinc"), texts.count("argon")) == (2, 2)
    assert {"0 min", "15 min", "30 min"} <= set(texts)
    lines = [element.get("points", "").split() for element in root.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [31] * 9


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    done = simulate("--agents", "2", "--hours", "0.1", "--plot", str(tmp_path / "nowhere" / "shift.svg"))
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


# --- traces -----------------------------------------------------------------------------------------------------------


def test_a_shift_can_be_written_down_and_replayed_and_writing_changes_nothing(tmp_path: Path) -> None:
    arguments = ["--agents", "5", "--hours", "0.2", "--seed", "7", "--runs", "2", "--json"]
    first, again = tmp_path / "first.jsonl", tmp_path / "again.jsonl"
    traced, plain = simulate(*arguments, "--trace", str(first)), simulate(*arguments)
    simulate_elsewhere(*arguments, "--trace", str(again))
    assert first.read_bytes() == again.read_bytes()
    for one, other in zip(traced.stdout.splitlines(), plain.stdout.splitlines(), strict=True):
        assert json.loads(one) | {"wall_s": 0} == json.loads(other) | {"wall_s": 0}
    header, *turns, _ = [json.loads(line) for line in first.read_text().splitlines()]
    assert (header["seed"], header["scenario"]["agents"], header["config"]["type"]) == (7, 5, "EngineConfig")
    deeds = [deed["type"] for turn in turns for deed, _ in turn["deeds"]]
    changes = sum(len(turn["changes"]) for turn in turns)
    assert deeds.count("Originate") == json.loads(plain.stdout.splitlines()[0])["attempts"]
    replayed = simulate_elsewhere("--replay", str(first))
    assert replayed.stdout == f"{len(turns)} turns of the engine, {changes} changes and {len(deeds)} deeds agree.\n"
    assert replayed.returncode == 0


def test_a_replay_says_where_the_engine_first_wants_something_else(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    simulate("--agents", "5", "--hours", "0.1", "--trace", str(path))
    lines = path.read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if '"Originate"' in line)
    lines[number] = lines[number].replace('"ring_timeout":30000000', '"ring_timeout":15000000')
    path.write_text("".join(lines))
    replayed = simulate("--replay", str(path))
    assert replayed.returncode == 1
    assert f"line {number + 1}: the decisions differ. The events were " in replayed.stdout
    _, _, recorded, wanted = replayed.stdout.splitlines()
    assert '"ring_timeout":15000000' in recorded
    assert '"ring_timeout":30000000' in wanted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1: this is not a trace"),
        (f'{{"format":"trunkcall-trace","version":{VERSION + 1}}}\n', f"line 1: the trace has version {VERSION + 1}"),
        (f'{{"format":"trunkcall-trace","version":{VERSION}}}\n', "line 1: config"),
        (
            '{"format":"trunkcall-trace","version":1e999}\n',
            "line 1: this is not a trace of Trunkcall: no number may be as great as 1e999",
        ),
    ],
)
def test_a_file_that_is_no_trace_is_refused_in_words(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(text)
    done = simulate("--replay", str(path))
    assert done.returncode == 1
    assert f"trunkcall: {path}, {why}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_trace_whose_scenario_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    simulate("--agents", "2", "--hours", "0.01", "--trace", str(path))
    whole = path.read_text()
    for broken, why in (
        (whole.replace('"agents":2', '"agents":"two"'), "agents in .*, line 1 must be a whole number"),
        (whole.replace('"scenario":{', '"scene":{'), "line 1: the trace has no scenario"),
        (whole[: len(whole) // 2], "the trace is cut within this line"),
        (
            whole.replace('{"end":{', '{"end":1e999,"was":{'),
            r"line \d+: the trace is damaged: no number may be as great as 1e999",
        ),
        (
            whole.replace('"target_ratio":0.03', '"target_ratio":1' + "0" * 400),
            "dialing: abandonment: target_ratio: must be a number that is not as great as that, not 1000",
        ),
    ):
        path.write_text(broken)
        done = simulate("--replay", str(path))
        assert done.returncode == 1
        assert re.search(why, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_replay_takes_nothing_but_its_file(tmp_path: Path) -> None:
    for option in (
        ["--agents", "5"],
        ["--agents", "0"],
        ["--hours", "0"],
        ["--pacer", ""],
        ["--json"],
        ["--runs", "2"],
    ):
        done = simulate("--replay", "trace.jsonl", *option)
        assert done.returncode == 1
        assert "no other option" in done.stderr
    missing = simulate("--replay", str(tmp_path / "trace.jsonl"))
    assert missing.returncode == 1
    assert "No such file" in missing.stderr
