"""The operations of ``connect`` on single contacts, between the model's names and use cases.

Decides how a contact is described: its values are those of its contact record, under the names that DescribeContact has
for them, and its instants are told to the microsecond. A contact is the first of its kind, as transfers are not
offered: ``InitialContactId`` names the contact itself.
"""

from __future__ import annotations

from typing import Any

from trunkcall.aws.contact_records import Record, initiated_at, to_record
from trunkcall.aws.protocol import Handler, Json, RequestContext
from trunkcall.domain.contact import ContactRecord
from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.service.contacts import Contacts

_AS_RECORDED = (
    "InitialContactId",
    "PreviousContactId",
    "InitiationMethod",
    "Channel",
    "SystemEndpoint",
    "Campaign",
    "AnsweringMachineDetectionStatus",
    "DisconnectReason",
    "Attributes",
)
"""Members that are what they are in the record."""
_OF_RECORDING = ("Location", "MediaStreamType", "ParticipantType", "Status")


class ContactOperations:
    """Handlers of the operations, named as the operations are."""

    def __init__(self, contacts: Contacts, scope: Scope) -> None:
        self._contacts = contacts
        self._scope = scope

    def handlers(self) -> dict[str, Handler]:
        """Every operation that is offered, by its name in the model."""
        return {
            "DescribeContact": self.describe_contact,
            "GetContactAttributes": self.get_contact_attributes,
            "UpdateContactAttributes": self.update_contact_attributes,
        }

    async def describe_contact(self, context: RequestContext, request: Json) -> Json:
        contact = await self._contacts.describe_contact(request["InstanceId"], request["ContactId"])
        return {"Contact": describe(contact, self._scope)}

    async def get_contact_attributes(self, context: RequestContext, request: Json) -> Json:
        contact_id = request["InitialContactId"]
        return {"Attributes": await self._contacts.get_contact_attributes(request["InstanceId"], contact_id)}

    async def update_contact_attributes(self, context: RequestContext, request: Json) -> Json:
        given = request["Attributes"]
        await self._contacts.update_contact_attributes(request["InstanceId"], request["InitialContactId"], given)
        return {}


def describe(contact: ContactRecord, scope: Scope) -> dict[str, Any]:
    """A contact as DescribeContact tells of it."""
    record = to_record(contact, None, scope)
    return {
        "Arn": scope.arn(contact.instance_id, ResourceKind.CONTACT, contact.contact_id),
        "Id": contact.contact_id,
        **{name: record[name] for name in _AS_RECORDED},
        "CustomerEndpoint": record["CustomerEndpoint"] if contact.phone_number else None,
        "InitiationTimestamp": initiated_at(contact),
        "ScheduledTimestamp": contact.due_at or None,
        "RingStartTimestamp": contact.ring_started_at,
        "ConnectedToSystemTimestamp": contact.answered_at,
        "DisconnectTimestamp": contact.ended_at,
        "LastUpdateTimestamp": contact.updated_at,
        "CustomerVoiceActivity": _voice_activity(contact, record),
        "QueueInfo": _queue(contact, record),
        "AgentInfo": _agent(contact, record),
        "Recordings": _recordings(contact, record),
    }


def _voice_activity(contact: ContactRecord, record: Record) -> dict[str, Any] | None:
    if record["CustomerVoiceActivity"] is None:
        return None
    return {
        "GreetingStartTimestamp": contact.greeting_started_at,
        "GreetingEndTimestamp": contact.greeting_ended_at,
    }


def _queue(contact: ContactRecord, record: Record) -> dict[str, Any] | None:
    if record["Queue"] is None:
        return None
    return {"Id": contact.queue_id, "EnqueueTimestamp": contact.queued_at}


def _agent(contact: ContactRecord, record: Record) -> dict[str, Any] | None:
    agent = record["Agent"]
    if agent is None:
        return None
    return {
        "Id": contact.agent_id,
        "ConnectedToAgentTimestamp": contact.connected_to_agent_at,
        "AfterContactWorkStartTimestamp": contact.ended_at,
        "AfterContactWorkEndTimestamp": contact.after_contact_work_ended_at,
        "AfterContactWorkDuration": agent["AfterContactWorkDuration"],
        "AgentInitiatedHoldDuration": agent["CustomerHoldDuration"],
    }


def _recordings(contact: ContactRecord, record: Record) -> list[dict[str, Any]]:
    return [
        {
            **{name: recorded[name] for name in _OF_RECORDING},
            "StartTimestamp": recording.started_at,
            "StopTimestamp": recording.stopped_at if recorded["StopTimestamp"] is not None else None,
        }
        for recording, recorded in zip(contact.recordings, record["Recordings"], strict=True)
    ]
