"""What is heard on a leg of Asterisk's beside the other party: music on hold; ``prompts`` are beside it.

Decides what is asked of the switch for each, and when it is told. It must not know when legs end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trunkcall.domain.leg import LegState
from trunkcall.domain.saying import Saying
from trunkcall.domain.tones import Tone
from trunkcall.engine.commands import HoldLeg, ResumeLeg, StopPlaying
from trunkcall.engine.events import CarrierEvent, LegHeld, LegResumed
from trunkcall.telephony.ari.legs import HOME, AriLeg, Names
from trunkcall.telephony.ari.prompts import Prompts
from trunkcall.telephony.ari.wire import Answer, Request


class Media:
    """Of the legs of one application, which are the switchboard's."""

    def __init__(
        self,
        names: Names,
        legs: Mapping[str, AriLeg],
        *,
        send: Callable[[Request, Callable[[Answer], None] | None], bool],
        tell: Callable[[CarrierEvent], None],
        command: Callable[[AriLeg, Request], None],
        alone: Callable[[AriLeg], None],
        prompts: Prompts,
    ) -> None:
        self._names = names
        self._legs = legs
        self._send = send
        self._tell = tell
        self._command = command
        self._alone = alone
        self.prompts = prompts

    def _up(self, leg_id: str) -> AriLeg | None:
        leg = self._legs.get(leg_id)
        return leg if leg is not None and leg.answered else None

    def play(self, leg_id: str, play_id: str, what: Saying | Tone) -> None:
        """Say something or play a tone, after what is played already."""
        leg = self._up(leg_id)
        if leg is not None:
            self.prompts.play(leg, play_id, what)

    def stop_playing(self, command: StopPlaying) -> None:
        """Break off a prompt, or leave it out."""
        leg = self._up(command.leg_id)
        if leg is not None:
            self.prompts.stop(leg, command)

    # --- holds --------------------------------------------------------------------------------------------------------

    def hold(self, command: HoldLeg) -> None:
        """Put its party where music is played, and nobody else hears it."""
        leg = self._up(command.leg_id)
        if leg is None or leg.held:
            return
        self.prompts.moves(leg)
        leg.held = leg.has_hold = True
        bridge_id = self._names.hold(leg.leg_id)
        self.is_held_from(leg)
        self._send(Request("POST", f"bridges/{bridge_id}", {"type": "holding"}), None)
        self._command(leg, Request("POST", f"bridges/{bridge_id}/addChannel", self._channel(leg)))

    def is_held_from(self, leg: AriLeg) -> None:
        """Have the switch remember with whom a leg on hold is joined."""
        home = {"variable": HOME, "value": leg.peer or ""}
        self._command(leg, Request("POST", f"channels/{self._names.channel(leg.leg_id)}/variable", home))

    def resume(self, command: ResumeLeg) -> None:
        """Put it back to whom it is joined with."""
        leg = self._up(command.leg_id)
        if leg is None or not leg.held:
            return
        leg.held = False
        home = self._home(leg)
        if home is not None:
            self._send(Request("POST", f"bridges/{home}/addChannel", self._channel(leg)), None)
        else:
            hold = self._names.hold(leg.leg_id)
            self._send(Request("POST", f"bridges/{hold}/removeChannel", self._channel(leg)), None)

    def _home(self, leg: AriLeg) -> str | None:
        """The bridge where it talks."""
        if leg.peer is None:
            return None
        return self._names.talk(leg.peer if leg.kind.is_customers else leg.leg_id)

    def entered(self, leg: AriLeg, bridge_id: str) -> bool:
        """It is in a bridge; whether that was about a hold."""
        if bridge_id == self._names.hold(leg.leg_id):
            self._tell(LegHeld(leg.leg_id))
            return True
        return False

    def left(self, leg: AriLeg, bridge_id: str) -> None:
        """It has left a bridge."""
        if bridge_id == self._names.hold(leg.leg_id) and leg.state is LegState.UP:
            self._end_hold(leg)
            if not leg.held and leg.cause is None:
                self._tell(LegResumed(leg.leg_id))
                self._alone(leg)

    def ended(self, leg: AriLeg) -> None:
        """It is over, perhaps before it was where it was to be held."""
        if leg.has_hold:
            self._end_hold(leg)

    def _end_hold(self, leg: AriLeg) -> None:
        leg.has_hold = False
        self._send(Request("DELETE", f"bridges/{self._names.hold(leg.leg_id)}"), None)

    def _channel(self, leg: AriLeg) -> Mapping[str, str]:
        return {"channel": self._names.channel(leg.leg_id)}
