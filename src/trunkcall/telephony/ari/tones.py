"""Tones that Asterisk makes itself, so that they need no file and no stream, and are there at once.

Decides what is asked of the switch for one, and when it is over. It must not know what comes before or after it.

Asterisk plays a tone to the channel of a leg alone, in a bridge too, from which the channel stays away meanwhile. A
tone sounds once and has no end of its own: we end it, also one that a former dialer has left. What is asked of its
channel meanwhile is done once it is over, and Asterisk answers nobody on this connection before that, nor does what is
asked after it, such as to end the tone. So whatever is asked of the channel of a leg that hears a tone ends that first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from trunkcall.domain.instants import MILLISECOND, Duration
from trunkcall.domain.tones import Tone, lasts
from trunkcall.telephony.ari.legs import AriLeg, Names
from trunkcall.telephony.ari.wire import Answer, Request

BEGINS_WITHIN: Final[Duration] = 50 * MILLISECOND
"""How long after the switch has taken a tone it begins at the latest."""

Over: TypeAlias = Callable[[bool], None]
"""Told that a tone is over, and whether it was heard."""


class Tones:
    """Those of the legs of one application, one at a time for each leg."""

    def __init__(
        self,
        names: Names,
        *,
        send: Callable[[Request, Callable[[Answer], None] | None], bool],
        later: Callable[[Duration, Callable[[], None]], None],
    ) -> None:
        self._names = names
        self._send = send
        self._later = later
        self._over: dict[str, tuple[int, Over]] = {}
        """By leg, the number of the tone that is heard, and who is told of its end."""

    def begin(self, leg: AriLeg, tone: Tone, over: Over) -> None:
        """Have it heard. ``over`` is told once, and not at all after ``stop``."""
        leg.tones += 1
        number = leg.tones
        self._over[leg.leg_id] = number, over
        # Where parts are parted by commas ARI takes each for something to be played by itself.
        media = "tone:" + "|".join([f"!{hertz}/{length}" for hertz, length in tone])
        query = {"media": media, "playbackId": self._names.tone(leg.leg_id, number)}
        request = Request("POST", f"channels/{self._names.channel(leg.leg_id)}/play", query)
        length = lasts(tone) + BEGINS_WITHIN
        if not leg.is_ours or not self._send(request, partial(self._taken, leg, number, length)):
            self._later(0, partial(self._is_over, leg, number, heard=False))

    def send(self, request: Request, on_answer: Callable[[Answer], None] | None) -> bool:
        """Ask the switch for what is no tone, whatever leg it is about."""
        leg_id = self._names.leg(_channel_of(request) or "")
        found = self._over.pop(leg_id, None) if leg_id is not None else None
        if leg_id is not None and found is not None:
            number, over = found
            self._end(leg_id, number)
            # Not at once: what is played next would come before what is being asked.
            self._later(0, partial(over, False))
        return self._send(request, on_answer)

    def stop(self, leg: AriLeg) -> None:
        """Break it off: the switch does within a frame of sound."""
        found = self._over.pop(leg.leg_id, None)
        if found is not None:
            self._end(leg.leg_id, found[0])

    def end_left(self, leg: AriLeg) -> None:
        """Whatever a former dialer has begun is over."""
        for number in range(2):
            self._end(leg.leg_id, number)

    def forget(self, leg_id: str | None = None) -> None:
        """Nothing is known of the leg any more, or of any."""
        if leg_id is None:
            self._over.clear()
        else:
            self._over.pop(leg_id, None)

    def _taken(self, leg: AriLeg, number: int, length: Duration, answer: Answer) -> None:
        if answer.is_ok:
            self._later(length, partial(self._is_over, leg, number, heard=True))
        else:
            self._is_over(leg, number, heard=False)

    def _is_over(self, leg: AriLeg, number: int, *, heard: bool) -> None:
        found = self._over.get(leg.leg_id)
        if found is not None and found[0] == number:
            self.stop(leg)
            found[1](heard)

    def _end(self, leg_id: str, number: int) -> None:
        self._send(Request("DELETE", f"playbacks/{self._names.tone(leg_id, number)}"), None)


def _channel_of(request: Request) -> str | None:
    """The channel that is to do it, if it is one of those that can be kept waiting."""
    if request.method == "GET":
        return None
    of, _, rest = request.path.partition("/")
    channel, _, what = rest.partition("/")
    return channel if of == "channels" and what else request.query.get("channel")
