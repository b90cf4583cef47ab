"""What CPU the engine takes for many campaigns and agents, over that of a bare heap loop.

The bare loop makes the same attempts and ends once more, beside the engine in the same run, and decides nothing. Of the
engine only its turns count, and the question when it wants the next: no store and no server are there, and what the
simulated phones take is left out. Turns are those of ``simulate``, each event in one of its own. Prints one JSON line a
case, and exits non-zero if a bar is missed: a ratio by more than a quarter, what is said of turns and agents at all.

A case begins in the middle of a day, as after a new start of a server: agents are at work, in contacts and between
them, and all campaigns begin at one instant, those that look ahead with what they have learned and a ledger. One
campaign that dials one to one has brought the agents to work before, which costs nearly nothing, and they go over to
the others as it has nobody on the line for them. A ``Simulator`` begins with every campaign and all agents free, and
would take most of an hour to have ten thousand at work.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final

from api import say
from trunkcall.domain.agent import AgentState, AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import AttemptBegun, ContactEnded
from trunkcall.domain.dialing import DialingSettings
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Duration, Instant
from trunkcall.domain.routing_profile import ServedQueue
from trunkcall.domain.saying import plain
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.campaigns import pacer_for
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
from trunkcall.engine.decision import Decision
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import (
    AgentRegistered,
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    Event,
    LedgerRestored,
    OfferedContact,
    RequestsAccepted,
)
from trunkcall.engine.flow import Flows
from trunkcall.engine.pacing.base import Pacer
from trunkcall.flows.builtin import BuiltinFlow
from trunkcall.simulation.legs import LegDeed, SimulatedLeg
from trunkcall.simulation.phones import Phones
from trunkcall.simulation.world import Fates, Outcome, World

START: Final[Instant] = 1_800_000_000_000_000
WARM_UP: Final = 300
"""Seconds in which agents are brought to work: two of their contacts."""
GOING_OVER: Final = 30
"""Seconds until all agents have gone over to the campaigns that are measured: no phone rings for longer."""
SETTLING: Final = 30
"""Seconds after that in which turns come when they are wanted, and looks at times of their own."""
STRETCHES: Final = 8
QUICK_STRETCHES: Final = 2
"""Parts of a case; after each the bare loop makes its attempts and ends. They are as long in a quick run, because the
loop takes longer for each of many."""
MEDIANS: Final = 50
"""How many times the median turn the longest may take where a case is held to it. The median is that of turns that
decide something: most others take a few microseconds, to learn that a phone rings."""
GROWTH: Final = 3
"""How many times as much the most campaigns may cost as the fewest, with the same agents and attempts."""
BARE_S: Final = 0.1
"""CPU that the bare loop is given for each, by making them again and again."""
WINDOW: Final = 200
"""Contacts that the engine holds of each campaign: more cost memory alone."""
LEEWAY: Final = 1.25
LEARNED: Final = 600
"""Attempts that a campaign which looks ahead has learned from, and so many contacts."""


@dataclass(frozen=True, slots=True)
class Case:
    """Campaigns, the queues and agents that they have, and how many simulated seconds each stretch is."""

    progressive: int
    predictive: int
    queues: int
    agents: int
    attempts_per_s: float
    stretch_s: float

    def settings(self, campaign: int) -> DialingSettings:
        dialer = DialerType.PROGRESSIVE if campaign < self.progressive else DialerType.PREDICTIVE
        return DialingSettings(dialer, self.queue(campaign), 1.0, 1.0, True, False)

    def queue(self, number: int) -> str:
        """The queue of a campaign or of an agent, who go to the queues by turns."""
        return f"queue-{number % self.queues}"

    @property
    def campaigns(self) -> int:
        return self.progressive + self.predictive


ONE: Final = "1 progressive campaign with 1,000 agents"
TEN: Final = "10 progressive campaigns with 100 agents each"
HUNDRED: Final = "100 progressive campaigns with 10 agents each"
THOUSAND: Final = "1,000 progressive campaigns with 1 agent each"
PREDICTIVE: Final = "100 predictive campaigns with 20 agents each"
MIXED: Final = "25 progressive and 25 predictive campaigns, one queue of 2,000 agents"
CASES: Final = {
    "100 progressive campaigns with 20 agents each": Case(100, 0, 100, 2_000, 50, 10),
    PREDICTIVE: Case(0, 100, 100, 2_000, 50, 10),
    MIXED: Case(25, 25, 1, 2_000, 50, 10),
    "500 progressive campaigns with 20 agents each": Case(500, 0, 500, 10_000, 250, 3),
    ONE: Case(1, 0, 1, 1_000, 50, 20),
    TEN: Case(10, 0, 10, 1_000, 50, 20),
    HUNDRED: Case(100, 0, 100, 1_000, 50, 20),
    THOUSAND: Case(1_000, 0, 1_000, 1_000, 50, 20),
}
BARS: Final[dict[str, float]] = {
    "100 progressive campaigns with 20 agents each": 90,
    PREDICTIVE: 260,
    MIXED: 340,
    "500 progressive campaigns with 20 agents each": 90,
    ONE: 63,
    TEN: 79,
    HUNDRED: 92,
    THOUSAND: 104,
}
"""Ratios as they were measured when each was set. When each campaign was asked at every turn, and looked at all others
and all agents, they were 10,480, 20,200, 283,000, 278,000, 59, 265, 11,400 and 872,000."""


class Centre:
    """An engine, and the world of phones that it dials."""

    def __init__(self, case: Case, seed: int, flows: Flows | None = None) -> None:
        self.case = case
        self.now: Instant = START
        self.turns_s: list[float] = []
        """CPU of each turn, the question when the next is wanted included."""
        self.deciding_s: list[float] = []
        """Of those that decided something."""
        self.attempts: list[tuple[Instant, str]] = []
        self.ends: list[tuple[Instant, str]] = []
        self._random = Random(seed)
        self._fates = Fates(World())
        own = BuiltinFlow()
        legs = count(1)
        # Nor are lines scarce.
        trunk = Trunk("default", channels=4 * case.agents, attempts_per_s=case.attempts_per_s)
        self.engine = Engine(
            EngineConfig(trunks=(trunk,), window_size=WINDOW),
            new_id=lambda: f"leg-{next(legs)}",
            flows=flows or own,
            pacer_for=self._learned,
        )
        self._by_seconds = True
        self._refill_limit = WINDOW
        self._due: Instant | None = None
        self._told: deque[tuple[Event, Instant]] = deque()
        self._heap: list[tuple[Instant, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = count(1)
        self._sequence = count(1)
        self._phones = Phones(tell=self._tell, later=self._later, agent_done=self._available)
        self._deeds: dict[type, Callable[[Any], None]] = {
            BridgeLegs: self._phones.bridge,
            HangUp: self._phones.hang_up,
            Originate: self._originate,
            OriginateAgentLeg: self._phones.originate_agent_leg,
            PlayMessage: lambda deed: self._phones.play(deed.leg_id, deed.play_id, plain(own.text(deed.action_id))),
            RefillWindow: self._refill,
            ReportLegs: self._phones.report_legs,
        }

    def open(self) -> None:
        """Bring agents to work, then begin all campaigns."""
        case, former = self.case, "former"
        for number in range(case.agents):
            self._tell(AgentRegistered(f"agent-{number}", (ServedQueue(former),)))
            self._available(f"agent-{number}")
        before = DialingSettings(DialerType.PROGRESSIVE, former, 1.0, 1.0, True, False)
        self._tell(CampaignChanged(former, CampaignState.RUNNING, before))
        self._pass_seconds(WARM_UP)
        self._tell(CampaignChanged(former, CampaignState.STOPPED, before))
        for number in range(case.campaigns):
            name = f"campaign-{number}"
            self._tell(CampaignChanged(name, CampaignState.RUNNING, case.settings(number)))
            # 2 % abandoned of five live answers a minute, of which 3 % may be.
            minutes = tuple((self.now - ago * MINUTE, 5, int(ago % 10 == 0)) for ago in range(60, 0, -1))
            self._tell(LedgerRestored(name, minutes))
        # A contact for each free agent at most: who has nobody to dial costs nothing.
        self._refill_limit = 1
        for _ in range(GOING_OVER):
            for number, agent in enumerate(self.engine.details().agents.values()):
                if agent.kept_for is None and former in agent.queue_ids:
                    self._tell(AgentRegistered(agent.agent_id, (ServedQueue(case.queue(number)),)))
                if agent.kept_for is None and agent.state is AgentState.AVAILABLE:
                    self._tell(RequestsAccepted(f"campaign-{number % case.campaigns}"))
            self._pass_seconds(1)
        self._refill_limit = WINDOW
        for number in range(case.campaigns):
            self._tell(RequestsAccepted(f"campaign-{number}"))
        self._by_seconds = False
        self.pass_time(self.now + SETTLING * SECOND)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what has been counted."""
        self.turns_s.clear()
        self.deciding_s.clear()
        self.attempts.clear()
        self.ends.clear()

    def tell(self, event: Event) -> None:
        """Something has happened, now. It is dealt with as time passes."""
        self._tell(event)

    def call_later(self, after: Duration, deed: Callable[[], None]) -> None:
        """Have something happen after so long."""
        heappush(self._heap, (self.now + after, next(self._number), deed, ()))

    def pass_time(self, until: Instant) -> None:
        """What happens until then, each event in a turn of its own."""
        while True:
            while self._told:
                self._turn((self._told.popleft(),))
            if self._heap and (self._due is None or self._heap[0][0] <= self._due):
                if self._heap[0][0] > until:
                    break
                self._happen()
            elif self._due is not None and self._due <= until:
                self.now = max(self.now, self._due)
                self._turn(())
            else:
                break
        self.now = until

    @property
    def idle_agents(self) -> int:
        """Free agents for whom nobody dials, though a campaign may: none is kept for them, and of what looks ahead
        there are fewer attempts in flight."""
        ahead, free = Counter[str](), Counter[str]()
        _, *campaigns = self.engine.snapshot(self.now).campaigns
        for number, campaign in enumerate(campaigns):
            queue, predictive = self.case.queue(number), campaign.dialer_type is DialerType.PREDICTIVE
            if predictive:
                ahead[queue] += campaign.in_flight
            if campaign.in_window and not (predictive and campaign.ledger_headroom <= 0):
                free[queue] = campaign.free_agents
        return (free - ahead).total()

    def _pass_seconds(self, seconds: int) -> None:
        """What happens in so many, told at the end of each."""
        for _ in range(seconds):
            self._tell_at_once()
            end = self.now + SECOND
            while self._heap and self._heap[0][0] <= end:
                self._happen()
            self.now = end
        self._tell_at_once()

    # --- the engine and its world -------------------------------------------------------------------------------------

    def _tell_at_once(self) -> None:
        while self._told:
            events = tuple(self._told)
            self._told.clear()
            self._turn(events)

    def _turn(self, events: Sequence[tuple[Event, Instant]]) -> None:
        started = time.process_time()
        decision = self.engine.turn(events, self.now)
        self._due = self.engine.next_timer()
        self.turns_s.append(time.process_time() - started)
        if decision.changes or decision.deeds_to_do(refused=()):
            self.deciding_s.append(self.turns_s[-1])
        self._take(decision)

    def _take(self, decision: Decision) -> None:
        for change in decision.changes:
            match change:
                case AttemptBegun():
                    self.attempts.append((change.at, change.contact_id))
                case ContactEnded():
                    self.ends.append((change.at, change.contact_id))
                case _:
                    pass
        for deed in decision.deeds_to_do(refused=()):
            self._deeds[type(deed)](deed)

    def _tell(self, event: Event) -> None:
        self._told.append((event, self.now))

    def _later(self, after: Duration, deed: LegDeed, leg: SimulatedLeg) -> None:
        heappush(self._heap, (self.now + after, next(self._number), deed, (leg,)))

    def _happen(self) -> None:
        self.now, _, deed, arguments = heappop(self._heap)
        deed(*arguments)

    def _available(self, agent_id: str) -> None:
        self._tell(AgentStatusSet(agent_id, AgentStatus.AVAILABLE))

    def _originate(self, deed: Originate) -> None:
        fate = self._fates.draw(self._random)
        if self._by_seconds:
            # As if it had been begun at any time within the second: phones would stop ringing all at once.
            fate = replace(fate, ring=fate.ring - self._random.randrange(SECOND))
        self._phones.originate(deed, fate)

    def _refill(self, deed: RefillWindow) -> None:
        numbers = [next(self._sequence) for _ in range(min(deed.limit, self._refill_limit))]
        contacts = tuple(OfferedContact(f"contact-{number}", number, START + 24 * HOUR) for number in numbers)
        self._tell(ContactsOffered(deed.campaign_id, contacts, next_due_at=None))

    def _learned(self, settings: DialingSettings) -> Pacer:
        pacer = pacer_for(settings)
        for _ in range(LEARNED):
            fate = self._fates.draw(self._random)
            pacer.attempt_ended(fate.ring + fate.detection_time, live=fate.outcome is Outcome.HUMAN)
            pacer.talk_ended(fate.talk)
            pacer.work_ended(fate.wrap)
        return pacer


def bare(attempts: Sequence[tuple[Instant, str]], ends: Sequence[tuple[Instant, str]], until: Instant) -> int:
    """Make the attempts, and let them and those before end, by a heap of what happens next. Returns how many are in
    progress at last."""
    ends_at = {contact_id: at for at, contact_id in ends}
    in_progress = ends_at.keys() - {contact_id for _, contact_id in attempts}
    heap = [(ends_at[contact_id], contact_id, True) for contact_id in in_progress]
    heapify(heap)
    later = iter(attempts)
    begin_next(heap, later)
    while heap and heap[0][0] <= until:
        _, contact_id, over = heappop(heap)
        if over:
            in_progress.remove(contact_id)
        else:
            in_progress.add(contact_id)
            heappush(heap, (ends_at.get(contact_id, until + 1), contact_id, True))
            begin_next(heap, later)
    return len(in_progress)


def begin_next(heap: list[tuple[Instant, str, bool]], later: Iterator[tuple[Instant, str]]) -> None:
    """Have the next attempt happen, if there is one."""
    attempt = next(later, None)
    if attempt is not None:
        heappush(heap, (*attempt, False))


def bare_cpu_s(centre: Centre) -> float:
    """CPU of one run of the bare loop over what has been begun and ended."""
    started, taken, runs = time.process_time(), 0.0, 0
    while taken < BARE_S:
        bare(centre.attempts, centre.ends, centre.now)
        taken, runs = time.process_time() - started, runs + 1
    return taken / runs


@dataclass(frozen=True, slots=True)
class Result:
    """What a case came to. ``median_s`` is of turns that decided something, ``idle`` in agent-seconds."""

    ratio: float
    median_s: float
    longest_s: float
    idle: float


def measured(name: str, case: Case, stretches: int, seed: int) -> Result:
    """Tell how the case went."""
    centre = Centre(case, seed)
    centre.open()
    # What is here already is looked at by the collector no more: half of it is the phones and people of this program.
    gc.collect()
    gc.freeze()
    seconds, looks = stretches * case.stretch_s, max(1, round(case.stretch_s))
    begins = centre.now
    turns: list[float] = []
    deciding: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    idle, attempts = 0.0, 0
    for stretch in range(stretches):
        for look in range(1, looks + 1):
            centre.pass_time(begins + round((stretch + look / looks) * case.stretch_s * SECOND))
            idle += centre.idle_agents * case.stretch_s / looks
        ours.append(sum(centre.turns_s))
        theirs.append(bare_cpu_s(centre))
        turns += centre.turns_s
        deciding += centre.deciding_s
        attempts += len(centre.attempts)
        centre.begin_anew()
    gc.unfreeze()
    result = Result(sum(ours) / sum(theirs), statistics.median(deciding), max(turns), idle)
    half = stretches // 2
    say(
        f"engine CPU over a bare heap's: {name}",
        ratio=round(result.ratio),
        bar=BARS[name],
        halves=[round(sum(ours[part]) / sum(theirs[part])) for part in (slice(half), slice(half, None))],
        cpu_over_simulated_time=round(sum(ours) / seconds, 4),
        median_turn_ms=round(1000 * statistics.median(turns), 3),
        median_deciding_turn_ms=round(1000 * result.median_s, 3),
        longest_turn_ms=round(1000 * result.longest_s, 1),
        turns=len(turns),
        attempts=attempts,
        simulated_s=seconds,
        idle_agent_s=round(idle),
        of_agent_s=round(case.agents * seconds),
    )
    return result


def missed(results: dict[str, Result]) -> list[str]:
    """The bars that were not kept."""
    over = [name for name, result in results.items() if result.ratio > LEEWAY * BARS[name]]
    if PREDICTIVE in results and results[PREDICTIVE].longest_s > MEDIANS * results[PREDICTIVE].median_s:
        over.append(f"the longest turn of {PREDICTIVE}")
    if MIXED in results and results[MIXED].idle:
        over.append(f"idle agents of {MIXED}")
    same_work = [results[name].ratio for name in (ONE, TEN, HUNDRED, THOUSAND) if name in results]
    if same_work and max(same_work) > GROWTH * min(same_work):
        over.append("growth with the number of campaigns")
    return over


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="a quarter of the time, and ratios that vary too much to be held to"
    )
    parser.add_argument("--print-only", action="store_true", help="hold no case to its bar")
    parser.add_argument("--only", metavar="WORDS", default="", help="cases whose names have these words")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    results = {
        name: measured(name, case, QUICK_STRETCHES if arguments.quick else STRETCHES, arguments.seed)
        for name, case in CASES.items()
        if arguments.only in name
    }
    over = missed(results)
    if over:
        say("bars that were missed", which=over)
    sys.exit(bool(over) and not (arguments.quick or arguments.print_only))


if __name__ == "__main__":
    main()
