"""A WAV file of whatever rate as one that Asterisk plays as it is: 8,000 samples a second, mono, 16 bits.

Decides how samples are read, mixed and resampled. It does no I/O, and must not know who has made the file.
"""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Sequence
from fractions import Fraction
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
_SILENT: Final = 0.01
_EDGE: Final = RATE // 20
"""Samples of silence that are left."""
_ZERO_CROSSINGS: Final = 16
"""Of the low-pass filter, on either side."""
_PASS: Final = 0.9
"""How much of the band is kept, below where it would fold over."""
_MOST_PLACES: Final = 1_000
"""At how many places between samples of the source one of the result may lie: then its rate is right to a millionth."""
_BLOCK: Final = 160
"""Samples that are made of one block, at least."""
_AT_ONCE: Final = 1_000_000
"""Samples of blocks that are taken at once."""


class SoundError(TrunkcallError):
    """It is no WAV file of PCM samples, of 1 to 192,000 a second and at most ten minutes."""


def samples_of(wav: bytes) -> Samples:
    """Its samples, so many a second as Asterisk plays. Raises SoundError."""
    return resampled(*read_wav(wav))


def without_edges(samples: Samples) -> Samples:
    """Without most of the silence around it, which whoever speaks one sentence leaves."""
    loud = np.flatnonzero(np.abs(samples) > _SILENT)
    if not len(loud):
        return samples[:0]
    return samples[max(int(loud[0]) - _EDGE, 0) : int(loud[-1]) + _EDGE]


def silence(length_s: float) -> Samples:
    """Nothing to be heard."""
    return np.zeros(round(length_s * RATE))


def joined(sounds: Sequence[Samples]) -> Samples:
    """One after the other. Raises SoundError where that is longer than a sound may be."""
    if sum(map(len, sounds)) > MAX_S * RATE:
        raise SoundError
    return np.concatenate(sounds)


def as_wav(samples: Samples) -> bytes:
    """As a file that Asterisk plays as it is."""
    made = np.clip(np.rint(samples * 32767.0), -32768, 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(made.tobytes())
    return out.getvalue()


def resampled(samples: Samples, rate: int) -> Samples:
    """As many samples a second as ``RATE``, by a low-pass filter (a sinc, windowed by Hann) around each. Blocks of the
    source, each with what is around it, are multiplied with a matrix that has the filters of a block's samples."""
    if rate == RATE or not len(samples):
        return samples
    ratio = Fraction(RATE, rate).limit_denominator(_MOST_PLACES)
    several = max(1, _BLOCK // ratio.numerator)
    made, taken = ratio.numerator * several, ratio.denominator * several
    cutoff = min(1.0, RATE / rate) * _PASS
    half = math.ceil(_ZERO_CROSSINGS / cutoff)
    # Where each sample of a block lies in the source, and how far from it those around are.
    places = np.arange(made) * taken / made
    first = places.astype(int)
    away = np.arange(1 - half, half + 1) - (places - first)[:, None]
    filters = np.zeros((taken + 2 * half, made))
    filters[first[:, None] + np.arange(1, 2 * half + 1), np.arange(made)[:, None]] = (
        cutoff * np.sinc(cutoff * away) * (0.5 + 0.5 * np.cos(np.pi * np.clip(away / half, -1.0, 1.0)))
    )
    padded = np.pad(samples, (half, half + taken))
    blocks = np.lib.stride_tricks.sliding_window_view(padded, taken + 2 * half)[::taken]
    at_once = max(1, _AT_ONCE // len(filters))
    parts = [(blocks[at : at + at_once] @ filters).reshape(-1) for at in range(0, len(blocks), at_once)]
    return np.concatenate(parts)[: len(samples) * made // taken]


def read_wav(wav: bytes) -> tuple[Samples, int]:
    """The samples, mixed, and how many a second there are. Raises SoundError."""
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
