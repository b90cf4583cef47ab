"""Settings: one table, three sources, and errors that say which source, which setting and what would be right."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from trunkcall.domain.abandonment import parse_windows
from trunkcall.domain.errors import SettingsError
from trunkcall.settings import SETTINGS, Settings, load_settings


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
        ("colour = 'red'", r"has colour\. Known settings are data_dir"),
        ("agent = 3", r"has agent\. Did you mean 'agents'\?"),
        ("port = ", "is not TOML"),
        ("region = ''", "region in .* must be the name of a Region, such as us-east-1"),
        ("region = 'a b'", "must be the name of a Region"),
        ("region = 'eu_central'", "must be the name of a Region"),
        ("host = ''", "host in .* must be an address, such as 127.0.0.1"),
        ("carrier = 'ari'", "must be one of simulated"),
        ("abandonment_windows = ''", "abandonment_windows in .* must be windows such as 24h,30d, parted by commas"),
        ("abandonment_windows = '24h 30d'", "must be windows such as 24h,30d"),
        ("abandonment_windows = '30m'", "from 1h to 366d, or month, not '30m'"),
        ("abandonment_windows = '0d'", "from 1h to 366d"),
        ("abandonment_windows = '24h,'", "from 1h to 366d"),
        ("abandonment_windows = '-1d'", "from 1h to 366d"),
        ("abandonment_windows = '1.5h'", "from 1h to 366d"),
        ("abandonment_windows = '367d'", "from 1h to 366d"),
        ("abandonment_windows = '24h,1d'", "must name each window once: 1d is there twice"),
        ("abandonment_windows = 'month,month'", "must name each window once"),
        ("abandonment_windows = '1h,2h,3h,4h,5h,6h'", "must name at most 5 windows"),
        ("abandonment_windows = 24", "must be windows such as 24h,30d"),
        ("abandonment_time_zone = 'Berlin'", "abandonment_time_zone in .* must be an IANA time zone"),
        ("abandonment_time_zone = '../etc/passwd'", "such as Europe/Berlin or UTC"),
        ("abandonment_time_zone = ''", "such as Europe/Berlin or UTC"),
        ("abandonment_threshold_s = -1", "must be from 0 to 60, not -1"),
        ("abandonment_threshold_s = nan", "must be from 0 to 60"),
        ("abandonment_target_ratio = 3.0", "must be from 0 to 1, not 3"),
        ("agent_state_max_age_s = 1", "agent_state_max_age_s in .* must be 0, or from 3 to 3600, not 1"),
        ("agent_state_max_age_s = -1", "must be 0, or from 3 to 3600"),
        ("agent_state_max_age_s = nan", "must be 0, or from 3 to 3600"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=complaint):
        load_settings(environment={}, config_file=path)


@pytest.mark.parametrize("seconds", [0, 3, 15.5, 3600])
def test_agents_are_relied_on_for_a_while_or_for_ever(seconds: float) -> None:
    settings = load_settings({"agent_state_max_age_s": seconds}, environment={})
    assert settings.agent_state_max_age_s == seconds


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load_settings(environment={}, config_file=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("24h,30d", ["24h", "30d"]),
        ("month", ["month"]),
        (" 1h, 7d ,month", ["1h", "7d", "month"]),
        ("30d,24h", ["24h", "30d"]),
        ("1d", ["24h"]),
    ],
)
def test_windows_are_told_by_their_names_shortest_first(text: str, names: list[str]) -> None:
    settings = load_settings({"abandonment_windows": text}, environment={})
    assert [window.name for window in parse_windows(settings.abandonment_windows, "UTC")] == names
