"""Looks at the parameters of an action by their kinds.

Decides what is wrong with a value. It must not know any action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, assert_never

from trunkcall.domain.ssml import BrokenSsmlError, pieces
from trunkcall.flows.kinds import (
    Amount,
    Anything,
    Choice,
    Group,
    Keys,
    Kind,
    Many,
    Parameter,
    Rule,
    Source,
    Text,
    Texts,
    Whole,
)
from trunkcall.flows.language import ActionType
from trunkcall.flows.naming import called, step
from trunkcall.flows.references import ROOTS, begins_one, is_known, path_of


@dataclass(frozen=True, slots=True)
class Wrong:
    """A place, and what is to be said of it. ``meant`` is a name that there is not, and those that there are: whoever
    tells it asks which of them was meant, which takes its time. ``action`` is the number of its action."""

    place: str
    why: str
    is_problem: bool = True
    meant: tuple[str, Iterable[str]] | None = None
    action: int | None = None

    def of(self, action: int) -> Wrong:
        """The same, of an action."""
        return replace(self, action=action)


Findings: TypeAlias = Iterator[Wrong]

_DIGITS: Final = re.compile(r"-?\d{1,20}")
_KEYS: Final = re.compile(r"[0-9*#]+")
_AUDIO: Final = re.compile(r"<audio[\s/>]")


def in_parameters(where: str, given: Mapping[str, Any], known: ActionType) -> Findings:
    """Look at all parameters of an action."""
    if known.has_more:
        given = {name: value for name, value in given.items() if name in known.parameters}
    yield from _in_members(where, given, known.parameters, known.rules, known.name)


def _in_members(
    where: str, given: Mapping[str, Any], members: Mapping[str, Parameter], rules: tuple[Rule, ...], owner: str
) -> Findings:
    for number, (name, value) in enumerate(given.items()):
        if name in members:
            yield from _in_value(f"{where}.{name}", value, members[name].kind)
        else:
            there = f"has no parameter {called(name)}" if members else "has no parameters"
            yield Wrong(step(where, name, number), f"is unknown: {owner} {there}.", meant=(name, members))
    for name, parameter in members.items():
        if parameter.required and name not in given:
            yield Wrong(where, f"must have {name}.")
    for rule in rules:
        there_are = [name for name in rule.names if name in given]
        if len(there_are) > 1 or (rule.amount is Amount.ONE and not there_are):
            yield Wrong(where, f"must have {rule.amount.value} {', '.join(rule.names)}.")


def _in_value(where: str, value: Any, kind: Kind) -> Findings:
    match kind:
        case Text():
            yield from _in_text(where, value, kind)
        case Whole():
            yield from _in_whole(where, value, kind)
        case Choice():
            yield from _in_choice(where, value, kind)
        case Keys():
            if not isinstance(value, str) or not _KEYS.fullmatch(value) or len(value) > kind.most:
                yield Wrong(where, f"must be 1 to {kind.most} keys of a telephone: 0 to 9, * and #.")
        case Texts():
            yield from _in_texts(where, value, kind)
        case Many():
            if not isinstance(value, list) or len(value) < kind.least:
                yield Wrong(where, f"must be a list{' of one at least' if kind.least else ''}.")
            else:
                for number, each in enumerate(value):
                    yield from _in_value(step(where, number), each, kind.of)
        case Group():
            if not isinstance(value, dict):
                yield Wrong(where, "must be an object.")
            else:
                yield from _in_members(where, value, kind.members, kind.rules, where.rpartition(".")[2])
        case Anything():
            pass
        case _:
            assert_never(kind)


def _in_text(where: str, value: Any, kind: Text) -> Findings:
    if not isinstance(value, str):
        yield Wrong(where, "must be a text.")
    elif not value and not kind.may_be_empty:
        yield Wrong(where, "must not be empty.")
    elif kind.most is not None and len(value) > kind.most:
        yield Wrong(where, f"must have {kind.most:,} characters at most, not {len(value):,}.")
    elif kind.source is Source.REFERENCE and path_of(value) is None:
        yield Wrong(where, "must be one reference, such as $.Attributes.name, and nothing else.")
    elif begins_one(value):
        yield from _in_reference(where, value, kind.source)
    elif kind.speech:
        try:
            pieces(value)
        except BrokenSsmlError as error:
            yield Wrong(where, error.message.removeprefix("It "), is_problem=False)
        if _AUDIO.search(value):
            text = "has an <audio> mark, which plays nothing: name a prompt by PromptId in an action of its own."
            yield Wrong(where, text, is_problem=False)


def _in_reference(where: str, value: str, source: Source) -> Findings:
    path = path_of(value)
    match source:
        case Source.STATIC:
            yield Wrong(where, "must be told in the flow itself: no reference can stand there.")
        case Source.WHOLE | Source.REFERENCE if path is None:
            yield Wrong(where, "is no reference, such as $.Attributes.name, though it begins like one.")
        case _ if path is not None and not is_known(path):
            meant = (path[0], ROOTS) if path[0] not in ROOTS else None
            text = "is a reference that is not known here: it may stay without a value."
            yield Wrong(where, text, is_problem=False, meant=meant)
        case _:
            pass


def _in_whole(where: str, value: Any, kind: Whole) -> Findings:
    if isinstance(value, str) and begins_one(value):
        yield from _in_reference(where, value, kind.source)
        return
    number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    reach = f"from {kind.least:,} to {kind.most:,}" if kind.most is not None else f"of {kind.least:,} at least"
    if (
        not isinstance(number, int)
        or isinstance(number, bool)
        or number < kind.least
        or (kind.most is not None and number > kind.most)
    ):
        yield Wrong(where, f"must be a whole number {reach}.")


def _in_choice(where: str, value: Any, kind: Choice) -> Findings:
    if isinstance(value, str) and begins_one(value):
        yield from _in_reference(where, value, kind.source)
    elif not isinstance(value, str) or value not in kind.values:
        meant = (value, kind.values) if isinstance(value, str) else None
        yield Wrong(where, f"must be one of {', '.join(kind.values)}.", meant=meant)


def _in_texts(where: str, value: Any, kind: Texts) -> Findings:
    if not isinstance(value, dict):
        yield Wrong(where, "must be an object of texts.")
        return
    if kind.most is not None and len(value) != kind.most:
        yield Wrong(where, f"must have {kind.most} member, not {len(value)}.")
    for number, (name, each) in enumerate(value.items()):
        here = step(where, name, number)
        if kind.keys is not None and name not in kind.keys:
            yield Wrong(here, "is unknown.", meant=(name, kind.keys))
        yield from _in_text(here, each, kind.values)
