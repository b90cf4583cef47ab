"""What is told of a flow before it is published. If these fail, a flow runs into nothing while somebody is on the line,
or one that Amazon takes is turned away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.support import END, ERROR, action, flow, menu
from trunkcall.domain.flow import FlowHook
from trunkcall.flows.checking import MAX_PROBLEMS, check, problems_of
from trunkcall.flows.language import ACTIONS, ERRORS, OPERATORS, UNOFFERED_HOOKS, Follows

MAX_MESSAGE = 256
"""Characters that Amazon's model leaves to the message of a problem."""


def remarks_of(content: str, flow_type: str | None = None) -> list[str]:
    checked = check(content, flow_type)
    assert checked.problems == ()
    return [remark.text for remark in checked.remarks]


def say(**parameters: Any) -> dict[str, Any]:
    return action("say", "MessageParticipant", parameters, then="end", errors={ERROR: "end"})


def buffer(**parameters: str | dict[str, str]) -> dict[str, Any]:
    """As Amazon's page of the block has it, without a time in which a key is waited for."""
    return action("buffer", "GetParticipantInput", parameters, then="end", errors={ERROR: "end"})


def record(voice: dict[str, Any]) -> dict[str, Any]:
    parameters = {"VoiceBehavior": voice}
    return action("record", "UpdateContactRecordingAndAnalyticsBehavior", parameters, then="end", errors={ERROR: "end"})


def compare(value: Any = "$.Attributes.tier", operand: Any = "gold", operator: str = "Equals") -> dict[str, Any]:
    made = action(
        "compare",
        "Compare",
        {"ComparisonValue": value},
        then="end",
        errors={"NoMatchingCondition": "end"},
        when={"": "end"},
        operator=operator,
    )
    made["Transitions"]["Conditions"][0]["Condition"]["Operands"] = [operand]
    return made


@pytest.mark.parametrize(
    ("actions", "problem"),
    [
        (
            [action("go", "TransferToQueue", then="end")],
            "Actions[0].Type 'TransferToQueue' is no action of the flow language. "
            "Did you mean 'TransferContactToQueue'?",
        ),
        (
            [action("go", "call +12125550100", then="end")],
            "Actions[0].Type (no name) is no action of the flow language.",
        ),
        (
            [say(Txt="Hello", PromptId="p")],
            "Actions[0].Parameters.Txt is unknown: MessageParticipant has no parameter 'Txt'. Did you mean 'Text'?",
        ),
        ([say()], "Actions[0].Parameters must have one of PromptId, Text, SSML, Media."),
        ([say(Text="a", SSML="b")], "Actions[0].Parameters must have one of PromptId, Text, SSML, Media."),
        ([say(Text="")], "Actions[0].Parameters.Text must not be empty."),
        ([say(Text=5)], "Actions[0].Parameters.Text must be a text."),
        ([say(Text="x" * 6_001)], "Actions[0].Parameters.Text must have 6,000 characters at most, not 6,001."),
        ([say(PromptId="$.")], "Actions[0].Parameters.PromptId is no reference, such as $.Attributes.name, though it"),
        (
            [say(Media={"Uri": "s3://a/b", "SourceType": "S3"})],
            "Actions[0].Parameters.Media must have MediaType.",
        ),
        (
            [action("say", "MessageParticipant", {"Text": "a"}, errors={ERROR: "end"})],
            "Actions[0].Transitions must have NextAction: MessageParticipant goes on by it.",
        ),
        (
            [action("say", "MessageParticipant", {"Text": "a"}, then="over", errors={ERROR: "end"})],
            "Actions[0].Transitions.NextAction must be the Identifier of one of the Actions.",
        ),
        (
            [action("go", "TransferContactToQueue", then="end", errors={ERROR: "end"})],
            "Actions[0].Transitions.Errors must have a branch for QueueAtCapacity: TransferContactToQueue can end with",
        ),
        (
            [action("go", "TransferContactToQueue", {"QueueId": "q"}, then="end", errors={"QueueAtCapacity": "end"})],
            "Actions[0].Parameters.QueueId is unknown: TransferContactToQueue has no parameters.",
        ),
        (
            [action("say", "MessageParticipant", {"Text": "a"}, then="end", errors={"NoMachingError": "end"})],
            "Actions[0].Transitions.Errors[0].ErrorType 'NoMachingError' is no error of MessageParticipant. "
            "Did you mean 'NoMatchingError'?",
        ),
        ([compare(value="gold")], "Actions[0].Parameters.ComparisonValue must be one reference, such as $.Attributes"),
        ([compare(value="Hello $.Attributes.name")], "Actions[0].Parameters.ComparisonValue must be one reference"),
        (
            [compare(operator="NumericLessThan", operand="5")],
            "Actions[0].Transitions.Conditions[0].Condition.Operator 'NumericLessThan' is no operator of the flow "
            "language. Did you mean 'NumberLessThan'?",
        ),
        (
            [compare(operator="NumberLessThan", operand="many")],
            "Actions[0].Transitions.Conditions[0].Condition.Operands[0] must be a number, for NumberLessThan.",
        ),
        ([compare(operand=None)], "Actions[0].Transitions.Conditions[0].Condition.Operands[0] must be a text."),
        (
            [menu(StoreInput="Yes")],
            "Actions[0].Parameters.StoreInput must be one of True, False, true, false.",
        ),
        (
            [menu(InputTimeLimitSeconds="$.Attributes.seconds")],
            "Actions[0].Parameters.InputTimeLimitSeconds must be told in the flow itself: no reference can stand",
        ),
        ([menu(InputTimeLimitSeconds="0")], "Actions[0].Parameters.InputTimeLimitSeconds must be a whole number of 1"),
        (
            [menu(InputTimeLimitSeconds=None)],
            "Actions[0].Parameters must have one of InputTimeLimitSeconds, InputTimeoutSeconds, EnableDTMFBuffer.",
        ),
        (
            [menu(DTMFConfiguration={"InterdigitTimeLimitSeconds": "21"})],
            "Actions[0].Parameters.DTMFConfiguration.InterdigitTimeLimitSeconds must be a whole number from 1 to 20.",
        ),
        (
            [menu(DTMFConfiguration={"InputTerminationSequence": "done"})],
            "Actions[0].Parameters.DTMFConfiguration.InputTerminationSequence must be 1 to 5 keys of a telephone",
        ),
        (
            [menu(StoreInput="True", InputValidation={"CustomValidation": {"MaximumLength": 4}})],
            "Actions[0].Transitions.Conditions must be empty where the keys are stored",
        ),
        (
            [menu(StoreInput="True")],
            "Actions[0].Parameters must have InputValidation, as the keys are stored.",
        ),
        (
            [action("loop", "Loop", {"LoopCount": 101}, when={"ContinueLooping": "end", "DoneLooping": "end"})],
            "Actions[0].Parameters.LoopCount must be a whole number from 0 to 100.",
        ),
        (
            [action("loop", "Loop", {"LoopCount": "3"}, when={"ContinueLooping": "end"})],
            "Actions[0].Transitions.Conditions must have one for 'DoneLooping': Loop can end with it.",
        ),
        (
            [action("wait", "Wait", {"TimeLimitSeconds": "5"}, errors={ERROR: "end"}, when={"Done": "end"})],
            "Actions[0].Transitions.Conditions must have one for 'WaitCompleted': Wait can end with it.",
        ),
        (
            [
                action(
                    "split",
                    "DistributeByPercentage",
                    errors={"NoMatchingCondition": "end"},
                    when={"50": "end", "40": "end"},
                    operator="NumberLessThan",
                )
            ],
            "Actions[0].Transitions.Conditions[1].Condition.Operands[0] must be more than the one before it",
        ),
        (
            [
                action(
                    "hook",
                    "UpdateContactEventHooks",
                    {"EventHooks": {"AgentWisper": "f"}},
                    then="end",
                    errors={ERROR: "end"},
                )
            ],
            "Actions[0].Parameters.EventHooks.AgentWisper is unknown. Did you mean 'AgentWhisper'?",
        ),
        (
            [
                action(
                    "rank",
                    "UpdateContactRoutingBehavior",
                    {"QueuePriority": "1", "QueueTimeAdjustmentSeconds": "5"},
                    then="end",
                )
            ],
            "Actions[0].Parameters must have at most one of QueuePriority, QueueTimeAdjustmentSeconds, Routing",
        ),
        ([{**END, "Identifier": "50%"}, END], "Actions[0].Identifier has a character that Amazon takes in none"),
        ([{**END, "Identifier": "constructor"}, END], "Actions[0].Identifier is a word that Amazon keeps to itself"),
    ],
)
def test_what_is_wrong_is_told_with_its_action_its_member_and_why(actions: list[Any], problem: str) -> None:
    told = problems_of(flow(*actions))
    assert any(each.startswith(problem) for each in told), told


def test_all_that_is_wrong_is_told_at_once_each_of_its_action() -> None:
    content = flow(
        say(Txt="Hello"),
        compare(value="gold"),
        action("go", "TransferContactToQueue", then="nowhere", errors={ERROR: "end"}),
    )
    checked = check(content)
    assert [(problem.identifier, problem.text.partition(" ")[0]) for problem in checked.problems] == [
        ("say", "Actions[0].Parameters.Txt"),
        ("say", "Actions[0].Parameters"),
        ("compare", "Actions[1].Parameters.ComparisonValue"),
        ("go", "Actions[2].Transitions.NextAction"),
        ("go", "Actions[2].Transitions.Errors"),
    ]
    assert checked.flow is None


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param(
            [
                {
                    "Identifier": "split",
                    "Type": "DistributeByPercentage",
                    "Transitions": {
                        "Errors": [{"ErrorType": "NoMatchingCondition", "NextAction": "end"}],
                        "Conditions": [],
                    },
                }
            ],
            id="no Parameters, as the console leaves them out",
        ),
        pytest.param(
            [action("voice", "UpdateContactTextToSpeechVoice", {"TextToSpeechVoice": "Amy"}, then="end")],
            id="no Errors, as in the agentless sample",
        ),
        pytest.param([action("say", "MessageParticipant", {"Text": "a"}, then="end")], id="a message without Errors"),
        pytest.param(
            [action("loop", "MessageParticipantIteratively", {"Messages": [{"Text": "a"}]}, errors={}, when={})],
            id="a loop of prompts that nothing ends",
        ),
        pytest.param([compare(operand="$.Attributes.other")], id="an operand that is a reference"),
        pytest.param([compare(value="$['Attributes']['tier']")], id="a reference in brackets"),
        pytest.param([compare(operand=5, operator="NumberGreaterThan")], id="an operand that is a number"),
        pytest.param([menu(InputTimeLimitSeconds=5)], id="a number that is no text"),
        pytest.param([say(SSML="<speak>Hello $.Attributes.name <break time='1s'/></speak>")], id="marks of speech"),
        pytest.param([say(Text="It costs $.50, $.Attributes.name.")], id="a text with dollars in it"),
        pytest.param(
            [
                action(
                    "lex", "ConnectParticipantWithLexBot", {"New": {"Of": "Amazon"}}, then="end", errors={"New": "end"}
                )
            ],
            id="parameters and errors of an action that is not offered",
        ),
        pytest.param([{**say(Text="a"), "Note": {"by": "somebody"}}], id="a member that the language has not"),
        pytest.param([say(Text="a", SkipWhenDTMFBufferEnabled="false")], id="a message as the console writes each now"),
        pytest.param([buffer(EnableDTMFBuffer="true")], id="keys that are pressed too early are kept from here"),
        pytest.param(
            [buffer(EnableDTMFBuffer="false", StoreInput="true", InputEncryption={"EncryptionKeyId": "k", "Key": "p"})],
            id="and no longer, and stored",
        ),
    ],
)
def test_what_amazon_takes_is_taken(actions: list[Any]) -> None:
    assert problems_of(flow(*actions)) == []


@pytest.mark.parametrize(
    ("actions", "remark"),
    [
        ([END, say(Text="a")], "Actions[1] is never reached."),
        ([compare(value="$.Atributes.tier")], "Actions[0].Parameters.ComparisonValue is a reference that is not known"),
        (
            [buffer(EnableDTMFBuffer="true")],
            "Actions[0] has keys kept that are pressed too early, which is not offered",
        ),
        (
            [record({"VoiceRecordingBehavior": {"RecordedParticipants": ["Agent"]}})],
            "Actions[0] records one participant alone, which is not offered: nothing is recorded",
        ),
        ([record({})], "Actions[0] does not say who is recorded: it changes nothing"),
        (
            [record({"VoiceAnalyticsBehavior": {"Enabled": "True"}})],
            "Actions[0] has talks analysed, which is not offered",
        ),
        ([action("tag", "TagContact", then="end")], "Actions[0] is TagContact, which is not offered: it takes its err"),
        (
            [action("back", "EndFlowModuleExecution")],
            "Actions[0] is EndFlowModuleExecution, which is not offered: the f",
        ),
        (
            [action("say", "MessageParticipant", {"Text": "a"}, then="end", errors={"QueueAtCapacity": "end"})],
            "Actions[0].Transitions.Errors[0].ErrorType is never taken: MessageParticipant does not end with it.",
        ),
        (
            [say(SSML="Hello & welcome")],
            "Actions[0].Parameters.SSML is no SSML: one <speak> around all",
        ),
        ([say(SSML=f"<speak>{'a<break/>' * 101}</speak>")], "Actions[0].Parameters.SSML has more than 100 pauses"),
        ([say(SSML="<!DOCTYPE speak><speak/>")], "Actions[0].Parameters.SSML is no SSML"),
        (
            [say(SSML='<speak><audio src="prompt:hello"/></speak>')],
            "Actions[0].Parameters.SSML has an <audio> mark, which plays nothing",
        ),
        (
            [action("who", "CheckOutboundCallStatus", then="end", when={"CallAnswered": "end"})],
            "Actions[0].Transitions.Errors has no branch for NoMatchingError, by which contacts go on whose detection",
        ),
    ],
)
def test_what_is_only_worth_knowing_keeps_nobody_from_publishing(actions: list[Any], remark: str) -> None:
    told = remarks_of(flow(*actions))
    assert any(each.startswith(remark) for each in told), told


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        *(("UpdateContactEventHooks", {"EventHooks": {each: "f"}}, "it never runs here") for each in UNOFFERED_HOOKS),
        ("UpdateContactAttributes", {"Attributes": {"a": "b"}, "TargetContact": "Related"}, "a related contact"),
        ("UpdateContactTargetQueue", {"AgentId": "a"}, "an agent's own queue"),
        ("UpdateContactRoutingBehavior", {"RoutingProficiencies": {}}, "skills of agents"),
        ("UpdateContactRoutingBehavior", {}, "gives the contact no other place"),
        ("UpdateContactRecordingBehavior", {}, "does not say who is recorded"),
        (
            "UpdateContactRecordingBehavior",
            {"RecordingBehavior": {"RecordedParticipants": ["Agent"]}},
            "records one participant alone",
        ),
        (
            "UpdateContactRecordingBehavior",
            {"RecordingBehavior": {"RecordedParticipants": [], "IVRRecordingBehavior": "Enabled"}},
            "records what flows say",
        ),
        ("CompleteOutboundCall", {"VoiceConnector": {}}, "has a VoiceConnector, and there is none here"),
    ],
)
def test_what_is_taken_and_comes_to_nothing_is_told(kind: str, parameters: dict[str, Any], said: str) -> None:
    told = remarks_of(flow(action("vain", kind, parameters, then="end", errors={ERROR: "end"})))
    assert len(told) == 1
    assert said in told[0]


def test_events_that_never_come_are_told_where_somebody_waits_for_them() -> None:
    parameters = {"TimeLimitSeconds": "5", "Events": ["CustomerReturned"]}
    when = dict.fromkeys(("CustomerReturned", "WaitCompleted"), "end")
    told = remarks_of(flow(action("wait", "Wait", parameters, errors={ERROR: "end"}, when=when)))
    assert told == ["Actions[0] waits for events, and none comes here: it goes on once its time is over."]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        *(("UpdateContactEventHooks", {"EventHooks": {each: "f"}}) for each in FlowHook),
        ("UpdateContactEventHooks", {"EventHooks": {"PauseContact": ""}}),
        ("UpdateContactRecordingBehavior", {"RecordingBehavior": {"RecordedParticipants": ["Agent", "Customer"]}}),
        ("UpdateContactRecordingBehavior", {"RecordingBehavior": {"RecordedParticipants": []}}),
        ("UpdateContactRoutingBehavior", {"QueuePriority": "3"}),
    ],
)
def test_what_is_done_as_it_is_written_is_not_remarked_upon(kind: str, parameters: dict[str, Any]) -> None:
    assert remarks_of(flow(action("does", kind, parameters, then="end", errors={ERROR: "end"}))) == []


def test_ssml_as_amazon_has_it_is_not_remarked_upon() -> None:
    ssml = '<speak><!-- quietly --><amazon:effect name="whispered">Hello $.Attributes.name</amazon:effect></speak>'
    assert not [each for each in remarks_of(flow(say(SSML=ssml))) if "SSML" in each]


def test_a_condition_that_is_there_twice_is_told() -> None:
    twice = compare()
    twice["Transitions"]["Conditions"] *= 2
    assert remarks_of(flow(twice)) == [
        "Actions[0].Transitions.Conditions[1] is never taken: a condition before it is the same."
    ]


def test_what_is_waited_for_is_not_quoted_where_a_result_is_none_of_it() -> None:
    events = ["+12125550100", *("ChatEnded" for _ in range(40))]
    when = dict.fromkeys((*events, "WaitCompleted", "Done"), "end")
    wait = action("wait", "Wait", {"TimeLimitSeconds": "5", "Events": events}, errors={ERROR: "end"}, when=when)
    assert problems_of(flow(wait)) == [
        "Actions[0].Transitions.Conditions[3].Condition.Operands[0] must be a result of Wait: WaitCompleted, or one of "
        "its Events."
    ]


def test_an_error_has_one_branch() -> None:
    twice = say(Text="a")
    twice["Transitions"]["Errors"] *= 2
    assert "is that of a branch before it" in problems_of(flow(twice))[0]


def test_an_action_that_amazon_has_not_in_such_a_flow_is_told_where_the_type_is_known() -> None:
    content = flow(say(Text="a"))
    assert remarks_of(content) == remarks_of(content, "CONTACT_FLOW") == []
    assert remarks_of(content, "CUSTOMER_HOLD") == [
        "Actions[0] is MessageParticipant, which Amazon has in no flow of the type CUSTOMER_HOLD.",
        "Actions[1] is DisconnectParticipant, which Amazon has in no flow of the type CUSTOMER_HOLD.",
    ]


@pytest.mark.parametrize(
    ("document", "what_to_do"),
    [
        (
            {"modules": [], "version": "1", "type": "contactFlow", "start": "a", "metadata": {}},
            "Import it in Amazon Connect's console, save it there and export it again",
        ),
        ({"ContactFlow": {"Content": "{}"}}, "The flow is the text in its ContactFlow.Content"),
    ],
)
def test_what_is_taken_for_a_flow_and_is_none_is_told_with_what_to_do(
    document: dict[str, Any], what_to_do: str
) -> None:
    (problem,) = problems_of(json.dumps(document))
    assert what_to_do in problem
    assert len(problem) <= MAX_MESSAGE


def test_conditions_are_not_in_one_another_without_end() -> None:
    def nested(depth: int) -> dict[str, Any]:
        inner: Any = "gold" if depth == 1 else nested(depth - 1)
        return {"Operator": "Equals", "Operands": [inner]}

    for depth, allowed in ((5, True), (6, False)):
        made = compare()
        made["Transitions"]["Conditions"][0]["Condition"] = nested(depth)
        assert (problems_of(flow(made)) == []) is allowed
    made = compare()
    many = [{"Operator": "Equals", "Operands": ["gold"]}] * 51
    made["Transitions"]["Conditions"][0]["Condition"] = {"Operator": "Equals", "Operands": many}
    assert "must have 50 conditions in it at most" in problems_of(flow(made))[0]


def test_a_document_may_begin_with_the_byte_order_mark_that_editors_write() -> None:
    checked = check("\ufeff" + flow(END))
    assert not checked.problems
    assert checked.flow == check(flow(END)).flow


def test_a_document_is_not_deeper_than_anybody_reads() -> None:
    deep: Any = {}
    for _ in range(100):
        deep = [deep]
    document = {**json.loads(flow(END)), "Metadata": deep}
    assert problems_of(json.dumps(document)) == [
        "The content is not JSON: it is nested too deep, in more than 60 objects and lists."
    ]


# --- whatever is sent -----------------------------------------------------------------------------------------------

names = st.sampled_from(
    [*ACTIONS, *ERRORS, *OPERATORS, "a", "end", "True", "$.Attributes.a", "$.", "+12125550100", "5"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=80), inner, max_size=3),
    max_leaves=8,
)
members = sorted({name for known in ACTIONS.values() for name in known.parameters})
actions = st.fixed_dictionaries(
    {
        "Identifier": st.sampled_from(["a", "b", "end"]) | st.text(max_size=5),
        "Type": st.sampled_from(sorted(ACTIONS)) | values,
        "Parameters": st.dictionaries(st.sampled_from(members) | st.text(max_size=300), values, max_size=4) | values,
        "Transitions": st.fixed_dictionaries(
            {},
            optional={
                "NextAction": names | values,
                "Errors": st.lists(st.fixed_dictionaries({"NextAction": names, "ErrorType": names | values})) | values,
                "Conditions": st.lists(
                    st.fixed_dictionaries(
                        {
                            "NextAction": names,
                            "Condition": st.fixed_dictionaries(
                                {"Operator": st.sampled_from(OPERATORS) | values, "Operands": st.lists(values) | values}
                            ),
                        }
                    )
                )
                | values,
            },
        )
        | values,
    }
)


def test_a_sound_that_is_in_s3_is_told_of_before_somebody_does_not_hear_it() -> None:
    media = {"Media": {"Uri": "s3://sounds/hello.wav", "SourceType": "S3", "MediaType": "Audio"}}
    told = "Actions[0] plays a sound from S3, which is not offered: make it a prompt, and name that by PromptId."
    assert remarks_of(flow(say(**media))) == [told]
    waits = {"Messages": [{"Text": "Please wait."}, media]}
    assert told in remarks_of(flow(action("say", "MessageParticipantIteratively", waits, errors={ERROR: "end"})))
    assert remarks_of(flow(say(PromptId="hello"))) == []


@given(st.lists(actions, max_size=4))
def test_whatever_is_sent_is_told_in_sentences_that_the_model_has_room_for(sent: list[Any]) -> None:
    problems = problems_of(flow(*sent))
    assert len(problems) <= MAX_PROBLEMS
    for problem in problems:
        assert 1 <= len(problem) <= MAX_MESSAGE
        assert "2125550100" not in problem


def test_the_longest_name_leaves_room_for_what_is_wrong_with_it() -> None:
    hooks = {"EventHooks": {"DisconnectAgentUI" * 3 + "DisconnectUI"[:9]: "f"}}
    hook = action("hook", "UpdateContactEventHooks", hooks, then="end", errors={ERROR: "end"})
    told = problems_of(flow(*({**hook, "Identifier": f"a{n}"} for n in range(240))))
    assert len(told) == MAX_PROBLEMS
    assert max(map(len, told)) <= MAX_MESSAGE


def test_an_action_that_ends_the_flow_is_offered_with_nothing_after_it() -> None:
    for known in ACTIONS.values():
        if known.follows is Follows.NEVER:
            assert not known.errors
            assert known.results is None
