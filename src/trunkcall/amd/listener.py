"""What is heard on an answered leg, of sound as it comes: beeps, and from when on a machine would record a message.

Decides when a greeting is over: with a beep, with some two seconds of silence, or after half a minute. It has no clock:
time is the sound that it was given. It must not know who is listened to, nor what is to be said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np

from trunkcall.amd.g711 import RATE, Samples, decoded
from trunkcall.amd.spectrum import AT_ONCE, BLOCK, HOP, WINDOW, Frame, measured
from trunkcall.amd.tones import Tones
from trunkcall.amd.voice import Voice
from trunkcall.domain.instants import MILLISECOND, SECOND, Duration

AFTER_BEEP: Final[Duration] = 150 * MILLISECOND
"""A machine begins to record a little after its beep."""
SILENCE: Final[Duration] = 2200 * MILLISECOND
"""After so long without a word a greeting is over; people who read one out pause for 1.6 s, and let words fade away
before that."""
FIRST_WORD: Final[Duration] = 4 * SECOND
"""Within that it begins, if there is one."""
LONGEST: Final[Duration] = 30 * SECOND
"""Where it is never quiet, a message is said into whatever there is."""
_SPOKEN: Final = 3
"""Frames in a row that are loud, from which it is speech and no click."""


class How(StrEnum):
    """By what a greeting is known to be over."""

    BEEP = "beep"
    SILENCE = "silence"
    TOO_LONG = "too long"


@dataclass(frozen=True, slots=True)
class Beep:
    """A machine has beeped. Both are since the first sample; each is known to some 20 ms."""

    began_after: Duration
    ended_after: Duration
    hz: float


@dataclass(frozen=True, slots=True)
class GreetingEnded:
    """From here on what is said is recorded. ``ended_after`` is when the last word was over, or the beep, since the
    first sample; 0 if there was none. ``known_after`` is how much sound that took."""

    how: How
    ended_after: Duration
    known_after: Duration


Heard: TypeAlias = Beep | GreetingEnded


class Listener:
    """Of one leg. It may be listened to for as long as it is up: each beep is told, and once that the greeting is
    over."""

    def __init__(self) -> None:
        self._samples: Samples = np.zeros(0, np.int16)
        self._frames = 0
        self._tones = Tones()
        self._voice = Voice()
        self._loud = 0
        self._sounded_at = 0
        """The frame before which it is known to have been quiet for a while."""
        self._beep: Beep | None = None
        self._told = False

    def feed(self, octets: bytes) -> tuple[Heard, ...]:
        """What is known with these, mu-law, however they are cut."""
        return self._heard(decoded(octets))

    def gap(self, samples: int) -> tuple[Heard, ...]:
        """So many have not come: where a far end that is silent sends nothing, and where packets are lost."""
        return self._heard(np.zeros(samples, np.int16))

    @property
    def listened_for(self) -> Duration:
        """How much sound there was."""
        return _duration(self._frames * HOP + len(self._samples))

    def _heard(self, samples: Samples) -> tuple[Heard, ...]:
        self._samples = np.concatenate((self._samples, samples))
        heard: list[Heard] = []
        at = 0
        while len(self._samples) - at >= BLOCK:
            for frame in measured(self._samples[at : at + BLOCK]):
                heard.extend(self._takes(frame))
            at += HOP * AT_ONCE
        self._samples = self._samples[at:]
        return tuple(heard)

    def _takes(self, frame: Frame) -> Iterator[Heard]:
        self._frames += 1
        for tone in self._tones.hears(frame, self._voice.background):
            self._beep = Beep(_duration(tone.begins), _duration(tone.ends), tone.hz)
            yield self._beep
        is_loud = self._voice.hears(frame, is_tone=self._tones.has_begun)
        self._loud = self._loud + 1 if is_loud else 0
        if self._loud >= _SPOKEN:
            self._sounded_at = self._frames * HOP + WINDOW - HOP
        if not self._told:
            yield from self._over()

    def _over(self) -> Iterator[GreetingEnded]:
        now = _duration(self._frames * HOP)
        sounded = _duration(self._sounded_at)
        if self._tones.has_begun:
            # Perhaps another beep, right after the first.
            return
        if self._beep is not None and now >= self._beep.ended_after + AFTER_BEEP:
            yield self._ended(How.BEEP, self._beep.ended_after, now)
        elif self._beep is None and now >= max(sounded + SILENCE, 0 if sounded else FIRST_WORD):
            yield self._ended(How.SILENCE, sounded, now)
        elif now >= LONGEST:
            yield self._ended(How.TOO_LONG, sounded, now)

    def _ended(self, how: How, ended: Duration, now: Duration) -> GreetingEnded:
        self._told = True
        return GreetingEnded(how, ended, now)


def _duration(samples: int) -> Duration:
    return samples * SECOND // RATE
