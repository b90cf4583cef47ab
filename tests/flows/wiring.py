"""Flows of any wiring, drawn by the table of the language: each can be published."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from trunkcall.flows.kinds import Amount, Anything, Choice, Group, Keys, Kind, Many, Source, Text, Texts, Whole
from trunkcall.flows.language import ACTIONS, KEYS, ActionType, Follows

REFERENCES = (
    *("$.Attributes.a", "$.Attributes.b", "$.External.a.b", "$.External", "$.StoredCustomerInput"),
    *("$.Queue.Name", "$.Nowhere.at.all", "$['Attributes']['a']"),
)
NAMES = ("a", "b", "c", "d", "e", "end")
references = st.sampled_from(REFERENCES)
plain = st.sampled_from(["q-1", "flow", "other", "lost", "1", "0", "x", "gold", "Hello $.Attributes.a!", "nan"])


def value_of(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case Text(source=Source.STATIC):
            return st.sampled_from(["US", "x"])
        case Text(source=Source.REFERENCE):
            return references
        case Text():
            return plain | references
        case Whole(least=least, most=most, source=source):
            numbers = st.integers(max(least, -5), min(most or 200, 200))
            given = numbers | numbers.map(str)
            return given | references if source is Source.WHOLE else given
        case Choice(values=values):
            return st.sampled_from(values)
        case Keys(most=most):
            return st.text(st.sampled_from(KEYS), min_size=1, max_size=most)
        case Texts(keys=keys, most=most, values=values):
            names = st.sampled_from(keys) if keys is not None else st.sampled_from(["a", "b", "$.Attributes.a"])
            return st.dictionaries(names, value_of(values), min_size=most or 0, max_size=most or 3)
        case Many(of=of, least=least):
            return st.lists(value_of(of), min_size=least, max_size=2)
        case Group(members=members, rules=rules):
            return given_to(members, rules)
        case Anything():
            return st.just({})


def given_to(members: Any, rules: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Parameters as the rules want them."""

    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        left_out: set[str] = set()
        for rule in rules:
            least = 1 if rule.amount is Amount.ONE else 0
            kept = draw(st.lists(st.sampled_from(rule.names), min_size=least, max_size=1))
            left_out |= set(rule.names) - set(kept)
        ruled = {name for rule in rules for name in rule.names}
        return {
            name: draw(value_of(parameter.kind))
            for name, parameter in members.items()
            if name not in left_out and (name in ruled or parameter.required or draw(st.booleans()))
        }

    return drawn()


def stores_keys(parameters: dict[str, Any]) -> bool:
    return parameters.get("StoreInput") in ("True", "true")


@st.composite
def actions(draw: st.DrawFn, identifier: str) -> dict[str, Any]:
    known: ActionType = ACTIONS[draw(st.sampled_from(sorted(ACTIONS)))]
    parameters = draw(given_to(known.parameters, known.rules)) if known.offered else {}
    to = st.sampled_from(NAMES)
    transitions: dict[str, Any] = {}
    if known.follows is not Follows.NEVER:
        if known.follows is Follows.ALWAYS or draw(st.booleans()):
            transitions["NextAction"] = draw(to)
        errors = [each.error for each in known.errors if each.required or draw(st.booleans())]
        if known.name == "GetParticipantInput":
            errors = [each.error for each in known.errors]
            if stores_keys(parameters):
                parameters.setdefault("InputValidation", {"CustomValidation": {"MaximumLength": 3}})
        transitions["Errors"] = [{"ErrorType": error, "NextAction": draw(to)} for error in errors]
        transitions["Conditions"] = draw(conditions(known, parameters)) if known.results is not None else []
    return {"Identifier": identifier, "Type": known.name, "Parameters": parameters, "Transitions": transitions}


@st.composite
def conditions(draw: st.DrawFn, known: ActionType, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    assert known.results is not None
    to = st.sampled_from(NAMES)
    values = known.results.values
    if known.name == "GetParticipantInput" and (stores_keys(parameters) or "EnableDTMFBuffer" in parameters):
        return []
    if known.name == "Wait":
        values = ("WaitCompleted", *parameters.get("Events", ()))
    if known.name == "DistributeByPercentage":
        values = ("25", "75")
    if values is None:
        values = ("1", "50", *REFERENCES) if "NumberLessThan" in known.results.operators else ("1", "x", *REFERENCES)
        values = tuple(draw(st.lists(st.sampled_from(values), max_size=3, unique=True)))
    return [
        {
            "NextAction": draw(to),
            "Condition": {"Operator": draw(st.sampled_from(known.results.operators)), "Operands": [value]},
        }
        for value in values
    ]


@st.composite
def documents(draw: st.DrawFn) -> str:
    made = [draw(actions(name)) for name in NAMES]
    return json.dumps({"Version": "2019-10-30", "StartAction": "a", "Actions": made})
