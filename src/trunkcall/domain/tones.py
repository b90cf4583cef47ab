"""Short tones that stand for words, and how they are written in a setting.

Decides what a tone is made of and how long it may be. It must not know who hears it, nor when.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from trunkcall.domain.instants import MILLISECOND, Duration

Tone: TypeAlias = tuple[tuple[int, int], ...]
"""Parts that follow each other: how many hertz, and for how many milliseconds. 0 hertz is silence."""

MIN_HERTZ: Final = 100
MAX_HERTZ: Final = 3400
"""What a telephone line carries."""
MAX_TONE_MS: Final = 500
"""Of all parts of a tone that a setting has."""


def lasts(tone: Tone) -> Duration:
    """How long it is heard."""
    return sum([length for _, length in tone]) * MILLISECOND


def written(tone: Tone) -> str:
    """As ``parse_tone`` reads it."""
    return ",".join([f"{hertz}/{length}" for hertz, length in tone])


def parse_tone(text: str) -> Tone:
    """A tone from its setting: ``880/150``, hertz and milliseconds, or several with commas between them; none from an
    empty one. Raises ValueError, which says what it must be."""
    parts = []
    for part in text.split(",") if text.strip() else ():
        hertz, slash, length = part.strip().partition("/")
        if not slash or not hertz.isdecimal() or not length.isdecimal():
            raise ValueError("must look like 880/150: hertz and milliseconds, several with commas between them")
        parts.append((int(hertz), int(length)))
    if any(hertz and not MIN_HERTZ <= hertz <= MAX_HERTZ for hertz, _ in parts):
        raise ValueError(f"must have tones of {MIN_HERTZ} to {MAX_HERTZ} hertz, or 0 for silence")
    if any(not length for _, length in parts) or sum([length for _, length in parts]) > MAX_TONE_MS:
        raise ValueError(f"must last {MAX_TONE_MS} ms at most, and each part 1 ms at least")
    return tuple(parts)
