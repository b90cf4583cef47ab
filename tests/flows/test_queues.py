"""Which queues a flow sets by itself. If these fail, a campaign dials for agents to whom nobody is put through."""

from __future__ import annotations

from typing import Any

import pytest

from flows.support import ERROR, EXAMPLES, action, flow
from trunkcall.flows.checking import check
from trunkcall.flows.queues import queues_named

QUEUE = action("queue", "TransferContactToQueue", errors={"QueueAtCapacity": "end", ERROR: "end"}, then="end")


def chosen(identifier: str, queue: str, then: str = "queue", error: str = "end") -> dict[str, Any]:
    return action(identifier, "UpdateContactTargetQueue", {"QueueId": queue}, then=then, errors={ERROR: error})


def hello(then: str) -> dict[str, Any]:
    return action("hello", "MessageParticipant", {"Text": "Hello."}, then=then)


def named(*actions: dict[str, Any], start: str | None = None) -> tuple[str, ...]:
    checked = check(flow(*actions, start=start))
    assert checked.flow is not None, checked.problems
    return queues_named(checked.flow)


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


def test_of_the_usual_shapes_some_set_a_queue() -> None:
    setting = {path.stem for path in EXAMPLES if queues_named(_flow(path.read_text("utf-8")))}
    assert setting == {"lambda-look-up", "priority-queue", "staffing"}


def _flow(content: str) -> Any:
    return check(content).flow
