"""Recordings, as those who keep a contact centre see them: `trunkcall recordings`, `forget`, and the operations of
``connect`` on them. If these fail, nobody finds what was said, or it is heard by those who may not."""

from __future__ import annotations

import io
import json
import stat
import wave
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from serving import Serving, dial_request, put_all, serving
from trunkcall.cli.client import connection, trunkcall_client
from trunkcall.domain.recording import Recording
from trunkcall.domain.recording_file import ChunkSealer
from trunkcall.storage.recording_files import PURPOSE, RecordingFiles
from trunkcall.storage.secret_box import SecretBox, load_secret_key

SECOND = 8000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server whose only campaign was recorded, and is over. The simulated carrier has no sound: what was said is put
    where it would be."""
    with serving(tmp_path_factory.mktemp("recorded") / "data", speed=600, agents=20) as server:
        client = server.client()
        run(server, "campaign", "create", "Spring", "--record", "--start")
        campaign_id = client.list_campaigns()["campaignSummaryList"][0]["id"]
        put_all(client, campaign_id, [dial_request(f"lead-{n}", n) for n in range(40)])
        server.wait_until(lambda: all(record["State"] == "Ended" for record in server.export()))
        for talk in talks(server):
            put_sound(server, talk)
        yield server


def run(server: Serving, *arguments: str, check: bool = True) -> str:
    done = server.trunkcall(*arguments, "--data-dir", str(server.data_dir), check=check)
    return done.stdout + done.stderr


def instance_id(server: Serving) -> str:
    return server.environment["TRUNKCALL_INSTANCE_ID"]


def own(server: Serving, key_id: str | None = None, secret: str | None = None) -> Any:
    """A client of Trunkcall's own operations."""
    where = connection(server.data_dir, server.environment)
    return trunkcall_client(where if key_id is None else replace(where, access_key_id=key_id, secret_access_key=secret))


def talks(server: Serving) -> list[dict[str, Any]]:
    """The records of those who were recorded."""
    found = [record for record in server.export() if record["Recordings"]]
    assert len(found) > 3
    return found


def put_sound(server: Serving, talk: dict[str, Any]) -> None:
    """Forty seconds: the customer is loud, the agent silent."""
    [told] = talk["Recordings"]
    day = told["Location"].split("/")[1]
    files = RecordingFiles(server.data_dir, SecretBox(load_secret_key(server.data_dir / "secret.key")).derive(PURPOSE))
    new = files.begin(Recording(told["RecordingId"], at_noon(day)))
    sealer = ChunkSealer(AESGCM(new.key), new.head)
    sound = new.head + sealer.sealed(b"", b"")
    for _ in range(40):
        sound += sealer.sealed(b"\x80" * SECOND, b"\xff" * SECOND)
    Path(new.path).write_bytes(sound + sealer.sealed(b"", b"", last=True))
    assert new.path.endswith(told["Location"])


def at_noon(day: str) -> int:
    return round(datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp() * 1_000_000)


def wav(octets: bytes) -> tuple[int, bytes, bytes]:
    """How many samples, and those of the left and of the right."""
    with wave.open(io.BytesIO(octets)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (SECOND, 2, 2)
        frames = file.readframes(file.getnframes())
    left = b"".join(frames[n : n + 2] for n in range(0, len(frames), 4))
    return file.getnframes(), left, b"".join(frames[n + 2 : n + 4] for n in range(0, len(frames), 4))


def test_recordings_are_listed_and_written_to_files(recorded: Serving, tmp_path: Path) -> None:
    ids = {talk["Recordings"][0]["RecordingId"] for talk in talks(recorded)}
    listed = json.loads(run(recorded, "recordings", "list", "--json"))
    assert {each["recording_id"] for each in listed} == ids
    assert {each["seconds"] for each in listed} == {40.0}
    table = run(recorded, "recordings", "list", "--campaign", "Spring")
    assert all(each in table for each in ids)
    assert all(line.rstrip().endswith("Spring") for line in table.splitlines()[1:])
    assert {each["campaign_name"] for each in listed} == {"Spring"}
    run(recorded, "campaign", "create", "Autumn")
    of_talk = "recordings", "list", "--json", "--contact", talks(recorded)[0]["ContactId"], "--campaign"
    assert [len(json.loads(run(recorded, *of_talk, each))) for each in ("Spring", "Autumn")] == [1, 0]
    folder = tmp_path / "talks"
    assert f"{len(ids)} recordings written" in run(recorded, "recordings", "export", str(folder), "--yes")
    assert {path.stem for path in folder.iterdir()} == ids
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())} == {0o700, 0o600}
    samples, left, right = wav(next(folder.iterdir()).read_bytes())
    assert samples == 40 * SECOND
    assert set(right) == {0}, "the agent is on the right"
    assert 0 not in set(left)
    again = run(recorded, "recordings", "export", str(folder), "--yes")
    assert f"0 recordings written to {folder}, {len(ids)} were there." in again


def test_a_player_that_cannot_be_read_is_said_in_words(recorded: Serving) -> None:
    recording_id = talks(recorded)[0]["Recordings"][0]["RecordingId"]
    told = run(recorded, "recordings", "play", recording_id, "--player", 'mpv "-', check=False)
    assert "a quotation mark that is not closed" in told


def has_been_heard(server: Serving, recording_id: str) -> bool:
    """Whether somebody has listened to it, by the audit log."""
    lines = (server.data_dir / "audit.jsonl").read_text().splitlines()
    return any('"PlayRecording"' in line and recording_id in line for line in lines)


def test_whoever_has_listened_is_written_down_and_nobody_may_who_was_not_allowed(
    recorded: Serving, tmp_path: Path
) -> None:
    talk = talks(recorded)[0]
    contact_id, recording_id = talk["ContactId"], talk["Recordings"][0]["RecordingId"]
    place = {"connectInstanceId": instance_id(recorded)}
    own(recorded).play_recording(**place, recordingId=recording_id)
    recorded.wait_until(lambda: has_been_heard(recorded, recording_id))
    lists = {"Effect": "Allow", "Action": "connect-campaigns:ListRecordings", "Resource": "*"}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [lists]}))
    key = json.loads(run(recorded, "keys", "create", "--policy", str(policy), "--json"))
    clerk = own(recorded, key["AccessKeyId"], key["SecretAccessKey"])
    assert clerk.list_recordings(**place, contactId=contact_id)["recordings"]
    with pytest.raises(ClientError, match="not authorized to perform: connect-campaigns:PlayRecording"):
        clerk.play_recording(**place, recordingId=recording_id)


def test_of_a_contact_that_has_ended_nothing_can_be_asked(recorded: Serving) -> None:
    connect = recorded.client("connect")
    contact_id = talks(recorded)[0]["ContactId"]
    named = {"InstanceId": instance_id(recorded), "ContactId": contact_id, "InitialContactId": contact_id}
    for ask in (connect.stop_contact_recording, connect.suspend_contact_recording, connect.resume_contact_recording):
        with pytest.raises(ClientError, match="The contact has ended") as refused:
            ask(**named)
        assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    with pytest.raises(ClientError, match="must be ALL"):
        connect.start_contact_recording(**named, VoiceRecordingConfiguration={"VoiceRecordingTrack": "TO_AGENT"})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        connect.stop_contact_recording(**{**named, "ContactId": "nobody"})


def test_whoever_is_forgotten_cannot_be_heard_any_more(recorded: Serving) -> None:
    talk = talks(recorded)[-1]
    file = recorded.data_dir / talk["Recordings"][0]["Location"]
    assert file.exists()
    spoken, uploaded = recorded.data_dir / "prompts" / "a.wav", recorded.data_dir / "prompts" / "added" / "a.ulaw"
    uploaded.parent.mkdir(parents=True, exist_ok=True)
    for sound in (spoken, uploaded):
        sound.write_bytes(b"Hello")
    run(recorded, "forget", talk["CustomerEndpoint"]["Address"])
    assert not file.exists()
    assert not spoken.exists(), "it may have said the name of whoever is forgotten"
    assert uploaded.exists()
    after = next(each for each in recorded.export() if each["ContactId"] == talk["ContactId"])
    assert [each["Status"] for each in after["Recordings"]] == ["DELETED"]
    assert "There is no sound of this contact" in run(recorded, "recordings", "play", talk["ContactId"], check=False)


def test_a_server_deletes_what_its_settings_keep_no_longer(tmp_path: Path) -> None:
    days = tmp_path / "data" / "recordings"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for day in ("2020-01-01", today):
        (days / day).mkdir(parents=True)
        (days / day / "contact-1.1.tcr").write_bytes(b"a talk")
    with serving(tmp_path / "data", agents=0, recording_retention_days=30) as server:
        server.wait_until(lambda: [each.name for each in days.iterdir()] == [today])
