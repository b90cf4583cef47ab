"""`trunkcall asterisk-config`: what an operator is given, and what nobody else gets to see.

That a real Asterisk takes it, `tests/telephony/asterisk/test_configuration.py` tells.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path

import numpy as np
import pytest

from commands import COMMANDS
from serving import serving
from trunkcall.amd.g711 import decoded
from trunkcall.cli.asterisk.files import HEADER
from trunkcall.cli.asterisk.password_hash import sha512_crypt
from trunkcall.telephony.ari.phones import options

ARI_PASSWORD = "of ari: a test's"
TRUNK_PASSWORD = "of the carrier = a test's"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "north.password").write_text(f"{TRUNK_PASSWORD}\n")
    path = tmp_path / "trunkcall.toml"
    path.write_text(
        f"data_dir = '{tmp_path}/data'\nrtp_ports = '20000-20999'\nsip_external_address = '203.0.113.7'\n"
        "[[trunks]]\ntrunk_id = 'north'\n[trunks.sip]\nserver = 'sip.example.com'\nregister = 'on'\nuser = 'acme'\n"
        f"password_file = '{tmp_path}/north.password'\nattestation = 'A'\n"
        "[[trunks]]\ntrunk_id = 'south'\nchannels = 5\n"
    )
    return path


def asterisk_config(config: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return COMMANDS.run("asterisk-config", "--config", str(config), *more, TRUNKCALL_ARI_PASSWORD=ARI_PASSWORD)


def test_what_is_printed_has_no_password_in_it(config: Path) -> None:
    told = asterisk_config(config)

    assert told.returncode == 0
    assert TRUNK_PASSWORD not in told.stdout + told.stderr
    assert ARI_PASSWORD not in told.stdout
    assert "$6$" not in told.stdout
    assert re.findall("^password = .*$", told.stdout, re.MULTILINE) == ["password = …", "password = …"]
    for line in ("client_uri = sip:acme@sip.example.com", "rtpend = 20999", "external_media_address = 203.0.113.7"):
        assert f"\n{line}\n" in told.stdout
    assert "The trunk south has no table [trunks.sip]" in told.stderr


def test_what_is_written_is_for_asterisk_alone(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "etc" / "asterisk"
    told = asterisk_config(config, "--output", str(folder))

    assert told.returncode == 0
    assert f"asterisk -C {folder}/asterisk.conf" in told.stderr
    assert f"password = {TRUNK_PASSWORD}\n" in (folder / "pjsip.conf").read_text()
    assert f"astetcdir => {folder}\n" in (folder / "asterisk.conf").read_text()
    assert {stat.S_IMODE(path.stat().st_mode) & 0o027 for path in folder.iterdir()} == {0}, (
        "nobody else reads, or writes"
    )
    found = re.search(r"^password = (\$6\$rounds=1000\$([^$]+)\$.*)$", (folder / "ari.conf").read_text(), re.MULTILINE)
    assert found is not None
    assert sha512_crypt(ARI_PASSWORD, found[2]) == found[1]


@pytest.mark.parametrize(
    ("url", "at"),
    [("http://127.0.0.1:8088", "127.0.0.1"), ("http://localhost:8088", "127.0.0.1"), ("http://[::1]:8088", "[::1]")],
)
def test_ari_listens_on_this_machine_alone(config: Path, url: str, at: str) -> None:
    told = asterisk_config(config, "--ari-url", url)
    assert re.findall("^(?:tls)?bindaddr = (.*)$", told.stdout, re.MULTILINE) == [at]


def test_files_of_its_own_are_written_anew_and_those_of_others_are_left_alone(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "asterisk"
    assert asterisk_config(config, "--output", str(folder)).returncode == 0
    assert asterisk_config(config, "--output", str(folder)).returncode == 0
    (folder / "pjsip.conf").write_text("; mine\n")
    (folder / "ari.conf").write_text(f"{HEADER}; former\n")

    refused = asterisk_config(config, "--output", str(folder))

    assert refused.returncode == 1
    assert "pjsip.conf was not written by this command" in refused.stderr
    assert (folder / "pjsip.conf").read_text() == "; mine\n"
    assert "former" in (folder / "ari.conf").read_text(), "all or nothing"
    assert asterisk_config(config, "--output", str(folder), "--force").returncode == 0
    assert "mine" not in (folder / "pjsip.conf").read_text()


def test_whoever_is_on_hold_hears_music_and_that_of_the_house_where_there_is_any(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "asterisk"
    assert asterisk_config(config, "--output", str(folder)).returncode == 0
    assert f"directory = {folder}/music\n" in (folder / "musiconhold.conf").read_text()
    (ours,) = (folder / "music").iterdir()
    samples = decoded(ours.read_bytes())
    assert len(samples) == 16 * 8_000
    assert 500 < np.abs(samples.astype(float)).mean() < 8_000, "it is heard, and startles nobody"

    (folder / "music" / "house.wav").write_bytes(b"theirs")
    assert asterisk_config(config, "--output", str(folder)).returncode == 0
    assert [path.name for path in (folder / "music").iterdir()] == ["house.wav"]


def test_a_telephone_that_sends_nothing_while_it_holds_is_not_taken_for_gone_within_minutes(
    config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "asterisk"
    assert asterisk_config(config, "--output", str(folder)).returncode == 0
    of_trunks = re.findall(r"^rtp_timeout_hold = (\d+)$", (folder / "pjsip.conf").read_text(), re.M)
    of_phone = options("ada", "app", "password")["endpoint"]["rtp_timeout_hold"]
    assert of_trunks
    assert {int(each) for each in (*of_trunks, of_phone)} == {3600}


def test_without_aris_password_it_says_where_one_goes(config: Path) -> None:
    told = COMMANDS.run("asterisk-config", "--config", str(config))
    assert told.returncode == 1
    assert "Write it into a file that nobody else can read, and name that with --ari-password-file" in told.stderr


def test_agents_phones_are_not_in_it_but_there_is_room_for_them(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "asterisk"
    with serving(tmp_path / "data", agents=0) as server:
        (made,) = json.loads(
            server.trunkcall("agents", "add", "ada", "--phone", "--json", "--data-dir", str(server.data_dir)).stdout
        )
        assert asterisk_config(config, "--output", str(folder), "--phone-networks", "10.7.0.0/16").returncode == 0
    written = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    assert not [name for name, text in written.items() if "ada" in text or made["phone"]["password"] in text]
    for kind in ("endpoint", "aor", "auth"):
        assert f"{kind} = memory\n" in written["sorcery.conf"]
    assert "deny = 0.0.0.0/0\npermit = 10.7.0.0/16\n" in written["acl.conf"]


@pytest.mark.parametrize(
    ("password", "salt", "digest"),
    [
        # By crypt(3) of glibc. The first stands in the specification too.
        (
            *("the minimum number is still observed", "roundstoolow"),
            "kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.",
        ),
        ("x", "./", "MFZOukBIWlW37r9vWUq9BhvFwQa2Oid4NkvxDqh9RQJJgk1Ho3csMjjv0MOwTZNis33csk9/0NeuabNW5g.j5."),
        (
            *("longer than one digest, " * 8, "ABCDEFGHIJKLMNOP"),
            "NeVs0GaGk9m.IkRwNQbKsTAih4vNUjLZBALevCwDdM0He/OiIgxCOonEvihhNO/sqJBR60JmfBz8PPYthJQxz1",
        ),
    ],
)
def test_passwords_are_hashed_as_crypt_does(password: str, salt: str, digest: str) -> None:
    assert sha512_crypt(password, salt) == f"$6$rounds=1000${salt}${digest}"
