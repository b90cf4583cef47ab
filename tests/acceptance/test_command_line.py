"""The command line as its users meet it: lists loaded, exported, retried, and nonsense answered in words."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from serving import ROOT, Serving, dial_request, put_all, serving

NOWHERE = "00000000-0000-4000-8000-000000000000"


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


def load(server: Serving, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = server.trunkcall("load", *arguments, "--data-dir", str(server.data_dir), check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def accounts_exported(server: Serving, campaign_id: str) -> list[str]:
    return [record["Attributes"]["account"] for record in server.export("--campaign", campaign_id)]


@contextmanager
def loading_from_a_pipe(server: Serving, campaign_id: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A load that gets its list by and by. It heeds Ctrl-C even if whoever runs the tests ignores it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trunkcall", "load", "-", "--campaign", campaign_id, "--data-dir", server.data_dir],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield process
            process.wait(60)
        finally:
            process.kill()


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
        assert "30 accepted, 0 rejected, 0 known" in load(server, str(path), "--campaign", campaign_id).stdout
        assert "0 accepted, 0 rejected, 30 known" in load(server, str(path), "--campaign", campaign_id).stdout
        assert len(server.export("--campaign", campaign_id)) == 30

    def test_a_list_that_is_corrected_and_sorted_anew_dials_nobody_twice(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        rows = [[f"+121255501{n:02d}", "x", str(n)] for n in range(30)]
        rows[3][0] = "+1212555010"
        path = write_list(tmp_path / "leads.csv", rows)
        load(server, str(path), "--campaign", campaign_id, code=3)
        rows[3][0] = "(212) 555-0103"
        del rows[0]
        rows[5][1] = "another name"
        write_list(path, [[row[2], row[1], row[0]] for row in reversed(rows)], header="account,first name,PHONE")
        done = load(server, str(path), "--campaign", campaign_id, "--country", "US")
        assert "1 accepted, 0 rejected, 28 known already" in done.stdout
        assert accounts_exported(server, campaign_id) == [str(n) for n in (*range(3), *range(4, 30), 3)]

    def test_a_number_that_is_there_twice_is_dialed_twice_only_if_it_shall_be(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        path = write_list(tmp_path / "leads.csv", [["+12125550100", "x", str(n)] for n in range(3)])
        assert (
            "1 accepted, 0 rejected, 0 known already, 2 dup"
            in load(server, str(path), "--campaign", campaign_id).stdout
        )
        keep = ("--campaign", campaign_id, "--duplicates", "keep")
        assert "2 accepted, 0 rejected, 1 known already, 0 dup" in load(server, str(path), *keep).stdout
        assert "0 accepted, 0 rejected, 3 known already, 0 dup" in load(server, str(path), *keep).stdout

    def test_a_campaign_that_cannot_know_people_again_is_not_loaded_into(
        self, server: Serving, client: Any, campaign_id: str, tmp_path: Path
    ) -> None:
        """Tokens of an earlier version held a row's line: the same people would be dialed once more."""
        put_all(client, campaign_id, [dial_request(f"row-2-{'0a' * 12}", 77, account="1")])
        path = write_list(tmp_path / "leads.csv", [["+12125550178", "x", "2"]])
        assert "by an earlier version" in load(server, str(path), "--campaign", campaign_id, code=1).stderr
        load(server, str(path), "--campaign", campaign_id, "--all-new")
        assert accounts_exported(server, campaign_id) == ["1", "2"]
        server.wait_until(lambda: all(r["Disposition"] for r in server.export("--campaign", campaign_id)))
        server.export("--campaign", campaign_id)
        retry = ("--retry-from", str(server.data_dir.with_suffix(".jsonl")), "--campaign", campaign_id)
        done = server.trunkcall("load", *retry, "--data-dir", str(server.data_dir), check=False)
        assert done.returncode in (0, 4), "a retry is known by its contact"

    def test_a_key_that_may_only_submit_is_not_taken_on_trust(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        policy = tmp_path / "policy.json"
        statement = {"Effect": "Allow", "Action": "connect-campaigns:PutDialRequestBatch", "Resource": "*"}
        policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        directory = ("--data-dir", str(server.data_dir))
        key = json.loads(server.trunkcall("keys", "create", "--json", "--policy", str(policy), *directory).stdout)
        given = server.environment | {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
        path = write_list(tmp_path / "leads.csv", [["+12125550100", "x", "1"]])
        arguments = ("load", str(path), "--campaign", campaign_id)
        refused = server.trunkcall(*arguments, check=False, **given)
        assert refused.returncode == 1
        assert "connect-campaigns:GetCampaignTokenForms" in refused.stderr
        assert "1 accepted" in server.trunkcall(*arguments, "--all-new", **given).stdout

    def test_who_was_forgotten_is_not_dialed_again_by_a_list_that_still_has_them(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        path = write_list(tmp_path / "leads.csv", [["+12125550191", "x", "1"], ["+12125550192", "x", "2"]])
        load(server, str(path), "--campaign", campaign_id)
        done = server.trunkcall("forget", "(212) 555-0191", "--country", "us", "--data-dir", str(server.data_dir))
        assert done.stdout == "1 contact erased\n"
        assert "Take the number out of your lists too" in done.stderr
        assert "they would be dialed again" in load(server, str(path), "--campaign", campaign_id, code=1).stderr
        write_list(path, [["+12125550192", "x", "2"]])
        done = load(server, str(path), "--campaign", campaign_id, "--all-new")
        assert "0 accepted, 0 rejected, 1 known" in done.stdout

    @pytest.mark.parametrize("way", ["-", "fifo", "/dev/stdin"])
    def test_a_list_that_comes_through_a_pipe_is_read_once(
        self, server: Serving, campaign_id: str, tmp_path: Path, way: str
    ) -> None:
        content = b"phone;account\n+12125550100;1\n555;2\n"
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        name = str(fifo) if way == "fifo" else way
        process = subprocess.Popen(
            [sys.executable, "-m", "trunkcall", "load", name, "--campaign", campaign_id, "--data-dir", server.data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=tmp_path,
        )
        if way == "fifo":
            fifo.write_bytes(content)
            out, _ = process.communicate(timeout=60)
        else:
            out, _ = process.communicate(content, timeout=60)
        assert out == b"1 accepted, 1 rejected, 0 known already, 0 duplicates\n"
        assert process.returncode == 3
        rejected = tmp_path / ("fifo.rejected.csv" if way == "fifo" else "stdin.rejected.csv")
        assert rejected.read_text().splitlines()[1].startswith('555,2,"line 3, column 1 (phone): the number must')
        assert rejected.stat().st_mode & 0o777 == 0o600

    def test_a_list_of_which_nothing_is_accepted_is_a_failure(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        load(server, str(write_list(tmp_path / "bad.csv", [["555", "x", "1"]])), "--campaign", campaign_id, code=4)
        load(server, str(write_list(tmp_path / "empty.csv", [])), "--campaign", campaign_id, code=4)

    def test_a_check_needs_no_server_and_sends_nothing(self, server: Serving, tmp_path: Path) -> None:
        path = write_list(tmp_path / "leads.csv", [["+12125550100", "x", "1"], ["555", "y", "2"]], "phone,имя,account")
        done = server.trunkcall("load", str(path), "--check", "--data-dir", str(tmp_path / "none"), check=False)
        assert done.returncode == 3
        assert done.stdout.splitlines() == [
            "number: column 1 (phone)",
            "attribute imya: column 2 (имя)",
            "attribute account: column 3 (account)",
            "1 to submit, 1 rejected, 0 duplicates; nothing was sent: --check",
            "line 3, column 1 (phone): the number must begin with + and the country calling code, or be read with "
            "--country",
        ]
        assert [file.name for file in tmp_path.iterdir()] == ["leads.csv"]

    def test_a_load_that_fails_leaves_the_rejected_rows_of_an_earlier_one(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        path = write_list(tmp_path / "leads.csv", [["555", "x", "1"]])
        load(server, str(path), "--campaign", campaign_id, code=4)
        before = (tmp_path / "leads.csv.rejected.csv").read_text()
        path.write_bytes(b"phone,name\n777,x\n" + b"+12125550100,x\n" * 9000 + b"+12125550101,\xff\n")
        done = load(server, str(path), "--campaign", campaign_id, code=1)
        assert "It came to no end: 0 accepted, 1 rejected" in done.stderr
        assert "is not UTF-8 at line 9003" in done.stderr
        assert (tmp_path / "leads.csv.rejected.csv").read_text() == before
        assert "777" in (tmp_path / "leads.csv.rejected.csv.cut").read_text()
        load(server, str(write_list(path, [["+12125550100", "x", "1"]])), "--campaign", campaign_id)
        assert not (tmp_path / "leads.csv.rejected.csv").exists()

    def test_ctrl_c_says_how_far_it_came_and_that_loading_again_is_safe(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        rows = [f"+121255501{n:02d},{n}\n" for n in range(60)]
        with loading_from_a_pipe(server, campaign_id, tmp_path) as process:
            assert process.stdin is not None
            process.stdin.write("phone,account\n555,x\n" + "".join(rows))
            process.stdin.flush()
            server.wait_until(lambda: len(server.export("--campaign", campaign_id)) == 50)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            err = process.stderr.read()
        assert process.returncode == 130
        assert "Interrupted: 50 accepted, 1 rejected" in err
        assert "Loading the list again is safe" in err
        assert "stdin.rejected.csv.cut" in err
        assert "Traceback" not in err
        path = tmp_path / "leads.csv"
        path.write_text("phone,account\n" + "".join(reversed(rows)))
        assert "10 accepted, 0 rejected, 50 known" in load(server, str(path), "--campaign", campaign_id).stdout

    def test_a_load_outlives_a_server_that_is_started_again(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data", agents=0) as server:
            server.pinned()
            client = server.client()
            campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
            client.start_campaign(id=campaign_id)
            with loading_from_a_pipe(server, campaign_id, tmp_path) as process:
                assert process.stdin is not None
                process.stdin.write("phone,account\n" + "".join(f"+121255501{n:02d},{n}\n" for n in range(30)))
                process.stdin.flush()
                server.wait_until(lambda: len(server.export("--campaign", campaign_id)) == 25)
                server.kill()
                process.stdin.write("".join(f"+121255501{n:02d},{n}\n" for n in range(30, 60)))
                process.stdin.flush()
                server.start()
                process.stdin.close()
                assert process.stdout is not None
                assert process.stdout.read().startswith("60 accepted, 0 rejected, 0 known")
            assert process.returncode == 0
            assert accounts_exported(server, campaign_id) == [str(n) for n in range(60)]

    def test_corrected_rejected_rows_are_a_list(self, server: Serving, campaign_id: str, tmp_path: Path) -> None:
        path = write_list(tmp_path / "leads.csv", [["+12125550100", "x", "1"], ["2125550101", "y", "2"]])
        load(server, str(path), "--campaign", campaign_id, code=3)
        load(server, str(path) + ".rejected.csv", "--campaign", campaign_id, "--country", "US")
        assert [r["Attributes"] for r in server.export("--campaign", campaign_id)] == [
            {"name": "x", "account": "1"},
            {"name": "y", "account": "2"},
        ]

    def test_rejected_rows_of_a_list_in_another_encoding_are_read_right_under_the_same_options(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "leads.csv"
        path.write_bytes("phone;name;account\n2125550101;Zoë;2\n".encode("cp1252"))
        options = ("--campaign", campaign_id, "--encoding", "cp1252")
        load(server, str(path), *options, code=4)
        load(server, str(path) + ".rejected.csv", *options, "--country", "US")
        assert [r["Attributes"] for r in server.export("--campaign", campaign_id)] == [{"name": "Zoë", "account": "2"}]

    def test_rows_that_cannot_be_submitted_are_kept_with_a_reason_each(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        rows = [["+12125550100", "good", "1"], ["555", "short", "2"], ["+1212555", "short too", "3"], ["+12125550101"]]
        rows.append(["+12125550102", "long", "4", "5"])
        path = write_list(tmp_path / "leads.csv", rows)
        done = load(server, str(path), "--campaign", campaign_id, code=3)
        assert "2 accepted, 3 rejected" in done.stdout
        with (tmp_path / "leads.csv.rejected.csv").open(newline="") as file:
            rejected = list(csv.DictReader(file))
        assert [row["phone"] for row in rejected] == ["555", "+1212555", "+12125550102"]
        assert [row["name"] for row in rejected] == ["short", "short too", "long"]
        assert "begin with +" in rejected[0]["reason"]
        assert "impossible in its country" in rejected[1]["reason"]
        assert "4 cells, the header 3" in rejected[2]["reason"]

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
            done = load(server, "--retry-from", str(export), "--campaign", campaign_id)
            assert "passed over, ended as voicemail: " in done.stdout
        second = server.export("--campaign", campaign_id)[80:]
        unanswered = [r for r in first if r["Disposition"] in ("busy", "no_answer")]
        assert unanswered
        assert [r["CustomerEndpoint"] for r in second] == [r["CustomerEndpoint"] for r in unanswered]
        assert not {r["ClientToken"] for r in first} & {r["ClientToken"] for r in second}

    @pytest.mark.parametrize(
        "content", [b"ContactId,Disposition\n1,busy\n", b"PK\x03\x04\xff", "Köln\n".encode("cp1252")]
    )
    def test_what_is_no_export_of_records_is_told_what_would_be(
        self, server: Serving, campaign_id: str, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "day.csv").write_bytes(content)
        done = load(server, "--retry-from", str(tmp_path / "day.csv"), "--campaign", campaign_id, code=1)
        assert done.stderr.endswith("Give a file that `trunkcall export contacts --format jsonl` wrote.\n")
        assert done.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        ("content", "options", "complaint"),
        [
            (b"phone\n+12125550100\n", ["--campaign", "nonexistent"], "There is no campaign 'nonexistent'"),
            (b"phone\n+12125550100\n", ["--campaign", NOWHERE], "ResourceNotFoundException"),
            (b"number\nnone\n", [], "No column of the list is known to hold phone numbers"),
            (b"number\n+12125550100\n", ["--phone-column", "nummer"], "no column 'nummer'. Did you mean 'number'?"),
            (b"phone\n+12125550100\n", ["--country", "UK"], "The United Kingdom is GB"),
            (b"phone\n+12125550100\n", ["--encoding", "rot13"], "'rot13' is no encoding"),
            (b"phone\n+12125550100\n", ["--rejected", "/none/r.csv"], "/none/r.csv cannot be written"),
            (b"phone,n\n+12125550100,\xff\xfe\n", [], "is not UTF-8"),
            (b"phone\n+12125550100\n", ["--expires-in", "soon"], "'soon' is no duration"),
            (b"", [], "is empty: it has no header"),
        ],
    )
    def test_nonsense_is_answered_in_words(
        self, server: Serving, campaign_id: str, tmp_path: Path, content: bytes, options: list[str], complaint: str
    ) -> None:
        path = tmp_path / "leads.csv"
        path.write_bytes(content)
        done = load(
            server,
            str(path),
            "--campaign",
            campaign_id,
            *options,
            code=2 if {"--country", "--encoding", "--expires-in"} & set(options) else 1,
        )
        assert complaint in " ".join(done.stderr.split())

    def test_rejected_rows_do_not_take_the_place_of_their_list(
        self, server: Serving, campaign_id: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "leads.csv"
        path.write_text("phone\n555\n")
        (tmp_path / "link.csv").symlink_to(path)
        for name in (path, tmp_path / "link.csv"):
            done = load(server, str(path), "--campaign", campaign_id, "--rejected", str(name), code=2)
            assert "is the list itself: name another file" in " ".join(done.stderr.split())
        assert path.read_text() == "phone\n555\n"

    def test_a_missing_file_is_answered_in_words(self, server: Serving, campaign_id: str, tmp_path: Path) -> None:
        done = load(server, str(tmp_path / "none.csv"), "--campaign", campaign_id, code=1)
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
            (["--carrier", "pigeon"], "carrier must be one of simulated"),
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
        assert not report.keys() & {"kept", "opt_outs"}, "what is of keys alone"
        # At 600 times real time a busy machine takes minutes of the shift to begin it.
        assert 0.2 < report["occupancy_ratio"] < 0.9
        assert f"{report['abandoned']}/{report['human_answered']}" in done.stdout

    def test_without_agents_it_keeps_what_customers_ask_for_by_a_key(self, server: Serving, tmp_path: Path) -> None:
        path, report_path = self.leads(tmp_path, 300), tmp_path / "report.json"
        options = ["--leads", str(path), "--speed", "600", "--agents", "5", "--json", str(report_path)]
        done = server.trunkcall("demo", "--agentless", *options)
        report = json.loads(report_path.read_text())
        # Numbers are there more than once: who has opted out meanwhile is not dialed again, or not taken any more.
        not_dialed = sum(report["dispositions"].get(each, 0) for each in ("do_not_call", "rejected"))
        assert report["dial_requests"] == report["attempts"] + not_dialed == sum(report["dispositions"].values()) == 300
        assert report["connected_to_agent"] == 0
        assert report["human_answered"] > report["opt_outs"] + report["call_backs"] > 0
        assert report["reached"] <= report["called_back"] == report["call_backs"]
        assert f"{report['opt_outs']}, now on the list opt-outs" in done.stdout
        assert "kept" not in report, "each figure is there once"

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
        assert process.stdout.readline().startswith("leads "), "all are loaded, and dialing is under way"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in err
        assert "What became of every lead" in out
        report = json.loads(report_path.read_text())
        assert sum(report["dispositions"].values()) == report["dial_requests"] > 0
