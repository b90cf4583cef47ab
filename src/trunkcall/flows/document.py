"""A contact flow as it stands in its document: actions, and by which way one leads to another.

Decides how a document that was checked is read. Members that the language has not are in ``Flow.document`` as they
were; layout is among them. It must not know what an action does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OF_ONE: Final = 2_000
"""Characters of an action that counts as one."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a result is compared with; ``within`` are conditions that stand in place of operands."""

    operator: str
    operands: tuple[str, ...]
    within: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition, and the action that follows where it holds."""

    condition: Condition
    next_action: str


@dataclass(frozen=True, slots=True)
class Action:
    """One action. ``next_action`` is None where none is named; ``errors`` are the actions that follow, by error.
    ``weight``: as how many it counts of those that are taken at once, by what it has to be looked at."""

    identifier: str
    type: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    next_action: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    weight: int = 1

    def ways(self) -> Iterator[tuple[str, str, bool]]:
        """Where it leads to: the next action, by what, and whether that is an error. The order is that of the
        document: conditions, NextAction, errors."""
        for choice in self.choices:
            yield choice.next_action, " ".join(choice.condition.operands), False
        if self.next_action is not None:
            yield self.next_action, "", False
        for error, next_action in self.errors.items():
            yield next_action, error, True


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow. ``document`` is all that was read, for whoever writes it again."""

    start: str
    actions: Mapping[str, Action]
    document: Mapping[str, Any]

    def reachable(self) -> frozenset[str]:
        """The actions to which there is a way from the first."""
        found, left = {self.start}, [self.start]
        while left:
            for next_action, _, _ in self.actions[left.pop()].ways():
                if next_action not in found:
                    found.add(next_action)
                    left.append(next_action)
        return frozenset(found)


def flow_of(document: Mapping[str, Any]) -> Flow:
    """The flow of a document in which nothing is wrong (``checking``)."""
    actions = (_action(each) for each in document["Actions"])
    return Flow(document["StartAction"], {each.identifier: each for each in actions}, document)


def _action(action: Mapping[str, Any]) -> Action:
    transitions = action["Transitions"]
    return Action(
        action["Identifier"],
        action["Type"],
        action.get("Parameters", {}),
        transitions.get("NextAction"),
        {each["ErrorType"]: each["NextAction"] for each in transitions.get("Errors", ())},
        tuple(Choice(_condition(each["Condition"]), each["NextAction"]) for each in transitions.get("Conditions", ())),
        1 + len(json.dumps(action, ensure_ascii=False)) // OF_ONE,
    )


def _condition(condition: Mapping[str, Any]) -> Condition:
    operands = condition["Operands"]
    return Condition(
        condition["Operator"],
        tuple(str(each) for each in operands if not isinstance(each, dict)),
        tuple(_condition(each) for each in operands if isinstance(each, dict)),
    )
