"""The flows of examples/flows, in the shapes that contact centres have. If these fail, somebody who comes from Amazon
Connect with flows like theirs is turned away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.playing import Around, made
from flows.support import EXAMPLES
from trunkcall.flows.acting import Refused, act
from trunkcall.flows.checking import check
from trunkcall.flows.language import ACTIONS
from trunkcall.flows.progress import Progress


def name_of(path: Path) -> str:
    return path.stem


def test_there_are_flows_of_twenty_shapes() -> None:
    assert len(EXAMPLES) >= 20


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_a_flow_of_a_usual_shape_is_taken_and_every_action_of_it_is_reached(path: Path) -> None:
    checked = check(path.read_text("utf-8"))
    assert checked.problems == ()
    assert checked.flow is not None
    assert checked.flow.reachable() == checked.flow.actions.keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_what_is_worth_knowing_of_them_is_only_what_is_not_offered(path: Path) -> None:
    assert all("is not offered" in remark.text for remark in check(path.read_text("utf-8")).remarks)


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_a_flow_keeps_its_layout_and_what_the_language_does_not_know(path: Path) -> None:
    content = path.read_text("utf-8")
    flow = check(content).flow
    assert flow is not None
    assert flow.document == json.loads(content)


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_what_is_offered_of_them_is_done_and_nothing_else(path: Path) -> None:
    content = path.read_text("utf-8")
    around = Around(content, {})
    around.percents = [1]
    for action in made(content).actions.values():
        outcome = act(action, Progress("flow"), around).outcome
        assert isinstance(outcome, Refused) is not ACTIONS[action.type].offered


def test_every_action_that_is_offered_is_in_one_of_them() -> None:
    used = {each["Type"] for path in EXAMPLES for each in json.loads(path.read_text("utf-8"))["Actions"]}
    assert {name for name, known in ACTIONS.items() if known.offered} <= used
