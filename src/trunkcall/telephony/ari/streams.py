"""Streams of sound between legs of Asterisk's and the sound process.

Decides what is asked of the switch so that a leg hears, or is heard on, a stream, when the stream can be used, and what
is removed afterwards. It must not know what is played or listened for.

A stream is a channel of chan_websocket (``sound``), which the sound process connects to, in a mixing bridge of its own
(``ear``) with one other: the leg itself, where it is alone, or a snoop channel (``snoop``) that listens to the leg or
whispers to it, where it is joined with another, on hold, or must not be moved. Asterisk hands sound on in a bridge
alone: what is played before both are there would be lost, so a stream is ready once it is connected and they are.

A stream that goes one way does so for Asterisk, too: otherwise it would make silence fifty times a second for one that
is only listened to, and send what nobody listens to on one that is only played on. An Asterisk from before March 2026
does so anyway.

To record or to listen: ``open`` a stream with ``Tap(spy="in")`` (what the party says) or ``Tap(spy="out")`` (what it
hears), and once it is ready have the sound process listen to it by frames of its own (``sound.wire``). A stream that is
to be heard on as well as played to a leg alone needs no second one: what the party says arrives on it anyway.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, TypeAlias

from trunkcall.domain.clock import Seconds
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.seldom import Seldom
from trunkcall.telephony.ari import model
from trunkcall.telephony.ari.legs import AriLeg, Names
from trunkcall.telephony.ari.wire import NOT_FOUND, Answer, AriWireError, Request
from trunkcall.telephony.sound import wire

log = logging.getLogger(__name__)

READY: Final[Duration] = 5 * SECOND
"""A stream that is not ready so long after the sound process has connected it is given up. Up to then it waits for that
process, which may take long to start where much is started at once, and says by itself what cannot be."""
REFUSED: Final = (
    "Asterisk makes no channel for sound: its modules.conf is to load chan_websocket. `trunkcall doctor` looks at it."
)
ENDED: Final = "A channel for sound has ended."
LATE: Final = "Asterisk did not join a channel for sound in time."
_CONNECTION: Final = "MEDIA_WEBSOCKET_CONNECTION_ID"
_CHANNEL: Final = {
    "external_host": "INCOMING",
    "transport": "websocket",
    "encapsulation": "none",
    "connection_type": "server",
    "format": "ulaw",
}


class Sounds(Protocol):
    """The sound process, as its streams need it (``sound.client.SoundProcess``)."""

    def open(self, stream_id: str, connection_id: str, hear: Callable[[wire.OfStream], None]) -> None:
        """Connect a stream; ``hear`` is told what becomes of it, up to its Closed."""

    def say(self, frame: wire.OnStream) -> None:
        """Have something done on a stream."""

    def close_stream(self, stream_id: str) -> None:
        """Let go of a stream."""


@dataclass(frozen=True, slots=True)
class Tap:
    """A snoop channel. Both are "none", "in" (what the party says), "out" (what it hears), or "both"."""

    spy: str = "none"
    whisper: str = "none"


class Listener(Protocol):
    """Whoever uses a stream. None of it is called from within ``open``, nor after ``close``."""

    def ready(self) -> None:
        """It can be used."""

    def hear(self, frame: wire.OfStream) -> None:
        """What the sound process says of it, but for Opened and Closed."""

    def over(self, why: str) -> None:
        """It is gone, or could not be made; why, in words, empty where the leg has gone."""


@dataclass(slots=True)
class Stream:
    """One of them. ``partner`` is the channel that shares its bridge."""

    stream_id: str
    leg: AriLeg
    tap: Tap | None
    partner: str
    listener: Listener
    inside: set[str] = field(default_factory=set)
    connected: bool = False
    is_ready: bool = False


Send: TypeAlias = Callable[[Request, Callable[[Answer], None] | None], bool]


class Streams:
    """Those of one application. Ids are the user's, and never used twice. Why a call has no sound is in the log once a
    minute."""

    def __init__(
        self,
        names: Names,
        app: str,
        *,
        send: Send,
        command: Callable[[AriLeg, Request], None],
        later: Callable[[Duration, Callable[[], None]], None],
        sounds: Sounds,
        monotonic: Seconds = time.monotonic,
    ) -> None:
        self._names = names
        self._app = app
        self._send = send
        self._command = command
        self._later = later
        self.sounds = sounds
        self._streams: dict[str, Stream] = {}
        self._lost: Seldom[str] = Seldom(monotonic)

    # --- deeds --------------------------------------------------------------------------------------------------------

    def open(self, stream_id: str, leg: AriLeg, tap: Tap | None, listener: Listener, *, listens: bool = True) -> Stream:
        """Make a stream of a leg: of one that is alone without a tap, which takes it out of the bridge where it is.
        ``listens`` is whether it is to be heard on."""
        names = self._names
        partner = names.channel(leg.leg_id) if tap is None else names.snoop(stream_id)
        stream = self._streams[stream_id] = Stream(stream_id, leg, tap, partner, listener)
        ear = names.ear(stream_id)
        self._send(Request("POST", f"bridges/{ear}", {"type": "mixing"}), None)
        plays = tap is None or tap.whisper != "none"
        direction = "both" if plays and listens else "in" if listens else "out"
        query = {**_CHANNEL, "transport_data": f"d({direction})"}
        query |= {"app": self._app, "channelId": names.sound(stream_id)}
        made = Request("POST", "channels/externalMedia", query)
        if not self._send(made, partial(self._made, stream)):
            self._later(0, partial(self._fail, stream, ""))
            return stream
        if tap is None:
            leg.bridge_id = None
            self._command(leg, Request("POST", f"bridges/{ear}/addChannel", {"channel": partner}))
        else:
            query = {"spy": tap.spy, "whisper": tap.whisper, "app": self._app, "snoopId": partner}
            self._command(leg, Request("POST", f"channels/{names.channel(leg.leg_id)}/snoop", query))
        return stream

    def close(self, stream: Stream) -> None:
        """Let go of it; the leg is alone again, or where it was moved to. Nothing is told."""
        if self._streams.pop(stream.stream_id, None) is None:
            return
        self.sounds.close_stream(stream.stream_id)
        self._send(Request("DELETE", f"channels/{self._names.sound(stream.stream_id)}"), None)
        if stream.tap is not None:
            self._send(Request("DELETE", f"channels/{stream.partner}"), None)
        self._send(Request("DELETE", f"bridges/{self._names.ear(stream.stream_id)}"), None)

    def ended(self, leg: AriLeg) -> None:
        """A leg has gone, and its streams with it."""
        for stream in [each for each in self._streams.values() if each.leg is leg]:
            self._fail(stream, "")

    def forget(self) -> None:
        """Nothing is known of the switch any more."""
        for stream in list(self._streams.values()):
            del self._streams[stream.stream_id]
            self.sounds.close_stream(stream.stream_id)

    # --- what is told -------------------------------------------------------------------------------------------------

    def take(self, channel_id: str, event: model.Event) -> bool:
        """What the switch has told of a channel; whether it is one of a stream."""
        stream_id = self._names.stream(channel_id)
        if stream_id is None:
            if isinstance(event, model.ChannelEnteredBridge):
                for each in [each for each in self._streams.values() if each.partner == channel_id]:
                    self._entered(each, channel_id, event.bridge.id)
            return False
        stream = self._streams.get(stream_id)
        match event:
            case model.StasisStart() if stream is None:
                # It was given up before it was there.
                self._send(Request("DELETE", f"channels/{channel_id}"), None)
            case model.StasisStart() if stream is not None:
                path = f"bridges/{self._names.ear(stream_id)}/addChannel"
                self._send(Request("POST", path, {"channel": channel_id}), None)
            case model.ChannelEnteredBridge(bridge=bridge) if stream is not None:
                self._entered(stream, channel_id, bridge.id)
            case model.ChannelDestroyed() if stream is not None:
                self._fail(stream, ENDED if stream.connected else REFUSED)
            case _:
                pass
        return True

    def _made(self, stream: Stream, answer: Answer) -> None:
        if self._streams.get(stream.stream_id) is not stream:
            if answer.is_ok:
                # Nobody connects to it, so it would wait for ever.
                self._send(Request("DELETE", f"channels/{self._names.sound(stream.stream_id)}"), None)
            return
        try:
            variables = answer.holds(model.Channel).channelvars if answer.is_ok else None
            connection_id = str((variables or {})[_CONNECTION])
        except (AriWireError, KeyError):
            log.warning("the switch did not make a channel for sound", extra={"status": answer.status})
            self._fail(stream, "" if answer.status == NOT_FOUND else REFUSED)
            return
        self.sounds.open(stream.stream_id, connection_id, partial(self._hear, stream))

    def _hear(self, stream: Stream, frame: wire.OfStream) -> None:
        if self._streams.get(stream.stream_id) is not stream:
            return
        match frame:
            case wire.Opened():
                stream.connected = True
                self._later(READY, partial(self._is_late, stream))
                self._look(stream)
            case wire.Closed(why=why):
                self._fail(stream, why)
            case _:
                stream.listener.hear(frame)

    def _entered(self, stream: Stream, channel_id: str, bridge_id: str) -> None:
        if bridge_id == self._names.ear(stream.stream_id):
            stream.inside.add(channel_id)
            self._look(stream)

    def _look(self, stream: Stream) -> None:
        if not stream.is_ready and stream.connected and len(stream.inside) == len(("sound", "partner")):
            stream.is_ready = True
            stream.listener.ready()

    def _is_late(self, stream: Stream) -> None:
        if not stream.is_ready:
            self._fail(stream, LATE)

    def _fail(self, stream: Stream, why: str) -> None:
        if self._streams.get(stream.stream_id) is stream:
            self.close(stream)
            times = self._lost.happened(why) if why else 0
            if times:
                log.warning("the sound of a call is lost", extra={"why": why, "times": times})
            stream.listener.over(why)
