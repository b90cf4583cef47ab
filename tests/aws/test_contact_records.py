"""What a contact record says of how long things took, and by which rules somebody was dialed. If these fail, sums over
an export come out too small, or nobody can prove that a call was made within its hours.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkcall.aws.contact_records import COLUMNS, Record, cell, to_record
from trunkcall.cli.formats import MAX_CELL
from trunkcall.domain.clearance import Cleared, Evidence, Hold, HoldReason, LocalTime, Prohibition
from trunkcall.domain.contact import ContactRecord, ContactState, Disposition
from trunkcall.domain.flow import Taken
from trunkcall.domain.identifiers import Scope
from trunkcall.domain.instants import MINUTE, SECOND, Instant
from trunkcall.domain.recording import Recording, Unrecorded, location_of

NOW: Instant = 1_790_000_000_000_000


def a_talk(*, queued_at: Instant, ended_at: Instant, work_ended_at: Instant) -> ContactRecord:
    return ContactRecord(
        contact_id="contact",
        campaign_id="spring",
        instance_id="instance",
        client_token="token",
        phone_number="+12125550100",
        attributes={},
        state=ContactState.ENDED,
        accepted_at=NOW,
        expires_at=NOW + MINUTE,
        updated_at=NOW,
        queue_id="queue",
        queued_at=queued_at,
        agent_id="agent",
        connected_to_agent_at=NOW,
        ended_at=ended_at,
        after_contact_work_ended_at=work_ended_at,
    )


def test_whoever_hears_the_safe_harbour_message_has_left_the_queue() -> None:
    talk = a_talk(queued_at=NOW, ended_at=NOW + 20 * SECOND, work_ended_at=NOW)
    told = replace(talk, agent_id=None, connected_to_agent_at=None, safe_harbour_at=NOW + 2 * SECOND)
    record = to_record(told, None, Scope("aws", "us-east-1", "000000000000"))
    assert record["SafeHarbourTimestamp"] == record["Queue"]["DequeueTimestamp"] != record["DisconnectTimestamp"]
    assert record["Queue"]["Duration"] == 2


def test_what_the_agent_says_came_of_it_stands_beside_how_it_ended() -> None:
    talk = replace(a_talk(queued_at=NOW, ended_at=NOW, work_ended_at=NOW), agent_disposition="Call back")
    record = to_record(talk, None, Scope("aws", "us-east-1", "000000000000"))
    assert cell(record, "AgentDisposition") == "Call back"
    assert "AgentDisposition" in COLUMNS, "tables have it too"


def test_a_record_tells_what_was_recorded_of_the_talk_and_when_nothing_was() -> None:
    whole = Recording("c-1.1", NOW, NOW + SECOND, NOW + 9 * SECOND, ((NOW + 2 * SECOND, NOW + 4 * SECOND),))
    never = Recording("c-1.2", NOW + 9 * SECOND, unrecorded=Unrecorded.FAILED)
    talk = replace(a_talk(queued_at=NOW, ended_at=NOW, work_ended_at=NOW), recordings=(whole, never))
    first, second = to_record(talk, None, Scope("aws", "us-east-1", "000000000000"))["Recordings"]
    assert first["Location"] == location_of(whole)
    assert first["Location"].startswith("recordings/20")
    assert first["Location"].endswith("/c-1.1.tcr")
    assert (first["Status"], first["ParticipantType"], first["MediaStreamType"]) == ("AVAILABLE", "ALL", "AUDIO")
    assert first["StartTimestamp"] < first["Suspensions"][0]["StartTimestamp"] < first["StopTimestamp"]
    assert (second["Status"], second["Location"], second["Unrecorded"]) == (None, None, "Failed")
    deleted = replace(talk, recordings_deleted_at=NOW + MINUTE)
    told = to_record(deleted, None, Scope("aws", "us-east-1", "000000000000"))["Recordings"]
    assert [(each["Status"], each["Location"]) for each in told] == [("DELETED", None), (None, None)]


def test_a_record_tells_how_often_and_how_long_the_customer_was_on_hold() -> None:
    holds = ((NOW, NOW + 20 * SECOND), (NOW + 30 * SECOND, None))
    talk = replace(a_talk(queued_at=NOW, ended_at=NOW + 80 * SECOND, work_ended_at=NOW), customer_holds=holds)
    record = to_record(talk, None, Scope("aws", "us-east-1", "000000000000"))
    names = ("NumberOfHolds", "CustomerHoldDuration", "LongestHoldDuration")
    assert [record["Agent"][name] for name in names] == [2, 70, 50], "what goes on ends with the contact"
    assert all(f"Agent.{name}" in COLUMNS for name in names), "tables have them too"
    nobody = to_record(replace(talk, customer_holds=()), None, Scope("aws", "us-east-1", "000000000000"))
    assert [nobody["Agent"][name] for name in names] == [0, 0, 0]


def test_a_record_tells_which_way_a_contact_went_and_has_what_its_flow_has_set() -> None:
    trail = (Taken("flow", "greeting", "MessageParticipant", ""), Taken("flow", "end", "DisconnectParticipant", None))
    accepted = a_talk(queued_at=NOW, ended_at=NOW, work_ended_at=NOW)
    contact = replace(
        accepted, attributes={"plan": "A", "name": "Ann"}, flow_trail=trail, flow_attributes={"plan": "B", "wish": "2"}
    )
    record = to_record(contact, None, Scope("aws", "us-east-1", "000000000000"))
    assert record["Flow"] == [
        {"FlowId": "flow", "ActionId": "greeting", "Type": "MessageParticipant", "Branch": ""},
        {"FlowId": "flow", "ActionId": "end", "Type": "DisconnectParticipant", "Branch": None},
    ]
    assert record["Attributes"] == {"plan": "B", "name": "Ann", "wish": "2"}
    assert to_record(accepted, None, Scope("aws", "us-east-1", "000000000000"))["Flow"] == []


def test_a_table_tells_where_the_flow_ended_and_can_be_filtered_by_its_branches() -> None:
    trail = (
        Taken("flow", "ask", "GetParticipantInput", "InputTimeLimitExceeded"),
        Taken("flow", "ask", "GetParticipantInput", "1"),
        Taken("flow", "ask", "GetParticipantInput", "1"),
        Taken("other", "goodbye", "MessageParticipant", None),
    )
    talk = a_talk(queued_at=NOW, ended_at=NOW, work_ended_at=NOW)
    record = to_record(replace(talk, flow_trail=trail), None, Scope("aws", "us-east-1", "000000000000"))
    last = [cell(record, f"Flow.{name}") for name in ("FlowId", "ActionId", "Type", "Branch")]
    assert last == ["other", "goodbye", "MessageParticipant", None]
    assert cell(record, "Flow.Branches") == "|ask=InputTimeLimitExceeded|ask=1|goodbye|"
    none = to_record(talk, None, Scope("aws", "us-east-1", "000000000000"))
    assert {cell(none, column) for column in COLUMNS if column.startswith("Flow.")} == {None}


def test_the_longest_way_through_a_flow_fits_into_a_cell_of_a_workbook() -> None:
    trail = tuple(Taken("flow", f"{number:050}", "MessageParticipant", "NoMatchingCondition") for number in range(500))
    talk = replace(a_talk(queued_at=NOW, ended_at=NOW, work_ended_at=NOW), flow_trail=trail)
    text = cell(to_record(talk, None, Scope("aws", "us-east-1", "000000000000")), "Flow.Branches")
    assert text.startswith(f"|{0:050}=NoMatchingCondition|")
    assert text.endswith("=NoMatchingCondition|")
    assert 30_000 < len(text) <= MAX_CELL


def durations(contact: ContactRecord) -> tuple[int, int, int]:
    record = to_record(contact, None, Scope("aws", "us-east-1", "000000000000"))
    queue, agent = record["Queue"], record["Agent"]
    return queue["Duration"], agent["AgentInteractionDuration"], agent["AfterContactWorkDuration"]


def test_durations_are_whole_seconds() -> None:
    contact = a_talk(queued_at=NOW - SECOND, ended_at=NOW + 90 * SECOND, work_ended_at=NOW + 120 * SECOND)
    assert durations(contact) == (1, 90, 30)


def test_nothing_takes_less_than_no_time_although_the_clock_was_set_back() -> None:
    """A talk is ended by the server that was started after a crash, at the present; the one before was ahead of it."""
    contact = a_talk(queued_at=NOW + SECOND, ended_at=NOW - 14 * SECOND, work_ended_at=NOW - 60 * SECOND)
    assert durations(contact) == (0, 0, 0)


CENTRAL_AND_EASTERN = LocalTime(("America/Chicago", "America/New_York"), Evidence.AREA)


def recorded(contact: ContactRecord) -> Record:
    return to_record(contact, None, Scope("aws", "us-east-1", "000000000000"))


@pytest.fixture
def called() -> ContactRecord:
    talk = a_talk(queued_at=NOW, ended_at=NOW + MINUTE, work_ended_at=NOW + MINUTE)
    return replace(talk, attempted_at=NOW, clearance=Cleared(3, CENTRAL_AND_EASTERN, (1, 4), (7, 2)))


def test_whoever_was_dialed_has_the_rules_and_the_hour_on_every_wall_in_the_record(called: ContactRecord) -> None:
    record = recorded(called)
    assert record["CallingRules"] == {
        "PolicyVersion": 3,
        "Lists": [{"Number": 1, "Name": None, "Version": 7}, {"Number": 4, "Name": None, "Version": 2}],
        "TimeZones": ["America/Chicago", "America/New_York"],
        "TimeZoneEvidence": "area",
        "LocalTimes": ["2026-09-21T09:13:20-05:00", "2026-09-21T10:13:20-04:00"],
    }
    assert cell(record, "CallingRules.TimeZones") == "America/Chicago America/New_York", "a table has one text"
    assert record["Hold"] is record["Forbidden"] is None


def test_whoever_was_held_back_before_has_the_reason_in_the_record_for_good(called: ContactRecord) -> None:
    held = replace(called, hold=Hold(HoldReason.OUTSIDE_HOURS, NOW - SECOND, CENTRAL_AND_EASTERN))
    assert recorded(held)["Hold"] == {
        "Reason": "outside_hours",
        "Until": "2026-09-21T14:13:19Z",
        "TimeZones": ["America/Chicago", "America/New_York"],
        "TimeZoneEvidence": "area",
    }


def test_whoever_was_not_dialed_has_no_rules_but_why(called: ContactRecord) -> None:
    forbidden = Cleared(forbidden=Prohibition.KIND)
    ended = replace(called, attempted_at=None, clearance=forbidden, disposition=Disposition.NOT_ALLOWED)
    record = recorded(ended)
    assert record["Forbidden"] == "kind"
    assert record["CallingRules"] is None, "it was dialed under none"


def test_a_zone_that_is_in_no_table_any_more_leaves_the_others_in_their_places(called: ContactRecord) -> None:
    moved = LocalTime(("America/Chicago", "Atlantis/Atlantis"), Evidence.COUNTRY)
    rules = recorded(replace(called, clearance=Cleared(1, moved)))["CallingRules"]
    assert rules["LocalTimes"] == ["2026-09-21T09:13:20-05:00", ""]
