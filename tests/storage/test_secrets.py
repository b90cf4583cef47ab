"""Secrets at rest: whoever copies the store alone has no key to the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkcall.domain.errors import SettingsError
from trunkcall.storage.secret_box import SecretBox, load_secret_key


def test_a_sealed_secret_can_be_opened_with_the_same_key_only(tmp_path: Path) -> None:
    key = load_secret_key(tmp_path / "key")
    sealed = SecretBox(key).seal("open sesame", "AKIA1")
    assert b"open sesame" not in sealed
    assert SecretBox(load_secret_key(tmp_path / "key")).open(sealed, "AKIA1") == "open sesame"
    with pytest.raises(SettingsError, match="not the one"):
        SecretBox(load_secret_key(tmp_path / "other")).open(sealed, "AKIA1")


def test_a_secret_belongs_to_its_access_key(tmp_path: Path) -> None:
    """Whoever can write to the store cannot give one key another's secret."""
    box = SecretBox(load_secret_key(tmp_path / "key"))
    with pytest.raises(SettingsError):
        box.open(box.seal("s", "AKIA1"), "AKIA2")


def test_the_same_secret_never_looks_the_same() -> None:
    box = SecretBox(bytes(32))
    assert box.seal("s", "AKIA1") != box.seal("s", "AKIA1")


def test_keys_for_other_purposes_differ() -> None:
    box = SecretBox(bytes(32))
    assert box.derive("a") == box.derive("a") != box.derive("b")


def test_the_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    load_secret_key(tmp_path / "key")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(SettingsError, match="64 hexadecimal digits"):
        load_secret_key(tmp_path / "key")


def test_what_is_too_short_to_be_a_secret_is_refused_as_one_of_another_key() -> None:
    for sealed in (b"", b"\0", b"\0" * 12):
        with pytest.raises(SettingsError):
            SecretBox(bytes(32)).open(sealed, "AKIA")
