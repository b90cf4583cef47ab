"""`trunkcall policy` against a real server. If these fail, whoever answers for a dialer can't say by which rules it
calls, or changes them and nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from serving import Serving, serving

POLICY = """\
# Ours
source = "Asked our lawyer"

[destinations]
regions = ["home"]

[[hours]]
weekdays = "09:00-20:00"

[spending]
rates = "rates.csv"
per_day = { all = 100 }
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "rates.csv").write_text("prefix,per_minute\n+1,0.01\n", encoding="utf-8")
    file = tmp_path / "policy.toml"
    file.write_text(POLICY, encoding="utf-8")
    return file


def run(server: Serving, *arguments: str, check: bool = True) -> CompletedProcess[str]:
    return server.trunkcall("policy", *arguments, "--data-dir", str(server.data_dir), check=check)


def test_a_policy_is_put_shown_changed_and_its_history_told(server: Serving, policy: Path) -> None:
    first = json.loads(run(server, "set", str(policy), "--json").stdout)
    assert run(server, "show").stdout == POLICY, "word for word, remarks included"
    assert json.loads(run(server, "show", "--json").stdout)["rates"].startswith("prefix,")
    policy.write_text(POLICY.replace("20:00", "19:00"), encoding="utf-8")
    assert f"number {first['number'] + 1}, counts" in run(server, "set", str(policy)).stdout
    assert f"number {first['number'] + 1}, counts" in run(server, "set", str(policy)).stdout, "no other one"
    run(server, "set", "cautious", "--name", "careful")
    assert run(server, "show", "--number", str(first["number"])).stdout == POLICY
    lines = run(server, "history").stdout.splitlines()
    told = [(line.split()[1], line.split()[-1]) for line in lines[1:4]]
    assert told == [("careful", "counts"), ("default", "counts"), ("default", "before")]
    named = json.loads(run(server, "history", "--name", "careful", "--json").stdout)
    assert [(each["name"], each["readable"]) for each in named] == [("careful", True)]
    audit = (server.data_dir / "audit.jsonl").read_text(encoding="utf-8")
    assert '"operation":"PutCallingPolicy"' in audit, "who changed the rules is written down"


def test_what_is_wrong_with_a_policy_is_told_by_file_line_and_column(server: Serving, policy: Path) -> None:
    policy.write_text(POLICY.replace("weekdays", "weekday").replace('"home"', '"Home"'), encoding="utf-8")
    for command in ("set", "check"):
        where = ["--data-dir", str(server.data_dir)] if command == "set" else []
        done = server.trunkcall("policy", command, str(policy), *where, check=False)
        assert done.returncode == 1
        assert f"{policy}: line 5, column 12: regions has 'Home'" in done.stderr
        assert f"{policy}: line 8, column 1: weekday is no key here. Did you mean 'weekdays'?" in done.stderr
    policy.write_text(POLICY, encoding="utf-8")
    (policy.parent / "rates.csv").unlink()
    done = server.trunkcall("policy", "check", str(policy), check=False)
    assert (done.returncode, "rates.csv" in done.stderr) == (1, True)


def test_a_file_is_checked_without_a_server(server: Serving, policy: Path) -> None:
    told = server.trunkcall("policy", "check", str(policy)).stdout
    assert "mon tue wed thu fri 09:00-20:00" in told
    for shipped in ("none", "cautious"):
        assert json.loads(server.trunkcall("policy", "check", shipped, "--json").stdout)["source"]


def test_limits_are_told_as_they_are(server: Serving, policy: Path) -> None:
    """Whoever reads that a number is called once in one hour does not look for a limit of ninety minutes."""
    within = ", ".join(f'{{ most = 1, within = "{each}" }}' for each in ("45s", "90m", "7d"))
    policy.write_text(f'[limits]\nattempts_per_number = [{within}]\ngap = "45m"\n', encoding="utf-8")
    told = server.trunkcall("policy", "check", str(policy)).stdout
    assert "1 to a number in 45 s, 1 to a number in 90 min, 1 to a number in 168 h" in told
    assert "a number again after 45 min" in told


def test_a_policy_that_is_not_there_is_told(server: Serving) -> None:
    done = run(server, "show", "--name", "nights", check=False)
    assert done.returncode == 1
    assert "no such calling policy" in done.stderr


def test_a_server_is_started_with_a_policy_until_another_is_put(tmp_path: Path, policy: Path) -> None:
    with serving(tmp_path / "data", agents=1, **{"calling-policy": str(policy)}) as server:
        assert run(server, "show").stdout == POLICY
        run(server, "set", "cautious")
        assert server.stop() == 0
        policy.write_text("[nonsense", encoding="utf-8")
        server.start()
        assert run(server, "show").stdout != POLICY, "what was put last counts, whatever is in the file"
        assert len(json.loads(run(server, "history", "--json").stdout)) == 2


def test_a_server_does_not_start_with_a_policy_that_cannot_be_used(tmp_path: Path, server: Serving) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("[limits]\ngap = 4\n", encoding="utf-8")
    start = ["serve", "--data-dir", str(tmp_path / "data"), "--port", "0", "--calling-policy", str(file)]
    done = server.trunkcall(*start, check=False)
    assert done.returncode == 1
    assert f"{file}: line 2, column 7: gap must be a time" in done.stderr


def test_what_is_no_text_is_told_by_the_name_of_where_it_came_from(server: Serving, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_bytes(b'source = "caf\xe9"\n')
    done = server.trunkcall("policy", "check", str(tmp_path / "rules.toml"), check=False)
    assert done.returncode == 1
    assert "rules.toml is not text in UTF-8." in done.stderr
    done = server.trunkcall("policy", "check", str(tmp_path), check=False)
    assert done.returncode == 1
    assert f"{tmp_path} cannot be read: Is a directory." in done.stderr
