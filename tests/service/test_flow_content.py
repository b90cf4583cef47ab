"""Which documents of the flow language may be published. If these fail, somebody publishes a flow that cannot be run,
or cannot publish one that Amazon's console has exported."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkcall.flows.checking import MAX_PROBLEMS, problems_of
from trunkcall.flows.content import DEFAULT_CONTENT
from trunkcall.flows.language import MAX_ACTIONS, MAX_CONTENT

END: dict[str, Any] = {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}
ASK: dict[str, Any] = {
    "Identifier": "ask",
    "Type": "CheckOutboundCallStatus",
    "Parameters": {},
    "Transitions": {
        "NextAction": "end",
        "Errors": [{"NextAction": "end", "ErrorType": "NoMatchingError"}],
        "Conditions": [{"NextAction": "end", "Condition": {"Operator": "Equals", "Operands": ["CallAnswered"]}}],
    },
}


def document(**changes: Any) -> str:
    """A flow of two actions, with these changes; None takes a member away."""
    whole = {"Version": "2019-10-30", "StartAction": "ask", "Metadata": {}, "Actions": [ASK, END], **changes}
    return json.dumps({name: value for name, value in whole.items() if value is not None})


def with_transitions(**transitions: Any) -> str:
    return document(Actions=[{**ASK, "Transitions": transitions}, END])


def test_a_flow_may_leave_out_what_it_has_no_use_for() -> None:
    assert problems_of(document()) == []
    assert problems_of(document(Metadata=None)) == []
    assert problems_of(document(Metadata={"entryPointPosition": {"x": 1, "y": 2}})) == []
    assert problems_of(with_transitions(NextAction="end")) == []
    assert problems_of(document(Settings=[])) == [], "Amazon may add members"


def test_what_every_contact_goes_through_is_a_flow_as_well() -> None:
    assert problems_of(DEFAULT_CONTENT) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "1 to 256,000 characters, not 0"),
        ("x" * (MAX_CONTENT + 1), "1 to 256,000 characters, not 256,001"),
        ("{", "not JSON: Expecting property name"),
        ('{"Version": NaN}', "not JSON"),
        ("[" * 100_000, "not JSON"),
        (document(Metadata={"name": "\ud800"}), "not JSON: it has half of a character"),
        ("1" * 5_000, "not JSON"),
        ("[]", "must be a JSON object"),
        (document(Version="2020-01-01"), 'Version must be "2019-10-30".'),
        (document(Version=None), 'Version must be "2019-10-30".'),
        (document(Actions=None), "Actions must be a list of 1 to 250 actions."),
        (document(Actions=[]), "Actions must be a list of 1 to 250 actions."),
        (document(Actions={"ask": ASK}), "Actions must be a list of 1 to 250 actions."),
        (document(StartAction=None), "StartAction must be the Identifier of one of the Actions."),
        (document(StartAction="End"), "StartAction must be the Identifier of one of the Actions."),
        (document(StartAction=["ask"]), "StartAction must be the Identifier of one of the Actions."),
        (document(Actions=[ASK, END, "end"]), "Actions[2] must be an object."),
        (document(Actions=[ASK, END, END]), "Actions[2].Identifier is that of an action before it."),
        (document(Actions=[ASK, END, {**END, "Identifier": "i" * 51}]), "Actions[2].Identifier must be a text of 1 to"),
        (document(Actions=[ASK, END, {**END, "Identifier": ""}]), "Actions[2].Identifier must be a text of 1 to"),
        (document(Actions=[{**ASK, "Type": ""}, END]), "Actions[0].Type must be the name of a type of action."),
        (document(Actions=[{**ASK, "Parameters": None}, END]), "Actions[0].Parameters must be an object"),
        (document(Actions=[{**ASK, "Transitions": []}, END]), "Actions[0].Transitions must be an object"),
        (with_transitions(NextAction="over"), "Actions[0].Transitions.NextAction must be the Identifier of one"),
        (with_transitions(Errors={}), "Actions[0].Transitions.Errors must be a list."),
        (with_transitions(Errors=["end"]), "Actions[0].Transitions.Errors[0] must be an object with NextAction and E"),
        (with_transitions(Errors=[{"NextAction": "end"}]), "Errors[0].ErrorType must be the name of an error."),
        (
            with_transitions(Errors=[{"ErrorType": "NoMatchingError"}]),
            "Errors[0].NextAction must be the Identifier of one of the",
        ),
        (with_transitions(Conditions=[{"NextAction": "end"}]), "Conditions[0].Condition must be an object with Oper"),
        (
            with_transitions(Conditions=[{"NextAction": "end", "Condition": {"Operator": "Equals"}}]),
            "Conditions[0].Condition.Operands must be a list.",
        ),
    ],
)
def test_what_cannot_be_run_is_told_with_its_place(content: str, words: str) -> None:
    problems = problems_of(content)
    assert len(problems) == 1
    assert words in problems[0]


def test_as_many_actions_as_amazon_takes_and_no_more() -> None:
    many = [ASK, END, *({**END, "Identifier": f"{n}"} for n in range(MAX_ACTIONS - 2))]
    assert problems_of(document(Actions=many)) == []
    assert problems_of(document(Actions=[*many, {**END, "Identifier": "more"}])) != []


def test_of_a_document_that_is_wrong_everywhere_not_everything_is_told() -> None:
    wrong = [{"Identifier": f"{n}"} for n in range(MAX_ACTIONS)]
    assert len(problems_of(document(Actions=wrong))) == MAX_PROBLEMS


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("Version", "StartAction", "Actions", "Identifier", "Type", "Parameters", "Transitions"),
                    *("NextAction", "Errors", "Conditions", "Condition", "Operands", "Operator"),
                ]
            ),
            values,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(anything, st.lists(anything, max_size=3))
def test_whatever_is_sent_gets_an_answer_that_quotes_nothing(value: Any, actions: list[Any]) -> None:
    secret = "call +12125550100"
    for content in (json.dumps(value), document(Actions=[*actions, {**END, "Identifier": secret, "Type": secret}])):
        assert not any("2125550100" in problem for problem in problems_of(content))
