"""Quotas and throttles: code that will meet Amazon's limits can meet them here first."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from serving import dial_request, serving


def outcome(call: Callable[[], Any]) -> tuple[int, str | None]:
    """The status of an answer, whatever it was, and the error's name."""
    try:
        answer = call()
    except ClientError as error:
        answer = error.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("Error", {}).get("Code")


OK = (200, None)
THROTTLED = (429, "ThrottlingException")


def test_amazons_throttles_apply_when_asked_for_on_every_operation(tmp_path: Path) -> None:
    """DescribeCampaign's model lists no ThrottlingException, yet the service throttles it."""
    with serving(tmp_path / "data", quotas="aws", agents=0) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        outcomes = [outcome(lambda: client.describe_campaign(id=campaign_id)) for _ in range(100)]
        assert outcomes[:35] == [OK] * 35
        assert THROTTLED in outcomes
        names = (f"another {number}" for number in range(5))
        outcomes = [outcome(lambda: client.create_campaign(**server.campaign_arguments(next(names)))) for _ in range(5)]
        assert THROTTLED in outcomes


def test_nobody_is_throttled_by_default(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=0) as server:
        client = server.client()
        for number in range(30):
            client.create_campaign(**server.campaign_arguments(f"campaign {number}"))


def test_campaigns_of_an_instance_and_active_ones_have_a_quota(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=0, **{"max-campaigns": 3, "max-active-campaigns": 1}) as server:
        client = server.client()
        ids = [client.create_campaign(**server.campaign_arguments(f"c{n}"))["id"] for n in range(3)]
        with pytest.raises(client.exceptions.ServiceQuotaExceededException) as raised:
            client.create_campaign(**server.campaign_arguments("c3"))
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
        client.start_campaign(id=ids[0])
        with pytest.raises(client.exceptions.ConflictException, match="quota is 1"):
            client.start_campaign(id=ids[1])
        client.pause_campaign(id=ids[0])
        client.start_campaign(id=ids[1])
        with pytest.raises(client.exceptions.ConflictException, match="quota is 1"):
            client.resume_campaign(id=ids[0])
        client.delete_campaign(id=ids[2])
        client.create_campaign(**server.campaign_arguments("c3"))


def test_a_campaign_holds_so_many_requests_and_says_to_wait(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=0, **{"max-pending": 30}) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        first = [dial_request(f"a-{n}", n) for n in range(25)]
        assert client.put_dial_request_batch(id=campaign_id, dialRequests=first)["failedRequests"] == []
        second = [dial_request(f"b-{n}", n) for n in range(10)]
        answer = client.put_dial_request_batch(id=campaign_id, dialRequests=second)
        assert [item["clientToken"] for item in answer["successfulRequests"]] == [f"b-{n}" for n in range(5)]
        failed = [(item["clientToken"], item["failureCode"]) for item in answer["failedRequests"]]
        assert failed == [(f"b-{n}", "RequestThrottled") for n in range(5, 10)]
        reasons = answer["ResponseMetadata"]["HTTPHeaders"]["x-trunkcall-refused-items"]
        assert reasons.startswith("6: the campaign holds 30 waiting requests")


def test_what_became_of_each_item_is_said_in_headers_for_programs(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=0, **{"max-pending": 3}) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)

        def put(*requests: dict[str, Any]) -> dict[str, str]:
            answer = client.put_dial_request_batch(id=campaign_id, dialRequests=list(requests))
            headers: dict[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
            return {name: value for name, value in headers.items() if name.endswith("-items") or "-items-" in name}

        assert put(dial_request("a", 1), dial_request("b", 2)) == {}
        late = dial_request("d", 4, server.in_instance_time(seconds=-90))
        headers = put(dial_request("b", 2), dial_request("c", 3), late, dial_request("a", 1), dial_request("e", 5))
        assert headers["x-trunkcall-known-items"] == "1,4"
        third, fifth = json.loads(headers["x-trunkcall-refused-items-json"])
        words = "the campaign holds 3 waiting requests; wait and submit it again"
        assert fifth == {"item": 5, "reason": words}, "a reason that holds a semicolon"
        assert third["item"] == 3
        said, _, instance_time = third["reason"].partition(" the instance's time is ")
        assert said == "expirationTime has passed:"
        assert server.in_instance_time(seconds=-10) < datetime.fromisoformat(instance_time) <= server.instance_time()
        assert headers["x-trunkcall-refused-items"] == f"3: {third['reason']}; 5: {words}"
        audit = server.data_dir / "audit.jsonl"
        told = json.dumps(headers["x-trunkcall-refused-items"])
        server.wait_until(lambda: f'"refused_items":{told}' in audit.read_text(encoding="utf-8"))


def test_what_is_said_of_twenty_five_items_goes_through_a_proxy(tmp_path: Path) -> None:
    """nginx takes 4 KiB of headers from a server, and answers 502 for more."""
    with serving(tmp_path / "data", agents=0) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        late = [dial_request(f"{n}", n, server.in_instance_time(seconds=-90)) for n in range(25)]
        answer = client.put_dial_request_batch(id=campaign_id, dialRequests=late)["ResponseMetadata"]["HTTPHeaders"]
        assert sum(len(name) + len(value) + 4 for name, value in answer.items()) < 3_900
        refused = json.loads(answer["x-trunkcall-refused-items-json"])
        assert [item["item"] for item in refused] == list(range(1, 26))
        assert answer["x-trunkcall-refused-items"].startswith(f"1: {refused[0]['reason']}; 2: ")


def test_why_an_item_was_refused_is_said_in_a_header_and_an_audit_line_is_written(tmp_path: Path) -> None:
    with serving(tmp_path / "data", agents=0) as server:
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments())["id"]
        client.start_campaign(id=campaign_id)
        requests = [dial_request("a", 1), dial_request("b", 2) | {"phoneNumber": "5550100"}]
        answer = client.put_dial_request_batch(id=campaign_id, dialRequests=requests)
        header = answer["ResponseMetadata"]["HTTPHeaders"]["x-trunkcall-refused-items"]
        assert header == "2: phoneNumber must begin with + and the country calling code (E.164)"
        with pytest.raises(client.exceptions.InvalidCampaignStateException):
            client.start_campaign(id=campaign_id)
        client.describe_campaign(id=campaign_id)
        audit = server.data_dir / "audit.jsonl"
        server.wait_until(lambda: audit.read_text().count("\n") == 4)
        lines = audit.read_text()
        assert lines.count(server.environment["AWS_ACCESS_KEY_ID"]) == 4
        assert '"operation":"StartCampaign"' in lines
        assert '"error":"InvalidCampaignStateException"' in lines
        assert '"source_address":"127.0.0.1"' in lines
        assert "DescribeCampaign" not in lines
        assert "5550100" not in lines + server.log_path.read_text()
        assert audit.stat().st_mode & 0o777 == 0o600
