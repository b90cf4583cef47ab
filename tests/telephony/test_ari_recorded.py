"""What Asterisk 22 has said in some stories (``asterisk/recorded``, written by ``asterisk/record.py``), and what the
carrier makes of it. If these fail, answers are taken for no answers, machines for people, or a talk is told twice."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.asterisk.record import AGENT, APP, CUSTOMER, RECORDED
from telephony.support import NOW, RING_TIMEOUT, agent_leg, originate
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.domain.leg import HangupCause, LegState
from trunkcall.domain.recording_file import NewFile
from trunkcall.domain.saying import Saying
from trunkcall.engine.commands import BridgeLegs
from trunkcall.engine.events import (
    CarrierEvent,
    DetectionEnded,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
)
from trunkcall.telephony.ari.legs import PEER, Names, adopted, live
from trunkcall.telephony.ari.model import OPERATIONS, Bridge, Channel, RESTResponse
from trunkcall.telephony.ari.switchboard import Switchboard
from trunkcall.telephony.ari.wire import Answer, Request, answer_of, decode
from trunkcall.telephony.sound.client import SoundProcess


def frames(name: str) -> list[str]:
    return (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()


def _no_file(recording_id: str, asked_at: Instant) -> NewFile:
    raise FileNotFoundError


class Told:
    """A switchboard that hears a recording: what it tells, and what it asks for."""

    def __init__(self) -> None:
        self.events: list[CarrierEvent] = []
        self.requests: list[Request] = []
        self._timers: list[tuple[Duration, Callable[[], None]]] = []
        self.board = Switchboard(
            APP,
            send=self._send,
            tell=self.events.append,
            later=self._later,
            now=lambda: NOW,
            speak=_silence,
            sounds=SoundProcess("http://127.0.0.1:8088", "trunkcall", ""),
            new_file=_no_file,
            keep_free=0,
        )

    def hear(self, frame: str) -> None:
        event = decode(frame)
        if event is not None and not isinstance(event, RESTResponse):
            self.board.take(event)

    def dial(self, *, detect: bool = False, awaits: bool = False) -> None:
        command = replace(originate(CUSTOMER, detect=detect), await_prompt=awaits)
        self.board.originate(command, "PJSIP/+12065550101@west")

    def moves(self) -> list[str]:
        """Where channels were put."""
        return [request.path for request in self.requests if request.path.endswith("/addChannel")]

    def passes(self, time: Duration) -> None:
        """What was put off for so long at most is done."""
        due = [deed for after, deed in self._timers if after <= time]
        self._timers = [each for each in self._timers if each[0] > time]
        for deed in due:
            deed()

    def _later(self, after: Duration, deed: Callable[[], None]) -> None:
        self._timers.append((after, deed))

    def _send(self, request: Request, on_answer: Callable[[Answer], None] | None) -> bool:
        self.requests.append(request)
        return True


def _silence(saying: Saying, then: Callable[[tuple[Path, ...] | None], None]) -> None:
    then(None)


RANG, ANSWERED = LegRang(CUSTOMER), LegAnswered(CUSTOMER)
STORIES: dict[str, list[CarrierEvent]] = {
    "answered": [RANG, ANSWERED, LegEnded(CUSTOMER, HangupCause.NORMAL)],
    "busy": [LegEnded(CUSTOMER, HangupCause.BUSY)],
    "machine": [
        RANG,
        ANSWERED,
        DetectionEnded(CUSTOMER, DetectionStatus.VOICEMAIL_NO_BEEP),
        LegEnded(CUSTOMER, HangupCause.NORMAL),
    ],
}


@pytest.mark.parametrize("name", STORIES)
def test_what_asterisk_says_of_a_customer_is_told_in_the_words_of_a_carrier(name: str) -> None:
    told = Told()
    told.dial(detect=name == "machine")
    for frame in frames(name):
        told.hear(frame)
    assert told.events == STORIES[name]


def bridged(told: Told, listen: Callable[[str], None]) -> None:
    """Hear how two were joined; the deeds are asked for when the dialer asked for them."""
    told.dial()
    for frame in frames("bridged"):
        listen(frame)
        if ANSWERED in told.events and len(told.board.legs) == 1:
            told.board.originate_agent_leg(agent_leg(AGENT, CUSTOMER), "PJSIP/agent-1")
        if LegAnswered(AGENT) in told.events:
            told.board.bridge(BridgeLegs(CUSTOMER, AGENT))


def test_an_answer_that_crosses_the_end_of_the_ringing_is_an_answer_that_we_have_hung_up() -> None:
    """The far end has answered, and hears nothing: it is to count as such."""
    told = Told()
    told.dial()
    for frame in frames("answered"):
        told.hear(frame)
        if told.events == [RANG]:
            told.passes(RING_TIMEOUT)
    assert told.events == [RANG, ANSWERED, LegEnded(CUSTOMER, HangupCause.HUNG_UP_BY_US)]


def test_a_machine_stays_where_it_is_listened_to() -> None:
    """Whoever waits is made ready to be spoken to in another bridge: there nobody would hear its beep."""
    told = Told()
    told.dial(detect=True, awaits=True)
    for frame in frames("machine"):
        if not told.moves():
            told.hear(frame)
    told.passes(SECOND)
    assert told.moves() == [f"bridges/{APP}.{CUSTOMER}.greeting{NOW}.ear/addChannel"]


def test_two_are_joined_once_both_are_there() -> None:
    told = Told()
    bridged(told, told.hear)
    assert told.events == [RANG, ANSWERED, LegAnswered(AGENT), LegsBridged(CUSTOMER, AGENT)]
    for frame in frames("ended"):
        told.hear(frame)
    ended = [event for event in told.events if isinstance(event, LegEnded)]
    assert sorted(event.leg_id for event in ended) == [AGENT, CUSTOMER]


def test_wherever_a_dialer_dies_that_joins_two_nobody_is_left_in_silence() -> None:
    """Asterisk has done what was asked of it until then, in this order."""
    told = Told()
    bridged(told, told.hear)
    asked = list(enumerate(told.requests))
    ends_with = [at for at, request in asked if request.query.get("variable") == PEER]
    joined = [at for at, request in asked if request.path.endswith("/addChannel")]
    for_ever = [at for at, request in asked if request.query == {"variable": "TIMEOUT(absolute)", "value": "0"}]
    assert len(ends_with) == len(joined) == len(for_ever) == 2
    assert max(ends_with) < min(joined), "whose peer is gone is let go from the beginning"
    assert max(joined) < min(for_ever), "whoever is alone is let go until the end"


def test_what_is_said_twice_is_told_once() -> None:
    told = Told()

    def twice(frame: str) -> None:
        told.hear(frame)
        told.hear(frame)

    bridged(told, twice)
    assert told.events == [RANG, ANSWERED, LegAnswered(AGENT), LegsBridged(CUSTOMER, AGENT)]


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(STORIES)))
def test_a_leg_ends_once_whatever_is_late_or_missing_or_said_twice(draws: random.Random, name: str) -> None:
    told = Told()
    told.dial(detect=True)
    said = [frame for frame in frames(name) for _ in range(draws.choice([0, 1, 1, 2]))]
    for number in range(len(said) - 1):
        if draws.random() < 0.2:
            said[number], said[number + 1] = said[number + 1], said[number]
    for frame in (*said, frames(name)[-1]):
        told.hear(frame)
    kinds = [type(event) for event in told.events]
    assert kinds.count(LegEnded) == 1
    assert max(kinds.count(each) for each in (LegRang, LegAnswered, DetectionEnded)) <= 1
    assert not kinds[kinds.index(LegEnded) + 1 :]


def test_a_talk_is_found_as_asterisk_has_it() -> None:
    answers: dict[str, Answer] = {}
    for frame in frames("found"):
        event = decode(frame)
        if isinstance(event, RESTResponse):
            answers[event.uri] = answer_of(event)[1]
    channels, bridges = answers["channels"].holds(list[Channel]), answers["bridges"].holds(list[Bridge])
    found = {live(leg) for leg in adopted(Names(APP), channels, bridges).values()}
    assert {(leg.leg_id, leg.state, leg.bridged_to) for leg in found} == {
        (CUSTOMER, LegState.UP, AGENT),
        (AGENT, LegState.UP, CUSTOMER),
    }


def test_a_channel_that_nobody_knows_is_ended_as_soon_as_it_rings() -> None:
    told = Told()
    for frame in frames("answered"):
        told.hear(frame)
    assert told.events == []
    assert {(request.method, request.path) for request in told.requests} == {("DELETE", f"channels/{APP}.{CUSTOMER}")}


def test_every_request_is_one_that_asterisk_describes() -> None:
    told = Told()
    bridged(told, told.hear)
    for request in told.requests:
        parameters = next(
            found
            for (method, path), found in OPERATIONS.items()
            if method == request.method and _fits(path.split("/")[1:], request.path.split("/"))
        )
        assert set(request.query) <= parameters


def _fits(path: list[str], asked: list[str]) -> bool:
    return len(path) == len(asked) and all(
        each == other or each.startswith("{") for each, other in zip(path, asked, strict=True)
    )


def test_recordings_hold_numbers_for_fiction_alone() -> None:

    for recorded in Path(RECORDED).glob("*.jsonl"):
        numbers = re.findall(r"\+?\d{10,}(?=[@\\\"])", recorded.read_text(encoding="utf-8"))
        assert not [number for number in numbers if not re.fullmatch(r"\+1206555 ?01\d\d", number)]
