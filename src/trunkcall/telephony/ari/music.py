"""What customers on hold hear where nobody has given music of their own: quiet chords, which nobody owns.

Decides the sound alone. It must not know where Asterisk looks for it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from trunkcall.amd.g711 import RATE
from trunkcall.telephony.sound import ulaw

CHORDS: Final = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 261.6, 329.6), (196.0, 246.9, 293.7))
"""In hertz: a minor, F major, C major, G major, all between a and e' so that a telephone carries them."""
CHORD_S: Final = 4.0
APART_S: Final = 0.5
"""Between the beginnings of a chord's tones."""
LOUDNESS: Final = 0.06
"""Of each tone, of what a telephone can carry: some 10 dB below speech."""


def hold_music() -> bytes:
    """Sixteen seconds that can be played over and over, 8,000 octets of mu-law each."""
    length = round(len(CHORDS) * CHORD_S * RATE)
    sound = np.zeros(length)
    at_s = np.arange(round(2 * CHORD_S * RATE)) / RATE
    # Each tone comes softly, fades, and is gone before its chord comes again.
    shape = np.minimum(at_s / 0.05, 1.0) * np.exp(-at_s / 1.2) * np.minimum((at_s[-1] - at_s) / 0.1, 1.0)
    for place, chord in enumerate(CHORDS):
        for order, hertz in enumerate((*chord, chord[1])):
            begin = round((place * CHORD_S + order * APART_S) * RATE)
            heard = np.sin(2 * np.pi * hertz * at_s) + 0.25 * np.sin(4 * np.pi * hertz * at_s)
            # What goes on at the end is heard at the beginning.
            np.add.at(sound, (begin + np.arange(len(at_s))) % length, LOUDNESS * shape * heard)
    return ulaw.encoded(np.rint(np.clip(sound, -1.0, 1.0) * 32_767).astype(np.int16))
