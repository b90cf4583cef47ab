"""What a file changes in an instance that is there. If this fails, a file that is applied again and again stops each
time at the same thing, or calls a flow changed that is not."""

from __future__ import annotations

from trunkcall.cli.centre_changes import changes_of
from trunkcall.cli.centre_file import CentreFile, Wanted
from trunkcall.cli.centre_state import State, Thing

SUB = "7d1c0e5e-5b0c-4f3e-9f6a-0d3f1c2b4a59"
MAIN = f'{{"Parameters": {{"ContactFlowId": "{SUB}"}}}}'


def file_with(content: str) -> CentreFile:
    return CentreFile(Wanted("first", {}, {}), {"flows": {"Main": Wanted("Main", {"content": content}, {})}})


def state_with(content: str) -> State:
    flows = {"Main": Thing("main", {"content": content}), "Sub": Thing(SUB), "Old": Thing("old")}
    return {"flows": flows, "statuses": {}}


def test_a_flow_that_one_of_the_file_goes_on_to_is_not_pruned() -> None:
    (change,) = changes_of(file_with(MAIN), state_with(MAIN), prune=True)
    assert (change.sign, change.name) == ("-", "Old")


def test_a_flow_that_an_editor_began_with_a_byte_order_mark_is_the_same() -> None:
    assert changes_of(file_with(MAIN), state_with("\ufeff" + MAIN), prune=False) == []
