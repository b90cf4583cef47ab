"""What is asked of a switch so that a leg is heard or hears. If these fail, each talk that is recorded costs the switch
half as much again, or nothing is heard of a prompt or of a greeting."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from trunkcall.domain.instants import SECOND
from trunkcall.telephony.ari.legs import AriLeg, LegKind, Names
from trunkcall.telephony.ari.streams import LATE, Streams, Tap
from trunkcall.telephony.ari.wire import Answer, Request
from trunkcall.telephony.sound import wire

LEG = AriLeg("leg", LegKind.CUSTOMER, 20 * SECOND)
CHANNEL = json.dumps(
    {
        "id": "dialer.stream.sound",
        "protocol_id": "",
        "name": "WebSocket/INCOMING",
        "state": "Down",
        "caller": {"name": "", "number": ""},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {"context": "default", "exten": "s", "priority": 1, "app_name": "AppDial2", "app_data": ""},
        "creationtime": "2026-03-02T09:00:00.000+0000",
        "language": "en",
        "channelvars": {"MEDIA_WEBSOCKET_CONNECTION_ID": "connection"},
    }
)


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


class Late:
    """A switch, a sound process and a clock, each of which does what it does when it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waited: list[Callable[[], None]] = []
        self.connects: Callable[[wire.OfStream], None] | None = None
        self.made: Callable[[Answer], None] | None = None
        self.overs: list[str] = []
        self.streams = Streams(
            Names("dialer"),
            "dialer",
            send=self.send,
            command=lambda leg, request: None,
            later=lambda after, what: self.waited.append(what),
            sounds=self,
            monotonic=lambda: self.now_s,
        )

    def send(self, request: Request, on_answer: Callable[[Answer], None] | None) -> bool:
        if on_answer is not None:
            self.made = on_answer
        return True

    def open(self, stream_id: str, connection_id: str, hear: Callable[[wire.OfStream], None]) -> None:
        self.connects = hear

    def say(self, frame: wire.OnStream) -> None: ...

    def close_stream(self, stream_id: str) -> None: ...

    def ready(self) -> None: ...

    def hear(self, frame: wire.OfStream) -> None: ...

    def over(self, why: str) -> None:
        self.overs.append(why)

    def is_asked_for(self, stream_id: str) -> None:
        """A channel is made, to which nobody has connected yet."""
        self.streams.open(stream_id, LEG, None, self)
        assert self.made is not None
        self.made(Answer(200, CHANNEL))

    def is_connected(self, stream_id: str) -> None:
        assert self.connects is not None
        self.connects(wire.Opened(stream_id))

    def time_passes(self) -> None:
        waited, self.waited = self.waited, []
        for what in waited:
            what()


def test_a_stream_waits_for_a_sound_process_that_takes_long_to_start() -> None:
    late = Late()
    late.is_asked_for("stream")
    late.time_passes()
    assert late.overs == [], "the process says by itself what cannot be"
    late.is_connected("stream")
    late.time_passes()
    assert late.overs == [LATE], "it was not joined by the switch"


def test_why_calls_have_no_sound_is_in_the_log_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    late = Late()
    for now_s in (0.0, 1.0, 59.0, 61.0):
        late.now_s = now_s
        late.is_asked_for(f"stream {now_s}")
        late.is_connected(f"stream {now_s}")
        late.time_passes()
    told = [record for record in caplog.records if record.message == "the sound of a call is lost"]
    assert [(record.__dict__["why"], record.__dict__["times"]) for record in told] == [(LATE, 1), (LATE, 3)]
