"""What runs contacts' flows for one dialer. If these fail, somebody hears a message twice or not at all after a crash,
a key is lost, or what people have said and typed gets where it does not belong."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest

from service.flow_desk import ASK, CAMPAIGN, END, ERROR, NOW, NUMBER, SET, WHOLE, Desk, action, content, leading
from trunkcall.domain.contact import CalledContact, DetectionStatus
from trunkcall.domain.contact_flow import ContactFlow
from trunkcall.domain.flow import Ask, Disconnect, Enqueue, FlowEvent, FlowStep, Hush, Say, Taken
from trunkcall.domain.instants import SECOND
from trunkcall.domain.saying import Part, SpeechKind
from trunkcall.engine.events import FlowTold
from trunkcall.engine.progress import QueueFigures
from trunkcall.service.flow_runner import MAX_TRAIL

BYE = action("bye", "MessageParticipant", "end", Text="Bye $.Attributes.name"), END
TELLS = action("say", "MessageParticipant", "end", Text="It was $.StoredCustomerInput")


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


def test_what_a_program_gives_a_contact_is_what_its_flow_reads_next() -> None:
    # Given a contact that is given something while its phone rings, and something else while it hears a message
    desk = Desk(action("hello", "MessageParticipant", "bye", Text="Hello $.Attributes.name"), *BYE)
    desk.runner.attributes_given("c-1", {"name": "Bea"})
    assert desk.said(desk.begin()).parts[0].value == "Hello Bea"
    desk.runner.attributes_given("c-1", {"name": "Cleo"})
    assert desk.said(desk.hear(FlowEvent.SAID)).parts[0].value == "Bye Cleo"
    # Then it is on record still where the next dialer reads it, and nobody else's is
    desk.commit()
    assert desk.given == {"name": "Cleo"}
    desk.runner.attributes_given("nobody", {"name": "Dora"})
    assert desk.commit() is None


def test_what_a_program_gives_while_the_flow_is_committed_stands_though_the_flow_has_set_the_same() -> None:
    """The store may have the flow's word after the program's: what the flow goes on with is written again."""
    desk = Desk(SET, ASK, END)
    desk.begin()
    turn = desk.commit()
    assert turn is not None
    assert turn.attributes == {"wish": "agent"}
    desk.runner.attributes_given("c-1", {"wish": "none"})
    desk.commit()
    assert desk.given == {"wish": "none"}


def test_a_text_that_names_a_prompt_has_it_played_in_a_flow_too() -> None:
    desk = Desk(action("say", "MessageParticipant", "end", Text="prompt:closing"), END)
    assert desk.said(desk.begin()).parts == (Part(SpeechKind.PROMPT, "closing"),)


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
    desk = Desk(NUMBER, TELLS, END)
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


def test_whoever_presses_keys_without_end_has_some_of_them_taken() -> None:
    desk = Desk()
    desk.begin()
    taken = [desk.runner.key_pressed("leg-1", "1") for _ in range(1_000)]
    assert taken[0] == "c-1"
    assert taken[-1] is None


def test_a_function_is_told_of_the_queue_and_the_language_that_the_flow_has_chosen() -> None:
    desk = Desk(
        action("voice", "UpdateContactTextToSpeechVoice", "queue", TextToSpeechVoice="Amy", LanguageCode="en-GB"),
        action("queue", "UpdateContactTargetQueue", "ask", QueueId="other"),
        ASK,
        END,
    )
    desk.begin()
    asked = desk.runner.asked("c-1")
    assert asked is not None
    assert (asked.question.queue_id, asked.question.queue_name) == ("other", "Others")
    assert asked.question.language == "en-GB"


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
    desk.runner.let_go("c-1")
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
        leading("again", ASK),
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


def test_who_hangs_up_leaves_the_trail_to_where_that_was_and_nothing_else() -> None:
    desk = Desk()
    desk.begin()
    desk.hear(FlowEvent.SAID)
    desk.runner.ended("c-1")
    (change,) = desk.runner.changes(desk.now)
    assert (change.progress, change.taken) == (
        None,
        (Taken("flow", "welcome", "MessageParticipant", ""), Taken("flow", "keys", "GetParticipantInput", None)),
    )
    desk.runner.let_go("c-1")
    assert desk.hear(FlowEvent.SAID) == FlowStep(is_over=True)
    assert desk.runner.changes(desk.now) == ()


@pytest.mark.parametrize("dialers", [1, 2])
def test_of_a_flow_that_goes_round_so_many_actions_are_on_record(dialers: int) -> None:
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
    step = desk.begin()
    while not step.is_over:
        step = desk.hear(FlowEvent.SAID, after_s=1)
        desk.commit()
        if dialers == 2 and desk.on_record == MAX_TRAIL // 2:
            desk.taken_over(playing=True)
    assert desk.on_record == MAX_TRAIL


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


def test_an_action_that_fails_is_told_of_once_and_again_once_its_flow_is_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def goes_through(contact_id: str) -> None:
        desk.runner.attempted(contact_id, CAMPAIGN, "+12125550124", None, {})
        desk.runner.started(contact_id, "spring", f"leg of {contact_id}", detection=None, now=desk.now)

    # Given a flow that sets a queue that there is not
    choose = action("choose", "UpdateContactTargetQueue", "end", QueueId="$.Attributes.queue")
    desk = Desk(action("who", "CheckOutboundCallStatus", "choose"), choose, END)

    # Then it is told of, though the flow has nothing logged
    goes_through("c-2")
    goes_through("c-3")
    assert [(each.getMessage(), vars(each)["action_id"], vars(each)["branch"]) for each in caplog.records] == [
        ("an action of a flow was left by its error branch", "choose", ERROR)
    ]

    # When it is mended, and still fails
    before = desk.facts.directory.contact_flows
    mended = ContactFlow("flow", "Flow", content=content(choose, END))
    desk.facts.directory = replace(desk.facts.directory, contact_flows={"flow": mended})
    goes_through("c-4")
    assert len(caplog.records) == 2

    # When that is taken back, with the fault that was told of before
    desk.facts.directory = replace(desk.facts.directory, contact_flows=before)
    goes_through("c-5")
    assert len(caplog.records) == 3


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


@pytest.mark.parametrize(
    ("playing", "dead_s", "is_said_anew"),
    [(None, 3.5, True), (None, 5, True), (None, 1, False), (False, 3.5, False)],
    ids=["just begun", "before it was begun", "most of it was heard", "it was played on"],
)
def test_what_ends_with_its_dialer_is_heard_no_longer_than_that_has_lived(
    playing: bool | None, dead_s: float, is_said_anew: bool
) -> None:
    desk = Desk()
    desk.until("welcome")
    said = desk.said(desk.taken_over(playing=playing, after_s=4, dead_s=dead_s)).parts[0].value
    assert said.startswith("Hello Ann" if is_said_anew else "Press one.")


def test_what_the_next_dialer_has_begun_is_heard_as_long_as_that_is_there() -> None:
    desk = Desk()
    desk.until("welcome")
    assert desk.said(desk.taken_over(playing=None, after_s=4, dead_s=4)).parts[0].value.startswith("Hello Ann")
    desk.now += 4 * SECOND
    step = desk.runner.resumed("c-1", "spring", "leg-1", detection=None, playing=None, now=desk.now)
    assert desk.said(step).parts[0].value == "Press one."


def test_a_question_goes_on_with_what_was_left_of_it() -> None:
    desk = Desk()
    desk.until("keys")
    assert desk.said(desk.taken_over()).parts[0].value == "Press one."
    desk = Desk()
    desk.until("first key")
    step = desk.taken_over(after_s=2)
    assert (step.orders, step.until) == ((), desk.now + 3 * SECOND), "it was asked, and the key is waited for"
    assert desk.press("1").orders == (Hush(), Ask())


def test_a_question_that_a_key_has_broken_off_is_not_asked_anew() -> None:
    desk = Desk(NUMBER, TELLS, END)
    desk.begin()
    assert desk.press("4").orders == (Hush(),)
    desk.commit()
    assert desk.taken_over().orders == ()
    desk.press("2")
    assert desk.said(desk.press("#")).parts[0].value == "It was 42"


def test_a_time_that_has_come_meanwhile_is_over() -> None:
    desk = Desk()
    desk.until("first key")
    assert desk.taken_over(after_s=60).orders == (Ask(),)


@pytest.mark.parametrize(("stands", "at_most_s"), [("welcome", 3 * 60 * 60), ("keys", 3 * 60 * 60), ("first key", 5)])
def test_nobody_stands_longer_where_the_clock_has_fallen_back_meanwhile(stands: str, at_most_s: int) -> None:
    desk = Desk()
    desk.until(stands)
    step = desk.taken_over(playing=True, after_s=-6 * 60 * 60)
    assert step.until is not None
    assert step.until <= desk.now + at_most_s * SECOND


def test_a_wait_goes_on_for_as_long_as_it_had_where_the_clock_has_not_fallen_back() -> None:
    desk = Desk()
    until = desk.until("first key").until
    assert desk.taken_over(after_s=2).until == until


def test_a_function_that_was_asked_is_asked_again_and_can_tell_that_it_is_the_same() -> None:
    desk = Desk()
    desk.until("ask")
    first = desk.runner.asked("c-1")
    step = desk.taken_over(after_s=30)
    assert (step.orders, step.until) == ((Ask(),), desk.now + 3 * SECOND)
    asked = desk.runner.asked("c-1")
    assert first is not None
    assert asked is not None
    assert asked.question == first.question
    assert asked.question.attributes == {"name": "Ann", "wish": "agent"}, "what the flow has set is known again"


def test_a_function_that_a_flow_asks_twice_is_asked_two_things() -> None:
    once = leading("again", ASK)
    desk = Desk(once, {**ASK, "Identifier": "again"}, END)
    desk.begin()
    first = desk.runner.asked("c-1")
    assert first is not None
    desk.runner.answered("c-1", first.number, {})
    desk.hear(FlowEvent.ANSWERED)
    second = desk.runner.asked("c-1")
    assert second is not None
    assert first.question.asking != second.question.asking


def test_a_function_is_asked_again_for_whoever_is_there_though_others_are_gone_for_whom_it_is_too() -> None:
    desk = Desk()
    desk.until("ask")
    runner = desk.new_runner()
    gone, there = (
        CalledContact(each, "spring", desk.number, None, desk.attributes, desk.given, desk.kept)
        for each in ("c-1", "c-2")
    )
    runner.restore([gone, there], {"spring": CAMPAIGN})
    runner.resumed("c-2", "spring", "leg-2", detection=None, playing=None, now=desk.now)
    runner.changes(desk.now)
    runner.let_go("c-1")
    assert [asked.question.contact_id for asked in runner.asked_for_gone()] == ["c-1"]
    assert runner.asked("c-2") is not None
    assert not runner.asked_for_gone()


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
