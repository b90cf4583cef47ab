"""GET /health: whether requests are taken, what time it is for the instance, and what is wrong, if anything is.

Decides what a load balancer, a start script and a person are told. It must not reveal anything about campaigns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from trunkcall import __version__
from trunkcall.aws.protocol import HttpResponse
from trunkcall.domain.clock import NowOf
from trunkcall.domain.instants import Instant, to_datetime

OFF_AFTER_S = 10.0
"""An instance whose time is further from the wall clock's is in trouble: clients set expiries by theirs."""


OK = "ok"
STATUSES = (
    "not dialing",
    "store failing",
    "taking nothing new",
    "halted",
    "gate closed",
    "trunks failing",
    "phones failing",
    "upkeep failing",
    "campaigns starved",
    "clock off",
    OK,
)
"""What may be told, the worst first."""


class ClockView(Protocol):
    """What is told of an instance's clock."""

    def now(self) -> Instant: ...

    def behind_s(self) -> float:
        """How far it is behind, in seconds."""


class DialerView(Protocol):
    """What is told of an instance's dialer."""

    @property
    def quarantined(self) -> int:
        """How many contacts are set aside because they are damaged, which is no trouble of the others'."""

    @property
    def halted_at(self) -> Instant | None:
        """Since when all calls are halted."""

    @property
    def closed_campaigns(self) -> int:
        """For how many campaigns nobody may be dialed, as their rules cannot be gone by."""

    @property
    def failing_trunks(self) -> int:
        """How many trunks lead nowhere, so that they are only tried now and then."""

    @property
    def failed_phones(self) -> int:
        """How many agents want to work and have a phone that failed."""

    @property
    def starved(self) -> int:
        """How many campaigns others go before more often than they may."""


class InstanceView(Protocol):
    """What is told of an instance that is dialed for. ``trouble`` says why nothing is dialed, ``upkeep_trouble`` what
    fails beside it, in words; each None while all is well."""

    @property
    def instance_id(self) -> str: ...

    @property
    def clock(self) -> ClockView: ...

    @property
    def dialer(self) -> DialerView: ...

    @property
    def trouble(self) -> str | None: ...

    @property
    def upkeep_trouble(self) -> str | None: ...


def _nothing() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Health:
    """The page. It speaks of the default instance, ``instance_id``, and lists all that are dialed for; its status and
    trouble are the worst that there is. ``store_trouble`` says why the store cannot be used, ``refusal`` why nothing
    new is taken, ``upkeep_trouble`` what fails beside it all; each None while all is well."""

    instance_id: str
    instances: Callable[[], Sequence[InstanceView]]
    now_of: NowOf
    speed: float
    store_trouble: Callable[[], str | None] = _nothing
    refusal: Callable[[], str | None] = _nothing
    upkeep_trouble: Callable[[], str | None] = _nothing

    async def page(self) -> HttpResponse:
        """200 as long as the server answers: who would have it started anew for a full disk would help nobody."""
        # The default instance's comes first of those that are equally bad.
        instances = sorted(self.instances(), key=lambda each: each.instance_id != self.instance_id)
        default = instances[0] if instances and instances[0].instance_id == self.instance_id else None
        told = [self._told(each) for each in instances]
        store = self.store_trouble()
        troubles = [("store failing", store), ("taking nothing new", self.refusal())]
        troubles += [("upkeep failing", self.upkeep_trouble()), *(self._trouble_of(each) for each in told)]
        there_is = [(status, words) for status, words in troubles if words is not None]
        status, trouble = min(there_is, key=lambda each: STATUSES.index(each[0]), default=(OK, None))
        body = {
            "status": status,
            # The store's words come first: they are why nothing is dialed, when both have some.
            "trouble": store or trouble,
            "version": __version__,
            "instance_id": self.instance_id,
            "instance_time": _written(self.now_of(self.instance_id)),
            "clock_behind_s": round(default.clock.behind_s(), 1) if default is not None else 0.0,
            "speed": self.speed,
            "quarantined": default.dialer.quarantined if default is not None else 0,
            "instances": told,
        }
        return HttpResponse(200, (("content-type", "application/json"),), msgspec.json.encode(body))

    def _told(self, instance: InstanceView) -> dict[str, Any]:
        behind_s = instance.clock.behind_s()
        troubles = {
            "not dialing": instance.trouble,
            "halted": _halt(instance.dialer.halted_at),
            "gate closed": _closed_gate(instance.dialer.closed_campaigns),
            "trunks failing": _failing(instance.dialer.failing_trunks),
            "phones failing": _phones(instance.dialer.failed_phones),
            "upkeep failing": instance.upkeep_trouble,
            "campaigns starved": _starvation(instance.dialer.starved),
            "clock off": self._clock_trouble(behind_s),
        }
        status, trouble = next(((status, words) for status, words in troubles.items() if words), (OK, None))
        return {
            "instance_id": instance.instance_id,
            "status": status,
            "trouble": trouble,
            "instance_time": _written(instance.clock.now()),
            "clock_behind_s": round(behind_s, 1),
            "quarantined": instance.dialer.quarantined,
        }

    def _trouble_of(self, told: dict[str, Any]) -> tuple[str, str | None]:
        """An instance's status and trouble, with its name where it is not the default one."""
        words = told["trouble"]
        if words is not None and told["instance_id"] != self.instance_id:
            words = f"instance {told['instance_id']}: {words}"
        return told["status"], words

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


def _halt(at: Instant | None) -> str | None:
    """Since when, and not the words of whoever halted it: those are not for everybody."""
    if at is None:
        return None
    return f"All calls are halted since {_written(at)} until `trunkcall resume`: `trunkcall explain` tells why."


def _closed_gate(campaigns: int) -> str | None:
    if not campaigns:
        return None
    return (
        f"Nobody may be dialed for {campaigns} {'campaign' if campaigns == 1 else 'campaigns'}: a calling policy, a "
        "do-not-call list or this machine's clock cannot be gone by. `trunkcall explain` says what is wrong."
    )


def _failing(trunks: int) -> str | None:
    """How many there are, and nothing of which."""
    if not trunks:
        return None
    lead, are = ("trunk leads", "it is") if trunks == 1 else ("trunks lead", "they are")
    return (
        f"{trunks} {lead} nowhere: attempts come to nothing, one after the other, so {are} tried now and then alone. "
        "`trunkcall trunks list` shows which."
    )


def _phones(agents: int) -> str | None:
    """How many there are, and nothing of who they are."""
    if not agents:
        return None
    one = agents == 1
    return (
        f"{agents} {'agent wants' if one else 'agents want'} to work and {'is' if one else 'are'} not reached by "
        "phone: `trunkcall agents list` says who, and why."
    )


def _starvation(campaigns: int) -> str | None:
    """How many there are, and nothing of which."""
    if not campaigns:
        return None
    one = campaigns == 1
    return (
        f"{campaigns} {'campaign has' if one else 'campaigns have'} requests waiting, and others are dialed before "
        f"{'it' if one else 'them'} more often than their weights allow: `trunkcall status` shows which."
    )


def _written(at: Instant) -> str:
    return to_datetime(at).isoformat().replace("+00:00", "Z")
