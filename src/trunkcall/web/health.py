"""GET /health: whether requests are taken, what time it is for the instance, and what is wrong, if anything is.

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

OFF_AFTER_S = 10.0
"""An instance whose time is further from the wall clock's is in trouble: clients set expiries by theirs."""


def _nothing() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Health:
    """The page. ``trouble`` says why nothing is dialed, ``store_trouble`` why the store cannot be used, ``refusal`` why
    nothing new is taken, ``upkeep_trouble`` what fails beside it all; each None while all is well. ``behind_s`` is how
    far the instance's clock is behind, in seconds. ``quarantined`` is how many contacts are set aside because they are
    damaged, which is no trouble of the others'."""

    instance_id: str
    clock: Clock
    speed: float
    trouble: Callable[[], str | None]
    store_trouble: Callable[[], str | None] = _nothing
    refusal: Callable[[], str | None] = _nothing
    upkeep_trouble: Callable[[], str | None] = _nothing
    behind_s: Callable[[], float] = lambda: 0.0
    quarantined: Callable[[], int] = int

    async def page(self) -> HttpResponse:
        """200 as long as the server answers: who would have it started anew for a full disk would help nobody."""
        dialing, store, refusal = self.trouble(), self.store_trouble(), self.refusal()
        upkeep = self.upkeep_trouble()
        behind_s = self.behind_s()
        clock = self._clock_trouble(behind_s)
        status = "ok"
        if dialing is not None:
            status = "not dialing"
        elif store is not None:
            status = "store failing"
        elif refusal is not None:
            status = "taking nothing new"
        elif upkeep is not None:
            status = "upkeep failing"
        elif clock is not None:
            status = "clock off"
        body = {
            "status": status,
            # The store's words come first: they are why nothing is dialed, when both have some.
            "trouble": store or dialing or refusal or upkeep or clock,
            "version": __version__,
            "instance_id": self.instance_id,
            "instance_time": to_datetime(self.clock.now()).isoformat().replace("+00:00", "Z"),
            "clock_behind_s": round(behind_s, 1),
            "speed": self.speed,
            "quarantined": self.quarantined(),
        }
        return HttpResponse(200, (("content-type", "application/json"),), msgspec.json.encode(body))

    def _clock_trouble(self, behind_s: float) -> str | None:
        """At another speed than 1 the two clocks have nothing to do with each other."""
        if self.speed != 1.0 or abs(behind_s) <= OFF_AFTER_S:
            return None
        if behind_s > 0:
            return (
                f"The instance's clock is {behind_s:.0f} s behind the wall clock: this machine cannot keep up with the "
                "simulated carrier, or the wall clock was set forward."
            )
        return f"The instance's clock is {-behind_s:.0f} s ahead of the wall clock: the wall clock was set back."
