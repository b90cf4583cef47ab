"""A WAV file of whatever rate as one that Asterisk plays as it is: 8,000 samples a second, mono, 16 bits.

Decides how samples are read, mixed and resampled. It does no I/O, and must not know who has made the file.
"""

from __future__ import annotations

import io
import math
import wave
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from trunkcall.domain.errors import TrunkcallError

Samples: TypeAlias = npt.NDArray[np.float64]
"""From -1 to 1."""

RATE: Final = 8_000
MAX_RATE: Final = 192_000
MAX_S: Final = 600.0
"""Longest sound that is taken, in seconds."""
_ZERO_CROSSINGS: Final = 16
"""Of the low-pass filter, on either side."""
_PASS: Final = 0.9
"""How much of the band is kept, below where it would fold over."""
_AT_ONCE: Final = 4_000
"""Samples that are made at once."""


class SoundError(TrunkcallError):
    """It is no WAV file of PCM samples, of 1 to 192,000 a second and at most ten minutes."""


def for_switch(wav: bytes) -> bytes:
    """The same sound as Asterisk plays it. Raises SoundError."""
    samples, rate = _read(wav)
    made = np.clip(np.rint(resampled(samples, rate) * 32767.0), -32768, 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(made.tobytes())
    return out.getvalue()


def resampled(samples: Samples, rate: int) -> Samples:
    """As many samples a second as ``RATE``, by a low-pass filter (a sinc, windowed by Hann) around each."""
    if rate == RATE or not len(samples):
        return samples
    common = math.gcd(rate, RATE)
    phases, step = RATE // common, rate // common
    cutoff = min(1.0, RATE / rate) * _PASS
    half = math.ceil(_ZERO_CROSSINGS / cutoff)
    taps = np.arange(1 - half, half + 1)
    # Samples of the result lie at only so many places between two of the source.
    away = taps - np.arange(phases)[:, None] / phases
    filters = cutoff * np.sinc(cutoff * away) * (0.5 + 0.5 * np.cos(np.pi * np.clip(away / half, -1.0, 1.0)))
    padded = np.pad(samples, half)
    number = len(samples) * phases // step
    parts = []
    for first in range(0, number, _AT_ONCE):
        places = np.arange(first, min(first + _AT_ONCE, number)) * step
        around = padded[(places // phases)[:, None] + taps + half]
        parts.append(np.einsum("ij,ij->i", around, filters[places % phases]))
    return np.concatenate(parts) if parts else samples[:0]


def _read(wav: bytes) -> tuple[Samples, int]:
    """The samples, mixed, and how many a second there are."""
    try:
        with wave.open(io.BytesIO(wav), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            usable = channels > 0 and 1 <= width <= 4 and 0 < rate <= MAX_RATE
            # What its header says of its length may be anything where the file was written to a pipe.
            data = file.readframes(min(file.getnframes(), int(MAX_S * rate) + 1)) if usable else b""
    except (wave.Error, EOFError, RuntimeError):
        raise SoundError from None
    frame = channels * width
    if not usable or len(data) // frame > MAX_S * rate:
        raise SoundError
    return _decoded(data[: len(data) // frame * frame], width).reshape(-1, channels).mean(axis=1), rate


def _decoded(data: bytes, width: int) -> Samples:
    match width:
        case 1:
            return (np.frombuffer(data, "u1").astype(np.float64) - 128.0) / 128.0
        case 3:
            # The three octets of each are the upper ones of four.
            wide: npt.NDArray[Any] = np.zeros((len(data) // 3, 4), "u1")
            wide[:, 1:] = np.frombuffer(data, "u1").reshape(-1, 3)
            return wide.reshape(-1).view("<i4").astype(np.float64) / 2.0**31
        case _:
            return np.frombuffer(data, f"<i{width}").astype(np.float64) / 2.0 ** (8 * width - 1)
