"""Files of a data directory. A user would lose the only copy of an access key to a disk that was full for a moment."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trunkcall.storage.data_dir import DataDir

KEY = {"aws_access_key_id": "AKIAFIRST", "aws_secret_access_key": "secret"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_credentials_are_whole_or_not_there(tmp_path: Path) -> None:
    """Half of them would be left as they are by the next start, which has no other copy to write."""
    program = (
        "import resource, signal, sys; from pathlib import Path; from trunkcall.storage.data_dir import DataDir\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        f"DataDir(Path(sys.argv[1])).write_credentials({KEY!r})\n"
    )
    full = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=False)
    assert "File too large" in full.stderr
    assert "credentials" not in names(tmp_path)
    DataDir(tmp_path).write_credentials(KEY)
    assert names(tmp_path) == {"credentials"}
    assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600
    assert "AKIAFIRST" in (tmp_path / "credentials").read_text()


def test_who_serves_it_knows_until_when_whoever_did_before_was_alive(tmp_path: Path) -> None:
    """By that it is known what people can have heard when a server was killed."""
    before, after = DataDir(tmp_path), DataDir(tmp_path)
    before.open()
    before.sign_of_life(1_790_000_000_123_456)
    before.close()
    after.open()
    assert after.served_until == 1_790_000_000_123_456
    after.close()


def test_credentials_that_are_there_are_the_users(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("mine\n")
    DataDir(tmp_path).write_credentials(KEY)
    assert (tmp_path / "credentials").read_text() == "mine\n"


def test_who_looks_for_the_carrier_never_finds_half_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data_dir = DataDir(tmp_path)
    data_dir.write_carrier_endpoint("tcp://127.0.0.1:1")
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: seen.append((tmp_path / "carrier-endpoint").read_text()))
    data_dir.write_carrier_endpoint("tcp://127.0.0.1:2")
    assert seen == ["tcp://127.0.0.1:1\n"]
    assert (tmp_path / "carrier-endpoint").read_text() == "tcp://127.0.0.1:2\n"


def test_passwords_of_phones_that_somebody_has_edited_are_read_without_what_an_editor_leaves(tmp_path: Path) -> None:
    """A password with a space behind it is another one, and its phone is refused without a word."""
    place = DataDir(tmp_path)
    place.change_phone_passwords({"ada": "k4x7", "bea": "u2mh"})
    (tmp_path / "phone-passwords").write_bytes(b"\xef\xbb\xbf\r\nada  k4x7 \r\n\r\nbea\tu2mh\nhalf a line\n\xff\xfe\n")
    assert place.phone_passwords() == {"ada": "k4x7", "bea": "u2mh"}
    place.change_phone_passwords({"bea": "yw9r"})
    assert place.phone_passwords() == {"ada": "k4x7", "bea": "yw9r"}
    assert stat.S_IMODE((tmp_path / "phone-passwords").stat().st_mode) == 0o600
