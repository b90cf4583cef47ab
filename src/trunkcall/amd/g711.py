"""Octets of G.711's mu-law, in which sound comes from a switch, as samples of 16 bits.

Decides how they are decoded (ITU-T G.711). It must not know where they come from.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.int16]

RATE: Final = 8_000
"""Samples a second."""


def _samples() -> Samples:
    octets = ~np.arange(256, dtype=np.int32) & 0xFF
    sizes = (((octets & 0x0F) << 3) + 132 << (octets >> 4 & 7)) - 132
    return np.where(octets & 0x80, -sizes, sizes).astype(np.int16)


_SAMPLES: Final = _samples()


def decoded(octets: bytes) -> Samples:
    """As samples, one for each."""
    return _SAMPLES[np.frombuffer(octets, np.uint8)]
