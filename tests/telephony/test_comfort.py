"""When silence is sent to whoever is on the line alone. If these fail, a telephone takes the call for lost, or its
party does not hear what is said, for the silence that is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from telephony.support import RING_TIMEOUT, ManualClock
from trunkcall.domain.instants import Duration
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.saying import plain
from trunkcall.telephony.ari.comfort import Comfort
from trunkcall.telephony.ari.legs import AriLeg, LegKind, Names
from trunkcall.telephony.ari.wire import Answer, Request

BEGUN, ENDED = "POST", "DELETE"


class Line:
    """A leg that has been alone since now, and what Asterisk is asked of its silence."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.asked: list[str] = []
        self.leg = AriLeg("leg", LegKind.CUSTOMER, RING_TIMEOUT, is_ours=True)
        self.legs = {"leg": self.leg}
        self.comfort = Comfort(Names("app"), self.legs, send=self._send, later=self._later)
        self.is_alone()

    def is_alone(self) -> None:
        self.leg.peer = None
        self.leg.times_alone += 1
        self.comfort.begin(self.leg)

    def _later(self, after: Duration, do: Callable[[], None]) -> None:
        self.clock.call_at(self.clock.now() + after, do)

    def _send(self, request: Request, then: Callable[[Answer], None] | None) -> bool:
        assert request.path == "channels/app.leg/silence"
        self.asked.append(request.method)
        return True


def test_whoever_is_alone_for_some_seconds_is_sent_silence_and_asked_for_it_once() -> None:
    line = Line()
    line.clock.pass_time(2.9)
    assert line.asked == []
    line.clock.pass_time(0.1)
    assert line.asked == [BEGUN]
    line.clock.pass_time(60)
    assert line.asked == [BEGUN]


@pytest.mark.parametrize(
    ("name", "meanwhile", "afterwards"),
    [
        ("awaits_greeting", True, False),
        ("is_ours", False, True),
        ("cause", HangupCause.NORMAL, None),
    ],
)
def test_nobody_is_sent_silence_who_hears_something_or_is_listened_to_or_not_there(
    name: str, meanwhile: Any, afterwards: Any
) -> None:
    line = Line()
    setattr(line.leg, name, meanwhile)
    line.clock.pass_time(60)
    assert line.asked == []
    setattr(line.leg, name, afterwards)
    line.clock.pass_time(3)
    assert line.asked == [BEGUN]


def test_silence_is_over_before_something_is_heard_and_comes_again_after_it() -> None:
    line = Line()
    line.clock.pass_time(10)
    line.comfort.end(line.leg)
    line.comfort.end(line.leg)
    assert line.asked == [BEGUN, ENDED]
    line.leg.prompts.append(("play", plain("Hello.")))
    line.clock.pass_time(60)
    assert line.asked == [BEGUN, ENDED]
    line.leg.prompts.clear()
    line.clock.pass_time(3)
    assert line.asked == [BEGUN, ENDED, BEGUN]


def test_whoever_was_joined_meanwhile_is_sent_none_until_they_have_been_alone_for_as_long_again() -> None:
    line = Line()
    line.clock.pass_time(2)
    line.leg.peer = "agent"
    line.is_alone()
    line.clock.pass_time(2.9)
    assert line.asked == []
    line.clock.pass_time(0.1)
    assert line.asked == [BEGUN]


@pytest.mark.parametrize("is_gone", [True, False])
def test_whoever_is_joined_or_gone_is_sent_none(is_gone: bool) -> None:
    line = Line()
    if is_gone:
        line.legs.clear()
    else:
        line.leg.peer = "agent"
    line.clock.pass_time(60)
    assert line.asked == []


def test_what_a_former_dialer_may_have_begun_is_ended_though_nobody_knows_of_it() -> None:
    line = Line()
    line.comfort.end_left(line.leg)
    assert line.asked == [ENDED]
