"""The keyed hash that stands for a number wherever a number need only be known again.

Decides how it is made. Whoever has a store's file and not the key finds no number by it; whoever has both can try all
numbers that there are. It must not know what a number is known again for.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

PURPOSE: Final = "number key"
"""What the key is derived for."""
_BYTES: Final = 8

_MARK: Final = "mark"
"""No number."""

NumberKey: TypeAlias = Callable[[str], int]
"""The number key of a number in E.164, from -2**63 to 2**63 - 1."""


def number_key(number: str, *, key: bytes) -> int:
    """The first 64 bits of HMAC-SHA256. Of ten million numbers one more has the key of one of them with a probability
    of 5e-13."""
    made = _begun(key).copy()
    made.update(number.encode())
    return int.from_bytes(made.digest()[:_BYTES], "big", signed=True)


def key_mark(key_of: NumberKey) -> int:
    """By which the key of number keys is known again, from 0 to 2**63 - 1."""
    return key_of(_MARK) & ((1 << 63) - 1)


@lru_cache(8)
def _begun(key: bytes) -> hmac.HMAC:
    """With the key taken in, which takes half of the time of a number. ``hmac.digest`` lets go of the interpreter's
    lock besides, for each number."""
    return hmac.new(key, digestmod="sha256")
