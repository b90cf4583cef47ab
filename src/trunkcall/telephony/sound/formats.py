"""Sound files of common formats as sound that a telephone carries: G.711 mu-law, 8,000 octets a second.

Decides which formats are read, and by what: WAV files of PCM samples without any library, all others by soundfile, a
wheel that brings libsndfile along. It must not know where a file comes from.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np

from trunkcall.telephony.ari.sound import Samples, SoundError, read_wav, resampled
from trunkcall.telephony.sound.ulaw import encoded

FORMATS: Final = "WAV, MP3, FLAC, Ogg (Vorbis or Opus), AIFF and AU"
MAX_S: Final = 600.0
"""Longest sound that is taken, in seconds."""


class UnreadableSoundError(SoundError):
    """The file is no sound that can be read."""


class NoReaderError(UnreadableSoundError):
    """To read other formats than WAV soundfile is needed, which is not installed: pip install 'trunkcall[sounds]'."""


def telephone_sound(file: bytes) -> bytes:
    """The sound of a file, mixed to one channel. Raises UnreadableSoundError."""
    samples, rate = _read(file)
    made = np.clip(np.rint(resampled(samples, rate) * 32767.0), -32768, 32767).astype(np.int16)
    return encoded(made)


def _read(file: bytes) -> tuple[Samples, int]:
    try:
        return read_wav(file)
    except SoundError:
        pass
    try:
        import soundfile
    except (ImportError, OSError):
        # Where its library cannot be loaded it raises OSError.
        raise NoReaderError from None
    try:
        with soundfile.SoundFile(io.BytesIO(file)) as sound:
            rate = int(sound.samplerate)
            read = sound.read(int(MAX_S * rate) + 1, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, TypeError, ValueError, RuntimeError):
        raise UnreadableSoundError(f"It is no sound that can be read: {FORMATS} can.") from None
    if len(read) > MAX_S * rate:
        raise UnreadableSoundError(f"The sound is longer than {MAX_S:g} seconds.")
    return read.mean(axis=1), rate
