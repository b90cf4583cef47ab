"""The outer form of a contact flow's content: a document of Amazon Connect's flow language, version 2019-10-30.

Decides what is wrong with a document before anybody is put through it (research: flow language). It must not know what
an action does: parameters are the business of whoever runs the flow. Nothing that it says quotes the document, which
may hold numbers and what is said to people.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn

VERSION: Final = "2019-10-30"
MAX_CONTENT: Final = 256_000
"""Characters of a document, as Amazon Connect documents it."""
MAX_ACTIONS: Final = 250
MAX_IDENTIFIER: Final = 50
MAX_PROBLEMS: Final = 50
"""How many problems are told of one document: whoever mends those sees the others then."""

DEFAULT_CONTENT: Final = json.dumps(
    {
        "Version": VERSION,
        "StartAction": "detection",
        "Metadata": {},
        "Actions": [
            {
                "Identifier": "detection",
                "Type": "CheckOutboundCallStatus",
                "Parameters": {},
                "Transitions": {
                    "NextAction": "queue",
                    "Errors": [{"NextAction": "queue", "ErrorType": "NoMatchingError"}],
                    "Conditions": [
                        {"NextAction": next_action, "Condition": {"Operator": "Equals", "Operands": [result]}}
                        for result, next_action in (
                            ("CallAnswered", "queue"),
                            ("VoicemailBeep", "end"),
                            ("VoicemailNoBeep", "end"),
                            ("NotDetected", "queue"),
                        )
                    ],
                },
            },
            {
                "Identifier": "queue",
                "Type": "TransferContactToQueue",
                "Parameters": {},
                "Transitions": {
                    "NextAction": "end",
                    "Errors": [
                        {"NextAction": "end", "ErrorType": "QueueAtCapacity"},
                        {"NextAction": "end", "ErrorType": "NoMatchingError"},
                    ],
                },
            },
            {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
        ],
    }
)
"""What every contact goes through where there is a queue, in the flow language: the content of a flow that came without
one."""


def problems_of(content: str) -> Sequence[str]:
    """What is wrong with the document, each in a sentence that says where; nothing if it can be a flow."""
    if not 1 <= len(content) <= MAX_CONTENT:
        return [f"The content must have 1 to {MAX_CONTENT:,} characters, not {len(content):,}."]
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return [f"The content is not JSON: {error.msg}, at line {error.lineno}, column {error.colno}."]
    except (ValueError, RecursionError):
        return ["The content is not JSON: it has a number that JSON has not, or is nested too deep."]
    if not isinstance(document, dict):
        return ["The content must be a JSON object with Version, StartAction and Actions."]
    return [problem for problem, _ in zip(_in_document(document), range(MAX_PROBLEMS), strict=False)]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _in_document(document: dict[str, Any]) -> Iterator[str]:
    if document.get("Version") != VERSION:
        yield f'Version must be "{VERSION}".'
    actions = document.get("Actions")
    if not isinstance(actions, list) or not 1 <= len(actions) <= MAX_ACTIONS:
        yield f"Actions must be a list of 1 to {MAX_ACTIONS} actions."
        return
    identifiers: set[str] = set()
    for place, action in enumerate(actions):
        where = f"Actions[{place}]"
        if not isinstance(action, dict):
            yield f"{where} must be an object."
            continue
        identifier = action.get("Identifier")
        if not isinstance(identifier, str) or not 1 <= len(identifier) <= MAX_IDENTIFIER:
            yield f"{where}.Identifier must be a text of 1 to {MAX_IDENTIFIER} characters."
        elif identifier in identifiers:
            yield f"{where}.Identifier is that of an action before it. Give each action its own."
        else:
            identifiers.add(identifier)
    if not _names_one(document.get("StartAction"), identifiers):
        yield "StartAction must be the Identifier of one of the Actions."
    for place, action in enumerate(actions):
        if isinstance(action, dict):
            yield from _in_action(f"Actions[{place}]", action, identifiers)


def _in_action(where: str, action: dict[str, Any], identifiers: set[str]) -> Iterator[str]:
    action_type = action.get("Type")
    if not isinstance(action_type, str) or not action_type:
        yield f"{where}.Type must be the name of a type of action."
    if not isinstance(action.get("Parameters"), dict):
        yield f"{where}.Parameters must be an object, {{}} where the action has none."
    transitions = action.get("Transitions")
    if not isinstance(transitions, dict):
        yield f"{where}.Transitions must be an object, {{}} where nothing follows."
        return
    where = f"{where}.Transitions"
    if "NextAction" in transitions:
        yield from _in_next_action(where, transitions, identifiers)
    for name, key in (("Errors", "ErrorType"), ("Conditions", "Condition")):
        branches = transitions.get(name, [])
        if not isinstance(branches, list):
            yield f"{where}.{name} must be a list."
            continue
        for place, branch in enumerate(branches):
            yield from _in_branch(f"{where}.{name}[{place}]", branch, key, identifiers)


def _in_branch(where: str, branch: Any, key: str, identifiers: set[str]) -> Iterator[str]:
    if not isinstance(branch, dict):
        yield f"{where} must be an object with NextAction and {key}."
        return
    yield from _in_next_action(where, branch, identifiers)
    value = branch.get(key)
    if key == "ErrorType":
        if not isinstance(value, str) or not value:
            yield f"{where}.ErrorType must be the name of an error."
    elif not isinstance(value, dict) or not isinstance(value.get("Operator"), str):
        yield f"{where}.Condition must be an object with Operator and Operands."
    elif not isinstance(value.get("Operands"), list):
        yield f"{where}.Condition.Operands must be a list."


def _in_next_action(where: str, branch: dict[str, Any], identifiers: set[str]) -> Iterator[str]:
    if not _names_one(branch.get("NextAction"), identifiers):
        yield f"{where}.NextAction must be the Identifier of one of the Actions."


def _names_one(value: Any, identifiers: set[str]) -> bool:
    return isinstance(value, str) and value in identifiers
