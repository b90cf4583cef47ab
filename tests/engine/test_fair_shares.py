"""Nobody is starved: each campaign that can dial gets its share of agents, lines and attempts per second, whatever
else the others do. If these fail, a campaign that somebody pays for stands still beside others, and nothing says so.

The engine is alone with a street of phones that nobody answers: all that counts is who is dialed how often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.support import NOW, dialing, new_engine, registered
from engine.town import Calls, Town
from trunkcall.domain.abandonment import AbandonmentLimits
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Instant, seconds
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.trunk import Trunk
from trunkcall.engine.commands import Originate, RefillWindow
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.events import (
    AgentStatusSet,
    CampaignChanged,
    CarrierFound,
    CarrierLost,
    ContactsOffered,
    Event,
    LedgerRestored,
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
        limits: AbandonmentLimits = AbandonmentLimits(),  # noqa: B008 - frozen
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


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agents", [1, 2, 7])
@pytest.mark.parametrize("others_pause", [True, False])
def test_a_campaign_without_weight_that_is_given_one_has_its_share_from_then_on(
    agents: int, others_pause: bool
) -> None:
    street = Street(rings=(5, 5))
    street.agents(agents)
    street.campaign("argon", left=0 if others_pause else PLENTY)
    street.campaign("zinc", weight=0.0)
    street.passes(60)
    assert (street.begun["zinc"] > 0) is others_pause, "it has what nobody else wants"
    street.gets_requests("argon")
    assert street.passes(60)["zinc"] == 0
    street.campaign("zinc", weight=1.0)
    assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.02)


@pytest.mark.parametrize(("before", "after"), [(1.0, 0.1), (0.1, 1.0), (0.5, 0.25)])
@pytest.mark.parametrize("dialer", [PROGRESSIVE, PREDICTIVE])
def test_another_weight_counts_at_once(dialer: DialerType, before: float, after: float) -> None:
    street = Street(rings=(1, 20))
    street.agents(10)
    street.campaign("argon", dialer)
    street.campaign("zinc", dialer, weight=before)
    street.passes(HOUR / SECOND)
    street.campaign("zinc", dialer, weight=after)
    begun = street.passes(600)
    assert begun["zinc"] == pytest.approx(begun.total() * after / (1 + after), abs=31)


def test_what_is_wanted_by_nobody_else_goes_to_whoever_has_no_weight_by_turns() -> None:
    street = Street()
    street.agents(4)
    for name in ("argon", "xenon"):
        street.campaign(name, weight=0.0)
    assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "xenon": 0.5}, abs=0.02)
    assert street.snapshot("argon").passed_over.at_most is None, "nothing is promised"


def test_a_campaign_without_weight_takes_no_agents_from_those_that_look_ahead_with_it() -> None:
    street = Street()
    street.agents(1)
    street.campaign("argon", PREDICTIVE, weight=0.0)
    street.campaign("zinc", PREDICTIVE, weight=1.0)
    street.campaign("iron", PROGRESSIVE, weight=0.1)
    begun = street.passes(600)
    assert begun["zinc"] > begun["iron"] > 0, begun


def test_names_and_the_order_of_beginning_decide_nothing() -> None:
    for names in (("argon", "zinc"), ("zinc", "argon")):
        street = Street(lines=1)
        for name in names:
            street.campaign(name, AGENTLESS)
        assert shares(street.passes(HOUR / SECOND)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.06)


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "capacities"), [(1, [1.0, 1.0]), (4, [1.0] * 8), (10, [1.0, 0.05]), (1, [1.0] + [0.01] * 4)]
)
@pytest.mark.parametrize("dialer", [AGENTLESS, PROGRESSIVE])
def test_more_campaigns_than_lines_have_them_by_turns(dialer: DialerType, lines: int, capacities: list[float]) -> None:
    street = Street(lines=lines)
    for number, capacity in enumerate(capacities):
        street.agents(10, f"queue-{number}", prefix=f"agent-{number}")
        street.campaign(f"c{number}", dialer, queue=f"queue-{number}", capacity=capacity)
    street.passes(4 * HOUR / SECOND)
    shares_of_time = shares(street.line_s)
    for number, capacity in enumerate(capacities):
        assert shares_of_time[f"c{number}"] == pytest.approx(capacity / sum(capacities), rel=0.1, abs=0.005)


def test_lines_are_shared_by_the_time_for_which_they_are_held() -> None:
    """A campaign whose phones ring six times as long would otherwise have six times the lines."""
    street = Street(lines=12)
    street.campaign("surveys", AGENTLESS, rings=(5, 5))
    street.campaign("alerts", AGENTLESS, rings=(30, 30))
    street.passes(600)
    street.line_s.clear()
    street.passes(HOUR / SECOND)
    assert shares(street.line_s) == pytest.approx({"surveys": 0.5, "alerts": 0.5}, abs=0.02)


def test_a_campaign_that_begins_while_all_lines_are_held_has_its_share_of_those_that_come_free() -> None:
    street = Street(lines=30, rings=(10, 20))
    street.campaign("argon", AGENTLESS)
    street.passes(600)
    street.campaign("zinc", AGENTLESS)
    begun = street.passes(60)
    assert shares(begun) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.05)


def test_where_agents_are_scarcer_than_lines_their_weights_decide() -> None:
    """An agentless campaign takes every line that there is; that must not make two others equal that are not."""
    street = Street(lines=20, rings=(10, 20))
    street.agents(2)
    street.campaign("notices", AGENTLESS)
    street.campaign("argon", weight=0.1)
    street.campaign("zinc", weight=0.9)
    begun = street.passes(HOUR / SECOND)
    assert begun["argon"] / (begun["argon"] + begun["zinc"]) == pytest.approx(0.1, abs=0.03)
    assert begun["argon"] + begun["zinc"] > 0.9 * 2 * 3600 / 15, "and their agents do not idle"


# --- agents -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "agents"), [((1.0, 1.0), 1), ((0.1, 0.9), 1), ((0.1, 0.9), 10)])
def test_queues_that_share_all_agents_have_them_by_weight(weights: tuple[float, float], agents: int) -> None:
    street = Street()
    street.agents(agents, "sales", "service")
    for name, queue, weight in zip(("argon", "zinc"), ("sales", "service"), weights, strict=True):
        street.campaign(name, queue=queue, weight=weight)
    begun = street.passes(HOUR / SECOND)
    assert shares(begun)["argon"] == pytest.approx(weights[0] / sum(weights), abs=0.03)


def test_whoever_has_agents_of_its_own_leaves_the_shared_ones_to_whoever_has_not() -> None:
    street = Street()
    street.agents(3, "sales", prefix="own")
    street.agents(1, "sales", "service", prefix="shared")
    street.campaign("argon", queue="sales")
    street.campaign("zinc", queue="service")
    begun = street.passes(HOUR / SECOND)
    assert shares(begun) == pytest.approx({"argon": 0.75, "zinc": 0.25}, abs=0.02)


def test_a_chain_of_queues_starves_nobody_in_the_middle() -> None:
    """Each agent serves two of five queues, and each queue but the outer ones has two agents."""
    street = Street()
    for number in range(4):
        street.agents(1, f"queue-{number}", f"queue-{number + 1}", prefix=f"agent-{number}")
    for number in range(5):
        street.campaign(f"c{number}", queue=f"queue-{number}")
    begun = street.passes(HOUR / SECOND)
    assert all(0.12 < share < 0.28 for share in shares(begun).values()), begun


def test_agents_who_get_other_queues_all_the_time_keep_nobody_from_its_turn() -> None:
    street = Street(rings=(10, 10))
    names = [f"{queue}-{number}" for queue in ("sales", "service") for number in range(20)]
    for queue in ("sales", "service"):
        street.agents(1, queue, prefix=queue)
    for name in names:
        street.campaign(name, queue=name.partition("-")[0])
    for minute in range(60):
        street.tell(registered("offline", *(("sales", "service") if minute % 2 else ("service",))))
        street.passes(60)
        if minute == 4:
            passed_over = [street.snapshot(name).passed_over.times for name in names if not street.begun[name]]
            assert min(passed_over, default=30) >= 30, "that many went before it, whatever queues an agent has"
    assert all(16 <= street.begun[name] <= 20 for name in names), street.begun


def test_agents_are_not_dialed_for_by_one_dialer_type_alone() -> None:
    street = Street(rings=(10, 20))
    street.agents(10)
    for name, dialer in (("argon", PROGRESSIVE), ("zinc", PREDICTIVE)):
        street.campaign(name, dialer, weight=0.5)
    begun = street.passes(HOUR / SECOND)
    assert min(shares(begun).values()) > 0.4, begun


def test_who_pauses_and_resumes_has_its_share_and_no_more() -> None:
    street = Street(rings=(5, 10))
    street.agents(5)
    for name in ("argon", "zinc"):
        street.campaign(name, weight=0.5)
    for _ in range(5):
        street.campaign("zinc", weight=0.5, state=CampaignState.PAUSED)
        assert street.passes(600)["zinc"] == 0
        street.campaign("zinc", weight=0.5)
        assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.03)


def test_an_overdrawn_ledger_holds_nobody_up_and_is_not_made_up_for() -> None:
    street = Street(rings=(10, 20))
    street.agents(10)
    for name in ("argon", "zinc"):
        street.campaign(name, PREDICTIVE, weight=0.5)
    street.passes(600)
    alone = street.passes(600).total()
    before = NOW - 10 * MINUTE
    street.tell(LedgerRestored("zinc", ((before, 0, 100),)))
    assert street.passes(600)["argon"] > 0.45 * alone
    street.tell(LedgerRestored("zinc", ((before - MINUTE, 3_400, 0),)))
    begun = street.passes(600)
    # What is remembered, and a look of each: it did without more than three hundred.
    assert begun["argon"] == pytest.approx(begun["zinc"], abs=80)


@pytest.mark.parametrize("lost", [PROGRESSIVE, PREDICTIVE])
@pytest.mark.parametrize("up", [PROGRESSIVE, PREDICTIVE])
def test_no_agents_idle_for_a_campaign_that_no_trunk_is_up_for(up: DialerType, lost: DialerType) -> None:
    street = Street(
        Trunk("north", host="near", caller_numbers=("+12025550100",)),
        Trunk("south", host="far", caller_numbers=("+12025550101",)),
    )
    street.agents(20)
    street.campaign("argon", up, number="+12025550100")
    street.campaign("zinc", lost, number="+12025550101")
    together = street.passes(300).total()
    street.tell(CarrierLost("far"))
    street.passes(60)
    begun = street.passes(300)
    assert begun["argon"] == pytest.approx(together, rel=0.15), "it has the agents of whom zinc can make no use"
    assert begun["zinc"] == 0
    assert street.snapshot("zinc").passed_over_since is None, "nobody has what it cannot have"
    street.tell(CarrierFound((), "far"))
    assert shares(street.passes(600)) == pytest.approx({"argon": 0.5, "zinc": 0.5}, abs=0.05)


@pytest.mark.parametrize(
    ("dialer", "channels"),
    [(PROGRESSIVE, 2), (PREDICTIVE, 1)],
)
def test_whoever_needs_an_agent_and_a_line_gets_both_although_others_take_each_as_it_comes(
    dialer: DialerType, channels: int
) -> None:
    street = Street(
        Trunk("narrow", channels=channels, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(2)
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("agents", dialer, number="+12025550101")
    street.campaign("both", dialer, number="+12025550100")
    street.passes(1800)
    for _ in range(3):
        begun = street.passes(1800)
        assert begun["both"] > 0, "its line comes when no agent is free, and its agent when no line is"
        assert min(begun["lines"], begun["agents"]) > 50, "what is kept for it is no more than it needs"


def test_an_agent_who_is_by_turns_of_campaigns_without_a_line_does_not_idle() -> None:
    street = Street(
        Trunk("narrow", channels=1, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(1, "sales", "service")
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("narrow", PREDICTIVE, number="+12025550100", queue="sales", capacity=0.05)
    street.campaign("wide", queue="service", number="+12025550101", weight=0.3)
    for _ in range(4):
        begun = street.passes(1800)
        assert begun["wide"] > 100, "its trunk has a hundred lines"
        assert begun["narrow"] > 2, "one line in twenty"


def test_an_agent_who_is_by_turns_stays_with_whoever_it_is_kept_for_until_a_line_comes() -> None:
    street = Street(
        Trunk("narrow", channels=1, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(1, "sales", "service", "billing")
    street.campaign("lines", AGENTLESS, number="+12025550100", rings=(30, 30))
    street.campaign("sales", PREDICTIVE, number="+12025550100", queue="sales", capacity=0.05)
    street.campaign("billing", PREDICTIVE, number="+12025550100", queue="billing", capacity=0.05)
    street.campaign("service", number="+12025550100", queue="service", capacity=0.05)
    street.campaign("wide", number="+12025550101", queue="service")
    for _ in range(3):
        begun = street.passes(3600)
        assert min(begun.values()) > 0, "it would have the agent at some moments, and a line at others"
        assert begun["wide"] > 200, "no agent goes round idle among those that have no line"


@pytest.mark.parametrize("dialer", [PROGRESSIVE, PREDICTIVE])
def test_weights_decide_however_seldom_an_attempt_may_be_begun(dialer: DialerType) -> None:
    street = Street(per_s=0.05, rings=(1, 1))
    street.agents(2)
    street.campaign("many", dialer)
    street.campaign("few", dialer, weight=0.02)
    street.passes(24 * 3600)
    assert shares(street.passes(24 * 3600))["few"] == pytest.approx(0.02 / 1.02, rel=0.1)


def test_no_agent_is_kept_for_long_where_no_line_comes() -> None:
    street = Street(
        Trunk("slow", channels=1, attempts_per_s=1 / 7200, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(1)
    street.campaign("agents", number="+12025550101")
    alone = street.passes(3600)["agents"]
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("both", number="+12025550100")
    assert street.passes(12 * 3600)["agents"] > 0.6 * 12 * alone


def test_whoever_waits_for_an_agent_who_talks_for_hours_holds_nobody_else_up_for_more_than_one() -> None:
    narrow, wide = "+12025550100", "+12025550101"
    town = Town((Trunk("narrow", "near", 1, 100.0, (narrow,)), Trunk("wide", "near", 100, 100.0, (wide,))), seed=1)

    def sets_up(name: str, number: str, dialer: DialerType, queue: str, answered: float = 0.0) -> None:
        town.calls[name] = Calls(answered, ring_s=18.0, talk_s=5.0)
        town.sets_up(name, dialer, queue, weight=1.0, capacity=1.0, caller_id=number)
        town.accept(name)

    town.agent("of-service", "service")
    sets_up("lines", narrow, AGENTLESS, "service")
    sets_up("talks", wide, PROGRESSIVE, "service", answered=1.0)
    sets_up("first", narrow, PROGRESSIVE, "service")
    until = town.now + 2 * HOUR
    while not is_kept_for(town, "first"):
        assert town.step(until), "an agent is kept for it within two hours"
    town.calls["talks"] = Calls(answered=1.0, ring_s=18.0, talk_s=16 * 3600.0)
    town.agent("of-sales-1", "sales")
    town.agent("of-sales-2", "sales")
    sets_up("agents", wide, PROGRESSIVE, "sales")
    sets_up("second", narrow, PROGRESSIVE, "sales")
    town.passes(3600)
    for _ in range(3):
        before = town.begun["second"]
        town.passes(1800)
        assert town.begun["second"] > before, "its agents talk for no more than seconds"
    assert town.begun["first"] == 0, "its agent talks on"


def is_kept_for(town: Town, name: str) -> bool:
    explained = town.engine.explain(name, town.now)
    return explained is not None and explained.kept_for


def test_the_only_agent_of_one_campaign_is_not_left_to_what_others_have_in_flight_for_twenty() -> None:
    street = Street(rings=(5, 20))
    street.agents(20, "sales", prefix="of-sales")
    street.agents(1, "sales", "service", prefix="of-both")
    street.campaign("many", PREDICTIVE)
    street.campaign("few", queue="service", weight=0.02)
    street.passes(1800)
    assert shares(street.passes(1800))["few"] == pytest.approx(0.02 / 1.02, rel=0.1)


def test_nobody_is_held_up_for_whoever_has_no_agent_at_work() -> None:
    street = Street(
        Trunk("narrow", channels=2, attempts_per_s=1e6, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(20, "sales", prefix="of-one")
    street.agents(1, "sales", "service", prefix="of-both")
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("agents", number="+12025550101")
    street.campaign("both", number="+12025550100", queue="service")
    for _ in range(30):
        street.passes(90)
        street.tell(AgentStatusSet("of-both-0", AgentStatus.BREAK))
        begun = street.passes(60)
        assert begun["agents"] > 60, "twenty agents are there for it alone"
        assert begun["lines"] > 3, "nobody else can use the lines"
        street.tell(AgentStatusSet("of-both-0", AgentStatus.AVAILABLE))


def test_lines_and_attempts_per_second_go_on_while_the_agents_of_whoever_waits_are_taken() -> None:
    street = Street(
        Trunk("narrow", channels=100, attempts_per_s=0.5, caller_numbers=("+12025550100",)),
        Trunk("wide", channels=100, attempts_per_s=1e6, caller_numbers=("+12025550101",)),
    )
    street.agents(20, "sales", prefix="of-one")
    street.agents(1, "sales", "service", prefix="of-both")
    street.campaign("lines", AGENTLESS, number="+12025550100")
    street.campaign("agents", number="+12025550101", rings=(40, 40))
    street.campaign("both", number="+12025550100", queue="service")
    begun = street.passes(4 * 3600)
    assert begun["both"] > 0
    assert begun["lines"] + begun["both"] > 0.98 * 0.5 * 4 * 3600


@pytest.mark.parametrize(
    "scarce",
    [
        Trunk("south", channels=1, caller_numbers=("+12025550101",)),
        Trunk("south", attempts_per_s=0.1, caller_numbers=("+12025550101",)),
    ],
)
def test_whoever_waits_for_a_trunk_of_its_own_holds_nobody_up_on_others(scarce: Trunk) -> None:
    street = Street(
        Trunk("north", channels=20, caller_numbers=("+12025550100",)),
        scarce,
    )
    street.agents(30)
    for number in range(3):
        street.campaign(f"argon-{number}", PREDICTIVE, number="+12025550100")
        street.campaign(f"zinc-{number}", PREDICTIVE, number="+12025550101")
    begun = street.passes(600)
    argon = sum(begun[f"argon-{number}"] for number in range(3))
    assert argon > 600, "their trunk has twenty lines, each for some ten seconds, and agents are free"
    zinc = [begun[f"zinc-{number}"] for number in range(3)]
    assert sum(zinc) > 40, "the other trunk is never idle"
    assert min(zinc) >= 10, "whoever looks first does not take it for ever"


# --- attempts per second ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialer", [PROGRESSIVE, PREDICTIVE])
@pytest.mark.parametrize(("agentless", "per_s"), [(1, 10.0), (5, 10.0), (5, 2.0)])
def test_attempts_per_second_do_not_all_go_to_whoever_wants_them_all_the_time(
    dialer: DialerType, agentless: int, per_s: float
) -> None:
    street = Street(per_s=per_s, rings=(10, 20))
    street.agents(100)
    street.campaign("zinc", dialer)
    for number in range(agentless):
        street.campaign(f"notices-{number}", AGENTLESS)
    assert shares(street.passes(600))["zinc"] == pytest.approx(1 / (1 + agentless), rel=0.05)


def test_attempts_per_second_go_by_dialing_capacity_whoever_wants_them() -> None:
    street = Street(per_s=4, rings=(5, 20))
    for number, (dialer, capacity) in enumerate([(PROGRESSIVE, 0.4), (PREDICTIVE, 0.4), (AGENTLESS, 0.2)]):
        street.agents(60, f"queue-{number}", prefix=f"agent-{number}")
        street.campaign(f"c{number}", dialer, queue=f"queue-{number}", capacity=capacity)
    assert shares(street.passes(HOUR / SECOND)) == pytest.approx({"c0": 0.4, "c1": 0.4, "c2": 0.2}, abs=0.02)


def test_lines_and_attempts_per_second_that_are_scarce_together_starve_nobody() -> None:
    street = Street(lines=30, per_s=2, rings=(10, 20))
    street.agents(20)
    for name, dialer, weight, capacity in (
        ("argon", PROGRESSIVE, 0.5, 1.0),
        ("zinc", PROGRESSIVE, 0.5, 0.1),
        ("notices", AGENTLESS, 1.0, 1.0),
        ("rare", AGENTLESS, 1.0, 0.05),
    ):
        street.campaign(name, dialer, weight=weight, capacity=capacity)
    begun = street.passes(HOUR / SECOND)
    assert begun.total() > 0.95 * 2 * 3600
    assert shares(begun)["rare"] == pytest.approx(0.05 / 2.15, rel=0.2)
    assert min(shares(begun).values()) > 0.015


# --- how long anybody waits -------------------------------------------------------------------------------------------

campaigns_of = st.lists(
    st.tuples(
        st.sampled_from([PROGRESSIVE, PROGRESSIVE, PREDICTIVE, AGENTLESS]),
        st.sampled_from(["sales", "service", "billing"]),
        st.sampled_from([0.05, 0.3, 1.0]),
        st.sampled_from([0.05, 0.3, 1.0]),
    ),
    min_size=2,
    max_size=6,
)
agents_of = st.lists(st.sets(st.sampled_from(["sales", "service", "billing"]), min_size=1), max_size=8)


@given(
    campaigns=campaigns_of, agents=agents_of, lines=st.sampled_from([1, 3, 1000]), per_s=st.sampled_from([1, 5, 1e6])
)
@settings(max_examples=30, deadline=None)
def test_nobody_is_passed_over_more_often_than_is_said(
    campaigns: list[tuple[DialerType, str, float, float]], agents: list[set[str]], lines: int, per_s: float
) -> None:
    street = Street(lines=lines, per_s=per_s, rings=(5, 20))
    for number, queues in enumerate(agents):
        street.agents(1, *sorted(queues), prefix=f"agent-{number}")
    for number, (dialer, queue, weight, capacity) in enumerate(campaigns):
        street.campaign(f"c{number}", dialer, queue=queue, weight=weight, capacity=capacity)
    for _ in range(30):
        street.passes(10)
        for campaign in street.engine.snapshot(street.now).campaigns:
            assert campaign.passed_over.at_most is not None
            assert campaign.passed_over.times <= campaign.passed_over.at_most


def test_it_is_told_how_often_and_since_when_a_campaign_was_passed_over() -> None:
    street = Street(lines=1, rings=(10, 10))
    street.campaign("argon", AGENTLESS)
    street.campaign("zinc", AGENTLESS, capacity=0.1)
    while not street.begun["zinc"]:
        street.passes(10)
    assert street.snapshot("zinc").passed_over.times == 0
    street.passes(51)
    waits_since = street.snapshot("zinc").passed_over_since
    assert waits_since is not None
    assert waits_since < street.now - 30 * SECOND
    assert street.snapshot("zinc").passed_over.times == 5
    street.passes(10)
    assert street.snapshot("zinc").passed_over_since == waits_since
    street.campaign("zinc", AGENTLESS, state=CampaignState.PAUSED)
    street.passes(1)
    paused = street.snapshot("zinc")
    assert (paused.passed_over_since, paused.passed_over.times, paused.passed_over.at_most) == (None, 0, None)


def test_a_campaign_that_has_all_that_it_wants_is_passed_over_by_nobody() -> None:
    street = Street()
    street.agents(3)
    street.campaign("argon")
    street.campaign("zinc", queue="nobody's")
    street.passes(60)
    for name in ("argon", "zinc"):
        assert street.snapshot(name).passed_over_since is None
        assert street.snapshot(name).passed_over.times == 0
