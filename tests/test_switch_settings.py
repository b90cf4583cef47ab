"""How the switch is reached: whoever reads the list of processes, a log or the network on the way must not learn the
password, with which anybody can place calls at the operator's cost."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from trunkcall.cli.options import with_settings
from trunkcall.domain.errors import SettingsError
from trunkcall.settings import SETTINGS, Settings, load_settings, switch_password

SECRET = "hunter2-secret"


def test_a_password_is_taken_from_the_environment_or_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text("ari_password = 'of the file'\n")
    assert switch_password(load_settings(environment={}, config_file=path)) == "of the file"
    assert switch_password(load_settings(environment={"TRUNKCALL_ARI_PASSWORD": SECRET}, config_file=path)) == SECRET


def test_a_password_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    settings = load_settings(environment={"TRUNKCALL_ARI_PASSWORD_FILE": str(file)})
    assert switch_password(settings) == SECRET


def test_no_password_is_given_by_default() -> None:
    assert switch_password(load_settings(environment={})) == ""


def test_no_flag_takes_a_secret_and_none_is_heard_of_if_it_is_given_as_one() -> None:
    secrets = {setting.name for setting in SETTINGS if setting.secret}
    assert secrets == {"ari_password"}

    def command(settings: Settings) -> None:
        raise AssertionError(settings)

    parameters = inspect.signature(with_settings()(command)).parameters
    assert not secrets & parameters.keys()
    assert {"ari_url", "ari_user", "ari_password_file"} <= parameters.keys()
    assert load_settings({"ari_password": SECRET}, environment={}).ari_password == ""


def test_a_secret_is_in_no_words(tmp_path: Path) -> None:
    assert SECRET not in repr(load_settings(environment={"TRUNKCALL_ARI_PASSWORD": SECRET}))
    for wrong in (f"{SECRET};", f" {SECRET}", f"{SECRET}\n[other]", SECRET * 20, f"{SECRET}\u00e4"):
        with pytest.raises(SettingsError, match="TRUNKCALL_ARI_PASSWORD must have at most") as raised:
            load_settings(environment={"TRUNKCALL_ARI_PASSWORD": wrong})
        assert SECRET not in raised.value.message
    path = tmp_path / "t.toml"
    path.write_text(f"ari_password = ['{SECRET}']")
    with pytest.raises(SettingsError, match=r"ari_password in .* must be a text\.$"):
        load_settings(environment={}, config_file=path)


def test_a_password_in_an_address_is_not_told() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings({"ari_url": f"http://me:{SECRET}@pbx.example"}, environment={})
    assert SECRET not in raised.value.message


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "ari_password_file .* cannot be read: No such file"),
        (b"\n", "ari_password_file .* is empty: it must hold the password, and nothing else"),
        (b"\xff\xfe", "ari_password_file .* is not UTF-8"),
        (b"one;two", "The password in ari_password_file .* must have at most"),
    ],
)
def test_what_is_wrong_with_a_file_of_a_password_is_said(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    settings = load_settings(environment={"TRUNKCALL_ARI_PASSWORD_FILE": str(file)})
    with pytest.raises(SettingsError, match=complaint):
        switch_password(settings)


def test_two_passwords_are_one_too_many(tmp_path: Path) -> None:
    both = {"TRUNKCALL_ARI_PASSWORD": SECRET, "TRUNKCALL_ARI_PASSWORD_FILE": str(tmp_path / "p")}
    with pytest.raises(SettingsError, match="Both ari_password and ari_password_file are given"):
        switch_password(load_settings(environment=both))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8088", "http://[::1]:8088", "http://localhost", "https://pbx.example"]
)
def test_a_password_goes_to_this_machine_or_by_tls(url: str) -> None:
    assert switch_password(load_settings({"ari_url": url}, environment={"TRUNKCALL_ARI_PASSWORD": SECRET})) == SECRET


@pytest.mark.parametrize("url", ["http://192.0.2.7:8088", "http://pbx.example:8088", "http://localhost.example"])
def test_it_crosses_no_network_in_the_open_unless_that_is_asked_for(url: str) -> None:
    with pytest.raises(
        SettingsError, match=r"ari_url is plain http to .*: everybody on the way could read the password"
    ):
        switch_password(load_settings({"ari_url": url}, environment={}))
    assert switch_password(load_settings({"ari_url": url, "ari_plain_http": "on"}, environment={})) == ""


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("ari_url", "127.0.0.1:8088", "--ari-url must be http:// or https:// with a host"),
        ("ari_url", "http://", "must be http:// or https:// with a host"),
        ("ari_url", "http://pbx:0", "must be http:// or https:// with a host"),
        ("ari_url", "http://pbx:99999", "must be http:// or https:// with a host"),
        ("ari_url", "http://me:you@pbx", "nothing of users and passwords"),
        ("ari_user", "", "--ari-user must be the name of a user's section of ari.conf"),
        ("ari_user", "a:b", "must be the name of a user's section"),
        ("ari_user", "a]", "must be the name of a user's section"),
        ("ari_user", "General", "must be the name of a user's section of ari.conf, not general"),
        ("speech_command", "espeak-ng", "--speech-command must say where {file} belongs"),
        ("speech_command", "{file}", "must say where {file} belongs"),
        ("speech_command", "espeak-ng '{file}", "has a quotation mark that is not closed"),
        ("ari_plain_http", "yes", "must be one of on, off"),
    ],
)
def test_what_is_wrong_is_said(name: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_settings({name: value}, environment={})
