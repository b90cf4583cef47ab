"""Request bodies that are on their way: how many there may be, how large together, and who gives way to whom.

Decides who may send a body, and whose body is given up for another's. Three bounds count: all bodies, those of one
access key, and those from one address; a key or an address may have half. A body is charged before it is read, until
its request is answered. It must not know how bodies are read, nor who is allowed what: a signature can be checked only
when the body is there, so whoever knows the name of a key gets this far.

Small bodies are charged nothing: each connection may hold one, and connections are bounded. So no attack keeps ordinary
requests out whose bodies arrive at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import Final

from trunkcall.aws.errors import UNAVAILABLE, ApiError
from trunkcall.domain.clock import Seconds

FREE_BYTES: Final = 16_384
"""A body that is no larger is charged nothing. 25 dial requests with a few attributes each are about 8 kB."""
READ_BYTES: Final = 16_384
"""The most that is read of a connection at once. No more of a body is held before the gateway asks for it."""
STEP_BYTES: Final = 65_536
"""What a body that does not say its length is charged ahead, beyond the first ``FREE_BYTES``."""
PATIENCE_S: Final = 1.0
"""A body that has not arrived after so long gives way to others where bodies are too many."""
HURRY_S: Final = 0.25
"""How long a body may take where so many others are awaited that nobody gives way yet."""
RETRY_AFTER_S: Final = 1
"""By then somebody gives way."""
MAX_REMEMBERED: Final = 10_000
"""Keys and addresses that have nothing on its way are forgotten when there are so many."""


def overcrowded() -> ApiError:
    """What a sender is told whose body is not taken. SDKs retry this status and code. It is no throttling, for which
    some SDKs would slow a client down who may have done nothing."""
    return ApiError(
        UNAVAILABLE,
        "Too many request bodies are on their way to this server. Try again shortly.",
        status=503,
        retry_after_s=RETRY_AFTER_S,
    )


class _Share:
    """What all, a key or an address has on its way. ``unfinished`` are those that are awaited, the oldest first."""

    __slots__ = ("charged", "max_bytes", "max_unfinished", "unfinished")

    def __init__(self, max_bytes: int, max_unfinished: int) -> None:
        self.max_bytes = max_bytes
        self.max_unfinished = max_unfinished
        self.charged = 0
        self.unfinished: dict[Body, None] = {}


class Body:
    """One body on its way. ``declared`` says that it said how long it is, and was charged that; ``hurried`` that it has
    HURRY_S to arrive; ``given_up`` that it gave way."""

    __slots__ = ("charged", "declared", "give_up", "given_up", "hurried", "shares", "since_s")

    def __init__(
        self, shares: tuple[_Share, _Share, _Share], declared: bool, since_s: float, give_up: Callable[[], object]
    ) -> None:
        self.shares = shares
        self.declared = declared
        self.since_s = since_s
        self.give_up = give_up
        self.charged = 0
        self.hurried = False
        self.given_up = False


class Bodies:
    """The bodies of one server: at most ``max_bytes`` together, and ``max_unfinished`` that are awaited."""

    def __init__(self, max_bytes: int, max_unfinished: int, monotonic: Seconds = time.monotonic) -> None:
        self._all = _Share(max_bytes, max_unfinished)
        self._keys: dict[str, _Share] = {}
        self._addresses: dict[str, _Share] = {}
        self._monotonic = monotonic

    @property
    def charged(self) -> int:
        """Bytes that all bodies are charged now."""
        return self._all.charged

    @property
    def unfinished(self) -> int:
        """How many bodies are awaited now."""
        return len(self._all.unfinished)

    @property
    def remembered(self) -> int:
        """How many keys and addresses are known."""
        return len(self._keys) + len(self._addresses)

    def enter(self, key: str, address: str, size: int, give_up: Callable[[], object]) -> Body:
        """A body of this size is about to be read; 0 if it does not say. ``give_up`` is called, once, if it has to give
        way before it has arrived; it only schedules. Raises ApiError if there is no room. Every body that has entered
        leaves."""
        # This is on the path of every request, so what is usually there is looked for first.
        of_address = self._addresses.get(address) or self._new_share(self._addresses, address)
        of_key = self._keys.get(key) or self._new_share(self._keys, key)
        of_all = self._all
        body = Body((of_address, of_key, of_all), size > 0, self._monotonic(), give_up)
        if size > FREE_BYTES:
            self._charge(body, size)
        for share in body.shares:
            if len(share.unfinished) >= share.max_unfinished and not self._one_gives_way(share):
                body.hurried = True
        of_address.unfinished[body] = of_key.unfinished[body] = of_all.unfinished[body] = None
        return body

    def grow(self, body: Body, size: int) -> None:
        """So much of it has arrived, and more will. Raises ApiError if there is no room for more."""
        if body.given_up:
            raise overcrowded()
        if not body.declared and size > FREE_BYTES and size + READ_BYTES > body.charged:
            self._charge(body, size + STEP_BYTES)

    def arrived(self, body: Body) -> None:
        """It is there, and gives way to nobody any more."""
        of_address, of_key, of_all = body.shares
        of_address.unfinished.pop(body, None)
        of_key.unfinished.pop(body, None)
        of_all.unfinished.pop(body, None)

    def leave(self, body: Body) -> None:
        """Nothing of it is held any more."""
        if body in self._all.unfinished:
            self.arrived(body)
        if body.charged:
            for share in body.shares:
                share.charged -= body.charged
            body.charged = 0

    def _new_share(self, shares: dict[str, _Share], name: str) -> _Share:
        if len(shares) >= MAX_REMEMBERED:
            for other in [other for other, share in shares.items() if not share.charged and not share.unfinished]:
                del shares[other]
        share = shares[name] = _Share(self._all.max_bytes // 2, self._all.max_unfinished // 2)
        return share

    def _charge(self, body: Body, size: int) -> None:
        more = size - body.charged
        for share in body.shares:
            while share.charged + more > share.max_bytes:
                if not self._one_gives_way(share, body):
                    raise overcrowded()
        for share in body.shares:
            share.charged += more
        body.charged = size

    def _one_gives_way(self, share: _Share, sender: Body | None = None) -> bool:
        """The oldest that is awaited, if it has had its time. Who needs the room does not give way to itself."""
        latest_s = self._monotonic() - PATIENCE_S
        for oldest in share.unfinished:
            if oldest is sender:
                continue
            if oldest.since_s > latest_s:
                return False
            self.leave(oldest)
            oldest.given_up = True
            oldest.give_up()
            return True
        return False


def neighbourhood(address: str | None) -> str:
    """What counts as one address: an address of IPv4, or the half of one of IPv6 that a network has."""
    if address is None or ":" not in address:
        return address or ""
    try:
        ip = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = ip.ipv4_mapped
    return str(mapped) if mapped is not None else f"{int(ip) >> 64:x}::/64"
