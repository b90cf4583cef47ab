"""What of the actions that are offered nothing comes here, though the flow language has it and Amazon acts by it.

Decides the sentence for each parameter that is taken and does nothing, or always leads to an error. Values that come of
references are known only to whoever runs the flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from trunkcall.flows.document import Action
from trunkcall.flows.language import BUFFER, UNOFFERED_HOOKS, is_yes

_FAILS: Final = "it takes its error branch"
_NO_OWN_QUEUE: Final = f"names an agent's own queue, and there is none here: {_FAILS}"
_OF_AGENT: Final = MappingProxyType({"AgentId": _NO_OWN_QUEUE})
_IN_VAIN: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "CheckMetricData": _OF_AGENT,
        "CompleteOutboundCall": {"VoiceConnector": f"has a VoiceConnector, and there is none here: {_FAILS}"},
        "DequeueContactAndTransferToQueue": _OF_AGENT,
        "GetParticipantInput": {"InputEncryption": f"has keys encrypted, which is not offered: {_FAILS}"},
        "UpdateContactRoutingBehavior": {
            "RoutingProficiencies": f"goes by skills of agents, and there are none here: {_FAILS}"
        },
        "UpdateContactTargetQueue": _OF_AGENT,
    }
)
"""Sentences without their subject, by action and by a parameter that is there."""


def in_vain(action: Action) -> Iterator[str]:
    """Sentences without their subject, one for each thing that the action has and of which nothing comes."""
    given = action.parameters
    if BUFFER not in given:
        # Nobody is asked then, whatever is said of the keys.
        yield from (said for name, said in _IN_VAIN.get(action.type, {}).items() if name in given)
    match action.type:
        case "UpdateContactEventHooks":
            hooks = (hook for hook, flow in given["EventHooks"].items() if flow and hook in UNOFFERED_HOOKS)
            yield from (f"chooses a flow for {hook}, of which nothing comes: it never runs here" for hook in hooks)
        case "UpdateContactAttributes" if given.get("TargetContact") == "Related":
            yield f"is about a related contact, and there is none here: {_FAILS}"
        case "UpdateContactRoutingBehavior" if not given:
            yield f"gives the contact no other place: {_FAILS}"
        case "UpdateContactRecordingBehavior":
            yield from _of_recording(given.get("RecordingBehavior"))
            yield from _of_analytics(given.get("AnalyticsBehavior"))
        case "UpdateContactRecordingAndAnalyticsBehavior" if "VoiceBehavior" in given:
            yield from _of_recording(given["VoiceBehavior"].get("VoiceRecordingBehavior"))
            yield from _of_analytics(given["VoiceBehavior"].get("VoiceAnalyticsBehavior"))
        case "Wait" if given.get("Events"):
            yield "waits for events, and none comes here: it goes on once its time is over"
        case _:
            pass


def _of_recording(behavior: Mapping[str, Any] | None) -> Iterator[str]:
    if behavior is None:
        yield "does not say who is recorded: it changes nothing"
        return
    if {*behavior["RecordedParticipants"]} in ({"Agent"}, {"Customer"}):
        yield "records one participant alone, which is not offered: nothing is recorded"
    if behavior.get("ScreenRecordedParticipants"):
        yield "records a screen, which is not offered: nothing comes of it"
    if behavior.get("IVRRecordingBehavior") == "Enabled":
        yield "records what flows say, which is not offered: nothing comes of it"


def _of_analytics(behavior: object) -> Iterator[str]:
    if isinstance(behavior, Mapping) and is_yes(behavior.get("Enabled")):
        yield "has talks analysed, which is not offered: nothing comes of it"
