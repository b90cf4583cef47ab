"""The command line as its users meet it: lists loaded, exported, retried, and nonsense answered in words."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from serving import ROOT, Serving


def write_list(path: Path, rows: list[list[str]], header: str = "phone,name,account") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header + "\n")
        csv.writer(file).writerows(rows)
    return path


@pytest.fixture
def campaign_id(server: Serving, client: Any, request: pytest.FixtureRequest) -> str:
    created: str = client.create_campaign(**server.campaign_arguments(request.node.name[:100]))["id"]
    client.start_campaign(id=created)
    return created


def load(server: Serving, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return server.trunkcall("load", *arguments, "--data-dir", str(server.data_dir), check=check)


class TestLoad:
    def test_a_list_is_loaded_with_its_columns_as_attributes(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        rows = [[f"+1212555{100 + n % 100:04d}", f"Name {n}", f"A-{n}"] for n in range(60)]
        done = load(server, str(write_list(tmp_path / "leads.csv", rows)), "--campaign", campaign_id)
        assert "60 accepted, 0 rejected" in done.stdout
        records = server.export("--campaign", campaign_id)
        assert [r["Attributes"] for r in records] == [{"name": row[1], "account": row[2]} for row in rows]
        assert [r["CustomerEndpoint"]["Address"] for r in records] == [row[0] for row in rows]

    def test_a_list_loaded_twice_is_dialed_once(self, server: Serving, campaign_id: str, tmp_path: Path) -> None:
        path = write_list(tmp_path / "leads.csv", [[f"+121255501{n:02d}", "x", "y"] for n in range(30)])
        for _ in range(2):
            load(server, str(path), "--campaign", campaign_id)
        assert len(server.export("--campaign", campaign_id)) == 30

    def test_rows_that_cannot_be_submitted_are_kept_with_a_reason_each(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        rows = [["+12125550100", "good", "1"], ["555", "short", "2"], ["+1212555", "short too", "3"], ["+12125550101"]]
        path = write_list(tmp_path / "leads.csv", rows)
        done = load(server, str(path), "--campaign", campaign_id)
        assert "1 accepted, 3 rejected" in done.stdout
        with (tmp_path / "leads.csv.rejected.csv").open(newline="") as file:
            rejected = list(csv.DictReader(file))
        assert [row["phone"] for row in rejected] == ["555", "+1212555", "+12125550101"]
        assert [row["name"] for row in rejected] == ["short", "short too", ""]
        assert "begin with +" in rejected[0]["reason"]
        assert "impossible in its country" in rejected[1]["reason"]
        assert "1 cells, the header 3" in rejected[2]["reason"]

    def test_who_was_not_answered_can_be_submitted_again(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        rows = [[f"+121255501{n:02d}", "x", str(n)] for n in range(80)]
        load(server, str(write_list(tmp_path / "leads.csv", rows)), "--campaign", campaign_id)
        server.wait_until(lambda: all(r["Disposition"] for r in server.export("--campaign", campaign_id)))
        first = server.export("--campaign", campaign_id)
        export = tmp_path / "export.jsonl"
        export.write_text("".join(json.dumps(record) + "\n" for record in first))
        for _ in range(2):
            load(server, "--retry-from", str(export), "--campaign", campaign_id)
        second = server.export("--campaign", campaign_id)[80:]
        unanswered = [r for r in first if r["Disposition"] in ("busy", "no_answer")]
        assert unanswered
        assert [r["CustomerEndpoint"] for r in second] == [r["CustomerEndpoint"] for r in unanswered]
        assert not {r["ClientToken"] for r in first} & {r["ClientToken"] for r in second}

    @pytest.mark.parametrize(
        ("content", "options", "complaint"),
        [
            (b"phone\n+12125550100\n", ["--campaign", "nonexistent"], "ResourceNotFoundException"),
            (b"number\n+12125550100\n", [], "has no column 'phone'"),
            (b"phone,n\n+12125550100,\xff\xfe\n", [], "is not UTF-8"),
            (b"phone\n+12125550100\n", ["--expires-in", "soon"], "'soon' is no duration"),
            (b"", [], "has no column 'phone'"),
        ],
    )
    def test_nonsense_is_answered_in_words(
        self, server: Serving, campaign_id: str, tmp_path: Path, content: bytes, options: list[str], complaint: str
    ) -> None:
        path = tmp_path / "leads.csv"
        path.write_bytes(content)
        done = load(server, str(path), "--campaign", campaign_id, *options, check=False)
        assert done.returncode in (1, 2)
        assert complaint in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr

    def test_a_missing_file_is_answered_in_words(self, server: Serving, campaign_id: str, tmp_path: Path) -> None:
        done = load(server, str(tmp_path / "none.csv"), "--campaign", campaign_id, check=False)
        assert done.returncode == 1
        assert "cannot be read: No such file or directory" in done.stderr


class TestExport:
    def test_csv_has_a_row_for_every_contact(self, server: Serving, campaign_id: str, tmp_path: Path) -> None:
        rows = [[f"+121255501{n:02d}", f"N {n}", "y"] for n in range(10)]
        load(server, str(write_list(tmp_path / "leads.csv", rows)), "--campaign", campaign_id)
        path = tmp_path / "out.csv"
        arguments = ["--data-dir", str(server.data_dir), "--campaign", campaign_id, "--format", "csv"]
        server.trunkcall("export", "contacts", *arguments, "--output", str(path))
        with path.open(newline="") as file:
            exported = list(csv.DictReader(file))
        assert [row["Attributes.name"] for row in exported] == [f"N {n}" for n in range(10)]
        assert [row["CustomerEndpoint.Address"] for row in exported] == [row[0] for row in rows]
        assert path.stat().st_mode & 0o077 == 0

    def test_a_directory_without_a_store_is_answered_in_words(self, server: Serving, tmp_path: Path) -> None:
        for command in (["export", "contacts"], ["env"]):
            done = server.trunkcall(*command, "--data-dir", str(tmp_path / "none"), check=False)
            assert done.returncode == 1
            assert "There is no Trunkcall data directory" in done.stderr
        assert not (tmp_path / "none").exists()


class TestServe:
    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            (["--speed", "0"], "--speed must be from 0.01 to 10000"),
            (["--agents", "many"], "--agents must be a whole number, not 'many'"),
            (["--carrier", "pigeon"], "--carrier must be one of simulated"),
            (["--account-id", "12"], "--account-id must be 12 digits"),
        ],
    )
    def test_a_setting_that_cannot_be_is_answered_in_words(
        self, server: Serving, tmp_path: Path, options: list[str], complaint: str
    ) -> None:
        done = server.trunkcall("serve", "--data-dir", str(tmp_path / "d"), "--port", "0", *options, check=False)
        assert done.returncode in (1, 2)
        assert complaint in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr

    def test_settings_come_from_flags_environment_and_file_in_that_order(self, server: Serving, tmp_path: Path) -> None:
        config = tmp_path / "trunkcall.toml"
        config.write_text("speed = 0\n")
        arguments = ["serve", "--data-dir", str(tmp_path / "d"), "--port", "0", "--config", str(config)]
        assert "speed in" in server.trunkcall(*arguments, check=False).stderr
        assert "TRUNKCALL_SPEED must" in server.trunkcall(*arguments, check=False, TRUNKCALL_SPEED="-1").stderr
        flagged = server.trunkcall(*arguments, "--speed", "-2", check=False, TRUNKCALL_SPEED="-1")
        assert "--speed must" in flagged.stderr

    def test_a_port_that_is_taken_is_answered_in_words(self, server: Serving, tmp_path: Path) -> None:
        port = server.url.rsplit(":", 1)[1]
        done = server.trunkcall("serve", "--data-dir", str(tmp_path / "d"), "--port", port, check=False)
        assert done.returncode == 1
        assert f"Cannot listen on 127.0.0.1 port {port}" in done.stderr


class TestDemo:
    def leads(self, path: Path, number: int) -> Path:
        return write_list(path / "leads.csv", [[f"+1212555{100 + n % 100:04d}", "x", str(n)] for n in range(number)])

    def test_the_report_accounts_for_every_lead(self, server: Serving, tmp_path: Path) -> None:
        path, report_path = self.leads(tmp_path, 200), tmp_path / "report.json"
        options = ["--leads", str(path), "--speed", "600", "--agents", "10", "--json", str(report_path)]
        done = server.trunkcall("demo", *options)
        report = json.loads(report_path.read_text())
        assert report["dial_requests"] == report["attempts"] == sum(report["dispositions"].values()) == 200
        assert report["connected_to_agent"] == report["dispositions"]["connected_to_agent"] > 20
        assert report["human_answered"] == report["connected_to_agent"] + report["abandoned"]
        # At 600 times real time a busy machine takes minutes of the shift to begin it.
        assert 0.2 < report["occupancy_ratio"] < 0.9
        assert f"{report['abandoned']}/{report['human_answered']}" in done.stdout

    def test_ctrl_c_ends_it_with_the_report_so_far(self, tmp_path: Path) -> None:
        path, report_path = self.leads(tmp_path, 2000), tmp_path / "report.json"
        process = subprocess.Popen(
            [sys.executable, "-m", "trunkcall", "demo", "--leads", str(path), "--json", str(report_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # Whoever runs the tests may ignore it, as a shell does for what it runs in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert process.stdout is not None
        while "is Running" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert "What became of every lead" in out
        report = json.loads(report_path.read_text())
        assert sum(report["dispositions"].values()) == report["dial_requests"] > 0
