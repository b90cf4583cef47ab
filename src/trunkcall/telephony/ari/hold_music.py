"""The music of Asterisk's that whoever is on hold by the other's telephone hears, and what is said in its place.

Decides when there is music, and when silence takes its place: what is said to a leg that is joined is mixed with what
it hears, so there has to be something, and it is not to be music. It must not know what is said, nor for how long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trunkcall.domain.saying import Saying
from trunkcall.telephony.ari.legs import AriLeg, Names
from trunkcall.telephony.ari.wire import Answer, Request


class HoldMusic:
    """That of the legs of one application."""

    def __init__(
        self,
        names: Names,
        legs: Mapping[str, AriLeg],
        *,
        send: Callable[[Request, Callable[[Answer], None] | None], bool],
    ) -> None:
        self._names = names
        self._legs = legs
        self._send = send

    def begin(self, leg: AriLeg) -> None:
        """It is joined with one who has it on hold already: Asterisk plays music by itself only where a hold begins."""
        if self._is_on_hold(leg):
            self._ask("POST", leg, "moh")
            self.look(leg)

    def end(self, leg: AriLeg) -> None:
        """The other is back, or it has been parted from it. Where music goes on nothing else is heard. Asterisk ends it
        by itself as a hold ends, but not what is begun a moment later by ``begin``, which cannot know of that yet."""
        self._ask("DELETE", leg, "moh")
        self.look(leg)

    def look(self, leg: AriLeg) -> None:
        """Something may have begun to be said to it, or be over, or it may be on hold no more."""
        is_on_hold = self._is_on_hold(leg)
        is_silent = is_on_hold and bool(leg.prompts) and isinstance(leg.prompts[0][1], Saying)
        if is_silent is leg.music_is_silent or not leg.is_ours:
            return
        leg.music_is_silent = is_silent
        if is_silent:
            self._ask("DELETE", leg, "moh")
            self._ask("POST", leg, "silence")
        else:
            self._ask("DELETE", leg, "silence")
            if is_on_hold:
                self._ask("POST", leg, "moh")

    def _is_on_hold(self, leg: AriLeg) -> bool:
        peer = self._legs.get(leg.peer) if leg.peer is not None else None
        return peer is not None and leg.bridged and bool(peer.holds)

    def _ask(self, method: str, leg: AriLeg, what: str) -> None:
        self._send(Request(method, f"channels/{self._names.channel(leg.leg_id)}/{what}"), None)
