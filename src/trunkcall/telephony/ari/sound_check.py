"""Whether any sound comes from whoever has answered.

Decides when a leg is one that is never heard: no packet of sound has come for a while since its answer, or since
another dialer found it, not even one of silence. It must not know what becomes of such a leg's contact, nor what is
said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from trunkcall.domain.instants import Duration
from trunkcall.telephony.ari.legs import AriLeg, Names
from trunkcall.telephony.ari.wire import Answer, AriWireError, Request


@dataclass(frozen=True, slots=True)
class _Counts:
    """Of what Asterisk tells of a channel's media (``rtp_statistics``), what matters here."""

    rxcount: int


class SoundCheck:
    """Of the legs of one application. ``within`` is since the answer, or since a leg was found; 0 is never."""

    def __init__(
        self,
        names: Names,
        legs: Mapping[str, AriLeg],
        within: Duration,
        *,
        send: Callable[[Request, Callable[[Answer], None] | None], bool],
        later: Callable[[Duration, Callable[[], None]], None],
        unheard: Callable[[AriLeg], None],
    ) -> None:
        self._names = names
        self._legs = legs
        self._within = within
        self._send = send
        self._later = later
        self._unheard = unheard

    def begin(self, leg: AriLeg) -> None:
        """It has been answered, or is found so."""
        if self._within:
            self._later(self._within, partial(self._ask, leg))

    def _is_up(self, leg: AriLeg) -> bool:
        return self._legs.get(leg.leg_id) is leg and leg.cause is None

    def _ask(self, leg: AriLeg) -> None:
        if not self._is_up(leg):
            return
        if leg.prompts:
            # Whoever cannot be heard may hear: the message is not cut.
            self.begin(leg)
            return
        request = Request("GET", f"channels/{self._names.channel(leg.leg_id)}/rtp_statistics")
        self._send(request, partial(self._answered, leg))

    def _answered(self, leg: AriLeg, answer: Answer) -> None:
        if not answer.is_ok:
            return
        try:
            is_unheard = answer.holds(_Counts).rxcount == 0
        except AriWireError:
            return
        if is_unheard and self._is_up(leg):
            self._unheard(leg)
