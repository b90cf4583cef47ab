"""Single contacts, as programs of Amazon Connect ask for them with boto3. If these fail, whoever shows an agent who is
called, or looks up what became of a call, reads something else than the records say, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from serving import Serving, dial_request, put_all, serving

UNKNOWN = "00000000-0000-4000-8000-000000000000"
MEMBERS = {
    "InitialContactId",
    "PreviousContactId",
    "InitiationMethod",
    "Channel",
    "CustomerEndpoint",
    "SystemEndpoint",
    "Campaign",
    "AnsweringMachineDetectionStatus",
    "DisconnectReason",
    "Attributes",
}
"""What a description and a record call by the same name."""
TIMES = {
    "InitiationTimestamp",
    "RingStartTimestamp",
    "ConnectedToSystemTimestamp",
    "DisconnectTimestamp",
    "LastUpdateTimestamp",
}


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server whose only campaign has called everybody, and recorded the talks."""
    with serving(tmp_path_factory.mktemp("called") / "data", speed=600, agents=20) as server:
        server.trunkcall("campaign", "create", "Spring", "--record", "--start", "--data-dir", str(server.data_dir))
        client = server.client()
        campaign_id = client.list_campaigns()["campaignSummaryList"][0]["id"]
        put_all(client, campaign_id, [dial_request(f"lead-{n}", n, tier=str(n)) for n in range(40)])
        server.wait_until(lambda: all(record["State"] == "Ended" for record in server.export()))
        # An agent's work after a talk is on record a little later.
        server.wait_until(lambda: all(each["Agent"]["AfterContactWorkEndTimestamp"] for each in talks(server)))
        yield server


def talks(server: Serving) -> list[dict[str, Any]]:
    return [record for record in server.export() if record["Agent"]]


def named(server: Serving, contact_id: str, member: str = "ContactId") -> dict[str, str]:
    return {"InstanceId": server.environment["TRUNKCALL_INSTANCE_ID"], member: contact_id}


def described(server: Serving, contact_id: str) -> dict[str, Any]:
    found: dict[str, Any] = server.client("connect").describe_contact(**named(server, contact_id))["Contact"]
    return found


def shown(at: datetime | None) -> str | None:
    """As records write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


def test_whoever_is_described_is_described_as_the_record_has_it(called: Serving) -> None:
    records = called.export()
    assert len(records) == 40
    for record in records:
        contact = described(called, record["ContactId"])
        assert contact["Id"] == record["ContactId"]
        assert contact["Arn"] == f"{record['InstanceARN']}/contact/{record['ContactId']}"
        assert {name: contact.get(name) for name in MEMBERS} == {name: record[name] for name in MEMBERS}
        assert {name: shown(contact.get(name)) for name in TIMES} == {name: record[name] for name in TIMES}
        assert ("CustomerVoiceActivity" in contact) == (record["CustomerVoiceActivity"] is not None)
        assert ("QueueInfo" in contact) == (record["Queue"] is not None)
        assert ("AgentInfo" in contact) == (record["Agent"] is not None)


def test_a_talk_names_its_queue_its_agent_and_what_was_recorded(called: Serving) -> None:
    for record in talks(called):
        contact, agent, queue = described(called, record["ContactId"]), record["Agent"], record["Queue"]
        assert queue["ARN"].endswith(f"/queue/{contact['QueueInfo']['Id']}")
        assert shown(contact["QueueInfo"]["EnqueueTimestamp"]) == queue["EnqueueTimestamp"]
        told = contact["AgentInfo"]
        assert agent["ARN"].endswith(f"/agent/{told['Id']}")
        assert told["AfterContactWorkDuration"] == agent["AfterContactWorkDuration"]
        assert told["AgentInitiatedHoldDuration"] == agent["CustomerHoldDuration"]
        times = ("ConnectedToAgentTimestamp", "AfterContactWorkStartTimestamp", "AfterContactWorkEndTimestamp")
        assert [shown(told[name]) for name in times] == [agent[name] for name in times]
        [recording], [recorded] = contact["Recordings"], record["Recordings"]
        assert recording["Location"] == recorded["Location"]
        assert recording["Status"] == "AVAILABLE"
        assert shown(recording["StopTimestamp"]) == recorded["StopTimestamp"]


def test_attributes_are_told_of_each_contact(called: Serving) -> None:
    client = called.client("connect")
    for record in called.export()[:5]:
        told = client.get_contact_attributes(**named(called, record["ContactId"], "InitialContactId"))
        assert told["Attributes"] == record["Attributes"] != {}


def test_attributes_are_set_after_the_call_and_what_was_not_named_stays(called: Serving) -> None:
    record, connect = called.export()[0], called.client("connect")
    place = named(called, record["ContactId"], "InitialContactId")
    connect.update_contact_attributes(**place, Attributes={"outcome": "müde", "tier": "gold"})
    connect.update_contact_attributes(**place, Attributes={"outcome": ""})
    wanted = {**record["Attributes"], "tier": "gold", "outcome": ""}
    assert connect.get_contact_attributes(**place)["Attributes"] == wanted
    assert called.export()[0]["Attributes"] == wanted
    assert described(called, record["ContactId"])["Attributes"] == wanted


def test_whoever_sets_attributes_is_written_down_and_what_they_say_is_not(called: Serving) -> None:
    contact_id = called.export()[1]["ContactId"]
    place = named(called, contact_id, "InitialContactId")
    called.client("connect").update_contact_attributes(**place, Attributes={"diagnosis": "measles"})
    audit = called.data_dir / "audit.jsonl"
    called.wait_until(lambda: contact_id in audit.read_text())
    [line] = [json.loads(each) for each in audit.read_text().splitlines() if contact_id in each]
    assert line["operation"].endswith("UpdateContactAttributes")
    assert line["resource"] == f"{place['InstanceId']}/{contact_id}"
    for log in (audit, called.log_path):
        assert "measles" not in log.read_text()
        assert "diagnosis" not in log.read_text()


@pytest.mark.parametrize(
    ("given", "why"),
    [({"first name": "Ann"}, "letters, digits, - and _ alone"), ({"note": "ü" * 16_384}, "more than 32,768 bytes")],
    ids=["a name that may not be", "more than there may be"],
)
def test_attributes_that_may_not_be_are_refused_and_change_nothing(
    called: Serving, given: dict[str, str], why: str
) -> None:
    record, connect = called.export()[2], called.client("connect")
    place = named(called, record["ContactId"], "InitialContactId")
    with pytest.raises(ClientError, match=why) as refused:
        connect.update_contact_attributes(**place, Attributes={"fine": "x", **given})
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    assert "Ann" not in str(refused.value)
    assert connect.get_contact_attributes(**place)["Attributes"] == record["Attributes"]


def test_a_contact_is_in_its_instance_alone(called: Serving) -> None:
    connect = called.client("connect")
    there = called.export()[0]["ContactId"]
    other = connect.create_instance(
        IdentityManagementType="CONNECT_MANAGED",
        InstanceAlias="second",
        InboundCallsEnabled=False,
        OutboundCallsEnabled=True,
    )["Id"]
    mine = called.environment["TRUNKCALL_INSTANCE_ID"]
    for instance, contact in ((other, there), (mine, UNKNOWN)):
        for ask in (
            partial(connect.describe_contact, ContactId=contact),
            partial(connect.get_contact_attributes, InitialContactId=contact),
            partial(connect.update_contact_attributes, InitialContactId=contact, Attributes={"a": "b"}),
        ):
            with pytest.raises(ClientError, match="no contact with this id") as refused:
                ask(InstanceId=instance)
            assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_whoever_is_forgotten_has_neither_number_nor_attributes(called: Serving) -> None:
    record = called.export()[-1]
    called.trunkcall("forget", record["CustomerEndpoint"]["Address"], "--data-dir", str(called.data_dir))
    contact = described(called, record["ContactId"])
    assert "CustomerEndpoint" not in contact
    assert contact["Attributes"] == {}
    assert contact["DisconnectReason"] == record["DisconnectReason"]
    place = named(called, record["ContactId"], "InitialContactId")
    with pytest.raises(ClientError, match="it was forgotten") as refused:
        called.client("connect").update_contact_attributes(**place, Attributes={"name": "Ann"})
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    assert described(called, record["ContactId"])["Attributes"] == {}
