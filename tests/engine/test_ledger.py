"""The ledger of live answers and abandonments. If these fail, a call centre breaks the law without knowing it."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.support import NOW, SPRING, Floor
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.changes import LedgerCounted
from trunkcall.domain.contact import DetectionStatus
from trunkcall.domain.instants import DAY, HOUR, MINUTE, Instant
from trunkcall.engine.commands import Originate
from trunkcall.engine.config import EngineConfig
from trunkcall.engine.engine import Engine
from trunkcall.engine.events import (
    AgentRegistered,
    AgentStatusSet,
    CampaignChanged,
    ContactsOffered,
    LedgerRestored,
    OfferedContact,
)
from trunkcall.engine.ledger import AbandonmentClock, Ledger, LedgerLimit, clock_start
from trunkcall.engine.pacing.base import PacingView, Unlearning

START = NOW - NOW % MINUTE


def test_headroom_is_what_the_tightest_window_leaves() -> None:
    ledger = Ledger(LedgerLimit(0.03, (HOUR, DAY)))
    ledger.count(START, live_answers=1000)
    later = START + 2 * HOUR
    ledger.count(later, live_answers=100, abandoned=4)
    hour, day = ledger.totals(later)
    assert (hour.live_answers, hour.abandoned, hour.abandonment_ratio) == (100, 4, 0.04)
    assert (day.live_answers, day.abandoned) == (1100, 4)
    assert ledger.headroom(later) == 0.03 * 100 - 4


@pytest.mark.parametrize(
    ("clock", "told", "untold"),
    [
        (AbandonmentClock.CONNECTED_TO_SYSTEM, 100, 100),
        (AbandonmentClock.GREETING_START, 200, 100),
        (AbandonmentClock.GREETING_END, 300, 400),
    ],
)
def test_the_clock_of_a_live_answer_starts_where_the_house_wants_it(
    clock: AbandonmentClock, told: int, untold: int
) -> None:
    assert clock_start(clock, 100, 200, 300, 400) == told
    assert clock_start(clock, 100, None, None, 400) == untold


@pytest.mark.parametrize(("clock", "abandoned"), [("connected_to_system", 1), ("greeting_end", 0)])
def test_by_the_clock_of_the_answer_the_time_of_detection_counts(clock: str, abandoned: int) -> None:
    floor = Floor(agents=1, config=EngineConfig(abandonment_clock=AbandonmentClock(clock)))
    floor.campaign(detects=True, requests=1)
    (contact,) = floor.dialed
    floor.answers(contact)
    floor.wait(3)
    floor.detected(contact, DetectionStatus.HUMAN_ANSWERED)
    floor.wait(1)
    assert floor.snapshot().abandoned == abandoned


class Reckless(Unlearning):
    """A pacer that always wants more."""

    one_to_one = False
    needs_agents = True

    def attempts_wanted(self, view: PacingView, now: Instant) -> int:
        return 1000


def attempts_of_a_reckless_pacer(ledger: LedgerLimit, *counts: tuple[int, int]) -> int:
    """How many attempts it begins for five free agents, after such live answers and abandonments."""
    config = EngineConfig(ledger=ledger, lines_per_agent=4.0)
    ids = count()
    engine = Engine(config, new_id=lambda: f"leg-{next(ids)}", pacer_for=lambda settings, config: Reckless())
    for number in range(5):
        engine.handle(AgentRegistered(f"agent-{number}", ("sales",)), NOW)
        engine.handle(AgentStatusSet(f"agent-{number}", AgentStatus.AVAILABLE), NOW)
    campaign = CampaignChanged(SPRING, CampaignState.RUNNING, DialerType.PREDICTIVE, "sales", 1.0, 1.0, False, False)
    engine.handle(campaign, NOW)
    entries = tuple((START, live_answers, abandoned) for live_answers, abandoned in counts)
    engine.handle(LedgerRestored(SPRING, entries), NOW)
    offered = tuple(OfferedContact(f"contact-{n}", n + 1, NOW + HOUR) for n in range(100))
    commands = engine.handle(ContactsOffered(SPRING, offered, exhausted=True), NOW)
    return sum(isinstance(command, Originate) for command in commands)


def test_without_headroom_no_pacer_dials_more_than_one_to_one() -> None:
    assert attempts_of_a_reckless_pacer(LedgerLimit(), (100, 4)) == 5
    assert attempts_of_a_reckless_pacer(LedgerLimit()) == 5, "there is no credit in advance"


def test_with_headroom_a_pacer_has_so_many_lines_for_each_agent_and_no_more() -> None:
    assert attempts_of_a_reckless_pacer(LedgerLimit(), (1000, 4)) == 20
    assert attempts_of_a_reckless_pacer(LedgerLimit(binding=False), (100, 50)) == 20


def test_an_empty_ledger_has_neither_a_ratio_nor_headroom() -> None:
    ledger = Ledger(LedgerLimit())
    assert ledger.headroom(START) == 0
    assert [totals.abandonment_ratio for totals in ledger.totals(START)] == [0.0, 0.0]


def test_a_minute_leaves_a_window_once_it_lies_wholly_outside() -> None:
    ledger = Ledger(LedgerLimit(0.03, (HOUR,)))
    ledger.count(START + 10, live_answers=1, abandoned=1)
    assert ledger.totals(START + HOUR + MINUTE - 1)[0].abandoned == 1
    assert ledger.totals(START + HOUR + MINUTE)[0].abandoned == 0


@given(st.lists(st.tuples(st.integers(0, 20 * MINUTE), st.integers(0, 3), st.integers(0, 3)), max_size=60))
def test_a_rolling_window_is_the_sum_of_what_was_counted_in_it(entries: list[tuple[int, int, int]]) -> None:
    ledger, at, counted = Ledger(LedgerLimit(0.03, (HOUR,))), START, []
    for step, live_answers, abandoned in entries:
        at += step
        ledger.count(at, live_answers=live_answers, abandoned=abandoned)
        counted.append((at - at % MINUTE, live_answers, abandoned))
        (totals,) = ledger.totals(at)
        inside = [entry for entry in counted if entry[0] + MINUTE + HOUR > at]
        assert totals.live_answers == sum(entry[1] for entry in inside)
        assert totals.abandoned == sum(entry[2] for entry in inside)


def test_what_the_store_remembers_counts_as_if_this_engine_had_seen_it() -> None:
    floor = Floor()
    floor.campaign()
    floor.tell(LedgerRestored(SPRING, ((START - 2 * DAY, 900, 30), (START - HOUR, 100, 1))))
    day, month = floor.snapshot().ledger
    assert (day.live_answers, day.abandoned) == (100, 1)
    assert (month.live_answers, month.abandoned) == (1000, 31)
    assert floor.snapshot().ledger_headroom == 0.03 * 1000 - 31


def test_every_live_answer_and_every_abandonment_is_counted_once_and_made_durable() -> None:
    floor = Floor(agents=2)
    floor.campaign(requests=2)
    for agent in ("agent-1", "agent-2"):
        floor.sets(agent, AgentStatus.OFFLINE)
    floor.answers("spring-1")
    floor.answers("spring-2")
    floor.wait(2)
    floor.hangs_up("spring-1")
    floor.hangs_up("spring-2")
    durable = floor.asked(LedgerCounted)
    assert (sum(c.live_answers for c in durable), sum(c.abandoned for c in durable)) == (2, 2)
    assert [(t.live_answers, t.abandoned) for t in floor.snapshot().ledger] == [(2, 2), (2, 2)]
