"""The hash of a password that Asterisk compares with: SHA-512 crypt, as crypt(3) of Linux has it.

Asterisk makes the hash anew for each request, whichever way it comes, and for each websocket: with the usual 5,000
rounds that took more of its processor than most requests themselves. So it has as few rounds as crypt takes.

Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", 2016, whose names the comments use. The standard
library's own ``crypt`` is gone from Python 3.13, and there is none on macOS.
"""

from __future__ import annotations

import hashlib
from typing import Final

ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SALT_LENGTH: Final = 16
ROUNDS: Final = 1000
"""The fewest that there may be."""


def sha512_crypt(password: str, salt: str) -> str:
    """The hash, as ``$6$rounds=1000$salt$…``. ``salt`` has at most 16 characters of ``ALPHABET``."""
    key, salted = password.encode(), salt.encode()
    alternate = hashlib.sha512(key + salted + key).digest()
    first = hashlib.sha512(key + salted + _to_length(alternate, len(key)))
    bits = len(key)
    while bits:
        first.update(alternate if bits & 1 else key)
        bits >>= 1
    digest = first.digest()
    # DP, DS and the sequences P and S made of them.
    p = _to_length(hashlib.sha512(key * len(key)).digest(), len(key))
    s = _to_length(hashlib.sha512(salted * (16 + digest[0])).digest(), len(salted))
    for turn in range(ROUNDS):
        text = p if turn & 1 else digest
        text += s if turn % 3 else b""
        text += p if turn % 7 else b""
        text += digest if turn & 1 else p
        digest = hashlib.sha512(text).digest()
    return f"$6$rounds={ROUNDS}${salt}${_in_base64(digest)}"


def _to_length(digest: bytes, length: int) -> bytes:
    return (digest * (length // len(digest) + 1))[:length]


def _in_base64(digest: bytes) -> str:
    """Three octets as four characters, in an order of its own: 0 21 42, 22 43 1, 44 2 23 and so on."""
    text, at = "", (0, 21, 42)
    for _ in range(21):
        text += _characters(int.from_bytes(bytes(digest[i] for i in at)), 4)
        at = at[1] + 1, at[2] + 1, at[0] + 1
    return text + _characters(digest[63], 2)


def _characters(value: int, count: int) -> str:
    return "".join(ALPHABET[value >> 6 * n & 63] for n in range(count))
