"""What a machine is heard to do that has answered: its beep, and when its greeting is over.

Decides on what stream it is listened to, and for how long. How a beep is told from speech is ``amd``'s, and what is
told of it, and what is done where nobody can listen, the switchboard's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from trunkcall.amd.listener import How
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import SECOND, Duration, Instant
from trunkcall.engine.events import DetectionEnded
from trunkcall.telephony.ari.legs import AriLeg
from trunkcall.telephony.ari.streams import Stream, Streams, Tap
from trunkcall.telephony.sound import wire

STAYS: Final[Duration] = SECOND
"""A machine whose leg is up for longer is said something, and listened to meanwhile."""
SPY: Final = Tap(spy="in")


class _Ear:
    """What listens to one leg: the listener of its stream."""

    def __init__(self, ears: Ears, leg: AriLeg) -> None:
        self._ears = ears
        self.leg = leg
        self.stream: Stream | None = None

    def ready(self) -> None:
        self._ears.listen(self)

    def hear(self, frame: wire.OfStream) -> None:
        match frame:
            case wire.Beeped():
                self._ears.beeped(self)
            case wire.GreetingOver():
                self._ears.greeting_over(self, frame)
            case _:
                pass

    def over(self, why: str) -> None:
        self._ears.lost(self)


class Ears:
    """Those at the legs of one application. ``detected`` is told what has come of a leg that was waited for, ``beeped``
    of one that beeps later, and ``unheard`` of one that cannot be listened to."""

    def __init__(
        self,
        legs: Mapping[str, AriLeg],
        streams: Streams,
        *,
        now: Callable[[], Instant],
        beeped: Callable[[AriLeg], None],
        later: Callable[[Duration, Callable[[], None]], None],
        detected: Callable[[AriLeg, DetectionEnded], None],
        unheard: Callable[[AriLeg], None],
    ) -> None:
        self._legs = legs
        self._streams = streams
        self._now = now
        self._beeped = beeped
        self._later = later
        self._detected = detected
        self._unheard = unheard

    def await_greeting(self, leg: AriLeg) -> None:
        """A machine has answered, and its greeting is waited for. A former dialer may have listened to it."""
        leg.awaits_greeting = True
        ear = _Ear(self, leg)
        ear.stream = self._streams.open(f"{leg.leg_id}.greeting{self._now()}", leg, None, ear)

    def await_beep(self, leg: AriLeg) -> None:
        """A machine has answered, and something may be said to it before it beeps."""
        self._later(STAYS, lambda: self._await_beep(leg))

    def _await_beep(self, leg: AriLeg) -> None:
        if self._legs.get(leg.leg_id) is leg and leg.cause is None:
            ear = _Ear(self, leg)
            ear.stream = self._streams.open(f"{leg.leg_id}.beep{self._now()}", leg, SPY, ear)

    def listen(self, ear: _Ear) -> None:
        """Its stream is ready."""
        assert ear.stream is not None
        self._streams.sounds.say(wire.Listen(ear.stream.stream_id))

    def beeped(self, ear: _Ear) -> None:
        """A machine has beeped; of one that is waited for more is told once it records."""
        if not ear.leg.awaits_greeting:
            self._let_go(ear)
            self._beeped(ear.leg)

    def greeting_over(self, ear: _Ear, frame: wire.GreetingOver) -> None:
        """A machine records."""
        if not ear.leg.awaits_greeting:
            return
        self._let_go(ear)
        ear.leg.awaits_greeting = False
        has_beeped = frame.how == How.BEEP
        found = DetectionStatus.VOICEMAIL_BEEP if has_beeped else DetectionStatus.VOICEMAIL_NO_BEEP
        ended_at = None if frame.how == How.TOO_LONG else self._now() - frame.ago
        self._detected(ear.leg, DetectionEnded(ear.leg.leg_id, found, None, ended_at))

    def lost(self, ear: _Ear) -> None:
        """Nothing is heard on a stream any more."""
        leg = ear.leg
        if leg.awaits_greeting and self._legs.get(leg.leg_id) is leg and leg.cause is None:
            leg.awaits_greeting = False
            self._unheard(leg)

    def _let_go(self, ear: _Ear) -> None:
        if ear.stream is not None:
            self._streams.close(ear.stream)
