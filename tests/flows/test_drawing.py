"""Flows as pictures. If these fail, somebody looks at a flow and sees another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.support import END, ERROR, EXAMPLES, action, flow
from trunkcall.flows.checking import check
from trunkcall.flows.drawing import drawing
from trunkcall.flows.layout import BETWEEN_BOXES, WIDTH, Edge, Layout, layered

ENTRY = 28.0
SVG = "{http://www.w3.org/2000/svg}"


def drawn(content: str) -> ElementTree.Element:
    made = check(content).flow
    assert made is not None
    return ElementTree.fromstring(drawing(made, "flow"))


def words(picture: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{SVG}text")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_picture_has_every_action_and_all_within_its_edges(path: Path) -> None:
    content = path.read_text("utf-8")
    made = check(content).flow
    assert made is not None
    picture = drawn(content)
    assert len([*picture.iter(f"{SVG}rect")]) == len(made.actions)
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    for box in picture.iter(f"{SVG}rect"):
        assert 0 <= float(box.attrib["x"]) <= width - WIDTH
        assert 0 <= float(box.attrib["y"]) <= height - float(box.attrib["height"])


def test_branches_are_told_in_the_order_in_which_they_are_tried_and_errors_are_dashed() -> None:
    first = action(
        "tier",
        "Compare",
        {"ComparisonValue": "$.Attributes.tier"},
        then="end",
        errors={"NoMatchingCondition": "end"},
        when={"gold": "queue", "silver": "queue"},
    )
    queue = action("queue", "TransferContactToQueue", then="end", errors={"QueueAtCapacity": "end", ERROR: "end"})
    picture = drawn(flow(first, queue))
    assert [each for each in words(picture) if each in ("gold", "silver", "NoMatchingCondition")] == [
        "gold",
        "silver",
        "NoMatchingCondition",
    ]
    lines = [path for path in picture.iter(f"{SVG}path") if path.attrib.get("fill") == "none"]
    assert {("stroke-dasharray" in line.attrib) for line in lines} == {True, False}


def test_what_is_never_reached_stands_apart_and_says_where_it_leads() -> None:
    lost = action("lost", "UpdateFlowLoggingBehavior", {"FlowLoggingBehavior": "Enabled"}, then="end")
    picture = drawn(flow(END, lost))
    assert "Never reached" in words(picture)
    assert "then → end" in words(picture)
    assert "Never reached" not in words(drawn(flow(END)))


@pytest.mark.parametrize(
    ("beside", "shown"),
    [
        ({"parameters": {"QueueId": {"displayName": "Support"}}}, "Support"),
        ({"parameters": {"QueueId": {"useDynamic": True}}}, "4bca1082"),
        ({"parameters": ["QueueId"]}, "4bca1082"),
        (None, "4bca1082"),
    ],
)
def test_what_has_an_arn_is_shown_by_what_the_console_calls_it_or_by_its_id(beside: Any, shown: str) -> None:
    arn = "arn:aws:connect:us-east-1:000000000000:instance/1/queue/4bca1082"
    made = json.loads(
        flow(action("q", "UpdateContactTargetQueue", {"QueueId": arn}, then="end", errors={ERROR: "end"}))
    )
    made["Metadata"] = {"ActionMetadata": {"q": beside}}
    assert f"q: {shown}" in words(drawn(json.dumps(made)))


def test_a_text_is_cut_where_its_box_ends_and_keeps_nothing_that_no_picture_can_hold() -> None:
    said = action("say", "MessageParticipant", {"Text": "Ho\x01 & <" + "ho" * 200}, then="end")
    (line,) = [each for each in words(drawn(flow(said))) if each.startswith("say: ")]
    assert line.startswith("say: Ho\N{REPLACEMENT CHARACTER} & <ho")
    assert line.endswith("…")
    assert len(line) < 60


# --- where boxes stand ----------------------------------------------------------------------------------------------

names = st.integers(0, 14).map(str)
edges = st.lists(st.builds(Edge, names, names, st.sampled_from([40.0, 60.0, 80.0]), st.booleans()), max_size=50)


def laid_out(edges: list[Edge]) -> tuple[dict[str, float], Layout]:
    heights = {"0": 100.0}
    for edge in edges:
        heights |= {name: 90.0 + 10 * int(name) for name in (edge.source, edge.target)}
    return heights, layered(heights, edges, ENTRY)


@given(edges)
def test_no_two_boxes_are_in_one_anothers_way(edges: list[Edge]) -> None:
    heights, layout = laid_out(edges)
    boxes = [(x, y, heights[name]) for name, (x, y) in layout.boxes.items()]
    assert all(0 <= x <= layout.width - WIDTH and 0 <= y <= layout.height - height + 1e-6 for x, y, height in boxes)
    for number, (x, y, height) in enumerate(boxes):
        for other_x, other_y, other_height in boxes[:number]:
            apart = y >= other_y + other_height + BETWEEN_BOXES - 1e-6 or other_y >= y + height + BETWEEN_BOXES - 1e-6
            assert x != other_x or apart


@given(edges)
def test_no_line_runs_through_a_box(edges: list[Edge]) -> None:
    heights, layout = laid_out(edges)
    for segment in layout.segments:
        begin, end = segment.begin, segment.end
        if abs(begin.x - end.x) == WIDTH:
            for name, (x, y) in layout.boxes.items():
                assert x != min(begin.x, end.x) or not y < begin.y < y + heights[name]


@given(edges)
def test_every_line_comes_to_its_box_by_itself_or_with_others_that_lead_there(edges: list[Edge]) -> None:
    _, layout = laid_out(edges)
    after: dict[tuple[float, float, bool], set[tuple[float, float, bool]]] = {}
    for begin, end, dashed, _ in layout.segments:
        after.setdefault((begin.x, begin.y, dashed), set()).add((end.x, end.y, dashed))
    for edge in edges:
        x, y = layout.boxes[edge.source]
        met = {(x + WIDTH, y + edge.at, edge.dashed)}
        left = [*met]
        while left:
            new = after.get(left.pop(), set()) - met
            met |= new
            left += new
        x, y = layout.boxes[edge.target]
        assert (x, y + ENTRY, edge.dashed) in met
    arrows = {(end.x, end.y) for _, end, _, arrow in layout.segments if arrow}
    assert arrows == {(layout.boxes[edge.target][0], layout.boxes[edge.target][1] + ENTRY) for edge in edges}


def test_a_flow_of_two_hundred_actions_has_a_picture() -> None:
    made = [
        action(
            f"a{n}",
            "GetParticipantInput",
            {"Text": "Press a key.", "InputTimeLimitSeconds": "5"},
            then="end",
            errors={ERROR: "end", "NoMatchingCondition": f"a{max(n - 3, 0)}", "InputTimeLimitExceeded": "end"},
            when={"1": f"a{n + 1}" if n < 198 else "end", "2": f"a{min(n + n % 7, 198)}"},
        )
        for n in range(199)
    ]
    assert len([*drawn(flow(*made)).iter(f"{SVG}rect")]) == 200
