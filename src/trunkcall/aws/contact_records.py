"""Contact records with Amazon Connect's field names, and a few of our own that say what Amazon's leave open.

Decides names and forms, after the data model of Amazon Connect's contact records. Fields of our own:
AgentDisposition, ClientToken, Disposition, Abandoned, Attempts, AttemptTimestamp, CallingRules, ExpirationTimestamp,
Flow, Forbidden, Hold, SafeHarbourTimestamp, State, Trunk; of a recording RecordingId, Suspensions and Unrecorded. It
must not know where records are written or read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any, TypeAlias

from trunkcall.domain.calling_hours import shown_at
from trunkcall.domain.clearance import LocalTime
from trunkcall.domain.contact import ContactRecord, QuarantinedContact
from trunkcall.domain.customer_holds import lengths
from trunkcall.domain.directory import Directory
from trunkcall.domain.flow import Taken
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.domain.instants import SECOND, Instant, to_record_time, to_record_time_ms
from trunkcall.domain.recording import Recording, location_of

Record: TypeAlias = dict[str, Any]

FORMAT_VERSION = "2017-03-10"


class Kind(StrEnum):
    """What a column of a table holds."""

    TEXT = "text"
    TIME = "time"
    WHOLE = "whole"
    """A whole number."""
    YES_NO = "yes_no"


CONTACT_ID = "ContactId"
PHONE_NUMBER = "CustomerEndpoint.Address"
ATTRIBUTES = "Attributes"
_FLOW = "Flow"
_BRANCHES = "Flow.Branches"

COLUMNS: Mapping[str, Kind] = {
    CONTACT_ID: Kind.TEXT,
    "ClientToken": Kind.TEXT,
    "Campaign.CampaignId": Kind.TEXT,
    PHONE_NUMBER: Kind.TEXT,
    "State": Kind.TEXT,
    "Disposition": Kind.TEXT,
    "DisconnectReason": Kind.TEXT,
    "AnsweringMachineDetectionStatus": Kind.TEXT,
    "Abandoned": Kind.YES_NO,
    "Attempts": Kind.WHOLE,
    "InitiationTimestamp": Kind.TIME,
    "AttemptTimestamp": Kind.TIME,
    "RingStartTimestamp": Kind.TIME,
    "ConnectedToSystemTimestamp": Kind.TIME,
    "Queue.EnqueueTimestamp": Kind.TIME,
    "Queue.DequeueTimestamp": Kind.TIME,
    "Agent.Username": Kind.TEXT,
    "Agent.ConnectedToAgentTimestamp": Kind.TIME,
    "Agent.AgentInteractionDuration": Kind.WHOLE,
    "Agent.AfterContactWorkDuration": Kind.WHOLE,
    "Agent.NumberOfHolds": Kind.WHOLE,
    "Agent.CustomerHoldDuration": Kind.WHOLE,
    "Agent.LongestHoldDuration": Kind.WHOLE,
    "AgentDisposition": Kind.TEXT,
    "DisconnectTimestamp": Kind.TIME,
    "ExpirationTimestamp": Kind.TIME,
    "LastUpdateTimestamp": Kind.TIME,
    "SystemEndpoint.Address": Kind.TEXT,
    "Trunk": Kind.TEXT,
    "SafeHarbourTimestamp": Kind.TIME,
    "Hold.Reason": Kind.TEXT,
    "Hold.Until": Kind.TIME,
    "Forbidden": Kind.TEXT,
    "CallingRules.PolicyVersion": Kind.WHOLE,
    "CallingRules.TimeZoneEvidence": Kind.TEXT,
    "CallingRules.TimeZones": Kind.TEXT,
    "CallingRules.LocalTimes": Kind.TEXT,
    "Flow.FlowId": Kind.TEXT,
    "Flow.ActionId": Kind.TEXT,
    "Flow.Type": Kind.TEXT,
    "Flow.Branch": Kind.TEXT,
    _BRANCHES: Kind.TEXT,
}
"""Columns of a record in a table, in order; dots go into nested objects, and of the flow into its last action. The
attributes come after them."""
_MAX_BRANCHES = 32_000
"""Characters that a cell has of branches: a cell of a workbook takes no more."""


def cell(record: Record, column: str) -> Any:
    """What a column of ``COLUMNS`` has for this record, None if that has not happened. Several are one text, with
    spaces between them; branches have a bar at each side."""
    if column == _BRANCHES:
        return _branches(record[_FLOW])
    value: Any = record
    for name in column.split("."):
        value = value.get(name) if value is not None else None
        if name == _FLOW:
            value = value[-1] if value else None
    return " ".join(value) if isinstance(value, list) else value


def initiated_at(contact: ContactRecord) -> Instant:
    """InitiationTimestamp: when it was dialed; until then, when it was accepted."""
    return contact.attempted_at if contact.attempted_at is not None else contact.accepted_at


def to_record(contact: ContactRecord, directory: Directory | None, scope: Scope) -> Record:
    """One contact as a contact record. ``directory`` gives names to its queue and agent, if it still has them."""
    instance_id = contact.instance_id
    forbidden = contact.clearance.forbidden if contact.clearance is not None else None
    return {
        "AWSAccountId": scope.account_id,
        "AWSContactTraceRecordFormatVersion": FORMAT_VERSION,
        "InstanceARN": scope.instance_arn(instance_id),
        CONTACT_ID: contact.contact_id,
        "InitialContactId": contact.contact_id,
        "PreviousContactId": contact.previous_contact_id,
        "ClientToken": contact.client_token,
        "Campaign": {"CampaignId": contact.campaign_id},
        "Channel": "VOICE",
        # The enumeration has no value for campaigns; their contacts are initiated by the API.
        "InitiationMethod": "API",
        "State": contact.state.value,
        "Disposition": contact.disposition.value if contact.disposition else None,
        "DisconnectReason": contact.disconnect_reason.value if contact.disconnect_reason else None,
        "AnsweringMachineDetectionStatus": contact.detection.value if contact.detection else None,
        "Abandoned": contact.abandoned,
        "Attempts": contact.attempts,
        "CustomerEndpoint": {"Address": contact.phone_number, "Type": "TELEPHONE_NUMBER"},
        "SystemEndpoint": _endpoint(contact.source_phone_number),
        "Trunk": contact.trunk_id,
        "InitiationTimestamp": _time(initiated_at(contact)),
        "AttemptTimestamp": _time(contact.attempted_at),
        "RingStartTimestamp": _time(contact.ring_started_at),
        "ConnectedToSystemTimestamp": _time(contact.answered_at),
        "CustomerVoiceActivity": _voice_activity(contact),
        "SafeHarbourTimestamp": _time(contact.safe_harbour_at),
        "Queue": _queue(contact, directory, scope),
        "Agent": _agent(contact, directory, scope),
        "AgentDisposition": contact.agent_disposition,
        "Recordings": [_recording(each, deleted=contact.recordings_deleted_at) for each in contact.recordings],
        "DisconnectTimestamp": _time(contact.ended_at),
        "ExpirationTimestamp": _time(contact.expires_at),
        "LastUpdateTimestamp": _time(contact.updated_at),
        "CallingRules": _calling_rules(contact, directory),
        "Hold": _hold(contact),
        "Forbidden": forbidden.value if forbidden is not None else None,
        _FLOW: [_taken(each) for each in contact.flow_trail],
        ATTRIBUTES: contact.all_attributes,
    }


def to_quarantine_record(contact: QuarantinedContact) -> Record:
    """A damaged contact that is set aside, without anything personal. Number and Damage are fields of our own."""
    return {
        "Number": contact.sequence,
        CONTACT_ID: contact.contact_id,
        "CampaignId": contact.campaign_id,
        "State": contact.state,
        "Damage": contact.damage,
    }


@dataclass(frozen=True, slots=True)
class RecordedContact:
    """What a record tells of a contact to those who would try again. ``disposition`` is None until it has ended,
    ``phone_number`` once it was erased."""

    contact_id: str
    disposition: str | None
    phone_number: str | None
    attributes: Mapping[str, str]


def read_record(record: Any) -> RecordedContact:
    """A record that was made here, of whatever version. Raises KeyError, TypeError or AttributeError for anything
    else."""
    contact_id, disposition = record[CONTACT_ID], record["Disposition"]
    number, attributes = record["CustomerEndpoint"]["Address"], record[ATTRIBUTES]
    texts = (contact_id, disposition or "", number or "", *attributes.keys(), *attributes.values())
    if not contact_id or not all(isinstance(text, str) for text in texts):
        raise TypeError
    return RecordedContact(contact_id, disposition or None, number or None, attributes)


def _endpoint(number: str | None) -> Record | None:
    return {"Address": number, "Type": "TELEPHONE_NUMBER"} if number is not None else None


def _voice_activity(contact: ContactRecord) -> Record | None:
    if contact.greeting_started_at is None and contact.greeting_ended_at is None:
        return None
    started, ended = contact.greeting_started_at, contact.greeting_ended_at
    return {
        "GreetingStartTimestamp": to_record_time_ms(started) if started is not None else None,
        "GreetingEndTimestamp": to_record_time_ms(ended) if ended is not None else None,
    }


def _queue(contact: ContactRecord, directory: Directory | None, scope: Scope) -> Record | None:
    if contact.queue_id is None or contact.queued_at is None:
        return None
    queue = directory.queues.get(contact.queue_id) if directory is not None else None
    left = (contact.connected_to_agent_at, contact.safe_harbour_at, contact.ended_at)
    left_at = next((at for at in left if at is not None), None)
    return {
        "ARN": scope.arn(contact.instance_id, ResourceKind.QUEUE, contact.queue_id),
        "Name": queue.name if queue is not None else None,
        "EnqueueTimestamp": _time(contact.queued_at),
        "DequeueTimestamp": _time(left_at),
        "Duration": _whole_seconds(contact.queued_at, left_at),
    }


def _agent(contact: ContactRecord, directory: Directory | None, scope: Scope) -> Record | None:
    if contact.agent_id is None or contact.connected_to_agent_at is None:
        return None
    agent = directory.agents.get(contact.agent_id) if directory is not None else None
    holds = lengths(contact.customer_holds, contact.ended_at)
    return {
        "ARN": scope.arn(contact.instance_id, ResourceKind.AGENT, contact.agent_id),
        "Username": agent.username if agent is not None else None,
        "ConnectedToAgentTimestamp": _time(contact.connected_to_agent_at),
        "AgentInteractionDuration": _whole_seconds(contact.connected_to_agent_at, contact.ended_at),
        "AfterContactWorkStartTimestamp": _time(contact.ended_at),
        "AfterContactWorkEndTimestamp": _time(contact.after_contact_work_ended_at),
        "AfterContactWorkDuration": _whole_seconds(contact.ended_at, contact.after_contact_work_ended_at),
        "NumberOfHolds": len(contact.customer_holds),
        "CustomerHoldDuration": round(sum(holds) / SECOND),
        "LongestHoldDuration": round(max(holds, default=0) / SECOND),
    }


def _recording(recording: Recording, *, deleted: Instant | None) -> Record:
    """One recording. Both tracks are in one file: the customer's, and what the customer hears."""
    recorded = recording.started_at is not None
    status = ("AVAILABLE" if deleted is None else "DELETED") if recorded else None
    return {
        "RecordingId": recording.recording_id,
        "Location": location_of(recording) if status == "AVAILABLE" else None,
        "MediaStreamType": "AUDIO",
        "ParticipantType": "ALL",
        "StartTimestamp": _time(recording.started_at),
        "StopTimestamp": _time(recording.stopped_at) if recorded else None,
        "Status": status,
        "Suspensions": [
            {"StartTimestamp": _time(since), "StopTimestamp": _time(until)} for since, until in recording.suspensions
        ],
        "Unrecorded": recording.unrecorded,
    }


def _taken(taken: Taken) -> Record:
    return {"FlowId": taken.flow_id, "ActionId": taken.action_id, "Type": taken.action, "Branch": taken.branch}


def _branches(flow: Sequence[Record]) -> str | None:
    """Each branch once, in the order in which they were taken first: a reader looks for ``|ask=1|``."""
    names = (f"{each['ActionId']}={each['Branch']}" if each["Branch"] else each["ActionId"] for each in flow)
    text = "".join(f"|{name}" for name in dict.fromkeys(names)) + "|"
    whole = text[: text.rindex("|", 0, _MAX_BRANCHES) + 1]
    return whole if flow else None


def _calling_rules(contact: ContactRecord, directory: Directory | None) -> Record | None:
    cleared = contact.clearance
    if cleared is None or (contact.attempted_at is None and not cleared.policy_version):
        return None
    return {
        "PolicyVersion": cleared.policy_version,
        "Lists": [_list(*each, directory) for each in zip_longest(cleared.lists, cleared.list_versions)],
        **_zones(cleared.local),
        "LocalTimes": _local_times(cleared.local, contact.attempted_at),
    }


def _list(number: int, version: int | None, directory: Directory | None) -> Record:
    found = directory.do_not_call_lists.get(str(number)) if directory is not None else None
    return {"Number": number, "Name": found.name if found is not None else None, "Version": version}


def _hold(contact: ContactRecord) -> Record | None:
    hold = contact.hold
    if hold is None:
        return None
    return {"Reason": hold.reason.value, "Until": _time(hold.until), **_zones(hold.local)}


def _zones(local: LocalTime | None) -> Record:
    return {
        "TimeZones": list(local.zones) if local is not None else None,
        "TimeZoneEvidence": local.evidence.value if local is not None else None,
    }


def _local_times(local: LocalTime | None, at: Instant | None) -> list[str] | None:
    """What the clocks of each zone showed. A zone that there is no more is not left out: the others keep their
    places."""
    if local is None or at is None:
        return None
    shown = [shown_at(zone, at) for zone in local.zones]
    return [each.isoformat(timespec="seconds") if each is not None else "" for each in shown]


def _time(at: Instant | None) -> str | None:
    return to_record_time(at) if at is not None else None


def _whole_seconds(start: Instant | None, end: Instant | None) -> int | None:
    """Durations of contact records are whole seconds, and none is less than 0: the clock may have been set back."""
    return max(0, round((end - start) / 1_000_000)) if start is not None and end is not None else None
