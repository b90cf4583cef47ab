"""Settings: one table, three sources, and errors that say which source, which setting and what would be right."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import HOUR
from trunkcall.settings import SETTINGS, Settings, load_settings, windows_of


def test_the_table_and_the_fields_are_the_same() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Settings)]


def test_every_default_passes_its_own_check() -> None:
    settings = load_settings(environment={})
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        assert type(value) in (setting.kind, type(setting.default)), setting.name
        assert setting.check(setting.default) is None, setting.name


def test_nobody_but_this_machine_is_served_by_default() -> None:
    assert load_settings(environment={}).host == "127.0.0.1"


def test_a_flag_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("port = 1\nagents = 2\nspeed = 3.5\n")
    settings = load_settings(
        {"port": "7"}, environment={"TRUNKCALL_PORT": "8", "TRUNKCALL_AGENTS": "9"}, config_file=path
    )
    assert (settings.port, settings.agents, settings.speed) == (7, 9, 3.5)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("port = 99999", "port in .* must be from 0 to 65535, not 99999"),
        ("port = true", "port in .* must be a whole number, not True"),
        ("port = 1.5", "port in .* must be a whole number, not 1.5"),
        ("speed = 'fast'", "speed in .* must be a number, not 'fast'"),
        ("agents = [1]", r"agents in .* must be a whole number, not \[1\]"),
        ("colour = 'red'", "has colour; known settings are data_dir"),
        ("port = ", "is not TOML"),
        ("carrier = 'ari'", "must be one of simulated"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=complaint):
        load_settings(environment={}, config_file=path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_settings(environment={}, config_file=tmp_path / "none.toml")


@pytest.mark.parametrize(("text", "hours"), [("24h,30d", [24, 720]), ("30d, 1h", [1, 720]), ("7d", [168])])
def test_the_windows_of_the_ledger_are_hours_and_days(text: str, hours: list[int]) -> None:
    assert [window // HOUR for window in windows_of(text)] == hours


@pytest.mark.parametrize("text", ["", "month", "30", "24h,24h", "1d,24h", "0h", "24h,", "400d", "-1d", "1.5h"])
def test_windows_that_are_none_are_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(SettingsError, match="such as 24h,30d"):
        load_settings({"abandonment_windows": text}, environment={})
