"""The event that a function of a contact flow gets, in the form that Amazon Connect has for AWS Lambda.

Decides which member is what (Amazon Connect administrator guide, "Grant access to your AWS Lambda functions"; AWS's
own types for it, ConnectContactFlowEvent). Members that Amazon has and that nothing is known for are null or empty, as
they are there. It must not know how an event gets to a function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trunkcall.domain.identifiers import ResourceKind, Scope
from trunkcall.service.functions import Question

NAME: Final = "ContactFlowEvent"
_LANGUAGE: Final = "en-US"
"""That of a contact whose flow has chosen none, as Amazon Connect has it."""


def flow_event(question: Question, scope: Scope) -> Mapping[str, Any]:
    """The event of a question. A contact of a campaign is the first of its conversation."""
    return {
        "Details": {
            "ContactData": {
                "Attributes": dict(question.attributes),
                "Channel": "VOICE",
                "ContactId": question.contact_id,
                "CustomerEndpoint": _endpoint(question.customer_number),
                "CustomerId": None,
                "Description": None,
                "InitialContactId": question.contact_id,
                "InitiationMethod": "API",
                "InstanceARN": scope.instance_arn(question.instance_id),
                "LanguageCode": question.language or _LANGUAGE,
                "MediaStreams": {"Customer": {"Audio": None}},
                "Name": None,
                "PreviousContactId": question.contact_id,
                "Queue": _queue(question, scope),
                "References": {},
                "SystemEndpoint": _endpoint(question.shown_number),
            },
            "Parameters": dict(question.parameters),
        },
        "Name": NAME,
    }


def _endpoint(number: str | None) -> Mapping[str, str] | None:
    return {"Address": number, "Type": "TELEPHONE_NUMBER"} if number is not None else None


def _queue(question: Question, scope: Scope) -> Mapping[str, str | None] | None:
    if question.queue_id is None:
        return None
    arn = scope.arn(question.instance_id, ResourceKind.QUEUE, question.queue_id)
    return {"ARN": arn, "Name": question.queue_name}
