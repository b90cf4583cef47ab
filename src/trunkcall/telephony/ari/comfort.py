"""Silence that is sent to whoever is on the line alone: where nothing at all arrives for long enough, a telephone takes
the call for lost.

Decides when it is sent. It must not know who waits for whom. While Asterisk sends silence the party hears nothing else,
so it is ended before anything is to be heard, and where a former dialer may have begun it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from trunkcall.domain.instants import SECOND, Duration
from trunkcall.telephony.ari.legs import AriLeg, Names
from trunkcall.telephony.ari.wire import Answer, Request

LOOKS_EVERY: Final[Duration] = 3 * SECOND
"""Most who are called are put through or told something before that, and need none of it."""


class Comfort:
    """Of the legs of one application."""

    def __init__(
        self,
        names: Names,
        legs: Mapping[str, AriLeg],
        *,
        send: Callable[[Request, Callable[[Answer], None] | None], bool],
        later: Callable[[Duration, Callable[[], None]], None],
    ) -> None:
        self._names = names
        self._legs = legs
        self._send = send
        self._later = later

    def begin(self, leg: AriLeg) -> None:
        """From now on it is alone."""
        self._later(LOOKS_EVERY, partial(self._look, leg, leg.times_alone))

    def send(self, leg: AriLeg) -> None:
        """There is to be silence now."""
        if not leg.hears_silence:
            leg.hears_silence = True
            self._ask("POST", leg)

    def end(self, leg: AriLeg) -> None:
        """Somebody or something is to be heard."""
        if leg.hears_silence:
            leg.hears_silence = False
            self._ask("DELETE", leg)

    def end_left(self, leg: AriLeg) -> None:
        """Whatever a former dialer has begun is over."""
        self._ask("DELETE", leg)

    def _look(self, leg: AriLeg, time_alone: int) -> None:
        if self._legs.get(leg.leg_id) is not leg or leg.peer is not None or leg.times_alone != time_alone:
            return
        if leg.is_ours and leg.cause is None and not leg.awaits_greeting and not leg.prompts:
            self.send(leg)
        self.begin(leg)

    def _ask(self, method: str, leg: AriLeg) -> None:
        self._send(Request(method, f"channels/{self._names.channel(leg.leg_id)}/silence"), None)
