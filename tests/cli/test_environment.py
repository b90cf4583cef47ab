"""What a shell, a command and a profile are told of a server. A user would lose the way to Trunkcall, the way to
Amazon, or a profile that somebody else wrote."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import COMMANDS
from trunkcall.cli.app import main
from trunkcall.cli.client import connection

URL = "http://127.0.0.1:8750"
PROXY = "http://proxy.example:3128"
OURS = {"AWS_ENDPOINT_URL_CONNECTCAMPAIGNS": URL, "AWS_ENDPOINT_URL_CONNECT": URL}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """What a first start of a server leaves behind."""
    path = tmp_path / "data"
    path.mkdir()
    (path / "trunkcall.db").touch()
    (path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIATRUNKCALL\naws_secret_access_key = s3cr=t#%\n"
    )
    ids = "".join(f"trunkcall_{name} = {name}-1\n" for name in ("instance_id", "queue_id", "contact_flow_id"))
    number = "trunkcall_source_phone_number = +12025550100\n"
    (path / "config").write_text(f"[default]\nregion = us-east-1\nendpoint_url = {URL}\n{ids}{number}")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def trunkcall(data_dir: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a shell of a user who has nothing of AWS."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "TRUNKCALL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TRUNKCALL_DATA_DIR", str(data_dir))
    return COMMANDS.run


def printed(done: subprocess.CompletedProcess[str]) -> tuple[set[str], dict[str, str]]:
    """What the lines unset, and what they export."""
    assert done.returncode == 0, done.stderr
    unset: set[str] = set()
    exported: dict[str, str] = {}
    for line in done.stdout.splitlines():
        verb, *words = shlex.split(line)
        if verb == "unset":
            unset |= set(words)
        else:
            assert verb == "export"
            exported |= dict(word.split("=", 1) for word in words)
    return unset, exported


class TestAShell:
    def test_it_is_told_of_our_services_alone(self, trunkcall: Run) -> None:
        """`aws s3` in the same shell goes to Amazon, as before."""
        unset, exported = printed(trunkcall("env"))
        assert unset == set()
        assert exported == OURS | {
            "AWS_ACCESS_KEY_ID": "AKIATRUNKCALL",
            "AWS_SECRET_ACCESS_KEY": "s3cr=t#%",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "TRUNKCALL_INSTANCE_ID": "instance_id-1",
            "TRUNKCALL_QUEUE_ID": "queue_id-1",
            "TRUNKCALL_CONTACT_FLOW_ID": "contact_flow_id-1",
            "TRUNKCALL_SOURCE_PHONE_NUMBER": "+12025550100",
        }

    def test_one_endpoint_for_all_is_there_for_the_asking(self, trunkcall: Run) -> None:
        unset, exported = printed(trunkcall("env", "--global", **OURS))
        assert exported["AWS_ENDPOINT_URL"] == URL
        assert unset == set(OURS)
        assert not exported.keys() & OURS.keys()

    def test_what_would_lead_clients_astray_is_unset(self, trunkcall: Run) -> None:
        """A session token of other keys makes every signature wrong; a profile is preferred by some SDKs."""
        left = dict.fromkeys(("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "x")
        unset, _ = printed(trunkcall("env", **left))
        assert unset == set(left)

    @pytest.mark.parametrize(
        "left",
        [
            {"AWS_ENDPOINT_URL": URL},
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "TRUNKCALL_INSTANCE_ID": "of-an-earlier-start"},
        ],
    )
    def test_our_endpoint_for_all_services_is_unset(self, trunkcall: Run, left: dict[str, str]) -> None:
        assert printed(trunkcall("env", **left))[0] == {"AWS_ENDPOINT_URL"}

    @pytest.mark.parametrize(
        ("proxied", "direct"),
        [
            ({"http_proxy": PROXY}, {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}),
            (
                {"ALL_PROXY": PROXY, "no_proxy": "intern.example, 10.0.0.1"},
                {"no_proxy": "intern.example,10.0.0.1,127.0.0.1", "NO_PROXY": "127.0.0.1"},
            ),
            ({"HTTPS_PROXY": PROXY, "no_proxy": "127.0.0.1", "NO_PROXY": "*"}, {}),
            ({"http_proxy": ""}, {}),
        ],
    )
    def test_a_server_on_this_machine_is_not_looked_for_behind_a_proxy(
        self, trunkcall: Run, proxied: dict[str, str], direct: dict[str, str]
    ) -> None:
        _, exported = printed(trunkcall("env", **proxied))
        assert {name: value for name, value in exported.items() if "PROXY" in name.upper()} == direct
        seen = trunkcall("exec", "env", **proxied).stdout.splitlines()
        assert set(seen) >= {f"{name}={value}" for name, value in direct.items()}

    def test_a_server_elsewhere_is_asked_as_the_environment_says(self, trunkcall: Run, data_dir: Path) -> None:
        config = data_dir / "config"
        config.write_text(config.read_text().replace("127.0.0.1", "dialer.example"))
        _, exported = printed(trunkcall("env", http_proxy=PROXY))
        assert not exported.keys() & {"no_proxy", "NO_PROXY"}

    def test_another_endpoint_for_all_services_is_left_alone(self, trunkcall: Run) -> None:
        others = {"AWS_ENDPOINT_URL": "http://localhost:4566"}
        unset, exported = printed(trunkcall("env", **others))
        assert unset == set()
        assert printed(trunkcall("env", **others, **exported))[0] == set()


class TestOneCommand:
    def test_it_has_all_of_it_and_nothing_in_its_way(self, trunkcall: Run) -> None:
        left = {"AWS_SESSION_TOKEN": "x", "AWS_PROFILE": "work", "AWS_ENDPOINT_URL": "http://localhost:4566"}
        done = trunkcall("exec", "--", "env", "-0", **left)
        environ = dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)
        _, exported = printed(trunkcall("env"))
        assert environ.items() >= exported.items()
        assert environ["AWS_ENDPOINT_URL"] == "http://localhost:4566"
        assert not environ.keys() & {"AWS_SESSION_TOKEN", "AWS_PROFILE"}

    def test_its_arguments_and_exit_code_are_its_own(self, trunkcall: Run) -> None:
        for separator in ([], ["--"]):
            done = trunkcall("exec", *separator, "sh", "-c", 'echo "$@"; exit 42', "sh", "--help", "--data-dir", "a b")
            assert (done.returncode, done.stdout) == (42, "--help --data-dir a b\n")

    def test_it_takes_the_place_of_this_process_so_that_signals_reach_it(self, trunkcall: Run) -> None:
        done = trunkcall("exec", "sh", "-c", "kill -TERM $$; echo still here")
        assert (done.returncode, done.stdout) == (-15, "")

    def test_it_ends_with_the_pipe_that_it_writes_to(self, trunkcall: Run) -> None:
        done = trunkcall("exec", "bash", "-c", "yes | head -1; echo ${PIPESTATUS[0]}")
        assert done.stdout == "y\n141\n"

    @pytest.mark.parametrize(
        ("command", "code", "reason"), [("no-such-command", 127, "there is no such command"), ("/", 126, "denied")]
    )
    def test_a_command_that_cannot_be_run_is_a_sentence(
        self, trunkcall: Run, command: str, code: int, reason: str
    ) -> None:
        done = trunkcall("exec", "--", command, "--flag")
        assert done.returncode == code
        assert done.stderr.startswith(f"trunkcall: {command} cannot be run: ")
        assert reason in done.stderr
        assert done.stderr.count("\n") == 1

    def test_no_command_is_a_mistake(self, trunkcall: Run) -> None:
        assert trunkcall("exec", "--").returncode == 2


CONFIG = b"""# mine\r
[default]\r
region=eu-west-1\r
\r
# the next one is for work
[profile  "work"]
role_arn = arn:aws:iam::1:role/\xc3\xa9
s3 =
  addressing_style = path
; the end, without a line end"""


class TestAProfile:
    @pytest.fixture
    def aws(self, home: Path) -> Path:
        (home / ".aws").mkdir()
        return home / ".aws"

    def test_a_first_one_makes_the_files_for_their_owner_alone(self, trunkcall: Run, home: Path) -> None:
        done = trunkcall("env", "--profile", "dialer")
        assert (done.returncode, done.stdout) == (0, "")
        assert "Profile dialer" in done.stderr
        for name in ("credentials", "config"):
            assert stat.S_IMODE((home / ".aws" / name).stat().st_mode) == 0o600
        assert stat.S_IMODE((home / ".aws").stat().st_mode) == 0o700

    def test_all_else_in_the_files_stays_byte_for_byte(self, trunkcall: Run, aws: Path, data_dir: Path) -> None:
        (aws / "config").write_bytes(CONFIG)
        assert trunkcall("env", "--profile", "dialer").returncode == 0
        once = (aws / "config").read_bytes()
        assert once.startswith(CONFIG + b"\n")
        (aws / "config").write_bytes(once + b"# after it\n[profile last]\nregion = us-west-2\n")
        (data_dir / "endpoint").write_text("http://127.0.0.1:1234\n")
        assert trunkcall("env", "--profile", "dialer").returncode == 0
        renewed = (aws / "config").read_bytes()
        assert renewed == once.replace(b":8750", b":1234") + b"# after it\n[profile last]\nregion = us-west-2\n"

    def test_a_file_elsewhere_and_a_link_are_found(self, trunkcall: Run, aws: Path, home: Path) -> None:
        (home / "dotfiles").mkdir()
        (home / "dotfiles" / "config").write_bytes(CONFIG)
        (aws / "config").symlink_to("../dotfiles/config")
        done = trunkcall("env", "--profile", "dialer", AWS_SHARED_CREDENTIALS_FILE="~/keys")
        assert done.returncode == 0, done.stderr
        assert (aws / "config").is_symlink()
        assert b"[profile dialer]" in (home / "dotfiles" / "config").read_bytes()
        assert "AKIATRUNKCALL" in (home / "keys").read_text()
        assert not (aws / "credentials").exists()

    def test_both_may_be_one_file(self, trunkcall: Run, home: Path) -> None:
        one = {"AWS_CONFIG_FILE": str(home / "aws"), "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws")}
        for _ in range(2):
            assert trunkcall("env", "--profile", "dialer", **one).returncode == 0
        text = (home / "aws").read_text()
        assert text.count("[dialer]") == text.count("[profile dialer]") == 1

    @pytest.mark.parametrize("name", ["work", "default"])
    def test_somebody_elses_profile_is_not_replaced_unless_that_is_said(
        self, trunkcall: Run, aws: Path, name: str
    ) -> None:
        (aws / "config").write_bytes(CONFIG)
        refused = trunkcall("env", "--profile", name)
        assert refused.returncode == 1
        assert "that Trunkcall did not write" in refused.stderr
        assert (aws / "config").read_bytes() == CONFIG
        assert not (aws / "credentials").exists()
        assert trunkcall("env", "--profile", name, "--force").returncode == 0
        written = (aws / "config").read_bytes()
        assert (b"role_arn" in written) == (name == "default")
        assert (b"eu-west-1" in written) == (name == "work")
        assert b"# the next one is for work\n" in written
        assert b"; the end, without a line end\n" in written
        assert trunkcall("env", "--profile", name).returncode == 0

    def test_a_default_profile_by_its_longer_name_is_the_same(self, trunkcall: Run, aws: Path) -> None:
        (aws / "config").write_text("[profile default]\nregion = eu-west-1\n")
        assert "that Trunkcall did not write" in trunkcall("env", "--profile", "default").stderr
        assert trunkcall("env", "--profile", "default", "--force").returncode == 0
        assert "profile default" not in (aws / "config").read_text()

    @pytest.mark.parametrize("text", [b"no section\n", b"[a]\nk = s3cret\n[a]\n"])
    def test_a_file_that_cannot_be_read_is_left_alone(self, trunkcall: Run, aws: Path, text: bytes) -> None:
        (aws / "credentials").write_bytes(text)
        refused = trunkcall("env", "--profile", "dialer")
        assert refused.returncode == 1
        assert "cannot be read as an AWS shared file. Nothing was changed." in refused.stderr
        assert "s3cret" not in refused.stderr
        assert (aws / "credentials").read_bytes() == text
        assert not (aws / "config").exists()

    def test_half_of_what_was_written_is_told(self, trunkcall: Run, aws: Path) -> None:
        trunkcall("env", "--profile", "dialer")
        text = (aws / "config").read_text()
        (aws / "config").write_text(text[: text.index("# <<<")])
        refused = trunkcall("env", "--profile", "dialer")
        assert refused.returncode == 1
        assert "a line with >>> or <<< is missing" in refused.stderr

    @pytest.mark.parametrize("name", ["", "a b", "a]", "a\nb", "x" * 65])
    def test_a_name_that_no_section_may_have_is_a_mistake(self, trunkcall: Run, home: Path, name: str) -> None:
        assert trunkcall("env", "--profile", name).returncode == 2
        assert not (home / ".aws").exists()


class TestOurOwnClients:
    def test_they_find_the_server_by_the_endpoint_of_campaigns(self, tmp_path: Path) -> None:
        where = connection(tmp_path, {"AWS_ENDPOINT_URL": "http://localhost:4566", **OURS})
        assert where.endpoint_url == URL

    def test_they_follow_a_profile_that_leads_to_a_server(
        self, trunkcall: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert trunkcall("env", "--profile", "dialer").returncode == 0
        for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
            monkeypatch.setenv(variable, str(home / ".aws" / name))
        where = connection(tmp_path, {"AWS_PROFILE": "dialer"})
        assert (where.endpoint_url, where.access_key_id) == (URL, "AKIATRUNKCALL")

    def test_they_leave_a_profile_that_leads_to_amazon_alone(
        self, home: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (home / "config").write_text("[profile work]\nregion = eu-west-1\n")
        (home / "credentials").write_text("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n")
        for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
            monkeypatch.setenv(variable, str(home / name))
        where = connection(data_dir, {"AWS_PROFILE": "work"})
        assert (where.endpoint_url, where.access_key_id, where.region) == (URL, "AKIATRUNKCALL", "us-east-1")

    def test_a_profile_that_is_not_there_does_not_matter_to_them(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Their keys come from the data directory."""
        (data_dir / "endpoint").write_text("http://127.0.0.1:9\n")
        monkeypatch.setenv("AWS_PROFILE", "not-there")
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
        monkeypatch.setattr(sys, "argv", ["trunkcall", "explain", "--campaign", "c", "--data-dir", str(data_dir)])
        with pytest.raises(SystemExit):
            main()
        assert "No server answers at http://127.0.0.1:9." in capsys.readouterr().err
