"""Flows of any wiring, with anything that may happen in them. If these fail, a flow that somebody has wired in a circle
stops the dialer, or leaves a person on a line with nobody."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.playing import NOW, Around
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Disconnect, GoOn
from trunkcall.domain.instants import SECOND
from trunkcall.flows.checking import check
from trunkcall.flows.kinds import Amount, Anything, Choice, Group, Keys, Kind, Many, Source, Text, Texts, Whole
from trunkcall.flows.language import ACTIONS, KEYS, PROMPTS, ActionType, Follows
from trunkcall.flows.progress import (
    Answered,
    Begun,
    Ending,
    Event,
    HungUp,
    NotAnswered,
    NotQueued,
    NotSaid,
    Order,
    Pressed,
    Progress,
    Purpose,
    Queued,
    QueueFull,
    Said,
    Timer,
)
from trunkcall.flows.running import Limits, step

LIMITS = Limits(actions=60, duration=600 * SECOND)

REFERENCES = (
    *("$.Attributes.a", "$.Attributes.b", "$.External.a.b", "$.External", "$.StoredCustomerInput"),
    *("$.Queue.Name", "$.Nowhere.at.all", "$['Attributes']['a']"),
)
NAMES = ("a", "b", "c", "d", "e", "end")
references = st.sampled_from(REFERENCES)
plain = st.sampled_from(
    ["q-1", "flow", "other", "lost", "1", "0", "x", "gold", "Hello $.Attributes.a!", "\udc00", "nan"]
)


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
            if parameters.get("StoreInput") == "True":
                parameters.setdefault("InputValidation", {"CustomValidation": {"MaximumLength": 3}})
        transitions["Errors"] = [{"ErrorType": error, "NextAction": draw(to)} for error in errors]
        transitions["Conditions"] = draw(conditions(known, parameters)) if known.results is not None else []
    return {"Identifier": identifier, "Type": known.name, "Parameters": parameters, "Transitions": transitions}


@st.composite
def conditions(draw: st.DrawFn, known: ActionType, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    assert known.results is not None
    to = st.sampled_from(NAMES)
    values = known.results.values
    if known.name == "GetParticipantInput" and parameters.get("StoreInput") == "True":
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


events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Said),
    st.builds(NotSaid),
    st.builds(Pressed, st.sampled_from(KEYS)),
    st.builds(Timer),
    st.builds(Queued),
    st.builds(QueueFull),
    st.builds(NotQueued),
    st.builds(Answered, st.sampled_from([{}, {"a": {"b": "c"}}, {"a": [1]}, {"a": None}])),
    st.builds(NotAnswered),
    st.builds(Begun),
)


class Chance(Around):
    """Surroundings that answer by what was drawn."""

    def __init__(self, content: str, draw: st.DataObject) -> None:
        super().__init__(content, {"other": content})
        self._draw = draw

    def is_open(self, hours_id: str | None, queue_id: str | None) -> bool | None:
        return self._draw.draw(st.sampled_from([True, False, None]))

    def metric(self, name: str, queue_id: str | None) -> int | None:
        return self._draw.draw(st.sampled_from([0, 1, 60, None]))

    def percent(self) -> int:
        return self._draw.draw(st.integers(1, 100))


@given(documents())
def test_a_flow_that_is_made_by_the_table_can_be_published(content: str) -> None:
    assert check(content).problems == ()


@settings(deadline=None)
@given(documents(), st.lists(events, max_size=60), st.sampled_from(Purpose), st.data())
def test_any_flow_ends_and_leaves_nobody(content: str, happened: list[Event], purpose: Purpose, draw: Any) -> None:
    around = Chance(content, draw)
    detection = draw.draw(st.sampled_from([None, *DetectionStatus]))
    at, now = Progress("flow", purpose, detection=detection, attributes={"a": "1"}), NOW
    orders: list[Order] = []
    for event in (Begun(), *happened):
        now += draw.draw(st.sampled_from([0, SECOND, 30 * SECOND]))
        came_to = step(at, event, now, around, LIMITS)
        at = came_to.progress
        orders += came_to.orders
        assert at.actions <= LIMITS.actions
        assert (at.ending is None) == (at.until is not None), "whoever stands has an instant by which that is over"
        assert at.until is None or at.until <= NOW + 60 * 30 * SECOND + LIMITS.duration
    steps = 0
    while at.ending is None:
        assert at.until is not None
        now = max(now, at.until)
        came_to = step(at, Timer(), now, around, LIMITS)
        at = came_to.progress
        orders += came_to.orders
        steps += 1
        assert steps <= LIMITS.actions + 2, "by its timers alone a flow ends"
    last = [order for order in orders if isinstance(order, Disconnect | GoOn)]
    assert len(last) == (0 if at.ending in (Ending.QUEUED, Ending.HUNG_UP) else 1), "nobody is left, or left twice"
    assert not last or orders[-1] == last[0], "nothing is done after the end"
    if purpose is Purpose.CONTACT:
        assert GoOn() not in orders
    assert step(at, Said(), now, around, LIMITS).orders == ()


@settings(deadline=None)
@given(documents(), st.lists(events, max_size=30), st.data())
def test_whoever_hangs_up_has_nothing_done_for_them_any_more(content: str, happened: list[Event], draw: Any) -> None:
    around = Chance(content, draw)
    at = Progress("flow")
    for event in (Begun(), *happened):
        at = step(at, event, NOW, around, LIMITS).progress
    ended = at.ending is not None
    came_to = step(at, HungUp(), NOW, around, LIMITS)
    assert came_to.orders == ()
    assert ended or came_to.progress.ending is Ending.HUNG_UP


def test_every_prompt_of_the_language_can_be_said() -> None:
    assert set(PROMPTS) == {"Text", "SSML", "PromptId", "Media"}
