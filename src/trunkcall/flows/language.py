"""The flow language, version 2019-10-30, as data: its actions with their parameters and transitions, and its limits.

Decides what there is in the language and which of it is offered. The facts are Amazon's documentation of the language;
where it and what CreateContactFlow accepts differ, the latter counts. It must not know a document, nor how a flow runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

from trunkcall.domain.flow import FlowHook
from trunkcall.flows.kinds import (
    Amount,
    Anything,
    Choice,
    Group,
    Keys,
    Many,
    Parameter,
    Rule,
    Source,
    Text,
    Texts,
    Whole,
)

VERSION: Final = "2019-10-30"
MAX_CONTENT: Final = 256_000
"""Characters of a document, as Amazon Connect documents it."""
MAX_ACTIONS: Final = 250
MAX_IDENTIFIER: Final = 50
NOT_IN_IDENTIFIERS: Final = frozenset("%:(\\/)=$,;[]{}")
NOT_IDENTIFIERS: Final = frozenset(
    {
        "__proto__",
        "constructor",
        "__defineGetter__",
        "__defineSetter__",
        "toString",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "valueOf",
    }
)
MAX_NESTING: Final = 5
"""Of conditions in conditions."""
MAX_CONDITIONS: Final = 50
"""Of a condition, with all that are in it."""
MAX_SPOKEN: Final = 6_000
"""Characters of what is spoken, marks included."""
MAX_LOOPS: Final = 100
MAX_WAIT_S: Final = 604_800
MAX_DEPTH: Final = 60
"""Of objects and lists in one another: more than any export has."""

ERROR: Final = "NoMatchingError"
NO_CONDITION: Final = "NoMatchingCondition"
TIME_OUT: Final = "InputTimeLimitExceeded"
BAD_NUMBER: Final = "InvalidPhoneNumber"
QUEUE_FULL: Final = "QueueAtCapacity"
OTHER_CHANNEL: Final = "ChannelMismatch"

EQUALS: Final = "Equals"
NUMBER_OPERATORS: Final = (
    "NumberGreaterThan",
    "NumberGreaterOrEqualTo",
    "NumberLessThan",
    "NumberLessOrEqualTo",
)
TEXT_OPERATORS: Final = ("TextStartsWith", "TextEndsWith", "TextContains")
OPERATORS: Final = (EQUALS, *TEXT_OPERATORS, *NUMBER_OPERATORS)

OTHER_CHANNELS: Final = ("ChatBehavior", "TaskBehavior", "EmailBehavior")
"""What is meant for contacts that are no calls."""

STORE, VALIDATION = "StoreInput", "InputValidation"
BUFFER: Final = "EnableDTMFBuffer"
"""Of keys that are pressed before anybody is asked for them: they are kept, or no longer."""
YES, NO = "True", "False"


def is_yes(value: object) -> bool:
    """Whether a parameter says yes: Amazon's pages write it in either way."""
    return value in (YES, YES.lower())


class Follows(Enum):
    """Whether NextAction stands in the transitions."""

    ALWAYS = "NextAction"
    PERHAPS = "NextAction, or conditions and errors alone"
    NEVER = "nothing: the flow ends there"


@dataclass(frozen=True, slots=True)
class Branch:
    """An error that an action may end with. ``required``: Amazon takes no flow without a branch for it."""

    error: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Results:
    """What conditions compare with. ``values`` are all that there may be, None if they are not known beforehand; with
    ``each`` there must be a condition for each of them. ``of_people``: conditions are about what somebody is or has."""

    operators: tuple[str, ...]
    values: tuple[str, ...] | None = None
    each: bool = False
    of_people: bool = False


@dataclass(frozen=True, slots=True)
class ActionType:
    """A type of action. ``does`` is what it does, in a sentence without its subject. ``flow_types`` are those of the
    flows in which Amazon has it, None for all. One that is not ``offered`` is accepted and takes its error branch; its
    parameters are nobody's business."""

    name: str
    does: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    follows: Follows = Follows.ALWAYS
    results: Results | None = None
    errors: tuple[Branch, ...] = ()
    flow_types: frozenset[str] | None = None
    offered: bool = True
    has_more: bool = False
    """It has parameters besides, of which nothing comes here: they are taken unseen."""


_INBOUND = frozenset({"CONTACT_FLOW", "CAMPAIGN"})
_TRANSFER = frozenset({"AGENT_TRANSFER", "QUEUE_TRANSFER"})
_WHISPER = frozenset({"CUSTOMER_WHISPER", "AGENT_WHISPER", "OUTBOUND_WHISPER"})
_QUEUE = frozenset({"CUSTOMER_QUEUE"})
_HOLD = frozenset({"CUSTOMER_HOLD", "AGENT_HOLD"})
FLOW_TYPES: Final = tuple(sorted(_INBOUND | _TRANSFER | _WHISPER | _QUEUE | _HOLD))

_ID = Text()
_STATIC = Text(Source.STATIC)
_SPOKEN = Text(Source.PARTS, MAX_SPOKEN)
_MARKED = Text(Source.PARTS, MAX_SPOKEN, speech=True)
_FLAG = Choice((YES, NO))
_SWITCH = Choice(("Enabled", "Disabled"))
_RECORDED = Many(Choice(("Agent", "Customer")))
_FLAG_IN_EITHER_WAY = Choice((YES, NO, YES.lower(), NO.lower()))
_MEDIA = Group(
    {
        "Uri": Parameter(Text(Source.PARTS), required=True),
        "SourceType": Parameter(Choice(("S3",)), required=True),
        "MediaType": Parameter(Choice(("Audio",)), required=True),
    }
)
_PROMPT = {
    "PromptId": Parameter(_ID),
    "Text": Parameter(_SPOKEN),
    "SSML": Parameter(_MARKED),
    "Media": Parameter(_MEDIA),
}
PROMPTS: Final = tuple(_PROMPT)
_ONE_PROMPT = Rule(Amount.ONE, PROMPTS)
_QUEUE_OR_AGENT = {"QueueId": Parameter(_ID), "AgentId": Parameter(_ID)}
_ONE_QUEUE_AT_MOST = Rule(Amount.AT_MOST_ONE, tuple(_QUEUE_OR_AGENT))
_NEEDS_ERROR = (Branch(ERROR, required=True),)
_MAY_FAIL = (Branch(ERROR),)

KEYS: Final = tuple("0123456789*#")
CALL_ANSWERED: Final = "CallAnswered"
VOICEMAIL_BEEP: Final = "VoicemailBeep"
VOICEMAIL_NO_BEEP: Final = "VoicemailNoBeep"
NOT_DETECTED: Final = "NotDetected"
CONTINUE_LOOPING: Final = "ContinueLooping"
DONE_LOOPING: Final = "DoneLooping"
WAIT_COMPLETED: Final = "WaitCompleted"
MESSAGES_INTERRUPTED: Final = "MessagesInterrupted"

EVENT_HOOKS: Final = (
    "AgentHold",
    "AgentWhisper",
    "CustomerHold",
    "CustomerQueue",
    "CustomerRemaining",
    "CustomerWhisper",
    "DefaultAgentUI",
    "DisconnectAgentUI",
    "PauseContact",
    "ResumeContact",
)
UNOFFERED_HOOKS: Final = tuple(each for each in EVENT_HOOKS if each not in {*FlowHook})
"""Hooks that are taken, and whose flows never run."""
METRICS: Final = (
    "NumberOfAgentsAvailable",
    "NumberOfAgentsStaffed",
    "NumberOfAgentsOnline",
    "OldestContactInQueueAgeSeconds",
    "NumberOfContactsInQueue",
)

_OFFERED = (
    ActionType(
        "CheckOutboundCallStatus",
        "goes on by who has answered: a person, a machine with or without a beep, or nobody knows. With detection off, "
        "by the error branch",
        results=Results((EQUALS,), (CALL_ANSWERED, VOICEMAIL_BEEP, VOICEMAIL_NO_BEEP, NOT_DETECTED)),
        follows=Follows.PERHAPS,
        errors=_MAY_FAIL,
    ),
    ActionType(
        "MessageParticipant",
        "says something, and goes on at its end",
        {**_PROMPT, "SkipWhenDTMFBufferEnabled": Parameter(_FLAG_IN_EITHER_WAY)},
        (_ONE_PROMPT,),
        errors=_MAY_FAIL,
        flow_types=_INBOUND | _TRANSFER | _WHISPER | _QUEUE,
    ),
    ActionType(
        "MessageParticipantIteratively",
        "says several things again and again, to somebody who waits",
        {
            "Messages": Parameter(Many(Group(_PROMPT, (_ONE_PROMPT,)), least=1), required=True),
            "InterruptFrequencySeconds": Parameter(Whole(1)),
        },
        follows=Follows.PERHAPS,
        results=Results((EQUALS,), (MESSAGES_INTERRUPTED,)),
        errors=_MAY_FAIL,
        flow_types=_QUEUE | _HOLD,
    ),
    ActionType(
        "GetParticipantInput",
        "says something, and goes on by the key that is pressed, or keeps the keys as `$.StoredCustomerInput`",
        {
            **_PROMPT,
            "InputTimeLimitSeconds": Parameter(Whole(1)),
            "InputTimeoutSeconds": Parameter(Whole(1)),
            BUFFER: Parameter(_FLAG_IN_EITHER_WAY),
            STORE: Parameter(_FLAG_IN_EITHER_WAY),
            VALIDATION: Parameter(
                Group(
                    {
                        "PhoneNumberValidation": Parameter(
                            Group(
                                {
                                    "NumberFormat": Parameter(Choice(("Local", "E164")), required=True),
                                    "CountryCode": Parameter(_STATIC),
                                }
                            )
                        ),
                        "CustomValidation": Parameter(
                            Group({"MaximumLength": Parameter(Whole(1, source=Source.WHOLE), required=True)})
                        ),
                    },
                    (Rule(Amount.ONE, ("PhoneNumberValidation", "CustomValidation")),),
                )
            ),
            "InputEncryption": Parameter(
                Group(
                    {
                        "EncryptionKeyId": Parameter(_ID, required=True),
                        "Key": Parameter(_ID, required=True),
                    }
                )
            ),
            "DTMFConfiguration": Parameter(
                Group(
                    {
                        "InputTerminationSequence": Parameter(Keys(5)),
                        "DisableCancelKey": Parameter(_FLAG),
                        "InterdigitTimeLimitSeconds": Parameter(Whole(1, 20, Source.WHOLE)),
                    }
                )
            ),
        },
        (
            Rule(Amount.AT_MOST_ONE, PROMPTS),
            Rule(Amount.ONE, ("InputTimeLimitSeconds", "InputTimeoutSeconds", BUFFER)),
        ),
        follows=Follows.PERHAPS,
        results=Results((EQUALS,), KEYS),
        errors=(*_NEEDS_ERROR, Branch(NO_CONDITION), Branch(TIME_OUT), Branch(BAD_NUMBER)),
        flow_types=_INBOUND | _TRANSFER | _QUEUE,
    ),
    ActionType(
        "UpdateContactAttributes",
        "gives the contact attributes: all of them, or none",
        {
            "Attributes": Parameter(Texts(values=Text(Source.PARTS)), required=True),
            "TargetContact": Parameter(Choice(("Current", "Related"))),
        },
        errors=_NEEDS_ERROR,
    ),
    ActionType(
        "UpdateContactTargetQueue",
        "chooses the queue for what follows",
        _QUEUE_OR_AGENT,
        (_ONE_QUEUE_AT_MOST,),
        errors=_NEEDS_ERROR,
        flow_types=_INBOUND | _TRANSFER,
    ),
    ActionType(
        "TransferContactToQueue",
        "puts the contact into the queue that was chosen, or its campaign's",
        errors=(Branch(QUEUE_FULL, required=True), *_NEEDS_ERROR),
        flow_types=_INBOUND | _TRANSFER,
    ),
    ActionType(
        "DequeueContactAndTransferToQueue",
        "takes a contact that waits out of its queue and puts it into another",
        _QUEUE_OR_AGENT,
        (_ONE_QUEUE_AT_MOST,),
        errors=(Branch(QUEUE_FULL, required=True), *_NEEDS_ERROR),
        flow_types=_QUEUE,
    ),
    ActionType(
        "Compare",
        "goes on by a value",
        {"ComparisonValue": Parameter(Text(Source.REFERENCE), required=True)},
        follows=Follows.PERHAPS,
        results=Results(OPERATORS, of_people=True),
        errors=(Branch(NO_CONDITION, required=True),),
    ),
    ActionType(
        "Loop",
        "goes round so many times, and on after that",
        {"LoopCount": Parameter(Whole(0, MAX_LOOPS, Source.WHOLE), required=True)},
        follows=Follows.PERHAPS,
        results=Results((EQUALS,), (CONTINUE_LOOPING, DONE_LOOPING), each=True),
        errors=_MAY_FAIL,
    ),
    ActionType(
        "Wait",
        "waits so long",
        {
            "TimeLimitSeconds": Parameter(Whole(1, MAX_WAIT_S, Source.WHOLE)),
            "TimeoutSeconds": Parameter(Whole(1, MAX_WAIT_S, Source.WHOLE)),
            "Events": Parameter(Many(_STATIC)),
        },
        (Rule(Amount.ONE, ("TimeLimitSeconds", "TimeoutSeconds")),),
        follows=Follows.PERHAPS,
        results=Results((EQUALS,)),
        errors=(*_NEEDS_ERROR, Branch("ParticipantNotFound")),
    ),
    ActionType(
        "CheckHoursOfOperation",
        "goes on by whether it is open, by these hours or those of the queue",
        {"HoursOfOperationId": Parameter(_ID)},
        follows=Follows.PERHAPS,
        results=Results((EQUALS,), (YES, NO), each=True),
        errors=_NEEDS_ERROR,
        flow_types=_INBOUND | _TRANSFER | _QUEUE,
    ),
    ActionType(
        "CheckMetricData",
        "goes on by how many agents or contacts there are",
        {"MetricType": Parameter(Choice(METRICS), required=True), **_QUEUE_OR_AGENT},
        (_ONE_QUEUE_AT_MOST,),
        follows=Follows.PERHAPS,
        results=Results((EQUALS, *NUMBER_OPERATORS)),
        errors=(*_NEEDS_ERROR, Branch(NO_CONDITION, required=True)),
        flow_types=_INBOUND | _TRANSFER | _QUEUE,
    ),
    ActionType(
        "DistributeByPercentage",
        "goes on by chance: a number from 1 to 100",
        follows=Follows.PERHAPS,
        results=Results(("NumberLessThan",)),
        errors=(Branch(NO_CONDITION, required=True),),
        flow_types=_INBOUND | _TRANSFER | _QUEUE,
    ),
    ActionType(
        "UpdateContactRoutingBehavior",
        "gives the contact another place in its queue",
        {
            "QueuePriority": Parameter(Whole(1, 2**63 - 1)),
            "QueueTimeAdjustmentSeconds": Parameter(Whole(-(2**31), 2**31 - 1)),
            "RoutingProficiencies": Parameter(Anything()),
        },
        (Rule(Amount.AT_MOST_ONE, ("QueuePriority", "QueueTimeAdjustmentSeconds", "RoutingProficiencies")),),
        errors=_MAY_FAIL,
        flow_types=_INBOUND,
    ),
    ActionType(
        "UpdateContactEventHooks",
        "chooses a flow that runs later: whispers, while the customer waits, on hold. Of "
        f"{', '.join(UNOFFERED_HOOKS)} nothing comes",
        {
            "EventHooks": Parameter(
                Texts(EVENT_HOOKS, most=1, values=Text(may_be_empty=True)),
                required=True,
            )
        },
        errors=_NEEDS_ERROR,
    ),
    ActionType(
        "UpdateContactTextToSpeechVoice",
        "chooses the voice for what is said after it",
        {
            "TextToSpeechVoice": Parameter(_ID, required=True),
            "TextToSpeechEngine": Parameter(_ID),
            "TextToSpeechStyle": Parameter(_ID),
            "Engine": Parameter(_ID),
            "LanguageCode": Parameter(_ID),
        },
        errors=_MAY_FAIL,
    ),
    ActionType(
        "UpdateFlowLoggingBehavior",
        "has the flow's steps logged, or not",
        {"FlowLoggingBehavior": Parameter(_SWITCH, required=True)},
        errors=_MAY_FAIL,
    ),
    ActionType(
        "UpdateContactRecordingBehavior",
        "says who is recorded",
        {
            "RecordingBehavior": Parameter(
                Group(
                    {
                        "RecordedParticipants": Parameter(_RECORDED, required=True),
                        "ScreenRecordedParticipants": Parameter(Many(Choice(("Agent",)))),
                        "IVRRecordingBehavior": Parameter(_SWITCH),
                    }
                )
            ),
            "AnalyticsBehavior": Parameter(Anything()),
        },
        errors=_MAY_FAIL,
        flow_types=_INBOUND | _TRANSFER | _QUEUE | frozenset({"OUTBOUND_WHISPER"}),
    ),
    ActionType(
        "UpdateContactRecordingAndAnalyticsBehavior",
        "says who is recorded: the console's block of today writes this one",
        {
            "VoiceBehavior": Parameter(
                Group(
                    {
                        "VoiceRecordingBehavior": Parameter(
                            Group(
                                {
                                    "RecordedParticipants": Parameter(_RECORDED, required=True),
                                    "IVRRecordingBehavior": Parameter(_SWITCH),
                                }
                            )
                        ),
                        "VoiceAnalyticsBehavior": Parameter(Anything()),
                    }
                )
            ),
            **{name: Parameter(Anything()) for name in OTHER_CHANNELS},
        },
        errors=(*_MAY_FAIL, Branch(OTHER_CHANNEL), Branch("InFlightRedactionConfigurationFailed")),
        has_more=True,
    ),
    ActionType(
        "InvokeLambdaFunction",
        "asks a service of yours, whose answer is `$.External`",
        {
            "LambdaFunctionARN": Parameter(_ID, required=True),
            "InvocationTimeLimitSeconds": Parameter(Whole(1, 60)),
            "InvocationType": Parameter(Choice(("SYNCHRONOUS", "ASYNCHRONOUS"))),
            "LambdaInvocationAttributes": Parameter(Texts(values=Text(Source.PARTS, may_be_empty=True))),
            "ResponseValidation": Parameter(
                Group({"ResponseType": Parameter(Choice(("STRING_MAP", "JSON")), required=True)})
            ),
        },
        errors=_NEEDS_ERROR,
    ),
    ActionType(
        "TransferToFlow",
        "goes on in another flow, and does not come back",
        {"ContactFlowId": Parameter(_ID, required=True)},
        follows=Follows.PERHAPS,
        errors=_NEEDS_ERROR,
        flow_types=_INBOUND | _TRANSFER,
    ),
    ActionType(
        "CompleteOutboundCall",
        "has the call go out after an outbound whisper",
        {
            "CallerId": Parameter(Group({"Number": Parameter(_ID)})),
            "VoiceConnector": Parameter(Anything()),
            "ConnectionTimeLimitSeconds": Parameter(Whole(1, source=Source.WHOLE)),
        },
        errors=_MAY_FAIL,
        flow_types=frozenset({"OUTBOUND_WHISPER"}),
    ),
    ActionType(
        "DisconnectParticipant",
        "hangs up",
        follows=Follows.NEVER,
        flow_types=_INBOUND | _TRANSFER | _QUEUE,
    ),
    ActionType(
        "EndFlowExecution",
        "ends this flow; the contact goes on as it was",
        follows=Follows.NEVER,
        flow_types=_WHISPER | _QUEUE,
    ),
)

_ACCEPTED = (
    "AssociateContactToCustomerProfile",
    "AuthenticateParticipant",
    "CheckSegmentMembership",
    "CheckVoiceId",
    "ConnectParticipantWithAgenticCX",
    "ConnectParticipantWithLexBot",
    "CreateCallbackContact",
    "CreateCase",
    "CreateCustomerProfile",
    "CreatePersistentContactAssociation",
    "CreateTask",
    "CreateWisdomSession",
    "EvaluateDataTableValues",
    "GetCalculatedAttributesForCustomerProfile",
    "GetCase",
    "GetCustomerProfile",
    "GetCustomerProfileObject",
    "GetMetricData",
    "InvokeFlowModule",
    "ListDataTableValues",
    "LoadContactContent",
    "ResumeContact",
    "RouteContactToAgent",
    "SendMessage",
    "ShowView",
    "StartOutboundChatContact",
    "StartOutboundEmailContact",
    "StartVoiceIdStream",
    "TagContact",
    "TransferParticipantToThirdParty",
    "UnTagContact",
    "UntagContact",
    "UpdateCase",
    "UpdateContactCallbackNumber",
    "UpdateContactData",
    "UpdateContactMediaProcessing",
    "UpdateContactMediaStreamingBehavior",
    "UpdateCustomerProfile",
    "UpdateFlowAttributes",
    "UpdatePreviousContactParticipantState",
    "UpdateRoutingCriteria",
    "UpdateWisdomSession",
    "UpsertDataTableValues",
)
_ENDS = ("EndFlowModuleExecution", "TransferContactToAgent")


def _accepted(name: str, follows: Follows) -> ActionType:
    return ActionType(name, "is not offered", follows=follows, offered=False)


def _by_name(types: Iterable[ActionType]) -> Mapping[str, ActionType]:
    return MappingProxyType({each.name: each for each in types})


ACTIONS: Final = _by_name(
    (
        *_OFFERED,
        *(_accepted(name, Follows.PERHAPS) for name in _ACCEPTED),
        *(_accepted(name, Follows.NEVER) for name in _ENDS),
    )
)
"""Every type of action that the language has, by name: those that are offered first."""

ERRORS: Final = frozenset(
    {
        *(branch.error for each in _OFFERED for branch in each.errors),
        "CallFailed",
        "CallbackNumberNotDialable",
        "ConnectionTimeLimitExceeded",
        "ContactNotLinked",
        "InvalidCallbackNumber",
        "MultipleFoundError",
        "NoneFoundError",
        "ParticipantNotFound",
        "TimeLimitExceeded",
    }
)
"""Errors that some action of the language ends with."""
