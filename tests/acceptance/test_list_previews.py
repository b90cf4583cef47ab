"""`trunkcall load --check` asks the server what a campaign's calling rules make of a list. If these fail, whoever
loads a list learns from complaints, or from a list that is never dialed, what could have been seen before."""

from __future__ import annotations

import json
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from serving import Serving

IN_NEW_YORK, IN_LONDON, IN_JAMAICA = "+12125550100", "+442079460000", "+18765550100"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.fixture
def night(server: Serving, tmp_path: Path) -> str:
    """The name of a policy by which New York is open at all hours, and London not before the day after tomorrow."""
    with urllib.request.urlopen(f"{server.url}/health") as answer:
        now = datetime.fromisoformat(json.load(answer)["instance_time"])
    opens = DAYS[(now + timedelta(days=2)).weekday()]
    file = tmp_path / "policy.toml"
    file.write_text(
        f'time_zone_attribute = "zone"\n[destinations]\nregions = ["US", "GB"]\n'
        f'[[hours]]\nprefixes = ["+1"]\nevery_day = "00:00-24:00"\n'
        f'[[hours]]\nprefixes = ["+44"]\n{opens} = "10:00-18:00"\n'
    )
    where = ("--data-dir", str(server.data_dir))
    server.trunkcall("policy", "set", str(file), "--name", "preview", *where)
    return "preview"


@pytest.fixture
def campaign_id(server: Serving, client: Any, request: pytest.FixtureRequest, night: str) -> str:
    arguments = server.campaign_arguments(request.node.name[:100])
    created: str = client.create_campaign(**arguments, tags={"trunkcall:policy": night})["id"]
    client.start_campaign(id=created)
    return created


def check(server: Serving, path: Path, *arguments: str, code: int) -> CompletedProcess[str]:
    done = server.trunkcall("load", str(path), "--check", *arguments, "--data-dir", str(server.data_dir), check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    rows = [f"{IN_NEW_YORK},", f"{IN_LONDON},", f"{IN_LONDON[:-1]}1,", f"{IN_JAMAICA},", f"{IN_NEW_YORK[:-1]}1,Nowhere"]
    path.write_text("\n".join(["phone,zone", *rows]) + "\n")
    return path


def test_a_list_is_looked_at_by_the_rules_of_its_campaign_before_anything_is_sent(
    server: Serving, client: Any, campaign_id: str, leads: Path
) -> None:
    done = check(server, leads, "--campaign", campaign_id, "--expires-in", "2h", code=3)
    lines = done.stdout.splitlines()
    assert "3 to submit, 2 rejected, 0 duplicates; nothing was sent: --check" in lines
    assert "calling rules: 1 to be called at once, 2 later, 2 refused" in lines
    assert "later, outside hours: 2" in lines
    assert "expire before they may be called, see --expires-in: 2" in lines
    assert "refused, region: 1" in lines
    assert "refused, time zone: 1" in lines
    (new_york,) = [line for line in lines if line.startswith("America/New_York")]
    assert new_york.split()[1:] == ["1", "now"]
    (london,) = [line for line in lines if line.startswith("Europe/London")]
    assert london.split()[1] == "2"
    assert "10:00 there" in london
    assert any(line.startswith("line 5: the server answered InvalidInput: phoneNumber lies where") for line in lines)
    assert server.export("--campaign", campaign_id) == [], "nothing was kept of it"


def test_a_program_is_told_the_same_and_all_of_it(server: Serving, campaign_id: str, leads: Path) -> None:
    told = json.loads(check(server, leads, "--campaign", campaign_id, "--json", code=3).stdout)
    assert (told["to_submit"], told["rejected"]) == (3, 2)
    rules = told["calling_rules"]
    assert (rules["at_once"], rules["later"], rules["expire_first"]) == (1, {"outside_hours": 2}, 2)
    assert rules["refused"] == {"region": 1, "time_zone": 1}
    london, new_york = rules["time_zones"]
    assert (london["names"], london["numbers"]) == (["Europe/London"], 2)
    assert datetime.fromisoformat(london["opens_at"]) > datetime.fromisoformat(rules["instance_time"])
    assert new_york["opens_at"] is None, "it is open"


def test_what_a_load_does_is_what_the_check_said(
    server: Serving, campaign_id: str, leads: Path, tmp_path: Path
) -> None:
    said = check(server, leads, "--campaign", campaign_id, code=3).stdout
    done = server.trunkcall(
        "load", str(leads), "--campaign", campaign_id, "--data-dir", str(server.data_dir), check=False
    )
    assert done.returncode == 3
    assert "3 accepted, 2 rejected" in done.stdout
    for line in (tmp_path / "leads.csv.rejected.csv").read_text().splitlines()[1:]:
        reason = line.split(",", 2)[-1].strip('"')
        assert reason in said


def test_without_a_server_a_list_is_checked_all_the_same_and_it_is_said_what_is_not_known(
    server: Serving, leads: Path, tmp_path: Path
) -> None:
    alone = server.trunkcall(
        "load", str(leads), "--check", "--campaign", "Spring", "--data-dir", str(tmp_path / "none"), check=False
    )
    assert alone.returncode == 0, alone.stderr
    assert "What the campaign's calling rules make of the list cannot be seen." in alone.stderr
    assert "5 to submit, 0 rejected" in alone.stdout
    assert "calling rules" not in alone.stdout
    assert "There is no campaign 'Nobody'" in check(server, leads, "--campaign", "Nobody", code=1).stderr


def test_json_is_for_a_check_alone(server: Serving, campaign_id: str, leads: Path) -> None:
    done = server.trunkcall("load", str(leads), "--campaign", campaign_id, "--json", check=False)
    assert done.returncode == 2
    assert "--json is for --check" in done.stderr
