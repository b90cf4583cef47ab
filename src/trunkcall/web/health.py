"""GET /health: whether requests are taken, what time it is for the instance, and why nothing is dialed, if so.

Decides what a load balancer, a start script and a person are told. It must not reveal anything about campaigns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from trunkcall import __version__
from trunkcall.aws.protocol import HttpResponse
from trunkcall.domain.clock import Clock
from trunkcall.domain.instants import to_datetime


@dataclass(frozen=True, slots=True)
class Health:
    """The page. ``trouble`` says why nothing is dialed, or None."""

    instance_id: str
    clock: Clock
    speed: float
    trouble: Callable[[], str | None]

    async def page(self) -> HttpResponse:
        """200 while requests are taken. Dialing may be in trouble all the same: accepted requests are safe."""
        trouble = self.trouble()
        body = {
            "status": "ok" if trouble is None else "not dialing",
            "trouble": trouble,
            "version": __version__,
            "instance_id": self.instance_id,
            "instance_time": to_datetime(self.clock.now()).isoformat().replace("+00:00", "Z"),
            "speed": self.speed,
        }
        return HttpResponse(200, (("content-type", "application/json"),), msgspec.json.encode(body))
