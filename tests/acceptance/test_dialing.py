"""A campaign dials, and every request is accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from serving import Serving, dial_request, put_all, serving


def running_campaign(server: Serving, client: Any, name: str, **changes: Any) -> str:
    campaign_id: str = client.create_campaign(**server.campaign_arguments(name, **changes))["id"]
    client.start_campaign(id=campaign_id)
    return campaign_id


def ended(server: Serving, campaign_id: str) -> int:
    lines = server.get("/metrics").splitlines()
    wanted = f'trunkcall_contacts_ended_total{{campaign_id="{campaign_id}"'
    return round(sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(wanted)))


class TestARun:
    def test_every_request_ends_and_is_in_the_export_under_its_id(self, server: Serving, client: Any) -> None:
        campaign_id = running_campaign(server, client, "All")
        ids = put_all(client, campaign_id, [dial_request(f"lead-{n}", n, number=str(n)) for n in range(300)])
        server.wait_until(lambda: ended(server, campaign_id) == 300)
        records = server.export("--campaign", campaign_id)
        assert [record["ContactId"] for record in records] == list(ids.values())
        assert {record["ClientToken"]: record["ContactId"] for record in records} == ids
        assert all(record["Attempts"] == 1 for record in records)
        assert all(record["Attributes"]["number"] == record["ClientToken"][5:] for record in records)
        dispositions = Counter(record["Disposition"] for record in records)
        assert sum(dispositions.values()) == 300
        assert dispositions.keys() <= {"connected_to_agent", "voicemail", "no_answer", "busy", "invalid_number"}
        assert dispositions["connected_to_agent"] > 40

    def test_records_say_what_happened_in_amazons_words(self, server: Serving, client: Any) -> None:
        campaign_id = running_campaign(server, client, "Words")
        put_all(client, campaign_id, [dial_request(f"w-{n}", n) for n in range(60)])
        server.wait_until(lambda: ended(server, campaign_id) == 60)
        for record in server.export("--campaign", campaign_id):
            answered = record["ConnectedToSystemTimestamp"] is not None
            match record["Disposition"]:
                case "connected_to_agent":
                    assert record["AnsweringMachineDetectionStatus"] == "HUMAN_ANSWERED"
                    assert record["DisconnectReason"] in ("CUSTOMER_DISCONNECT", "AGENT_DISCONNECT")
                    assert record["Agent"]["Username"].startswith("agent-")
                    assert record["Queue"]["Name"] == "BasicQueue"
                    assert answered
                case "voicemail":
                    assert record["AnsweringMachineDetectionStatus"] in ("VOICEMAIL_BEEP", "VOICEMAIL_NO_BEEP")
                    assert record["DisconnectReason"] == "CONTACT_FLOW_DISCONNECT"
                    assert record["Agent"] is None
                    assert answered
                case "no_answer":
                    assert record["AnsweringMachineDetectionStatus"] == "AMD_UNANSWERED"
                    assert record["DisconnectReason"] == "TELECOM_UNANSWERED"
                    assert not answered
                case "busy":
                    assert record["DisconnectReason"] == "TELECOM_BUSY"
                case "invalid_number":
                    assert record["DisconnectReason"] == "TELECOM_NUMBER_INVALID"
                case other:
                    raise AssertionError(other)

    def test_a_repeated_token_is_one_contact(self, server: Serving, client: Any) -> None:
        """An SDK that lost the answer submits again; nobody may be called twice for it."""
        campaign_id = running_campaign(server, client, "Repeated")
        first = put_all(client, campaign_id, [dial_request(f"r-{n}", n) for n in range(10)])
        again = put_all(client, campaign_id, [dial_request(f"r-{n}", n + 50) for n in range(10)])
        assert again == first
        server.wait_until(lambda: ended(server, campaign_id) == 10)
        assert len(server.export("--campaign", campaign_id)) == 10

    def test_items_that_cannot_be_dialed_are_refused_one_by_one(self, server: Serving, client: Any) -> None:
        campaign_id = running_campaign(server, client, "Refused")
        past = server.instance_time() - timedelta(seconds=1)
        requests = [
            dial_request("good", 1),
            dial_request("no-plus", 1) | {"phoneNumber": "2125550100"},
            dial_request("too-short", 1) | {"phoneNumber": "+1212555"},
            dial_request("past", 1, past),
            dial_request("large", 1, one="v" * 30_000, two="v" * 30_000),
            dial_request("", 1),
            dial_request("hyphens", 1) | {"phoneNumber": "+1-212-555-0123"},
        ]
        answer = client.put_dial_request_batch(id=campaign_id, dialRequests=requests)
        assert [item["clientToken"] for item in answer["successfulRequests"]] == ["good", "hyphens"]
        refused = [(item["clientToken"], item["failureCode"]) for item in answer["failedRequests"]]
        assert refused == [(token, "InvalidInput") for token in ("no-plus", "too-short", "past", "large", "")]

    def test_agentless_campaigns_play_their_message(self, server: Serving, client: Any) -> None:
        flow = server.environment["TRUNKCALL_CONTACT_FLOW_ID"]
        call = {
            "connectContactFlowId": flow,
            "connectSourcePhoneNumber": "+12025550100",
            "answerMachineDetectionConfig": {"enableAnswerMachineDetection": True},
        }
        changes = {"dialerConfig": {"agentlessDialerConfig": {"dialingCapacity": 0.5}}, "outboundCallConfig": call}
        campaign_id = running_campaign(server, client, "Message", **changes)
        put_all(client, campaign_id, [dial_request(f"m-{n}", n) for n in range(100)])
        server.wait_until(lambda: ended(server, campaign_id) == 100)
        records = server.export("--campaign", campaign_id)
        dispositions = Counter(record["Disposition"] for record in records)
        assert dispositions["message_played"] > 5
        assert "connected_to_agent" not in dispositions
        assert {record["SystemEndpoint"]["Address"] for record in records} == {"+12025550100"}


class TestPauseAndStop:
    def test_a_paused_campaign_dials_nobody_and_goes_on_when_resumed(self, server: Serving, client: Any) -> None:
        campaign_id = running_campaign(server, client, "Paused")
        put_all(client, campaign_id, [dial_request(f"p-{n}", n) for n in range(400)])
        client.pause_campaign(id=campaign_id)
        paused_at = server.instance_time()
        server.wait_until(lambda: server.instance_time() > paused_at + timedelta(minutes=15))
        before = ended(server, campaign_id)
        assert before < 400
        waiting = [r for r in server.export("--campaign", campaign_id) if r["State"] == "Waiting"]
        assert len(waiting) == 400 - before
        assert server.metric("trunkcall_campaign_in_flight") == 0
        client.resume_campaign(id=campaign_id)
        server.wait_until(lambda: ended(server, campaign_id) == 400)
        late = [
            r for r in server.export("--campaign", campaign_id) if r["ContactId"] in {w["ContactId"] for w in waiting}
        ]
        assert all(r["AttemptTimestamp"] >= paused_at.strftime("%Y-%m-%dT%H:%M:%SZ") for r in late)

    def test_a_stopped_campaign_ends_what_waits_and_lets_go_on_what_is_in_progress(self, tmp_path: Path) -> None:
        # Five agents need many seconds of the wall clock for so many: some wait yet when the stop is done.
        with serving(tmp_path / "data", speed=100, agents=5) as server:
            client = server.client()
            campaign_id = running_campaign(server, client, "Stopped")
            put_all(client, campaign_id, [dial_request(f"s-{n}", n) for n in range(400)])
            server.wait_until(lambda: ended(server, campaign_id) > 0)
            client.stop_campaign(id=campaign_id)
            stopped_at = server.instance_time().strftime("%Y-%m-%dT%H:%M:%SZ")
            server.wait_until(lambda: ended(server, campaign_id) == 400)
            records = server.export("--campaign", campaign_id)
            expired = [record for record in records if record["Disposition"] == "expired"]
            attempted = [record for record in records if record["Disposition"] != "expired"]
            assert {(r["DisconnectReason"], r["Attempts"], r["AttemptTimestamp"]) for r in expired} == {
                ("EXPIRED", 0, None)
            }
            assert attempted
            assert all(r["Attempts"] == 1 and r["AttemptTimestamp"] <= stopped_at for r in attempted)

    def test_deleting_a_running_campaign_stops_it_and_keeps_its_records(self, tmp_path: Path) -> None:
        # Some wait yet when it is deleted, as above.
        with serving(tmp_path / "data", speed=100, agents=5) as server:
            client = server.client()
            campaign_id = running_campaign(server, client, "Deleted while running")
            put_all(client, campaign_id, [dial_request(f"d-{n}", n) for n in range(400)])
            client.delete_campaign(id=campaign_id)
            server.wait_until(lambda: ended(server, campaign_id) == 400)
            records = server.export("--campaign", campaign_id)
            assert len(records) == 400
            assert any(record["Disposition"] == "expired" for record in records)


class TestExpiry:
    def test_a_request_not_dialed_in_time_is_never_dialed(self, tmp_path: Path) -> None:
        with serving(tmp_path / "data", speed=100, agents=1) as server:
            client = server.client()
            campaign_id = running_campaign(server, client, "Expiring")
            soon = server.in_instance_time(minutes=5)
            put_all(client, campaign_id, [dial_request(f"e-{n}", n, soon) for n in range(100)])
            server.wait_until(lambda: ended(server, campaign_id) == 100)
            records = server.export()
            limit = soon.strftime("%Y-%m-%dT%H:%M:%SZ")
            for record in records:
                if record["Disposition"] == "expired":
                    assert record["Attempts"] == 0
                else:
                    assert record["AttemptTimestamp"] <= limit
            assert sum(record["Disposition"] == "expired" for record in records) > 50


class TestRepeatability:
    def test_a_contacts_fate_is_decided_by_seed_and_token(self, tmp_path: Path) -> None:
        """So that a test in CI sees the same calls every time."""
        runs = []
        for run, seed in (("a", 7), ("b", 7), ("c", 8)):
            with serving(tmp_path / run, speed=2000, agents=20, seed=seed) as server:
                client = server.client()
                campaign_id = running_campaign(server, client, "Fate")
                put_all(client, campaign_id, [dial_request(f"f-{n}", n) for n in range(100)])
                server.wait_until(lambda server=server, campaign_id=campaign_id: ended(server, campaign_id) == 100)
                runs.append({r["ClientToken"]: r["Disposition"] for r in server.export()})
        assert runs[0] == runs[1]
        assert runs[0] != runs[2]
