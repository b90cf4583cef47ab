"""What is asked of a switch so that a leg is heard or hears. If these fail, each talk that is recorded costs the switch
half as much again, or nothing is heard of a prompt or of a greeting."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from trunkcall.domain.instants import SECOND
from trunkcall.telephony.ari.legs import AriLeg, LegKind, Names
from trunkcall.telephony.ari.streams import LATE, Streams, Tap
from trunkcall.telephony.ari.wire import Answer, Request
from trunkcall.telephony.sound import wire

LEG = AriLeg("leg", LegKind.CUSTOMER, 20 * SECOND)


class Deaf:
    """A sound process, and a listener, to whom nothing happens."""

    def open(self, stream_id: str, connection_id: str, hear: Callable[[wire.OfStream], None]) -> None:
        raise AssertionError

    def say(self, frame: wire.OnStream) -> None:
        raise AssertionError

    def close_stream(self, stream_id: str) -> None: ...

    def ready(self) -> None: ...

    def hear(self, frame: wire.OfStream) -> None: ...

    def over(self, why: str) -> None: ...


def direction_asked_for(tap: Tap | None, *, listens: bool = True) -> str:
    """Asterisk has it from where the sound process is."""
    asked: list[Request] = []

    def send(request: Request, on_answer: Callable[[Answer], None] | None) -> bool:
        asked.append(request)
        return True

    streams = Streams(
        Names("dialer"),
        "dialer",
        send=send,
        command=lambda leg, request: None,
        later=lambda after, what: None,
        sounds=Deaf(),
    )
    streams.open("stream", LEG, tap, Deaf(), listens=listens)
    (made,) = [each for each in asked if each.path == "channels/externalMedia"]
    return made.query["transport_data"]


@pytest.mark.parametrize("tap", [Tap(spy="in"), Tap(spy="out")], ids=str)
def test_asterisk_makes_no_silence_for_a_stream_that_is_only_listened_to(tap: Tap) -> None:
    assert direction_asked_for(tap) == "d(in)"


@pytest.mark.parametrize("tap", [None, Tap(whisper="out")], ids=str)
def test_asterisk_sends_nothing_on_a_stream_that_is_only_played_on(tap: Tap | None) -> None:
    assert direction_asked_for(tap, listens=False) == "d(out)"


@pytest.mark.parametrize("tap", [None, Tap(spy="in", whisper="out")], ids=str)
def test_what_is_played_and_what_is_said_go_over_a_stream_that_is_for_both(tap: Tap | None) -> None:
    assert direction_asked_for(tap) == "d(both)"


def test_why_calls_have_no_sound_is_in_the_log_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 0.0
    waited: list[Callable[[], None]] = []
    streams = Streams(
        Names("dialer"),
        "dialer",
        send=lambda request, on_answer: True,
        command=lambda leg, request: None,
        later=lambda after, what: waited.append(what),
        sounds=Deaf(),
        monotonic=lambda: now_s,
    )
    for now_s in (0.0, 1.0, 59.0, 61.0):
        streams.open(f"stream {now_s}", LEG, None, Deaf())
        waited.pop()()
    told = [record for record in caplog.records if record.message == "the sound of a call is lost"]
    assert [(record.__dict__["why"], record.__dict__["times"]) for record in told] == [(LATE, 1), (LATE, 3)]
