"""A server that is to call people by Asterisk starts, or says in words what is missing.

If this fails, somebody watches a server that can never dial, or one that dials otherwise than they think.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from commands import COMMANDS
from serving import serving
from trunkcall.compose.telephony import CARRIERS
from trunkcall.domain.errors import SettingsError
from trunkcall.settings import Settings, load_settings

ARI = CARRIERS["ari"]
PASSWORD = "not to be told"


def settings(tmp_path: Path, text: str = "") -> Settings:
    path = tmp_path / "trunkcall.toml"
    path.write_text(text)
    return load_settings({"carrier": "ari"}, environment={"TRUNKCALL_ARI_PASSWORD": PASSWORD}, config_file=path)


TWO_HOSTS = "[[trunks]]\ntrunk_id = 'north'\nhost = 'one'\n[[trunks]]\ntrunk_id = 'south'\nhost = 'two'\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speed = 60", "speed must be 1, not 60"),
        ("carrier_url = 'tcp://127.0.0.1:8751'", "carrier_url is of the simulated carrier"),
        (TWO_HOSTS, "on the hosts one, two, and the carrier ari reaches one Asterisk"),
        ("ari_url = 'http://192.0.2.1:8088'", "plain http to 192.0.2.1"),
        ("speech_command = 'say \"{file}'", "quotation mark that is not closed"),
    ],
)
def test_what_a_switch_cannot_do_is_refused_at_the_start(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as raised:
        ARI.check(settings(tmp_path, text))
    assert PASSWORD not in raised.value.message
    ARI.check(settings(tmp_path, TWO_HOSTS.replace("two", "one")))


def test_without_what_speaks_to_a_switch_it_is_said_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkcall.compose.asterisk.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'trunkcall\[ari\]'"):
        ARI.check(settings(tmp_path))


def test_nobody_is_called_without_a_password_and_rules(tmp_path: Path) -> None:
    """Both are told on the command line, before anything is served."""
    arguments = ("serve", "--data-dir", str(tmp_path / "data"), "--port", "0", "--carrier", "ari")
    without = COMMANDS.run(*arguments)
    assert without.returncode == 1
    assert "none is given for its user trunkcall" in " ".join(without.stderr.split())
    lawless = COMMANDS.run(*arguments, TRUNKCALL_ARI_PASSWORD=PASSWORD)
    assert lawless.returncode == 1
    assert "there is no calling policy" in " ".join(lawless.stderr.split())
    assert PASSWORD not in without.stderr + lawless.stderr


def test_while_the_switch_is_away_it_is_said_why_nobody_is_dialed(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        password = tmp_path / "password"
        password.write_text(PASSWORD + "\n")
        options = {"carrier": "ari", "calling_policy": "cautious", "ari_url": url, "ari_password_file": password}
        with serving(tmp_path / "data", **options) as server:
            server.wait_until(lambda: json.loads(server.get("/health"))["status"] == "not dialing")
            why = "Asterisk cannot be reached at ari_url: Connection refused."
            assert json.loads(server.get("/health"))["trouble"] == why
            told = server.trunkcall("status", "--data-dir", str(server.data_dir), check=False)
            assert told.returncode == 1
            assert why in " ".join(told.stdout.split())
            assert (
                server.client("connect").list_users(InstanceId=server.environment["TRUNKCALL_INSTANCE_ID"])[
                    "UserSummaryList"
                ]
                == []
            ), "nobody simulates agents who are to speak to people"
            assert PASSWORD not in server.log_path.read_text()
