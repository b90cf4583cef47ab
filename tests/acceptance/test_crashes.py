"""Nothing that was accepted is lost and nobody is called twice, whatever happens to the process.

The witness is the simulated carrier's journal of originates, which the server's own store cannot flatter.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from serving import Serving, dial_request, put_all, serving

pytestmark = pytest.mark.long


def journal(path: Path) -> Counter[str]:
    """How often each contact was originated."""
    return Counter(json.loads(line)["contact_id"] for line in path.read_text().splitlines())


def check(server: Serving, ids: dict[str, str], originates: Counter[str]) -> None:
    records = server.export()
    exported = Counter(record["ContactId"] for record in records)
    assert exported == Counter(ids.values()), "every accepted id is in the export exactly once"
    assert max(originates.values()) == 1, "nobody was called twice"
    assert originates.keys() <= exported.keys(), "nobody unknown was called"
    for record in records:
        assert record["Attempts"] <= 1
        assert record["Attempts"] == 1 or record["ContactId"] not in originates


def test_kill_9_in_the_middle_loses_nothing_and_dials_nobody_twice(tmp_path: Path) -> None:
    witness = tmp_path / "journal.jsonl"
    with serving(tmp_path / "data", speed=400, agents=20, **{"carrier-journal": witness}) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        ids = put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(250)])
        for crash in range(3):
            target = 60 * (crash + 1)
            server.wait_until(lambda target=target: len(journal(witness)) > target)
            server.kill()
            server.start()
            client = server.client()
            assert client.get_campaign_state(id=campaign_id)["state"] == "Running"
            more = [dial_request(f"b-{crash}-{n}", n) for n in range(25)]
            ids |= put_all(client, campaign_id, more)
        client_again = put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(250)])
        assert all(ids[token] == contact_id for token, contact_id in client_again.items())
        server.wait_until(lambda: len([r for r in server.export() if r["Disposition"]]) == len(ids))
        check(server, ids, journal(witness))
        failed = [r for r in server.export() if r["Disposition"] == "attempt_failed"]
        assert failed
        assert {r["DisconnectReason"] for r in failed} == {"OUTBOUND_ATTEMPT_FAILED"}


def test_sigterm_ends_cleanly_and_a_new_start_goes_on(tmp_path: Path) -> None:
    witness = tmp_path / "journal.jsonl"
    with serving(tmp_path / "data", speed=400, agents=20, **{"carrier-journal": witness, "drain-s": 5}) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        ids = put_all(client, campaign_id, [dial_request(f"a-{n}", n) for n in range(300)])
        server.wait_until(lambda: len(journal(witness)) > 60)
        assert server.stop() == 0
        states = Counter(record["State"] for record in server.export())
        assert states.keys() <= {"Waiting", "Ended"}, "contacts in progress came to their end"
        assert not [r for r in server.export() if r["Disposition"] == "attempt_failed"]
        server.start()
        server.wait_until(lambda: len([r for r in server.export() if r["Disposition"]]) == 300)
        check(server, ids, journal(witness))
        assert "Traceback" not in server.log_path.read_text()


def test_a_second_server_on_the_same_directory_is_refused_in_words(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        second = server.trunkcall("serve", "--data-dir", str(server.data_dir), "--port", "0", check=False)
        assert second.returncode == 1
        assert "Another Trunkcall serves the data directory" in second.stderr
        assert "Traceback" not in second.stderr
        server.client().list_campaigns()


def test_credentials_and_store_are_for_their_owner_only_and_secrets_are_written_once(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        before = {name: (server.data_dir / name).read_text() for name in ("credentials", "secret.key")}
        for name in ("credentials", "config", "secret.key", "trunkcall.db"):
            assert (server.data_dir / name).stat().st_mode & 0o777 == 0o600
        assert server.stop() == 0
        server.start()
        assert {name: (server.data_dir / name).read_text() for name in before} == before
        secret = server.environment["AWS_SECRET_ACCESS_KEY"].encode()
        assert secret not in (server.data_dir / "trunkcall.db").read_bytes()


def test_a_server_that_moved_is_found_by_what_env_prints(tmp_path: Path) -> None:
    """Another Region, another port: no command of the same data directory has to be told."""
    with serving(tmp_path / "data") as server:
        server.stop()
        server.options["region"] = "eu-central-1"
        server.start()
        lines = server.trunkcall("env", "--data-dir", str(server.data_dir)).stdout.splitlines()
        assert {"export AWS_REGION=eu-central-1", f"export AWS_ENDPOINT_URL_CONNECTCAMPAIGNS={server.url}"} <= set(
            lines
        )
        assert server.client().list_campaigns()["campaignSummaryList"] == []
        config = (server.data_dir / "config").read_text()
        assert "region = eu-central-1" in config
        assert f"endpoint_url = {server.url}" in config
        assert (server.data_dir / "config").stat().st_mode & 0o777 == 0o600
