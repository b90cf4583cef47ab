"""What runs contacts' flows for one dialer. If these fail, somebody hears a message twice or not at all after a crash,
a key is lost, or what people have said and typed gets where it does not belong."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.changes import FlowProgressed
from trunkcall.domain.contact import CalledContact, DetectionStatus
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.flow import Ask, Disconnect, Enqueue, FlowEvent, FlowHook, FlowStep, GoOn, Hooks, Hush, Say, Taken
from trunkcall.domain.instants import SECOND, Instant
from trunkcall.domain.queue import Queue
from trunkcall.domain.saying import Part, Saying, SpeechKind
from trunkcall.engine.commands import PlayMessage
from trunkcall.engine.events import FlowTold
from trunkcall.engine.progress import QueueFigures
from trunkcall.service.flow_runner import MAX_TRAIL, FlowRunner

NOW: Instant = 1_790_000_000 * SECOND
WELCOME = "Hello $.Attributes.name, this is a message of one hundred characters or so, which takes its time."
CAMPAIGN = Campaign(
    "spring",
    "arn:aws:connect-campaigns:us-east-1:123456789012:campaign/spring",
    "i1",
    "Spring",
    DialerConfig(DialerType.PROGRESSIVE, 1.0),
    OutboundCallConfig("flow", "sales", None, None),
    CampaignState.RUNNING,
    0,
    {},
)
ERROR = "NoMatchingError"


def action(identifier: str, kind: str, then: str | None = None, **parameters: Any) -> dict[str, Any]:
    """One that goes on the same way whatever happens."""
    transitions: dict[str, Any] = {}
    if then is not None:
        transitions = {"NextAction": then, "Errors": [{"NextAction": then, "ErrorType": ERROR}]}
    return {"Identifier": identifier, "Type": kind, "Parameters": parameters, "Transitions": transitions}


def pressing(identifier: str, then: str, text: str, **parameters: Any) -> dict[str, Any]:
    """One that asks for a key."""
    keys = action(identifier, "GetParticipantInput", then, Text=text, InputTimeLimitSeconds="5", **parameters)
    keys["Transitions"]["Errors"] += [
        {"NextAction": then, "ErrorType": error} for error in ("NoMatchingCondition", "InputTimeLimitExceeded")
    ]
    keys["Transitions"]["Conditions"] = [
        {"NextAction": then, "Condition": {"Operator": "Equals", "Operands": ["1"]}},
    ]
    return keys


END = action("end", "DisconnectParticipant")
SET = action("set", "UpdateContactAttributes", "ask", TargetContact="Current", Attributes={"wish": "agent"})
ASK = action(
    "ask",
    "InvokeLambdaFunction",
    "end",
    LambdaFunctionARN="arn:aws:lambda:us-east-1:123456789012:function:look-up",
    InvocationTimeLimitSeconds="3",
    LambdaInvocationAttributes={"who": "$.CustomerEndpoint.Address"},
)
WHOLE = (
    action("welcome", "MessageParticipant", "keys", Text=WELCOME),
    pressing("keys", "set", "Press one."),
    SET,
    ASK,
    END,
)


def content(*actions: dict[str, Any]) -> str:
    start = actions[0]["Identifier"]
    return json.dumps({"Version": "2019-10-30", "StartAction": start, "Metadata": {}, "Actions": list(actions)})


class Desk:
    """A runner, and one contact of it who has answered."""

    def __init__(self, *actions: dict[str, Any], attributes: Mapping[str, str] | None = None) -> None:
        flow = ContactFlow("flow", "Flow", content=content(*(actions or WHOLE)))
        directory = Directory(
            Instance("i1", "one", 0, onboarded=True),
            queues={"sales": Queue("sales", "Sales")},
            contact_flows={"flow": flow},
        )
        self.facts = SimpleNamespace(directory=directory)
        self.now = NOW
        self.attributes = {"name": "Ann"} if attributes is None else attributes
        self.kept: str | None = None
        self.given: Mapping[str, str] | None = None
        self.number = "+12125550123"
        self.told: list[FlowTold] = []
        self.runner = self.new_runner()
        self.runner.attempted("c-1", CAMPAIGN, self.number, "+12065550100", self.attributes)

    def new_runner(self) -> FlowRunner:
        runner = FlowRunner(cast("Any", self.facts), Random(1))
        runner.figures_of = lambda queue_id: QueueFigures(0, 0, 0, 0, None)
        runner.tell = self.told.append
        return runner

    def begin(self, detection: DetectionStatus | None = None) -> FlowStep:
        return self.runner.started("c-1", "spring", "leg-1", detection=detection, now=self.now)

    def hear(self, event: FlowEvent, *, after_s: float = 0) -> FlowStep:
        self.now += round(after_s * SECOND)
        return self.runner.heard("c-1", event, self.now)

    def press(self, key: str) -> FlowStep:
        assert self.runner.key_pressed("leg-1", key) == "c-1"
        return self.hear(FlowEvent.PRESSED)

    def commit(self) -> FlowProgressed | None:
        """What the store is told of this turn, and keeps."""
        changes = self.runner.changes(self.now)
        if not changes:
            return None
        (change,) = changes
        self.kept = change.progress
        self.given = change.attributes if change.attributes is not None else self.given
        return change

    def taken_over(self, *, playing: bool | None = False, after_s: float = 0, kept: str | None = None) -> FlowStep:
        """Another dialer takes the contact over, by what the store has."""
        self.now += round(after_s * SECOND)
        self.runner = self.new_runner()
        contact = CalledContact(
            "c-1", "spring", self.number, "+12065550100", self.attributes, self.given, kept or self.kept
        )
        self.runner.restore([contact], {"spring": CAMPAIGN})
        return self.runner.resumed("c-1", "spring", "leg-1", detection=None, playing=playing, now=self.now)

    def said(self, step: FlowStep) -> Saying:
        """What the step has said."""
        (say,) = [order for order in step.orders if isinstance(order, Say)]
        return self.runner.saying_of(PlayMessage("leg-1", "play", "c-1", say.flow_id, say.action_id))

    def until(self, action_id: str) -> FlowStep:
        """Go on to where the contact stands in this action, and have that kept."""
        step = self.begin()
        if action_id != "welcome":
            step = self.hear(FlowEvent.SAID, after_s=8)
        if action_id == "first key":
            step = self.hear(FlowEvent.SAID, after_s=1)
        if action_id == "ask":
            step = self.press("1")
        self.commit()
        return step


# --- from the answer to the end -------------------------------------------------------------------------------------


def test_a_contact_goes_through_its_flow() -> None:
    desk = Desk()
    said = desk.said(desk.begin())
    assert said.parts[0].kind is SpeechKind.TEXT
    assert said.parts[0].value.startswith("Hello Ann, this is")
    step = desk.hear(FlowEvent.SAID)
    assert (desk.said(step).parts, step.taken) == (
        (Part(SpeechKind.TEXT, "Press one."),),
        (Taken("flow", "welcome", "MessageParticipant", ""),),
    )
    step = desk.press("1")
    assert step.orders == (Hush(), Ask())
    asked = desk.runner.asked("c-1")
    assert asked is not None
    assert (asked.question.parameters, asked.question.queue_name) == ({"who": "+12125550123"}, "Sales")
    assert asked.question.attributes == {"name": "Ann", "wish": "agent"}
    desk.runner.answered("c-1", asked.number, {"known": "yes"})
    assert desk.told == [FlowTold("c-1", FlowEvent.ANSWERED)]
    step = desk.hear(FlowEvent.ANSWERED)
    assert (step.orders, step.is_over) == ((Disconnect(),), True)
    assert desk.hear(FlowEvent.SAID) == FlowStep(is_over=True), "nothing comes after the end"


def test_a_default_flow_has_a_live_answer_go_to_the_queue() -> None:
    desk = Desk()
    flows = {"flow": ContactFlow("flow", "Flow")}
    desk.facts.directory = replace(desk.facts.directory, contact_flows=flows)
    assert desk.begin().orders == (Enqueue(None),)
    step = desk.hear(FlowEvent.QUEUED)
    assert (step.orders, step.is_over) == ((), True)


def test_a_fax_goes_through_no_flow() -> None:
    assert Desk().begin(DetectionStatus.FAX_MACHINE_DETECTED) == FlowStep((Disconnect(),), is_over=True)


@pytest.mark.parametrize("flows", [{}, {"flow": ContactFlow("flow", "Flow", published=False)}])
def test_who_has_no_flow_is_not_left_on_the_line(flows: Mapping[str, ContactFlow]) -> None:
    desk = Desk()
    desk.facts.directory = replace(desk.facts.directory, contact_flows=flows)
    step = desk.begin()
    assert (step.orders, step.is_over) == ((Disconnect(),), True)


def test_a_flow_that_fails_ends_its_own_contact_and_says_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    many = action("many", "CheckMetricData", "end", MetricType="NumberOfAgentsStaffed")
    many["Transitions"]["Errors"].append({"NextAction": "end", "ErrorType": "NoMatchingCondition"})
    desk = Desk(many, END)

    def fail(queue_id: str) -> QueueFigures:
        raise ValueError(f"+12125550123 in {queue_id}")

    desk.runner.figures_of = fail
    step = desk.begin()
    assert (step.orders, step.is_over) == ((Disconnect(),), True)
    assert "a flow failed" in caplog.text
    assert "+1212" not in caplog.text


def test_a_machines_beep_has_its_message_begin_anew() -> None:
    desk = Desk()
    desk.begin()
    step = desk.hear(FlowEvent.BEEP, after_s=3)
    assert step.orders == (Hush(), Say("flow", "welcome"))
    assert desk.said(step).parts[0].value.startswith("Hello Ann")
    desk.hear(FlowEvent.SAID, after_s=8)
    desk.press("1")
    assert not desk.hear(FlowEvent.BEEP).orders, "nothing is being said"


# --- keys and answers -----------------------------------------------------------------------------------------------


def test_keys_come_to_the_flow_in_their_order_whenever_they_are_told() -> None:
    keys = action(
        "keys",
        "GetParticipantInput",
        "say",
        Text="Your number?",
        InputTimeLimitSeconds="5",
        StoreInput="True",
        InputValidation={"CustomValidation": {"MaximumLength": "9"}},
    )
    desk = Desk(keys, action("say", "MessageParticipant", "end", Text="It was $.StoredCustomerInput"), END)
    desk.begin()
    for key in "471":
        assert desk.runner.key_pressed("leg-1", key) == "c-1"
    for _ in range(3):
        assert not desk.hear(FlowEvent.PRESSED).taken
    assert desk.said(desk.press("#")).parts[0].value == "It was 471"


def test_a_key_of_nobody_in_a_flow_is_not_the_flows() -> None:
    desk = Desk(END)
    assert desk.runner.key_pressed("leg-1", "1") is None
    desk.begin()
    assert desk.runner.key_pressed("leg-1", "1") is None, "it is over"
    assert desk.hear(FlowEvent.PRESSED) == FlowStep(is_over=True)


def test_an_answer_that_comes_too_late_is_none() -> None:
    desk = Desk()
    desk.until("ask")
    asked = desk.runner.asked("c-1")
    assert asked is not None
    assert desk.hear(FlowEvent.TIMER, after_s=3).is_over
    desk.runner.answered("c-1", asked.number, {"known": "yes"})
    assert desk.told == []
    assert desk.runner.asked("c-1") is None, "each is asked once"


def test_a_function_for_which_the_flow_does_not_wait_is_asked_though_that_hangs_up_at_once() -> None:
    note = {**ASK, "Parameters": {**ASK["Parameters"], "InvocationType": "ASYNCHRONOUS"}}
    desk = Desk(note, END)
    assert desk.begin().orders == (Ask(waits=False), Disconnect())
    desk.runner.ended("c-1")
    desk.runner.changes(desk.now)
    desk.runner.let_go(["c-1"])
    asked = desk.runner.asked("c-1")
    assert asked is not None
    assert asked.question.parameters == {"who": "+12125550123"}
    assert desk.runner.asked("c-1") is None, "each is asked once"


def test_a_function_whose_order_was_not_made_durable_is_not_asked_in_place_of_the_next_one() -> None:
    note = {**ASK, "Parameters": {**ASK["Parameters"], "InvocationType": "ASYNCHRONOUS"}}
    desk = Desk(note, END)
    desk.begin()
    desk.commit()
    desk.runner.attempted("c-1", CAMPAIGN, "+12125550124", None, {})
    desk.begin()
    desk.commit()
    asked = desk.runner.asked("c-1")
    assert asked is not None
    assert asked.question.parameters == {"who": "+12125550124"}


def test_an_answer_that_came_just_too_late_is_not_that_of_the_function_which_is_asked_next() -> None:
    desk = Desk(
        {**ASK, "Transitions": {"NextAction": "again", "Errors": [{"NextAction": "again", "ErrorType": ERROR}]}},
        {**ASK, "Identifier": "again"},
        END,
    )
    desk.begin()
    first = desk.runner.asked("c-1")
    assert first is not None
    desk.runner.answered("c-1", first.number, {"known": "yes"})
    assert desk.hear(FlowEvent.TIMER, after_s=3).orders == (Ask(),)
    assert desk.hear(FlowEvent.ANSWERED) == FlowStep(until=desk.now + 3 * SECOND), "it waits for the other"
    second = desk.runner.asked("c-1")
    assert second is not None
    desk.runner.answered("c-1", second.number, {"known": "no"})
    assert desk.hear(FlowEvent.ANSWERED).is_over


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_what_a_turn_has_come_to_is_kept_once_and_nothing_of_it_shows() -> None:
    desk = Desk()
    desk.begin()
    first = desk.commit()
    assert first is not None
    assert first.progress is not None
    assert desk.commit() is None, "nothing has happened since"
    desk.hear(FlowEvent.SAID)
    desk.press("1")
    change = desk.commit()
    assert change is not None
    assert change.attributes == {"wish": "agent"}, "what came with the request is not what the flow has set"
    assert [each.action_id for each in change.taken] == ["welcome", "keys", "set"]
    assert "agent" not in repr(change)
    assert "Ann" not in (change.progress or "")


def test_who_hangs_up_leaves_the_trail_and_nothing_else() -> None:
    desk = Desk()
    desk.begin()
    desk.hear(FlowEvent.SAID)
    desk.runner.ended("c-1")
    (change,) = desk.runner.changes(desk.now)
    assert (change.progress, [each.action_id for each in change.taken]) == (None, ["welcome"])
    desk.runner.let_go(["c-1"])
    assert desk.hear(FlowEvent.SAID) == FlowStep(is_over=True)
    assert desk.runner.changes(desk.now) == ()


def test_of_a_flow_that_goes_round_so_many_actions_are_on_record() -> None:
    desk = Desk(
        {
            **action("loop", "Loop", "say", LoopCount="100"),
            "Transitions": {
                "Errors": [{"NextAction": "end", "ErrorType": ERROR}],
                "Conditions": [
                    {"NextAction": then, "Condition": {"Operator": "Equals", "Operands": [result]}}
                    for result, then in (("ContinueLooping", "say"), ("DoneLooping", "loop"))
                ],
            },
        },
        action("say", "MessageParticipant", "loop", Text="Still here."),
        END,
    )
    step, taken = desk.begin(), 0
    while not step.is_over:
        step = desk.hear(FlowEvent.SAID, after_s=1)
        change = desk.commit()
        taken += len(change.taken) if change is not None else 0
    assert taken == MAX_TRAIL


def test_what_a_flow_does_is_logged_where_it_wants_that_and_nothing_of_people(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    logging_on = action("log", "UpdateFlowLoggingBehavior", "case", FlowLoggingBehavior="Enabled")
    desk = Desk(logging_on, action("case", "CreateCase", "welcome"), *WHOLE)
    desk.begin()
    desk.hear(FlowEvent.SAID)
    left = [vars(record) for record in caplog.records]
    assert [(each["levelname"], each["action_type"]) for each in left] == [
        ("INFO", "UpdateFlowLoggingBehavior"),
        ("WARNING", "CreateCase"),
        ("INFO", "MessageParticipant"),
    ]
    assert "Ann" not in str(left)
    desk.runner.attempted("c-2", CAMPAIGN, "+12125550124", None, {})
    desk.runner.started("c-2", "spring", "leg-2", detection=None, now=desk.now)
    assert [record.levelname for record in caplog.records].count("WARNING") == 1, "of each action once"


# --- another dialer -------------------------------------------------------------------------------------------------


def test_a_message_that_is_still_played_is_waited_for() -> None:
    desk = Desk()
    desk.until("welcome")
    step = desk.taken_over(playing=True, after_s=1)
    assert (step.orders, step.said_at, step.is_over) == ((), NOW, False)
    assert desk.said(desk.hear(FlowEvent.SAID, after_s=6)).parts[0].value == "Press one."


@pytest.mark.parametrize("playing", [False, None])
def test_a_message_of_which_more_than_half_was_heard_is_not_said_again(playing: bool | None) -> None:
    desk = Desk()
    desk.until("welcome")
    assert desk.said(desk.taken_over(playing=playing, after_s=4)).parts[0].value == "Press one."


def test_a_message_of_which_little_was_heard_is_said_anew() -> None:
    desk = Desk()
    desk.until("welcome")
    step = desk.taken_over(after_s=1)
    assert desk.said(step).parts[0].value.startswith("Hello Ann")
    change = desk.commit()
    assert change is not None
    assert change.taken == (), "it is where it was"
    assert desk.taken_over(playing=True, after_s=1).said_at == NOW + SECOND, "and was begun then"


def test_a_question_goes_on_with_what_was_left_of_it() -> None:
    desk = Desk()
    desk.until("keys")
    assert desk.said(desk.taken_over()).parts[0].value == "Press one."
    desk = Desk()
    desk.until("first key")
    step = desk.taken_over(after_s=2)
    assert (step.orders, step.until) == ((), desk.now + 3 * SECOND), "it was asked, and the key is waited for"
    assert desk.press("1").orders == (Hush(), Ask())


def test_a_time_that_has_come_meanwhile_is_over() -> None:
    desk = Desk()
    desk.until("first key")
    assert desk.taken_over(after_s=60).orders == (Ask(),)


def test_a_function_that_was_asked_is_asked_again() -> None:
    desk = Desk()
    desk.until("ask")
    step = desk.taken_over(after_s=30)
    assert (step.orders, step.until) == ((Ask(),), desk.now + 3 * SECOND)
    asked = desk.runner.asked("c-1")
    assert asked is not None
    assert asked.question.attributes == {"name": "Ann", "wish": "agent"}, "what the flow has set is known again"


def test_a_function_is_not_asked_again_since_the_switch_was_lost_for_a_moment() -> None:
    desk = Desk()
    desk.until("ask")
    desk.now += SECOND
    step = desk.runner.resumed("c-1", "spring", "leg-1", detection=None, playing=None, now=desk.now)
    assert (step.orders, step.until) == ((), desk.now + 2 * SECOND)


def test_who_has_not_begun_begins() -> None:
    desk = Desk()
    assert desk.said(desk.taken_over()).parts[0].value.startswith("Hello Ann")


@pytest.mark.parametrize("kept", ["{", '{"version":99}'])
def test_who_cannot_go_on_is_ended_and_the_log_says_why(kept: str, caplog: pytest.LogCaptureFixture) -> None:
    step = Desk().taken_over(kept=kept)
    assert (step.orders, step.is_over) == ((Disconnect(),), True)
    assert "cannot go on in its flow" in caplog.text


def test_who_was_forgotten_meanwhile_hears_nothing_more() -> None:
    desk = Desk()
    desk.until("welcome")
    desk.number, desk.kept, desk.attributes = "", None, {}
    assert desk.taken_over().orders == (Disconnect(),)


def test_a_flow_that_was_published_anew_without_the_action_ends_the_contact() -> None:
    desk = Desk()
    desk.until("welcome")
    flows = {"flow": ContactFlow("flow", "Flow", content=content(END))}
    desk.facts.directory = replace(desk.facts.directory, contact_flows=flows)
    step = desk.taken_over(after_s=4)
    assert Disconnect() in step.orders
    assert step.is_over


# --- beside it ------------------------------------------------------------------------------------------------------


def with_hooks() -> Desk:
    """A contact that is in the queue, and has a flow for that and one for the whisper to its agent."""
    desk = Desk(
        action("q", "UpdateContactEventHooks", "w", EventHooks={"CustomerQueue": "queue-flow"}),
        action("w", "UpdateContactEventHooks", "set", EventHooks={"AgentWhisper": "whisper-flow"}),
        {**SET, "Transitions": {"NextAction": "go", "Errors": [{"NextAction": "go", "ErrorType": ERROR}]}},
        action("go", "TransferContactToQueue", "end"),
        END,
    )
    go = json.loads(str(desk.facts.directory.contact_flows["flow"].content))
    go["Actions"][3]["Transitions"]["Errors"].append({"NextAction": "end", "ErrorType": "QueueAtCapacity"})
    whisper = content(
        action("whisper", "MessageParticipant", "over", Text="$.Attributes.name"), action("over", "EndFlowExecution")
    )
    music = content(
        {
            **action("music", "MessageParticipantIteratively", None, Messages=[{"Text": "Please wait."}]),
            "Transitions": {"Errors": [{"NextAction": "over", "ErrorType": ERROR}], "Conditions": []},
        },
        action("over", "EndFlowExecution"),
    )
    flows = {
        "flow": ContactFlow("flow", "Flow", content=json.dumps(go)),
        "queue-flow": ContactFlow("queue-flow", "Music", "CUSTOMER_QUEUE", content=music),
        "whisper-flow": ContactFlow("whisper-flow", "Whisper", "AGENT_WHISPER", content=whisper),
    }
    desk.facts.directory = replace(desk.facts.directory, contact_flows=flows)
    step = desk.begin()
    assert step.orders == (Hooks((FlowHook.CUSTOMER_QUEUE, FlowHook.AGENT_WHISPER)), Enqueue(None))
    assert desk.hear(FlowEvent.QUEUED).is_over
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
    step = beside(desk, FlowHook.CUSTOMER_QUEUE)
    assert step.orders[0] == Hooks((FlowHook.CUSTOMER_QUEUE, FlowHook.AGENT_WHISPER))
    assert desk.said(step).again
    assert desk.said(beside(desk, FlowHook.AGENT_WHISPER, "agents-leg")).parts[0].value == "Ann"


def test_who_has_no_flow_beside_goes_on_in_silence() -> None:
    desk = Desk()
    assert beside(desk, FlowHook.CUSTOMER_QUEUE) == FlowStep(is_over=True)
    desk.begin()
    assert beside(desk, FlowHook.CUSTOMER_QUEUE) == FlowStep(is_over=True)
