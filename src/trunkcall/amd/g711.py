"""The octets of a codec as samples of 16 bits.

Decides how they are decoded (ITU-T G.711). It must not know where they come from.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.int16]

RATE: Final = 8_000
"""Samples a second, of every codec here."""


class Codec(StrEnum):
    """By the names that Asterisk gives them."""

    ULAW = "ulaw"
    ALAW = "alaw"
    SLIN = "slin"
    """Samples of 16 bits, little-endian."""

    @property
    def width(self) -> int:
        """Octets of a sample."""
        return 2 if self is Codec.SLIN else 1


def _of_ulaw(octet: int) -> int:
    octet = ~octet & 0xFF
    size = (((octet & 0x0F) << 3) + 132 << (octet >> 4 & 7)) - 132
    return -size if octet & 0x80 else size


def _of_alaw(octet: int) -> int:
    octet ^= 0x55
    exponent, mantissa = octet >> 4 & 7, (octet & 0x0F) << 4
    size = mantissa + 8 if exponent == 0 else mantissa + 0x108 << exponent - 1
    return size if octet & 0x80 else -size


_TABLES: Final = {
    Codec.ULAW: np.array([_of_ulaw(octet) for octet in range(256)], np.int16),
    Codec.ALAW: np.array([_of_alaw(octet) for octet in range(256)], np.int16),
}


def decoded(payload: bytes, codec: Codec) -> Samples:
    """Its samples; of SLIN there must be an even number of octets."""
    if codec is Codec.SLIN:
        return np.frombuffer(payload, "<i2").astype(np.int16)
    return _TABLES[codec][np.frombuffer(payload, np.uint8)]
