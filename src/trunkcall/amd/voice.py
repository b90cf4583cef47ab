"""Whether somebody speaks, in front of whatever else is heard.

Decides what is quiet on this line and how loud its speaker is, by what was heard so far. It is told frames, and must
not know what is said.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from trunkcall.amd.spectrum import QUIETEST_DB, Frame

_REMEMBERS: Final = 100
"""Frames of which the quiet ones are the line's noise: 2 s."""
_AMONG: Final = 10
"""The quietest but so many of them, as noise comes and goes, and packets are lost."""
_NOTHING_DB: Final = -75.0
"""What is quieter is no sound at all: a line that is still."""
_ABOVE_DB: Final = 8.0
_BELOW_PEAK_DB: Final = 22.0
"""A speaker is so much louder than the noise at least, and so much quieter than at the loudest at most."""
_NEAR_PEAK_DB: Final = 4.0
"""What is no quieter than that is the speaker, however few pauses there are."""
_LEAST_DB: Final = -50.0
_PEAK_FALLS_DB: Final = 0.02
"""In a frame: a decibel a second."""


class Voice:
    """Told frame by frame."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_REMEMBERS)
        self._peak_db = QUIETEST_DB
        self.background = 0.0
        """The power of the line's noise; 0 while none is known."""

    def hears(self, frame: Frame, *, is_tone: bool) -> bool:
        """Whether somebody speaks in this frame. A tone is loud as well, and is neither a voice nor noise."""
        level = frame.level_db
        if not is_tone:
            self._levels.append(max(level, _NOTHING_DB))
        noise_db = self._noise_db()
        self.background = 10 ** (noise_db / 10) if noise_db > _NOTHING_DB else 0.0
        self._peak_db -= _PEAK_FALLS_DB
        above = min(noise_db + _ABOVE_DB, self._peak_db - _NEAR_PEAK_DB)
        speaks = level > max(_LEAST_DB, above, self._peak_db - _BELOW_PEAK_DB)
        if speaks and not is_tone:
            self._peak_db = max(self._peak_db, level)
        return speaks

    def _noise_db(self) -> float:
        if len(self._levels) <= 2 * _AMONG:
            return QUIETEST_DB
        return sorted(self._levels)[_AMONG]
