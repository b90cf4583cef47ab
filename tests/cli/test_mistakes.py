"""What somebody reads who mistyped. A user would lose the way out: one sentence that says what, where and what would be
right, before anything is dialed or written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serving import serving
from trunkcall.cli.app import main
from trunkcall.cli.serve import listen
from trunkcall.domain.errors import SettingsError

Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """What a command that goes wrong writes to standard error, with lines and boxes undone."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CONNECTCAMPAIGNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["trunkcall", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (1, 2)
        return " ".join(capsys.readouterr().err.replace("│", " ").split())

    return run


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that has ended."""
    with serving(tmp_path_factory.mktemp("mistakes") / "data", agents=0) as server:
        server.stop()
    return server.data_dir


def test_a_retention_beyond_a_century_is_refused(said: Said, data_dir: Path) -> None:
    assert "36500" in said("retention", "--days", "999999999999", "--data-dir", data_dir)


@pytest.mark.parametrize("command", ["serve", "carrier"])
class TestPlacesOfAServer:
    """Whoever starts a server would learn from its log, or never, that it cannot work."""

    def start(self, command: str, data_dir: Path, *options: object) -> str:
        """In a process of its own: one that does start can be killed."""
        port = "--port" if command == "serve" else "--carrier-port"
        ended = subprocess.run(
            [sys.executable, "-m", "trunkcall", command, "--data-dir", data_dir, port, "0", *map(str, options)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith("trunkcall: ")
        return ended.stderr

    def test_a_journal_that_cannot_be_written(self, tmp_path: Path, command: str) -> None:
        told = self.start(command, tmp_path / "d", "--carrier-journal", tmp_path / "none" / "journal")
        assert f"journal {tmp_path}/none/journal cannot be written: No such file or directory." in told
        assert "--carrier-journal" in told

    def test_a_secret_key_file_that_cannot_be_made(self, tmp_path: Path, command: str) -> None:
        told = self.start(command, tmp_path / "d", "--secret-key-file", tmp_path / "none" / "key")
        assert f"secret key file {tmp_path}/none/key can be neither read nor made" in told
        assert ".part" not in told

    def test_keys_of_customers_that_have_no_share(self, tmp_path: Path, command: str) -> None:
        assert "must look like 1=0.2,9=0.05" in self.start(command, tmp_path / "d", "--customer-keys", "1")

    def test_a_data_directory_that_is_a_file(self, tmp_path: Path, command: str) -> None:
        (tmp_path / "file").touch()
        told = self.start(command, tmp_path / "file")
        assert f"data directory {tmp_path}/file cannot be used: It is a file." in told
        assert "--data-dir" in told


class TestBackup:
    def test_a_directory_is_no_name_for_a_backup(self, said: Said, data_dir: Path, tmp_path: Path) -> None:
        for options in ([], ["--force"]):
            told = said("db", "backup", tmp_path, *options, "--data-dir", data_dir)
            assert f"{tmp_path} is a directory. Name a file in it" in told
            assert "--force" not in told
        assert "is a directory" in said("db", "backup", "--force", ".", "--data-dir", data_dir)

    def test_a_directory_that_is_missing_is_named(self, said: Said, data_dir: Path, tmp_path: Path) -> None:
        told = said("db", "backup", tmp_path / "none" / "b.db", "--data-dir", data_dir)
        assert f"There is no directory {tmp_path}/none" in told

    def test_a_file_of_the_data_directory_is_no_name_for_a_backup(self, said: Said, data_dir: Path) -> None:
        key = (data_dir / "secret.key").read_bytes()
        told = said("db", "backup", data_dir / "secret.key", "--force", "--data-dir", data_dir)
        assert "secret.key is a file of the data directory itself" in told
        assert (data_dir / "secret.key").read_bytes() == key

    def test_only_a_file_can_be_restored(self, said: Said, tmp_path: Path) -> None:
        assert f"There is no file {tmp_path}." in said("db", "restore", tmp_path, "--data-dir", tmp_path / "d")


class TestListening:
    def test_a_host_that_is_not_this_machine_is_told_from_a_port_that_is_taken(self) -> None:
        for host in ("192.0.2.1", "nowhere.invalid", "a..b"):
            with pytest.raises(SettingsError, match=r"Cannot listen on .* with --host, such as 127\.0\.0\.1\."):
                listen(host, 0, "--carrier-port")

    def test_a_port_that_is_taken_names_the_option_of_its_command(self) -> None:
        with listen("127.0.0.1", 0, "--port") as taken:
            port = taken.getsockname()[1]
            with pytest.raises(SettingsError, match=r"Address already in use\. Choose another --carrier-port"):
                listen("127.0.0.1", port, "--carrier-port")


class TestClients:
    """`trunkcall load`, `explain` and `env`."""

    def test_an_expiry_beyond_a_century_is_refused(self, said: Said, tmp_path: Path) -> None:
        for duration in ("99999999999d", "9" * 400 + "s"):
            told = said("load", tmp_path / "l.csv", "--campaign", "c", "--expires-in", duration)
            assert "at most 36500d" in told

    @pytest.mark.parametrize("url", ["foo", "", "http://", "http://127.0.0.1:port", "ftp://127.0.0.1"])
    def test_an_endpoint_that_is_no_url_is_told_by_its_variable(
        self, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        (tmp_path / "l.csv").write_text("phone\n+12025550100\n")
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        for command in (["load", tmp_path / "l.csv"], ["explain"]):
            told = said(*command, "--campaign", "c", "--data-dir", tmp_path)
            assert f"AWS_ENDPOINT_URL must be the server's URL, such as http://127.0.0.1:8750, not {url!r}." in told

    def test_a_region_that_no_sdk_takes_is_told(
        self, said: Said, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_REGION", "a b")
        assert "AWS_REGION" in said("explain", "--campaign", "c", "--data-dir", data_dir)

    def test_a_server_that_is_not_there_is_told_by_its_address(
        self, said: Said, data_dir: Path, tmp_path: Path
    ) -> None:
        url = (data_dir / "endpoint").read_text().strip()
        (tmp_path / "l.csv").write_text("phone\n+12025550100\n")
        for command in (["load", tmp_path / "l.csv"], ["explain"]):
            told = said(*command, "--campaign", "c", "--data-dir", data_dir)
            assert f"No server answers at {url}. Start one with `trunkcall serve`." in told

    def test_where_there_is_no_server_a_campaign_is_not_asked_for_its_flow(self, said: Said, tmp_path: Path) -> None:
        told = said("campaign", "create", "Spring", "--data-dir", tmp_path / "none")
        assert (
            f"no Trunkcall data directory at {tmp_path}/none. `trunkcall serve` makes one, `--data-dir` names" in told
        )

    def test_a_store_that_no_server_has_been_started_on_has_no_environment(
        self, said: Said, data_dir: Path, tmp_path: Path
    ) -> None:
        """`eval "$(trunkcall env)"` must not pass in silence."""
        shutil.copy(data_dir / "trunkcall.db", tmp_path)
        told = said("env", "--data-dir", tmp_path)
        assert f"credentials and config in {tmp_path} do not have aws_access_key_id" in told
        assert "`trunkcall serve`" in told


class TestFiles:
    """Whoever waited for a long run would have nothing of it."""

    def test_no_lead_is_dialed_for_a_report_that_cannot_be_written(self, said: Said, tmp_path: Path) -> None:
        (tmp_path / "l.csv").write_text("phone\n+12025550100\n")
        told = said("demo", "--leads", tmp_path / "l.csv", "--json", tmp_path / "none" / "report.json")
        assert f"--json {tmp_path}/none/report.json cannot be written: No such file or directory." in told

    def test_the_demonstration_reads_a_list_as_load_does(self, said: Said, tmp_path: Path) -> None:
        """What it says to give has to be there to be given."""
        (tmp_path / "l.csv").write_bytes("Köln;Bonn\n2025550100;2025550101\n".encode("cp1252"))
        options = "demo", "--leads", tmp_path / "l.csv"
        assert "Give --encoding" in said(*options)
        assert "--phone-column" in said(*options, "--encoding", "cp1252", "--country", "US")
        assert "no column 'Kiel'" in said(*options, "--encoding", "cp1252", "--phone-column", "Kiel")
        assert "'cp125' is no encoding" in said(*options, "--encoding", "cp125")

    @pytest.mark.parametrize("option", ["--plot", "--trace"])
    def test_no_shift_is_simulated_for_a_file_that_cannot_be_written(
        self, said: Said, tmp_path: Path, option: str
    ) -> None:
        path = tmp_path / "none" / "shift.svg"
        assert f"{option} {path} cannot be written" in said("simulate", "--hours", "0.01", option, path)
        told = said("simulate", "--hours", "0.01", "--trace", tmp_path)
        assert f"--trace {tmp_path} cannot be written: Is a directory." in told

    def test_a_drawing_is_not_given_the_name_of_another_kind_of_picture(self, said: Said, tmp_path: Path) -> None:
        told = said("simulate", "--hours", "0.01", "--plot", tmp_path / "shift.png")
        assert "Name a file that ends in .svg." in told
        assert list(tmp_path.iterdir()) == []

    def test_a_file_of_parameters_is_utf_8_with_a_byte_order_mark_or_without(self, said: Said, tmp_path: Path) -> None:
        path = tmp_path / "shift.toml"
        path.write_bytes("# Köln".encode("cp1252"))
        assert f"The scenario {path} is not UTF-8, as TOML is. Save it as UTF-8." in said("simulate", path)
        assert f"The configuration file {path} is not UTF-8" in said("serve", "--config", path)
        path.write_text("agnets = 3", encoding="utf-8-sig")
        assert "Did you mean 'agents'?" in said("simulate", path)
        assert "Did you mean 'agents'?" in said("serve", "--config", path)

    def test_a_trace_that_is_not_there_is_named(self, said: Said, tmp_path: Path) -> None:
        told = said("simulate", "--replay", tmp_path / "none.jsonl")
        assert f"The trace {tmp_path}/none.jsonl cannot be read: No such file or directory." in told

    def test_an_export_that_cannot_be_written_is_told_by_its_option(self, said: Said, data_dir: Path) -> None:
        told = said("export", "contacts", "--output", data_dir, "--data-dir", data_dir)
        assert f"--output {data_dir} cannot be written: Is a directory." in told
