"""Looks at the transitions of an action: by which ways it leads where, and whether Amazon demands more of them.

Decides what is wrong with them. It must not know what an action does with its parameters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trunkcall.flows import language
from trunkcall.flows.language import ERRORS, OPERATORS, ActionType, Follows
from trunkcall.flows.naming import called, step
from trunkcall.flows.parameters import Findings, Wrong


def names_one(value: Any, identifiers: set[str]) -> bool:
    """Whether it is the identifier of one of the actions."""
    return isinstance(value, str) and value in identifiers


def in_transitions(
    where: str,
    transitions: dict[str, Any],
    identifiers: set[str],
    known: ActionType | None,
    parameters: Mapping[str, Any],
) -> Findings:
    """Look at the transitions of one action; ``known`` is None of a type that there is not."""
    errors, conditions = transitions.get("Errors", []), transitions.get("Conditions", [])
    if "NextAction" in transitions:
        yield from _in_next_action(where, transitions, identifiers)
    elif known is not None and known.follows is Follows.ALWAYS:
        yield Wrong(where, f"must have NextAction: {known.name} goes on by it.")
    if not isinstance(errors, list):
        yield Wrong(f"{where}.Errors", "must be a list.")
    else:
        met: set[str] = set()
        for place, error in enumerate(errors):
            yield from _in_error(step(f"{where}.Errors", place), error, identifiers, met, known)
        if known is not None:
            yield from _missing_errors(where, errors, known, parameters)
    if not isinstance(conditions, list):
        yield Wrong(f"{where}.Conditions", "must be a list.")
        return
    told: set[str] = set()
    for place, choice in enumerate(conditions):
        here = step(f"{where}.Conditions", place)
        yield from _in_choice(here, choice, identifiers, known)
        same = json.dumps(choice.get("Condition"), sort_keys=True) if isinstance(choice, dict) else ""
        if same in told:
            yield Wrong(here, "is never taken: a condition before it is the same.", is_problem=False)
        told.add(same)
    if known is not None and known.offered:
        yield from _among_conditions(where, conditions, known, parameters)
    if known is not None and known.follows is Follows.NEVER and (transitions.keys() & {"NextAction", "Errors"}):
        yield Wrong(where, f"leads nowhere: the flow ends with {known.name}.", is_problem=False)


def _in_next_action(where: str, branch: dict[str, Any], identifiers: set[str]) -> Findings:
    if not names_one(branch.get("NextAction"), identifiers):
        yield Wrong(f"{where}.NextAction", "must be the Identifier of one of the Actions.")


def _in_error(where: str, branch: Any, identifiers: set[str], before: set[str], known: ActionType | None) -> Findings:
    if not isinstance(branch, dict):
        yield Wrong(where, "must be an object with NextAction and ErrorType.")
        return
    yield from _in_next_action(where, branch, identifiers)
    error, where = branch.get("ErrorType"), f"{where}.ErrorType"
    if not isinstance(error, str) or not error:
        yield Wrong(where, "must be the name of an error.")
        return
    if error in before:
        yield Wrong(where, "is that of a branch before it. Give each error one branch.")
    elif known is not None and known.offered and error not in {each.error for each in known.errors}:
        if error in ERRORS:
            yield Wrong(where, f"is never taken: {known.name} does not end with it.", is_problem=False)
        else:
            yield Wrong(where, f"{called(error)} is no error of {known.name}.", meant=(error, ERRORS))
    before.add(error)


def _missing_errors(where: str, errors: Sequence[Any], known: ActionType, parameters: Mapping[str, Any]) -> Findings:
    there = {each.get("ErrorType") for each in errors if isinstance(each, dict) and _is_text(each.get("ErrorType"))}
    needed = {branch.error: "" for branch in known.errors if branch.required}
    if known.name == "GetParticipantInput":
        needed |= _errors_of_input(parameters)
    for error, why in needed.items():
        if error not in there:
            yield Wrong(f"{where}.Errors", f"must have a branch for {error}{why}: {known.name} can end with it.")
    if known.name == "CheckOutboundCallStatus" and language.ERROR not in there:
        text = f"has no branch for {language.ERROR}, by which contacts go on whose detection is off."
        yield Wrong(f"{where}.Errors", text, is_problem=False)


def _errors_of_input(parameters: Mapping[str, Any]) -> dict[str, str]:
    if language.BUFFER in parameters:
        return {}
    if not language.is_yes(parameters.get(language.STORE)):
        return {language.NO_CONDITION: "", language.TIME_OUT: ""}
    validation = parameters.get(language.VALIDATION)
    if isinstance(validation, dict) and "PhoneNumberValidation" in validation:
        return {language.BAD_NUMBER: ", as a number is asked for"}
    return {}


# --- conditions -----------------------------------------------------------------------------------------------------


def _in_choice(where: str, choice: Any, identifiers: set[str], known: ActionType | None) -> Findings:
    if not isinstance(choice, dict):
        yield Wrong(where, "must be an object with NextAction and Condition.")
        return
    yield from _in_next_action(where, choice, identifiers)
    where, condition = f"{where}.Condition", choice.get("Condition")
    yield from _in_condition(where, condition, known, 1)
    if isinstance(condition, dict) and _parts(condition) > language.MAX_CONDITIONS:
        yield Wrong(where, f"must have {language.MAX_CONDITIONS} conditions in it at most.")


def _in_condition(where: str, condition: Any, known: ActionType | None, nesting: int) -> Findings:
    if not isinstance(condition, dict) or not isinstance(condition.get("Operator"), str):
        yield Wrong(where, "must be an object with Operator and Operands.")
        return
    operator, operands = condition["Operator"], condition.get("Operands")
    if not isinstance(operands, list):
        yield Wrong(f"{where}.Operands", "must be a list.")
        return
    nested = any(isinstance(each, dict) for each in operands)
    if operator not in OPERATORS and not nested:
        text = f"{called(operator)} is no operator of the flow language."
        yield Wrong(f"{where}.Operator", text, meant=(operator, OPERATORS))
    elif known is not None and known.results is not None and operator not in known.results.operators and not nested:
        allowed = ", ".join(known.results.operators)
        yield Wrong(f"{where}.Operator", f"must be one that {known.name} has: {allowed}.")
    if not nested and len(operands) != 1:
        yield Wrong(f"{where}.Operands", "must be a list of one.")
    for place, operand in enumerate(operands):
        here = step(f"{where}.Operands", place)
        if isinstance(operand, dict):
            if nesting >= language.MAX_NESTING:
                yield Wrong(
                    here, f"is nested too deep: {language.MAX_NESTING} conditions at most may be in one another."
                )
            else:
                yield from _in_condition(here, operand, known, nesting + 1)
        elif not _is_text(operand) and not _is_number(operand):
            yield Wrong(here, "must be a text.")
        elif operator in language.NUMBER_OPERATORS and _number(operand) is None and not str(operand).startswith("$"):
            yield Wrong(here, f"must be a number, for {operator}.")
    if nested:
        yield Wrong(where, "has conditions in it: none of them holds here.", is_problem=False)


def _parts(condition: Mapping[str, Any]) -> int:
    operands = condition.get("Operands")
    inner = [each for each in operands if isinstance(each, dict)] if isinstance(operands, list) else []
    return len(inner) + sum(_parts(each) for each in inner)


def _among_conditions(
    where: str, conditions: Sequence[Any], known: ActionType, parameters: Mapping[str, Any]
) -> Findings:
    where = f"{where}.Conditions"
    operands = {operand for choice in conditions if (operand := _operand(choice)) is not None}
    results = known.results
    if results is None:
        if conditions:
            yield Wrong(where, f"must be empty: {known.name} has no result.")
        return
    needed, allowed = (results.values or () if results.each else ()), results.values
    there = ", ".join(allowed or ())
    if known.name == "GetParticipantInput" and (
        language.BUFFER in parameters or language.is_yes(parameters.get(language.STORE))
    ):
        if conditions:
            yield Wrong(where, "must be empty where the keys are stored: nothing is compared then.")
        return
    if known.name == "Wait":
        events = parameters.get("Events", [])
        named = [each for each in events if isinstance(each, str)] if isinstance(events, list) else []
        needed = allowed = (language.WAIT_COMPLETED, *named)
        there = f"{language.WAIT_COMPLETED}, or one of its Events"
    if known.name == "MessageParticipantIteratively" and "InterruptFrequencySeconds" in parameters:
        needed = (language.MESSAGES_INTERRUPTED,)
    for value in needed:
        if value not in operands:
            yield Wrong(where, f"must have one for {called(value)}: {known.name} can end with it.")
    permitted = frozenset(allowed or ())
    for place, choice in enumerate(conditions):
        result = _operand(choice)
        if allowed is not None and result is not None and result not in permitted:
            here = f"{step(where, place)}.Condition.Operands[0]"
            yield Wrong(here, f"must be a result of {known.name}: {there}.")
    if known.name == "DistributeByPercentage":
        yield from _in_percentages(where, conditions)


def _in_percentages(where: str, conditions: Sequence[Any]) -> Findings:
    before = 0.0
    for place, choice in enumerate(conditions):
        number = _number(_operand(choice))
        if number is None:
            continue
        if not before < number <= 101:
            here = f"{step(where, place)}.Condition.Operands[0]"
            yield Wrong(here, "must be more than the one before it, and 101 at most: they add up to 100 per cent.")
        before = max(before, number)


def _operand(choice: Any) -> str | None:
    condition = choice.get("Condition") if isinstance(choice, dict) else None
    operands = condition.get("Operands") if isinstance(condition, dict) else None
    if isinstance(operands, list) and len(operands) == 1 and (_is_text(operands[0]) or _is_number(operands[0])):
        return str(operands[0])
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None
