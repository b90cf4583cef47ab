"""What somebody reads who mistyped. A user would lose the way out: one sentence that says what, where and what would be
right, before anything is dialed or written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from serving import serving
from trunkcall.cli.app import main

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

    def test_only_a_file_can_be_restored(self, said: Said, tmp_path: Path) -> None:
        assert f"There is no file {tmp_path}." in said("db", "restore", tmp_path, "--data-dir", tmp_path / "d")
