"""Flows as the tests write them: actions by name, each with what leads from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import trunkcall
from trunkcall.flows.language import VERSION

EXAMPLES = sorted((Path(trunkcall.__file__).parents[2] / "examples" / "flows").glob("*.json"))

ERROR = "NoMatchingError"

ENDLESS = pytest.param("9" * 5_000, id="endless")
"""More digits than Python makes a number of."""


def action(
    identifier: str,
    kind: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    then: str | None = None,
    errors: Mapping[str, str] | None = None,
    when: Mapping[str, str] | None = None,
    operator: str = "Equals",
) -> dict[str, Any]:
    """An action; ``when`` are the results that lead somewhere, each with where to."""
    transitions: dict[str, Any] = {}
    if then is not None:
        transitions["NextAction"] = then
    if errors is not None:
        transitions["Errors"] = [{"NextAction": to, "ErrorType": error} for error, to in errors.items()]
    if when is not None:
        transitions["Conditions"] = [
            {"NextAction": to, "Condition": {"Operator": operator, "Operands": [result]}} for result, to in when.items()
        ]
    return {
        "Identifier": identifier,
        "Type": kind,
        "Parameters": dict(parameters) if parameters is not None else {},
        "Transitions": transitions,
    }


END = action("end", "DisconnectParticipant")


def flow(*actions: dict[str, Any], start: str | None = None) -> str:
    """The document of a flow that begins with its first action, and has one named ``end`` besides."""
    whole = [*actions, END] if all(each.get("Identifier") != "end" for each in actions) else [*actions]
    return json.dumps(
        {"Version": VERSION, "StartAction": start or whole[0]["Identifier"], "Metadata": {}, "Actions": whole}
    )


def message(identifier: str, value: str, then: str = "end", error: str | None = None) -> dict[str, Any]:
    errors = {ERROR: error} if error is not None else None
    return action(identifier, "MessageParticipant", {"Text": value}, then=then, errors=errors)


def notes(identifier: str, name: str, value: str, *, then: str = "end") -> dict[str, Any]:
    """An attribute is given to the contact."""
    return action(identifier, "UpdateContactAttributes", {"Attributes": {name: value}}, then=then, errors={ERROR: then})


def asks(function: str, *, within_s: int, then: str, otherwise: str = "end", **parameters: Any) -> dict[str, Any]:
    """A function is asked, in an action named ``ask``."""
    given = {"LambdaFunctionARN": function, "InvocationTimeLimitSeconds": str(within_s), **parameters}
    return action("ask", "InvokeLambdaFunction", given, then=then, errors={ERROR: otherwise})


def menu(identifier: str = "ask", *, then: str = "end", **changes: Any) -> dict[str, Any]:
    """A question by keys, of which 1 leads to the end; with these parameters besides, None takes one away."""
    parameters = {"Text": "Press 1.", "InputTimeLimitSeconds": "5", "StoreInput": "False", **changes}
    return action(
        identifier,
        "GetParticipantInput",
        {name: value for name, value in parameters.items() if value is not None},
        then=then,
        errors={ERROR: "end", "NoMatchingCondition": "end", "InputTimeLimitExceeded": "end"},
        when={"1": "end"},
    )
