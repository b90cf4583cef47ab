"""Sayings and tones that are played to legs of Asterisk's, one after the other.

Decides on what stream each is played, what is broken off when, and when each is over. It must not know how a
saying becomes sounds, nor how a stream is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from trunkcall.domain.instants import SECOND, Duration
from trunkcall.domain.saying import Saying
from trunkcall.domain.tones import Tone
from trunkcall.engine.commands import StopPlaying
from trunkcall.engine.events import CarrierEvent, PlaybackEnded
from trunkcall.telephony.ari.comfort import Comfort
from trunkcall.telephony.ari.hold_music import HoldMusic
from trunkcall.telephony.ari.legs import AriLeg
from trunkcall.telephony.ari.streams import Stream, Streams, Tap
from trunkcall.telephony.ari.tones import Tones
from trunkcall.telephony.sound import wire

Sounds: TypeAlias = tuple[Path, ...]
"""Files of this machine, to be heard one after the other."""
Speak: TypeAlias = Callable[[Saying, Callable[[Sounds | None], None]], None]
"""Finds or makes the sounds of a saying, and tells which they are; None where that cannot be."""

LINGERS: Final[Duration] = 2 * SECOND
"""How long a stream is kept after a prompt: the next word of a conversation comes within that time."""
PAUSE: Final[Duration] = SECOND // 2
"""For how long after a prompt whoever is on hold hears no music: what is said next comes within that time."""
WHISPER: Final = Tap(whisper="out")


class _Mouth:
    """What speaks to one leg: the listener of its stream."""

    def __init__(self, prompts: Prompts, leg: AriLeg) -> None:
        self._prompts = prompts
        self.leg = leg
        self.stream: Stream | None = None
        self.sounds: Sounds | None = None
        """Those of what is said next, until it is played."""
        self.plays = 0
        """How many were played."""

    def ready(self) -> None:
        self._prompts.trouble = None
        self._prompts.say(self)

    def hear(self, frame: wire.OfStream) -> None:
        if isinstance(frame, wire.Played):
            self._prompts.played(self, frame)

    def over(self, why: str) -> None:
        self._prompts.lost(self, why)


class Prompts:
    """Those of the legs of one application, which are the switchboard's."""

    def __init__(
        self,
        legs: Mapping[str, AriLeg],
        streams: Streams,
        *,
        tell: Callable[[CarrierEvent], None],
        later: Callable[[Duration, Callable[[], None]], None],
        speak: Speak,
        tones: Tones,
        comfort: Comfort,
        music: HoldMusic,
    ) -> None:
        self._music = music
        self._tones = tones
        self._comfort = comfort
        self._legs = legs
        self._streams = streams
        self._tell = tell
        self._later = later
        self._speak = speak
        self._mouths: dict[str, _Mouth] = {}
        """By leg, where there is a stream."""
        self.trouble: str | None = None
        """Why the last prompt was not heard although there is a sound of it, in words; None where it was."""

    # --- deeds --------------------------------------------------------------------------------------------------------

    def play(self, leg: AriLeg, play_id: str, what: Saying | Tone) -> None:
        """Say something or play a tone, after what is played already."""
        if any(each == play_id for each, _ in leg.prompts):
            return
        leg.prompts.append((play_id, what))
        if len(leg.prompts) == 1:
            self._begin(leg)

    def prepare(self, leg: AriLeg) -> None:
        """Have a stream ready for whoever still has nobody to speak to, as somebody may have to be told so at once."""
        is_there = self._legs.get(leg.leg_id) is leg and leg.is_ours and leg.cause is None
        if is_there and _is_alone(leg) and not leg.prompts and leg.leg_id not in self._mouths:
            self._open(f"{leg.leg_id}.ready", leg)

    def stop(self, leg: AriLeg, command: StopPlaying) -> None:
        """Break off a prompt, or leave it out."""
        if _hears_a_tone(leg):
            if leg.prompts[0][0] == command.play_id:
                self._tones.stop(leg)
        elif (mouth := self._mouths.get(leg.leg_id)) is not None and mouth.stream is not None:
            self._streams.sounds.say(wire.Stop(mouth.stream.stream_id, command.play_id))
        self._over(leg, command.play_id)

    def moves(self, leg: AriLeg) -> None:
        """A leg is about to be taken out of the bridge where it is played to, to a person. What it has heard part of is
        broken off; what it is to hear after that is whispered to it."""
        self._comfort.end(leg)
        if _hears_a_tone(leg):
            self._tones.stop(leg)
            self._over(leg, leg.prompts[0][0])
        mouth = self._mouths.get(leg.leg_id)
        if mouth is not None and mouth.stream is not None and mouth.stream.tap is None:
            self._let_go(mouth)
            if leg.prompts:
                self._over(leg, leg.prompts[0][0])

    def alone(self, leg: AriLeg) -> None:
        """A leg has nobody to speak to any more. What is whispered to it goes on, and is heard only where it hears
        something else as well."""
        mouth = self._mouths.get(leg.leg_id)
        if leg.prompts and _is_alone(leg) and mouth is not None and mouth.stream is not None and mouth.stream.tap:
            self._comfort.send(leg)

    def ended(self, leg: AriLeg) -> None:
        """It is over, and nothing is told of what was to be played."""
        leg.prompts.clear()
        self._tones.forget(leg.leg_id)
        self._mouths.pop(leg.leg_id, None)

    def forget(self) -> None:
        """Nothing is known of any leg any more."""
        self._tones.forget()
        self._mouths.clear()

    # --- how one is played --------------------------------------------------------------------------------------------

    def _begin(self, leg: AriLeg) -> None:
        self._comfort.end(leg)
        self._music.look(leg)
        play_id, what = leg.prompts[0]
        if isinstance(what, Saying):
            self._speak(what, partial(self._spoken, leg, play_id))
        else:
            self._tones.begin(leg, what, lambda heard: self._over(leg, play_id, heard=heard))

    def _spoken(self, leg: AriLeg, play_id: str, sounds: Sounds | None) -> None:
        if self._legs.get(leg.leg_id) is not leg or not leg.prompts or leg.prompts[0][0] != play_id:
            return
        if sounds is None or leg.cause is not None:
            self._over(leg, play_id)
            return
        mouth = self._mouths.get(leg.leg_id)
        if mouth is not None and mouth.stream is not None and (mouth.stream.tap is None) is not _is_alone(leg):
            self._let_go(mouth)
            mouth = None
        if mouth is None:
            mouth = self._open(play_id, leg)
        mouth.sounds = sounds
        if mouth.stream is not None and mouth.stream.is_ready:
            self.say(mouth)

    def _open(self, stream_id: str, leg: AriLeg) -> _Mouth:
        mouth = self._mouths[leg.leg_id] = _Mouth(self, leg)
        tap = None if _is_alone(leg) else WHISPER
        mouth.stream = self._streams.open(stream_id, leg, tap, mouth, listens=False)
        return mouth

    def say(self, mouth: _Mouth) -> None:
        """Its stream is ready: play what is next."""
        if mouth.sounds is not None and mouth.leg.prompts and mouth.stream is not None:
            paths, mouth.sounds = tuple(map(str, mouth.sounds)), None
            mouth.plays += 1
            play_id, saying = mouth.leg.prompts[0]
            again = isinstance(saying, Saying) and saying.again
            self._streams.sounds.say(wire.Play(mouth.stream.stream_id, play_id, paths, again))

    def played(self, mouth: _Mouth, frame: wire.Played) -> None:
        """A prompt was played, or broken off, which was told then."""
        self.trouble = frame.problem or None
        self._over(mouth.leg, frame.play_id, heard=not frame.problem)

    def lost(self, mouth: _Mouth, why: str) -> None:
        """A stream is gone: what was played on it is over."""
        leg = mouth.leg
        if self._mouths.get(leg.leg_id) is mouth:
            del self._mouths[leg.leg_id]
        self.trouble = why or self.trouble
        if self._legs.get(leg.leg_id) is leg and leg.prompts and leg.cause is None:
            self._over(leg, leg.prompts[0][0])

    def _let_go(self, mouth: _Mouth) -> None:
        if self._mouths.get(mouth.leg.leg_id) is mouth:
            del self._mouths[mouth.leg.leg_id]
        if mouth.stream is not None:
            self._streams.close(mouth.stream)

    def _over(self, leg: AriLeg, play_id: str, *, heard: bool = False) -> None:
        found = next((each for each in leg.prompts if each[0] == play_id), None)
        # Of a leg that is hung up its end is told alone.
        if found is None or self._legs.get(leg.leg_id) is not leg or leg.cause is not None:
            return
        first = leg.prompts[0] is found
        leg.prompts.remove(found)
        mouth = self._mouths.get(leg.leg_id)
        if first and mouth is not None:
            mouth.sounds = None
        self._tell(PlaybackEnded(leg.leg_id, play_id, heard))
        if not leg.prompts:
            self._later(PAUSE, partial(self._music.look, leg))
        if first and leg.prompts:
            self._begin(leg)
        elif mouth is not None and not leg.prompts:
            self._later(LINGERS, partial(self._is_idle, mouth, mouth.plays))

    def _is_idle(self, mouth: _Mouth, plays: int) -> None:
        if self._mouths.get(mouth.leg.leg_id) is mouth and mouth.plays == plays and not mouth.leg.prompts:
            self._let_go(mouth)


def _hears_a_tone(leg: AriLeg) -> bool:
    return bool(leg.prompts) and not isinstance(leg.prompts[0][1], Saying)


def _is_alone(leg: AriLeg) -> bool:
    """Whether it may be put into a bridge with what speaks to it. A machine that is listened to is in another one."""
    return leg.peer is None and not leg.awaits_greeting
