"""Access keys as requests need them: looked up, decrypted, remembered for a moment.

Decides for how long a key is trusted without asking the store: a revoked key is refused within one second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from trunkcall.domain.clock import Seconds
from trunkcall.domain.directory import AccessKey
from trunkcall.storage.ports.keys import KeyLookup

TRUSTED_S = 1.0
MAX_KEYS = 1024


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An access key with its secret in the clear, in memory only."""

    access_key: AccessKey
    secret: str = field(repr=False)


class KeyRing:
    """Keys that were used lately. ``open_secret`` decrypts a secret that belongs to an access key id."""

    def __init__(
        self,
        store: KeyLookup,
        open_secret: Callable[[bytes, str], str],
        *,
        monotonic: Seconds = time.monotonic,
    ) -> None:
        self._store = store
        self._open_secret = open_secret
        self._monotonic = monotonic
        self._keys: dict[str, tuple[OpenKey | None, float]] = {}

    async def key(self, access_key_id: str) -> OpenKey | None:
        """The key, None if there is no such key or it was revoked."""
        known = self._keys.get(access_key_id)
        if known is not None and known[1] > self._monotonic():
            return known[0]
        found = await self._store.access_key(access_key_id)
        opened: OpenKey | None = None
        if found is not None and found.revoked_at is None:
            if known is not None and known[0] is not None and known[0].access_key == found:
                opened = known[0]
            else:
                opened = OpenKey(found, self._open_secret(found.encrypted_secret, access_key_id))
        if len(self._keys) >= MAX_KEYS:
            # Unknown ids are remembered too, so strangers could fill it.
            self._keys.clear()
        self._keys[access_key_id] = opened, self._monotonic() + TRUSTED_S
        return opened

    async def policy(self, access_key_id: str) -> str | None:
        """The key's policy document, None if there is no such key or it was revoked."""
        key = await self.key(access_key_id)
        return key.access_key.policy if key is not None else None

    async def secret(self, access_key_id: str) -> str | None:
        """The key's secret, None if there is no such key or it was revoked."""
        key = await self.key(access_key_id)
        return key.secret if key is not None else None
