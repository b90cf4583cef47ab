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
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Final

from trunkcall.aws.errors import ApiError

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


def overcrowded() -> ApiError:
    """What a sender is told whose body is not taken. SDKs retry this status and code. It is no throttling, for which
    some SDKs would slow a client down who may have done nothing."""
    return ApiError(
        "ServiceUnavailable",
        "Too many request bodies are on their way to this server. Try again shortly.",
        status=503,
        retry_after_s=RETRY_AFTER_S,
    )


@dataclass(slots=True)
class _Share:
    """What all, a key or an address has on its way."""

    most_bytes: int
    most_unfinished: int
    charged: int = 0
    bodies: int = 0
    unfinished: dict[Body, None] = field(default_factory=dict)
    """Those that are awaited, the oldest first."""


@dataclass(eq=False, slots=True)
class Body:
    """One body on its way. ``give_up`` is called, once, if it has to give way; it only schedules."""

    key: str
    address: str
    declared: bool
    """It said how long it is, and was charged that."""
    since_s: float
    give_up: Callable[[], None]
    charged: int = 0
    hurried: bool = False
    """It has ``HURRY_S`` to arrive."""
    given_up: bool = False
    shares: tuple[_Share, ...] = ()


class Bodies:
    """The bodies of one server: at most ``most_bytes`` together, and ``most_unfinished`` that are awaited."""

    def __init__(self, most_bytes: int, most_unfinished: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._all = _Share(most_bytes, most_unfinished)
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

    def enter(self, key: str, address: str, size: int, give_up: Callable[[], None]) -> Body:
        """A body of this size is about to be read; 0 if it does not say. Raises ApiError if there is no room. Every
        body that has entered leaves."""
        body = Body(key, address, size > 0, self._monotonic(), give_up)
        body.shares = (self._share(self._addresses, address), self._share(self._keys, key), self._all)
        for share in body.shares:
            share.bodies += 1
        try:
            if size > FREE_BYTES:
                self._charge(body, size)
            for share in body.shares:
                if len(share.unfinished) >= share.most_unfinished and not self._one_gives_way(share):
                    body.hurried = True
        except ApiError:
            self.leave(body)
            raise
        for share in body.shares:
            share.unfinished[body] = None
        return body

    def grow(self, body: Body, size: int) -> None:
        """So much of it has arrived, and more will. Raises ApiError if there is no room for more."""
        if body.given_up:
            raise overcrowded()
        if not body.declared and size > FREE_BYTES and size + READ_BYTES > body.charged:
            self._charge(body, size + STEP_BYTES)

    def arrived(self, body: Body) -> None:
        """It is there, and gives way to nobody any more."""
        for share in body.shares:
            share.unfinished.pop(body, None)

    def leave(self, body: Body) -> None:
        """Nothing of it is held any more."""
        self.arrived(body)
        address, key, _ = body.shares
        for share in body.shares:
            share.bodies -= 1
            share.charged -= body.charged
        body.charged = 0
        if not address.bodies:
            self._addresses.pop(body.address, None)
        if not key.bodies:
            self._keys.pop(body.key, None)

    def _share(self, shares: dict[str, _Share], name: str) -> _Share:
        share = shares.get(name)
        if share is None:
            share = shares[name] = _Share(self._all.most_bytes // 2, self._all.most_unfinished // 2)
        return share

    def _charge(self, body: Body, size: int) -> None:
        more = size - body.charged
        for share in body.shares:
            while share.charged + more > share.most_bytes:
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
            self.arrived(oldest)
            for each in oldest.shares:
                each.charged -= oldest.charged
            oldest.charged, oldest.given_up = 0, True
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
