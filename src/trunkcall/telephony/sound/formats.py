"""Sound files of common formats as sound that a telephone carries: G.711 mu-law, 8,000 octets a second.

Decides which formats are read, and by what: WAV files of PCM samples without any library, all others by soundfile, a
wheel that brings libsndfile along. It must not know where a file comes from.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np

from trunkcall.telephony.ari.sound import MAX_RATE, Samples, SoundError, read_wav, resampled
from trunkcall.telephony.sound.ulaw import encoded

FORMATS: Final = "WAV, MP3, FLAC, Ogg (Vorbis or Opus), AIFF and AU"
MAX_CHANNELS: Final = 8


class UnreadableSoundError(SoundError):
    """The file is no sound that can be read."""


class NoReaderError(UnreadableSoundError):
    """To read other formats than WAV soundfile is needed, which is not installed: pip install 'trunkcall[sounds]'."""


def telephone_sound(file: bytes, *, max_s: int) -> bytes:
    """The sound of a file, mixed to one channel. Raises UnreadableSoundError; that of one that is longer than so many
    seconds may be given."""
    samples, rate = _read(file, max_s)
    if not np.isfinite(samples).all():
        raise UnreadableSoundError("It has samples that are no numbers.")
    made = np.clip(np.rint(resampled(samples, rate) * 32767.0), -32768, 32767).astype(np.int16)
    return encoded(made)


def _read(file: bytes, max_s: int) -> tuple[Samples, int]:
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
            if rate > MAX_RATE or sound.channels > MAX_CHANNELS:
                raise UnreadableSoundError(
                    f"It has {sound.channels} channels of {rate:,} samples a second: {MAX_CHANNELS} of {MAX_RATE:,} "
                    "can be read at most."
                )
            # Hours of silence fit into a small file. At once, as libsndfile loses some of an MP3 from block to block.
            read = sound.read(max_s * rate + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, TypeError, ValueError, RuntimeError):
        raise UnreadableSoundError(f"It is no sound that can be read: {FORMATS} can.") from None
    if len(read) > max_s * rate:
        raise UnreadableSoundError(f"It is longer than {max_s} seconds.")
    return read.mean(axis=1, dtype=np.float64), rate
