"""A backup on another machine. What a user would lose otherwise: the way back into a store that is all there."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from serving import Serving, dial_request, put_all, serving
from telephony.asterisk.tones import a_tone


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A backup with one contact and one prompt, and its server's secret key beside it."""
    with serving(tmp_path / "old", agents=0) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        put_all(client, campaign_id, [dial_request("first", 1)])
        sound = a_tone(tmp_path / "closing.wav", 1000, 1.0)
        server.trunkcall("prompts", "add", str(sound), "--data-dir", str(server.data_dir))
        file = tmp_path / "backup.db"
        server.trunkcall("db", "backup", str(file), "--data-dir", str(server.data_dir))
        shutil.copy(server.data_dir / "secret.key", tmp_path / "secret.key")
    return file


def restored(backup: Path) -> Serving:
    server = Serving(backup.with_name("new"), {"agents": "0"})
    told = server.trunkcall("db", "restore", str(backup), "--data-dir", str(server.data_dir)).stdout
    assert "campaigns paused: 1; requests waiting: 1" in told
    assert "put the one of the backup's server there" in told
    return server


def look(server: Serving) -> None:
    try:
        (summary,) = server.client().list_campaigns()["campaignSummaryList"]
        assert server.client().get_campaign_state(id=summary["id"])["state"] == "Paused"
        assert len(server.export()) == 1
    finally:
        server.kill()


def test_with_its_secret_key_everything_is_as_it_was(backup: Path) -> None:
    server = restored(backup)
    shutil.copy(backup.with_name("secret.key"), server.data_dir / "secret.key")
    server.start()
    look(server)
    [kept] = (backup.with_name("old") / "prompts" / "added").iterdir()
    assert (server.data_dir / "prompts" / "added" / kept.name).read_bytes() == kept.read_bytes(), "prompts are heard"


def test_without_its_secret_key_a_new_access_key_is_made(backup: Path) -> None:
    server = restored(backup)
    data_dir = str(server.data_dir)
    refused = server.trunkcall("serve", "--data-dir", data_dir, "--port", "0", check=False)
    assert refused.returncode == 1
    assert "make another with `trunkcall keys create`" in refused.stderr
    assert server.trunkcall("keys", "create", "--data-dir", data_dir, check=False).returncode == 1
    for key in json.loads(server.trunkcall("keys", "list", "--json", "--data-dir", data_dir).stdout):
        server.trunkcall("keys", "revoke", key["AccessKeyId"], "--data-dir", data_dir)
    server.trunkcall("keys", "create", "--data-dir", data_dir)
    server.start()
    assert (server.data_dir / "credentials").stat().st_mode & 0o777 == 0o600
    look(server)


def test_a_server_whose_secret_key_was_mixed_up_says_so_and_does_not_begin(tmp_path: Path) -> None:
    server = Serving(tmp_path / "data")
    data_dir = str(server.data_dir)
    server.start()
    try:
        server.stop()
        key = server.data_dir / "secret.key"
        own = key.read_text()
        key.write_text(f"{'0f' * 32}\n")
        refused = server.trunkcall("serve", "--data-dir", data_dir, "--port", "0", check=False)
        assert refused.returncode == 1
        assert "they were encrypted with another secret key" in refused.stderr
        key.write_text(own)
        server.start()
        assert server.client().list_campaigns()["campaignSummaryList"] == []
        (access_key,) = json.loads(server.trunkcall("keys", "list", "--json", "--data-dir", data_dir).stdout)
        server.trunkcall("keys", "revoke", access_key["AccessKeyId"], "--data-dir", data_dir)
        server.stop()
        server.start()
    finally:
        server.kill()


def test_commands_about_a_store_that_is_not_there_say_so(tmp_path: Path) -> None:
    server = Serving(tmp_path / "nothing")
    for command in ("check", "backup", "migrate"):
        arguments = ["backup.db"] if command == "backup" else []
        refused = server.trunkcall("db", command, *arguments, "--data-dir", str(server.data_dir), check=False)
        assert refused.returncode == 1
        assert "There is no Trunkcall data directory" in refused.stderr
        assert not os.path.lexists(server.data_dir)
