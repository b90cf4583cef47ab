"""Where a test's switch and far ends are: addresses of its own, as tests run side by side in one namespace.

127.0.N.x is one place; x is 1 for its switch, and 10 and up for who is called. A worker has several, as some of its
switches go on from one test to the next.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

SIP_PORT = 5060
ARI_PORT = 8088


@dataclass(frozen=True, slots=True)
class Place:
    """Some addresses, which nobody else uses."""

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
        assert host < 255, "a place has 245 addresses for far ends"
        return f"127.0.{self.number}.{host}"


class Which(IntEnum):
    """What a worker's places are for: a switch that goes on has one of its own."""

    LINE = 0
    CENTRE = 1
    """Of a whole contact centre, as long as its test."""
    BENCH = 2
    CONFIGURATION = 3
    FOR_NOW = 4
    """Of one test, or of a part of it."""
    DOCTOR = 5
    DOCTORS_CALLS = 6


MAX_WORKERS = 24
"""So that there are as many places as numbers."""


def place_of_this_worker(which: Which = Which.LINE) -> Place:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    assert worker < MAX_WORKERS
    return Place(1 + MAX_WORKERS * which + worker)
