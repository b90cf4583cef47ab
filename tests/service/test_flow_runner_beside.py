"""Flows beside those of a dialer's contacts, as what runs them has them. If these fail, whoever waits goes on in
silence, or agents and customers hear what is not so."""

from __future__ import annotations

from typing import Any

from service.flow_desk import ASK, CAMPAIGN, END, ERROR, NUMBER, QUEUED, SET, Desk, action, content, leading
from trunkcall.domain.contact import CalledContact
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.flow import Enqueue, FlowEvent, FlowHook, FlowStep, GoOn, Hooks, Rank, Record
from trunkcall.domain.instants import SECOND
from trunkcall.service.flow_runner import MAX_TRAIL

OVER = action("over", "EndFlowExecution")
MUSIC = {
    **action("music", "MessageParticipantIteratively", None, Messages=[{"Text": "Please wait."}]),
    "Transitions": {"Errors": [{"NextAction": "over", "ErrorType": ERROR}], "Conditions": []},
}
NAME = "$.Attributes.name"


def in_queue(*first: dict[str, Any], keys: str = "", queue_id: str | None = None, whisper: str = NAME) -> Desk:
    """A contact that has come to the queue, and has a flow for that and one for the whisper to its agent. These are
    the first actions of its own flow, at which it has pressed these keys."""
    desk = Desk(
        *first,
        action("q", "UpdateContactEventHooks", "w", EventHooks={"CustomerQueue": "queue-flow"}),
        action("w", "UpdateContactEventHooks", "set", EventHooks={"AgentWhisper": "whisper-flow"}),
        leading("go", SET),
        QUEUED,
        END,
    )
    desk.flows(
        ContactFlow("queue-flow", "Music", "CUSTOMER_QUEUE", content=content(MUSIC, OVER)),
        ContactFlow(
            "whisper-flow",
            "Whisper",
            "AGENT_WHISPER",
            content=content(action("whisper", "MessageParticipant", "over", Text=whisper), OVER),
        ),
    )
    step = desk.begin()
    for key in keys:
        step = desk.press(key)
    assert step.orders == (Hooks((FlowHook.CUSTOMER_QUEUE, FlowHook.AGENT_WHISPER)), Enqueue(queue_id))
    assert desk.hear(FlowEvent.QUEUED).is_over
    return desk


def with_hooks() -> Desk:
    """The same, and that is on record."""
    desk = in_queue()
    desk.commit()
    return desk


def beside(desk: Desk, hook: FlowHook, leg_id: str = "leg-1") -> FlowStep:
    return desk.runner.beside("c-1", "spring", leg_id, hook, desk.now)


def test_who_waits_hears_the_flow_for_that_and_the_agent_the_whisper() -> None:
    desk = with_hooks()
    music = desk.said(beside(desk, FlowHook.CUSTOMER_QUEUE))
    assert (music.parts[0].value, music.again) == ("Please wait.", True)
    assert desk.said(beside(desk, FlowHook.AGENT_WHISPER, "agents-leg")).parts[0].value == "Ann"
    assert desk.runner.key_pressed("agents-leg", "1") is None, "an agent's keys are the agent's own"
    step = desk.hear(FlowEvent.SAID)
    assert (step.orders, step.is_over) == ((GoOn(),), True)
    assert beside(desk, FlowHook.CUSTOMER_WHISPER) == FlowStep(is_over=True), "it has none"
    change = desk.commit()
    assert change is not None
    assert [each.action_id for each in change.taken] == ["whisper", "over"]


def test_keys_and_answers_are_not_those_of_a_flow_that_goes_on_no_more() -> None:
    desk = with_hooks()
    beside(desk, FlowHook.CUSTOMER_QUEUE)
    assert desk.runner.key_pressed("leg-1", "1") == "c-1"
    desk.runner.broken_off("c-1")
    assert desk.runner.key_pressed("leg-1", "1") is None, "it is pressed in the talk"
    assert desk.hear(FlowEvent.PRESSED) == FlowStep(is_over=True)
    assert desk.said(beside(desk, FlowHook.CUSTOMER_QUEUE)).again, "the agent has not come"
    assert desk.runner.key_pressed("leg-1", "1") == "c-1"


def test_what_a_flow_asked_before_an_agent_came_is_not_asked_by_the_next_dialer_after_the_talk() -> None:
    desk = with_hooks()
    desk.flows(ContactFlow("queue-flow", "Asks", "CUSTOMER_QUEUE", content=content(ASK, END)))
    beside(desk, FlowHook.CUSTOMER_QUEUE)
    desk.commit()
    desk.runner.broken_off("c-1")
    desk.commit()
    assert desk.kept is not None
    desk.runner = desk.new_runner()
    talking = CalledContact("c-1", "spring", desk.number, None, desk.attributes, desk.given, desk.kept)
    desk.runner.restore([talking], {"spring": CAMPAIGN})
    desk.runner.let_go("c-1")
    assert not desk.runner.asked_for_gone()


def test_a_flow_is_told_of_the_queue_though_an_agent_is_there_at_once() -> None:
    desk = Desk()
    desk.flows(ContactFlow("flow", "Flow"))
    assert desk.begin().orders == (Enqueue(None),)
    desk.runner.broken_off("c-1")
    assert [each.action for each in desk.hear(FlowEvent.QUEUED).taken] == ["TransferContactToQueue"]


def test_who_waits_does_not_go_on_in_silence_once_the_switch_has_lost_the_music() -> None:
    desk = with_hooks()
    beside(desk, FlowHook.CUSTOMER_QUEUE)
    assert desk.said(desk.hear(FlowEvent.SAID, after_s=60)).parts[0].value == "Please wait."


def test_the_next_dialer_is_told_of_the_flows_beside_a_contact_that_waits() -> None:
    desk = with_hooks()
    assert desk.kept is not None
    desk.runner = desk.new_runner()
    waiting = CalledContact("c-1", "spring", desk.number, None, desk.attributes, desk.given, desk.kept)
    desk.runner.restore([waiting], {"spring": CAMPAIGN})
    hooks = Hooks((FlowHook.CUSTOMER_QUEUE, FlowHook.AGENT_WHISPER))
    assert desk.runner.taken_over("c-1") == FlowStep((hooks,))
    step = beside(desk, FlowHook.CUSTOMER_QUEUE)
    assert desk.said(step).again
    assert desk.said(beside(desk, FlowHook.AGENT_WHISPER, "agents-leg")).parts[0].value == "Ann"


def test_the_next_dialer_is_told_of_the_place_in_queues_and_the_recording_that_a_flow_has_chosen() -> None:
    desk = Desk(
        action("first", "UpdateContactRoutingBehavior", "later", QueuePriority="1"),
        action("later", "UpdateContactRoutingBehavior", "record", QueueTimeAdjustmentSeconds="60"),
        action("record", "UpdateContactRecordingBehavior", "go", RecordingBehavior={"RecordedParticipants": []}),
        QUEUED,
        END,
    )
    assert desk.begin().orders == (Rank(priority=1), Rank(adjustment=60 * SECOND), Record(()), Enqueue(None))
    assert desk.hear(FlowEvent.QUEUED).is_over
    desk.commit()
    assert desk.kept is not None
    desk.runner = desk.new_runner()
    waiting = CalledContact("c-1", "spring", desk.number, None, desk.attributes, desk.given, desk.kept)
    desk.runner.restore([waiting], {"spring": CAMPAIGN})
    assert desk.runner.taken_over("c-1") == FlowStep((Rank(1, 60 * SECOND), Record(())))
    assert desk.runner.taken_over("another") == FlowStep()


def test_no_more_actions_are_on_record_however_many_flows_and_dialers_a_contact_has_had() -> None:
    desk = in_queue()
    for _ in range(MAX_TRAIL):
        beside(desk, FlowHook.AGENT_WHISPER)
        desk.hear(FlowEvent.SAID)
        desk.commit()
    assert desk.on_record == MAX_TRAIL
    beside(desk, FlowHook.AGENT_WHISPER)
    desk.commit()
    desk.taken_over(playing=True)
    desk.hear(FlowEvent.SAID)
    desk.commit()
    assert desk.on_record == MAX_TRAIL


def test_who_has_no_flow_beside_goes_on_in_silence() -> None:
    desk = Desk()
    assert beside(desk, FlowHook.CUSTOMER_QUEUE) == FlowStep(is_over=True)
    desk.begin()
    assert beside(desk, FlowHook.CUSTOMER_QUEUE) == FlowStep(is_over=True)


def test_flows_beside_know_what_the_contacts_own_has_found_and_chosen() -> None:
    desk = in_queue(
        leading("voice", NUMBER),
        action("voice", "UpdateContactTextToSpeechVoice", "queue", TextToSpeechVoice="Amy"),
        action("queue", "UpdateContactTargetQueue", "q", QueueId="other"),
        keys="42#",
        queue_id="other",
        whisper="$.StoredCustomerInput of $.Queue.Name, $.Attributes.wish",
    )
    whisper = desk.said(beside(desk, FlowHook.AGENT_WHISPER, "agents-leg"))
    assert (whisper.voice, whisper.parts[0].value) == ("Amy", "42 of Others, agent")


def test_what_a_contacts_own_flow_did_is_on_record_though_one_beside_it_begins_in_the_same_turn() -> None:
    desk = in_queue()
    beside(desk, FlowHook.CUSTOMER_QUEUE)
    change = desk.commit()
    assert change is not None
    assert [each.action_id for each in change.taken] == ["q", "w", "set", "go"]
    assert change.attributes == {"wish": "agent"}


def test_a_customers_keys_are_those_of_the_flow_that_the_customer_hears() -> None:
    desk = with_hooks()
    beside(desk, FlowHook.CUSTOMER_QUEUE)
    assert desk.runner.key_pressed("leg-1", "1") == "c-1"
    beside(desk, FlowHook.AGENT_WHISPER, "agents-leg")
    assert desk.runner.key_pressed("leg-1", "1") is None


HOLD = {
    **MUSIC,
    "Identifier": "hold",
    "Parameters": {"Messages": [{"Text": "$.Attributes.name, one moment."}], "InterruptFrequencySeconds": "20"},
    "Transitions": {
        "NextAction": "over",
        "Errors": [{"NextAction": "over", "ErrorType": ERROR}],
        "Conditions": [
            {"NextAction": "hold", "Condition": {"Operator": "Equals", "Operands": ["MessagesInterrupted"]}}
        ],
    },
}


def with_holds() -> Desk:
    """A contact that has come to an agent, and has flows for a hold of the customer and of the agent."""
    desk = Desk(
        action("c", "UpdateContactEventHooks", "a", EventHooks={"CustomerHold": "hold-flow"}),
        action("a", "UpdateContactEventHooks", "go", EventHooks={"AgentHold": "agents-hold-flow"}),
        QUEUED,
        END,
    )
    desk.flows(
        ContactFlow("hold-flow", "Hold", "CUSTOMER_HOLD", content=content(HOLD, OVER)),
        ContactFlow("agents-hold-flow", "Hold", "AGENT_HOLD", content=content(HOLD, OVER)),
    )
    hooks = Hooks((FlowHook.CUSTOMER_HOLD, FlowHook.AGENT_HOLD))
    assert desk.begin().orders == (hooks, Enqueue(None))
    assert desk.hear(FlowEvent.QUEUED).is_over
    desk.commit()
    return desk


def test_who_is_on_hold_hears_the_flow_for_that_until_it_is_broken_off() -> None:
    desk = with_holds()
    said = desk.said(beside(desk, FlowHook.CUSTOMER_HOLD))
    assert (said.parts[0].value, said.again) == ("Ann, one moment.", True)
    assert desk.said(desk.hear(FlowEvent.TIMER, after_s=20)).again, "it is interrupted, and begins again"
    desk.runner.broken_off("c-1")
    assert desk.hear(FlowEvent.TIMER, after_s=40) == FlowStep(is_over=True)
    assert desk.said(beside(desk, FlowHook.CUSTOMER_HOLD)).again, "another hold"


def test_an_agents_keys_on_hold_are_the_agents_own() -> None:
    desk = with_holds()
    assert desk.said(beside(desk, FlowHook.AGENT_HOLD, "agents-leg")).again
    assert desk.runner.key_pressed("agents-leg", "1") is None


def test_the_next_dialer_knows_the_flows_for_holds_of_a_contact_that_talks() -> None:
    desk = with_holds()
    beside(desk, FlowHook.CUSTOMER_HOLD)
    desk.commit()
    assert desk.kept is not None
    desk.runner = desk.new_runner()
    talking = CalledContact("c-1", "spring", desk.number, None, desk.attributes, desk.given, desk.kept)
    desk.runner.restore([talking], {"spring": CAMPAIGN})
    assert desk.runner.taken_over("c-1") == FlowStep((Hooks((FlowHook.CUSTOMER_HOLD, FlowHook.AGENT_HOLD)),))
    assert desk.said(beside(desk, FlowHook.CUSTOMER_HOLD)).parts[0].value == "Ann, one moment."
