"""What each action of a flow does.

Decides what an action makes of a contact's progress, what is to be done for it, and what it comes to: a result, an
error, or a stand. It must not know by which branch that leads where (``running``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias, assert_never

from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Enqueue, Rank, Record
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.values import quickly_made
from trunkcall.flows import language
from trunkcall.flows.document import Action, Flow
from trunkcall.flows.keys import keying_of
from trunkcall.flows.progress import (
    Ask,
    Await,
    CallOut,
    Ending,
    GiveAttributes,
    Order,
    Progress,
    Prompt,
    Say,
    SayAgainAndAgain,
    Speech,
)
from trunkcall.flows.surroundings import Surroundings
from trunkcall.flows.values import Values, whole_number

MAX_ATTRIBUTES: Final = 32_768
"""Octets in UTF-8 of all attributes of a contact, their names included, as Amazon Connect has it."""

MAX_ANSWER: Final[Duration] = 8 * SECOND
"""Nobody waits longer for a function, as Amazon Connect has it."""
_ANSWER_S: Final = 3
"""How long, where nothing is said: as long as the block has in Amazon Connect's editor."""

_STATUS: Final[Mapping[DetectionStatus, str]] = MappingProxyType(
    {
        DetectionStatus.HUMAN_ANSWERED: language.CALL_ANSWERED,
        DetectionStatus.VOICEMAIL_BEEP: language.VOICEMAIL_BEEP,
        DetectionStatus.VOICEMAIL_NO_BEEP: language.VOICEMAIL_NO_BEEP,
        DetectionStatus.AMD_UNANSWERED: language.NOT_DETECTED,
        DetectionStatus.AMD_UNRESOLVED: language.NOT_DETECTED,
        DetectionStatus.AMD_UNRESOLVED_SILENCE: language.NOT_DETECTED,
        DetectionStatus.FAX_MACHINE_DETECTED: language.NOT_DETECTED,
    }
)
"""What CheckOutboundCallStatus goes on by; the others are errors, and so is detection that was off."""


STANDING: Final[Mapping[Await, frozenset[str]]] = MappingProxyType(
    {
        Await.MESSAGE: frozenset({"MessageParticipant"}),
        Await.MESSAGES: frozenset({"MessageParticipantIteratively"}),
        Await.KEYS: frozenset({"GetParticipantInput"}),
        Await.TIME: frozenset({"Wait"}),
        Await.QUEUE: frozenset({"TransferContactToQueue", "DequeueContactAndTransferToQueue"}),
        Await.ANSWER: frozenset({"InvokeLambdaFunction"}),
    }
)
"""The actions in which a contact stands still so."""


@dataclass(frozen=True, slots=True)
class On:
    """It goes on by NextAction."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Result:
    """It has a result, with which conditions compare."""

    value: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It ends with an error."""

    error: str = language.ERROR


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not offered."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Stands:
    """It stands still, at most so long; None: as long as there is."""

    awaits: Await
    at_most: Duration | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Over:
    """The flow is over."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """It goes on in another flow."""

    flow_id: str
    flow: Flow


Outcome: TypeAlias = On | Result | Failed | Refused | Stands | Over | Elsewhere


@quickly_made
@dataclass(frozen=True, slots=True)
class Acted:
    """What an action has come to. ``changes`` are those of the progress, by field."""

    outcome: Outcome
    orders: tuple[Order, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


class Scene:
    """What an action works with: itself, where the contact stands, what is around."""

    __slots__ = ("action", "around", "at", "given", "values")

    def __init__(self, action: Action, at: Progress, around: Surroundings) -> None:
        self.action = action
        self.given: Mapping[str, Any] = action.parameters
        self.at = at
        self.around = around
        self.values = Values(at, around.value)

    def whole(self, name: str) -> str | None:
        """The value of a parameter; None where it has none."""
        return self.values.whole(self.given.get(name))

    @property
    def names_queue(self) -> bool:
        """Whether a queue is named, or an agent for theirs."""
        return "QueueId" in self.given or "AgentId" in self.given

    def queue(self) -> str | None:
        """The queue that is named, or was chosen where none is. None if there is no such; of agents there are none."""
        if not self.names_queue:
            return self.at.queue_id
        named = self.whole("QueueId")
        return self.around.queue(named) if named is not None else None

    def prompt(self, given: Mapping[str, Any]) -> Prompt | None:
        """What is to be said; None if nothing is, it has no value, or is longer than anybody says."""
        speech = next((each for each in Speech if each in given), None)
        match speech:
            case None:
                return None
            case Speech.TEXT:
                text = self.values.text(given[speech], language.MAX_SPOKEN)
            case Speech.SSML:
                text = self.values.speech(given[speech])
            case Speech.PROMPT:
                text = self.values.text(given[speech])
            case Speech.MEDIA:
                text = self.values.text(given[speech]["Uri"])
            case _:
                assert_never(speech)
        return Prompt(speech, text) if text and not text.isspace() else None


def act(action: Action, at: Progress, around: Surroundings) -> Acted:
    """Take an action."""
    taken = _ACTS.get(action.type)
    if taken is None:
        ends = language.ACTIONS[action.type].follows is language.Follows.NEVER
        return Acted(Over(Ending.RETURNED) if ends else Refused())
    return taken(Scene(action, at, around))


# --- what is said and asked -----------------------------------------------------------------------------------------


def _message(scene: Scene) -> Acted:
    prompt = scene.prompt(scene.given)
    if prompt is None:
        return Acted(Failed())
    return Acted(Stands(Await.MESSAGE), (Say(prompt, scene.at.voice),))


def _messages(scene: Scene) -> Acted:
    prompts = tuple(prompt for each in scene.given["Messages"] if (prompt := scene.prompt(each)) is not None)
    if not prompts:
        return Acted(Failed())
    every = scene.given.get("InterruptFrequencySeconds")
    stands = Stands(Await.MESSAGES, int(every) * SECOND if every is not None else None)
    return Acted(stands, (SayAgainAndAgain(prompts, scene.at.voice),))


def _input(scene: Scene) -> Acted:
    if language.BUFFER in scene.given:
        # No key is kept that is pressed too early, so there is none to store.
        return Acted(On(), changes={"stored_input": None} if language.is_yes(scene.given.get(language.STORE)) else {})
    if "InputEncryption" in scene.given:
        return Acted(Failed())
    prompt = scene.prompt(scene.given)
    if prompt is not None:
        return Acted(Stands(Await.KEYS), (Say(prompt, scene.at.voice),))
    if any(name in scene.given for name in language.PROMPTS):
        return Acted(Failed())
    return Acted(Stands(Await.KEYS, keying_of(scene.given, scene.values).first))


def _voice(scene: Scene) -> Acted:
    voice = {name: value for name in scene.given if (value := scene.whole(name))}
    if "TextToSpeechVoice" not in voice:
        return Acted(Failed())
    return Acted(On(), changes={"voice": voice})


# --- by which it goes on --------------------------------------------------------------------------------------------


def _status(scene: Scene) -> Acted:
    result = _STATUS.get(scene.at.detection) if scene.at.detection is not None else None
    return Acted(Result(result) if result is not None else Failed())


def _compare(scene: Scene) -> Acted:
    value = scene.whole("ComparisonValue")
    return Acted(Result(value) if value is not None else Failed(language.NO_CONDITION))


def _loop(scene: Scene) -> Acted:
    most = whole_number(scene.whole("LoopCount"), 0, language.MAX_LOOPS)
    if most is None:
        return Acted(Failed())
    rounds = scene.at.loops.get(scene.action.identifier, 0)
    goes_on = rounds < most
    loops = {**scene.at.loops, scene.action.identifier: rounds + 1 if goes_on else 0}
    result = language.CONTINUE_LOOPING if goes_on else language.DONE_LOOPING
    return Acted(Result(result), changes={"loops": loops})


def _wait(scene: Scene) -> Acted:
    limit = "TimeLimitSeconds" if "TimeLimitSeconds" in scene.given else "TimeoutSeconds"
    wait_s = whole_number(scene.whole(limit), 1, language.MAX_WAIT_S)
    return Acted(Stands(Await.TIME, wait_s * SECOND) if wait_s is not None else Failed())


def _hours(scene: Scene) -> Acted:
    hours = scene.whole("HoursOfOperationId")
    if hours is None and "HoursOfOperationId" in scene.given:
        return Acted(Failed())
    is_open = scene.around.is_open(hours, scene.at.queue_id)
    return Acted(Result(language.YES if is_open else language.NO) if is_open is not None else Failed())


def _metric(scene: Scene) -> Acted:
    queue_id = scene.queue()
    if queue_id is None and scene.names_queue:
        return Acted(Failed())
    metric = scene.around.metric(scene.given["MetricType"], queue_id)
    return Acted(Result(str(metric)) if metric is not None else Failed())


def _split(scene: Scene) -> Acted:
    return Acted(Result(str(scene.around.percent())))


# --- what the contact gets ------------------------------------------------------------------------------------------


def _attributes(scene: Scene) -> Acted:
    if scene.given.get("TargetContact") == "Related":
        return Acted(Failed())
    given = scene.values.texts(scene.given["Attributes"])
    if given is None:
        return Acted(Failed())
    attributes = {**scene.at.attributes, **given}
    size = sum(len(text.encode("utf-8", "replace")) for pair in attributes.items() for text in pair)
    if size > MAX_ATTRIBUTES or "" in given:
        return Acted(Failed())
    return Acted(On(), (GiveAttributes(given),), {"attributes": attributes})


def _target(scene: Scene) -> Acted:
    queue_id = scene.queue()
    return Acted(On(), changes={"queue_id": queue_id}) if queue_id is not None else Acted(Failed())


def _enqueue(scene: Scene) -> Acted:
    return Acted(Stands(Await.QUEUE), (Enqueue(scene.at.queue_id),))


def _requeue(scene: Scene) -> Acted:
    queue_id = scene.queue()
    if queue_id is None:
        return Acted(Failed())
    return Acted(Stands(Await.QUEUE), (Enqueue(queue_id, moved=True),), {"queue_id": queue_id})


def _rank(scene: Scene) -> Acted:
    given = scene.given
    if "QueuePriority" in given:
        priority = int(given["QueuePriority"])
        return Acted(On(), (Rank(priority=priority),), {"priority": priority})
    if "QueueTimeAdjustmentSeconds" in given:
        adjustment = int(given["QueueTimeAdjustmentSeconds"]) * SECOND
        return Acted(On(), (Rank(adjustment=adjustment),), {"adjustment": adjustment})
    return Acted(Failed())


def _hooks(scene: Scene) -> Acted:
    ((hook, given),) = scene.given["EventHooks"].items()
    flow_id = scene.values.whole(given)
    if flow_id is None or (flow_id and scene.around.flow(flow_id) is None):
        return Acted(Failed())
    return Acted(On(), changes={"hooks": {**scene.at.hooks, hook: flow_id}})


def _recording(scene: Scene) -> Acted:
    return _recorded(scene.given.get("RecordingBehavior"))


def _recording_of_calls(scene: Scene) -> Acted:
    if "VoiceBehavior" in scene.given:
        return _recorded(scene.given["VoiceBehavior"].get("VoiceRecordingBehavior"))
    is_of_others = any(name in scene.given for name in language.OTHER_CHANNELS)
    return Acted(Failed(language.OTHER_CHANNEL) if is_of_others else On())


def _recorded(behavior: Mapping[str, Any] | None) -> Acted:
    if behavior is None:
        return Acted(On())
    recorded = tuple(behavior["RecordedParticipants"])
    return Acted(On(), (Record(recorded),), {"recorded": recorded})


def _logging(scene: Scene) -> Acted:
    return Acted(On(), changes={"is_logged": scene.given["FlowLoggingBehavior"] == "Enabled"})


# --- others ---------------------------------------------------------------------------------------------------------


def _ask(scene: Scene) -> Acted:
    arn, values = (
        scene.whole("LambdaFunctionARN"),
        scene.values.texts(scene.given.get("LambdaInvocationAttributes", {})),
    )
    if not arn or values is None:
        return Acted(Failed())
    within = int(scene.given.get("InvocationTimeLimitSeconds", _ANSWER_S)) * SECOND
    # Amazon has a minute for those that nobody waits for.
    if scene.given.get("InvocationType") == "ASYNCHRONOUS":
        return Acted(On(), (Ask(arn, values, within, waits=False),))
    within = min(within, MAX_ANSWER)
    return Acted(Stands(Await.ANSWER, within), (Ask(arn, values, within),))


def is_as_wanted(answer: Mapping[str, object], action: Action) -> bool:
    """Whether the answer to an InvokeLambdaFunction is such as the action has it: texts alone, for STRING_MAP."""
    wanted = action.parameters.get("ResponseValidation", {}).get("ResponseType")
    return wanted != "STRING_MAP" or all(isinstance(value, str) for value in answer.values())


def _transfer(scene: Scene) -> Acted:
    flow_id = scene.whole("ContactFlowId")
    flow = scene.around.flow(flow_id) if flow_id else None
    return Acted(Elsewhere(flow_id, flow) if flow_id and flow is not None else Failed())


def _call_out(scene: Scene) -> Acted:
    if "VoiceConnector" in scene.given:
        return Acted(Failed())
    shown = scene.given.get("CallerId", {})
    number = scene.values.whole(shown.get("Number"))
    if "Number" in shown and not number:
        return Acted(Failed())
    within_s = whole_number(scene.whole("ConnectionTimeLimitSeconds"), 1, language.MAX_WAIT_S)
    if "ConnectionTimeLimitSeconds" in scene.given and within_s is None:
        return Acted(Failed())
    return Acted(On(), (CallOut(number, within_s * SECOND if within_s is not None else None),))


def _disconnect(scene: Scene) -> Acted:
    return Acted(Over(Ending.DISCONNECTED))


def _finish(scene: Scene) -> Acted:
    return Acted(Over(Ending.RETURNED))


_ACTS: Final[Mapping[str, Callable[[Scene], Acted]]] = MappingProxyType(
    {
        "CheckHoursOfOperation": _hours,
        "CheckMetricData": _metric,
        "CheckOutboundCallStatus": _status,
        "Compare": _compare,
        "CompleteOutboundCall": _call_out,
        "DequeueContactAndTransferToQueue": _requeue,
        "DisconnectParticipant": _disconnect,
        "DistributeByPercentage": _split,
        "EndFlowExecution": _finish,
        "GetParticipantInput": _input,
        "InvokeLambdaFunction": _ask,
        "Loop": _loop,
        "MessageParticipant": _message,
        "MessageParticipantIteratively": _messages,
        "TransferContactToQueue": _enqueue,
        "TransferToFlow": _transfer,
        "UpdateContactAttributes": _attributes,
        "UpdateContactEventHooks": _hooks,
        "UpdateContactRecordingAndAnalyticsBehavior": _recording_of_calls,
        "UpdateContactRecordingBehavior": _recording,
        "UpdateContactRoutingBehavior": _rank,
        "UpdateContactTargetQueue": _target,
        "UpdateContactTextToSpeechVoice": _voice,
        "UpdateFlowLoggingBehavior": _logging,
        "Wait": _wait,
    }
)
"""What actions do, by type: all that are offered."""
