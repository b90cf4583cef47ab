"""Access keys as they rest in the store, their secrets encrypted.

Decides nothing of what a key may do. See ``storage.ports`` for what is promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trunkcall.domain.directory import AccessKey


class KeyLookup(Protocol):
    """One key, as every request needs it."""

    async def access_key(self, access_key_id: str) -> AccessKey | None:
        """The access key, revoked or not; None if there is none of this id."""


class AccessKeyStore(KeyLookup, Protocol):
    """All keys."""

    async def put_access_key(self, access_key: AccessKey) -> None:
        """Create the access key, or replace the one of that id."""

    async def access_keys(self) -> Sequence[AccessKey]:
        """Every access key, oldest first, revoked ones included."""
