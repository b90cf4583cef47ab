"""Which queues a flow sets by itself. If these fail, a campaign dials for agents to whom nobody is put through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.support import ERROR, EXAMPLES, action, flow
from trunkcall.flows.checking import check
from trunkcall.flows.document import Flow
from trunkcall.flows.queues import queues_named

QUEUE = action("queue", "TransferContactToQueue", errors={"QueueAtCapacity": "end", ERROR: "end"}, then="end")


def chosen(identifier: str, queue: str, then: str = "queue", error: str = "end") -> dict[str, Any]:
    return action(identifier, "UpdateContactTargetQueue", {"QueueId": queue}, then=then, errors={ERROR: error})


def hello(then: str) -> dict[str, Any]:
    return action("hello", "MessageParticipant", {"Text": "Hello."}, then=then)


def named(*actions: dict[str, Any], **others: str) -> tuple[str, ...]:
    """The queues that a flow of these actions names, where there are the others, by id."""
    flows = {"this": flow(*actions), **others}
    for content in flows.values():
        assert not check(content).problems
    return queues_named("this", lambda flow_id: check(flows[flow_id]).flow if flow_id in flows else None)


def goes_on(to: str, identifier: str = "elsewhere", error: str = "end") -> dict[str, Any]:
    return action(identifier, "TransferToFlow", {"ContactFlowId": to}, errors={ERROR: error})


def test_a_queue_that_stands_in_the_flow_is_the_one_that_people_are_put_into() -> None:
    assert named(chosen("sales", "q1"), QUEUE) == ("q1",)
    assert named(chosen("sales", "q1", then="hello"), hello("queue"), QUEUE) == ("q1",), "whatever comes between"


@pytest.mark.parametrize(
    "actions",
    [
        [QUEUE],
        [hello("end"), chosen("sales", "q1"), QUEUE],
        [chosen("sales", "q1", then="end", error="queue"), QUEUE],
        [chosen("sales", "$.Attributes.queue"), QUEUE],
        [action("ann", "UpdateContactTargetQueue", {"AgentId": "a1"}, then="queue", errors={ERROR: "end"}), QUEUE],
    ],
    ids=["none is chosen", "never reached", "nobody is put into it", "a reference", "of an agent"],
)
def test_what_is_not_known_beforehand_or_leads_to_no_queue_is_none(actions: list[dict[str, Any]]) -> None:
    assert named(*actions) == ()


def test_of_two_choices_one_after_the_other_the_second_counts() -> None:
    assert named(chosen("sales", "q1", then="service"), chosen("service", "q2"), QUEUE) == ("q2",)


def test_where_the_second_choice_fails_the_first_stands() -> None:
    assert named(chosen("sales", "q1", then="service"), chosen("service", "q2", error="queue"), QUEUE) == ("q1", "q2")


def test_a_flow_that_goes_round_is_looked_through_as_well() -> None:
    again = action("again", "Loop", {"LoopCount": "2"}, when={"ContinueLooping": "sales", "DoneLooping": "queue"})
    assert named(chosen("sales", "q1", then="again"), again, QUEUE) == ("q1",)


def test_a_queue_counts_that_is_set_in_a_flow_to_which_this_one_goes_on() -> None:
    assert named(goes_on("f2"), f2=flow(chosen("sales", "q1"), QUEUE)) == ("q1",)
    assert named(goes_on("f2"), f2=flow(goes_on("f3")), f3=flow(chosen("sales", "q1"), QUEUE)) == ("q1",)
    assert named(chosen("sales", "q1", then="elsewhere"), goes_on("f2"), f2=flow(QUEUE)) == ("q1",), "chosen before"
    assert named(goes_on("f2"), f2=flow(QUEUE)) == ()


def test_of_a_choice_before_another_flow_and_one_in_it_the_second_counts() -> None:
    before = chosen("sales", "q1", then="elsewhere")
    assert named(before, goes_on("f2"), f2=flow(chosen("service", "q2"), QUEUE)) == ("q2",)


def test_what_a_flow_does_where_the_other_is_not_there_counts_only_then() -> None:
    actions = [goes_on("f2", error="sales"), chosen("sales", "q1"), QUEUE]
    assert named(*actions) == ("q1",)
    assert named(*actions, f2=flow(chosen("service", "q2"), QUEUE)) == ("q2",)


def test_to_which_flow_a_reference_leads_nobody_knows() -> None:
    other = flow(chosen("service", "q2"), QUEUE)
    assert named(goes_on("$.Attributes.flow"), **{"$.Attributes.flow": other}) == ()


def test_flows_that_lead_to_one_another_are_looked_through_once() -> None:
    round_and_round = flow(chosen("sales", "q1", then="elsewhere"), goes_on("this"))
    assert named(goes_on("f2"), f2=round_and_round) == ()
    with_a_way_out = flow(chosen("sales", "q1", error="elsewhere"), goes_on("this"), QUEUE)
    assert named(goes_on("f2"), f2=with_a_way_out) == ("q1",)


def test_of_the_usual_shapes_some_set_a_queue() -> None:
    setting = {path.stem for path in EXAMPLES if queues_named("", _only(path.read_text("utf-8")))}
    assert setting == {"lambda-look-up", "priority-queue", "staffing"}


def _only(content: str) -> Callable[[str], Flow | None]:
    checked = check(content).flow
    return lambda flow_id: checked if not flow_id else None
