"""Sound files of common formats as sound that a telephone carries: G.711 mu-law, 8,000 octets a second.

Decides which formats are read, and by what: WAV files of PCM samples without any library, all others by soundfile, a
wheel that brings libsndfile along. It must not know where a file comes from.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np

from trunkcall.telephony.ari.sound import MAX_RATE, RATE, Samples, SoundError, read_wav, resampled
from trunkcall.telephony.sound.ulaw import encoded

FORMATS: Final = "WAV, MP3, FLAC, Ogg (Vorbis or Opus), AIFF and AU"
MAX_CHANNELS: Final = 8
MIN_S: Final = 0.05
"""Shorter ones are nothing that anybody hears."""
_QUIETEST: Final = 8
"""Of 32,767: mu-law has no step that is smaller."""
_MISSING: Final = 1024
"""Octets that may be missing at a file's end, as some programs count what is around the sound in their own way."""
_UNKNOWN: Final = 0x7F00_0000
"""From here on a length is what programs write that do not know it yet, as they write to a pipe."""


class UnreadableSoundError(SoundError):
    """The file is no sound that can be read."""


class NoReaderError(UnreadableSoundError):
    """To read other formats than WAV soundfile is needed, which is not installed: pip install 'trunkcall[sounds]'."""


def telephone_sound(file: bytes, *, max_s: int) -> bytes:
    """The sound of a file, mixed to one channel. Raises UnreadableSoundError, for one that was cut short and one in
    which nothing is heard as well; that of one that is longer than so many seconds may be given."""
    if not file:
        raise UnreadableSoundError("The file is empty.")
    samples, rate = _read(file, max_s)
    if not np.isfinite(samples).all():
        raise UnreadableSoundError("It has samples that are no numbers.")
    made = np.clip(np.rint(resampled(samples, rate) * 32767.0), -32768, 32767).astype(np.int16)
    if len(made) < MIN_S * RATE:
        raise UnreadableSoundError("There is no sound in it: it ends where the sound should begin.")
    if _is_cut_short(file):
        raise UnreadableSoundError(
            f"It was cut short after {len(made) / RATE:.1f} s: it ends before the place that its header names. Copy or "
            "record it again."
        )
    if not np.any(np.abs(made) >= _QUIETEST):
        raise UnreadableSoundError("It is silent from its beginning to its end: nobody would hear anything.")
    return encoded(made)


def _is_cut_short(file: bytes) -> bool:
    """Whether a WAV or AIFF file is shorter than it says. Of other formats most cannot be read then."""
    match file[:4]:
        case b"RIFF":
            size = int.from_bytes(file[4:8], "little")
        case b"FORM":
            size = int.from_bytes(file[4:8], "big")
        case _:
            return False
    return len(file) + _MISSING < size < _UNKNOWN


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
