"""A server whose disk fails: what its clients are told, what goes on, and that it comes back by itself.

What a user would lose otherwise: leads that were accepted, people who are called twice, the night until somebody finds
out, or a log that fills the disk a second time.
"""

from __future__ import annotations

import errno
import json
import os
import random
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from faults.disk import Disk, breaking_disk, small_disk
from serving import Serving, dial_request, put_all

pytestmark = pytest.mark.long

LINES_OF_TROUBLE = 12
"""The most that a trouble of a few seconds may add to the log."""


@contextmanager
def server_on(data_dir: Path, disk: Disk | None = None, **options: object) -> Iterator[Serving]:
    server = Serving(data_dir, {name.replace("_", "-"): str(value) for name, value in options.items()})
    data_dir.mkdir(mode=0o700, exist_ok=True)
    server.start(**(disk.environment if disk is not None else {}))
    try:
        yield server
    finally:
        assert server.process is not None
        if server.process.poll() is None:
            server.kill()
    assert "Traceback" not in server.log_path.read_text()


def health(server: Serving) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(server.get("/health"))
    return told


def originates(witness: Path) -> Counter[str]:
    """How often each contact was originated, told by the carrier."""
    return Counter(json.loads(line)["contact_id"] for line in witness.read_text().splitlines())


def running_campaign(server: Serving, client: Any) -> str:
    campaign_id: str = client.create_campaign(**server.campaign_arguments())["id"]
    client.start_campaign(id=campaign_id)
    return campaign_id


def refused(call: Callable[[], object], *, retry_after: str) -> str:
    """The call fails as a store's failure does; what the client is told."""
    with pytest.raises(ClientError) as error:
        call()
    answer: Any = error.value.response
    assert answer["Error"]["Code"] == "InternalServerException"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == retry_after
    message: str = answer["Error"]["Message"]
    assert "/" not in message, "no path is anybody's business"
    return message


def everything_is_kept(server: Serving, ids: dict[str, str], witness: Path) -> None:
    records = server.export()
    assert Counter(record["ContactId"] for record in records) == Counter(ids.values())
    called = originates(witness)
    assert max(called.values()) == 1, "nobody was called twice"
    attempts = {record["ContactId"]: record["Attempts"] for record in records}
    assert all(attempts[contact_id] == 1 for contact_id in called)


FAULTS: dict[str, tuple[Callable[[Disk], None], str]] = {
    "full": (lambda disk: disk.fail_writes(errno.ENOSPC, after=3000), "The disk is full."),
    "writes": (lambda disk: disk.fail_writes(errno.EIO, after=3000), "The disk reports errors."),
    "syncs": (lambda disk: disk.fail_syncs(errno.EIO), "The disk reports errors."),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_disk_stops_dialing_in_words_and_a_mended_one_goes_on(disk: Disk, tmp_path: Path, fault: str) -> None:
    arm, words = FAULTS[fault]
    witness = tmp_path / "journal.jsonl"
    with server_on(tmp_path / "data", disk, speed=100, agents=20, carrier_journal=witness) as server:
        client = server.client()
        campaign_id = running_campaign(server, client)
        ids = put_all(client, campaign_id, [dial_request(f"before-{n}", n) for n in range(300)])
        server.wait_until(lambda: witness.exists() and len(originates(witness)) > 20)
        lines = len(server.log_path.read_text().splitlines())

        arm(disk)
        server.wait_until(lambda: health(server)["status"] == "not dialing")
        assert health(server)["trouble"] == words
        while_failing = [dial_request(f"while-{n}", n) for n in range(60)]
        for request in while_failing:
            message = refused(
                partial(client.put_dial_request_batch, id=campaign_id, dialRequests=[request]),
                retry_after="5",
            )
            assert message.startswith(f"{words} Nothing that was accepted is lost")
        assert client.get_campaign_state(id=campaign_id)["state"] == "Running", "reads go on"
        called = len(originates(witness))
        time.sleep(2.5)
        assert len(originates(witness)) == called, "nothing is dialed that could not be written before"
        logged = server.log_path.read_text().splitlines()[lines:]
        assert len(logged) <= LINES_OF_TROUBLE, logged
        assert "request failed" not in server.log_path.read_text()

        disk.heal()
        server.wait_until(lambda: health(server)["status"] == "ok")
        ids |= put_all(client, campaign_id, while_failing)
        server.wait_until(lambda: len(originates(witness)) > called + 20)
        server.kill()
        everything_is_kept(server, ids, witness)


def test_power_cuts_lose_no_request_and_call_nobody_twice(disk: Disk, tmp_path: Path) -> None:
    witness = tmp_path / "journal.jsonl"
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    disk.begin(data_dir)
    ids: dict[str, str] = {}
    with server_on(data_dir, disk, speed=400, agents=20, carrier_journal=witness) as server:
        campaign_id = running_campaign(server, server.client())
        for cut in range(2):
            ids |= put_all(server.client(), campaign_id, [dial_request(f"{cut}-{n}", n) for n in range(100)])
            server.wait_until(lambda cut=cut: witness.exists() and len(originates(witness)) > 40 * (cut + 1))
            server.kill()
            disk.cut_power(random.Random(cut))
            server.start(**disk.environment)
            assert server.client().get_campaign_state(id=campaign_id)["state"] == "Running"
        server.wait_until(lambda: all(record["Disposition"] for record in server.export()))
        everything_is_kept(server, ids, witness)
        assert server.stop() == 0
    assert server.trunkcall("db", "check", "--data-dir", str(data_dir)).stdout.endswith("The store is sound.\n")


class TestASmallDisk:
    def test_it_is_nobody_elses_and_goes_with_whoever_uses_it(self, tmp_path: Path) -> None:
        mine, others = (Path(f"/proc/{who}/mountinfo") for who in (os.getpid(), os.getppid()))
        with small_disk(tmp_path / "small", megabytes=1) as folder:
            assert str(folder) in mine.read_text()
            assert str(folder) not in others.read_text()

    def test_nothing_new_is_taken_before_it_is_full_and_dialing_goes_on(self, tmp_path: Path) -> None:
        with (
            small_disk(tmp_path / "small", megabytes=40) as folder,
            server_on(folder / "data", speed=400, agents=20, min_free_mb=10) as server,
        ):
            client = server.client()
            campaign_id = running_campaign(server, client)
            ids = put_all(client, campaign_id, [dial_request(f"before-{n}", n) for n in range(100)])
            ballast = folder / "ballast"
            ballast.write_bytes(bytes(28_000_000))
            server.wait_until(lambda: health(server)["status"] == "taking nothing new")
            told = health(server)["trouble"]
            assert "nearly full" in told
            assert told.endswith("Nothing that was accepted is lost, and dialing goes on for as long as it can write.")
            another = dial_request("another", 1)
            for call in (
                lambda: client.put_dial_request_batch(id=campaign_id, dialRequests=[another]),
                lambda: client.create_campaign(**server.campaign_arguments("Summer")),
            ):
                assert refused(call, retry_after="30") == told
            client.update_campaign_name(id=campaign_id, name="Autumn")
            client.pause_campaign(id=campaign_id)
            client.resume_campaign(id=campaign_id)
            server.wait_until(lambda: all(record["Disposition"] for record in server.export()))
            with suppress(OSError), ballast.open("ab", buffering=0) as more:
                while more.write(bytes(4096)):
                    pass

            def refuses_writes() -> bool:
                with suppress(ClientError):
                    client.update_campaign_name(id=campaign_id, name=f"Winter {time.monotonic_ns()}")
                    return False
                return True

            server.wait_until(refuses_writes)
            server.wait_until(lambda: health(server)["status"] == "not dialing")
            assert health(server)["trouble"] == "The disk is full."
            put = partial(client.put_dial_request_batch, id=campaign_id, dialRequests=[another])
            message = refused(put, retry_after="30")
            assert "The disk is full." in message
            assert "nothing is dialed meanwhile" in message
            assert "dialing goes on" not in message
            ballast.unlink()
            server.wait_until(lambda: health(server)["status"] == "ok")
            ids |= put_all(client, campaign_id, [another])
            assert {record["ContactId"] for record in server.export()} == set(ids.values())
            assert server.stop() == 0

    def test_a_full_disk_is_told_and_is_no_end(self, tmp_path: Path) -> None:
        with (
            small_disk(tmp_path / "small", megabytes=8) as folder,
            server_on(folder / "data", agents=0, min_free_mb=0) as server,
        ):
            client = server.client()
            campaign_id = running_campaign(server, client)
            ids = put_all(client, campaign_id, [dial_request("first", 1)])
            ballast = folder / "ballast"
            fill(ballast)
            big = [dial_request(f"big-{n}", n, note="x" * 20_000) for n in range(25)]
            for _ in range(20):
                message = refused(
                    lambda: client.put_dial_request_batch(id=campaign_id, dialRequests=big), retry_after="5"
                )
                assert message.startswith("The disk is full. Nothing that was accepted is lost")
            server.wait_until(lambda: health(server)["trouble"] == "The disk is full.")
            ballast.unlink()
            server.wait_until(lambda: health(server)["status"] == "ok")
            ids |= put_all(client, campaign_id, big)
            assert {record["ContactId"] for record in server.export()} == set(ids.values())
            assert server.stop() == 0

    def test_it_ends_in_words_on_a_disk_that_is_full_or_read_only_from_the_start(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "small", megabytes=8) as folder:
            with server_on(folder / "data", agents=0) as server:
                assert server.stop() == 0
            data_dir = str(server.data_dir)
            fill(folder / "ballast")
            ended = server.trunkcall("serve", "--data-dir", data_dir, "--port", "0", check=False)
            assert ended.returncode == 1
            assert "The disk is full" in ended.stderr or "No space left" in ended.stderr
            assert "Traceback" not in ended.stderr
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
            ended = server.trunkcall("serve", "--data-dir", data_dir, "--port", "0", check=False)
            assert ended.returncode == 1
            assert "Read-only file system" in ended.stderr or "is read-only" in ended.stderr
            assert "Traceback" not in ended.stderr
            assert "The store is sound." in server.trunkcall("db", "check", "--data-dir", data_dir).stdout


def test_a_disk_that_the_kernel_makes_read_only_is_called_so(tmp_path: Path) -> None:
    folder = tmp_path / "breaking"
    with (
        breaking_disk(folder) as trigger,
        server_on(folder / "data", agents=0, min_free_mb=0) as server,
    ):
        client = server.client()
        campaign_id = running_campaign(server, client)
        put_all(client, campaign_id, [dial_request("first", 1)])
        trigger.write_text("1")
        with pytest.raises(ClientError):
            put_all(client, campaign_id, [dial_request("noticed", 3)])
        server.wait_until(lambda: health(server)["trouble"] == "The file system of the store is read-only.")
        message = refused(
            lambda: client.put_dial_request_batch(id=campaign_id, dialRequests=[dial_request("second", 2)]),
            retry_after="5",
        )
        assert message.startswith("The file system of the store is read-only.")
        assert client.get_campaign_state(id=campaign_id)["state"] == "Running"
        assert server.stop() == 0


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def test_a_damaged_store_is_told_and_a_backup_brings_it_back(tmp_path: Path) -> None:
    with server_on(tmp_path / "data", agents=0) as server:
        data_dir, backup = str(server.data_dir), str(tmp_path / "backup.db")
        store = server.data_dir / "trunkcall.db"
        client = server.client()
        campaign_id = running_campaign(server, client)
        ids = put_all(client, campaign_id, [dial_request(f"{n}", n) for n in range(200)])
        made = server.trunkcall("db", "backup", backup, "--data-dir", data_dir)
        assert "200 contacts" in made.stdout
        assert "secret.key is not in it" in made.stdout
        busy = server.trunkcall("db", "restore", backup, "--data-dir", data_dir, check=False)
        assert busy.returncode == 1
        assert "Another Trunkcall serves" in busy.stderr
        assert server.stop() == 0
        with closing(sqlite3.connect(store)) as connection:
            (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'contact'").fetchone()
        with store.open("r+b") as file:
            file.seek((root - 1) * 4096)
            file.write(os.urandom(4096))

        server.start()
        lines = len(server.log_path.read_text().splitlines())
        client = server.client()
        request = dial_request("another", 1)
        for _ in range(20):
            message = refused(
                lambda: client.put_dial_request_batch(id=campaign_id, dialRequests=[request]), retry_after="60"
            )
            assert "trunkcall db check" in message
        server.wait_until(lambda: "damaged" in (health(server)["trouble"] or ""))
        assert len(server.log_path.read_text().splitlines()) - lines <= LINES_OF_TROUBLE
        server.stop()

        checked = server.trunkcall("db", "check", "--data-dir", data_dir, check=False)
        assert checked.returncode == 1
        assert "The store is damaged." in checked.stdout
        restored = server.trunkcall("db", "restore", backup, "--data-dir", data_dir).stdout
        assert "campaigns paused: 1; requests waiting: 200" in restored
        assert "may have been dialed" in restored
        server.start()
        client = server.client()
        assert client.get_campaign_state(id=campaign_id)["state"] == "Paused"
        client.resume_campaign(id=campaign_id)
        assert put_all(client, campaign_id, [dial_request("7", 7)]) == {"7": ids["7"]}
        assert server.stop() == 0
