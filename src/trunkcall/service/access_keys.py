"""Use cases about access keys: create, list, revoke.

Decides what ids and secrets look like, and that a secret is told once: when its key is made. It must not know what a
policy says, nor how a secret is encrypted.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from trunkcall.domain.directory import AccessKey
from trunkcall.domain.errors import NotFoundError
from trunkcall.domain.instants import Instant
from trunkcall.storage.ports.keys import AccessKeyStore

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def new_access_key_id() -> str:
    """An id in the form that AWS has for long-term keys: AKIA and 16 more, 80 random bits."""
    return "AKIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def new_secret() -> str:
    """A secret of 40 characters, 240 random bits."""
    return secrets.token_urlsafe(30)


@dataclass(frozen=True, slots=True)
class NewAccessKey:
    """A key that was just made, with the only copy of its secret in the clear."""

    access_key: AccessKey
    secret: str = field(repr=False)


class AccessKeys:
    """Use cases about access keys.

    ``seal`` encrypts a secret for the id that it belongs to. ``check_policy`` raises an error of the domain for a
    document that is not a policy. ``now`` is the wall clock.
    """

    def __init__(
        self,
        store: AccessKeyStore,
        *,
        seal: Callable[[str, str], bytes],
        check_policy: Callable[[str], object],
        now: Callable[[], Instant],
        new_id: Callable[[], str] = new_access_key_id,
        new_secret: Callable[[], str] = new_secret,
    ) -> None:
        self._store = store
        self._seal = seal
        self._check_policy = check_policy
        self._now = now
        self._new_id = new_id
        self._new_secret = new_secret

    async def create_access_key(self, policy: str) -> NewAccessKey:
        """Make a key with this policy document. Raises what ``check_policy`` raises, and makes none then."""
        self._check_policy(policy)
        access_key_id, secret = self._new_id(), self._new_secret()
        access_key = AccessKey(access_key_id, self._seal(secret, access_key_id), policy, self._now())
        await self._store.put_access_key(access_key)
        return NewAccessKey(access_key, secret)

    async def list_access_keys(self) -> Sequence[AccessKey]:
        """Every key, oldest first, revoked ones included."""
        return await self._store.access_keys()

    async def revoke_access_key(self, access_key_id: str) -> AccessKey:
        """Make the key useless, for good. One that was revoked stays as it is. Raises NotFoundError."""
        access_key = await self._store.access_key(access_key_id)
        if access_key is None:
            raise NotFoundError(f"There is no access key {access_key_id}.")
        if access_key.revoked_at is None:
            access_key = replace(access_key, revoked_at=self._now())
            await self._store.put_access_key(access_key)
        return access_key
