"""A call centre that lives by itself in virtual time: phones ring, people answer or do not, agents talk and are done.

What is drawn is what there is and what goes wrong; who is dialed when is the engine's. Every story told with it checks
the invariants after every turn, as with any ``Floor``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random

from engine.floor import Floor
from engine.support import LIMITS, Command, dialing
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, ContactEnded
from trunkcall.domain.instants import HOUR, Instant, seconds
from trunkcall.domain.leg import HangupCause, LegState, LiveLeg
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import (
    BridgeLegs,
    HangUp,
    Originate,
    OriginateAgentLeg,
    PlayMessage,
    RefillWindow,
    ReportLegs,
)
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    CampaignChanged,
    CarrierFound,
    CarrierLost,
    ContactsOffered,
    LegAnswered,
    LegEnded,
    LegRang,
    LegsBridged,
    LegsReported,
    OfferedContact,
    OriginateVoided,
    PlaybackEnded,
)

WINDOW = 12
PATIENCE_S = 40.0
"""Whoever is put through to nobody for so long hangs up."""
AFTER_CONTACT_WORK_S = 2.0
RING_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Calls:
    """What a campaign's attempts come to: the ratio of those that are answered, and how long phones ring and people
    talk at most, in seconds; at the least it is half of that."""

    answered: float
    ring_s: float
    talk_s: float


@dataclass
class _Leg:
    host: str
    state: LegState
    peer: str | None = None


class Town(Floor):
    """What happens follows from the seed and from what is told."""

    def __init__(self, trunks: tuple[Trunk, ...], seed: int) -> None:
        super().__init__(config=EngineConfig(window_size=WINDOW, trunks=trunks))
        self.confirms_hang_ups = False
        self.calls: dict[str, Calls] = {}
        self.requests_without_end = True
        """Whether the store always has more to offer than is asked for."""
        self.voids = 0
        """How many of the next originates the carrier does not take."""
        self.begun = Counter[str]()
        """Attempts by campaign; what follows goes by campaign as well."""
        self.last_begun_at: dict[str, Instant] = {}
        self.line_s = defaultdict[str, float](float)
        self.away: set[str] = set()
        """Hosts of which the carrier says nothing."""
        self._random = Random(seed)
        self._number = count(1)
        self._to_come: list[tuple[Instant, int, str | None, Callable[[], object]]] = []
        """What will happen, each with the host that it is heard from."""
        self._unheard: list[tuple[str | None, Callable[[], object]]] = []
        self._legs: dict[str, _Leg] = {}

    # --- time ---------------------------------------------------------------------------------------------------------

    def step(self, until: Instant) -> bool:
        """Let the next thing happen; False if nothing does by then."""
        due = self.engine.next_timer()
        if self._to_come and self._to_come[0][0] <= until and (due is None or self._to_come[0][0] <= due):
            self.now, _, host, happens = heappop(self._to_come)
            if host in self.away:
                self._unheard.append((host, happens))
            else:
                happens()
        elif due is not None and due <= until:
            self.now = max(self.now, due)
            self.turn()
        else:
            self.now = until
            return False
        return True

    def passes(self, seconds_: float, *, enough: Callable[[], bool] = lambda: False) -> None:
        """Time passes, no more of it than is ``enough``."""
        until = self.now + seconds(seconds_)
        while not enough() and self.step(until):
            pass

    def _later(self, seconds_: float, happens: Callable[[], object], host: str | None = None) -> None:
        heappush(self._to_come, (self.now + seconds(seconds_), next(self._number), host, happens))

    def _about(self, seconds_: float) -> float:
        return self._random.uniform(seconds_ / 2, seconds_)

    # --- campaigns ----------------------------------------------------------------------------------------------------

    def sets_up(
        self,
        name: str,
        dialer: DialerType,
        queue: str,
        *,
        weight: float,
        capacity: float,
        caller_id: str | None = None,
        limits: AbandonmentLimits = LIMITS,
        state: CampaignState = CampaignState.RUNNING,
    ) -> None:
        """A campaign is new or has changed."""
        settings = dialing(
            dialer,
            None if dialer is DialerType.AGENTLESS else queue,
            weight=weight,
            capacity=capacity,
            ring_timeout=seconds(RING_TIMEOUT_S),
            limits=limits,
        )
        self.campaigns[name] = CampaignChanged(name, state, replace(settings, caller_id=caller_id))
        self.tell(self.campaigns[name])

    def answer_to(self, refill: RefillWindow) -> ContactsOffered:
        store = self.store[refill.campaign_id]
        if self.requests_without_end:
            for _ in range(refill.limit + len(refill.held) - len(store)):
                sequence = next(self._sequence)
                name = f"{refill.campaign_id}-{sequence}"
                store[name] = self.accepted[name] = OfferedContact(name, sequence, self.now + 30 * 24 * HOUR)
        return super().answer_to(refill)

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def loses(self, host: str) -> None:
        """The carrier says nothing of a host any more. What is on the line there goes on."""
        if host not in self.away:
            self.away.add(host)
            self.tell(CarrierLost(host))

    def finds(self, host: str) -> None:
        """It does again, and tells what legs there are."""
        if host in self.away:
            self.away.remove(host)
            self.tell(CarrierFound(self._live(host), host))
            again, self._unheard = self._unheard, []
            for where, happens in again:
                self._later(0.1, happens, where)

    def _live(self, host: str) -> tuple[LiveLeg, ...]:
        return tuple(LiveLeg(k, leg.state, leg.peer) for k, leg in self._legs.items() if leg.host == host)

    # --- what comes of what the engine asks for -----------------------------------------------------------------------

    def _react(self, command: Command) -> None:
        super()._react(command)
        match command:
            case AttemptBegun():
                self.begun[command.campaign_id] += 1
                self.last_begun_at[command.campaign_id] = command.at
            case Originate():
                self._dials(command)
            case OriginateAgentLeg():
                self._rings_an_agent(command)
            case BridgeLegs():
                self._bridges(command.customer_leg_id, command.agent_leg_id)
            case PlayMessage():
                self._of(command.leg_id, 3.0, lambda: self.tell(PlaybackEnded(command.leg_id, command.play_id)))
            case HangUp():
                self._ends_in(command.leg_id, 0.1, HangupCause.HUNG_UP_BY_US)
            case ReportLegs():
                for host in sorted({trunk.host for trunk in self.engine.config.trunks} - self.away):
                    self._later(0.1, partial(self._reports, command.question, host), host)
            case ContactEnded():
                self._works_on(command.contact_id)
            case _:
                pass

    def _reports(self, question: int, host: str) -> None:
        self.tell(LegsReported(question, self._live(host), host))

    def _dials(self, deed: Originate) -> None:
        leg_id, calls = deed.leg_id, self.calls[deed.campaign_id]
        if self.voids:
            self.voids -= 1
            self._later(0.1, lambda: self._is_void(leg_id))
            return
        self._legs[leg_id] = _Leg(deed.host, LegState.ORIGINATING)
        self._of(leg_id, 0.2, lambda: self._rings(leg_id))
        ring_s = self._about(calls.ring_s)
        if self._random.random() < calls.answered:
            self._of(leg_id, 0.3 + ring_s, lambda: self._answers(leg_id))
            self._ends_in(leg_id, 0.3 + ring_s + PATIENCE_S, HangupCause.NORMAL, unless_bridged=True)
        else:
            self._ends_in(leg_id, 0.3 + ring_s, HangupCause.NO_ANSWER)

    def _is_void(self, leg_id: str) -> None:
        if leg_id in self.engine.details().legs:
            self.tell(OriginateVoided(leg_id))

    def _rings(self, leg_id: str) -> None:
        self._legs[leg_id].state = LegState.RINGING
        self.tell(LegRang(leg_id))

    def _answers(self, leg_id: str) -> None:
        self._legs[leg_id].state = LegState.UP
        self.tell(LegAnswered(leg_id))

    def _rings_an_agent(self, deed: OriginateAgentLeg) -> None:
        customer = self._legs.get(deed.customer_leg_id)
        self._legs[deed.leg_id] = _Leg(customer.host if customer is not None else "local", LegState.RINGING)
        self._of(deed.leg_id, 1.0, lambda: self._answers(deed.leg_id))

    def _bridges(self, customer: str, agent: str) -> None:
        if customer in self._legs and agent in self._legs:
            self._legs[customer].peer, self._legs[agent].peer = agent, customer
            details = self.engine.details()
            contact_id = details.legs[customer].contact_id
            assert contact_id is not None
            calls = self.calls[details.contacts[contact_id].campaign_id]
            self._of(customer, 0.1, lambda: self.tell(LegsBridged(customer, agent)))
            self._ends_in(customer, 0.2 + self._about(calls.talk_s), HangupCause.NORMAL)

    def _ends_in(self, leg_id: str, seconds_: float, cause: HangupCause, *, unless_bridged: bool = False) -> None:
        def ends() -> None:
            if not unless_bridged or self._legs[leg_id].peer is None:
                del self._legs[leg_id]
                if leg_id in self.engine.details().legs:
                    self.tell(LegEnded(leg_id, cause))

        self._of(leg_id, seconds_, ends)

    def _of(self, leg_id: str, seconds_: float, happens: Callable[[], object]) -> None:
        """It will happen to the leg, if that is still there."""
        if leg_id in self._legs:
            self._later(seconds_, lambda: happens() if leg_id in self._legs else None, self._legs[leg_id].host)

    def _works_on(self, contact: str) -> None:
        """An agent who was in the contact has work after it, and is done with that."""
        who = next((a for a in self.engine.details().agents.values() if a.contact_id == contact), None)
        if who is not None:
            self._later(AFTER_CONTACT_WORK_S, lambda: self.sets(who.agent_id, AgentStatus.AVAILABLE))


def longest_hold_s(calls: Iterable[Calls]) -> float:
    """For how long an attempt takes a line, and an agent, at most."""
    return max(each.ring_s + each.talk_s for each in calls) + PATIENCE_S + AFTER_CONTACT_WORK_S + 5.0
