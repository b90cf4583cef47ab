"""A request of each operation of the contact centre that is offered, and what it is about, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkcall.domain.identifiers import Scope

SCOPE = Scope("aws", "us-east-1", "000000000000")
MINE, THEIRS = "11111111-mine", "22222222-theirs"
IN = {"InstanceId": MINE}

QUEUE, FLOW, PROFILE, AGENT = "queue/q", "contact-flow/f", "routing-profile/p", "agent/u"
HOURS, STATUS, SECURITY, NUMBER = "operating-hours/h", "agent-state/s", "security-profile/x", "phone-number/n"
PROMPT = "prompt/m"
OF_AGENT = {**IN, "UserId": "u"}
OF_FLOW = {**IN, "ContactFlowId": "f"}
OF_HOURS = {**IN, "HoursOfOperationId": "h"}
OF_OVERRIDE = {**OF_HOURS, "HoursOfOperationOverrideId": "o"}
OF_PROMPT = {**IN, "PromptId": "m"}
OF_PROFILE = {**IN, "RoutingProfileId": "p"}
OF_QUEUE = {**IN, "QueueId": "q"}
TARGET = {"TargetArn": SCOPE.instance_arn(MINE)}
SERVED = {"QueueReference": {"QueueId": "q", "Channel": "VOICE"}, "Priority": 1, "Delay": 0}

CONTACT = "contact/c"
OF_CONTACT = {**IN, "ContactId": "c", "InitialContactId": "c"}

TABLE: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "AssociateRoutingProfileQueues": ({**OF_PROFILE, "QueueConfigs": [SERVED]}, (PROFILE, QUEUE)),
    "ClaimPhoneNumber": ({**TARGET, "PhoneNumber": "+12025550100"}, ("phone-number/*", "")),
    "CreateAgentStatus": ({**IN, "Name": "Lunch"}, ("agent-state/*",)),
    "CreateContactFlow": ({**IN, "Name": "Greeting"}, ("contact-flow/*",)),
    "CreateHoursOfOperation": ({**IN, "Name": "Days"}, ("operating-hours/*",)),
    "CreateHoursOfOperationOverride": ({**OF_HOURS, "Name": "Holiday"}, (HOURS,)),
    "CreateInstance": ({"InstanceAlias": "second"}, ("*",)),
    "CreateQueue": (
        {
            **IN,
            "Name": "Sales",
            "HoursOfOperationId": "h",
            "OutboundCallerConfig": {"OutboundCallerIdNumberId": "n", "OutboundFlowId": "f"},
        },
        ("queue/*", HOURS, NUMBER, FLOW),
    ),
    "CreateRoutingProfile": (
        {**IN, "Name": "Sales", "DefaultOutboundQueueId": "q", "QueueConfigs": [SERVED]},
        ("routing-profile/*", QUEUE),
    ),
    "CreateUser": (
        {**IN, "Username": "ann", "RoutingProfileId": "p", "SecurityProfileIds": ["x"]},
        ("agent/*", PROFILE, SECURITY),
    ),
    "DeleteContactFlow": (OF_FLOW, (FLOW,)),
    "DeleteHoursOfOperation": (OF_HOURS, (HOURS,)),
    "DeleteHoursOfOperationOverride": (OF_OVERRIDE, (HOURS,)),
    "DeleteInstance": (IN, ("",)),
    "DeletePrompt": (OF_PROMPT, (PROMPT,)),
    "DeleteQueue": (OF_QUEUE, (QUEUE,)),
    "DeleteRoutingProfile": (OF_PROFILE, (PROFILE,)),
    "DeleteUser": (OF_AGENT, (AGENT,)),
    "DescribeAgentStatus": ({**IN, "AgentStatusId": "s"}, (STATUS,)),
    "DescribeContact": ({**IN, "ContactId": "c"}, (CONTACT,)),
    "DescribeContactFlow": (OF_FLOW, (FLOW,)),
    "DescribeHoursOfOperation": (OF_HOURS, (HOURS,)),
    "DescribeHoursOfOperationOverride": (OF_OVERRIDE, (HOURS,)),
    "DescribeInstance": (IN, ("",)),
    "DescribeInstanceAttribute": ({**IN, "AttributeType": "OUTBOUND_CALLS"}, ("",)),
    "DescribePhoneNumber": ({"PhoneNumberId": "n"}, (NUMBER,)),
    "DescribePrompt": (OF_PROMPT, (PROMPT,)),
    "DescribeQueue": (OF_QUEUE, (QUEUE,)),
    "DescribeRoutingProfile": (OF_PROFILE, (PROFILE,)),
    "DescribeUser": (OF_AGENT, (AGENT,)),
    "DisassociateRoutingProfileQueues": ({**OF_PROFILE, "QueueReferences": [{"QueueId": "q"}]}, (PROFILE, QUEUE)),
    "GetContactAttributes": ({**IN, "InitialContactId": "c"}, (CONTACT,)),
    "GetEffectiveHoursOfOperations": ({**OF_HOURS, "FromDate": "2026-12-24", "ToDate": "2026-12-26"}, (HOURS,)),
    "ListAgentStatuses": (IN, ("agent-state/*",)),
    "ListContactFlows": (IN, ("contact-flow/*",)),
    "ListHoursOfOperationOverrides": (OF_HOURS, (HOURS,)),
    "ListHoursOfOperations": (IN, ("",)),
    "ListInstanceAttributes": (IN, ("",)),
    "ListInstances": ({}, ("*",)),
    "ListPhoneNumbersV2": (TARGET, ("phone-number/*", "")),
    "ListPrompts": (IN, ("",)),
    "ListQueues": (IN, ("queue/*",)),
    "ListRoutingProfileQueues": (OF_PROFILE, (PROFILE,)),
    "ListRoutingProfiles": (IN, ("",)),
    "ListSecurityProfiles": (IN, ("",)),
    "ListTagsForResource": ({"resourceArn": f"{SCOPE.instance_arn(MINE)}/{QUEUE}"}, (QUEUE,)),
    "ListUsers": (IN, ("",)),
    "PutUserStatus": ({**OF_AGENT, "AgentStatusId": "s"}, (AGENT, STATUS)),
    "ReleasePhoneNumber": ({"PhoneNumberId": "n"}, (NUMBER,)),
    "SearchAvailablePhoneNumbers": (TARGET, ("phone-number/*", "")),
    "SearchPrompts": (IN, ("",)),
    "SearchQueues": (IN, ("",)),
    "SearchUsers": (IN, ("",)),
    "ResumeContactRecording": (OF_CONTACT, (CONTACT,)),
    "StartContactRecording": ({**OF_CONTACT, "VoiceRecordingConfiguration": {}}, (CONTACT,)),
    "StopContactRecording": (OF_CONTACT, (CONTACT,)),
    "SuspendContactRecording": (OF_CONTACT, (CONTACT,)),
    "TagResource": ({"resourceArn": f"{SCOPE.instance_arn(MINE)}/{AGENT}", "tags": {"a": "b"}}, (AGENT,)),
    "UntagResource": ({"resourceArn": SCOPE.instance_arn(MINE), "tagKeys": ["a"]}, ("",)),
    "UpdateAgentStatus": ({**IN, "AgentStatusId": "s", "Name": "Lunch"}, (STATUS,)),
    "UpdateContactAttributes": ({**IN, "InitialContactId": "c", "Attributes": {"tier": "gold"}}, (CONTACT,)),
    "UpdateContactFlowContent": (OF_FLOW, (FLOW,)),
    "UpdateContactFlowName": (OF_FLOW, (FLOW,)),
    "UpdateHoursOfOperation": (OF_HOURS, (HOURS,)),
    "UpdateHoursOfOperationOverride": (OF_OVERRIDE, (HOURS,)),
    "UpdateInstanceAttribute": ({**IN, "AttributeType": "OUTBOUND_CALLS", "Value": "true"}, ("",)),
    "UpdatePrompt": (OF_PROMPT, (PROMPT,)),
    "UpdateQueueHoursOfOperation": ({**OF_QUEUE, "HoursOfOperationId": "h"}, (QUEUE, HOURS)),
    "UpdateQueueMaxContacts": (OF_QUEUE, (QUEUE,)),
    "UpdateQueueName": (OF_QUEUE, (QUEUE,)),
    "UpdateQueueOutboundCallerConfig": (
        {**OF_QUEUE, "OutboundCallerConfig": {"OutboundCallerIdNumberId": "n", "OutboundFlowId": "f"}},
        (QUEUE, NUMBER, FLOW),
    ),
    "UpdateQueueStatus": (OF_QUEUE, (QUEUE,)),
    "UpdateRoutingProfileConcurrency": (OF_PROFILE, (PROFILE,)),
    "UpdateRoutingProfileDefaultOutboundQueue": ({**OF_PROFILE, "DefaultOutboundQueueId": "q"}, (PROFILE, QUEUE)),
    "UpdateRoutingProfileName": (OF_PROFILE, (PROFILE,)),
    "UpdateRoutingProfileQueues": ({**OF_PROFILE, "QueueConfigs": [SERVED, SERVED]}, (PROFILE, QUEUE)),
    "UpdateUserIdentityInfo": (OF_AGENT, (AGENT,)),
    "UpdateUserPhoneConfig": (OF_AGENT, (AGENT,)),
    "UpdateUserRoutingProfile": ({**OF_AGENT, "RoutingProfileId": "p"}, (AGENT, PROFILE)),
    "UpdateUserSecurityProfiles": ({**OF_AGENT, "SecurityProfileIds": ["x", "x"]}, (AGENT, SECURITY)),
}
"""A request of each operation, and what it is about: parts of the instance, or "" for the instance itself."""
