"""One digit of one phone number, changed by the disk, under a real server.

What a user would lose otherwise: every campaign, for the sake of one number.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from serving import Serving, dial_request, put_all, serving

pytestmark = pytest.mark.long

LEADS = 60
VICTIM = 7


def damage(store: Path) -> None:
    """Change the last digit of the victim's number in the file."""
    lead = dial_request(f"lead-{VICTIM}-", VICTIM)
    before = (lead["clientToken"] + lead["phoneNumber"]).encode()
    content = store.read_bytes()
    assert content.count(before) == 1
    store.write_bytes(content.replace(before, before[:-1] + b"9"))


def health(server: Serving) -> tuple[str, int]:
    told = json.loads(server.get("/health"))
    return told["status"], told["quarantined"]


def test_one_damaged_number_stops_nobody_else_and_is_ended_by_hand(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=0) as server:
        data_dir = str(server.data_dir)
        client = server.client()
        spring, autumn = (
            client.create_campaign(**server.campaign_arguments(name))["id"] for name in ("Spring", "Autumn")
        )
        for campaign_id in (spring, autumn):
            client.start_campaign(id=campaign_id)
        ids = put_all(client, spring, [dial_request(f"lead-{n}-", n) for n in range(LEADS)])
        put_all(client, autumn, [dial_request(f"lead-{n}", n) for n in range(LEADS)])
        victim = ids[f"lead-{VICTIM}-"]
        assert server.stop() == 0
        damage(server.data_dir / "trunkcall.db")
        server.options |= {"agents": "20", "speed": "100"}
        server.start()

        # All but that one are dialed, of its campaign and of the other.
        server.wait_until(lambda: server.metric("trunkcall_contacts_ended_total") == 2 * LEADS - 1)
        assert health(server) == ("ok", 1)
        assert server.metric("trunkcall_contacts_quarantined") == 1
        explained = server.trunkcall(
            "explain", "--campaign", "Spring", "--dial-request", victim, "--data-dir", data_dir
        )
        assert "set aside" in explained.stdout
        client = server.client()
        client.delete_campaign(id=spring)
        again = client.create_campaign(**server.campaign_arguments("Again"))["id"]
        client.start_campaign(id=again)
        put_all(client, again, [dial_request("late", 1)])
        server.wait_until(lambda: server.metric("trunkcall_contacts_ended_total") == 2 * LEADS)

        # It is told by everything that a person may look at, and its number by nothing.
        exported = server.trunkcall("export", "contacts", "--data-dir", data_dir)
        assert len(exported.stdout.splitlines()) == 2 * LEADS
        assert "left out because they are damaged: 1 contact " in exported.stderr
        checked = server.trunkcall("db", "check", "--data-dir", data_dir)
        assert f"contact {victim} of campaign {spring}: not what was accepted" in checked.stdout
        assert "The store is sound but for 1 damaged contact" in checked.stdout
        backup = server.trunkcall("db", "backup", str(tmp_path / "backup.db"), "--data-dir", data_dir)
        assert "sound but for 1 damaged contact" in backup.stdout
        shown = server.trunkcall("db", "quarantine", "--data-dir", data_dir).stdout
        assert victim in shown
        assert "1 contact is set aside" in shown
        (told,) = json.loads(server.trunkcall("db", "quarantine", "--json", "--data-dir", data_dir).stdout)
        assert told["Damage"] == "NotAsAccepted"
        assert "+1212555" not in checked.stdout + shown + json.dumps(told) + server.log_path.read_text()
        unknown = server.trunkcall("db", "quarantine", "--end", "nobody", "--data-dir", data_dir, check=False)
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert "No contact nobody is set aside" in unknown.stderr

        # Ended by hand beside the server, it has its place in the account.
        ended = server.trunkcall("db", "quarantine", "--end", victim, "--data-dir", data_dir).stdout
        assert "1 contact is ended" in ended
        server.wait_until(lambda: health(server) == ("ok", 0))
        records = server.export()
        assert len(records) == 2 * LEADS + 1
        (record,) = (record for record in records if record["ContactId"] == victim)
        assert record["DisconnectReason"] == "EXPIRED"
        assert "The store is sound." in server.trunkcall("db", "check", "--data-dir", data_dir).stdout
        assert "No contact is set aside." in server.trunkcall("db", "quarantine", "--data-dir", data_dir).stdout
        assert max(Counter(record["ContactId"] for record in records).values()) == 1
        assert server.stop() == 0
