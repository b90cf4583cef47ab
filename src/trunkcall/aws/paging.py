"""nextToken: where a list goes on, opaque to the client and proof against tampering.

Decides the token's form: the position and the filter that it was made under, signed. It must not know what is listed.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final

import msgspec

from trunkcall.aws.errors import ApiError, validation_error
from trunkcall.domain.instants import Instant

_SIGNATURE_BYTES = 16


class Paging:
    """Makes and reads tokens under one key, which processes that share a store share."""

    PURPOSE: Final = "nextToken"
    """What the key is derived for."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, operation: str, query: str, after: tuple[Instant, str] | None) -> str | None:
        """The token for going on after this position; None at the end. ``query`` is what the list was filtered by."""
        if after is None:
            return None
        payload = msgspec.json.encode([operation, query, *after])
        return urlsafe_b64encode(self._sign(payload) + payload).decode()

    def position(
        self, operation: str, query: str, token: str | None, *, member: str = "nextToken"
    ) -> tuple[Instant, str] | None:
        """The position in a token. Raises ValidationException, which speaks of the member by this name, for one that is
        not ours or belongs to another list."""
        if token is None:
            return None
        try:
            raw = b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (Base64Error, ValueError):
            raise _not_ours(member) from None
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        # The other alphabet of Base64 is read as well, and no client has a token in it from here.
        if urlsafe_b64encode(raw).decode() != token or not hmac.compare_digest(signature, self._sign(payload)):
            raise _not_ours(member)
        made_by, made_for, at, item_id = msgspec.json.decode(payload, type=tuple[str, str, int, str])
        if (made_by, made_for) != (operation, query):
            raise _not_ours(member)
        return at, item_id

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)[:_SIGNATURE_BYTES]


def _not_ours(member: str) -> ApiError:
    return validation_error(f"The {member} is not one that this list returned. Begin again without one.")
