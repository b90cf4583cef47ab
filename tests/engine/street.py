"""A street of phones that nobody answers, and an engine alone with it: all that counts is who is dialed how often.

Nothing is checked after a turn but that no event was refused: there are hours of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random

from engine.support import LIMITS, NOW, dialing, new_engine, registered
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.instants import HOUR, Instant, seconds
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import Originate, RefillWindow
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    Event,
    LegEnded,
    OfferedContact,
    RequestsAccepted,
)
from trunkcall.engine.snapshot import CampaignSnapshot

PROGRESSIVE, PREDICTIVE, AGENTLESS = DialerType.PROGRESSIVE, DialerType.PREDICTIVE, DialerType.AGENTLESS
PLENTY = 10**9


class Street:
    """Phones that ring for some time and are not answered. A campaign has requests without end, or none."""

    def __init__(
        self,
        *trunks: Trunk,
        lines: int = 1000,
        per_s: float = 1e6,
        rings: tuple[float, float] = (1, 20),
    ) -> None:
        one = Trunk("default", channels=lines, attempts_per_s=per_s)
        self.engine = new_engine(EngineConfig(trunks=trunks or (one,)))
        self.now: Instant = NOW
        self.begun = Counter[str]()
        self.line_s = Counter[str]()
        self._rings = rings
        self._rings_of: dict[str, tuple[float, float]] = {}
        self._random = Random(1)
        self._number = count(1)
        self._ringing: list[tuple[Instant, int, str]] = []
        self._left: dict[str, int] = {}

    def campaign(
        self,
        name: str,
        dialer: DialerType = PROGRESSIVE,
        *,
        queue: str = "sales",
        weight: float = 1.0,
        capacity: float = 1.0,
        state: CampaignState = CampaignState.RUNNING,
        left: int = PLENTY,
        rings: tuple[float, float] | None = None,
        limits: AbandonmentLimits = LIMITS,
        number: str | None = None,
    ) -> None:
        self._left.setdefault(name, left)
        if rings is not None:
            self._rings_of[name] = rings
        settings = dialing(
            dialer,
            None if dialer is AGENTLESS else queue,
            weight=weight,
            capacity=capacity,
            limits=limits,
            caller_id=number,
        )
        self.tell(CampaignChanged(name, state, settings))

    def agents(self, number: int, *queues: str, prefix: str = "agent") -> None:
        for each in range(number):
            self.tell(registered(f"{prefix}-{each}", *(queues or ("sales",))))
            self.tell(AgentStatusSet(f"{prefix}-{each}", AgentStatus.AVAILABLE))

    def gets_requests(self, name: str) -> None:
        self._left[name] = PLENTY
        self.tell(RequestsAccepted(name))

    def tell(self, event: Event) -> None:
        self._turn(((event, self.now),))

    def passes(self, seconds_: float) -> Counter[str]:
        """Time passes: how many attempts of each campaign were begun meanwhile."""
        before, until = Counter(self.begun), self.now + seconds(seconds_)
        while True:
            due = self.engine.next_timer()
            if self._ringing and self._ringing[0][0] <= until and (due is None or self._ringing[0][0] <= due):
                self.now, _, leg_id = heappop(self._ringing)
                self.tell(LegEnded(leg_id, HangupCause.NO_ANSWER))
            elif due is not None and due <= until:
                self.now = max(self.now, due)
                self._turn(())
            else:
                break
        self.now = until
        return Counter({name: self.begun[name] - before[name] for name in self._left})

    def snapshot(self, name: str) -> CampaignSnapshot:
        (found,) = [c for c in self.engine.snapshot(self.now).campaigns if c.campaign_id == name]
        return found

    def _turn(self, events: Sequence[tuple[Event, Instant]]) -> None:
        decision = self.engine.turn(events, self.now)
        assert not decision.refused
        for deed in decision.deeds_to_do(refused=()):
            if isinstance(deed, Originate):
                ring = self._random.uniform(*self._rings_of.get(deed.campaign_id, self._rings))
                self.begun[deed.campaign_id] += 1
                self.line_s[deed.campaign_id] += round(ring)
                heappush(self._ringing, (self.now + seconds(ring), next(self._number), deed.leg_id))
            elif isinstance(deed, RefillWindow):
                offered = min(deed.limit, self._left[deed.campaign_id])
                self._left[deed.campaign_id] -= offered
                numbers = [next(self._number) for _ in range(offered)]
                contacts = tuple(OfferedContact(f"contact-{n}", n, NOW + 30 * 24 * HOUR) for n in numbers)
                self.tell(ContactsOffered(deed.campaign_id, contacts, None))


def shares(begun: Counter[str]) -> dict[str, float]:
    return {name: number / begun.total() for name, number in begun.items()}
