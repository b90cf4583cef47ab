"""Where a test's switch and far ends are: addresses of its own, as tests run side by side in one namespace.

127.0.N.x belongs to the N-th worker; x is 1 for its switch, and 10 and up for who is called.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import count

SIP_PORT = 5060
ARI_PORT = 8088


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of one worker."""

    number: int
    _next: count[int] = field(default_factory=lambda: count(10), repr=False)

    @property
    def switch(self) -> str:
        return f"127.0.{self.number}.1"

    @property
    def net(self) -> str:
        """All addresses of this place, as Asterisk's ``identify`` takes them."""
        return f"127.0.{self.number}.0/24"

    @property
    def ari_url(self) -> str:
        return f"http://{self.switch}:{ARI_PORT}/ari"

    def address(self) -> str:
        """An address of one's own."""
        host = next(self._next)
        assert host < 255, "a worker has 245 addresses for far ends"
        return f"127.0.{self.number}.{host}"


def place_of_this_worker(which: int = 0) -> Place:
    """A worker has four of them."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return Place(1 + 64 * which + int(worker.removeprefix("gw")))
