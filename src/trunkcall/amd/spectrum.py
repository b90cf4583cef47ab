"""How loud a piece of sound is, and how much of it one or two pure tones are.

Decides how a frame is measured: 32 ms, one every 20 ms. It must not know what is made of that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from trunkcall.amd.g711 import RATE, Samples

WINDOW: Final = 256
HOP: Final = 160
"""Samples of a frame, and from one to the next."""
AT_ONCE: Final = 2
"""Frames that are measured together. Always as many: then a frame's figures are the same to the last bit, in whatever
pieces the sound comes."""
BLOCK: Final = WINDOW + HOP * (AT_ONCE - 1)
"""Samples that are looked at for that; the next block begins ``HOP * AT_ONCE`` later."""
QUIETEST_DB: Final = -96.0
"""What nothing at all counts as."""
FAINTEST_DB: Final = -50.0
"""Of a tone that is looked for."""

_BIN_HZ: Final = RATE / WINDOW
_LOWEST: Final = 4
"""The bin from which sound counts, 125 Hz: below there is the hum of mains."""
_FIRST, _LAST = 10, 76
"""Between these bins tones are looked for: 313 to 2375 Hz."""
_LOBE: Final = 2
"""A pure tone is in the bin that it is in, and as many on either side (a Hann window's main lobe)."""
_HANN: Final = np.hanning(WINDOW + 1)[:WINDOW]
_FRAMES: Final = np.arange(AT_ONCE)[:, None] * HOP + np.arange(WINDOW)
_FULL_SCALE: Final = float((32768.0 * _HANN.sum() / 2) ** 2 * 1.5)
"""Energy of a tone as loud as can be, over its lobe."""


@dataclass(frozen=True, slots=True)
class Frame:
    """``level_db`` is 0 for the loudest tone that there is. ``power`` is the same, linear. The strongest tone is of
    ``hz`` and has ``tone`` of the power; the next one that is none of its neighbours, ``second_hz`` and ``second``."""

    level_db: float
    power: float
    hz: float
    tone: float
    second_hz: float
    second: float


def measured(block: Samples) -> list[Frame]:
    """Its frames. There must be ``BLOCK`` samples."""
    frames = block[_FRAMES] * _HANN
    spectrum = np.fft.rfft(frames, axis=1)
    energy: npt.NDArray[np.float64] = (spectrum.real**2 + spectrum.imag**2) / _FULL_SCALE
    return [_measured(each) for each in energy]


def _measured(energy: npt.NDArray[np.float64]) -> Frame:
    power = float(energy[_LOWEST:].sum())
    level_db = max(QUIETEST_DB, 10 * math.log10(power)) if power > 0.0 else QUIETEST_DB
    if level_db < FAINTEST_DB:
        return Frame(level_db, power, 0.0, 0.0, 0.0, 0.0)
    at = _FIRST + int(energy[_FIRST:_LAST].argmax())
    hz, tone = _tone(energy, at)
    # What is left without the first.
    energy[at - _LOBE - 1 : at + _LOBE + 2] = 0.0
    at = _FIRST + int(energy[_FIRST:_LAST].argmax())
    second_hz, second = _tone(energy, at)
    return Frame(level_db, power, hz, tone, second_hz, second)


def _tone(energy: npt.NDArray[np.float64], at: int) -> tuple[float, float]:
    """Where exactly a tone is whose peak is in this bin, by those beside it, and what power it has."""
    below, middle, above = (float(each) ** 0.5 for each in energy[at - 1 : at + 2])
    if middle == 0.0:
        return 0.0, 0.0
    # Exact for one pure tone under a Hann window.
    side = max(below, above) / middle
    shift = (2 * side - 1) / (side + 1)
    hz = (at + (shift if above >= below else -shift)) * _BIN_HZ
    return hz, float(energy[at - _LOBE : at + _LOBE + 1].sum())
