"""A number has the same key for good: if this fails, whoever is on a do-not-call list is dialed after an upgrade."""

from __future__ import annotations

import hmac

import pytest

from trunkcall.service.calling.number_key import number_key


@pytest.mark.parametrize(
    "key", [bytes(32), b"a key", b"longer than a block of the hash, which is 64 bytes: it is hashed first."]
)
def test_the_key_of_a_number_is_the_beginning_of_its_keyed_hash(key: bytes) -> None:
    for number in ("+12125550142", "+442079460000", "+12125550142"):
        expected = int.from_bytes(hmac.digest(key, number.encode(), "sha256")[:8], "big", signed=True)
        assert number_key(number, key=key) == expected
    assert number_key("+12125550142", key=bytes(32)) == 2711142384142874190
