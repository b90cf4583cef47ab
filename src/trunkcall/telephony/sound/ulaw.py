"""Samples as octets of G.711's mu-law, and the sounds of files as such; ``amd.g711`` makes samples of octets.

Decides nothing but the form (ITU-T G.711). Files are WAV as ``telephony.ari.sound`` makes them, 8,000 samples of 16
bits a second, mono; or octets alone, where a file's name ends in ``.ulaw``.
"""

from __future__ import annotations

import wave
from typing import Final

import numpy as np
import numpy.typing as npt

from trunkcall.amd.g711 import RATE, Samples

RAW: Final = ".ulaw"
MAX_S: Final = 3_600
"""Longest sound that is read, in seconds."""


class NoSoundError(ValueError):
    """The file is no WAV file of 8,000 samples of 16 bits a second, mono."""


def _octets() -> npt.NDArray[np.uint8]:
    """The octet of every sample, by the sample's own 16 bits."""
    samples = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    sizes = np.minimum(np.abs(samples), 32_635) + 132
    exponents = np.floor(np.log2(sizes)).astype(np.int32) - 7
    octets = exponents << 4 | sizes >> (exponents + 3) & 0x0F | np.where(samples < 0, 0x80, 0)
    encoded: npt.NDArray[np.uint8] = (~octets & 0xFF).astype(np.uint8)
    return encoded


_OCTETS: Final = _octets()


def encoded(samples: Samples) -> bytes:
    """As octets, one for each."""
    return _OCTETS[samples.view(np.uint16)].tobytes()


def read(path: str) -> bytes:
    """The sound of a file, as octets. Raises NoSoundError, and OSError where it cannot be read."""
    if path.endswith(RAW):
        with open(path, "rb") as raw:
            return raw.read(MAX_S * RATE)
    try:
        with wave.open(path, "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                raise NoSoundError
            data = file.readframes(min(file.getnframes(), MAX_S * RATE))
    except (wave.Error, EOFError, RuntimeError):
        raise NoSoundError from None
    return encoded(np.frombuffer(data, "<i2").astype(np.int16))
