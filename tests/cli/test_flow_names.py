"""A flow that was exported from one instance is published in another. If this fails, it puts people into queues that
are not there, or into others than its writer meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.support import ERROR, action, flow
from trunkcall.cli.flow_names import replaced, type_in

ARN = "arn:aws:connect:eu-west-2:111122223333:instance/there/{}/{}"
HERE = {
    "queue": {"Sales": "q-1", "Service": "q-2"},
    "prompt": {"Goodbye": "p-1"},
    "contact flow": {"While you wait": "f-1"},
    "hours of operation": {},
}


def exported(names: dict[str, Any], *actions: dict[str, Any]) -> str:
    """As the console writes it: what each action's ids are called stands in its metadata."""
    document = json.loads(flow(*actions))
    document["Metadata"] = {
        "ActionMetadata": {
            name: {"position": {"x": 1.5, "y": 2}, "parameters": parameters} for name, parameters in names.items()
        }
    }
    return json.dumps(document)


def named(name: str) -> dict[str, str]:
    return {"displayName": name}


def chosen(queue: str) -> dict[str, Any]:
    return action("choose", "UpdateContactTargetQueue", {"QueueId": queue}, then="end", errors={ERROR: "end"})


def parameters_of(content: str) -> dict[str, Any]:
    return {each["Identifier"]: each["Parameters"] for each in json.loads(content)["Actions"]}


def test_what_is_not_here_by_its_id_is_found_by_its_name() -> None:
    hook = {"EventHooks": {"CustomerQueue": ARN.format("contact-flow", "9")}}
    content = exported(
        {
            "choose": {"QueueId": named("Sales")},
            "hook": {"EventHooks": {"CustomerQueue": named("While you wait")}},
            "bye": {"PromptId": named("Goodbye")},
        },
        chosen(ARN.format("queue", "9")),
        action("hook", "UpdateContactEventHooks", hook, then="bye", errors={ERROR: "end"}),
        action("bye", "MessageParticipant", {"PromptId": ARN.format("prompt", "9")}, then="end"),
    )
    done = replaced(content, HERE)
    assert parameters_of(done.content) == {
        "choose": {"QueueId": "q-1"},
        "hook": {"EventHooks": {"CustomerQueue": "f-1"}},
        "bye": {"PromptId": "p-1"},
        "end": {},
    }
    assert done.found == (("queue", "Sales"), ("contact flow", "While you wait"), ("prompt", "Goodbye"))
    assert done.missing == ()
    assert json.loads(done.content)["Metadata"] == json.loads(content)["Metadata"], "its layout is kept"


def test_an_id_of_this_instance_stays_whatever_it_was_called_when_the_flow_was_written() -> None:
    for queue in ("q-2", ARN.format("queue", "q-2")):
        content = exported({"choose": {"QueueId": named("Sales")}}, chosen(queue))
        done = replaced(content, HERE)
        assert done.content == content
        assert (done.found, done.missing) == ((), ())


def test_what_is_not_here_by_either_is_told_and_stays() -> None:
    content = exported({"choose": {"QueueId": named("Accounts")}}, chosen(ARN.format("queue", "9")))
    done = replaced(content, HERE)
    assert done.content == content
    assert done.missing == (("queue", "Accounts"),)


def test_a_name_in_place_of_an_id_is_found_and_an_id_without_a_name_is_told() -> None:
    hook = {"EventHooks": {"CustomerQueue": "While you wait"}}
    waits = {"Messages": [{"Text": "Please wait."}, {"PromptId": "prompt:Goodbye"}, {"PromptId": "p-9"}]}
    content = flow(
        chosen("Sales"),
        action("hook", "UpdateContactEventHooks", hook, then="other", errors={ERROR: "end"}),
        action("other", "UpdateContactTargetQueue", {"QueueId": ARN.format("queue", "q-9")}, then="wait"),
        action("wait", "MessageParticipantIteratively", waits, errors={ERROR: "end"}),
    )
    done = replaced(content, HERE)
    messages = [{"Text": "Please wait."}, {"PromptId": "p-1"}, {"PromptId": "p-9"}]
    assert parameters_of(done.content) == {
        "choose": {"QueueId": "q-1"},
        "hook": {"EventHooks": {"CustomerQueue": "f-1"}},
        "other": {"QueueId": ARN.format("queue", "q-9")},
        "wait": {"Messages": messages},
        "end": {},
    }
    assert done.missing == (("queue", "q-9"), ("prompt", "p-9"))


def test_a_name_with_a_slash_is_found_whole_and_a_prompt_by_its_id_as_a_text_names_it() -> None:
    content = flow(chosen("Sales/North"), action("bye", "MessageParticipant", {"PromptId": "prompt:p-1"}, then="end"))
    done = replaced(content, {**HERE, "queue": {"North": "q-1", "Sales/North": "q-2"}})
    assert parameters_of(done.content)["choose"] == {"QueueId": "q-2"}
    assert (done.found, done.missing) == ((("queue", "Sales/North"),), ())


@pytest.mark.parametrize(
    ("metadata", "flow_type"),
    [
        ({"type": "contactFlow"}, "CONTACT_FLOW"),
        ({"type": "outboundWhisper"}, "OUTBOUND_WHISPER"),
        ({"type": "somethingNew"}, None),
        ({"type": 5}, None),
        ({}, None),
        ([], None),
    ],
)
def test_the_type_of_an_export_is_told_by_what_the_console_has_written(metadata: Any, flow_type: str | None) -> None:
    assert type_in(json.dumps({**json.loads(flow()), "Metadata": metadata})) == flow_type


def test_references_and_flows_without_names_stay_as_they_are() -> None:
    for content in (
        exported({"choose": {"QueueId": named("Sales")}}, chosen("$.Attributes.queue")),
        exported({"choose": {"QueueId": "Sales"}}, chosen("q-9")),
        exported({"choose": ["Sales"]}, chosen("q-9")),
        exported({}, chosen("q-9")),
        flow(chosen("q-9")),
        flow(chosen("q-9")).replace('"Metadata": {}', '"Metadata": {"ActionMetadata": [1]}'),
    ):
        assert replaced(content, HERE).content == content


def test_a_text_that_names_a_prompt_stays_and_one_that_is_not_here_is_told() -> None:
    there, gone = (
        action(name, "MessageParticipant", {"Text": f"prompt:{called}"}, then="end")
        for name, called in (("there", "Goodbye"), ("gone", "nope"))
    )
    content = exported({}, there, gone, action("words", "MessageParticipant", {"Text": "Good bye."}, then="end"))
    done = replaced(content, HERE)
    assert done.content == content
    assert done.missing == (("prompt", "nope"),)
