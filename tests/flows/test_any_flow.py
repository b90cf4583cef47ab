"""Flows of any wiring, with anything that may happen in them. If these fail, a flow that somebody has wired in a circle
stops the dialer, or leaves a person on a line with nobody."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.playing import NOW, Around
from flows.wiring import documents
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.flow import Disconnect, GoOn
from trunkcall.domain.instants import SECOND
from trunkcall.flows.checking import check
from trunkcall.flows.language import KEYS, PROMPTS
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
