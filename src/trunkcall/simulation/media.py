"""What is heard on a leg of a simulated world beside the other party: prompts, music, keys, and what is recorded.

Decides which events follow and when a prompt is over. There is no sound: prompts are as long as their texts, and a
recording has nothing in it. It must not know which legs there are, nor who is joined with whom.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from trunkcall.domain.customer_keys import Chances
from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.leg import LegState
from trunkcall.domain.saying import Saying
from trunkcall.domain.tones import Tone, lasts
from trunkcall.engine.events import (
    CarrierEvent,
    KeyPressed,
    PlaybackEnded,
    PutOnHold,
    RecordingEnded,
    RecordingStarted,
    TakenOffHold,
)
from trunkcall.simulation.legs import Later, SimulatedLeg
from trunkcall.simulation.world import Outcome, keys_after

THINKS: Final[Duration] = SECOND
"""Between the end of a message and the first key."""
NEXT_KEY: Final[Duration] = 2 * SECOND // 5


class Media:
    """Plays to legs, holds and records them. ``say`` tells what a leg has done, ``later`` is the clock of ``Phones``,
    and ``length`` says how long something takes to be said, None where it cannot be. ``chances`` are what customers
    press once they have heard a message. Legs that it is given are up and can be reached."""

    def __init__(
        self,
        say: Callable[[SimulatedLeg, CarrierEvent], None],
        later: Later,
        length: Callable[[Saying], Duration | None],
        chances: Chances,
    ) -> None:
        self._say = say
        self._later = later
        self._length = length
        self._chances = chances
        self._recorded: dict[str, SimulatedLeg] = {}
        """By recording."""

    def moves(self, leg: SimulatedLeg) -> None:
        """It is about to be joined: what it has heard part of is broken off."""
        if leg.prompts:
            self._end_prompt(next(iter(leg.prompts)), False, leg)

    def press(self, leg: SimulatedLeg, key: str) -> None:
        self._say(leg, KeyPressed(leg.leg_id, key))

    def put_on_hold(self, leg: SimulatedLeg, *, back: bool) -> None:
        if leg.holds is back:
            leg.holds = not back
            self._say(leg, TakenOffHold(leg.leg_id) if back else PutOnHold(leg.leg_id))

    # --- prompts ------------------------------------------------------------------------------------------------------

    def play(self, leg: SimulatedLeg, play_id: str, saying: Saying) -> None:
        """Say something, after what the leg has still to hear."""
        length = self._length(saying)
        if length is None:
            if play_id not in leg.prompts:
                self._say(leg, PlaybackEnded(leg.leg_id, play_id, heard=False))
            return
        leg.listening = True
        self._play(leg, play_id, None if saying.again else length)

    def play_tone(self, leg: SimulatedLeg, play_id: str, tone: Tone) -> None:
        self._play(leg, play_id, lasts(tone))

    def _play(self, leg: SimulatedLeg, play_id: str, length: Duration | None) -> None:
        if play_id in leg.prompts:
            return
        leg.prompts[play_id] = length
        if len(leg.prompts) == 1:
            self._speak(leg)

    def stop_playing(self, leg: SimulatedLeg, play_id: str) -> None:
        """Break a prompt off, or leave it out."""
        self._end_prompt(play_id, False, leg)

    def _speak(self, leg: SimulatedLeg) -> None:
        """The first of its prompts begins."""
        play_id, length = next(iter(leg.prompts.items()))
        if length is not None:
            self._later(length, partial(self._end_prompt, play_id, True), leg)

    def _end_prompt(self, play_id: str, heard: bool, leg: SimulatedLeg) -> None:
        if leg.state is LegState.ENDED or play_id not in leg.prompts:
            return
        spoken = next(iter(leg.prompts)) == play_id
        del leg.prompts[play_id]
        self._say(leg, PlaybackEnded(leg.leg_id, play_id, heard))
        if heard and self._chances:
            self._answer(leg)
        if spoken and leg.prompts:
            self._speak(leg)

    def _answer(self, leg: SimulatedLeg) -> None:
        """A customer has heard a message, or a tone, and may press something."""
        fate = leg.fate
        if fate is None or fate.outcome is not Outcome.HUMAN or leg.peer is not None:
            return
        leg.messages += 1
        for place, key in enumerate(keys_after(self._chances, fate.mind, leg.messages)):
            self._later(THINKS + place * NEXT_KEY, partial(self._press, key), leg)

    def _press(self, key: str, leg: SimulatedLeg) -> None:
        if leg.state is LegState.UP and leg.peer is None:
            self.press(leg, key)

    # --- recordings ---------------------------------------------------------------------------------------------------

    def start_recording(self, leg: SimulatedLeg, recording_id: str) -> None:
        if recording_id not in self._recorded:
            self._recorded[recording_id] = leg
            leg.recordings.append(recording_id)
            self._say(leg, RecordingStarted(recording_id))

    def recorded(self, recording_id: str) -> SimulatedLeg | None:
        """The leg of a recording that goes on."""
        return self._recorded.get(recording_id)

    def stop_recording(self, leg: SimulatedLeg, recording_id: str) -> None:
        del self._recorded[recording_id]
        leg.recordings.remove(recording_id)
        self._say(leg, RecordingEnded(recording_id))

    def end(self, leg: SimulatedLeg) -> None:
        """The leg is about to be gone, and its recordings with it."""
        for recording_id in tuple(leg.recordings):
            self.stop_recording(leg, recording_id)
